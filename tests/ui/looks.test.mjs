// Sizes, themes and large runs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { start } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

const PICTURES = [
  ["start", "?fixture=healthy"],
  ["troubled", "?fixture=troubled"],
  ["stopped", "?fixture=s01&at=end"],
  ["done", "?fixture=healthy&at=end"],
  ["awaiting", "?fixture=awaiting"],
  ["rewound", "?fixture=rewound"],
  ["long", "?fixture=long&at=4"],
  ["servers", "?fixture=servers&at=2"],
  ["rejected", "?fixture=rejected&at=4"],
  ["device", "?fixture=device&at=5"],
  ["enterprise", "?fixture=enterprise&at=end"],
  ["works-but", "?fixture=works_but&at=end"],
  ["note", "?fixture=note&at=end"],
  ["findings", "?fixture=findings&at=end"],
  ["crowd", "?fixture=crowd&at=end"],
];

for (const theme of ["light", "dark"]) {
  for (const [width, height] of [
    [900, 600],
    [1440, 900],
  ]) {
    test(`nothing leaves the window of ${width}×${height}, ${theme}`, async () => {
      for (const [name, query] of PICTURES) {
        const page = await ui.open(query, { width, height, theme });
        const wide = await page.evaluate(overflowing);
        await page.shot(`${name}-${theme}-${width}`);
        assert.deepEqual(wide, [], name);
        assert.deepEqual(page.complaints, [], name);
        await page.context().close();
      }
    });
  }
}

test("the theme can be chosen against the system's", async () => {
  const page = await ui.open("?fixture=healthy", { theme: "dark" });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await ground(), "rgb(15, 18, 22)");
  await page.find("settings").click();
  await page.choose("Light");
  assert.equal(await ground(), "rgb(246, 247, 249)");
  await page.context().close();
});

test("in a narrow window the details are a sheet, and the verdict stays in sight", async () => {
  const page = await ui.open("?fixture=s01&at=end", {
    width: 900,
    height: 600,
  });
  assert.match(await page.find("verdict").innerText(), /publishes no metadata/);
  await page.find("row-3").click();
  await page.find("tab-response").waitFor({ state: "visible" });
  await page.keyboard.press("Escape");
  await page.find("tab-response").waitFor({ state: "detached" });
  await page.find("verdict-details").click();
  await page.find("finding-S01").waitFor({ state: "visible" });
  await page.shot("sheet");
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("ten thousand rows stay responsive, and few of them are drawn", async () => {
  const page = await ui.open("?fixture=many");
  await page.find("row-10000").waitFor({ state: "visible" });
  const drawn = () => page.locator('[role=option][id^="row-"]').count();
  assert.ok((await drawn()) < 60, `${await drawn()} rows drawn`);
  const took = await page.evaluate(async () => {
    const list = document.querySelector('[data-testid="diagram"]');
    const frame = () => new Promise((done) => requestAnimationFrame(() => done(performance.now())));
    const gaps = [];
    let last = await frame();
    for (let at = 0; at < 60; at += 1) {
      list.scrollTop = (list.scrollHeight / 60) * at;
      const next = await frame();
      gaps.push(next - last);
      last = next;
    }
    return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)];
  });
  assert.ok(took < 100, `a frame took ${took} ms`);
  assert.ok((await drawn()) < 60);
  await page.keyboard.press("Home");
  await page.find("row-1").waitFor({ state: "visible" });
  await page.keyboard.press("/");
  await page.keyboard.type("tools/list 777");
  await page.find("row-778").waitFor({ state: "visible" });
  assert.ok((await drawn()) < 60);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a body of 100 kB opens at once and is searched and folded like code", async () => {
  const page = await ui.open("?fixture=long&at=4");
  const before = Date.now();
  await page.find("row-5").click();
  await page.locator(".cm-content").waitFor({ state: "visible" });
  assert.ok(Date.now() - before < 3_000);
  assert.ok((await page.locator(".cm-line").count()) < 200);
  await page.shot("big-body");
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("words on the wire can be selected and copied from the diagram", async () => {
  const page = await ui.open("?fixture=healthy&at=3");
  const path = page.find("row-3").locator(".path");
  await path.dblclick();
  const text = await page.evaluate(() => getSelection().toString());
  assert.ok("/.well-known/oauth-protected-resource/mcp".includes(text) && text.length > 1, text);
  await page.context().close();
});

/** What reaches out of the window, or out of a box that neither scrolls nor cuts. */
function overflowing() {
  const found = [];
  const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
  if (scrollWidth > clientWidth || scrollHeight > clientHeight) found.push("the page itself");
  for (const element of document.querySelectorAll(
    "header, footer, .flow, .steps, .filter, .chips, .cards, .box, section",
  )) {
    if (
      element.scrollWidth > element.clientWidth + 1 &&
      getComputedStyle(element).overflowX === "visible"
    ) {
      found.push(`${element.tagName.toLowerCase()}.${element.className}`);
    }
  }
  return found;
}
