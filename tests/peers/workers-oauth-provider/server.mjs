// An MCP server on the TypeScript SDK behind Cloudflare's OAuth provider library: one origin in both roles. Every
// request for access is granted on the spot, and calling a tool takes more scope than the rest.
// usage: node --import ./node.mjs server.mjs PORT
// Prints "ready"; ends with its standard input.
import { insufficientScope, OAuthProvider } from "@cloudflare/workers-oauth-provider";
import { serve } from "@hono/node-server";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";

const port = Number(process.argv[2]);
const origin = `http://127.0.0.1:${port}`;

// As much of a KV namespace as the library uses.
class Namespace {
  entries = new Map();
  async get(key, options) {
    const entry = this.entries.get(key);
    if (!entry || entry.ends < Date.now()) return null;
    return (options?.type ?? options) === "json" ? JSON.parse(entry.value) : entry.value;
  }
  async put(key, value, { expirationTtl, expiration } = {}) {
    const ends = expiration ? expiration * 1000 : expirationTtl ? Date.now() + expirationTtl * 1000 : Infinity;
    this.entries.set(key, { value, ends });
  }
  async delete(key) {
    this.entries.delete(key);
  }
  async list({ prefix = "" } = {}) {
    const keys = [...this.entries.keys()].filter((name) => name.startsWith(prefix)).map((name) => ({ name }));
    return { keys, list_complete: true };
  }
}

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: "workers-peer", version: "1.0.0" });
  const inputSchema = z.object({ name: z.string().default("world") });
  const greet = async ({ name }) => ({ content: [{ type: "text", text: `hello ${name}` }] });
  server.registerTool("greet", { description: "Say hello", inputSchema }, greet);
  return server;
});
const apiHandler = {
  async fetch(request, env, ctx) {
    const text = request.method === "POST" ? await request.clone().text() : "";
    const needed = text.includes('"tools/call"') ? ["mcp:read", "mcp:write"] : ["mcp:read"];
    if (!needed.every((scope) => ctx.auth.scope.includes(scope))) return insufficientScope(ctx.auth, needed);
    return mcp.fetch(request);
  },
};
const defaultHandler = {
  async fetch(request, env) {
    if (new URL(request.url).pathname !== "/authorize") return new Response("Not found", { status: 404 });
    try {
      const asked = await env.OAUTH_PROVIDER.parseAuthRequest(request);
      const granted = { request: asked, userId: "alice", metadata: {}, scope: asked.scope, props: {} };
      const { redirectTo } = await env.OAUTH_PROVIDER.completeAuthorization(granted);
      return Response.redirect(redirectTo, 302);
    } catch (error) {
      return new Response(error.message, { status: 400 });
    }
  },
};
const provider = new OAuthProvider({
  apiRoute: "/mcp",
  apiHandler,
  defaultHandler,
  authorizeEndpoint: "/authorize",
  tokenEndpoint: "/oauth/token",
  clientRegistrationEndpoint: "/oauth/register",
  scopesSupported: ["mcp:read", "mcp:write", "offline_access"],
  requiredScopes: ["mcp:read"],
  resourceMetadata: { resource: `${origin}/mcp`, authorization_servers: [origin] },
});
const env = { OAUTH_KV: new Namespace() };
const fetch = (request) => provider.fetch(request, env, { waitUntil() {}, passThroughOnException() {} });
process.stdin.resume().on("end", () => process.exit(0));
serve({ fetch, port, hostname: "127.0.0.1" }, () => console.log("ready"));
