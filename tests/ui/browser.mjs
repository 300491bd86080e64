// Serves the front-end, built with the fake host, on a loopback port under the content security policy of the program,
// and opens pages in it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, readdir } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const DIST = join(ROOT, "target/ui-fixtures");
const ARTEFACTS = join(ROOT, "tests/artefacts/ui");

const { chromium } = createRequire(join(ROOT, "ui/package.json"))("playwright-core");

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

export const visible = (locator) => locator.waitFor({ state: "visible" });
export const status = (page) => page.find("status").getAttribute("data-status");
export const selected = (page) =>
  page.locator('[role=option][aria-selected=true][id^="row-"]').getAttribute("id");

/** Waits until the window says it stands so. */
export async function stands(page, wanted) {
  await page.waitForFunction(
    (is) => document.querySelector('[data-testid="status"]')?.getAttribute("data-status") === is,
    wanted,
  );
}

/** What of an element is not in sight: outside of the window or of a box that scrolls. */
export async function hidden(locator) {
  await visible(locator);
  return locator.evaluate(hiddenParts);
}

/** Runs in the page: by what an element is cut. */
export function hiddenParts(element) {
  const found = [];
  const own = element.getBoundingClientRect();
  for (let box = element.parentElement; box; box = box.parentElement) {
    if (getComputedStyle(box).overflowY === "visible" && box !== document.documentElement) continue;
    const { top, bottom } = box.getBoundingClientRect();
    if (own.top < top - 1 || own.bottom > bottom + 1) found.push(box.className || box.tagName);
  }
  return found;
}

/** Every scenario of the lab at its end, as the program tells it. */
export async function labRuns() {
  const folder = join(ROOT, "target/lab-runs");
  const names = await readdir(folder).catch(() => []);
  assert.ok(names.length > 100, `no runs in ${folder}: \`cargo xtask fixtures\` records them`);
  const read = async (name) => JSON.parse(await readFile(join(folder, name), "utf8"));
  return Promise.all(names.sort().map(read));
}

/** Replaces the text of an editor. It is emptied first, since Chromium gives what is put over coloured text its style. */
export async function rewrite(editor, text) {
  const { keyboard } = editor.page();
  await editor.click();
  await keyboard.press("Control+a");
  await keyboard.press("Delete");
  await keyboard.insertText(text);
}

/** The end of a test: nothing was objected to on the way. */
export async function closed(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

/** Everything a test file needs; `close` at its end. */
export async function start() {
  const { app } = JSON.parse(await readFile(join(ROOT, "tauri.conf.json"), "utf8"));
  const policy = app.security.csp;
  const server = createServer((request, response) => serve(request, response, policy));
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  await mkdir(ARTEFACTS, { recursive: true });
  return {
    open: (query, options) =>
      open(browser, `http://127.0.0.1:${server.address().port}/${query}`, options),
    close: async () => {
      await browser.close();
      server.close();
    },
  };
}

/** A page with the fake in it; `complaints` collects what the console and the policy object to. */
async function open(
  browser,
  url,
  {
    width = 1280,
    height = 800,
    theme = "dark",
    motion = "reduce",
    forced = "none",
    timeout = 8_000,
  } = {},
) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: motion,
    forcedColors: forced,
  });
  context.setDefaultTimeout(timeout);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  // The program freezes it; code that cannot live with that fails here first.
  await page.addInitScript(() => Object.freeze(Object.prototype));
  await page.goto(url);
  await page.waitForSelector("footer");
  await page.evaluate(() => document.fonts.ready);
  return Object.assign(page, {
    complaints,
    find: (testid) => page.locator(`[data-testid="${testid}"]`),
    // The radio itself is hidden; people press its label.
    choose: (name) => page.locator("label", { has: page.getByRole("radio", { name }) }).click(),
    shot: (name) => page.screenshot({ path: join(ARTEFACTS, `${name}.png`) }),
  });
}

async function serve(request, response, policy) {
  const { pathname } = new URL(request.url, "http://localhost");
  const path = normalize(
    join(DIST, pathname === "/" ? "index.html" : decodeURIComponent(pathname)),
  );
  let body = path.startsWith(DIST) ? await readFile(path).catch(() => null) : null;
  if (body === null) return response.writeHead(404).end();
  let sources = policy;
  if (extname(path) === ".html") {
    // Tauri does the same: a nonce for the style element of the page, and a word of it in the policy.
    const nonce = randomBytes(8).toString("hex");
    body = body.toString().replace("<style", `<style nonce="${nonce}"`);
    sources = { ...policy, "style-src": `${policy["style-src"]} 'nonce-${nonce}'` };
  }
  response.writeHead(200, {
    "content-type": TYPES[extname(path)] ?? "application/octet-stream",
    "content-security-policy": Object.entries(sources)
      .map(([directive, sources]) => `${directive} ${sources}`)
      .join("; "),
  });
  response.end(body);
}
