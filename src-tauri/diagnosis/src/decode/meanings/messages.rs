//! Errors, challenges, and the messages of MCP and of browsers.

use super::rows::Rows;

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
    (
        "error",
        "Why a token was refused; absent when none was sent.",
    ),
    ("error_description", "An explanation for people."),
    ("error_uri", "A page about the error."),
    (
        "max_age",
        "How fresh the login has to be, in seconds (RFC 9470).",
    ),
    ("acr_values", "Which kind of login is wanted (RFC 9470)."),
    (
        "algs",
        "The signature algorithms that are taken for DPoP proofs.",
    ),
];

pub(super) const JSON_RPC: Rows = &[
    ("method", "What is asked of the MCP server."),
    ("id", "Ties the answer to the request."),
    ("protocolVersion", "The revision of MCP to speak."),
    ("capabilities", "What this side can do."),
    ("clientInfo", "The client's name and version."),
    ("serverInfo", "The server's name and version."),
    (
        "instructions",
        "What the server tells the model about itself.",
    ),
    ("tools", "The tools on offer."),
    ("nextCursor", "There is more; ask again with this cursor."),
    (
        "_meta",
        "What goes along with the message: in 2026-07-28 the revision and the capabilities.",
    ),
    (
        "code",
        "The kind of error; −32022 is an unsupported revision.",
    ),
    ("message", "What went wrong, for people."),
    ("data", "Details of the error."),
    ("MCP-Protocol-Version", "The revision this request follows."),
    (
        "Mcp-Method",
        "The method once more, for gateways that do not read bodies (2026-07-28).",
    ),
    (
        "Mcp-Name",
        "The tool, resource or prompt once more (2026-07-28).",
    ),
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
