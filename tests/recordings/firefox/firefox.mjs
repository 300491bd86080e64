// Records page.mjs, bundled as bundle.js, with the export of Firefox's network panel, in a folder for each name.
//   node firefox.mjs PATH-OF-AUTHSCOPE-CLI PATH-OF-FIREFOX healthy S06 …
import puppeteer from 'puppeteer-core';
import http from 'node:http'; import fs from 'node:fs'; import path from 'node:path'; import { spawn } from 'node:child_process';
const [command, firefoxPath, ...names] = process.argv.slice(2);
const js = fs.readFileSync('bundle.js');
const page = '<!doctype html><title>start</title><link rel="icon" href="data:,"><body><script type="module" src="/bundle.js"></script>';
const site = http.createServer((q, a) => q.url.startsWith('/bundle.js') ? a.setHeader('content-type', 'text/javascript').end(js) : a.setHeader('content-type', 'text/html').end(page)).listen(0, '127.0.0.1');
await new Promise((r) => site.once('listening', r));
const here = `http://127.0.0.1:${site.address().port}/`;
for (const name of names) {
  const dir = path.resolve(`firefox-${name}`); fs.rmSync(dir, { recursive: true, force: true }); fs.mkdirSync(dir);
  const lab = spawn(command, ['lab', ...(name === 'healthy' ? [] : ['--misbehave', name])]);
  const ready = JSON.parse(await new Promise((r) => lab.stdout.once('data', (d) => r(String(d)))));
  const server = ready.run.find((a) => a.startsWith('http'));
  let browser;
  try {
    browser = await puppeteer.launch({ browser: 'firefox', executablePath: firefoxPath, headless: false, args: ['-devtools'], timeout: 90000, protocolTimeout: 120000, extraPrefsFirefox: { 'devtools.toolbox.selectedTool': 'netmonitor', 'devtools.netmonitor.persistlog': true, 'devtools.webconsole.persistlog': true, 'devtools.netmonitor.har.enableAutoExportToFile': true, 'devtools.netmonitor.har.defaultLogDir': dir, 'devtools.netmonitor.har.includeResponseBodies': true, 'devtools.netmonitor.har.multiple-pages': true, 'devtools.netmonitor.har.jsonp': false, 'devtools.netmonitor.har.pageLoadedTimeout': 1500, 'devtools.netmonitor.har.compress': false, 'devtools.chrome.enabled': true } });
    const tab = (await browser.pages())[0] ?? await browser.newPage();
    await new Promise((r) => setTimeout(r, 6000));
    await tab.goto(here + '?server=' + encodeURIComponent(server)).catch((e) => console.log('goto', e.message));
    for (let i = 0; i < 8; i++) {
      let state = 'wait';
      for (let n = 0; n < 60; n++) { state = await tab.evaluate(() => document.title === 'done' ? 'done' : document.querySelector('form button, form input[type=submit]') ? 'form' : 'wait').catch(() => 'wait'); if (state !== 'wait') break; await new Promise((r) => setTimeout(r, 500)); }
      if (state !== 'form') { console.log(name, state, tab.url().slice(0, 60), await tab.evaluate(() => document.body.textContent).catch(String)); break; }
      await tab.evaluate(() => document.querySelector('form button, form input[type=submit]').click()).catch(() => {}); await new Promise((r) => setTimeout(r, 1500));
    }
    await new Promise((r) => setTimeout(r, 6000));
    console.log(fs.readdirSync(dir));
  } catch (e) { console.log(name, 'failed', e.stack.slice(0, 500)); }
  await browser?.close().catch(() => {}); lab.kill();
}
site.close(); process.exit(0);
