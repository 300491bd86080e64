//! Metadata of the protected resource and the authorization server.

use super::rows::Rows;
use crate::spec::source::{CLIENT_DOCUMENTS, discovery, logout, rfc, session};

pub(super) const RESOURCE: Rows = &[
    (
        "resource",
        "The MCP server's identifier; it must be identical to the URL used.",
        rfc(9728, "2"),
    ),
    (
        "authorization_servers",
        "The issuers that issue tokens for this server.",
        rfc(9728, "2"),
    ),
    (
        "scopes_supported",
        "Scopes to ask for when the challenge names none.",
        rfc(9728, "2"),
    ),
    (
        "bearer_methods_supported",
        "How the token may be sent; MCP uses the header.",
        rfc(9728, "2"),
    ),
    (
        "jwks_uri",
        "Keys with which this server signs its answers.",
        rfc(9728, "2"),
    ),
    ("resource_name", "A name for people.", rfc(9728, "2")),
    (
        "resource_documentation",
        "A page for developers.",
        rfc(9728, "2"),
    ),
    (
        "resource_policy_uri",
        "A page on how data may be used.",
        rfc(9728, "2"),
    ),
    ("resource_tos_uri", "The terms of service.", rfc(9728, "2")),
    (
        "resource_signing_alg_values_supported",
        "How this server signs its answers.",
        rfc(9728, "2"),
    ),
    (
        "tls_client_certificate_bound_access_tokens",
        "Whether tokens are bound to a client certificate.",
        rfc(9728, "2"),
    ),
    (
        "authorization_details_types_supported",
        "The types of authorization_details it understands.",
        rfc(9728, "2"),
    ),
    (
        "dpop_signing_alg_values_supported",
        "The signature algorithms it takes for DPoP proofs.",
        rfc(9728, "2"),
    ),
    (
        "dpop_bound_access_tokens_required",
        "Whether tokens have to be bound to a key by DPoP.",
        rfc(9728, "2"),
    ),
    (
        "signed_metadata",
        "The same metadata as a signed JWT.",
        rfc(9728, "2.2"),
    ),
];

pub(super) const SERVER: Rows = &[
    (
        "issuer",
        "The server's name; it must be identical to the issuer asked for.",
        rfc(8414, "2"),
    ),
    (
        "authorization_endpoint",
        "Where the browser is sent for login and consent.",
        rfc(8414, "2"),
    ),
    (
        "token_endpoint",
        "Where codes and refresh tokens are exchanged for tokens.",
        rfc(8414, "2"),
    ),
    (
        "registration_endpoint",
        "Where clients register themselves (RFC 7591).",
        rfc(8414, "2"),
    ),
    (
        "revocation_endpoint",
        "Where tokens are revoked (RFC 7009).",
        rfc(8414, "2"),
    ),
    (
        "introspection_endpoint",
        "Where a resource server asks what a token stands for (RFC 7662).",
        rfc(8414, "2"),
    ),
    (
        "userinfo_endpoint",
        "Where an OpenID client asks about the user.",
        discovery("3"),
    ),
    (
        "jwks_uri",
        "The keys with which this server signs its tokens.",
        rfc(8414, "2"),
    ),
    (
        "end_session_endpoint",
        "Where an OpenID client logs the user out.",
        logout("2.1"),
    ),
    (
        "device_authorization_endpoint",
        "Where devices without a browser begin (RFC 8628).",
        rfc(8628, "4"),
    ),
    (
        "pushed_authorization_request_endpoint",
        "Where authorization requests are sent beforehand (RFC 9126).",
        rfc(9126, "5"),
    ),
    (
        "require_pushed_authorization_requests",
        "Whether they have to be.",
        rfc(9126, "5"),
    ),
    (
        "scopes_supported",
        "Scopes this server knows; what the MCP server needs is in its own metadata.",
        rfc(8414, "2"),
    ),
    (
        "response_types_supported",
        "What an authorization request may ask for; code is needed.",
        rfc(8414, "2"),
    ),
    (
        "response_modes_supported",
        "How the authorization response may come back.",
        rfc(8414, "2"),
    ),
    (
        "grant_types_supported",
        "What may be exchanged for tokens.",
        rfc(8414, "2"),
    ),
    (
        "token_endpoint_auth_methods_supported",
        "How clients prove who they are; none is for public clients.",
        rfc(8414, "2"),
    ),
    (
        "token_endpoint_auth_signing_alg_values_supported",
        "Signature algorithms for client assertions.",
        rfc(8414, "2"),
    ),
    (
        "revocation_endpoint_auth_methods_supported",
        "How clients prove who they are when revoking.",
        rfc(8414, "2"),
    ),
    (
        "introspection_endpoint_auth_methods_supported",
        "How callers prove who they are when introspecting.",
        rfc(8414, "2"),
    ),
    (
        "code_challenge_methods_supported",
        "PKCE methods; MCP clients refuse to go on without S256.",
        rfc(8414, "2"),
    ),
    (
        "authorization_response_iss_parameter_supported",
        "Promises iss in every authorization response (RFC 9207).",
        rfc(9207, "3"),
    ),
    (
        "client_id_metadata_document_supported",
        "Takes an https URL of a metadata document as client_id.",
        CLIENT_DOCUMENTS,
    ),
    (
        "subject_types_supported",
        "OpenID: whether sub is the same for all clients.",
        discovery("3"),
    ),
    (
        "id_token_signing_alg_values_supported",
        "OpenID: how ID tokens are signed.",
        discovery("3"),
    ),
    (
        "claims_supported",
        "OpenID: claims that may be in an ID token.",
        discovery("3"),
    ),
    (
        "request_parameter_supported",
        "Whether a request object may be passed by value (RFC 9101).",
        discovery("3"),
    ),
    (
        "request_uri_parameter_supported",
        "Whether a request object may be passed by reference.",
        discovery("3"),
    ),
    (
        "dpop_signing_alg_values_supported",
        "The signature algorithms it takes for DPoP proofs.",
        rfc(9449, "5.1"),
    ),
    (
        "service_documentation",
        "A page for developers.",
        rfc(8414, "2"),
    ),
    (
        "ui_locales_supported",
        "The languages of its pages.",
        rfc(8414, "2"),
    ),
    (
        "op_policy_uri",
        "A page on how data may be used.",
        rfc(8414, "2"),
    ),
    ("op_tos_uri", "The terms of service.", rfc(8414, "2")),
    (
        "protected_resources",
        "Resources that its tokens are for (RFC 9728).",
        rfc(9728, "4"),
    ),
    (
        "signed_metadata",
        "The same metadata as a signed JWT.",
        rfc(8414, "2.1"),
    ),
    (
        "revocation_endpoint_auth_signing_alg_values_supported",
        "Signature algorithms for client assertions when revoking.",
        rfc(8414, "2"),
    ),
    (
        "introspection_endpoint_auth_signing_alg_values_supported",
        "Signature algorithms for client assertions when introspecting.",
        rfc(8414, "2"),
    ),
    (
        "mtls_endpoint_aliases",
        "The addresses of the endpoints for clients that show a certificate.",
        rfc(8705, "5"),
    ),
    (
        "tls_client_certificate_bound_access_tokens",
        "Whether its tokens can be bound to a client certificate.",
        rfc(8705, "3.3"),
    ),
    (
        "authorization_details_types_supported",
        "The types of authorization_details it understands.",
        rfc(9396, "10"),
    ),
    (
        "require_signed_request_object",
        "Whether authorization requests have to be signed.",
        rfc(9101, "10.5"),
    ),
    (
        "acr_values_supported",
        "Which kinds of login it knows.",
        discovery("3"),
    ),
    (
        "id_token_encryption_alg_values_supported",
        "How the key of encrypted ID tokens is wrapped.",
        discovery("3"),
    ),
    (
        "id_token_encryption_enc_values_supported",
        "How ID tokens are encrypted.",
        discovery("3"),
    ),
    (
        "userinfo_signing_alg_values_supported",
        "How the claims of the user are signed.",
        discovery("3"),
    ),
    (
        "userinfo_encryption_alg_values_supported",
        "How the key of encrypted claims is wrapped.",
        discovery("3"),
    ),
    (
        "userinfo_encryption_enc_values_supported",
        "How the claims of the user are encrypted.",
        discovery("3"),
    ),
    (
        "request_object_signing_alg_values_supported",
        "How request objects may be signed.",
        discovery("3"),
    ),
    (
        "request_object_encryption_alg_values_supported",
        "How the key of encrypted request objects is wrapped.",
        discovery("3"),
    ),
    (
        "request_object_encryption_enc_values_supported",
        "How request objects may be encrypted.",
        discovery("3"),
    ),
    (
        "display_values_supported",
        "How its pages can be shown.",
        discovery("3"),
    ),
    (
        "claim_types_supported",
        "Where its claims may come from.",
        discovery("3"),
    ),
    (
        "claims_locales_supported",
        "The languages in which it knows claims.",
        discovery("3"),
    ),
    (
        "claims_parameter_supported",
        "Whether single claims can be asked for.",
        discovery("3"),
    ),
    (
        "require_request_uri_registration",
        "Whether addresses of request objects have to be registered.",
        discovery("3"),
    ),
    (
        "check_session_iframe",
        "A page that tells an OpenID client whether the user is still logged in.",
        session("3.3"),
    ),
];
