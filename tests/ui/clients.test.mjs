// The table of clients: agreed to, played row by row, opened, ended, copied; and the edge below it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, start, visible } from "./browser.mjs";
import { playClients, playedClients } from "./screens.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

test("nothing is played before the user agrees to the names", async () => {
  const page = await ui.open("?fixture=healthy");
  await page.find("clients").click();
  await visible(page.getByRole("dialog", { name: "Which clients work?" }));
  assert.equal(await page.find("clients-play").isDisabled(), true);
  await page.find("clients-consent").check();
  assert.equal(await page.find("clients-play").isDisabled(), false);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await page.find("clients-rows").count(), 0);
  await closed(page);
});

test("a URL that cannot be used is said at the consent", async () => {
  const page = await ui.open("?fixture=healthy");
  await page.find("start-url").fill("no url at all");
  await page.find("clients").click();
  await page.find("clients-consent").check();
  await page.find("clients-play").click();
  assert.match(await page.find("clients-problem").innerText(), /is not a URL/);
  await closed(page);
});

test("a window that is reloaded in the middle goes on with the table", async () => {
  const page = await ui.open("?fixture=healthy&playing");
  await visible(page.getByText("is being played…"));
  await page.getByText("1 works, 8 work up to the login, 1 stops.").waitFor();
  await closed(page);
});

for (const theme of ["dark", "light"]) {
  for (const [width, height] of [
    [1440, 900],
    [900, 600],
  ]) {
    test(`rows come one by one, with their sources, ${theme}, ${width}×${height}`, async () => {
      const page = await ui.open("?fixture=healthy", { theme, width, height });
      await page.find("clients").click();
      await page.find("clients-consent").check();
      await page.shot(`clients-consent-${theme}-${width}`);
      await page.find("clients-play").click();
      await visible(page.getByText("is being played…"));
      await visible(page.find("client-cursor"));
      await page.shot(`clients-playing-${theme}-${width}`);
      await page.getByText("1 works, 8 work up to the login, 1 stops.").waitFor();
      await page.find("sources-cursor").click();
      await visible(page.find("known-cursor").getByText("What servers trip over with it"));
      await page.shot(`clients-${theme}-${width}`);
      await page.find("edge-mine").check();
      await page.find("edge-ask").click();
      await visible(page.find("edge-report").getByText("cf-mitigated: challenge"));
      await page.find("edge-report").scrollIntoViewIfNeeded();
      await page.shot(`clients-edge-${theme}-${width}`);
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
      );
      assert.equal(wide, false);
      await closed(page);
    });
  }
}

test("a row opens its run, and the table is one step away", async () => {
  const page = await playedClients(await ui.open("?fixture=s01&at=end"));
  await page.find("client-cursor").getByRole("button", { name: "Cursor" }).click();
  await visible(page.find("verdict"));
  await page.find("runs").click();
  await page.find("clients-back").click();
  await visible(page.find("clients-rows"));
  await page.keyboard.press("Escape");
  await visible(page.find("verdict"));
  await closed(page);
});

test("it can be ended on the way, and says so", async () => {
  const page = await playClients(await ui.open("?fixture=healthy"));
  await visible(page.find("client-claude-ai"));
  await page.find("clients-stop").click();
  await visible(page.getByText("Ended by the user."));
  const rows = await page.find("clients-rows").getByRole("row").count();
  // The head besides.
  assert.ok(rows < 10, `${rows} rows`);
  assert.match(await page.find("clients-summary").innerText(), /1 was ended\.$/);
  await closed(page);
});

test("what could not be deleted is named", async () => {
  const page = await playedClients(await ui.open("?fixture=healthy"));
  const row = page.find("client-vscode");
  assert.match(await row.innerText(), /Left registered: c-7f31a0be44d2/);
  await closed(page);
});

test("the table is copied as Markdown and saved as JSON", async () => {
  const page = await playedClients(await ui.open("?fixture=healthy"));
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy as Markdown" }).click();
  await visible(page.getByText("Copied"));
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^\| client \|/);
  await page.find("clients-save").click();
  await visible(page.getByText(/Written to .*clients\.json/));
  await closed(page);
});

test("the edge is asked only for a server that is the user's", async () => {
  const page = await playedClients(await ui.open("?fixture=healthy"));
  assert.equal(await page.find("edge-ask").isDisabled(), true);
  assert.equal(await page.find("edge-report").count(), 0);
  await page.find("edge-mine").check();
  await page.find("edge-ask").click();
  await visible(page.find("edge-report").getByText("403, an HTML page").first());
  await closed(page);
});
