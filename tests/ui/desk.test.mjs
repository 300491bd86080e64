// The desk itself: edges that move, density, keys that can be switched off, folding, lanes out of sight.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closed, selected, start, visible } from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

const height = (locator) => locator.evaluate((element) => element.getBoundingClientRect().height);
const widthOf = (locator) => locator.evaluate((element) => element.getBoundingClientRect().width);
/** Waits until the diagram is wider and narrower than these. */
async function diagramIs(page, least, most) {
  await page.waitForFunction(
    ([least, most]) => {
      const { width } = document.querySelector('[data-testid="diagram"]').getBoundingClientRect();
      return width > least && width < most;
    },
    [least, most],
  );
}

for (const [width, tall] of [
  [1440, 900],
  [900, 600],
]) {
  test(`the edge of the answer is moved by key and by mouse, remembered and reset, ${width}`, async () => {
    const page = await ui.open("?fixture=s01&at=end", { width, height: tall });
    const answer = page.find("foreground");
    const edge = page.find("splitter");
    const first = await height(answer);
    await edge.focus();
    const smaller = width === 1440 ? "ArrowUp" : "ArrowDown";
    await page.keyboard.press(smaller);
    await page.keyboard.press(smaller);
    const byKey = await height(answer);
    assert.ok(byKey < first - 20, `${first} → ${byKey}`);
    assert.match(await edge.getAttribute("aria-valuetext"), /per cent/);

    const { x, y, width: wide } = await edge.boundingBox();
    await page.mouse.move(x + wide / 2, y + 3);
    await page.mouse.down();
    await page.mouse.move(x + wide / 2, y + (width === 1440 ? 60 : -60), { steps: 3 });
    await page.mouse.up();
    const byMouse = await height(answer);
    assert.ok(byMouse > byKey + 30, `${byKey} → ${byMouse}`);

    await page.reload();
    await visible(page.find("foreground"));
    assert.ok(Math.abs((await height(page.find("foreground"))) - byMouse) < 2);

    await page.find("splitter").dblclick();
    assert.equal(await height(page.find("foreground")), first);
    await page.reload();
    await visible(page.find("foreground"));
    assert.equal(await height(page.find("foreground")), first);
    await closed(page);
  });
}

test("the width of the details is moved by key, remembered, and reset by a double click", async () => {
  const page = await ui.open("?fixture=healthy&at=end", { width: 1440, height: 900 });
  const edge = page.getByRole("separator", { name: "Width of the details" });
  const first = await widthOf(page.find("diagram"));
  const kept = await page.evaluate(() => JSON.stringify(localStorage));
  await edge.focus();
  await page.keyboard.press("ArrowLeft");
  await diagramIs(page, 0, first - 20);
  const moved = await widthOf(page.find("diagram"));
  await page.waitForFunction((kept) => JSON.stringify(localStorage) !== kept, kept);
  await page.reload();
  await visible(page.find("diagram"));
  await diagramIs(page, moved - 3, moved + 3);
  await page.getByRole("separator", { name: "Width of the details" }).dblclick();
  await diagramIs(page, first - 3, first + 3);
  await closed(page);
});

test("rows stand closer together when that was chosen, on later days too", async () => {
  const page = await ui.open("?fixture=healthy&at=end", { width: 1440, height: 900 });
  const before = await height(page.find("row-14"));
  await page.keyboard.press("n");
  await page.find("settings").click();
  await page.choose("Compact");
  await page.reload();
  await visible(page.find("row-14"));
  assert.ok((await height(page.find("row-14"))) < before);
  // All of the run is seen at once now.
  await visible(page.find("row-1"));
  const [first, last] = [
    await page.find("row-1").boundingBox(),
    await page.find("row-15").boundingBox(),
  ];
  assert.ok(first.y > 0 && last.y + last.height < 900);
  await page.shot("compact");
  await closed(page);
});

test("keys of one letter can be switched off; the others still work", async () => {
  const page = await ui.open("?fixture=healthy&at=3");
  await page.keyboard.press("n");
  await page.find("settings").click();
  await page.find("letters").uncheck();
  await page.reload();
  await visible(page.find("row-5"));
  for (const key of ["e", "x", "1", "?", "Shift+R", "b"]) await page.keyboard.press(key);
  assert.equal(await page.getByRole("dialog").count(), 0);
  assert.equal(await page.find("tab-response").getAttribute("data-state"), "active");
  assert.equal(await page.find("edit").locator("kbd").isVisible(), false);
  assert.equal(await page.find("next").locator("kbd").isVisible(), true);
  await page.keyboard.press("ArrowUp");
  assert.equal(await selected(page), "row-4");
  await page.keyboard.press("Control+k");
  await visible(page.find("palette-input"));
  await page.keyboard.type("Keys of one letter");
  await page.keyboard.press("Enter");
  await page.find("palette-input").waitFor({ state: "detached" });
  await page.keyboard.press("e");
  await visible(page.find("edit-url"));
  await closed(page);
});

test("a part of the diagram is folded away by mouse and by key, and opens for what is selected", async () => {
  const page = await ui.open("?fixture=rewound");
  await page.find("band-1").click();
  await page.find("row-1").waitFor({ state: "detached" });
  assert.match(await page.find("band-1").innerText(), /Challenge\s*2 rows/);
  assert.equal(await page.find("band-1").getAttribute("aria-expanded"), "false");
  await page.keyboard.press("Home");
  // The first row in sight is selected again, and with it the part of the diagram.
  await visible(page.find("row-1"));
  await page.keyboard.press("z");
  await page.find("row-1").waitFor({ state: "detached" });
  await page.keyboard.press("z");
  await visible(page.find("row-1"));
  await page.keyboard.press("Shift+Z");
  await page.find("row-6").waitFor({ state: "detached" });
  await visible(page.getByText("given up by the rewind at 8"));
  await visible(page.find("row-9"));
  await page.keyboard.press("Shift+Z");
  await visible(page.find("row-6"));
  await closed(page);
});

test("several of a kind are named by their hosts, and lanes out of sight are told of", async () => {
  const page = await ui.open("?fixture=crowd&at=end", { width: 1440, height: 900 });
  const heads = page.locator(".heads .head");
  const names = await heads.locator(".name").allInnerTexts();
  assert.equal(new Set(names).size, names.length, names.join(", "));
  assert.ok(names.includes("idp.example.dev"), names.join(", "));
  assert.ok(names.includes("MCP server"), names.join(", "));
  const more = page.find("lanes-beyond");
  assert.match(await more.innerText(), /3 more/);
  await more.click();
  // It may go while it is pressed, with the last lane that it tells of.
  await page.waitForFunction(() => {
    const more = document.querySelector('[data-testid="lanes-beyond"]');
    more?.click();
    return more === null;
  });
  await closed(page);
});

test("nothing is shifted while a run goes on", async () => {
  for (const [width, tall] of [
    [1440, 900],
    [900, 600],
  ]) {
    const page = await ui.open("?fixture=healthy&at=0", { width, height: tall });
    const places = () =>
      page.evaluate(() =>
        ['[data-testid="diagram"]', ".heads", ".flow", '[data-testid="filter"]'].map((selector) =>
          Math.round(document.querySelector(selector).getBoundingClientRect().top),
        ),
      );
    const before = await places();
    for (const row of [1, 3, 5, 6]) {
      await page.keyboard.press("Enter");
      await visible(page.find(`row-${row}`));
      assert.deepEqual(await places(), before, `row ${row}`);
    }
    await closed(page);
  }
});

test("with the colours of the user everything is told apart", async () => {
  for (const theme of ["light", "dark"]) {
    const page = await ui.open("?fixture=works_but&at=end", { theme, forced: "active" });
    await visible(page.find("row-1"));
    const look = (selector, property, pseudo) =>
      page.evaluate(
        ([selector, property, pseudo]) =>
          getComputedStyle(document.querySelector(selector), pseudo)[property],
        [selector, property, pseudo],
      );
    // The selected row has a frame, no other one has.
    assert.equal(await look("[role=option].selected", "borderTopWidth", "::after"), "2px");
    assert.equal(await look("[role=option]:not(.selected)", "borderTopWidth", "::after"), "0px");
    // The lines keep the colours of those who speak.
    const lines = await page
      .locator("i.line.back")
      .evaluateAll((all) => [...new Set(all.map((line) => getComputedStyle(line).borderTopColor))]);
    assert.ok(lines.length > 1, lines.join());
    const chips = await page
      .locator(".head .name i")
      .evaluateAll((all) => [
        ...new Set(all.map((chip) => getComputedStyle(chip).backgroundColor)),
      ]);
    assert.equal(chips.length, 4);
    await page.find("tab-timing").focus();
    assert.notEqual(await look(":focus-visible", "outlineStyle"), "none");
    await page.keyboard.press("Shift+F10");
    await page.keyboard.press("ArrowDown");
    await page.locator("[role=menuitem][data-highlighted]").waitFor();
    assert.equal(await look("[role=menuitem][data-highlighted]", "outlineStyle"), "solid");
    await page.shot(`forced-${theme}`);
    await closed(page);
  }
});

test("who wants no motion sees none", async () => {
  const page = await ui.open("?fixture=healthy&at=end", { motion: "reduce" });
  await page.keyboard.press("x");
  await visible(page.find("export-path"));
  const longest = await page.evaluate(() =>
    Math.max(
      ...document.getAnimations().map(({ effect }) => effect.getComputedTiming().duration),
      0,
    ),
  );
  assert.ok(longest <= 1, `${longest} ms`);
  await closed(page);
});

// The web view's own zoom leaves the page half as wide and high.
for (const query of ["?fixture=healthy", "?fixture=awaiting", "?fixture=s01&at=end"]) {
  test(`at 200 % in the smallest window, what is offered can be pressed, ${query}`, async () => {
    const page = await ui.open(query, { width: 450, height: 300 });
    const offered = page.locator(
      ":is(header, form, .steps, [data-testid=foreground]) button:not(:disabled)",
    );
    await visible(offered.first());
    // A click scrolls there, and fails where something else stands over it.
    for (const button of await offered.all()) await button.click({ trial: true });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wider <= 0, `${wider} px wider than the window`);
    await closed(page);
  });
}
