// Recordings and pasted evidence: opened by dialog, by keys, by pasting; an error of a client is explained.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, start, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

const SIZES = [
  { width: 1440, height: 900 },
  { width: 900, height: 600 },
];

async function paste(page, text) {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
  await page.keyboard.press("Control+V");
}

test("a recording is opened with a dialog, and says who recorded it and what to add", async () => {
  for (const theme of ["light", "dark"]) {
    for (const size of SIZES) {
      const page = await ui.open("?fixture=healthy", { theme, ...size });
      await page.keyboard.press("Control+O");
      await visible(page.find("recording").getByText("Playwright 1.65.1"));
      await visible(page.find("next-piece").getByText("Next:"));
      await page.shot(`recording-${theme}-${size.width}`);
      await closed(page);
    }
  }
});

test("what is pasted into a running window is judged as evidence", async () => {
  const page = await ui.open("?fixture=healthy");
  await page.find("open-recording").click();
  await visible(page.find("recording"));
  await page.locator("body").click({ position: { x: 4, y: 300 } });
  await paste(page, "$ curl -i https://mcp.example.dev/mcp\nHTTP/1.1 401 Unauthorized\n");
  await visible(page.find("recording").getByText("Pasted text"));
  await page.find("recording").locator("summary").click();
  await visible(page.find("recording").getByText("a response (lines 6 to 11)"));
  await page.shot("recording-pasted");
  await closed(page);
});

test("a text in the field of the start screen can be judged as it is", async () => {
  const page = await ui.open("?fixture=healthy");
  await page.find("start-url").fill("");
  await paste(page, "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer\n");
  await visible(page.find("judge"));
  await page.shot("start-judge");
  await page.find("judge-text").click();
  await visible(page.find("recording").getByText("Pasted text"));
  await closed(page);
});

test("the error that a client printed is explained where the URL is typed", async () => {
  for (const theme of ["light", "dark"]) {
    const page = await ui.open("?fixture=healthy", { theme });
    await page.find("start-url").fill("does not support dynamic client registration");
    await visible(page.find("known-texts").getByText("MCP TypeScript SDK"));
    await visible(page.find("known-texts").getByText("S06"));
    await page.shot(`known-texts-${theme}`);
    await page.find("start-url").fill("https://mcp.example.dev/mcp");
    await page.waitForFunction(() => !document.querySelector('[data-testid="known-texts"]'));
    await closed(page);
  }
});

test("what is no evidence is refused with a reason", async () => {
  const page = await ui.open("?fixture=healthy");
  await page.find("open-recording").click();
  await visible(page.find("recording"));
  await page.locator("body").click({ position: { x: 4, y: 300 } });
  await paste(page, "hello");
  await visible(page.getByText("expected a text with evidence"));
  assert.equal(await page.find("recording").count(), 1);
  await closed(page);
});
