// An authorization server built on node oidc-provider; every login and consent is given on the spot.
// usage: node as.mjs PORT PUBLIC_PORT RESOURCE
// It listens on PORT and calls itself by PUBLIC_PORT: something in front of it listens there.
// Prints "ready"; ends with its standard input.
import { Provider, errors } from "oidc-provider";

const [port, publicPort, resource] = [process.argv[2], process.argv[3], process.argv[4]];
const provider = new Provider(`http://127.0.0.1:${publicPort}`, {
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
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
