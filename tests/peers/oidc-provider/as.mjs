// An authorization server built on node oidc-provider; every login and consent is given on the spot.
// usage: node as.mjs PORT PUBLIC_PORT RESOURCE [KEYS]
// It listens on PORT and calls itself by PUBLIC_PORT: something in front of it listens there.
// With KEYS, a folder of ca.pem, server.pem, server.key and client.key, it is at https://localhost, takes client
// certificates, and knows two clients: by-certificate (CN=by-certificate) and by-key (client.key).
// Prints "ready"; ends with its standard input.
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { Provider, errors } from "oidc-provider";

const [port, publicPort, resource, keys] = process.argv.slice(2, 6);
const file = (name) => readFileSync(join(keys, name));
const client = {
  application_type: "native",
  redirect_uris: ["http://127.0.0.1/callback"],
  grant_types: ["authorization_code", "refresh_token"],
};
const arranged = () => [
  {
    ...client,
    client_id: "by-certificate",
    token_endpoint_auth_method: "tls_client_auth",
    tls_client_auth_subject_dn: "CN=by-certificate",
    tls_client_certificate_bound_access_tokens: true,
  },
  {
    ...client,
    client_id: "by-key",
    token_endpoint_auth_method: "private_key_jwt",
    jwks: { keys: [createPublicKey(file("client.key")).export({ format: "jwk" })] },
  },
];
const mTLS = {
  enabled: true,
  certificateBoundAccessTokens: true,
  tlsClientAuth: true,
  getCertificate: (ctx) => ctx.socket.getPeerX509Certificate(),
  certificateAuthorized: (ctx) => ctx.socket.authorized,
  certificateSubjectMatches: (ctx, property, expected) =>
    property === "tls_client_auth_subject_dn" && ctx.socket.getPeerX509Certificate().subject === expected,
};
const provider = new Provider(keys ? `https://localhost:${publicPort}` : `http://127.0.0.1:${publicPort}`, {
  ...(keys && {
    clients: arranged(),
    clientAuthMethods: ["none", "client_secret_basic", "private_key_jwt", "tls_client_auth"],
  }),
  cookies: { keys: ["not-a-secret"] },
  scopes: ["openid", "offline_access", "mcp:read", "mcp:write"],
  pkce: { required: () => true },
  findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed("refresh_token"),
  ttl: { AccessToken: 300, AuthorizationCode: 60, RefreshToken: 86400, Session: 3600, Interaction: 600, Grant: 86400, IdToken: 3600 },
  features: {
    devInteractions: { enabled: false },
    registration: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true },
    ...(keys && { mTLS }),
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, asked) => {
        if (asked !== resource) throw new errors.InvalidTarget("resource is not known to this server");
        const jwt = { sign: { alg: "RS256" } };
        return { scope: "mcp:read mcp:write", audience: asked, accessTokenFormat: "jwt", accessTokenTTL: 300, jwt };
      },
    },
  },
});
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/interaction/")) return next();
  const { prompt, params, grantId, session } = await provider.interactionDetails(ctx.req, ctx.res);
  if (prompt.name === "login") {
    const result = { login: { accountId: "alice" } };
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
    return;
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingResourceScopes } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(" "));
  for (const [name, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(name, scopes.join(" "));
  }
  const result = { consent: { grantId: await grant.save() } };
  const options = { mergeWithLastSubmission: true };
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result, options));
});
process.stdin.resume().on("end", () => process.exit(0));
const ready = () => console.log("ready");
if (keys) {
  const tls = { cert: file("server.pem"), key: file("server.key"), ca: file("ca.pem"), requestCert: true };
  const server = createServer({ ...tls, rejectUnauthorized: false }, provider.callback());
  server.listen(Number(port), "127.0.0.1", ready);
} else {
  provider.listen(Number(port), "127.0.0.1", ready);
}
