//! Sentences of what MCP clients may use besides the core: drafts, extensions of MCP, and what
//! browsers do.

use super::sentence::Spec;

pub(crate) const ID_JAG_TYPE: Spec = Spec {
    title: "MCP Enterprise-Managed Authorization, ID-JAG",
    url: "https://github.com/modelcontextprotocol/ext-auth/blob/main/specification/draft/enterprise-managed-authorization.mdx",
    quote: "The typ claim of the JWT indicated in the JWT header MUST be oauth-id-jag+jwt.",
};

pub(crate) const ID_JAG_AUDIENCE: Spec = Spec {
    title: "MCP Enterprise-Managed Authorization, Processing Rules",
    url: "https://github.com/modelcontextprotocol/ext-auth/blob/main/specification/draft/enterprise-managed-authorization.mdx",
    quote: "The aud claim of the assertion JWT MUST identify the Issuer URL of the MCP Server's authorization server as the intended audience of the JWT.",
};

pub(crate) const ID_JAG_CLIENT: Spec = Spec {
    title: "MCP Enterprise-Managed Authorization, Processing Rules",
    url: "https://github.com/modelcontextprotocol/ext-auth/blob/main/specification/draft/enterprise-managed-authorization.mdx",
    quote: "The client_id claim of the assertion JWT MUST identify the same client as the client authentication in the request",
};

pub(crate) const FETCH_EXPOSE_HEADERS: Spec = Spec {
    title: "Fetch Standard, HTTP responses",
    url: "https://fetch.spec.whatwg.org/#http-access-control-expose-headers",
    quote: "Indicates which headers can be exposed as part of the response by listing their names.",
};

pub(crate) const FETCH_PREFLIGHT: Spec = Spec {
    title: "Fetch Standard, CORS-preflight fetch",
    url: "https://fetch.spec.whatwg.org/#cors-preflight-fetch-0",
    quote: "If a CORS check for request and response returns success and response's status is an \
            ok status, then:",
};
