import type { Host } from "./host";

/** The program when there is one around the page; else the fake, which plays a fixture. */
export async function chooseHost(): Promise<Host> {
  if ("__TAURI_INTERNALS__" in window) return (await import("./tauri")).tauriHost();
  return (await import("./fake")).fakeHost(new URLSearchParams(location.search));
}
