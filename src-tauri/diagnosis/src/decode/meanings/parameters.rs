//! What clients send to an authorization server, and what it answers.

use super::rows::Rows;
use crate::spec::source::{core, multiple, rfc, session};

pub(super) const PARAMETERS: Rows = &[
    (
        "response_type",
        "What the client wants back: code, an authorization code.",
        rfc(6749, "4.1.1"),
    ),
    (
        "response_mode",
        "How the response comes back: in the query of the redirect URI, unless said \
         otherwise.",
        multiple("2.1"),
    ),
    (
        "client_id",
        "Who asks: the client as the authorization server knows it.",
        rfc(6749, "4.1.1"),
    ),
    (
        "client_secret",
        "The client's password at the authorization server.",
        rfc(6749, "2.3.1"),
    ),
    (
        "client_assertion",
        "A signed JWT by which the client proves who it is.",
        rfc(7521, "4.2"),
    ),
    (
        "client_assertion_type",
        "The kind of client assertion.",
        rfc(7521, "4.2"),
    ),
    (
        "redirect_uri",
        "Where the browser comes back to; it must be registered.",
        rfc(6749, "4.1.1"),
    ),
    (
        "scope",
        "What the token shall be good for.",
        rfc(6749, "4.1.1"),
    ),
    (
        "state",
        "Ties the response to this request; it has to come back unchanged.",
        rfc(6749, "4.1.1"),
    ),
    (
        "nonce",
        "Ties an ID token to this request.",
        core("3.1.2.1"),
    ),
    (
        "prompt",
        "Whether the user shall be asked again.",
        core("3.1.2.1"),
    ),
    (
        "code_challenge",
        "PKCE: the hash of the verifier that only this client knows.",
        rfc(7636, "4.3"),
    ),
    (
        "code_challenge_method",
        "PKCE: how the challenge comes from the verifier; S256 is SHA-256.",
        rfc(7636, "4.3"),
    ),
    (
        "code_verifier",
        "PKCE: proves that who redeems the code is who asked for it.",
        rfc(7636, "4.5"),
    ),
    (
        "computed from the verifier",
        "What the challenge has to be for this verifier.",
        rfc(7636, "4.2"),
    ),
    (
        "resource",
        "The MCP server that the token is meant for (RFC 8707).",
        rfc(8707, "2"),
    ),
    (
        "audience",
        "In a token exchange the service that the token is for (RFC 8693); elsewhere a \
         vendor's own name for resource.",
        rfc(8693, "2.1"),
    ),
    (
        "code",
        "The authorization code: good once and briefly, for tokens.",
        rfc(6749, "4.1.2"),
    ),
    (
        "iss",
        "The issuer that sent this response (RFC 9207).",
        rfc(9207, "2"),
    ),
    (
        "grant_type",
        "What is exchanged for tokens.",
        rfc(6749, "4.1.3"),
    ),
    (
        "refresh_token",
        "The long-lived token that brings new access tokens.",
        rfc(6749, "6"),
    ),
    (
        "request",
        "The authorization request as a JWT, signed or not (RFC 9101).",
        rfc(9101, "5"),
    ),
    (
        "request_uri",
        "Stands for a request that was pushed before (RFC 9126).",
        rfc(9126, "4"),
    ),
    (
        "authorization_details",
        "What exactly is asked for, as JSON (RFC 9396).",
        rfc(9396, "2"),
    ),
    (
        "acr_values",
        "Which kind of login is wanted, best first.",
        core("3.1.2.1"),
    ),
    (
        "max_age",
        "How long ago the login may be, in seconds, before the user has to log in again.",
        core("3.1.2.1"),
    ),
    ("login_hint", "Who is likely to log in.", core("3.1.2.1")),
    (
        "id_token_hint",
        "An earlier ID token of the user.",
        core("3.1.2.1"),
    ),
    (
        "ui_locales",
        "The languages that the user prefers.",
        core("3.1.2.1"),
    ),
    (
        "dpop_jkt",
        "The thumbprint of the key that the code is bound to (RFC 9449).",
        rfc(9449, "10"),
    ),
    ("token", "The token that this is about.", rfc(7009, "2.1")),
    (
        "token_type_hint",
        "Which kind of token that is.",
        rfc(7009, "2.1"),
    ),
    (
        "device_code",
        "What the client polls with; the user never sees it.",
        rfc(8628, "3.4"),
    ),
    ("user_code", "What the user types in.", rfc(8628, "3.2")),
    (
        "assertion",
        "A JWT that somebody else signed, and that is exchanged for an access token.",
        rfc(7521, "4.1"),
    ),
    (
        "requested_token_type",
        "What kind of token is wanted in exchange.",
        rfc(8693, "2.1"),
    ),
    (
        "subject_token",
        "The token that says on whose behalf this is.",
        rfc(8693, "2.1"),
    ),
    (
        "subject_token_type",
        "What kind of token that is.",
        rfc(8693, "2.1"),
    ),
    (
        "actor_token",
        "The token that says who acts.",
        rfc(8693, "2.1"),
    ),
    (
        "actor_token_type",
        "What kind of token that is, too.",
        rfc(8693, "2.1"),
    ),
    (
        "session_state",
        "OpenID Connect session management; not used by MCP.",
        session("2"),
    ),
    (
        "username",
        "The name of the user, typed in; clients of MCP never ask for it.",
        rfc(6749, "4.3.2"),
    ),
    (
        "password",
        "The password of the user, typed in; clients of MCP never ask for it.",
        rfc(6749, "4.3.2"),
    ),
    (
        "display",
        "How the pages for the user are to be shown.",
        core("3.1.2.1"),
    ),
    (
        "claims",
        "Single claims that are asked for, as JSON.",
        core("5.5"),
    ),
    (
        "claims_locales",
        "The languages in which claims are wanted.",
        core("5.2"),
    ),
    (
        "registration",
        "Metadata of the client, sent along.",
        core("7.2.1"),
    ),
    (
        "access_token",
        "The access token, where it is sent as a parameter; MCP forbids it in the URL.",
        rfc(6750, "2.2"),
    ),
    (
        "token_type",
        "How the access token is used.",
        rfc(6749, "4.2.2"),
    ),
    (
        "expires_in",
        "Seconds until the access token expires.",
        rfc(6749, "5.1"),
    ),
    (
        "id_token",
        "Says who logged in; it is for the client alone.",
        core("3.2.2.5"),
    ),
];

pub(super) const TOKEN: Rows = &[
    (
        "access_token",
        "What is sent to the MCP server with every call.",
        rfc(6749, "5.1"),
    ),
    (
        "token_type",
        "How the access token is used; Bearer means that whoever has it may use it.",
        rfc(6749, "5.1"),
    ),
    (
        "expires_in",
        "Seconds until the access token expires.",
        rfc(6749, "5.1"),
    ),
    (
        "refresh_token",
        "Brings a new access token without asking the user.",
        rfc(6749, "5.1"),
    ),
    (
        "scope",
        "What was granted, when it differs from what was asked for.",
        rfc(6749, "5.1"),
    ),
    (
        "issued_token_type",
        "What was issued, whatever access_token is called (RFC 8693).",
        rfc(8693, "2.2.1"),
    ),
    (
        "authorization_details",
        "What exactly was granted (RFC 9396).",
        rfc(9396, "7"),
    ),
    (
        "id_token",
        "Says who logged in; it is for the client and never sent to the MCP server.",
        core("3.1.3.3"),
    ),
];

pub(super) const PUSHED: Rows = &[
    (
        "request_uri",
        "Stands for the request that was pushed; the browser takes it along.",
        rfc(9126, "2.2"),
    ),
    ("expires_in", "Seconds for which it does.", rfc(9126, "2.2")),
];

pub(super) const DEVICE: Rows = &[
    (
        "device_code",
        "What the client polls with; the user never sees it.",
        rfc(8628, "3.2"),
    ),
    (
        "user_code",
        "What the user types in at the address.",
        rfc(8628, "3.2"),
    ),
    (
        "verification_uri",
        "The address that the user goes to.",
        rfc(8628, "3.2"),
    ),
    (
        "verification_uri_complete",
        "The same with the code in it, for a link or a picture to scan.",
        rfc(8628, "3.2"),
    ),
    (
        "expires_in",
        "Seconds until both codes are worth nothing.",
        rfc(8628, "3.2"),
    ),
    (
        "interval",
        "Seconds to wait between two polls at least; 5 when it is left out.",
        rfc(8628, "3.2"),
    ),
];

pub(super) const AUTHORIZATION_DETAIL: Rows = &[
    (
        "type",
        "The kind of access that this part is about; it decides what else it holds.",
        rfc(9396, "2"),
    ),
    (
        "locations",
        "The servers that it is about.",
        rfc(9396, "2.2"),
    ),
    ("actions", "What shall be allowed there.", rfc(9396, "2.2")),
    (
        "datatypes",
        "The kinds of data that it is about.",
        rfc(9396, "2.2"),
    ),
    (
        "identifier",
        "The one thing that it is about.",
        rfc(9396, "2.2"),
    ),
    (
        "privileges",
        "How far it goes, such as the privileges of an administrator.",
        rfc(9396, "2.2"),
    ),
];
