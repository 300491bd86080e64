// What can be done with any row, and where a run waits.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, selected, stands, start, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

const menu = (page) => page.getByRole("menu", { name: /Actions on row/ });
const focused = (page) => page.evaluate(() => document.activeElement?.dataset.testid);

test("the menu of a row opens by mouse, by key and at its button, and gives the focus back", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  await page.find("row-4").click({ button: "right" });
  await visible(menu(page));
  assert.equal(await selected(page), "row-4");
  await page.keyboard.press("Escape");
  await menu(page).waitFor({ state: "detached" });
  assert.equal(await focused(page), "rows");

  await page.keyboard.press("Shift+F10");
  await visible(menu(page));
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Escape");
  await menu(page).waitFor({ state: "detached" });
  assert.equal(await focused(page), "rows");
  await page.keyboard.press("ArrowDown");
  assert.equal(await selected(page), "row-5");

  const button = page.find("row-menu");
  const { width, height } = await button.boundingBox();
  assert.ok(width >= 24 && height >= 24);
  await button.click();
  await visible(menu(page));
  await page.keyboard.press("Escape");
  await menu(page).waitFor({ state: "detached" });
  assert.equal(await focused(page), "rows");

  await page.keyboard.press("ContextMenu");
  await visible(menu(page));
  await closed(page);
});

test("a row is edited and sent as a copy, which is marked", async () => {
  const page = await ui.open("?fixture=healthy&at=3");
  await page.find("row-1").click({ button: "right" });
  await page.find("row-resend").click();
  await visible(page.find("edit-url"));
  await page.find("edit-method").fill("PUT");
  await page.find("resend-send").click();
  await page.find("edit-url").waitFor({ state: "detached" });
  const copy = page.locator("[id^=row-]", { hasText: "copy of 1" });
  await visible(copy);
  assert.match(await copy.innerText(), /PUT[\s\S]*edited/);
  await closed(page);
});

test("a row is repeated, at most fifty times", async () => {
  const page = await ui.open("?fixture=healthy&at=3");
  await page.find("row-1").click({ button: "right" });
  await page.find("row-repeat").click();
  await page.find("repeat-times").fill("51");
  await visible(page.getByText("expected a number from 1 to 50"));
  assert.equal(await page.find("repeat-send").isDisabled(), true);
  await page.find("repeat-times").fill("4");
  await page.keyboard.press("Enter");
  await visible(page.locator("[id^=row-]", { hasText: "copy of 1, 4 of 4" }));
  await closed(page);
});

test("a row is copied in four ways, without secrets", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  for (const [as, begins] of [
    ["curl", /^curl /],
    ["fetch", /await fetch\(/],
    ["python", /^import requests/],
    ["raw", /^POST .* HTTP\/1\.1/],
  ]) {
    await page.find("row-12").click({ button: "right" });
    await page.find(`row-copy-${as}`).click();
    await visible(page.getByText("The request of row 12 is copied").last());
    await page.waitForFunction(
      async (source) => new RegExp(source).test(await navigator.clipboard.readText()),
      begins.source,
    );
    const text = await page.evaluate(() => navigator.clipboard.readText());
    assert.doesNotMatch(text, /eyJhbGci/, as);
  }
  await closed(page);
});

test("only what was asked for with GET opens in the browser", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  const can = async (row) => {
    await page.find(row).click({ button: "right" });
    const disabled = await page.find("row-open").getAttribute("aria-disabled");
    await page.keyboard.press("Escape");
    await menu(page).waitFor({ state: "detached" });
    return disabled !== "true";
  };
  assert.match(await page.find("row-1").innerText(), /POST/);
  assert.equal(await can("row-1"), false);
  const got = await page.locator("[id^=row-]", { hasText: "GET" }).first().getAttribute("id");
  assert.equal(await can(got), true);
  await closed(page);
});

test("a rewind is a right click away", async () => {
  const page = await ui.open("?fixture=healthy&at=4");
  await page.find("row-5").click({ button: "right" });
  await page.find("row-rewind").click();
  await visible(page.getByText("Rewound to 5: another way"));
  await closed(page);
});

test("a run waits before requests like that of a row", async () => {
  const page = await ui.open("?fixture=healthy&at=2");
  await page.find("row-1").click({ button: "right" });
  await page.find("row-break").click();
  await visible(page.getByText("From now on runs wait before requests like that of row 1."));
  await closed(page);
});
