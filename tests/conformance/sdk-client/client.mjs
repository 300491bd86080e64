// A small client on the official TypeScript SDK, for the comparison in `cargo xtask bench conformance`:
//   node client.mjs MCP_URL
// Everything in memory; the redirect is read from the answer to the authorization request, without a listener. Lists the
// tools and calls the first.
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';

const url = new URL(process.argv[2]);
const redirectUrl = 'http://localhost:3000/callback';
const { client_id, client_secret } = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');

const memory = { authorizations: 0, client: client_id && { client_id, client_secret } };
const provider = {
  redirectUrl,
  clientMetadataUrl: 'https://conformance-test.local/client-metadata.json',
  clientMetadata: {
    client_name: 'SDK client',
    redirect_uris: [redirectUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    application_type: 'native',
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
    if (memory.authorizations > 3) throw new Error('the server asks for more and more');
    const { headers } = await fetch(target, { redirect: 'manual' });
    memory.callback = new URL(headers.get('location')).searchParams;
  },
};

let transport;

// The SDK leaves it to its caller to finish an authorization and to try again.
async function authorized(call) {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
      if (memory.callback.get('state') !== memory.state) throw new Error('state is another one', { cause: error });
      await transport.finishAuth(memory.callback);
    }
  }
}

const client = await authorized(async () => {
  transport = new StreamableHTTPClientTransport(url, { authProvider: provider });
  const connected = new Client({ name: 'sdk-client', version: '1.0.0' });
  await connected.connect(transport);
  return connected;
});
const { tools } = await authorized(() => client.listTools());
if (tools.length > 0) await authorized(() => client.callTool({ name: tools[0].name, arguments: {} }));
await client.close();
