// What loses something asks once, and says what is lost; a past run can be restored.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, start, status, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

const past = (page) => page.find("past-forget").count();

test("a past run is gone at once, and restored with one click", async () => {
  const page = await ui.open("?fixture=healthy");
  await page.getByRole("button", { name: "All ›" }).click();
  const runs = await past(page);
  await page.find("past-forget").first().click();
  await visible(page.find("message-offer"));
  assert.equal(await past(page), runs - 1);
  await page.find("message-offer").click();
  await page.waitForFunction(
    (all) => document.querySelectorAll('[data-testid="past-forget"]').length === all,
    runs,
  );
  assert.equal(await page.find("message").count(), 0);
  await closed(page);
});

test("forgetting everything is asked about by keys, and Enter alone forgets nothing", async () => {
  const page = await ui.open("?fixture=healthy");
  await page.find("settings").click();
  await page.find("forget-everything").focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Forget everything?" });
  await visible(dialog);
  assert.match(await dialog.innerText(), /past runs, the settings, and the tokens/);
  assert.equal(await page.find("confirm-no").evaluate((no) => no === document.activeElement), true);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  assert.ok((await past(page)) > 0);
  await closed(page);
});

test("revoking says that it cannot be undone, and Escape leaves the tokens", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  await page.keyboard.press("a");
  await page.find("act-revoke").click();
  const dialog = page.getByRole("dialog", { name: "Revoke the tokens?" });
  await visible(dialog);
  assert.match(await dialog.innerText(), /cannot be undone/);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.match(await page.find("tokens-open").innerText(), /Tokens\s*1/);
  await page.keyboard.press("a");
  await page.find("act-revoke").click();
  await page.find("confirm-yes").click();
  await visible(page.find("row-16"));
  await closed(page);
});

test("a run that waits for the browser is not left by one key", async () => {
  const page = await ui.open("?fixture=awaiting");
  await page.keyboard.press("Shift+R");
  await visible(page.find("confirm-no"));
  assert.match(await page.getByRole("dialog").innerText(), /waits for you/);
  await page.keyboard.press("Escape");
  assert.equal(await status(page), "awaiting_callback");
  await page.keyboard.press("Shift+R");
  await page.find("confirm-yes").click();
  await page.waitForFunction(
    () => document.querySelector('[data-testid="status"]')?.dataset.status === "ready",
  );
  await closed(page);
});

/** As the system's button does. */
const close = (page) => page.evaluate(() => dispatchEvent(new Event("fake-close")));
const closes = (page) => page.locator("html").getAttribute("data-closed");

test("a window is closed on a run that goes on only when that is wanted", async () => {
  const page = await ui.open("?fixture=awaiting");
  await close(page);
  const dialog = page.getByRole("dialog", { name: "Close while this goes on?" });
  await visible(dialog);
  assert.match(await dialog.innerText(), /waits for you\. It is kept among the past runs/);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  assert.equal(await closes(page), "false");
  assert.equal(await status(page), "awaiting_callback");
  await close(page);
  await page.find("confirm-yes").click();
  await dialog.waitFor({ state: "detached" });
  assert.equal(await closes(page), "true");
  assert.equal(await status(page), "ended");
  await closed(page);
});

test("a window is closed at once when nothing goes on", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  await close(page);
  assert.equal(await page.getByRole("dialog").count(), 0);
  await closed(page);
});
