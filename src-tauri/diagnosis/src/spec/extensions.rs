//! Sentences of what MCP clients may use besides the core: drafts, extensions of MCP, and what
//! browsers do.

use super::sentence::Spec;

pub(crate) const ID_JAG_TYPE: Spec = Spec {
    title: "MCP Enterprise-Managed Authorization, ID-JAG",
    url: "https://github.com/modelcontextprotocol/ext-auth/blob/main/specification/draft/enterprise-managed-authorization.mdx",
    quote: "The typ claim of the JWT indicated in the JWT header MUST be oauth-id-jag+jwt.",
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
