// Records page.mjs, bundled as bundle.js, with Chromium's own DevTools and with chrome-har.
//   node devtools.mjs PATH-OF-AUTHSCOPE-CLI PATH-OF-CHROMIUM healthy S06 …
import puppeteer from 'puppeteer-core';
import { harFromMessages } from 'chrome-har';
import http from 'node:http'; import fs from 'node:fs'; import { spawn } from 'node:child_process';
const [command, chromiumPath, ...names] = process.argv.slice(2);
const js = fs.readFileSync('bundle.js');
const page = '<!doctype html><title>start</title><link rel="icon" href="data:,"><body><script type="module" src="/bundle.js"></script>';
const site = http.createServer((q, a) => q.url.startsWith('/bundle.js') ? a.setHeader('content-type', 'text/javascript').end(js) : a.setHeader('content-type', 'text/html').end(page)).listen(0, '127.0.0.1');
await new Promise((r) => site.once('listening', r));
const here = `http://127.0.0.1:${site.address().port}/`;
for (const name of names) {
  const browser = await puppeteer.launch({ executablePath: chromiumPath, headless: false, devtools: true, handleDevToolsAsPage: true, args: ['--no-sandbox', '--no-first-run'], protocolTimeout: 120000 });
  const lab = spawn(command, ['lab', ...(name === 'healthy' ? [] : ['--misbehave', name])]);
  const ready = JSON.parse(await new Promise((r) => lab.stdout.once('data', (d) => r(String(d)))));
  const server = ready.run.find((a) => a.startsWith('http'));
  try {
    const tab = (await browser.pages()).find((p) => !p.url().startsWith('devtools')) ?? await browser.newPage();
    let tools;
    for (let i = 0; i < 100 && !tools; i++) { for (const t of browser.targets()) if (t.url().startsWith('devtools://')) { tools = await t.asPage(); break; } await new Promise((r) => setTimeout(r, 200)); }
    for (let n = 0; ; n++) try { await tools.evaluate(async () => {
      const Common = await import('./core/common/common.js');
      const s = Common.Settings.Settings.instance();
      let set = []; for (const n of ['network-log.preserve-log', 'network_log.preserve-log']) try { s.moduleSetting(n).set(true); set.push(n); } catch {} if (!set.length) throw new Error('no setting yet');
      const Logs = await import('./models/logs/logs.js'); Logs.NetworkLog.NetworkLog.instance();
    }); break; } catch (e) { if (n > 30) throw e; await new Promise((r) => setTimeout(r, 500)); }
    await new Promise((r) => setTimeout(r, 1500));
    const cdp = await tab.createCDPSession();
    const messages = [];
    await cdp.send('Page.enable'); await cdp.send('Network.enable');
    cdp.on('*', (method, params) => { if (typeof method === 'string' && /^(Page|Network)\./.test(method)) messages.push({ method, params }); });
    cdp.on('Network.loadingFinished', async (p) => { try { const b = await cdp.send('Network.getResponseBody', { requestId: p.requestId }); for (const m of messages) if (m.method === 'Network.responseReceived' && m.params.requestId === p.requestId) { m.params.response.body = b.body; if (b.base64Encoded) m.params.response.encoding = 'base64'; } } catch {} });
    await tab.goto(here + '?server=' + encodeURIComponent(server));
    for (let i = 0; i < 8; i++) {
      const state = await Promise.race([
        tab.waitForFunction(() => document.title === 'done', { timeout: 40000 }).then(() => 'done'),
        tab.waitForSelector('form button, form input[type=submit]', { timeout: 40000 }).then(() => 'form'),
      ]).catch((e) => 'late ' + e.message.split('\n')[0]);
      if (state !== 'form') { console.log(name, state, tab.url().slice(0, 60), (await tab.evaluate(() => document.body.textContent)).slice(0, 150)); if (state.startsWith('late') && i < 3 && /context|detached|navig/i.test(state)) continue; break; }
      await tab.click('form button, form input[type=submit]').catch(() => {});
    }
    await new Promise((r) => setTimeout(r, 1500));
        fs.writeFileSync(`chromehar-${name}.har`, JSON.stringify(harFromMessages(messages, { includeTextFromResponseBody: true })));
    for (const sanitize of [true, false]) {
      const text = await tools.evaluate(async (sanitize) => {
        const HAR = await import('./models/har/har.js'); const Logs = await import('./models/logs/logs.js');
        const requests = Logs.NetworkLog.NetworkLog.instance().requests();
        const W = HAR.Writer?.Writer ?? HAR.HARWriter?.Writer ?? (await import('./panels/network/network.js')).HARWriter?.HARWriter;
        if (!W) return JSON.stringify({ keys: Object.keys(HAR) });
        const progress = { createSubProgress() { return progress; }, set totalWork(x) {}, set worked(x) {}, set title(x) {}, setTitle() {}, setTotalWork() {}, setWorked() {}, incrementWorked() {}, done() {}, isCanceled() { return false; }, canceled: false };
        if (W.harStringForRequests) return await W.harStringForRequests(requests, { sanitize }, progress).catch((e) => JSON.stringify({ error: String(e.stack), statics: Object.getOwnPropertyNames(W) }));
        let out = ''; await W.write({ write: async (t) => { out += t; } }, requests, { sanitize }, progress); return out;
      }, sanitize);
      fs.writeFileSync(`devtools${sanitize ? '-sanitized' : ''}-${name}.har`, text);
    }
  } catch (e) { console.log(name, 'failed', e.stack.slice(0, 600)); }
  await browser.close().catch(() => {}); lab.kill();
}
site.close();
