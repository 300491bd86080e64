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

test("Ctrl+F finds in the headers and the body of a message", async () => {
  for (const theme of ["light", "dark"]) {
    const page = await ui.open("?fixture=healthy&at=end", { theme, width: 1440, height: 900 });
    await page.find("row-6").click();
    await page.keyboard.press("Control+f");
    await page.find("find-input").fill("client_name");
    await visible(page.find("find-count").getByText(/^1 of \d+$/));
    const found = () => page.evaluate(() => [...CSS.highlights.get("found-here")].map(String));
    assert.deepEqual(await found(), ["client_name"]);
    await page.shot(`find-${theme}`);
    await page.find("find-input").fill("content-type");
    await visible(page.find("find-count").getByText(/of/));
    await page.keyboard.press("Enter");
    await page.find("find-input").fill("nothing like it");
    await visible(page.find("find-count").getByText("not there"));
    await page.keyboard.press("Escape");
    await page.find("find-input").waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => CSS.highlights.size), 0);
    await closed(page);
  }
});

test("what a finding says literally can be copied as it has to be sent", async () => {
  const page = await ui.open("?fixture=works_but&at=end");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.find("verdict").getByRole("button", { name: "Copy the corrected header" }).click();
  await visible(page.find("corrected").getByText("Copied"));
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^www-authenticate: Bearer resource_metadata="http/);
  await closed(page);
});
