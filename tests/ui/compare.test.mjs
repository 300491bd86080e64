// Two runs side by side: one click after a stop, what differs, what is folded.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, selected, stands, start, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

/** A run that stopped, run again and compared by one click. */
async function compared(options) {
  const page = await ui.open("?fixture=s01", options);
  await page.find("start-run").click();
  await stands(page, "stopped");
  await page.getByRole("button", { name: "Fixed it? Run again and compare" }).click();
  await visible(page.find("compare-sentence"));
  return page;
}

for (const theme of ["dark", "light"]) {
  for (const [width, height] of [
    [1440, 900],
    [900, 600],
  ]) {
    test(`one click runs again and compares, ${theme}, ${width}×${height}`, async () => {
      const page = await compared({ theme, width, height });
      await page.shot(`compare-${theme}-${width}`);
      const rows = page.find("compared-rows").locator("> li");
      const few = await rows.count();
      assert.equal(await page.locator("[data-first]").count(), 1);
      await page.find("compare-all").check();
      await page.find("compare-noise").check();
      assert.ok((await rows.count()) > few);
      await page.shot(`compare-all-${theme}-${width}`);
      await closed(page);
    });
  }
}

test("a row of either run is one click away, and Escape leads back", async () => {
  const page = await compared();
  await page.keyboard.press("Escape");
  await stands(page, "stopped");
  await page.keyboard.press("D");
  await visible(page.find("compare-sentence"));
  await page.find("compare-all").check();
  await page.getByTitle("Show row 1 of run 2").click();
  await stands(page, "stopped");
  assert.equal(await selected(page), "row-1");
  await closed(page);
});

test("any two runs can be chosen; a run compared with itself is the same", async () => {
  const page = await compared();
  const run = await page.find("compare-b").inputValue();
  await page.find("compare-a").selectOption(run);
  await page.getByText("Every step is the same in both.").waitFor();
  await closed(page);
});

test("of a recording with several flows, one is chosen", async () => {
  const page = await ui.open("?fixture=s01&flows=3");
  await page.find("start-run").click();
  await stands(page, "stopped");
  await page.getByRole("button", { name: "Fixed it? Run again and compare" }).click();
  const flow = page.find("compare-flow-a");
  await visible(flow);
  assert.equal(await flow.inputValue(), "3");
  await flow.selectOption("1");
  await page.waitForFunction(
    () => document.querySelector("[data-testid=compare-flow-a]")?.value === "1",
  );
  assert.equal(await page.find("compare-flow-b").count(), 0);
  await page.shot("compare-flows-dark-1440");
  await closed(page);
});
