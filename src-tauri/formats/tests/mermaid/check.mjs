// Reads Mermaid code with Mermaid itself, and prints for each file the messages it would draw, as one line of JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// The packages are installed outside the source tree, where an import would not look for them.
const require = createRequire(join(process.env.MERMAID_TOOLS, "package.json"));
const { JSDOM } = require("jsdom");
const { window } = new JSDOM("");
// It cleans texts with a library that wants a page.
globalThis.window = window;
globalThis.document = window.document;
const module = join(process.env.MERMAID_TOOLS, "node_modules/mermaid/dist/mermaid.core.mjs");
const { default: mermaid } = await import(pathToFileURL(module).href);

for (const path of process.argv.slice(2)) {
  const code = readFileSync(path, "utf8");
  await mermaid.parse(code);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(code);
  const messages = db.getMessages().map(({ from, to, message }) => [from, to, decoded(message)]);
  console.log(JSON.stringify(messages));
}

/** As the renderer decodes the entities, which the parser has marked. */
function decoded(text) {
  return text.replace(/ﬂ°°(\d+)¶ß/g, (_, number) => String.fromCodePoint(Number(number)));
}
