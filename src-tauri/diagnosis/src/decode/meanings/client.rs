//! Metadata of the client.

use super::rows::Rows;
use crate::spec::source::{logout, registration, rfc};

pub(super) const CLIENT: Rows = &[
    (
        "client_id",
        "The client's name at this server, from now on.",
        rfc(7591, "3.2.1"),
    ),
    (
        "client_secret",
        "The client's password at this server.",
        rfc(7591, "3.2.1"),
    ),
    (
        "client_secret_expires_at",
        "When the secret expires (seconds since 1970); 0 is never.",
        rfc(7591, "3.2.1"),
    ),
    (
        "client_id_issued_at",
        "When the client was registered (seconds since 1970).",
        rfc(7591, "3.2.1"),
    ),
    (
        "redirect_uris",
        "Where the browser may come back to.",
        rfc(7591, "2"),
    ),
    (
        "client_name",
        "The name on the consent page.",
        rfc(7591, "2"),
    ),
    ("client_uri", "The client's home page.", rfc(7591, "2")),
    (
        "logo_uri",
        "The picture on the consent page.",
        rfc(7591, "2"),
    ),
    ("scope", "Scopes the client may ask for.", rfc(7591, "2")),
    (
        "grant_types",
        "What the client may exchange for tokens.",
        rfc(7591, "2"),
    ),
    (
        "response_types",
        "What the client may ask for at the authorization endpoint.",
        rfc(7591, "2"),
    ),
    (
        "token_endpoint_auth_method",
        "How the client proves who it is; none is a public client.",
        rfc(7591, "2"),
    ),
    (
        "application_type",
        "native (desktop, command line) or web; it decides on allowed redirect URIs.",
        registration("2"),
    ),
    ("contacts", "Whom to ask.", rfc(7591, "2")),
    ("tos_uri", "The terms of service.", rfc(7591, "2")),
    (
        "policy_uri",
        "A page on how data may be used.",
        rfc(7591, "2"),
    ),
    ("jwks_uri", "Where the client's keys are.", rfc(7591, "2")),
    ("jwks", "The client's keys.", rfc(7591, "2")),
    (
        "software_id",
        "The same for every copy of the software.",
        rfc(7591, "2"),
    ),
    (
        "software_version",
        "The version of the software.",
        rfc(7591, "2"),
    ),
    (
        "software_statement",
        "Metadata that someone else vouches for, as a signed JWT.",
        rfc(7591, "3.1.1"),
    ),
    (
        "registration_access_token",
        "Lets the client read and change its registration (RFC 7592).",
        rfc(7592, "3"),
    ),
    (
        "registration_client_uri",
        "Where the client reads and changes its registration (RFC 7592).",
        rfc(7592, "3"),
    ),
    (
        "dpop_bound_access_tokens",
        "The client always wants tokens that are bound to a key by DPoP.",
        rfc(9449, "5.2"),
    ),
    (
        "require_pushed_authorization_requests",
        "The client only ever pushes its authorization requests.",
        rfc(9126, "6"),
    ),
    (
        "tls_client_certificate_bound_access_tokens",
        "The client wants tokens that are bound to its certificate.",
        rfc(8705, "3.4"),
    ),
    (
        "authorization_details_types",
        "The types of authorization_details that the client will send.",
        rfc(9396, "10"),
    ),
    (
        "require_signed_request_object",
        "The client only ever sends signed authorization requests.",
        rfc(9101, "10.5"),
    ),
    (
        "request_uris",
        "Addresses at which the client keeps request objects.",
        registration("2"),
    ),
    (
        "default_max_age",
        "How long ago a login may be, in seconds, unless the request says otherwise.",
        registration("2"),
    ),
    (
        "require_auth_time",
        "ID tokens have to say when the user logged in.",
        registration("2"),
    ),
    (
        "default_acr_values",
        "Which kind of login is wanted, unless the request says otherwise.",
        registration("2"),
    ),
    (
        "subject_type",
        "Whether the user has the same sub at all clients.",
        registration("2"),
    ),
    (
        "id_token_signed_response_alg",
        "How ID tokens for this client are signed.",
        registration("2"),
    ),
    (
        "userinfo_signed_response_alg",
        "How the claims of the user are signed for this client.",
        registration("2"),
    ),
    (
        "request_object_signing_alg",
        "How the client signs request objects.",
        registration("2"),
    ),
    (
        "token_endpoint_auth_signing_alg",
        "How the client signs its assertions.",
        registration("2"),
    ),
    (
        "initiate_login_uri",
        "Where a login at the client can be started from elsewhere.",
        registration("2"),
    ),
    (
        "post_logout_redirect_uris",
        "Where the browser may come back to after a logout.",
        logout("3.1"),
    ),
];
