//! The header fields of HTTP, of OAuth and of MCP.

use super::rows::Rows;
use crate::spec::source::{FETCH, NO_STANDARD, STREAMABLE_HTTP, TRANSPORTS, rfc};

pub(super) const HEADERS: Rows = &[
    (
        "MCP-Protocol-Version",
        "The revision this request follows.",
        STREAMABLE_HTTP,
    ),
    (
        "Mcp-Method",
        "The method once more, for gateways that do not read bodies (2026-07-28).",
        STREAMABLE_HTTP,
    ),
    (
        "Mcp-Name",
        "The tool, resource or prompt once more (2026-07-28).",
        STREAMABLE_HTTP,
    ),
    (
        "Mcp-Session-Id",
        "The session this request belongs to (until 2025-11-25).",
        TRANSPORTS,
    ),
    (
        "Last-Event-ID",
        "The last event that arrived before the stream broke off: it is to go on after it.",
        TRANSPORTS,
    ),
    (
        "DPoP",
        "A signed proof, for this one request, that the client has the key of the token.",
        rfc(9449, "4.1"),
    ),
    (
        "DPoP-Nonce",
        "A value of the server's that the next DPoP proof has to hold.",
        rfc(9449, "8"),
    ),
    (
        "Authorization",
        "The credentials: the access token, or the client's id and secret.",
        rfc(9110, "11.6.2"),
    ),
    (
        "WWW-Authenticate",
        "The challenge: what the server wants to see first, and where to get it.",
        rfc(9110, "11.6.1"),
    ),
    (
        "Proxy-Authenticate",
        "The challenge of a proxy on the way, and not of the server.",
        rfc(9110, "11.7.1"),
    ),
    (
        "Proxy-Authorization",
        "Credentials for a proxy on the way.",
        rfc(9110, "11.7.2"),
    ),
    (
        "Accept",
        "The media types that the client can read; an MCP client names JSON and event \
         streams.",
        rfc(9110, "12.5.1"),
    ),
    (
        "Accept-Encoding",
        "The compressions that the client can undo.",
        rfc(9110, "12.5.3"),
    ),
    (
        "Accept-Language",
        "The languages that the user prefers.",
        rfc(9110, "12.5.4"),
    ),
    (
        "Allow",
        "The methods that this URL takes.",
        rfc(9110, "10.2.1"),
    ),
    (
        "Connection",
        "Whether the connection stays open.",
        rfc(9110, "7.6.1"),
    ),
    (
        "Content-Encoding",
        "How the body is compressed.",
        rfc(9110, "8.4"),
    ),
    (
        "Content-Language",
        "The language of the body.",
        rfc(9110, "8.5"),
    ),
    ("Content-Length", "The bytes of the body.", rfc(9110, "8.6")),
    (
        "Content-Type",
        "What kind of data the body is, such as JSON, a form or an event stream.",
        rfc(9110, "8.3"),
    ),
    (
        "Content-Disposition",
        "Whether the body is to be shown or saved.",
        rfc(6266, "4"),
    ),
    ("Date", "When the answer was made.", rfc(9110, "6.6.1")),
    (
        "ETag",
        "Names this version of the document.",
        rfc(9110, "8.8.3"),
    ),
    (
        "Last-Modified",
        "When the document was last changed.",
        rfc(9110, "8.8.2"),
    ),
    (
        "Host",
        "The host that is asked, as the client wrote it.",
        rfc(9110, "7.2"),
    ),
    (
        "Location",
        "Where to go next, or where what was made can be found.",
        rfc(9110, "10.2.2"),
    ),
    (
        "Referer",
        "The page from which the request came.",
        rfc(9110, "10.1.3"),
    ),
    (
        "Retry-After",
        "How long to wait before asking again.",
        rfc(9110, "10.2.3"),
    ),
    ("Server", "The software that answered.", rfc(9110, "10.2.4")),
    ("User-Agent", "The program that asks.", rfc(9110, "10.1.5")),
    (
        "Vary",
        "The request's header fields on which the answer depends.",
        rfc(9110, "12.5.5"),
    ),
    (
        "Via",
        "The proxies that it went through.",
        rfc(9110, "7.6.3"),
    ),
    (
        "Age",
        "Seconds for which a cache has kept the answer.",
        rfc(9111, "5.1"),
    ),
    (
        "Cache-Control",
        "Whether and how long the answer may be kept; answers with tokens say no-store.",
        rfc(9111, "5.2"),
    ),
    (
        "Expires",
        "Until when the answer may be kept.",
        rfc(9111, "5.3"),
    ),
    (
        "Pragma",
        "The older way to say that the answer is not to be kept.",
        rfc(9111, "5.4"),
    ),
    (
        "Transfer-Encoding",
        "How the body is cut up on the way.",
        rfc(9112, "6.1"),
    ),
    (
        "Cookie",
        "What the server set before, sent back.",
        rfc(6265, "4.2"),
    ),
    (
        "Set-Cookie",
        "What the browser is to send back with later requests, such as the login session.",
        rfc(6265, "4.1"),
    ),
    (
        "Strict-Transport-Security",
        "The browser is to use https from now on.",
        rfc(6797, "6.1"),
    ),
    (
        "Alt-Svc",
        "Where else the same server can be reached.",
        rfc(7838, "3"),
    ),
    ("Link", "Documents that belong to this one.", rfc(8288, "3")),
    (
        "Forwarded",
        "What a proxy knows of the request as it came to it.",
        rfc(7239, "4"),
    ),
    (
        "X-Forwarded-For",
        "The addresses for which a proxy passed the request on.",
        NO_STANDARD,
    ),
    (
        "X-Forwarded-Host",
        "The host that was asked, as the proxy in front saw it.",
        NO_STANDARD,
    ),
    (
        "X-Forwarded-Proto",
        "Whether the proxy in front was asked by http or https.",
        NO_STANDARD,
    ),
    (
        "X-Cache",
        "Whether a cache on the way answered.",
        NO_STANDARD,
    ),
    (
        "X-Request-Id",
        "A number of this request in the server's logs.",
        NO_STANDARD,
    ),
    (
        "CF-Ray",
        "A number of this request in Cloudflare's logs.",
        NO_STANDARD,
    ),
    (
        "X-Powered-By",
        "The software behind the server.",
        NO_STANDARD,
    ),
    (
        "X-Content-Type-Options",
        "The browser is to trust the content type.",
        NO_STANDARD,
    ),
    (
        "X-Frame-Options",
        "Whether other pages may show this one in a frame.",
        rfc(7034, "2"),
    ),
    (
        "Content-Security-Policy",
        "What a page may load and where it may send forms.",
        NO_STANDARD,
    ),
    (
        "Referrer-Policy",
        "How much of its URL a page tells the next one.",
        NO_STANDARD,
    ),
    (
        "Permissions-Policy",
        "Which functions of the browser a page may use.",
        NO_STANDARD,
    ),
    (
        "Upgrade-Insecure-Requests",
        "The browser would rather be sent to https.",
        NO_STANDARD,
    ),
    (
        "Sec-Fetch-Site",
        "Whether the request comes from a page of the same site.",
        NO_STANDARD,
    ),
    (
        "Sec-Fetch-Mode",
        "What kind of request the browser makes.",
        NO_STANDARD,
    ),
    (
        "Sec-Fetch-Dest",
        "What the browser wants the answer for.",
        NO_STANDARD,
    ),
    (
        "Sec-Fetch-User",
        "The user caused the request.",
        NO_STANDARD,
    ),
];

pub(super) const CORS: Rows = &[
    (
        "Origin",
        "Where the page comes from that wants to send the request.",
        FETCH,
    ),
    (
        "Access-Control-Request-Method",
        "The method of the request to come.",
        FETCH,
    ),
    (
        "Access-Control-Request-Headers",
        "Header fields of the request to come that need leave.",
        FETCH,
    ),
    (
        "access-control-allow-origin",
        "Pages of which origin may read the answer; * is all.",
        FETCH,
    ),
    (
        "access-control-allow-methods",
        "Which methods such pages may use.",
        FETCH,
    ),
    (
        "access-control-allow-headers",
        "Which header fields such pages may send.",
        FETCH,
    ),
    (
        "access-control-expose-headers",
        "Which header fields of the answer such pages may read.",
        FETCH,
    ),
    (
        "access-control-allow-credentials",
        "Whether cookies may go along; MCP needs none.",
        FETCH,
    ),
    (
        "access-control-max-age",
        "Seconds for which the browser need not ask again.",
        FETCH,
    ),
];
