// Runs a whole flow against an MCP server with the TypeScript SDK's own client, without a person:
//   node client.mjs MCP_URL [--era modern|auto|legacy|v1] [--observed]
// modern, auto and legacy use @modelcontextprotocol/client 2, v1 uses @modelcontextprotocol/sdk 1.
// With --observed there is a proxy in between: the token names the real servers, and is not checked.
// Prints one JSON object with what it got; exits 0 when every tool answered as it should.
import { createRemoteJWKSet, jwtVerify } from 'jose';

const [url, ...rest] = process.argv.slice(2);
const era = rest.includes('--era') ? rest[rest.indexOf('--era') + 1] : 'modern';
const observed = rest.includes('--observed');
const redirectUrl = 'http://127.0.0.1:43117/callback';
const requests = [];
const sent = [];

async function recorded(input, init) {
  const response = await fetch(input, init);
  const target = new URL(input instanceof Request ? input.url : input);
  sent.push({ method: init?.method ?? 'GET', url: String(target), body: String(init?.body ?? '') });
  requests.push(`${init?.method ?? 'GET'} ${target.pathname} ${response.status}`);
  return response;
}

const memory = { authorizations: 0, callback: undefined };
const provider = {
  redirectUrl,
  clientMetadata: {
    client_name: 'SDK client <check>',
    redirect_uris: [redirectUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  state: () => (memory.state = crypto.randomUUID()),
  clientInformation: () => memory.client,
  saveClientInformation: (client) => void (memory.client = client),
  tokens: () => memory.tokens,
  saveTokens: (tokens) => void (memory.tokens = tokens),
  discoveryState: () => memory.discovery,
  saveDiscoveryState: (discovery) => void (memory.discovery = discovery),
  codeVerifier: () => memory.verifier,
  saveCodeVerifier: (verifier) => void (memory.verifier = verifier),
  redirectToAuthorization: async (target) => {
    memory.authorizations += 1;
    memory.callback = await approve(target);
  },
  // Without this the clients keep a refresh token that was answered invalid_grant.
  invalidateCredentials: (scope) => {
    if (scope === 'all' || scope === 'tokens') memory.tokens = undefined;
    if (scope === 'all' || scope === 'client') memory.client = undefined;
  },
};

// What a browser and a person would do: follow redirects, send the form with the values it came with.
async function approve(target) {
  let response = await recorded(target, { redirect: 'manual' });
  for (let hop = 0; hop < 10; hop += 1) {
    const location = response.headers.get('location');
    if (location?.startsWith(redirectUrl)) return new URL(location).searchParams;
    if (location) {
      target = new URL(location, target);
      response = await recorded(target, { redirect: 'manual' });
      continue;
    }
    const page = await response.text();
    const action = page.match(/<form[^>]*action="([^"]*)"/)?.[1];
    if (!action) throw new Error(`the authorization endpoint answered ${response.status}: ${page.slice(0, 500)}`);
    const form = new URLSearchParams();
    for (const [input] of page.matchAll(/<input[^>]*>/g)) {
      form.append(input.match(/name="([^"]*)"/)[1], input.match(/value="([^"]*)"/)[1]);
    }
    target = new URL(action, target);
    response = await recorded(target, { method: 'POST', body: form, redirect: 'manual' });
  }
  throw new Error('too many redirects');
}

async function load() {
  if (era === 'v1') {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
    const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
    const { UnauthorizedError } = await import('@modelcontextprotocol/sdk/client/auth.js');
    return { Client, StreamableHTTPClientTransport, UnauthorizedError, finish: (t, c) => t.finishAuth(c.get('code')) };
  }
  const { Client, StreamableHTTPClientTransport, UnauthorizedError } = await import('@modelcontextprotocol/client');
  return { Client, StreamableHTTPClientTransport, UnauthorizedError, finish: (t, c) => t.finishAuth(c) };
}

const { Client, StreamableHTTPClientTransport, UnauthorizedError, finish } = await load();
const mode = { modern: { pin: '2026-07-28' }, auto: 'auto', legacy: 'legacy' }[era];
const options = mode ? { versionNegotiation: { mode } } : {};
let client;
let transport;

async function connect() {
  transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider, fetch: recorded });
  client = new Client({ name: 'sdk-client', version: '1.0.0' }, options);
  await client.connect(transport);
}

async function authorized(call) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof UnauthorizedError) || attempt === 3) throw error;
      if (memory.callback?.get('state') !== memory.state) throw new Error('state is another one', { cause: error });
      await finish(transport, memory.callback);
    }
  }
}

function same(what, got, wanted) {
  if (JSON.stringify(got) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
  }
}

try {
  await authorized(connect);
  const { tools } = await authorized(() => client.listTools());
  const names = tools.map((tool) => tool.name);
  same('tools', names, ['echo', 'add', 'write_note']);
  const text = async (name, args) =>
    (await authorized(() => client.callTool({ name, arguments: args }))).content[0].text;
  same('echo', await text('echo', { text: 'grüß dich' }), 'grüß dich');
  same('add', await text('add', { a: 20, b: 22 }), '42');
  const scopeBefore = memory.tokens.scope;
  const server = client.getServerVersion();
  // With a refresh token version 1 refreshes where a step-up is due, and gets the same scope again.
  if (era === 'v1') delete memory.tokens.refresh_token;
  same('write_note', await text('write_note', { text: 'a note' }), 'kept as note 1');

  if (!observed) {
    const issuer = memory.callback.get('iss');
    const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
    const { payload } = await jwtVerify(memory.tokens.access_token, keys, { issuer, audience: url, typ: 'at+jwt' });
    same('scope', payload.scope, memory.tokens.scope);
  }
  await client.close();
  console.log(
    JSON.stringify(
      {
        era,
        server,
        tools: names,
        authorizations: memory.authorizations,
        refreshes: requests.filter((line) => line === 'POST /token 200').length - memory.authorizations,
        scopeBefore,
        scope: memory.tokens.scope,
        requests,
        sent,
      },
      null,
      2,
    ),
  );
} catch (error) {
  console.error(error, requests);
  process.exitCode = 1;
}
