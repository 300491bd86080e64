//! Protected resource metadata (RFC 9728 section 2), at the path-inserted and at the root
//! well-known URL.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::McpServer;
use super::server::advertised_resource;
use crate::Misbehaviour;
use crate::jwt::ALGORITHM;
use crate::web::{json_answer, not_found, single_page_app};

/// `GET /.well-known/oauth-protected-resource/mcp`
pub(super) async fn path_inserted(State(server): State<Arc<McpServer>>) -> Response {
    match server.misbehaviour {
        _ if server.options.no_metadata => not_found(),
        Some(Misbehaviour::MetadataIsHtml) => single_page_app(),
        Some(Misbehaviour::ResourceMetadataNotFound) => not_found(),
        _ => json_answer(StatusCode::OK, &document(&server)),
    }
}

/// `GET /.well-known/oauth-protected-resource`
pub(super) async fn root(State(server): State<Arc<McpServer>>) -> Response {
    match server.misbehaviour {
        _ if server.options.no_metadata => not_found(),
        Some(Misbehaviour::ResourceMetadataNotFound) => not_found(),
        _ => json_answer(StatusCode::OK, &document(&server)),
    }
}

/// The issuers, the preferred one first.
fn authorization_servers(server: &McpServer) -> Vec<&str> {
    let second = server.second_as.as_deref();
    if server.memory().migrated {
        return second.into_iter().collect();
    }
    let both = second.filter(|_| server.options.second_as);
    [Some(server.as_url.as_str()), both]
        .into_iter()
        .flatten()
        .collect()
}

fn document(server: &McpServer) -> Value {
    let mut document = json!({
        "resource": advertised_resource(&server.url, &server.as_url, server.misbehaviour),
        "authorization_servers": authorization_servers(server),
        "scopes_supported": ["mcp:read"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Authscope lab",
    });
    if server.options.mtls {
        document["tls_client_certificate_bound_access_tokens"] = json!(true);
    }
    if server.options.dpop_required {
        document["dpop_signing_alg_values_supported"] = json!([ALGORITHM]);
        document["dpop_bound_access_tokens_required"] = json!(true);
    }
    match server.misbehaviour {
        Some(Misbehaviour::ServerMetadataInResourceMetadata) => {
            document["token_endpoint_auth_methods_supported"] =
                json!(["client_secret_basic", "none"]);
        }
        // A port below 1024 that no service of today uses.
        Some(Misbehaviour::TransportFailure) => {
            document["authorization_servers"] = json!(["http://127.0.0.1:1"]);
        }
        Some(Misbehaviour::ResourceMetadataUnusable) => {
            document["authorization_servers"] = json!([]);
        }
        _ => {}
    }
    document
}
