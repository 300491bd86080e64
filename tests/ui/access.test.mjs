// Neither axe-core nor the content security policy finds anything on any screen, in both themes and both sizes, each theme in
// one of the sizes; what it cannot see is tested here too.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { closed, start, visible } from "./browser.mjs";
import { SCREENS } from "./screens.mjs";

const manifest = fileURLToPath(new URL("../../ui/package.json", import.meta.url));
const AXE = await readFile(createRequire(manifest).resolve("axe-core/axe.min.js"), "utf8");

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

for (const [theme, width, height] of [
  ["light", 900, 600],
  ["dark", 1440, 900],
]) {
  test(`axe finds nothing, ${theme}, ${width}×${height}`, async () => {
    const found = [];
    for (const [name, query, reach] of SCREENS) {
      const page = await ui.open(query, { width, height, theme });
      await reach?.(page);
      found.push(...page.complaints.map((one) => `${name}: ${one}`));
      await page.evaluate(AXE);
      const violations = await page.evaluate(judge);
      found.push(...violations.map((one) => `${name}: ${one}`));
      await page.context().close();
    }
    assert.deepEqual(found, []);
  });
}

/** Runs in the page. */
async function judge() {
  const { violations } = await globalThis.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id} ${target}`));
}

test("text grows and shrinks by key, and nothing leaves the window", async () => {
  const page = await ui.open("?fixture=s01&at=end", { width: 1440, height: 900 });
  const size = () =>
    page.locator("footer").evaluate((bar) => bar.getBoundingClientRect().height / devicePixelRatio);
  const before = await size();
  for (let at = 0; at < 3; at += 1) await page.keyboard.press("Control+Equal");
  assert.ok((await size()) > before * 1.25);
  await page.shot("larger");
  assert.deepEqual(
    await page.evaluate(() => {
      const { bottom, right } = document.querySelector(".window").getBoundingClientRect();
      return [Math.round(bottom) <= innerHeight, Math.round(right) <= innerWidth];
    }),
    [true, true],
  );
  await page.keyboard.press("Control+0");
  assert.equal(await size(), before);
  await closed(page);
});

test("a screen reader hears what is wrong and what to change", async () => {
  const page = await ui.open("?fixture=s01&at=end");
  assert.match(
    await page.find("announcement").innerText(),
    /Stopped: Server metadata: The MCP server names[\s\S]*Set the AuthKit domain/,
  );
  await closed(page);
});
