//! The tables of `members` for answers that are neither metadata nor tokens.

use crate::finding::Level;
use crate::members::{Form, Member};
use crate::spec::{
    MCP_INITIALIZE_RESULT, MCP_STRUCTURED_RESULT, MCP_TOOL, OIDC_EMAIL_VERIFIED, OIDC_USERINFO_SUB,
    RFC7517_KTY, RFC7591_REGISTERED, RFC7591_SECRET_EXPIRES, RFC7662_ACTIVE, RFC8628_INTERVAL,
    RFC8628_VERIFICATION_URI, Spec,
};

pub(crate) const INTROSPECTION: &[Member] = &[
    needed("active", Form::Flag, RFC7662_ACTIVE),
    member("scope", Form::Text, RFC7662_ACTIVE),
    member("client_id", Form::Text, RFC7662_ACTIVE),
    member("username", Form::Text, RFC7662_ACTIVE),
    member("token_type", Form::Text, RFC7662_ACTIVE),
    member("exp", Form::Time, RFC7662_ACTIVE),
    member("iat", Form::Time, RFC7662_ACTIVE),
    member("nbf", Form::Time, RFC7662_ACTIVE),
    member("sub", Form::Text, RFC7662_ACTIVE),
    member("iss", Form::Text, RFC7662_ACTIVE),
    member("aud", Form::TextOrTexts, RFC7662_ACTIVE),
    member("jti", Form::Text, RFC7662_ACTIVE),
];

pub(crate) const USERINFO: &[Member] = &[
    needed("sub", Form::Name, OIDC_USERINFO_SUB),
    member("email_verified", Form::Flag, OIDC_EMAIL_VERIFIED),
    member("phone_number_verified", Form::Flag, OIDC_EMAIL_VERIFIED),
    member("updated_at", Form::Time, OIDC_EMAIL_VERIFIED),
];

pub(crate) const KEY: &[Member] = &[
    needed("kty", Form::Text, RFC7517_KTY),
    member("kid", Form::Text, RFC7517_KTY),
    member("alg", Form::Text, RFC7517_KTY),
    member("use", Form::Text, RFC7517_KTY),
];

pub(crate) const INITIALIZE: &[Member] = &[
    needed("protocolVersion", Form::Revision, MCP_INITIALIZE_RESULT),
    needed("capabilities", Form::Object, MCP_INITIALIZE_RESULT),
    needed("serverInfo", Form::Object, MCP_INITIALIZE_RESULT),
    member("instructions", Form::Text, MCP_INITIALIZE_RESULT),
];

pub(crate) const DISCOVER: &[Member] = &[
    needed("supportedVersions", Form::SomeTexts, MCP_INITIALIZE_RESULT),
    needed("capabilities", Form::Object, MCP_INITIALIZE_RESULT),
    member("instructions", Form::Text, MCP_INITIALIZE_RESULT),
];

pub(crate) const SERVER_INFO: &[Member] = &[
    needed("name", Form::Name, MCP_INITIALIZE_RESULT),
    needed("version", Form::Text, MCP_INITIALIZE_RESULT),
];

/// What the server says that it can do; each ability is described by an object.
pub(crate) const CAPABILITIES: &[Member] = &[
    member("tools", Form::Object, MCP_INITIALIZE_RESULT),
    member("resources", Form::Object, MCP_INITIALIZE_RESULT),
    member("prompts", Form::Object, MCP_INITIALIZE_RESULT),
    member("logging", Form::Object, MCP_INITIALIZE_RESULT),
    member("completions", Form::Object, MCP_INITIALIZE_RESULT),
    member("experimental", Form::Object, MCP_INITIALIZE_RESULT),
    member("extensions", Form::Object, MCP_INITIALIZE_RESULT),
];

/// What a tool answers, and each part of its content.
pub(crate) const TOOL_RESULT: &[Member] = &[
    needed("content", Form::Objects, MCP_TOOL),
    member("isError", Form::Flag, MCP_TOOL),
];
pub(crate) const CONTENT: &[Member] = &[needed("type", Form::Name, MCP_TOOL)];

/// What else each type of content has; types of later revisions are not known here.
pub(crate) fn content_of(kind: &str) -> &'static [Member] {
    const TEXT: &[Member] = &[needed("text", Form::Text, MCP_TOOL)];
    const MEDIA: &[Member] = &[
        needed("data", Form::Text, MCP_TOOL),
        needed("mimeType", Form::Text, MCP_TOOL),
    ];
    const LINK: &[Member] = &[
        needed("uri", Form::Text, MCP_TOOL),
        needed("name", Form::Text, MCP_TOOL),
    ];
    const RESOURCE: &[Member] = &[needed("resource", Form::Object, MCP_TOOL)];
    match kind {
        "text" => TEXT,
        "image" | "audio" => MEDIA,
        "resource_link" => LINK,
        "resource" => RESOURCE,
        _ => &[],
    }
}

pub(crate) const TOOL: &[Member] = &[
    needed("name", Form::Name, MCP_TOOL),
    needed("inputSchema", Form::ObjectSchema, MCP_TOOL),
    member("title", Form::Text, MCP_TOOL),
    member("description", Form::Text, MCP_TOOL),
    member("annotations", Form::Object, MCP_TOOL),
];

/// Up to 2025-11-25; later revisions take any schema.
pub(crate) const TOOL_OUTPUT: &[Member] = &[member(
    "outputSchema",
    Form::ObjectSchema,
    MCP_STRUCTURED_RESULT,
)];
pub(crate) const STRUCTURED: &[Member] = &[member(
    "structuredContent",
    Form::Object,
    MCP_STRUCTURED_RESULT,
)];

/// What a tool says about how it behaves.
pub(crate) const ANNOTATIONS: &[Member] = &[
    member("title", Form::Text, MCP_TOOL),
    member("readOnlyHint", Form::Flag, MCP_TOOL),
    member("destructiveHint", Form::Flag, MCP_TOOL),
    member("idempotentHint", Form::Flag, MCP_TOOL),
    member("openWorldHint", Form::Flag, MCP_TOOL),
];

pub(crate) const TOOL_LIST: &[Member] = &[
    member("tools", Form::Objects, MCP_TOOL),
    member("nextCursor", Form::Text, MCP_TOOL),
];

/// What a key of each kind consists of (RFC 7518 section 6).
pub(crate) const RSA: &[Member] = &[
    needed("n", Form::Text, RFC7517_KTY),
    needed("e", Form::Text, RFC7517_KTY),
];
pub(crate) const ELLIPTIC: &[Member] = &[
    needed("crv", Form::Text, RFC7517_KTY),
    needed("x", Form::Text, RFC7517_KTY),
];

pub(crate) const REGISTRATION: &[Member] = &[
    member(
        "client_secret_expires_at",
        Form::Time,
        RFC7591_SECRET_EXPIRES,
    ),
    member("client_id_issued_at", Form::Time, RFC7591_SECRET_EXPIRES),
    needed("redirect_uris", Form::Texts, RFC7591_REGISTERED),
    member("client_uri", Form::Url, RFC7591_REGISTERED),
    member("logo_uri", Form::Url, RFC7591_REGISTERED),
    member("policy_uri", Form::Url, RFC7591_REGISTERED),
    member("tos_uri", Form::Url, RFC7591_REGISTERED),
    member("jwks_uri", Form::Url, RFC7591_REGISTERED),
    member("scope", Form::Text, RFC7591_SECRET_EXPIRES),
];

/// What has to be there is another rule's matter.
pub(crate) const DEVICE: &[Member] = &[
    member("interval", Form::Seconds, RFC8628_INTERVAL),
    member("verification_uri", Form::Page, RFC8628_VERIFICATION_URI),
    member("verification_uri_complete", Form::Url, RFC8628_INTERVAL),
];

const fn member(name: &'static str, form: Form, spec: Spec) -> Member {
    Member {
        name,
        form,
        required: false,
        holds: None,
        level: Level::Warning,
        spec,
    }
}

const fn needed(name: &'static str, form: Form, spec: Spec) -> Member {
    Member {
        required: true,
        ..member(name, form, spec)
    }
}
