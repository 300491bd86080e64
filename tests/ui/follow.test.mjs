// A value is followed: every row and place where it stands lights up, and the hashes made of it are shown.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, selected, start, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

test("a verifier lights up with its challenge, masked, and its places are one click away", async () => {
  for (const [theme, width, height] of [
    ["light", 1440, 900],
    ["dark", 900, 600],
  ]) {
    const page = await ui.open("?fixture=healthy&at=end", { theme, width, height });
    await page.find("row-10").click();
    await page.find("tab-decoded").click();
    await page.find("follow-code_verifier").first().click();
    await visible(page.find("followed"));
    if (width === 900) await page.keyboard.press("Escape");
    assert.match(await page.find("computed").innerText(), /✓[\s\S]*BASE64URL\(SHA-256/);
    assert.doesNotMatch(await page.find("followed").innerText(), /dBjftJeZ4CVP/);
    const lit = page.locator("[id^=row-]", { has: page.locator(".lit") });
    assert.deepEqual(await lit.evaluateAll((rows) => rows.map((row) => row.id)), [
      "row-8",
      "row-10",
    ]);
    await page.shot(`follow-${theme}-${width}`);
    await page.find("followed-place").filter({ hasText: "#8" }).click();
    assert.equal(await selected(page), "row-8");
    if (width === 900) await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.find("followed").waitFor({ state: "detached" });
    await closed(page);
  }
});

test("a click on a value in a body or in a URL follows it", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  await page.find("row-8").click();
  await page.find("tab-request").click();
  await page.getByTitle("Follow client_id").click();
  await visible(page.find("followed").getByText("client_01K4T9W2M7", { exact: true }));
  await visible(page.locator("[data-detail] .parameter.lit"));
  await page.find("row-6").click();
  await page.find("tab-response").click();
  await visible(page.locator("[data-detail] pre .string.lit"));
  await page.locator("[data-detail] pre .string", { hasText: /^"Authscope"$/ }).click();
  assert.match(await page.find("followed").innerText(), /client_name/);
  await closed(page);
});
