// Records page.mjs, bundled as bundle.js (esbuild --bundle --format=esm), against the lab.
//   node record.mjs PATH-OF-AUTHSCOPE-CLI PATH-OF-CHROMIUM healthy S06 …
import { chromium } from 'playwright-core';
import http from 'node:http'; import fs from 'node:fs'; import { spawn } from 'node:child_process';
const [command, chromiumPath, ...names] = process.argv.slice(2);
const js = fs.readFileSync('bundle.js');
const page = '<!doctype html><title>start</title><link rel="icon" href="data:,"><body><script type="module" src="/bundle.js"></script>';
const site = http.createServer((q, a) => q.url.startsWith('/bundle.js') ? a.setHeader('content-type', 'text/javascript').end(js) : a.setHeader('content-type', 'text/html').end(page)).listen(0, '127.0.0.1');
await new Promise((r) => site.once('listening', r));
const here = `http://127.0.0.1:${site.address().port}/`;
const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
for (const name of names) {
  const lab = spawn(command, ['lab', ...(name === 'healthy' ? [] : ['--misbehave', name])]);
  const ready = JSON.parse(await new Promise((r) => lab.stdout.once('data', (d) => r(String(d)))));
  const server = ready.run.find((a) => a.startsWith('http'));
  const context = await browser.newContext({ recordHar: { path: `${name}.har`, content: 'embed', urlFilter: (/^(?!.*bundle\.js)/) } });
  const tab = await context.newPage();
  await tab.goto(here + '?server=' + encodeURIComponent(server));
  for (let i = 0; i < 6; i++) {
    const state = await Promise.race([
      tab.waitForFunction(() => document.title === 'done', null, { timeout: 12000 }).then(() => 'done'),
      tab.waitForSelector('form button, form input[type=submit]', { timeout: 12000 }).then(() => 'form'),
    ]).catch((e) => 'late ' + e.message.split('\n')[0]);
    if (state !== 'form') { console.log(name, state, tab.url().slice(0, 60), (await tab.textContent('body')).slice(0, 150)); break; }
    await tab.locator('form button, form input[type=submit]').first().click().catch(() => {});
  }
  await context.close(); lab.kill();
}
await browser.close(); site.close();
