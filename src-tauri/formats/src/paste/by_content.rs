//! What an answer belongs to that was pasted without its request, by its content.

use serde_json::Value;
use trace::{
    Grant, MetadataSource, Pair, Purpose, Recorded, TokenKind, WellKnown, origin_of, query_pairs,
    resource_metadata_urls, server_metadata_urls,
};

use super::document::kind_of;
use super::evidence::Seen;
use super::fill::{AUTHORIZATION_SERVER, Known, Place, challenges_of, object};
use super::piece::PieceKind;

impl Known<'_> {
    /// What an answer belongs to, by its content.
    pub fn by_content(&self, seen: &Seen) -> Option<Place> {
        let place = |url, method, status, purpose| {
            Some(Place {
                url,
                method,
                status,
                purpose: Some(purpose),
                recorded: Recorded::NotRecorded,
            })
        };
        let called = || Purpose::Challenge {
            method: String::new(),
        };
        let token = |grant| Purpose::Token { grant };
        if let Some(challenge) = challenges_of(seen).first() {
            let lacks_scope = challenge.parameter("error") == Some("insufficient_scope");
            let status = if lacks_scope { 403 } else { 401 };
            return place(self.mcp(), "POST", status, called());
        }
        if let Some(to) = seen.response_header("location")
            && matches!(seen.status, Some(300..400))
            && origin_of(to).is_some()
        {
            let answers = |pair: &Pair| pair.name == "code" || pair.name == "error";
            if query_pairs(to).iter().any(answers) {
                return place(to.to_owned(), "GET", 200, Purpose::Callback);
            }
        }
        let sent = object(&seen.request_body.value).unwrap_or_default();
        if sent.contains_key("redirect_uris") {
            let url = self.endpoint("registration_endpoint", "/register");
            return place(url, "POST", 201, Purpose::Registration);
        }
        if sent.contains_key("jsonrpc") {
            return place(self.mcp(), "POST", 200, called());
        }
        let body = object(&seen.response_body.value)?;
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        match kind_of(&Value::Object(body.clone())) {
            PieceKind::ResourceMetadata => {
                let resource = text("resource").map_or_else(|| self.mcp(), str::to_owned);
                let named = self.named_metadata.clone();
                let urls = resource_metadata_urls(&resource);
                let (source, usual) = urls.into_iter().next()?;
                let source = named.as_ref().map_or(source, |_| MetadataSource::Header);
                let purpose = Purpose::ResourceMetadata { source };
                place(named.unwrap_or(usual), "GET", 200, purpose)
            }
            PieceKind::ServerMetadata => {
                let own = text("issuer").filter(|issuer| origin_of(issuer).is_some());
                let endpoint = || origin_of(text("token_endpoint")?);
                let issuer = own.map(str::to_owned).or_else(endpoint);
                let issuer = issuer.unwrap_or_else(|| AUTHORIZATION_SERVER.into());
                let is_openid = body.contains_key("subject_types_supported");
                let (well_known, url) = metadata_url(&issuer, is_openid)?;
                let purpose = Purpose::ServerMetadata { issuer, well_known };
                place(url, "GET", 200, purpose)
            }
            PieceKind::KeySet => place(
                self.endpoint("jwks_uri", "/jwks"),
                "GET",
                200,
                Purpose::Jwks,
            ),
            PieceKind::ClientMetadata => {
                let url = text("client_id")?.to_owned();
                place(url, "GET", 200, Purpose::ClientMetadata)
            }
            PieceKind::Registration => place(
                self.endpoint("registration_endpoint", "/register"),
                "POST",
                201,
                Purpose::Registration,
            ),
            PieceKind::Token => {
                let url = self.endpoint("token_endpoint", "/token");
                place(url, "POST", 200, token(Grant::AuthorizationCode))
            }
            PieceKind::DeviceAuthorization => place(
                self.endpoint("device_authorization_endpoint", "/device_authorization"),
                "POST",
                200,
                Purpose::DeviceAuthorization,
            ),
            PieceKind::PushedAuthorization => place(
                self.endpoint("pushed_authorization_request_endpoint", "/par"),
                "POST",
                201,
                Purpose::PushedAuthorization,
            ),
            PieceKind::Introspection => place(
                self.endpoint("introspection_endpoint", "/introspect"),
                "POST",
                200,
                Purpose::Introspection {
                    token: TokenKind::AccessToken,
                },
            ),
            PieceKind::Error => match text("error").unwrap_or_default() {
                "invalid_token" => place(self.mcp(), "POST", 401, called()),
                "insufficient_scope" => place(self.mcp(), "POST", 403, called()),
                "invalid_redirect_uri"
                | "invalid_client_metadata"
                | "invalid_software_statement"
                | "unapproved_software_statement" => {
                    let url = self.endpoint("registration_endpoint", "/register");
                    place(url, "POST", 400, Purpose::Registration)
                }
                // Only the authorization endpoint gives back what it was sent.
                _ if body.contains_key("state") => {
                    let url = self.endpoint("authorization_endpoint", "/authorize");
                    place(url, "GET", 400, Purpose::Authorization)
                }
                code => {
                    let url = self.endpoint("token_endpoint", "/token");
                    let grant = match code {
                        "authorization_pending" | "slow_down" | "expired_token" => {
                            Grant::DeviceCode
                        }
                        _ => Grant::AuthorizationCode,
                    };
                    let status = if code == "invalid_client" { 401 } else { 400 };
                    let is_known = TOKEN_ERRORS.contains(&code);
                    let purpose = if is_known {
                        token(grant)
                    } else {
                        Purpose::Unrelated
                    };
                    place(url, "POST", status, purpose)
                }
            },
            _ => place(self.mcp(), "POST", 200, Purpose::Unrelated),
        }
    }
}

fn metadata_url(issuer: &str, is_openid: bool) -> Option<(WellKnown, String)> {
    let urls = server_metadata_urls(issuer);
    let of = |wanted| urls.iter().find(|(known, _)| *known == wanted).cloned();
    if is_openid {
        of(WellKnown::OidcAppended).or_else(|| of(WellKnown::OidcInserted))
    } else {
        of(WellKnown::OauthInserted)
    }
}

/// RFC 6749 section 5.2, RFC 8628 section 3.5, RFC 8707 section 2, RFC 9449 section 5.
const TOKEN_ERRORS: [&str; 14] = [
    "invalid_grant",
    "invalid_client",
    "invalid_request",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "authorization_pending",
    "slow_down",
    "expired_token",
    "access_denied",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "server_error",
];
