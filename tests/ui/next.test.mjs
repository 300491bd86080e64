// The request that leaves next: in the diagram, and whole in its tab.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, stands, start, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

test("the request that leaves next is drawn below the last row, and sent from there by key", async () => {
  for (const [width, height] of [
    [1440, 900],
    [900, 600],
  ]) {
    const page = await ui.open("?fixture=healthy&at=3", { width, height });
    const ghost = page.find("ghost");
    assert.match(
      await ghost.innerText(),
      /POST\s+\/register[\s\S]*Send[\s\S]*Register this client/,
    );
    const { y, height: tall } = await ghost.boundingBox();
    const last = await page.find("row-5").boundingBox();
    assert.ok(y >= last.y + last.height && y + tall <= height, `${y}`);
    // From the list of rows it is the next but one stop of Tab: first what can be clicked in it.
    await page.find("rows").focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), "ghost-send");
    await page.keyboard.press("Enter");
    await visible(page.find("row-6"));
    assert.match(await page.find("ghost").innerText(), /OPEN[\s\S]*authorization server/);
    await closed(page);
  }
});

test("nothing is promised where nothing leaves by itself", async () => {
  const page = await ui.open("?fixture=s01&at=end");
  assert.equal(await page.find("ghost").count(), 0);
  await page.keyboard.press("0");
  await visible(page.getByText("The run is over: nothing leaves by itself."));
  await closed(page);
});

test("the tab shows the next request whole with its reason, and hides its secrets", async () => {
  for (const [width, height] of [
    [1440, 900],
    [900, 600],
  ]) {
    const page = await ui.open("?fixture=healthy&at=4", { width, height });
    await page.find("ghost-request").click();
    const next = page.find("next-request");
    await visible(next);
    assert.match(await next.innerText(), /Send the user to the authorization server/);
    assert.match(await next.innerText(), /code_challenge_method=S256/);
    const why = next.locator(".why").first();
    const [scroll, client] = await why.evaluate((p) => [p.scrollWidth, p.clientWidth]);
    assert.ok(scroll <= client, "the reason is cut");
    await closed(page);
  }
  const page = await ui.open("?fixture=healthy&at=5");
  await page.find("paste-callback").fill("http://127.0.0.1:43117/callback?code=1&state=2");
  await page.keyboard.press("Enter");
  await stands(page, "ready");
  await page.find("tab-next").click();
  const next = page.find("next-request");
  assert.match(await next.innerText(), /grant_type=authorization_code/);
  assert.doesNotMatch(await next.innerText(), /dBjftJeZ4CVP|ac_Vb3n/);
  await page.find("next-reveal").click();
  assert.match(await next.innerText(), /dBjftJeZ4CVP/);
  await page.find("next-send").click();
  await visible(page.find("row-10"));
  await closed(page);
});

test("the title of a held answer is read whole in a small window", async () => {
  const page = await ui.open("?fixture=healthy&at=1", { width: 900, height: 600 });
  await page.keyboard.press("b");
  await page.find("break-kind").selectOption("status");
  await page.find("break-text").fill("2xx");
  await page.find("break-add").click();
  await visible(page.find("breakpoints"));
  await page.keyboard.press("Escape");
  await page.find("break-kind").waitFor({ state: "detached" });
  await page.keyboard.press("Enter");
  await stands(page, "answer_held");
  const cut = await page
    .find("status")
    .locator("b")
    .evaluate((title) => {
      const box = title.closest("p").getBoundingClientRect();
      return [...title.getClientRects()].some(
        ({ right, bottom }) => right > box.right + 1 || bottom > box.bottom + 1,
      );
    });
  assert.equal(cut, false);
  await page.shot("held-900");
  await closed(page);
});
