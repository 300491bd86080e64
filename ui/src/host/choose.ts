import type { Host } from "./host";

/**
 * The real program when there is one around the page. In development and in the browser tests the
 * fake, which plays a fixture, takes its place; a release build does not contain it.
 */
export async function chooseHost(): Promise<Host> {
  if ("__TAURI_INTERNALS__" in window) return (await import("./tauri")).tauriHost();
  if (import.meta.env.MODE !== "production") {
    const query = new URLSearchParams(location.search);
    const fake = (await import("./fake")).fakeHost(query);
    const hostile = query.get("hostile");
    if (hostile !== null) return (await import("./hostile")).hostileHost(fake, hostile);
    if (query.get("fixture") !== "recorded") return fake;
    return (await import("./recorded")).recordedHost(fake);
  }
  throw new Error("This page only works inside Authscope");
}
