// What can be done with any row, and where a run waits.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, rewrite, selected, stands, start, visible } from "./browser.mjs";

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

/** Adds a breakpoint in the sheet, which stays open. */
async function breakAt(page, kind, field, value) {
  await page.find("break-kind").selectOption(kind);
  const given = page.find(field);
  if (field === "break-text") await given.fill(value);
  else await given.selectOption(value);
  await page.find("break-add").click();
}

test("breakpoints of every kind are added, switched off and removed", async () => {
  const page = await ui.open("?fixture=healthy&at=1");
  await page.find("breakpoints-open").click();
  await breakAt(page, "phase", "break-phase", "token");
  await visible(page.getByRole("checkbox", { name: "Before requests of the phase Token" }));
  await breakAt(page, "status", "break-text", "4xx");
  await visible(page.getByRole("checkbox", { name: "Answers with the status 4xx" }));
  await breakAt(page, "url", "break-text", "/register");
  await visible(page.getByRole("checkbox", { name: "Before a request to a URL like /register" }));
  await breakAt(page, "rule", "break-text", "t40");
  await visible(page.getByRole("checkbox", { name: "A finding of T40" }));
  await breakAt(page, "level", "break-level", "warning");
  await visible(page.getByRole("checkbox", { name: "A finding that is a warning or an error" }));
  await page.find("break-on-2").uncheck();
  await page.find("break-remove-1").click();
  await page
    .getByRole("checkbox", { name: "Before requests of the phase Token" })
    .waitFor({ state: "detached" });
  assert.equal(await page.find("break-on-1").isChecked(), false);
  assert.equal(await page.find("breakpoints").locator("li").count(), 4);
  await closed(page);
});

test("a run waits before the request of a breakpoint, which says so", async () => {
  const page = await ui.open("?fixture=healthy&at=1");
  await page.keyboard.press("b");
  await breakAt(page, "url", "break-text", "/register");
  await visible(page.find("breakpoints"));
  await page.keyboard.press("Escape");
  await page.find("run").click();
  await visible(page.find("status").getByText("breakpoint", { exact: true }));
  await stands(page, "ready");
  assert.match(await page.find("status").innerText(), /\/register/);
  assert.equal(await page.find("run").isVisible(), true);
  await closed(page);
});

/** A run that holds its next answer. */
async function held(page) {
  await page.keyboard.press("b");
  await breakAt(page, "status", "break-text", "2xx");
  await visible(page.find("breakpoints"));
  await page.keyboard.press("Escape");
  await page.find("break-kind").waitFor({ state: "detached" });
  await page.keyboard.press("Enter");
  await stands(page, "answer_held");
}

test("a held answer is let through as it came", async () => {
  const page = await ui.open("?fixture=healthy&at=1");
  await held(page);
  assert.match(await page.find("status").innerText(), /Answer held: /);
  await page.find("let-through").click();
  await stands(page, "ready");
  await visible(page.find("row-3"));
  assert.doesNotMatch(await page.find("row-3").innerText(), /answer edited/);
  await closed(page);
});

test("a held answer is changed before the flow sees it, and marked", async () => {
  const page = await ui.open("?fixture=healthy&at=1");
  await held(page);
  await page.keyboard.press("e");
  await page.find("answer-status").fill("99");
  assert.equal(await page.find("answer-send").isDisabled(), true);
  await page.find("answer-status").fill("503");
  await page.find("edit-add-header").click();
  await page
    .getByLabel(/^Name of header/)
    .last()
    .fill("retry-after");
  await page
    .getByLabel(/^Value of header/)
    .last()
    .fill("7");
  await rewrite(page.locator(".cm-content"), "busy");
  await page.find("answer-send").click();
  await page.find("answer-status").waitFor({ state: "detached" });
  await visible(page.find("row-3"));
  assert.match(await page.find("row-3").innerText(), /503[\s\S]*answer edited/);
  await page.find("tab-response").click();
  await visible(page.getByText("retry-after"));
  await visible(page.locator("[data-detail]").getByText("busy"));
  await closed(page);
});

test("an edited request is sent at once", async () => {
  const page = await ui.open("?fixture=healthy&at=1");
  await page.keyboard.press("e");
  await page.find("edit-method").fill("POST");
  await page.find("edit-send").click();
  await page.find("edit-url").waitFor({ state: "detached" });
  await visible(page.find("row-3"));
  assert.match(await page.find("row-3").innerText(), /POST[\s\S]*edited/);
  await closed(page);
});
