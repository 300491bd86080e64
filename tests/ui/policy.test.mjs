// The content security policy of the window lets in what the program and its libraries bring, and nothing else.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { closed, start, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

test("no source of the policy allows what stands in the page itself", async () => {
  const conf = await readFile(new URL("../../tauri.conf.json", import.meta.url), "utf8");
  const { security } = JSON.parse(conf).app;
  assert.doesNotMatch(JSON.stringify(security.csp), /unsafe|\*|https:/);
  assert.equal(security.dangerousDisableAssetCspModification, undefined);
});

test("styles and scripts that somebody else brings have no effect", async () => {
  const page = await ui.open("?fixture=healthy&at=end");
  const refused = await page.evaluate(async () => {
    const refused = [];
    const all = new Promise((done) => {
      document.addEventListener("securitypolicyviolation", (event) => {
        refused.push(event.effectiveDirective);
        if (refused.length === 5) done();
      });
    });
    const main = document.querySelector("main");
    main.insertAdjacentHTML("beforeend", "<style>main { opacity: 0.5 }</style>");
    main.insertAdjacentHTML("beforeend", '<p id="styled" style="opacity: 0.5">text</p>');
    main.insertAdjacentHTML("beforeend", '<p id="clicked" onclick="window.ran = true">text</p>');
    main.insertAdjacentHTML("beforeend", '<img src="http://127.0.0.1:9/x.png" />');
    document.querySelector("#clicked").click();
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    main.append(script);
    await all;
    return refused.sort();
  });
  assert.deepEqual(refused, [
    "img-src",
    "script-src-attr",
    "script-src-elem",
    "style-src-attr",
    "style-src-elem",
  ]);
  const effects = await page.evaluate(() => [
    getComputedStyle(document.querySelector("main")).opacity,
    getComputedStyle(document.querySelector("#styled")).opacity,
    window.ran,
  ]);
  assert.deepEqual(effects, ["1", "1", undefined]);
  await page.context().close();
});

test("the styles of the editor and of a dragged divider are let in", async () => {
  const page = await ui.open("?fixture=long&at=4");
  await page.find("row-5").click();
  const editor = page.locator(".cm-content").first();
  await visible(editor);
  assert.equal(await editor.evaluate((it) => getComputedStyle(it).paddingTop), "8px");

  const divider = page.locator("[data-pane-resizer]").first();
  const box = await divider.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 40, box.y + 40, { steps: 4 });
  const cursor = await page.evaluate(() => getComputedStyle(document.body).cursor);
  assert.match(cursor, /resize/);
  await page.mouse.up();
  await closed(page);
});
