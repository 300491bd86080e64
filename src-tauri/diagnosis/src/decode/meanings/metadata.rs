//! Metadata of the three parties.

use super::rows::Rows;

pub(super) const RESOURCE: Rows = &[
    (
        "resource",
        "The MCP server's identifier; it must be identical to the URL used.",
    ),
    (
        "authorization_servers",
        "The issuers where tokens for this server can be had.",
    ),
    (
        "scopes_supported",
        "Scopes to ask for when the challenge names none.",
    ),
    (
        "bearer_methods_supported",
        "How the token may be sent; MCP uses the header.",
    ),
    ("jwks_uri", "Keys with which this server signs its answers."),
    ("resource_name", "A name for people."),
    ("resource_documentation", "A page for developers."),
    ("resource_policy_uri", "A page on how data may be used."),
    ("resource_tos_uri", "The terms of service."),
    (
        "resource_signing_alg_values_supported",
        "How this server signs its answers.",
    ),
    (
        "tls_client_certificate_bound_access_tokens",
        "Whether tokens are bound to a client certificate.",
    ),
    (
        "authorization_details_types_supported",
        "The types of authorization_details it understands.",
    ),
    (
        "dpop_signing_alg_values_supported",
        "The signature algorithms it takes for DPoP proofs.",
    ),
    (
        "dpop_bound_access_tokens_required",
        "Whether tokens have to be bound to a key by DPoP.",
    ),
    ("signed_metadata", "The same metadata as a signed JWT."),
];

pub(super) const SERVER: Rows = &[
    (
        "issuer",
        "The server's name; it must be identical to the issuer asked for.",
    ),
    (
        "authorization_endpoint",
        "Where the browser is sent for login and consent.",
    ),
    (
        "token_endpoint",
        "Where codes and refresh tokens are exchanged for tokens.",
    ),
    (
        "registration_endpoint",
        "Where clients register themselves (RFC 7591).",
    ),
    (
        "revocation_endpoint",
        "Where tokens are revoked (RFC 7009).",
    ),
    (
        "introspection_endpoint",
        "Where a resource server asks what a token stands for (RFC 7662).",
    ),
    (
        "userinfo_endpoint",
        "Where an OpenID client asks about the user.",
    ),
    (
        "jwks_uri",
        "The keys with which this server signs its tokens.",
    ),
    (
        "end_session_endpoint",
        "Where an OpenID client logs the user out.",
    ),
    (
        "device_authorization_endpoint",
        "Where devices without a browser begin (RFC 8628).",
    ),
    (
        "pushed_authorization_request_endpoint",
        "Where authorization requests are sent beforehand (RFC 9126).",
    ),
    (
        "require_pushed_authorization_requests",
        "Whether they have to be.",
    ),
    (
        "scopes_supported",
        "Scopes this server knows; what the MCP server needs is in its own metadata.",
    ),
    (
        "response_types_supported",
        "What an authorization request may ask for; code is needed.",
    ),
    (
        "response_modes_supported",
        "How the authorization response may come back.",
    ),
    ("grant_types_supported", "What may be exchanged for tokens."),
    (
        "token_endpoint_auth_methods_supported",
        "How clients prove who they are; none is for public clients.",
    ),
    (
        "token_endpoint_auth_signing_alg_values_supported",
        "Signature algorithms for client assertions.",
    ),
    (
        "revocation_endpoint_auth_methods_supported",
        "How clients prove who they are when revoking.",
    ),
    (
        "introspection_endpoint_auth_methods_supported",
        "How callers prove who they are when introspecting.",
    ),
    (
        "code_challenge_methods_supported",
        "PKCE methods; MCP clients refuse to go on without S256.",
    ),
    (
        "authorization_response_iss_parameter_supported",
        "Promises iss in every authorization response (RFC 9207).",
    ),
    (
        "client_id_metadata_document_supported",
        "Takes an https URL of a metadata document as client_id.",
    ),
    (
        "subject_types_supported",
        "OpenID: whether sub is the same for all clients.",
    ),
    (
        "id_token_signing_alg_values_supported",
        "OpenID: how ID tokens are signed.",
    ),
    (
        "claims_supported",
        "OpenID: claims that may be in an ID token.",
    ),
    (
        "request_parameter_supported",
        "Whether a request object may be passed by value (RFC 9101).",
    ),
    (
        "request_uri_parameter_supported",
        "Whether a request object may be passed by reference.",
    ),
    (
        "dpop_signing_alg_values_supported",
        "The signature algorithms it takes for DPoP proofs.",
    ),
    ("service_documentation", "A page for developers."),
    ("ui_locales_supported", "The languages of its pages."),
    ("op_policy_uri", "A page on how data may be used."),
    ("op_tos_uri", "The terms of service."),
    (
        "protected_resources",
        "Resources that its tokens are for (RFC 9728).",
    ),
    ("signed_metadata", "The same metadata as a signed JWT."),
];

pub(super) const CLIENT: Rows = &[
    (
        "client_id",
        "The client's name at this server, from now on.",
    ),
    ("client_secret", "The client's password at this server."),
    (
        "client_secret_expires_at",
        "When the secret expires (seconds since 1970); 0 is never.",
    ),
    (
        "client_id_issued_at",
        "When the client was registered (seconds since 1970).",
    ),
    ("redirect_uris", "Where the browser may come back to."),
    ("client_name", "The name on the consent page."),
    ("client_uri", "The client's home page."),
    ("logo_uri", "The picture on the consent page."),
    ("scope", "Scopes the client may ask for."),
    ("grant_types", "What the client may exchange for tokens."),
    (
        "response_types",
        "What the client may ask for at the authorization endpoint.",
    ),
    (
        "token_endpoint_auth_method",
        "How the client proves who it is; none is a public client.",
    ),
    (
        "application_type",
        "native (desktop, command line) or web; it decides on allowed redirect URIs.",
    ),
    ("contacts", "Whom to ask."),
    ("tos_uri", "The terms of service."),
    ("policy_uri", "A page on how data may be used."),
    ("jwks_uri", "Where the client's keys are."),
    ("jwks", "The client's keys."),
    ("software_id", "The same for every copy of the software."),
    ("software_version", "The version of the software."),
    (
        "software_statement",
        "Metadata that someone else vouches for, as a signed JWT.",
    ),
    (
        "registration_access_token",
        "Lets the client read and change its registration (RFC 7592).",
    ),
    (
        "registration_client_uri",
        "Where the client reads and changes its registration (RFC 7592).",
    ),
];
