// Plays the SDK's client in Node.js, recorded by axios-har-tracker, node-fetch-har and mockttp.
//   node node.mjs PATH-OF-AUTHSCOPE-CLI healthy S06 …
import fs from 'node:fs'; import { spawn } from 'node:child_process'; import { createRequire } from 'node:module';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
const require = createRequire(import.meta.url);
const axios = require('axios'); const { AxiosHarTracker } = require('axios-har-tracker');
const { withHar, createHarLog } = require('node-fetch-har');
const [command, ...names] = process.argv.slice(2);
async function play(server, fetch) {
  const kept = {};
  const redirect = 'http://127.0.0.1:9/callback';
  const provider = {
    get redirectUrl() { return redirect; },
    get clientMetadata() { return { redirect_uris: [redirect], token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], client_name: 'Recorded client' }; },
    state() { return kept.state ??= Math.random().toString(36).slice(2); },
    clientInformation() { return kept.client; }, saveClientInformation(c) { kept.client = c; },
    tokens() { return kept.tokens; }, saveTokens(t) { kept.tokens = t; },
    async redirectToAuthorization(url) { kept.url = url; },
    saveCodeVerifier(v) { kept.verifier = v; }, codeVerifier() { return kept.verifier; },
  };
  const connect = async () => { const c = new Client({ name: 'recorded', version: '1' }); const t = new StreamableHTTPClientTransport(new URL(server), { authProvider: provider, fetch }); try { await c.connect(t); return await c.listTools(); } catch (e) { e.transport = t; throw e; } };
  try { return 'tools ' + (await connect()).tools.length; } catch (e) {
    if (!kept.url) return 'error ' + e;
    // The browser: each redirect is a request of its own; a form is sent as it stands.
    let url = String(kept.url); let method = 'GET', body;
    for (let i = 0; i < 8; i++) {
      const a = await fetch(url, { method, body, redirect: 'manual', headers: body ? { 'content-type': 'application/x-www-form-urlencoded' } : {} });
      const to = a.headers.get('location');
      if (to) { url = new URL(to, url).href; method = 'GET'; body = undefined; if (url.startsWith(redirect)) break; continue; }
      const text = await a.text(); const action = /<form[^>]*action="([^"]*)"/.exec(text)?.[1]; if (!/<form/.test(text)) return 'stuck ' + a.status + text.slice(0, 80);
      const f = new URLSearchParams(); for (const m of text.matchAll(/<(?:input|button)[^>]*name="([^"]*)"[^>]*value="([^"]*)"/g)) if (![...f.keys()].includes(m[1])) f.append(m[1], m[2].replaceAll('&amp;', '&'));
      url = new URL((action ?? '').replaceAll('&amp;', '&'), url).href; method = 'POST'; body = f.toString();
    }
    const code = new URL(url).searchParams.get('code'); if (!code) return 'no code ' + url;
    try { await e.transport.finishAuth(code); return 'tools ' + (await connect()).tools.length; } catch (e2) { return 'error ' + e2; }
  }
}
for (const name of names) for (const how of ['axios', 'nodefetch', 'mockttp']) {
  const lab = spawn(command, ['lab', ...(name === 'healthy' ? [] : ['--misbehave', name])]);
  const ready = JSON.parse(await new Promise((r) => lab.stdout.once('data', (d) => r(String(d)))));
  const server = ready.run.find((a) => a.startsWith('http'));
  try {
    if (how === 'axios') {
      const instance = axios.create({ validateStatus: () => true, maxRedirects: 0, responseType: 'text', transformResponse: [(x) => x] }); const tracker = new AxiosHarTracker(instance);
      const said = await play(server, async (url, init = {}) => { if ((init.headers?.get?.('accept') ?? '') === 'text/event-stream') return new Response('', { status: 405 }); const a = await instance.request({ url: String(url), method: init.method ?? 'GET', data: init.body, headers: Object.fromEntries(new Headers(init.headers)) }); return new Response([204, 304].includes(a.status) ? null : a.data, { status: a.status, headers: Object.fromEntries(Object.entries(a.headers).map(([k, v]) => [k, String(v)])) }); });
      console.log(name, how, said); fs.writeFileSync(`axios-${name}.har`, JSON.stringify(tracker.getGeneratedHar()));
    } else if (how === 'nodefetch') {
      const base = require('node-fetch'); const har = createHarLog(); const wrapped = withHar(base, { har });
      const said = await play(server, async (url, init = {}) => { if ((init.headers?.get?.('accept') ?? '') === 'text/event-stream') return new Response('', { status: 405 }); const a = await wrapped(String(url), { ...init, signal: undefined, body: init.body == null ? undefined : String(init.body), headers: Object.fromEntries(new Headers(init.headers)) }); const h = {}; a.headers.forEach((v, k) => h[k] = v); const text = await a.text(); return new Response([204, 304].includes(a.status) ? null : text, { status: a.status, headers: h }); });
      console.log(name, how, said); fs.writeFileSync(`nodefetch-${name}.har`, JSON.stringify(har));
    } else {
      const mockttp = await import('mockttp'); const proxy = mockttp.getLocal(); await proxy.start(); await proxy.forUnmatchedRequest().thenPassThrough();
      const events = []; const done = [];
      await proxy.on('request', (r) => done.push(r.body.getText().then((text) => events.push({ kind: 'request', r, text }))));
      await proxy.on('response', (r) => done.push(r.body.getText().then((text) => events.push({ kind: 'response', r, text }))));
      const agent = new (require('http').Agent)(); const base = require('node-fetch'); const { HttpProxyAgent } = require('http-proxy-agent');
      const pa = new HttpProxyAgent(proxy.url);
      const said = await play(server, async (url, init = {}) => { if ((init.headers?.get?.('accept') ?? '') === 'text/event-stream') return new Response('', { status: 405 }); const a = await base(String(url), { ...init, agent: pa, signal: undefined, body: init.body == null ? undefined : String(init.body), headers: Object.fromEntries(new Headers(init.headers)) }); const h = {}; a.headers.forEach((v, k) => h[k] = v); const text = await a.text(); return new Response([204, 304].includes(a.status) ? null : text, { status: a.status, headers: h }); });
      await Promise.all(done); console.log(name, how, said);
      fs.writeFileSync(`mockttp-${name}.json`, JSON.stringify(events.map((e) => ({ kind: e.kind, text: e.text, id: e.r.id, method: e.r.method, url: e.r.url, statusCode: e.r.statusCode, statusMessage: e.r.statusMessage, httpVersion: e.r.httpVersion, rawHeaders: e.r.rawHeaders, timing: e.r.timingEvents }))));
      await proxy.stop();
    }
  } catch (e) { console.log(name, how, 'failed', e.stack.slice(0, 400)); }
  lab.kill();
}
process.exit(0);
