// Takes a picture of every screen, in both themes and three sizes, and the pictures of the README.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { start } from "./browser.mjs";
import { SCREENS } from "./screens.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FOLDER = join(ROOT, "target/screenshots");
const SIZES = [
  [900, 600],
  [1440, 900],
  [1920, 1200],
];

/** The pictures that the README shows: file, screen, theme. */
const README = [
  ["screenshot.png", "stopped", "dark"],
  ["screenshot-works.png", "works", "light"],
  ["screenshot-observed.png", "observing", "dark"],
];

await rm(FOLDER, { recursive: true, force: true });
await mkdir(FOLDER, { recursive: true });
const ui = await start();
const taken = [];
const complaints = [];
for (const screen of SCREENS) {
  for (const theme of ["light", "dark"]) {
    for (const [width, height] of SIZES) {
      const name = `${screen[0].replace(/\W+/g, "-")}-${theme}-${width}.png`;
      await picture(screen, { width, height, theme }, join(FOLDER, name));
      taken.push(name);
    }
  }
}
for (const [file, name, theme] of README) {
  const screen = SCREENS.find(([known]) => known === name);
  await picture(screen, { width: 1440, height: 900, theme }, join(ROOT, "icons", file));
}
await ui.close();
const figure = (name) =>
  `<figure><img src="${name}" loading="lazy"><figcaption>${name}</figcaption></figure>`;
await writeFile(
  join(FOLDER, "index.html"),
  `<!doctype html><meta charset="utf-8"><title>Screens</title><style>img{width:100%}</style>${taken.map(figure).join("\n")}`,
);
console.log(`${taken.length} pictures: ${join(FOLDER, "index.html")}`);
if (complaints.length > 0) {
  console.error(complaints.join("\n"));
  process.exitCode = 1;
}

async function picture([name, query, reach], look, file) {
  const page = await ui.open(query, look);
  await reach?.(page);
  await page.screenshot({ path: file });
  complaints.push(...page.complaints.map((one) => `${name}: ${one}`));
  await page.context().close();
}
