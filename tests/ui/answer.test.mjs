// The answer: what is wrong, who has to change it and the whole sentence of the change are in sight when a run ends.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  closed,
  hidden,
  hiddenParts,
  labRuns,
  selected,
  stands,
  start,
  visible,
} from "./browser.mjs";

let ui;
before(async () => (ui = await start()));
after(() => ui.close());

/** Fixtures with something to change, and the sign that all places show. */
const JUDGED = [
  ["s01", "error", /^Stopped: Server metadata$/],
  ["goon", "error", /^Stopped: Server metadata$/],
  ["works_but", "error", /^Works, with 1 error$/],
  ["findings", "error", /^Works, with 2 errors and 6 warnings$/],
];
const SIZES = [
  [1440, 900],
  [900, 600],
];

for (const [width, height] of SIZES) {
  test(`cause, owner and change are in sight at the end, ${width}×${height}`, async () => {
    for (const [fixture] of JUDGED) {
      const page = await ui.open(`?fixture=${fixture}`, { width, height });
      await page.find("start-run").click();
      await ended(page);
      const answer = page.find("verdict");
      for (const part of [answer.locator("h2"), answer.getByText(/^To fix:/), sentence(answer)])
        assert.deepEqual(await hidden(part), [], fixture);
      await page.shot(`answer-${fixture}-${width}`);
      await closed(page);
    }
  });

  test(`so they are for every scenario of the lab, ${width}×${height}`, async () => {
    const page = await ui.open("?fixture=recorded", { width, height });
    await page.evaluate(`window.hiddenParts = ${hiddenParts}`);
    const wrong = [];
    let judged = 0;
    for (const run of await labRuns()) {
      const hasFinding = run.update.findings?.added.some(({ level }) => level !== "note") ?? false;
      const cut = await page.evaluate(cutOfAnswer, { run, hasFinding });
      wrong.push(...cut.map((what) => `${run.scenario.slug}: ${what}`));
      if (hasFinding) judged += 1;
    }
    assert.deepEqual(wrong, []);
    assert.ok(judged > 100, `${judged} scenarios have something to change`);
    await closed(page);
  });

  test(`the bars leave room for the diagram, which never moves, ${width}×${height}`, async () => {
    const page = await ui.open("?fixture=healthy&at=0", { width, height });
    const top = () => page.find("diagram").evaluate((list) => list.getBoundingClientRect().top);
    const first = await top();
    const foot = await page.locator("footer").evaluate((bar) => bar.offsetHeight);
    assert.ok(first + foot <= 0.35 * height, `${first + foot} of ${height} px`);
    for (let at = 0; at < 5; at += 1) {
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.querySelector('[data-testid="exchanges"]'));
      assert.equal(await top(), first);
    }
    await stands(page, "awaiting_callback");
    assert.equal(await top(), first);
    await page.find("stop").click();
    await stands(page, "ended");
    assert.equal(await top(), first);
    await closed(page);
  });

  test(`no row is cut in two at the top, ${width}×${height}`, async () => {
    for (const query of ["?fixture=awaiting", "?fixture=healthy&at=end", "?fixture=s01&at=end"]) {
      const page = await ui.open(query, { width, height });
      await page.waitForFunction(() => {
        const list = document.querySelector('[data-testid="diagram"]');
        const edge = document.querySelector(".heads").getBoundingClientRect().bottom;
        return [...list.querySelectorAll("[role=option], .band")].every((row) => {
          const { top, bottom } = row.getBoundingClientRect();
          return bottom <= edge + 1 || top >= edge - 1;
        });
      });
      await closed(page);
    }
  });
}

test("status, phases, verdict, findings and the window's title say the same", async () => {
  for (const [fixture, sign, state] of JUDGED) {
    const page = await ui.open(`?fixture=${fixture}&at=end`);
    assert.match(await page.find("status").locator("b").first().innerText(), state, fixture);
    assert.match((await page.title()).split(" · ")[0], state, fixture);
    assert.match(await page.find("status").innerText(), /^\s*✕/, fixture);
    assert.match(await page.find("verdict").locator(".of").innerText(), /^\s*✕/, fixture);
    assert.ok((await page.locator(`[data-testid^="phase-"][data-sign="${sign}"]`).count()) > 0);
    await page.keyboard.press("f");
    const line = page.locator('[data-testid^="finding-"]').first();
    assert.ok(
      (await line.innerText()).includes(await page.find("verdict").locator("h2").innerText()),
    );
    assert.equal(await page.getByText("Nothing was found wrong").count(), 0);
    await closed(page);
  }
});

test("a note does not take the place of a success", async () => {
  const page = await ui.open("?fixture=note&at=end");
  assert.equal(
    await page.find("verdict").locator("h2").innerText(),
    "The flow works: nothing found wrong",
  );
  assert.match(await page.find("status").innerText(), /^\s*✓[\s\S]*Works/);
  assert.equal(await page.find("fix").count(), 0);
  await page.find("others").click();
  await visible(page.find("finding-J20"));
  assert.match(await page.getByRole("heading", { name: /Nothing to fix/ }).innerText(), /1/);
  await closed(page);
});

test("a value of the change is copied as it has to be written", async () => {
  const page = await ui.open("?fixture=works_but&at=end");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.find("fix-sentence").getByRole("button").click();
  await visible(page.find("fix-sentence").getByText("Copied"));
  assert.equal(
    await page.evaluate(() => navigator.clipboard.readText()),
    "http://127.0.0.1:41207/.well-known/oauth-protected-resource/mcp",
  );
  await closed(page);
});

test("what was expected stands beside what came, and the difference is marked", async () => {
  const page = await ui.open("?fixture=works_but&at=end");
  assert.deepEqual(await page.find("verdict").locator("mark").allInnerTexts(), ["/mcp", ""]);
  await closed(page);
});

test("the place of a finding is one click away, and marked", async () => {
  const page = await ui.open("?fixture=goon&at=end");
  await page.find("tab-timing").click();
  await page.find("where").click();
  const marked = page.locator("pre .pointed");
  await visible(marked.first());
  assert.match((await marked.allInnerTexts()).join(""), /^"issuer": "https:.*\/"$/);
  await closed(page);
});

test("many findings are one line each, by who has to act, what follows under its cause", async () => {
  const page = await ui.open("?fixture=findings&at=end", {
    width: 1440,
    height: 900,
  });
  await page.keyboard.press("f");
  const lines = page.locator('[data-testid^="finding-"]');
  assert.equal(await lines.count(), 13);
  const heads = await page.locator("[data-detail] h3").allInnerTexts();
  assert.match(heads[0], /^To fix: Authorization server\s+3$/);
  assert.deepEqual(
    await lines.evaluateAll((all) => all.slice(0, 3).map((line) => line.dataset.testid)),
    ["finding-S01", "finding-A30", "finding-R11"],
  );
  assert.match(await page.find("finding-A30").innerText(), /follows:\s*Tokens/);
  assert.equal(await lines.locator("blockquote").count(), 0);
  await page.find("finding-M11").getByRole("button").first().click();
  await visible(page.find("finding-M11").getByText("Change setting number 2."));
  await closed(page);
});

test("a phase leads to its worst finding, or to its first row", async () => {
  const page = await ui.open("?fixture=s01&at=end", {
    width: 1440,
    height: 900,
  });
  await page.find("phase-challenge").click();
  assert.equal(await selected(page), "row-1");
  await page.find("phase-server_metadata").click();
  assert.equal(await selected(page), "row-6");
  await closed(page);
});

test("running again keeps the run before, which opens as it was", async () => {
  const page = await ui.open("?fixture=s01");
  await page.find("start-run").click();
  await ended(page);
  assert.match(await page.find("restart").innerText(), /Run again/);
  await page.find("restart").click();
  await visible(page.find("compare-sentence"));
  await page.keyboard.press("Escape");
  await stands(page, "stopped");
  assert.match(await page.find("runs").innerText(), /2/);
  await page.find("runs").click();
  assert.match(await page.find("run-1").innerText(), /Stopped: Server metadata[\s\S]*no metadata/);
  await page.shot("runs");
  await page.find("run-1").click();
  await stands(page, "stopped");
  await closed(page);
});

test("what the browser shows is asked, advised on, and kept when the run is stopped", async () => {
  const page = await ui.open("?fixture=awaiting", { width: 900, height: 600 });
  await page.choose("An error page");
  await visible(page.find("advice"));
  assert.match(await page.find("awaiting").innerText(), /redirect_uri/);
  await visible(page.find("page"));
  assert.match(await page.find("page").innerText(), /answers 400 .* Unknown client/);
  await page.choose("Nothing");
  await page.choose("An error page");
  assert.equal(await page.find("page").count(), 1, "it is asked for once");
  await page.shot("browser-error");
  await page.find("stop").click();
  await stands(page, "ended");
  assert.match(await page.find("browser-showed").innerText(), /Your browser showed an error page/);
  await closed(page);
});

/** Runs in the page: shows a run, and says which parts of its answer are not whole in sight. All in one go, since it is done for
 * hundreds of runs. */
async function cutOfAnswer({ run, hasFinding }) {
  window.showRun(run);
  await new Promise(requestAnimationFrame);
  const answer = document.querySelector('[data-testid="verdict"]');
  const parts = [["the fact", answer?.querySelector("h2")]];
  if (hasFinding) {
    const owner = answer?.querySelector('[data-testid="fix"] b');
    parts.push(["the owner", owner?.innerText.startsWith("To fix: ") ? owner : null]);
    parts.push(["the change", answer?.querySelector('[data-testid="fix-sentence"]')]);
  }
  return parts.flatMap(([what, part]) => {
    if (!part?.checkVisibility() || part.innerText.trim() === "") return [`${what} is not there`];
    const cut = window.hiddenParts(part);
    return cut.length > 0 ? [`${what}, ${part.innerText}, is cut by ${cut}`] : [];
  });
}

const sentence = (answer) => answer.locator('[data-testid="fix-sentence"]');

async function ended(page) {
  await page.waitForFunction(() => {
    const paste = document.querySelector('[data-testid="paste-callback"]');
    if (paste && paste.value === "") {
      const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
      set.call(paste, "http://127.0.0.1:43117/callback?code=1&state=2");
      paste.dispatchEvent(new Event("input", { bubbles: true }));
      paste.form.requestSubmit();
    }
    const status = document.querySelector('[data-testid="status"]')?.dataset.status;
    return status === "stopped" || status === "done";
  });
}

test("a run that cannot be kept says so once, and goes on", async () => {
  const page = await ui.open("?fixture=s01&not-kept");
  await page.find("start-run").click();
  await stands(page, "stopped");
  const message = page.find("message");
  await visible(message);
  assert.match(await message.innerText(), /This run is not being kept: .* could not be written/);
  assert.equal(await message.count(), 1);
  await message.getByRole("button", { name: "Dismiss" }).click();
  await message.waitFor({ state: "detached" });
  await visible(page.find("not-kept"));
  await page.shot("not-kept-dark-1440");
  await closed(page);
});
