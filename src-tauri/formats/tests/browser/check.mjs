// Opens exports in Chromium and says what it saw, one JSON line for each argument: a page (.html), a picture (.svg), a
// report (.md), or a HAR file whose first request is answered from it.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// The packages are installed outside the source tree, where an import would not look for them.
const require = createRequire(join(process.env.BROWSER_TOOLS, "package.json"));
const { chromium } = require("playwright-core");
const markdown = require("markdown-it")({ html: true, linkify: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});

/** A tab that counts what must not happen. */
async function opened(colorScheme, viewport = { width: 1280, height: 900 }) {
  const context = await browser.newContext({ colorScheme, viewport });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  const seen = { violations: [], errors: [], dialogs: 0, requests: [] };
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) seen.violations.push(message.text());
    else if (message.type() === "error") seen.errors.push(message.text());
  });
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("dialog", (dialog) => ((seen.dialogs += 1), dialog.dismiss()));
  page.on("request", (request) => seen.requests.push(request.url()));
  return { context, page, seen };
}

async function lookAtPage(path) {
  const { context, page, seen } = await opened("light");
  await page.goto(pathToFileURL(path).href);
  const exchanges = await page.locator("details").count();
  const visible = () => page.locator("details:visible").count();
  const said = {
    title: await page.title(),
    exchanges,
    findings: await page.locator("article.finding").count(),
    steps: await page.locator("svg [data-step]").count(),
    verdict: await page.locator(".verdict").innerText(),
    // Elements that only a server's words could have made.
    foreign: await page.locator("b[onclick], img, iframe, object, embed, link, base, form[action]").count(),
    scripts: await page.evaluate(() => document.querySelectorAll("script").length),
    wide: await page.evaluate(() => document.documentElement.scrollWidth > innerWidth),
  };
  await page.locator("input[type=search]").fill("no such word anywhere");
  said.none = await visible();
  await page.locator("input[type=search]").fill("post");
  said.posts = await visible();
  await page.locator("input[type=search]").fill("");
  await page.locator("input[type=checkbox]").check();
  said.found = await visible();
  await page.locator("input[type=checkbox]").uncheck();
  await page.locator("svg a").first().click();
  said.opened = await page.locator("details[open]").count();
  if (process.env.PICTURES) {
    for (const scheme of ["light", "dark"]) {
      for (const [width, height] of [
        [1440, 900],
        [900, 600],
      ]) {
        const shot = await opened(scheme, { width, height });
        await shot.page.goto(pathToFileURL(path).href);
        await shot.page.screenshot({
          path: join(process.env.PICTURES, `page-${scheme}-${width}.png`),
          fullPage: width === 1440,
        });
        await shot.context.close();
      }
    }
  }
  const pdf = await page.pdf({ format: "A4", printBackground: true, preferCSSPageSize: true });
  writeFileSync(`${path}.pdf`, pdf);
  said.pages = (pdf.toString("latin1").match(/\/Type\s*\/Page\b/g) ?? []).length;
  // As on paper: everything is open, the filter is gone.
  await page.emulateMedia({ media: "print" });
  said.printed_filter = await page.locator(".filter").isVisible();
  await context.close();
  return { ...said, ...seen };
}

async function lookAtPicture(path) {
  const { context, page, seen } = await opened("dark");
  await page.goto(pathToFileURL(path).href);
  const said = {
    root: await page.evaluate(() => document.documentElement.tagName),
    steps: await page.locator("[data-step]").count(),
    foreign: await page.locator("script, foreignObject, image, a, [onclick]").count(),
    // No text reaches over the edge.
    over: await page.evaluate(() => {
      const edge = document.documentElement.getBoundingClientRect().right;
      const texts = [...document.querySelectorAll("text")];
      return texts.filter((text) => text.getBoundingClientRect().right > edge + 1).length;
    }),
  };
  if (process.env.PICTURES) await page.screenshot({ path: join(process.env.PICTURES, "picture.png") });
  await context.close();
  return { ...said, ...seen };
}

async function lookAtReport(path) {
  const { context, page, seen } = await opened("light");
  const html = markdown.render(readFileSync(path, "utf8"));
  await page.setContent(html);
  const all = (selector) => page.locator(selector).count();
  const said = {
    headings: await page.locator("h1, h2, h3").allInnerTexts(),
    blocks: await all("pre"),
    // What the report itself never writes.
    foreign: await all("img, b, em, table, hr, blockquote, del, script, [onclick], h4, h5, h6"),
    // All links are to specifications.
    links: await page.locator("a").evaluateAll((links) => links.map((link) => link.href)),
  };
  await context.close();
  return { ...said, ...seen };
}

async function answerFrom(path) {
  const { context, page } = await opened("light");
  const { entries } = JSON.parse(readFileSync(path, "utf8")).log;
  await page.routeFromHAR(path, { notFound: "abort", url: /.*/ });
  const answers = [];
  for (const { request, response } of entries) {
    if (request.method !== "GET" || response.status !== 200) continue;
    const answer = await page.goto(request.url).catch(() => null);
    answers.push([answer?.status() ?? 0, response.status]);
  }
  await context.close();
  return { answers, bytes: statSync(path).size };
}

for (const path of process.argv.slice(2)) {
  const look = path.endsWith(".html")
    ? lookAtPage
    : path.endsWith(".svg")
      ? lookAtPicture
      : path.endsWith(".md")
        ? lookAtReport
        : answerFrom;
  console.log(JSON.stringify(await look(path)));
}
await browser.close();
