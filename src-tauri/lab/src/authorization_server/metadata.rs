//! The well-known documents (RFC 8414 section 3, OpenID Connect Discovery section 4) and the JWK
//! set.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::AuthorizationServer;
use super::acr::SUPPORTED;
use super::authorization_details::TYPES;
use super::clients::{AUTH_METHODS, JWT_BEARER};
use super::token_exchange::ID_JAG;
use crate::jwt::{ALGORITHM, SigningKey};
use crate::web::{answer, json_answer, not_found, single_page_app};
use crate::{Endpoint, Misbehaviour};

/// What the assertions of an identity provider are called
/// (draft-ietf-oauth-identity-assertion-authz-grant section 7).
const ID_JAG_PROFILE: &str = "urn:ietf:params:oauth:grant-profile:id-jag";

/// `GET /.well-known/oauth-authorization-server`
pub(super) async fn oauth(State(server): State<Arc<AuthorizationServer>>) -> Response {
    if let Some(wrong) = server.wrong_answer(Endpoint::Metadata) {
        return wrong;
    }
    if server.options.no_metadata {
        return not_found();
    }
    if let Some(setup) = server.options.provider
        && (!setup.provider.oauth_document || !at_root(&setup.provider.issuer))
    {
        return not_found();
    }
    match server.misbehaviour {
        Some(Misbehaviour::ServerMetadataNotFound | Misbehaviour::OnlyOneMetadataDocument) => {
            not_found()
        }
        Some(Misbehaviour::IdentityProviderNotFound) if server.partners.is_some() => not_found(),
        Some(Misbehaviour::MetadataIsHtml) => single_page_app(),
        Some(Misbehaviour::MediaTypeWrong) => {
            answer(StatusCode::OK, "text/plain", document(&server).to_string())
        }
        Some(Misbehaviour::BodyDamaged) => {
            let first = r#"{"issuer":"https://other.example","#;
            let text = document(&server).to_string().replacen('{', first, 1);
            answer(StatusCode::OK, "application/json", text)
        }
        _ => json_answer(StatusCode::OK, &document(&server)),
    }
}

/// `GET /.well-known/openid-configuration`
pub(super) async fn openid(State(server): State<Arc<AuthorizationServer>>) -> Response {
    if let Some(wrong) = server.wrong_answer(Endpoint::Metadata) {
        return wrong;
    }
    if let Some(setup) = server.options.provider
        && !at_root(&setup.provider.issuer)
    {
        return not_found();
    }
    match server.misbehaviour {
        Some(Misbehaviour::ServerMetadataNotFound) => not_found(),
        Some(Misbehaviour::IdentityProviderNotFound) if server.partners.is_some() => not_found(),
        _ if server.options.no_metadata => not_found(),
        _ => json_answer(StatusCode::OK, &document(&server)),
    }
}

/// Whether an issuer has no path of its own.
fn at_root(issuer: &str) -> bool {
    matches!(issuer, "" | "/")
}

/// The documents of a provider whose issuer has a path.
pub(super) async fn of_provider(State(server): State<Arc<AuthorizationServer>>) -> Response {
    if let Some(wrong) = server.wrong_answer(Endpoint::Metadata) {
        return wrong;
    }
    json_answer(StatusCode::OK, &document(&server))
}

/// `GET /jwks`
pub(super) async fn jwks(State(server): State<Arc<AuthorizationServer>>) -> Response {
    let another = || SigningKey::generate().ok().map(|another| another.jwks());
    let published = match server.misbehaviour {
        Some(Misbehaviour::JwksUnusable) => return single_page_app(),
        Some(Misbehaviour::JwksKeyMissing) => another(),
        Some(Misbehaviour::SignatureWrong) => another().map(|mut another| {
            another["keys"][0]["kid"] = server.key.jwks()["keys"][0]["kid"].clone();
            another
        }),
        _ => Some(server.key.jwks()),
    };
    json_answer(
        StatusCode::OK,
        &published.unwrap_or_else(|| json!({ "keys": [] })),
    )
}

fn document(server: &AuthorizationServer) -> Value {
    let at = |path: &str| format!("{}{path}", server.base);
    let algorithms = [ALGORITHM];
    let mut document = json!({
        "issuer": server.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "registration_endpoint": at("/register"),
        "pushed_authorization_request_endpoint": at("/par"),
        "device_authorization_endpoint": at("/device_authorization"),
        "revocation_endpoint": at("/revoke"),
        "introspection_endpoint": at("/introspect"),
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at("/jwks"),
        "scopes_supported": server.scopes(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": server.grant_types(),
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": &AUTH_METHODS[1..],
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "dpop_signing_alg_values_supported": algorithms,
        "authorization_details_types_supported": TYPES,
        "acr_values_supported": SUPPORTED,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "claims_supported": ["sub", "name", "preferred_username", "email", "email_verified"],
        "request_parameter_supported": true,
        // Unsigned ones of clients without a key (OpenID Connect Core section 6.1).
        "request_object_signing_alg_values_supported": [ALGORITHM, "none"],
        // References to pushed requests are taken all the same (RFC 9126 section 5).
        "request_uri_parameter_supported": false,
    });
    if server.options.mtls {
        document["tls_client_certificate_bound_access_tokens"] = json!(true);
    }
    if server.options.require_par {
        document["require_pushed_authorization_requests"] = json!(true);
    }
    if server.grant_types().contains(&JWT_BEARER) {
        document["authorization_grant_profiles_supported"] = json!([ID_JAG_PROFILE]);
    }
    if server.partners.is_some() {
        document["identity_chaining_requested_token_types_supported"] = json!([ID_JAG]);
        for of_others in ["registration_endpoint", "device_authorization_endpoint"] {
            document
                .as_object_mut()
                .map(|fields| fields.shift_remove(of_others));
        }
    }
    if server.options.cimd {
        document["client_id_metadata_document_supported"] = json!(true);
    }
    if let Some(fields) = document.as_object_mut() {
        match server.misbehaviour {
            Some(Misbehaviour::RegistrationNotOffered) => {
                fields.shift_remove("registration_endpoint")
            }
            Some(Misbehaviour::EndpointNotOffered) => fields.shift_remove("introspection_endpoint"),
            Some(Misbehaviour::GrantNotOffered) => {
                let grants = json!(["authorization_code", "refresh_token"]);
                fields.insert("grant_types_supported".to_owned(), grants)
            }
            Some(Misbehaviour::ClientDocumentRefused) => fields.insert(
                "client_id_metadata_document_supported".to_owned(),
                json!(true),
            ),
            Some(Misbehaviour::ServerMetadataMemberWrong) => {
                fields.shift_remove("response_types_supported")
            }
            Some(Misbehaviour::PkceNotAdvertised) => {
                fields.shift_remove("code_challenge_methods_supported")
            }
            Some(Misbehaviour::MissingEndpoint) => fields.shift_remove("token_endpoint"),
            Some(Misbehaviour::EndpointInsecure) => {
                let url = "http://login.example/revoke";
                fields.insert("revocation_endpoint".to_owned(), json!(url))
            }
            Some(Misbehaviour::EndpointOfAnotherOrigin) => {
                let url = at("/token").replacen("127.0.0.1", "localhost", 1);
                fields.insert("token_endpoint".to_owned(), json!(url))
            }
            Some(Misbehaviour::ClientIdIgnoredInBasic) => {
                let methods = json!(["client_secret_basic"]);
                fields.insert("token_endpoint_auth_methods_supported".to_owned(), methods)
            }
            _ => None,
        };
    }
    match server.options.provider {
        Some(setup) => setup.metadata(&server.base, &document),
        None => document,
    }
}
