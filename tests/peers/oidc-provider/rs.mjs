// An MCP server on the TypeScript SDK that checks the signed tokens of as.mjs.
// usage: node rs.mjs PORT PUBLIC_PORT ISSUER
// It listens on PORT and calls itself by PUBLIC_PORT: something in front of it listens there.
// Prints "ready"; ends with its standard input.
import {
  getOAuthProtectedResourceMetadataUrl,
  mcpAuthMetadataRouter,
  requireBearerAuth,
} from "@modelcontextprotocol/express";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer, OAuthError, OAuthErrorCode } from "@modelcontextprotocol/server";
import express from "express";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { z } from "zod";

const [port, publicPort, issuer] = [process.argv[2], process.argv[3], process.argv[4]];
const resource = new URL(`http://127.0.0.1:${publicPort}/mcp`);
const oauthMetadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
const keys = createRemoteJWKSet(new URL(oauthMetadata.jwks_uri));
const verifier = {
  async verifyAccessToken(token) {
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience: resource.href });
      const scopes = String(payload.scope ?? "").split(" ").filter(Boolean);
      return { token, clientId: String(payload.client_id), scopes, expiresAt: payload.exp, resource };
    } catch (error) {
      throw new OAuthError(OAuthErrorCode.InvalidToken, error.message);
    }
  },
};
const app = express();
const scopesSupported = ["mcp:read", "mcp:write"];
app.use(mcpAuthMetadataRouter({ oauthMetadata, resourceServerUrl: resource, scopesSupported, resourceName: "peer" }));
const handler = toNodeHandler(
  createMcpHandler(() => {
    const server = new McpServer({ name: "oidc-peer", version: "1.0.0" });
    const inputSchema = z.object({ name: z.string().default("world") });
    const greet = async ({ name }) => ({ content: [{ type: "text", text: `hello ${name}` }] });
    server.registerTool("greet", { description: "Say hello", inputSchema }, greet);
    return server;
  }),
);
const resourceMetadataUrl = getOAuthProtectedResourceMetadataUrl(resource);
const guard = requireBearerAuth({ verifier, requiredScopes: ["mcp:read"], resourceMetadataUrl });
app.all("/mcp", guard, (request, response) => handler(request, response));
process.stdin.resume().on("end", () => process.exit(0));
app.listen(Number(port), "127.0.0.1", () => console.log("ready"));
