// Rows, findings, scenarios and options are found by typing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, selected, start, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

const rows = (page) =>
  page.locator('[role=option][id^="row-"]').evaluateAll((all) => all.map((row) => row.id));

test("the filter knows statuses, participants, methods and findings", async () => {
  const page = await ui.open("?fixture=s01&at=end", { width: 1440, height: 900 });
  await page.find("filter").fill("to:as status:404");
  await page.waitForFunction(() => !document.querySelector("#row-1"));
  const found = await rows(page);
  assert.ok(found.length > 0 && !found.includes("row-1"), found.join());
  await page.find("filter").fill("is:finding");
  await visible(page.locator("#row-6"));
  assert.ok((await rows(page)).length < 5);
  await page.shot("filter-words");
  await closed(page);
});

test("the palette leads to rows, findings, scenarios and options", async () => {
  const open = async (page, text) => {
    await page.keyboard.press("Control+k");
    await page.find("palette-input").fill(text);
  };
  const page = await ui.open("?fixture=s01&at=end", { width: 1440, height: 900 });
  await open(page, "row oauth-protected");
  await page.shot("palette-found");
  await page.keyboard.press("Enter");
  assert.equal(await selected(page), "row-3");
  await open(page, "finding metadata");
  await page.keyboard.press("Enter");
  await visible(page.find("finding-S01").getByText("To fix:"));
  await open(page, "option scope");
  await page.keyboard.press("Enter");
  await visible(page.getByRole("dialog", { name: /Options/ }));
  await closed(page);

  const lab = await ui.open("?fixture=healthy");
  await open(lab, "lab pkce");
  await lab.keyboard.press("Enter");
  await visible(lab.find("diagram"));
  await closed(lab);
});
