//! Reads the two metadata documents and says where they are to be found.
//!
//! Issuers, resources and endpoints stay the text that was sent: a parsed and printed URL may
//! differ from it by a slash, and they are compared byte for byte (RFC 3986 section 6.2.1).

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::{Host, Url};

use crate::body::BodyEnd;
use crate::exchange::Response;
use crate::json::json_value;
use crate::phase::{MetadataSource, WellKnown};

/// A JSON object, or why a response does not hold one.
pub type Document = Map<String, Value>;

/// Why a response is not a usable metadata document. Each names what was expected and what came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentError {
    Status(u16),
    /// The body is not JSON; `media_type` as sent.
    NotJson {
        media_type: Option<String>,
        reason: String,
    },
    NotAnObject {
        got: &'static str,
    },
    /// The body was not read to its end.
    Incomplete,
    WrongType {
        field: String,
        expected: &'static str,
        got: &'static str,
    },
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::NotJson {
                media_type: Some(media),
                reason,
            } => write!(f, "{media} that is not JSON ({reason})"),
            Self::NotJson {
                media_type: None,
                reason,
            } => write!(f, "not JSON ({reason})"),
            Self::NotAnObject { got } => write!(f, "expected a JSON object, got {got}"),
            Self::Incomplete => f.write_str("the answer was not complete"),
            Self::WrongType {
                field,
                expected,
                got,
            } => write!(f, "{field}: expected {expected}, got {got}"),
        }
    }
}

/// Protected resource metadata (RFC 9728 section 2), the members a client uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceMetadata {
    pub resource: Option<String>,
    pub authorization_servers: Vec<String>,
    pub scopes_supported: Option<Vec<String>>,
    /// RFC 9449 is demanded in every call (RFC 9728 section 2).
    pub dpop_bound_access_tokens_required: bool,
}

impl ResourceMetadata {
    /// # Errors
    /// [`DocumentError`] when the response holds no such document or a member has the wrong type.
    pub fn read(response: &Response) -> Result<Self, DocumentError> {
        let document = document(response)?;
        Ok(Self {
            resource: text(&document, "resource")?,
            authorization_servers: texts(&document, "authorization_servers")?.unwrap_or_default(),
            scopes_supported: texts(&document, "scopes_supported")?,
            dpop_bound_access_tokens_required: optional_flag(
                &document,
                "dpop_bound_access_tokens_required",
            ),
        })
    }
}

/// Authorization server metadata (RFC 8414 section 2), the members a client uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerMetadata {
    pub issuer: Option<String>,
    pub authorization_endpoint: Option<String>,
    pub token_endpoint: Option<String>,
    pub registration_endpoint: Option<String>,
    pub revocation_endpoint: Option<String>,
    pub introspection_endpoint: Option<String>,
    pub userinfo_endpoint: Option<String>,
    pub jwks_uri: Option<String>,
    pub scopes_supported: Option<Vec<String>>,
    pub grant_types_supported: Option<Vec<String>>,
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// RFC 9207 section 3.
    pub authorization_response_iss_parameter_supported: bool,
    /// draft-ietf-oauth-client-id-metadata-document-00 section 5.
    pub client_id_metadata_document_supported: bool,
    /// RFC 9126 section 5.
    pub pushed_authorization_request_endpoint: Option<String>,
    pub require_pushed_authorization_requests: bool,
    /// RFC 8628 section 4.
    pub device_authorization_endpoint: Option<String>,
    /// RFC 9449 section 5.1.
    pub dpop_signing_alg_values_supported: Option<Vec<String>>,
    /// Endpoints for clients with a certificate, by the name of the endpoint (RFC 8705 section 5).
    pub mtls_endpoint_aliases: Vec<(String, String)>,
    /// RFC 8414 section 2; what is absent means `query` and `fragment`.
    pub response_modes_supported: Option<Vec<String>>,
    /// RFC 9396 section 10.
    pub authorization_details_types_supported: Option<Vec<String>>,
}

impl ServerMetadata {
    /// # Errors
    /// [`DocumentError`] when the response holds no such document or a member has the wrong type.
    pub fn read(response: &Response) -> Result<Self, DocumentError> {
        let document = document(response)?;
        let url = |field| text(&document, field);
        let list = |field| texts(&document, field);
        Ok(Self {
            issuer: url("issuer")?,
            authorization_endpoint: url("authorization_endpoint")?,
            token_endpoint: url("token_endpoint")?,
            registration_endpoint: url("registration_endpoint")?,
            revocation_endpoint: url("revocation_endpoint")?,
            introspection_endpoint: url("introspection_endpoint")?,
            userinfo_endpoint: url("userinfo_endpoint")?,
            jwks_uri: url("jwks_uri")?,
            scopes_supported: list("scopes_supported")?,
            grant_types_supported: list("grant_types_supported")?,
            token_endpoint_auth_methods_supported: list("token_endpoint_auth_methods_supported")?,
            code_challenge_methods_supported: list("code_challenge_methods_supported")?,
            authorization_response_iss_parameter_supported: flag(
                &document,
                "authorization_response_iss_parameter_supported",
            )?,
            client_id_metadata_document_supported: flag(
                &document,
                "client_id_metadata_document_supported",
            )?,
            pushed_authorization_request_endpoint: optional_text(
                &document,
                "pushed_authorization_request_endpoint",
            ),
            require_pushed_authorization_requests: optional_flag(
                &document,
                "require_pushed_authorization_requests",
            ),
            device_authorization_endpoint: optional_text(
                &document,
                "device_authorization_endpoint",
            ),
            dpop_signing_alg_values_supported: optional_texts(
                &document,
                "dpop_signing_alg_values_supported",
            ),
            mtls_endpoint_aliases: aliases(&document),
            response_modes_supported: optional_texts(&document, "response_modes_supported"),
            authorization_details_types_supported: optional_texts(
                &document,
                "authorization_details_types_supported",
            ),
        })
    }

    /// Whether it names neither the server it is about nor any endpoint.
    pub fn is_blank(&self) -> bool {
        self.issuer.is_none()
            && self.authorization_endpoint.is_none()
            && self.token_endpoint.is_none()
    }

    /// The endpoints a server without metadata has (2025-03-26 basic/authorization, "Fallbacks for
    /// Servers without Metadata Discovery").
    pub fn default_endpoints(origin: &str) -> Self {
        Self {
            authorization_endpoint: Some(format!("{origin}/authorize")),
            token_endpoint: Some(format!("{origin}/token")),
            registration_endpoint: Some(format!("{origin}/register")),
            ..Self::default()
        }
    }
}

/// Where the metadata of a protected resource may be, in the order to try: before the path, then at
/// the root (2025-11-25 basic/authorization, "Protected Resource Metadata Discovery Requirements").
/// Empty when the URL has no origin.
pub fn resource_metadata_urls(resource: &str) -> Vec<(MetadataSource, String)> {
    const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
    let Some((origin, path, query)) = split(resource) else {
        return Vec::new();
    };
    let mut urls = Vec::new();
    if !path.is_empty() || !query.is_empty() {
        urls.push((
            MetadataSource::PathInserted,
            format!("{origin}{WELL_KNOWN}{path}{query}"),
        ));
    }
    urls.push((MetadataSource::Root, format!("{origin}{WELL_KNOWN}")));
    urls
}

/// Where the metadata of an authorization server may be, in the order to try (2025-11-25
/// basic/authorization, "Authorization Server Metadata Discovery"). Empty when the issuer has no
/// origin.
pub fn server_metadata_urls(issuer: &str) -> Vec<(WellKnown, String)> {
    const OAUTH: &str = "/.well-known/oauth-authorization-server";
    const OIDC: &str = "/.well-known/openid-configuration";
    let Some((origin, path, _)) = split(issuer) else {
        return Vec::new();
    };
    let mut urls = vec![
        (WellKnown::OauthInserted, format!("{origin}{OAUTH}{path}")),
        (WellKnown::OidcInserted, format!("{origin}{OIDC}{path}")),
    ];
    if !path.is_empty() {
        urls.push((WellKnown::OidcAppended, format!("{origin}{path}{OIDC}")));
    }
    urls
}

/// `scheme://host[:port]` of an http or https URL, as a browser writes an origin.
pub fn origin_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}

/// Whether an http or https URL leads to this machine itself.
pub fn is_loopback(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|it| it.is_loopback())
        }
        None => false,
    }
}

/// Origin, path without a slash at its end, and query with its question mark.
fn split(url: &str) -> Option<(String, String, String)> {
    let parsed = Url::parse(url).ok()?;
    let origin = origin_of(url)?;
    let query = parsed
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    Some((origin, parsed.path().trim_end_matches('/').into(), query))
}

fn document(response: &Response) -> Result<Document, DocumentError> {
    if response.status != 200 {
        return Err(DocumentError::Status(response.status));
    }
    if response.body.end != BodyEnd::Complete {
        return Err(DocumentError::Incomplete);
    }
    match json_value(&response.body.bytes) {
        Ok(Value::Object(document)) => Ok(document),
        Ok(other) => Err(DocumentError::NotAnObject { got: kind(&other) }),
        Err(error) => Err(DocumentError::NotJson {
            media_type: response.media_type().map(Cow::into_owned),
            reason: error.to_string(),
        }),
    }
}

fn text(document: &Document, field: &str) -> Result<Option<String>, DocumentError> {
    match document.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => wrong(field, "a string", other),
    }
}

fn texts(document: &Document, field: &str) -> Result<Option<Vec<String>>, DocumentError> {
    let expected = "an array of strings";
    match document.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(values)) => {
            let one = |value: &Value| match value {
                Value::String(text) => Ok(text.clone()),
                other => wrong(field, expected, other),
            };
            values.iter().map(one).collect::<Result<_, _>>().map(Some)
        }
        Some(other) => wrong(field, expected, other),
    }
}

fn flag(document: &Document, field: &str) -> Result<bool, DocumentError> {
    match document.get(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(other) => wrong(field, "true or false", other),
    }
}

/// Members that only some runs need: one of the wrong type counts as absent, so that the rest of
/// the document can be used.
fn optional_text(document: &Document, field: &str) -> Option<String> {
    text(document, field).ok().flatten()
}

fn optional_texts(document: &Document, field: &str) -> Option<Vec<String>> {
    texts(document, field).ok().flatten()
}

fn optional_flag(document: &Document, field: &str) -> bool {
    flag(document, field).unwrap_or(false)
}

fn aliases(document: &Document) -> Vec<(String, String)> {
    let aliases = document
        .get("mtls_endpoint_aliases")
        .and_then(Value::as_object);
    let text = |(name, url): (&String, &Value)| Some((name.clone(), url.as_str()?.to_owned()));
    aliases.into_iter().flatten().filter_map(text).collect()
}

fn wrong<T>(field: &str, expected: &'static str, got: &Value) -> Result<T, DocumentError> {
    Err(DocumentError::WrongType {
        field: field.into(),
        expected,
        got: kind(got),
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Body;
    use crate::exchange::Header;

    fn answer(body: &str) -> Response {
        let headers = vec![Header::new("content-type", "application/json")];
        Response {
            status: 200,
            headers,
            body: Body::new(body.as_bytes().to_vec()),
        }
    }

    #[test]
    fn the_candidates_stand_in_the_order_of_the_specification() {
        let urls =
            |all: Vec<(WellKnown, String)>| all.into_iter().map(|(_, url)| url).collect::<Vec<_>>();
        assert_eq!(
            urls(server_metadata_urls("https://auth.example.com/tenant1")),
            [
                "https://auth.example.com/.well-known/oauth-authorization-server/tenant1",
                "https://auth.example.com/.well-known/openid-configuration/tenant1",
                "https://auth.example.com/tenant1/.well-known/openid-configuration",
            ]
        );
        assert_eq!(
            urls(server_metadata_urls("https://auth.example.com/")).len(),
            2
        );
        let resource = resource_metadata_urls("https://example.com/public/mcp");
        assert_eq!(
            resource[0].1,
            "https://example.com/.well-known/oauth-protected-resource/public/mcp"
        );
        assert_eq!(
            resource[1].1,
            "https://example.com/.well-known/oauth-protected-resource"
        );
        assert_eq!(resource_metadata_urls("https://example.com").len(), 1);
        assert_eq!(server_metadata_urls("accounts.example"), []);
    }

    #[test]
    fn identifiers_stay_the_text_that_was_sent() {
        let read =
            ResourceMetadata::read(&answer(r#"{"resource":"http://localhost:42065"}"#)).unwrap();
        assert_eq!(read.resource.as_deref(), Some("http://localhost:42065"));
    }

    #[test]
    fn a_wrong_type_is_named_with_field_expected_and_got() {
        let read = |body: &str| ServerMetadata::read(&answer(body)).unwrap_err().to_string();
        assert_eq!(
            read(r#"{"issuer":7}"#),
            "issuer: expected a string, got a number"
        );
        let list = r#"{"scopes_supported":["a",{}]}"#;
        assert_eq!(
            read(list),
            "scopes_supported: expected an array of strings, got an object"
        );
        assert_eq!(read("[]"), "expected a JSON object, got an array");
        assert!(read(&"[".repeat(100_000)).contains("recursion limit"));
    }
}
