// Loaded before server.mjs: cloudflare:workers is runtime.mjs here.
import { register } from "node:module";

const runtime = new URL("runtime.mjs", import.meta.url).href;
const hook = `export const resolve = (name, context, next) =>
  name === "cloudflare:workers" ? { url: ${JSON.stringify(runtime)}, shortCircuit: true } : next(name, context);`;
register("data:text/javascript," + encodeURIComponent(hook), import.meta.url);
