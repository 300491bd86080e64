//! Sentences of the Model Context Protocol. Where revisions differ, the newer constant says since
//! when it holds.

use trace::Revision;

use super::sentence::Spec;

pub(crate) const MCP_ENDPOINT: Spec = Spec {
    title: "MCP 2025-11-25 transports",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http",
    quote: "The server MUST provide a single HTTP endpoint path (hereafter referred to as the MCP \
            endpoint) that supports both POST and GET methods.",
};

pub(crate) const MCP_ENDPOINT_2026: Spec = Spec {
    title: "MCP 2026-07-28 transports",
    url: "https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http",
    quote: "The server MUST provide a single HTTP endpoint path (hereafter referred to as the MCP \
            endpoint) that supports POST.",
};

pub(crate) const MCP_ANSWER: Spec = Spec {
    title: "MCP 2025-11-25 transports",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#sending-messages-to-the-server",
    quote: "If the input is a JSON-RPC request, the server MUST either return Content-Type: \
            text/event-stream, to initiate an SSE stream, or Content-Type: application/json, to \
            return one JSON object.",
};

pub(crate) const MCP_ANSWER_2026: Spec = Spec {
    title: "MCP 2026-07-28 transports",
    url: "https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http",
    quote: "If the body is a JSON-RPC request, the server MUST return either Content-Type: \
            application/json (a single JSON object) or Content-Type: text/event-stream (an SSE \
            response stream).",
};

pub(crate) const MCP_SESSION_ID: Spec = Spec {
    title: "MCP 2025-11-25 transports, Session Management",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#session-management",
    quote: "The session ID MUST only contain visible ASCII characters (ranging from 0x21 to 0x7E).",
};

pub(crate) const MCP_UNAUTHORIZED: Spec = Spec {
    title: "MCP 2025-03-26 authorization",
    url: "https://modelcontextprotocol.io/specification/2025-03-26/basic/authorization#example-authorization-code-grant",
    quote: "When authorization is required and not yet proven by the client, servers MUST respond \
            with HTTP 401 Unauthorized.",
};

pub(crate) const MCP_STATUS_CODES: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Error Handling",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#error-handling",
    quote: "Servers MUST return appropriate HTTP status codes for authorization errors:",
};

pub(crate) const MCP_RESOURCE_METADATA: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Overview",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#overview",
    quote: "MCP servers MUST implement OAuth 2.0 Protected Resource Metadata (RFC9728).",
};

pub(crate) const MCP_AUTHORIZATION_SERVERS: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Authorization Server Location",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#authorization-server-location",
    quote: "The Protected Resource Metadata document returned by the MCP server MUST include the \
            authorization_servers field containing at least one authorization server.",
};

/// 2025-06-18 alone demands the header; later revisions take a well-known URI instead.
pub(crate) const MCP_CHALLENGE_2025_06: Spec = Spec {
    title: "MCP 2025-06-18 authorization, Authorization Server Location",
    url: "https://modelcontextprotocol.io/specification/2025-06-18/basic/authorization#authorization-server-location",
    quote: "MCP servers MUST use the HTTP header WWW-Authenticate when returning a 401 \
            Unauthorized to indicate the location of the resource server metadata URL as described \
            in RFC9728 Section 5.1 \"WWW-Authenticate Response\".",
};

pub(crate) const MCP_DISCOVERY: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Protected Resource Metadata Discovery Requirements",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#protected-resource-metadata-discovery-requirements",
    quote: "MCP servers MUST implement one of the following discovery mechanisms to provide \
            authorization server location information to MCP clients:",
};

/// 2025-06-18 demands the one document; later revisions take either.
pub(crate) const MCP_SERVER_METADATA_2025_06: Spec = Spec {
    title: "MCP 2025-06-18 authorization, Overview",
    url: "https://modelcontextprotocol.io/specification/2025-06-18/basic/authorization#overview",
    quote: "Authorization servers MUST provide OAuth 2.0 Authorization Server Metadata (RFC8414).",
};

pub(crate) const MCP_SERVER_METADATA: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Overview",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#overview",
    quote: "MCP authorization servers MUST provide at least one of the following discovery \
            mechanisms:",
};

pub(crate) const MCP_REGISTRATION_2025_06: Spec = Spec {
    title: "MCP 2025-06-18 authorization, Dynamic Client Registration",
    url: "https://modelcontextprotocol.io/specification/2025-06-18/basic/authorization#dynamic-client-registration",
    quote: "Any authorization servers that do not support Dynamic Client Registration need to \
            provide alternative ways to obtain a client ID (and, if applicable, client \
            credentials).",
};

pub(crate) const MCP_REGISTRATION: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Client Registration Approaches",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#client-registration-approaches",
    quote: "Use Dynamic Client Registration as a fallback if the Authorization Server supports it \
            (via registration_endpoint in OAuth Authorization Server Metadata)",
};

pub(crate) const MCP_PKCE: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Authorization Code Protection",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#authorization-code-protection",
    quote: "If code_challenge_methods_supported is absent, the authorization server does not \
            support PKCE and MCP clients MUST refuse to proceed.",
};

pub(crate) const MCP_S256: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Authorization Code Protection",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#authorization-code-protection",
    quote: "MCP clients MUST use the S256 code challenge method when technically capable, as \
            required by OAuth 2.1 Section 4.1.1.",
};

pub(crate) const MCP_AUDIENCE: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Token Handling",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#token-handling",
    quote: "MCP servers MUST validate that access tokens were issued specifically for them as the \
            intended audience, according to RFC 8707 Section 2.",
};

pub(crate) const MCP_CHALLENGE_SCOPE: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Protected Resource Metadata Discovery Requirements",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#protected-resource-metadata-discovery-requirements",
    quote: "MCP servers SHOULD include a scope parameter in the WWW-Authenticate header as defined \
            in RFC 6750 Section 3 to indicate the scopes required for accessing the resource.",
};

pub(crate) const MCP_STEP_UP_SCOPE: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Runtime Insufficient Scope Errors",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#runtime-insufficient-scope-errors",
    quote: "When responding with insufficient scope errors, servers SHOULD include the scopes \
            needed to satisfy the current request in the scope parameter.",
};

pub(crate) const MCP_FETCH_DOCUMENT: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Client ID Metadata Documents",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#client-id-metadata-documents",
    quote: "SHOULD fetch metadata documents when encountering URL-formatted client_ids",
};

pub(crate) const MCP_HTTPS: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Communication Security",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#communication-security",
    quote: "All authorization server endpoints MUST be served over HTTPS.",
};

pub(crate) const MCP_BINDING: Spec = Spec {
    title: "MCP 2026-07-28 client registration, Authorization Server Binding",
    url: "https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/client-registration#authorization-server-binding",
    quote: "Clients that use pre-registered credentials, or persist client credentials obtained \
            via Dynamic Client Registration, MUST associate those credentials with the specific \
            authorization server that issued them, keyed by the authorization server's issuer \
            identifier.",
};

/// What an MCP endpoint answers, in the words of this revision.
pub(crate) fn mcp_answer(revision: Revision) -> Spec {
    if revision.is_modern() {
        MCP_ANSWER_2026
    } else {
        MCP_ANSWER
    }
}

/// What an MCP endpoint is, in the words of this revision.
pub(crate) fn mcp_endpoint(revision: Revision) -> Spec {
    if revision.is_modern() {
        MCP_ENDPOINT_2026
    } else {
        MCP_ENDPOINT
    }
}

pub(crate) const MCP_INITIALIZE_RESULT: Spec = Spec {
    title: "MCP 2025-11-25 lifecycle, Initialization",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle#initialization",
    quote: "The server MUST respond with its own capabilities and information:",
};

pub(crate) const MCP_TOOL: Spec = Spec {
    title: "MCP 2025-11-25 tools, Tool",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool",
    quote: "inputSchema: JSON Schema defining expected parameters",
};

pub(crate) const MCP_TOOL_NAMES: Spec = Spec {
    title: "MCP 2025-11-25 tools, Tool Names",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool-names",
    quote: "Tool names SHOULD NOT contain spaces, commas, or other special characters.",
};

pub(crate) const MCP_STRUCTURED_RESULT: Spec = Spec {
    title: "MCP 2025-11-25 tools, Output Schema",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/server/tools#output-schema",
    quote: "Servers MUST provide structured results that conform to this schema.",
};

pub(crate) const MCP_NO_OFFLINE_ACCESS: Spec = Spec {
    title: "MCP 2026-07-28 authorization, Refresh Tokens",
    url: "https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#refresh-tokens",
    quote: "MCP Servers (Protected Resources) SHOULD NOT include offline_access in WWW-Authenticate \
            scope or Protected Resource Metadata scopes_supported, as refresh tokens are not a \
            resource requirement.",
};
