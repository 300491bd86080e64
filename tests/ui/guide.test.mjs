// What beginners are told: what steps, names and words mean, where they stand; and the tour.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, hidden, stands, start, visible } from "./browser.mjs";
import { endTour } from "./screens.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

test("the step that comes next and each row say what they are for; folding it is remembered", async () => {
  const page = await ui.open("?fixture=healthy&at=3", { width: 1440, height: 900 });
  await page.find("row-1").click();
  await visible(page.find("guide"));
  assert.match(await page.find("guide").innerText(), /first call to the MCP server/);
  assert.match(await page.find("guide").innerText(), /MCP clients MUST be able to parse/);
  assert.equal(await page.find("guide-fold").getAttribute("aria-expanded"), "true");
  await page.find("guide-fold").click();
  assert.equal(await page.find("guide").locator("blockquote").count(), 0);
  await page.reload();
  await page.find("row-1").click();
  assert.equal(await page.find("guide-fold").getAttribute("aria-expanded"), "false");
  await closed(page);
});

test("before the first request, the whole step is explained", async () => {
  const page = await ui.open("?fixture=healthy&at=0", { width: 1440, height: 900 });
  await visible(page.find("guide"));
  assert.match(await page.find("guide").innerText(), /as if no token were needed/);
  await closed(page);
});

test("a header, a parameter and a member tell what they mean, by pointer and by key", async () => {
  const page = await ui.open("?fixture=healthy&at=end", { width: 1440, height: 900 });
  const token = page.locator("[role=option]", { hasText: "POST /token" }).first();
  await token.click();
  await page.find("tab-request").click();
  const verifier = page.locator("[data-tip-title=code_verifier]");
  await verifier.hover();
  await visible(page.find("tip"));
  assert.match(await page.find("tip").innerText(), /PKCE: proves/);
  assert.match(await page.find("tip").innerText(), /RFC 7636 section 4\.5/);
  assert.equal(await verifier.getAttribute("aria-describedby"), "tip");
  // It stays while the pointer is on it, and Escape sends it away.
  await page.find("tip").hover();
  await visible(page.find("tip"));
  await page.keyboard.press("Escape");
  await page.find("tip").waitFor({ state: "hidden" });

  // One stop of Tab for the headers; the arrows go on, and the selected row stays.
  const row = await page
    .locator('[role=option][aria-selected=true][id^="row-"]')
    .getAttribute("id");
  const stop = page.locator("[data-detail] dl [data-tip][tabindex='0']").first();
  await stop.focus();
  await page.keyboard.press("ArrowDown");
  await visible(page.find("tip"));
  const second = await page.find("tip").locator("b").innerText();
  assert.equal(await page.evaluate(() => document.activeElement.dataset.tipTitle), second);
  assert.equal(await page.locator("[data-detail] dl [data-tip][tabindex='0']").count(), 1);
  assert.equal(
    await page.locator('[role=option][aria-selected=true][id^="row-"]').getAttribute("id"),
    row,
  );

  await page.find("tab-response").click();
  await page.locator('[data-tip-title="token_type"]').focus();
  await page.keyboard.press("Shift");
  await page.locator('[data-tip-title="token_type"]').hover();
  await visible(page.find("tip"));
  assert.match(await page.find("tip").innerText(), /RFC 6749 section 5\.1/);
  await closed(page);
});

test("the tip stands beside its name also in a larger page, and never leaves the window", async () => {
  const page = await ui.open("?fixture=s01&at=end", { width: 900, height: 600 });
  for (let at = 0; at < 3; at += 1) await page.keyboard.press("Control+Equal");
  const term = page.find("term").first();
  await term.hover();
  await visible(page.find("tip"));
  const [of, tip] = await Promise.all([term.boundingBox(), page.find("tip").boundingBox()]);
  const gap = tip.y > of.y ? tip.y - (of.y + of.height) : of.y - (tip.y + tip.height);
  assert.ok(Math.abs(gap) < 16, `${JSON.stringify(of)} ${JSON.stringify(tip)}`);
  assert.ok(tip.x >= 0 && tip.x + tip.width <= 900 && tip.y >= 0 && tip.y + tip.height <= 600);
  await closed(page);
});

test("terms in findings are explained by key, and nothing moves", async () => {
  const page = await ui.open("?fixture=s01&at=end", { width: 1440, height: 900 });
  const term = page.find("verdict").getByTestId("term").first();
  const before = await page.find("verdict").boundingBox();
  await page.find("tab-findings").focus();
  await page.keyboard.press("Shift+Tab");
  await term.focus();
  await page.keyboard.press("Enter");
  await visible(page.find("tip"));
  assert.match(await page.find("tip").innerText(), /authorization server/i);
  assert.deepEqual(await page.find("verdict").boundingBox(), before);
  await page.keyboard.press("Escape");
  await page.find("tip").waitFor({ state: "hidden" });
  await closed(page);
});

test("a scenario of a provider tells its sentence", async () => {
  const page = await ui.open("?fixture=healthy");
  await page.find("lab-all").click();
  const small = page.locator(".provider button[data-tip]").first();
  await small.hover();
  await visible(page.find("tip"));
  assert.ok((await page.find("tip").innerText()).length > 20);
  await closed(page);
});

for (const [width, height] of [
  [1440, 900],
  [900, 600],
]) {
  test(`the tour is one key from the first request to the fix, ${width}×${height}`, async () => {
    const page = await ui.open("?fixture=first", { width, height });
    await page.find("tour-begin").click();
    await visible(page.find("tour-step"));
    assert.match(await page.find("tour").innerText(), /Each press of Next sends one request/);
    const told = new Set();
    for (let at = 0; at < 30; at += 1) {
      await page.locator("[data-testid=tour-next]:not([disabled])").waitFor();
      if (!/^Next/.test(await page.find("tour-next").innerText())) break;
      assert.deepEqual(await hidden(page.find("tour-next")), []);
      told.add(await page.find("tour-step").innerText());
      await page.keyboard.press("Enter");
    }
    assert.ok(told.size >= 6, `${told.size} steps were explained`);
    assert.match(await page.find("tour").innerText(), /nothing is wrong/);
    await page.keyboard.press("Enter");
    await stands(page, "stopped");
    await page.getByText("Debug your own server").waitFor();
    assert.deepEqual(await hidden(page.find("fix-sentence").first()), []);
    await page.keyboard.press("Enter");
    await visible(page.find("start-url"));
    assert.equal(await page.find("tour").count(), 0);
    await closed(page);
  });
}

test("the tour can be left at any time, and the run goes on as any other", async () => {
  const page = await ui.open("?fixture=first");
  await page.find("tour-begin").click();
  await visible(page.find("tour-step"));
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await page.find("tour").waitFor({ state: "detached" });
  await visible(page.find("next"));
  await closed(page);
});

test("the end of the tour shows the fix", async () => {
  const page = await ui.open("?fixture=first", { width: 900, height: 600 });
  await endTour(page);
  assert.deepEqual(await hidden(page.find("fix-sentence").first()), []);
  await closed(page);
});
