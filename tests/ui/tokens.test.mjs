// Every token of a run: what is in it, where it went, what changed, how long it is good.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, selected, start, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

const cards = (page) => page.find("token-seen");

test("a token is masked until asked for, and its claims are told with what they mean", async () => {
  const page = await ui.open("?fixture=healthy&at=end", { width: 1440, height: 900 });
  await page.find("tab-tokens").click();
  const card = cards(page).first();
  await visible(card);
  assert.doesNotMatch(await page.find("tokens-seen").innerText(), /eyJ|rt_8Jf/);
  await card.getByText("Whom it is meant for; an MCP server must find itself here.").waitFor();
  await card.getByRole("button", { name: "Copy aud" }).waitFor();
  await page.find("token-value").first().click();
  assert.match(await card.innerText(), /eyJhbGciOiJFUzI1NiIs/);
  await closed(page);
});

test("its scopes are named one by one, with what was asked for and not granted", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  await page.find("tab-tokens").click();
  const told = page.find("token-scopes").first();
  assert.match(await told.innerText(), /tools:read granted[\s\S]*openid asked for, not granted/);
  assert.match(await told.innerText(), /OpenID Connect login/);
  await closed(page);
});

test("a refresh is held against the token before it, which is said to be replaced", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  await page.keyboard.press("a");
  await page.find("act-refresh").click();
  await page.keyboard.press("8");
  const since = page.find("token-since");
  await visible(since);
  assert.match(await since.innerText(), /Changed by the refresh/);
  assert.match(await since.innerText(), /More than before: tools:call\.[\s\S]*Rotated/);
  const titles = await cards(page).locator("summary").allInnerTexts();
  assert.equal(titles.length, 4);
  assert.match(titles[0], /signature right[\s\S]*good for/);
  assert.match(titles[2], /replaced in row \d+/);
  await closed(page);
});

test("where it was issued and where it went is one click away", async () => {
  const page = await ui.open("?fixture=healthy&at=end", { width: 1440, height: 900 });
  await page.find("tab-tokens").click();
  await page.find("token-issued").first().click();
  assert.equal(await selected(page), "row-10");
  await page.find("tab-tokens").click();
  const used = page.find("token-used").first();
  const row = (await used.innerText()).slice(1);
  await used.click();
  assert.equal(await selected(page), `row-${row}`);
  assert.equal(await page.find("tab-request").getAttribute("data-state"), "active");
  await closed(page);
});

test("the countdown ticks, and that of a recording stands still", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  await page.find("tab-tokens").click();
  const life = page.find("token-life").first();
  const before = await life.innerText();
  assert.match(before, /good for 5\d:\d\d/);
  await page.waitForFunction(
    (was) => document.querySelector('[data-testid="token-life"]')?.innerText !== was,
    before,
  );
  await closed(page);

  const recorded = await ui.open("?fixture=healthy");
  await recorded.find("open-recording").click();
  await visible(recorded.find("tab-tokens"));
  await recorded.find("tab-tokens").click();
  assert.equal(await recorded.find("token-life").first().innerText(), "good at the end");
  await closed(recorded);
});

test("a hash that does not fit is shown with its computation", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  await page.find("tab-tokens").click();
  const computed = page.find("computed").first();
  assert.match(await computed.innerText(), /✕[\s\S]*at_hash = [\s\S]*77Qm[\s\S]*AAAAAA/);
  await closed(page);
});

test("a run without a token says so", async () => {
  const page = await ui.open("?fixture=healthy&at=2");
  await page.find("tab-tokens").click();
  await visible(page.find("no-tokens"));
  await closed(page);
});
