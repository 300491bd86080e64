//! Errors, challenges, and the messages of MCP.

use super::rows::Rows;
use crate::spec::source::{
    DISCOVER, LIFECYCLE, NO_STANDARD, STREAMABLE_HTTP, TOOLS, VERSIONING, json_rpc, rfc,
};

pub(super) const ERROR: Rows = &[
    ("error", "The code that clients go by.", rfc(6749, "5.2")),
    (
        "error_description",
        "An explanation for people; clients do not read it.",
        rfc(6749, "5.2"),
    ),
    ("error_uri", "A page about the error.", rfc(6749, "5.2")),
];

pub(super) const CHALLENGE: Rows = &[
    (
        "resource_metadata",
        "Where the protected resource metadata is (RFC 9728).",
        rfc(9728, "5.1"),
    ),
    ("scope", "The scope needed for this call.", rfc(6750, "3")),
    (
        "realm",
        "A name for the protected space.",
        rfc(9110, "11.5"),
    ),
    (
        "error",
        "Why a token was refused; absent when none was sent.",
        rfc(6750, "3"),
    ),
    (
        "error_description",
        "An explanation for people.",
        rfc(6750, "3"),
    ),
    ("error_uri", "A page about the error.", rfc(6750, "3")),
    (
        "max_age",
        "How fresh the login has to be, in seconds (RFC 9470).",
        rfc(9470, "3"),
    ),
    (
        "acr_values",
        "Which kind of login is wanted (RFC 9470).",
        rfc(9470, "3"),
    ),
    (
        "algs",
        "The signature algorithms that are taken for DPoP proofs.",
        rfc(9449, "7.1"),
    ),
    (
        "nonce",
        "A value to be signed, in the Digest scheme; DPoP sends its nonce in a header of its \
         own.",
        rfc(7616, "3.3"),
    ),
    (
        "resource",
        "A Microsoft server's own name for what the token is for.",
        NO_STANDARD,
    ),
    (
        "client_id",
        "The client that the server would have asked, at some vendors.",
        NO_STANDARD,
    ),
    (
        "authorization_uri",
        "Where to authorize, at some vendors; MCP clients go by resource_metadata.",
        NO_STANDARD,
    ),
];

pub(super) const JSON_RPC: Rows = &[
    ("method", "What is asked of the MCP server.", json_rpc("4")),
    ("id", "Ties the answer to the request.", json_rpc("4")),
    (
        "protocolVersion",
        "The revision of MCP to speak.",
        LIFECYCLE,
    ),
    ("capabilities", "What this side can do.", LIFECYCLE),
    ("clientInfo", "The client's name and version.", LIFECYCLE),
    ("serverInfo", "The server's name and version.", LIFECYCLE),
    (
        "instructions",
        "What the server tells the model about itself.",
        LIFECYCLE,
    ),
    ("tools", "The tools on offer.", TOOLS),
    (
        "nextCursor",
        "There is more; ask again with this cursor.",
        TOOLS,
    ),
    (
        "_meta",
        "What goes along with the message: in 2026-07-28 the revision and the capabilities.",
        VERSIONING,
    ),
    (
        "code",
        "The kind of error; −32022 is an unsupported revision.",
        json_rpc("5.1"),
    ),
    ("message", "What went wrong, for people.", json_rpc("5.1")),
    ("data", "Details of the error.", json_rpc("5.1")),
    (
        "jsonrpc",
        "The version of JSON-RPC: always 2.0.",
        json_rpc("4"),
    ),
    ("params", "What the method is asked with.", json_rpc("4")),
    ("result", "The answer, when it went well.", json_rpc("5")),
    (
        "error",
        "The answer, when it did not go well.",
        json_rpc("5"),
    ),
    (
        "cursor",
        "The place in the list where this page begins, as the page before named it.",
        TOOLS,
    ),
    (
        "name",
        "The tool, resource or prompt that is asked for.",
        TOOLS,
    ),
    ("uri", "The resource that is asked for.", STREAMABLE_HTTP),
    ("arguments", "What the tool is called with.", TOOLS),
    ("content", "What the tool answers, for the model.", TOOLS),
    (
        "structuredContent",
        "The same answer as JSON, for programs.",
        TOOLS,
    ),
    (
        "isError",
        "The tool itself failed; the call reached it.",
        TOOLS,
    ),
    (
        "resultType",
        "Whether this is the whole result or the server wants more first (2026-07-28).",
        DISCOVER,
    ),
    (
        "supportedVersions",
        "The revisions of MCP that the server speaks (2026-07-28).",
        DISCOVER,
    ),
    (
        "supported",
        "The revisions of MCP that the server speaks, in an error about the revision.",
        VERSIONING,
    ),
    (
        "requested",
        "The revision of MCP that was asked for, in an error about it.",
        VERSIONING,
    ),
    (
        "ttlMs",
        "Milliseconds for which the answer may be kept (2026-07-28).",
        DISCOVER,
    ),
    (
        "cacheScope",
        "Whether the kept answer is for everybody or for this user alone (2026-07-28).",
        DISCOVER,
    ),
    (
        "io.modelcontextprotocol/protocolVersion",
        "The revision of MCP that this request follows (2026-07-28).",
        VERSIONING,
    ),
    (
        "io.modelcontextprotocol/clientInfo",
        "The client's name and version, with every request (2026-07-28).",
        VERSIONING,
    ),
    (
        "io.modelcontextprotocol/clientCapabilities",
        "What the client can do, with every request (2026-07-28).",
        VERSIONING,
    ),
    (
        "io.modelcontextprotocol/serverInfo",
        "The server's name and version, with every answer (2026-07-28).",
        VERSIONING,
    ),
    (
        "mcp/www_authenticate",
        "Challenges inside the result of a tool, where the status cannot be 401.",
        NO_STANDARD,
    ),
];

pub(super) const TOOL: Rows = &[
    ("name", "What the tool is called by.", TOOLS),
    ("title", "Its name for people.", TOOLS),
    ("description", "What it does, for the model.", TOOLS),
    ("inputSchema", "The JSON Schema of its arguments.", TOOLS),
    (
        "outputSchema",
        "The JSON Schema of its structured answer.",
        TOOLS,
    ),
    (
        "annotations",
        "What it says of itself, such as that it only reads.",
        TOOLS,
    ),
];

pub(super) const IMPLEMENTATION: Rows = &[
    ("name", "What the program calls itself.", LIFECYCLE),
    ("title", "Its name for people.", LIFECYCLE),
    ("version", "Its version.", LIFECYCLE),
    ("description", "What it is, for people.", LIFECYCLE),
    ("websiteUrl", "Its home page.", LIFECYCLE),
];
