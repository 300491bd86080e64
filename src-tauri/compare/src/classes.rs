//! Which names hold values that are fresh each time, times, or values that do not matter.

/// What kind of value stands under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Compared as it is, after the shapes in it were named.
    Plain,
    /// Different in every run: only which other values it equals counts.
    Fresh,
    /// Seconds since 1970: how far from the exchange counts.
    Time,
    /// Says nothing about the flow.
    Connection,
}

/// Parameters, members and claims whose values are new each time. In lower case.
const FRESH: &[&str] = &[
    "access_token",
    "actor_token",
    "assertion",
    "ath",
    "at_hash",
    "auth_req_id",
    "c_hash",
    "client_assertion",
    "client_secret",
    "code",
    "code_challenge",
    "code_verifier",
    "csrf",
    "csrf_token",
    "device_code",
    "device_secret",
    "id_token",
    "id_token_hint",
    "jkt",
    "jti",
    "kid",
    "n",
    "nonce",
    "progresstoken",
    "refresh_token",
    "registration_access_token",
    "request",
    "request_uri",
    "s_hash",
    "session_state",
    "sessionid",
    "session_id",
    "sid",
    "software_statement",
    "state",
    "subject_token",
    "token",
    "user_code",
    "verification_uri_complete",
    "x",
    "x5c",
    "x5t",
    "x5t#s256",
    "y",
];

/// Members and claims that hold a time.
const TIMES: &[&str] = &[
    "auth_time",
    "client_id_issued_at",
    "client_secret_expires_at",
    "created_at",
    "exp",
    "expires_at",
    "iat",
    "issued_at",
    "nbf",
    "updated_at",
];

/// The class of a parameter, member or claim of this name.
pub fn of_name(name: &str) -> Class {
    let lower = name.to_ascii_lowercase();
    if FRESH.contains(&lower.as_str()) {
        Class::Fresh
    } else if TIMES.contains(&lower.as_str()) {
        Class::Time
    } else {
        Class::Plain
    }
}

/// Request headers by which programs and connections differ.
const OF_CLIENTS: &[&str] = &[
    "accept-encoding",
    "accept-language",
    "baggage",
    "cache-control",
    "connection",
    "content-length",
    "cookie",
    "dnt",
    "host",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "pragma",
    "priority",
    "proxy-connection",
    "referer",
    "te",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-request-id",
];

/// Response headers by which servers, gateways and connections differ.
const OF_SERVERS: &[&str] = &[
    "accept-ranges",
    "age",
    "alt-svc",
    "connection",
    "content-length",
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "date",
    "etag",
    "expires",
    "keep-alive",
    "last-modified",
    "nel",
    "permissions-policy",
    "priority",
    "referrer-policy",
    "report-to",
    "reporting-endpoints",
    "server",
    "server-timing",
    "set-cookie",
    "strict-transport-security",
    "trailer",
    "transfer-encoding",
    "vary",
    "via",
    "x-content-type-options",
    "x-correlation-id",
    "x-dns-prefetch-control",
    "x-download-options",
    "x-frame-options",
    "x-permitted-cross-domain-policies",
    "x-powered-by",
    "x-request-id",
    "x-runtime",
    "x-trace-id",
    "x-xss-protection",
];

/// What the names of further such headers begin with.
const OF_CLIENTS_BEGIN: &[&str] = &["sec-", "x-b3-", "x-datadog-", "sentry-"];
const OF_SERVERS_BEGIN: &[&str] = &["cf-", "x-amz", "x-envoy-", "x-vercel-", "fly-", "x-azure-"];

/// The class of a request header. The name in lower case.
pub fn of_request_header(name: &str) -> Class {
    of_header(name, OF_CLIENTS, OF_CLIENTS_BEGIN)
}

/// The class of a response header. The name in lower case.
pub fn of_response_header(name: &str) -> Class {
    of_header(name, OF_SERVERS, OF_SERVERS_BEGIN)
}

fn of_header(name: &str, known: &[&str], begin: &[&str]) -> Class {
    if known.contains(&name) || begin.iter().any(|begin| name.starts_with(begin)) {
        return Class::Connection;
    }
    match name {
        "mcp-session-id" | "dpop-nonce" | "last-event-id" => Class::Fresh,
        _ => Class::Plain,
    }
}

/// Headers that decide the flow. A difference in another one comes last.
const DECISIVE: &[&str] = &[
    "accept",
    "authorization",
    "content-encoding",
    "content-type",
    "dpop",
    "dpop-nonce",
    "location",
    "mcp-method",
    "mcp-protocol-version",
    "mcp-session-id",
    "retry-after",
    "www-authenticate",
];

/// Whether a header of this name decides the flow. In lower case.
pub fn is_decisive(header: &str) -> bool {
    DECISIVE.contains(&header) || header.starts_with("access-control-")
}

/// Claims and members that are shown as they are: they say nothing about a person.
const PUBLIC_CLAIMS: &[&str] = &[
    "acr",
    "alg",
    "amr",
    "aud",
    "azp",
    "client_id",
    "cnf",
    "exp",
    "htm",
    "htu",
    "iat",
    "iss",
    "nbf",
    "resource",
    "scope",
    "scp",
    "token_type",
    "typ",
];

/// Whether the value of a claim may be shown.
pub fn is_public_claim(name: &str) -> bool {
    PUBLIC_CLAIMS.contains(&name)
}

/// A plain word, as enumerations use it: `invalid_grant` under the name `code`.
pub fn is_word(value: &str) -> bool {
    value.len() <= 32 && value.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}
