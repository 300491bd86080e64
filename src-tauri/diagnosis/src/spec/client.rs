//! Sentences about what a client has to do.

use super::sentence::Spec;

pub(crate) const MCP_CLIENT_METADATA_URL: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Protected Resource Metadata Discovery Requirements",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#protected-resource-metadata-discovery-requirements",
    quote: "MCP clients MUST support both discovery mechanisms and use the resource metadata URL \
            from the parsed WWW-Authenticate headers when present; otherwise, they MUST fall back \
            to constructing and requesting the well-known URIs in the order listed above.",
};

pub(crate) const MCP_CLIENT_METADATA_ORDER: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Authorization Server Metadata Discovery",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#authorization-server-metadata-discovery",
    quote: "For issuer URLs without path components (e.g., https://auth.example.com), clients MUST \
            try: 1. OAuth 2.0 Authorization Server Metadata: \
            https://auth.example.com/.well-known/oauth-authorization-server 2. OpenID Connect \
            Discovery 1.0: https://auth.example.com/.well-known/openid-configuration",
};

pub(crate) const MCP_CLIENT_POST: Spec = Spec {
    title: "MCP 2025-11-25 transports, Sending Messages to the Server",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#sending-messages-to-the-server",
    quote: "Every JSON-RPC message sent from the client MUST be a new HTTP POST request to the MCP \
            endpoint.",
};

pub(crate) const MCP_CLIENT_RESOURCE: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Resource Parameter Implementation",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#resource-parameter-implementation",
    quote: "MUST be included in both authorization requests and token requests.",
};

pub(crate) const MCP_CLIENT_RESOURCE_IDENTIFIES: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Resource Parameter Implementation",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#resource-parameter-implementation",
    quote: "MUST identify the MCP server that the client intends to use the token with.",
};

pub(crate) const MCP_CLIENT_SCOPE: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Protected Resource Metadata Discovery Requirements",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#protected-resource-metadata-discovery-requirements",
    quote: "Clients MUST treat the scopes provided in the challenge as authoritative for \
            satisfying the current request.",
};

pub(crate) const MCP_CLIENT_LEAST_SCOPE: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Scope Selection Strategy",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#scope-selection-strategy",
    quote: "When implementing authorization flows, MCP clients SHOULD follow the principle of \
            least privilege by requesting only the scopes necessary for their intended operations.",
};

pub(crate) const MCP_CLIENT_PKCE: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Authorization Code Protection",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#authorization-code-protection",
    quote: "To mitigate this, MCP clients MUST implement PKCE according to OAuth 2.1 Section 7.5.2 \
            and MUST verify PKCE support before proceeding with authorization.",
};

pub(crate) const MCP_CLIENT_STATE: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Open Redirection",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#open-redirection",
    quote: "MCP clients SHOULD use and verify state parameters in the authorization code flow and \
            discard any results that do not include or have a mismatch with the original state.",
};

pub(crate) const MCP_CLIENT_REDIRECT_URI: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Open Redirection",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#open-redirection",
    quote: "MCP clients MUST have redirect URIs registered with the authorization server.",
};

pub(crate) const MCP_CLIENT_EVERY_REQUEST: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Token Requirements",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#token-requirements",
    quote: "Note that authorization MUST be included in every HTTP request from client to server, \
            even if they are part of the same logical session.",
};

pub(crate) const MCP_CLIENT_NO_TOKEN_IN_URL: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Token Requirements",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#token-requirements",
    quote: "Access tokens MUST NOT be included in the URI query string",
};

pub(crate) const MCP_CLIENT_STEP_UP: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Step-Up Authorization Flow",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#step-up-authorization-flow",
    quote: "Clients SHOULD respond to these errors by requesting a new access token with an \
            increased set of scopes via a step-up authorization flow or handle the errors in \
            other, appropriate ways.",
};

pub(crate) const MCP_CLIENT_UNAUTHORIZED: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Protected Resource Metadata Discovery Requirements",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#protected-resource-metadata-discovery-requirements",
    quote: "MCP clients MUST be able to parse WWW-Authenticate headers and respond appropriately \
            to HTTP 401 Unauthorized responses from the MCP server.",
};

pub(crate) const MCP_CLIENT_ISS: Spec = Spec {
    title: "MCP 2026-07-28 authorization, Authorization Response Validation",
    url: "https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#authorization-response-validation",
    quote: "On receiving the authorization response, MCP clients MUST apply the validation in \
            RFC9207 Section 2.4 before transmitting the authorization code to any token endpoint:",
};

pub(crate) const RFC6749_CODE_ONCE_CLIENT: Spec = Spec {
    title: "RFC 6749 section 4.1.2",
    url: "https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2",
    quote: "The client MUST NOT use the authorization code more than once.",
};

pub(crate) const RFC6749_STATE_UNGUESSABLE: Spec = Spec {
    title: "RFC 6749 section 10.12",
    url: "https://www.rfc-editor.org/rfc/rfc6749.html#section-10.12",
    quote: "The binding value used for CSRF protection MUST contain a non-guessable value (as \
            described in Section 10.10), and the user-agent's authenticated state (e.g., session \
            cookie, HTML5 local storage) MUST be kept in a location accessible only to the client \
            and the user-agent (i.e., protected by same-origin policy).",
};

pub(crate) const RFC6750_INVALID_TOKEN: Spec = Spec {
    title: "RFC 6750 section 3.1, invalid_token",
    url: "https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1",
    quote: "The client MAY request a new access token and retry the protected resource request.",
};
