// A run can be started from whatever somebody has at hand.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, stands, start, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

test("a URL without a scheme is one click away from one with it", async () => {
  const page = await ui.open("?fixture=healthy");
  await page.find("start-url").fill("mcp.example.dev/mcp");
  await visible(page.find("meant").getByText("Did you mean"));
  await page.shot("did-you-mean");
  await page.find("named-server").click();
  assert.equal(await page.find("start-url").inputValue(), "https://mcp.example.dev/mcp");
  assert.equal(await page.find("meant").count(), 0);
  await closed(page);
});

test("a client's configuration is taken as it was copied", async () => {
  const page = await ui.open("?fixture=healthy");
  const copied =
    '{\n  "mcpServers": {\n    "notes": { "url": "https://notes.example/mcp" }\n  }\n}';
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate((text) => navigator.clipboard.writeText(text), copied);
  await page.find("start-url").fill("");
  await page.keyboard.press("Control+V");
  await visible(page.find("meant").getByText("notes", { exact: true }));
  await page.find("named-server").click();
  assert.equal(await page.find("start-url").inputValue(), "https://notes.example/mcp");
  await closed(page);
});

test("the servers that other clients know are read after a click, and taken by one", async () => {
  for (const theme of ["light", "dark"]) {
    const page = await ui.open("?fixture=healthy", { theme });
    assert.equal(await page.getByText("mcp.json").count(), 0);
    await page.find("client-files").click();
    await visible(page.getByText("/home/ada/.cursor/mcp.json"));
    await visible(page.getByText("a program on this machine"));
    await visible(page.getByText("could not be read"));
    await page.shot(`client-files-${theme}`);
    await page.find("named-server").first().click();
    assert.equal(await page.find("start-url").inputValue(), "https://mcp.example.dev/notes");
    await closed(page);
  }
});

test("Enter finds the problem, and stepping is beside it", async () => {
  const page = await ui.open("?fixture=s01");
  assert.match(await page.find("start-run").innerText(), /Find the problem/);
  await page.find("start-url").press("Enter");
  await stands(page, "stopped");
  await closed(page);

  const stepped = await ui.open("?fixture=s01");
  await stepped.find("start-step").click();
  await stands(stepped, "ready");
  await closed(stepped);
});
