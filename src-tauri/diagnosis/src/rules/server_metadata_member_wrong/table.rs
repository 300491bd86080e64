//! The members that a client relies on, and what each has to be.

use crate::finding::Level;
use crate::members::{Form, Member};
use crate::spec::{RFC8414_GRANT_TYPES, RFC8414_RESPONSE_TYPES, RFC8414_SCOPES};

/// Not here is what other rules check: the issuer, endpoints that are missing or insecure, PKCE.
pub(super) const TABLE: &[Member] = &[
    Member {
        required: true,
        holds: Some("code"),
        spec: RFC8414_RESPONSE_TYPES,
        ..member("response_types_supported", Form::Texts, Level::Error)
    },
    Member {
        holds: Some("authorization_code"),
        spec: RFC8414_GRANT_TYPES,
        ..member("grant_types_supported", Form::Texts, Level::Error)
    },
    member("issuer", Form::Text, Level::Error),
    member(
        "code_challenge_methods_supported",
        Form::Texts,
        Level::Error,
    ),
    member("scopes_supported", Form::Texts, Level::Warning),
    Member {
        holds: Some("query"),
        ..member("response_modes_supported", Form::Texts, Level::Warning)
    },
    member(
        "token_endpoint_auth_methods_supported",
        Form::Texts,
        Level::Error,
    ),
    member("registration_endpoint", Form::Endpoint, Level::Error),
    member("token_endpoint", Form::Endpoint, Level::Error),
    member("authorization_endpoint", Form::Endpoint, Level::Error),
    member("jwks_uri", Form::Url, Level::Warning),
    member("revocation_endpoint", Form::Url, Level::Warning),
    member("introspection_endpoint", Form::Url, Level::Warning),
    member("userinfo_endpoint", Form::Url, Level::Warning),
    member("device_authorization_endpoint", Form::Url, Level::Warning),
    member(
        "pushed_authorization_request_endpoint",
        Form::Url,
        Level::Warning,
    ),
    member("service_documentation", Form::Text, Level::Warning),
    member("protected_resources", Form::Texts, Level::Warning),
    member("signed_metadata", Form::Jwt, Level::Warning),
    member("require_signed_request_object", Form::Flag, Level::Warning),
    member(
        "dpop_signing_alg_values_supported",
        Form::Algorithms,
        Level::Warning,
    ),
    member(
        "token_endpoint_auth_signing_alg_values_supported",
        Form::Algorithms,
        Level::Warning,
    ),
    member(
        "revocation_endpoint_auth_signing_alg_values_supported",
        Form::Algorithms,
        Level::Warning,
    ),
    member(
        "introspection_endpoint_auth_signing_alg_values_supported",
        Form::Algorithms,
        Level::Warning,
    ),
    member(
        "revocation_endpoint_auth_methods_supported",
        Form::Texts,
        Level::Warning,
    ),
    member(
        "introspection_endpoint_auth_methods_supported",
        Form::Texts,
        Level::Warning,
    ),
    member(
        "tls_client_certificate_bound_access_tokens",
        Form::Flag,
        Level::Warning,
    ),
    member(
        "require_pushed_authorization_requests",
        Form::Flag,
        Level::Warning,
    ),
    member(
        "authorization_response_iss_parameter_supported",
        Form::Flag,
        Level::Warning,
    ),
    member(
        "client_id_metadata_document_supported",
        Form::Flag,
        Level::Warning,
    ),
];

const fn member(name: &'static str, form: Form, level: Level) -> Member {
    Member {
        name,
        form,
        required: false,
        holds: None,
        level,
        spec: RFC8414_SCOPES,
    }
}
