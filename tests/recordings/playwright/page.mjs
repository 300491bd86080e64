// The TypeScript SDK as a client in a page: it leaves for the login and comes back with the code.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
const here = location.origin + '/';
const get = (k) => { const v = localStorage.getItem(k); return v ? JSON.parse(v) : undefined; };
const set = (k, v) => localStorage.setItem(k, JSON.stringify(v));
const query = new URLSearchParams(location.search);
if (query.get('server')) set('server', query.get('server'));
const provider = {
  get redirectUrl() { return here; },
  get clientMetadata() { return { client_name: 'A page with the TypeScript SDK', redirect_uris: [here], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], token_endpoint_auth_method: 'none' }; },
  state() { const s = crypto.randomUUID(); set('state', s); return s; },
  clientInformation() { return get('client'); },
  saveClientInformation(c) { set('client', c); },
  tokens() { return get('tokens'); },
  saveTokens(t) { set('tokens', t); },
  redirectToAuthorization(url) { document.title = 'leaving'; location.href = url; },
  saveCodeVerifier(v) { set('verifier', v); },
  codeVerifier() { return get('verifier'); },
};
const url = new URL(get('server'));
const say = (t) => { document.body.textContent = t; document.title = 'done'; };
try {
  if (query.get('code')) {
    const transport = new StreamableHTTPClientTransport(url, { authProvider: provider });
    await transport.finishAuth(query.get('code'));
  }
  const client = new Client({ name: 'page', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(url, { authProvider: provider }));
  const tools = await client.listTools();
  say('tools ' + tools.tools.length);
} catch (e) { if (document.title !== 'leaving') say('error ' + e); }
