//! What clients send to an authorization server, and what it answers.

use super::rows::Rows;

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
        "request",
        "The authorization request as a JWT, signed or not (RFC 9101).",
    ),
    (
        "request_uri",
        "Stands for a request that was pushed before (RFC 9126).",
    ),
    (
        "authorization_details",
        "What exactly is asked for, as JSON (RFC 9396).",
    ),
    ("acr_values", "Which kind of login is wanted, best first."),
    (
        "max_age",
        "How long ago the login may be, in seconds, before the user has to log in again.",
    ),
    ("login_hint", "Who is likely to log in."),
    ("id_token_hint", "An earlier ID token of the user."),
    ("ui_locales", "The languages that the user prefers."),
    (
        "dpop_jkt",
        "The thumbprint of the key that the code is bound to (RFC 9449).",
    ),
    ("token", "The token that this is about."),
    ("token_type_hint", "Which kind of token that is."),
    (
        "device_code",
        "What the client polls with; the user never sees it.",
    ),
    ("user_code", "What the user types in."),
    (
        "assertion",
        "A JWT that somebody else signed, and that is exchanged for an access token.",
    ),
    (
        "requested_token_type",
        "What kind of token is wanted in exchange.",
    ),
    (
        "subject_token",
        "The token that says on whose behalf this is.",
    ),
    ("subject_token_type", "What kind of token that is."),
    ("actor_token", "The token that says who acts."),
    ("actor_token_type", "What kind of token that is, too."),
    (
        "session_state",
        "OpenID Connect session management; not used by MCP.",
    ),
];

pub(super) const TOKEN: Rows = &[
    (
        "access_token",
        "What is sent to the MCP server with every call.",
    ),
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
        "issued_token_type",
        "What was issued, whatever access_token is called (RFC 8693).",
    ),
    (
        "authorization_details",
        "What exactly was granted (RFC 9396).",
    ),
    (
        "id_token",
        "Says who logged in; it is for the client and never sent to the MCP server.",
    ),
];

pub(super) const PUSHED: Rows = &[
    (
        "request_uri",
        "Stands for the request that was pushed; the browser takes it along.",
    ),
    ("expires_in", "Seconds for which it does."),
];

pub(super) const DEVICE: Rows = &[
    (
        "device_code",
        "What the client polls with; the user never sees it.",
    ),
    ("user_code", "What the user types in at the address."),
    ("verification_uri", "The address that the user goes to."),
    (
        "verification_uri_complete",
        "The same with the code in it, for a link or a picture to scan.",
    ),
    ("expires_in", "Seconds until both codes are worth nothing."),
    (
        "interval",
        "Seconds to wait between two polls at least; 5 when it is left out.",
    ),
];
