// The native menus, as the page describes them and answers to them; the bar itself is the system's.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, start, status, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

const choose = (page, command) =>
  page.evaluate((detail) => dispatchEvent(new CustomEvent("fake-menu", { detail })), command);
const given = async (page, name) => JSON.parse(await page.locator("html").getAttribute(name));
const can = async (page) => (await given(page, "data-menu-state")).can;

/** Waits until a menu offers a command, or no more. */
const offers = (page, command, wanted = true) =>
  page.waitForFunction(
    ([command, wanted]) =>
      JSON.parse(document.documentElement.dataset.menuState).can.includes(command) === wanted,
    [command, wanted],
  );

test("a menu starts a run, and offers in it what the run offers", async () => {
  const page = await ui.open("?fixture=healthy");
  await visible(page.find("start-url"));
  await offers(page, "start-step");
  assert.equal((await can(page)).includes("next"), false);
  await choose(page, "start-step");
  await offers(page, "next");
  const offered = await can(page);
  for (const command of ["run", "stop", "export", "copy-report", "new"])
    assert.ok(offered.includes(command), command);
  assert.equal(offered.includes("start-step"), false);
  const rows = await page.find("exchanges").getAttribute("data-rows");
  await choose(page, "next");
  await page.waitForFunction(
    (rows) => document.querySelector('[data-testid="exchanges"]').dataset.rows !== rows,
    rows,
  );
  await closed(page);
});

test("while a dialog is open, a menu does nothing behind it", async () => {
  const page = await ui.open("?fixture=s01&at=end");
  await choose(page, "bug-report");
  await visible(page.getByRole("dialog", { name: "Export" }));
  const format = await page.locator("#export input[type=radio]:checked").getAttribute("value");
  assert.match(format, /bug|mcp/);
  await offers(page, "new", false);
  await choose(page, "new");
  await choose(page, "larger");
  await page.waitForFunction(() => document.body.style.zoom === "1.1");
  await visible(page.getByRole("dialog", { name: "Export" }));
  await page.keyboard.press("Escape");
  await offers(page, "new");
  await choose(page, "paste");
  await visible(page.find("start-url"));
  await page.waitForFunction(() => document.activeElement.dataset.testid === "start-url");
  await closed(page);
});

test("F10 shows the bar, on later days too, and takes it away", async () => {
  const page = await ui.open("?fixture=healthy");
  await visible(page.find("start-url"));
  const bar = (wanted) =>
    page.waitForFunction(
      (wanted) => JSON.parse(document.documentElement.dataset.menus ?? "{}").bar === wanted,
      wanted,
    );
  await bar(false);
  await page.keyboard.press("F10");
  await bar(true);
  await page.reload();
  await bar(true);
  await choose(page, "menu-bar");
  await bar(false);
  await closed(page);
});

test("Ctrl+Q asks before it leaves a run that waits, in a field and in a dialog too", async () => {
  const page = await ui.open("?fixture=awaiting");
  const question = page.getByRole("dialog", {
    name: "Close while this goes on?",
  });
  await page.find("paste-callback").focus();
  await page.keyboard.press("Control+q");
  await visible(question);
  await page.keyboard.press("Escape");
  await question.waitFor({ state: "detached" });
  await page.locator("body").click({ position: { x: 2, y: 2 } });
  await page.keyboard.press("?");
  await visible(page.getByRole("dialog", { name: "Keyboard shortcuts" }));
  await page.keyboard.press("Control+q");
  await visible(question);
  assert.equal(await status(page), "awaiting_callback");
  await page.find("confirm-yes").click();
  await question.waitFor({ state: "detached" });
  assert.equal(await status(page), "ended");
  await closed(page);
});
