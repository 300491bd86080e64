//! Requests and answers of the flow.

use super::Rows;

pub(super) const PARAMETERS: Rows = &[
    (
        "response_type",
        "What the client wants back: code, an authorization code.",
    ),
    (
        "response_mode",
        "How the response comes back: in the query of the redirect URI, unless said otherwise.",
    ),
    (
        "client_id",
        "Who asks: the client as the authorization server knows it.",
    ),
    (
        "client_secret",
        "The client's password at the authorization server.",
    ),
    (
        "client_assertion",
        "A signed JWT by which the client proves who it is.",
    ),
    ("client_assertion_type", "The kind of client assertion."),
    (
        "redirect_uri",
        "Where the browser comes back to; it must be registered.",
    ),
    ("scope", "What the token shall be good for."),
    (
        "state",
        "Ties the response to this request; it has to come back unchanged.",
    ),
    ("nonce", "Ties an ID token to this request."),
    ("prompt", "Whether the user shall be asked again."),
    (
        "code_challenge",
        "PKCE: the hash of the verifier that only this client knows.",
    ),
    (
        "code_challenge_method",
        "PKCE: how the challenge comes from the verifier; S256 is SHA-256.",
    ),
    (
        "code_verifier",
        "PKCE: proves that who redeems the code is who asked for it.",
    ),
    (
        "computed from the verifier",
        "What the challenge has to be for this verifier.",
    ),
    (
        "resource",
        "The MCP server that the token is meant for (RFC 8707).",
    ),
    (
        "audience",
        "A vendor's own name for the resource; the standard one is resource.",
    ),
    (
        "code",
        "The authorization code: good once and briefly, for tokens.",
    ),
    ("iss", "The issuer that sent this response (RFC 9207)."),
    ("grant_type", "What is exchanged for tokens."),
    (
        "refresh_token",
        "The long-lived token that brings new access tokens.",
    ),
    (
        "session_state",
        "OpenID Connect session management; not used by MCP.",
    ),
];

pub(super) const TOKEN: Rows = &[
    ("access_token", "What is sent to the MCP server with every call."),
    (
        "token_type",
        "How the access token is used; Bearer means that whoever has it may use it.",
    ),
    ("expires_in", "Seconds until the access token expires."),
    (
        "refresh_token",
        "Brings a new access token without asking the user.",
    ),
    (
        "scope",
        "What was granted, when it differs from what was asked for.",
    ),
    (
        "id_token",
        "Says who logged in; it is for the client and never sent to the MCP server.",
    ),
];

pub(super) const ERROR: Rows = &[
    ("error", "The code that clients go by."),
    (
        "error_description",
        "An explanation for people; clients do not read it.",
    ),
    ("error_uri", "A page about the error."),
];

pub(super) const CHALLENGE: Rows = &[
    (
        "resource_metadata",
        "Where the protected resource metadata is (RFC 9728).",
    ),
    ("scope", "The scope needed for this call."),
    ("realm", "A name for the protected space."),
    ("error", "Why a token was refused; absent when none was sent."),
    ("error_description", "An explanation for people."),
    ("error_uri", "A page about the error."),
    ("max_age", "How fresh the login has to be, in seconds (RFC 9470)."),
    ("acr_values", "Which kind of login is wanted (RFC 9470)."),
    ("algs", "The signature algorithms that are taken for DPoP proofs."),
];

pub(super) const JSON_RPC: Rows = &[
    ("method", "What is asked of the MCP server."),
    ("id", "Ties the answer to the request."),
    ("protocolVersion", "The revision of MCP to speak."),
    ("capabilities", "What this side can do."),
    ("clientInfo", "The client's name and version."),
    ("serverInfo", "The server's name and version."),
    ("instructions", "What the server tells the model about itself."),
    ("tools", "The tools on offer."),
    ("nextCursor", "There is more; ask again with this cursor."),
    (
        "_meta",
        "What goes along with the message: in 2026-07-28 the revision and the capabilities.",
    ),
    ("code", "The kind of error; −32022 is an unsupported revision."),
    ("message", "What went wrong, for people."),
    ("data", "Details of the error."),
    ("MCP-Protocol-Version", "The revision this request follows."),
    (
        "Mcp-Method",
        "The method once more, for gateways that do not read bodies (2026-07-28).",
    ),
    ("Mcp-Name", "The tool, resource or prompt once more (2026-07-28)."),
    (
        "Mcp-Session-Id",
        "The session this request belongs to (until 2025-11-25).",
    ),
];

pub(super) const CORS: Rows = &[
    (
        "Origin",
        "Where the page comes from that wants to send the request.",
    ),
    (
        "Access-Control-Request-Method",
        "The method of the request to come.",
    ),
    (
        "Access-Control-Request-Headers",
        "Header fields of the request to come that need leave.",
    ),
    (
        "access-control-allow-origin",
        "Pages of which origin may read the answer; * is all.",
    ),
    (
        "access-control-allow-methods",
        "Which methods such pages may use.",
    ),
    (
        "access-control-allow-headers",
        "Which header fields such pages may send.",
    ),
    (
        "access-control-expose-headers",
        "Which header fields of the answer such pages may read.",
    ),
    (
        "access-control-allow-credentials",
        "Whether cookies may go along; MCP needs none.",
    ),
    (
        "access-control-max-age",
        "Seconds for which the browser need not ask again.",
    ),
];
