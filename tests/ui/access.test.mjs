// axe-core finds nothing on any screen, in both themes and both sizes; what it cannot see is tested here too.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { closed, start, visible } from "./browser.mjs";

const manifest = fileURLToPath(new URL("../../ui/package.json", import.meta.url));
const AXE = await readFile(createRequire(manifest).resolve("axe-core/axe.min.js"), "utf8");

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

/** How a screen is reached, from a fixture. */
const SCREENS = [
  ["start", "?fixture=healthy"],
  ["start, first day", "?fixture=first"],
  ["start, in trouble", "?fixture=troubled"],
  ["start, refused", "?fixture=healthy", (page) => refuse(page)],
  ["comparison", "?fixture=s01&at=end", (page) => compare(page)],
  ["all of the lab", "?fixture=healthy", (page) => page.find("lab-all").click()],
  ["settings", "?fixture=healthy", (page) => page.find("settings").click()],
  ["options, registration", "?fixture=healthy", (page) => page.find("option-registration").click()],
  ["options, callback", "?fixture=healthy", (page) => page.find("option-callback").click()],
  ["observe a client", "?fixture=healthy", (page) => observeFrom(page)],
  ["observing", "?fixture=healthy", (page) => observed(page)],
  ["ready", "?fixture=healthy&at=0"],
  ["under way", "?fixture=healthy&at=3"],
  ["the browser is away", "?fixture=awaiting"],
  ["a device is away", "?fixture=device&at=5"],
  ["stopped", "?fixture=s01&at=end"],
  ["stopped, may go on", "?fixture=goon&at=end"],
  ["other ways to register", "?fixture=rejected&at=4"],
  ["works", "?fixture=healthy&at=end"],
  ["works, with errors", "?fixture=works_but&at=end"],
  ["many findings", "?fixture=findings&at=end", (page) => page.keyboard.press("f")],
  ["rewound", "?fixture=rewound"],
  ["servers", "?fixture=servers&at=2"],
  ["long values", "?fixture=long&at=4"],
  ["request", "?fixture=healthy&at=end", (page) => page.keyboard.press("1")],
  ["timing", "?fixture=healthy&at=end", (page) => page.keyboard.press("3")],
  ["decoded", "?fixture=healthy&at=end", (page) => page.keyboard.press("4")],
  ["a value is followed", "?fixture=healthy&at=end", (page) => follow(page)],
  ["clients of this machine", "?fixture=healthy", (page) => page.find("client-files").click()],
  ["curl", "?fixture=healthy&at=end", (page) => page.keyboard.press("6")],
  ["edit", "?fixture=healthy&at=4", (page) => page.keyboard.press("e")],
  ["export", "?fixture=healthy&at=end", (page) => page.keyboard.press("x")],
  ["tokens", "?fixture=healthy&at=end", (page) => page.keyboard.press("t")],
  ["actions", "?fixture=healthy&at=end", (page) => page.keyboard.press("a")],
  ["call", "?fixture=tools&at=end", (page) => page.keyboard.press("c")],
  ["palette", "?fixture=healthy&at=end", (page) => page.keyboard.press("Control+k")],
  ["shortcuts", "?fixture=healthy&at=end", (page) => page.keyboard.press("?")],
  ["runs", "?fixture=healthy&at=end", (page) => page.find("runs").click()],
];

for (const theme of ["light", "dark"]) {
  for (const [width, height] of [
    [1440, 900],
    [900, 600],
  ]) {
    test(`axe finds nothing, ${theme}, ${width}×${height}`, async () => {
      const found = [];
      for (const [name, query, reach] of SCREENS) {
        const page = await ui.open(query, { width, height, theme });
        await reach?.(page);
        await page.evaluate(AXE);
        const violations = await page.evaluate(judge);
        found.push(...violations.map((one) => `${name}: ${one}`));
        await page.context().close();
      }
      assert.deepEqual(found, []);
    });
  }
}

/** Runs in the page. */
async function judge() {
  const { violations } = await globalThis.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id} ${target}`));
}

async function compare(page) {
  await page.getByRole("button", { name: "Fixed it? Run again and compare" }).click();
  await visible(page.find("compare-sentence"));
  await page.find("compare-all").check();
  await page.find("compare-noise").check();
}

async function follow(page) {
  await page.find("row-10").click();
  await page.find("tab-decoded").click();
  await page.find("follow-code_verifier").first().click();
  await visible(page.find("followed"));
}

async function observeFrom(page) {
  await page.find("observe").click();
  await page.getByText("Elsewhere, such as").click();
  await visible(page.find("observe-public"));
}

async function observed(page) {
  await page.find("observe").click();
  await page.find("observe-start").click();
  await visible(page.find("observing-url"));
}

async function refuse(page) {
  await page.find("start-url").fill("no url at all");
  await page.keyboard.press("Enter");
  await visible(page.find("start-problem"));
}

test("text grows and shrinks by key, and nothing leaves the window", async () => {
  const page = await ui.open("?fixture=s01&at=end", { width: 1440, height: 900 });
  const size = () =>
    page.locator("footer").evaluate((bar) => bar.getBoundingClientRect().height / devicePixelRatio);
  const before = await size();
  for (let at = 0; at < 3; at += 1) await page.keyboard.press("Control+Equal");
  assert.ok((await size()) > before * 1.25);
  await page.shot("larger");
  assert.deepEqual(
    await page.evaluate(() => {
      const { bottom, right } = document.querySelector(".window").getBoundingClientRect();
      return [Math.round(bottom) <= innerHeight, Math.round(right) <= innerWidth];
    }),
    [true, true],
  );
  await page.keyboard.press("Control+0");
  assert.equal(await size(), before);
  await closed(page);
});

test("a screen reader hears what is wrong and what to change", async () => {
  const page = await ui.open("?fixture=s01&at=end");
  assert.match(
    await page.find("announcement").innerText(),
    /Stopped: Server metadata: The MCP server names[\s\S]*Set the AuthKit domain/,
  );
  await closed(page);
});
