// A server's texts may hold characters that hide, turn or move what is around them: on every screen they are written
// out and never obeyed, and what is copied has them as they are.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { closed, start, visible } from "./browser.mjs";
import { SCREENS } from "./screens.mjs";

const file = new URL("../hostile/texts.json", import.meta.url);
const TEXTS = JSON.parse(await readFile(file, "utf8"));
/** All in one, without those that are hostile by their length. */
const TEXT = TEXTS.filter(({ of_each }) => of_each === undefined)
  .map(({ text }) => text)
  .join(" ");
/** Characters that are obeyed where they stand in a field. */
const OBEYED = /[\p{Cf}\u0000-\u0008\u00a0]/u;
/** Pages at once. */
const AT_ONCE = 2;

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

test("no screen obeys a hidden character", async () => {
  const found = [];
  const marks = new Map();
  const left = [...SCREENS];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = left.shift(); next; next = left.shift()) {
        const [name, query, reach] = next;
        const page = await ui.open(`${query}&hostile=${encodeURIComponent(TEXT)}`, {
          timeout: 30_000,
        });
        await reach?.(page);
        const seen = await page.evaluate(look);
        found.push(...seen.hidden.map((one) => `${name}: ${one}`));
        marks.set(name, seen.marks);
        for (const one of await page.locator("input, textarea").all()) {
          const shown = await one.inputValue();
          if (OBEYED.test(shown)) found.push(`${name}: in a field: ${shown.slice(0, 120)}`);
        }
        await page.context().close();
      }
    }),
  );
  assert.deepEqual(found, []);
  for (const name of ["start", "stopped", "works", "decoded", "tokens of the run", "comparison"])
    assert.ok(marks.get(name) > 5, `${name}: ${marks.get(name)} marks`);
});

test("the editor writes them out too, and what it holds stays the same", async () => {
  const page = await ui.open("?fixture=healthy&at=3");
  await page.keyboard.press("e");
  const editor = page.locator(".cm-content");
  if ((await editor.count()) > 0) {
    await editor.click();
    await page.keyboard.insertText("a\u202eb\u0007");
    const shown = await page.locator(".cm-specialChar").allInnerTexts();
    assert.deepEqual(shown, ["⟨U+202E⟩", "⟨U+0007⟩"]);
  }
  await closed(page);
});

test("a field writes them out, and is read as it is meant", async () => {
  const page = await ui.open("?fixture=healthy");
  const url = page.find("start-url");
  await url.fill("");
  await page.keyboard.insertText("https://gnp\u202eexe.example/\u200bmcp");
  assert.equal(await url.inputValue(), "https://gnp⟨U+202E⟩exe.example/⟨U+200B⟩mcp");
  const meant = await url.evaluate((field) => field.value);
  assert.equal(meant, "https://gnp\u202eexe.example/\u200bmcp");
  await page.keyboard.press("End");
  await page.keyboard.press("!");
  assert.equal(await url.inputValue(), "https://gnp⟨U+202E⟩exe.example/⟨U+200B⟩mcp!");
  await closed(page);
});

test("what is copied has them as they are", async () => {
  const page = await ui.open(
    `?fixture=healthy&at=end&hostile=${encodeURIComponent("\u202eX\u200b")}`,
  );
  await page.keyboard.press("4");
  const value = page.locator("[data-detail] .meaning").first();
  await visible(value);
  assert.match(await value.innerText(), /⟨U\+202E⟩X⟨U\+200B⟩$/);
  const copied = await value.evaluate((element) => {
    getSelection().selectAllChildren(element);
    const clipboardData = new DataTransfer();
    const event = new ClipboardEvent("copy", { clipboardData, bubbles: true, cancelable: true });
    element.dispatchEvent(event);
    return clipboardData.getData("text/plain");
  });
  assert.match(copied, /\u202eX\u200b$/);
  await closed(page);
});

/** Runs in the page: hidden characters that stand where they would be obeyed, and how many are written out. */
function look() {
  // As the standard has it: controls, format characters, and blanks that are not the usual one.
  const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u00a0\u034f\u3164\ufe00-\ufe0f]/u;
  const obeyed = (text) => hidden.test(text.replace(/[\n\t]|\r(?=\n|$)/g, ""));
  const found = [];
  let marks = 0;
  const texts = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const parent = node.parentElement;
    if (!parent || parent.closest("textarea, script, style")) continue;
    if (obeyed(node.data)) found.push(`${parent.className || parent.tagName}: ${node.data}`);
    marks += node.data.split("⟨U+").length - 1;
    const { unicodeBidi, display } = getComputedStyle(parent);
    if (display.startsWith("inline") && unicodeBidi === "normal" && !parent.closest(".cm-editor"))
      found.push(`not isolated: ${parent.className || parent.tagName}`);
  }
  for (const name of ["title", "aria-label", "placeholder"])
    for (const element of document.querySelectorAll(`[${name}]`))
      if (obeyed(element.getAttribute(name))) found.push(`${name}: ${element.getAttribute(name)}`);
  return { hidden: found.map((one) => one.slice(0, 120)), marks };
}
