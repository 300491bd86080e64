//! Who may ask: host and origin of a request, and what browser-based clients may read.

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};

use crate::Misbehaviour;
use crate::tls::{Peer, THUMBPRINT};
use crate::web::{is_loopback, set};

/// What browser-based clients may send.
const ALLOWED_HEADERS: &str = "Accept, Authorization, Content-Type, DPoP, Last-Event-ID, MCP-Protocol-Version, \
                               Mcp-Method, Mcp-Name, Mcp-Session-Id";

/// Refuses requests whose `Host` is not this loopback port, against DNS rebinding; and marks each
/// with the certificate of its connection, if there is one.
pub(crate) fn guard_host(router: Router, port: u16) -> Router {
    let allowed = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    router.layer(from_fn(move |mut request: Request, next: Next| {
        let certificate = request.extensions().get::<ConnectInfo<Peer>>().and_then(
            |ConnectInfo(Peer(thumbprint))| HeaderValue::try_from(thumbprint.as_deref()?).ok(),
        );
        request.headers_mut().remove(THUMBPRINT);
        if let Some(certificate) = certificate {
            request.headers_mut().insert(THUMBPRINT, certificate);
        }
        let host = request
            .headers()
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let known = host.is_some_and(|host| allowed.iter().any(|a| a.eq_ignore_ascii_case(host)));
        async move {
            if known {
                return next.run(request).await;
            }
            (
                StatusCode::MISDIRECTED_REQUEST,
                "This server answers only for its own loopback address.\n",
            )
                .into_response()
        }
    }))
}

/// Lets browser-based clients read the answers, and answers their preflight requests.
pub(crate) fn allow_cross_origin(router: Router, misbehaviour: Option<Misbehaviour>) -> Router {
    router.layer(from_fn(move |request: Request, next: Next| async move {
        let preflight = request.method() == Method::OPTIONS
            && request
                .headers()
                .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if preflight && misbehaviour == Some(Misbehaviour::PreflightRedirected) {
            return to_https(&request);
        }
        let mut response = if preflight {
            StatusCode::NO_CONTENT.into_response()
        } else {
            next.run(request).await
        };
        if misbehaviour == Some(Misbehaviour::CorsMissing) {
            return response;
        }
        let headers = response.headers_mut();
        if preflight {
            set(
                headers,
                header::ACCESS_CONTROL_ALLOW_METHODS,
                "GET, POST, PUT, DELETE",
            );
            let allowed = match misbehaviour {
                Some(Misbehaviour::CorsHeaderMissing) => "Accept, Authorization, Content-Type",
                _ => ALLOWED_HEADERS,
            };
            set(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
            set(headers, header::ACCESS_CONTROL_MAX_AGE, "600");
        }
        set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        if misbehaviour != Some(Misbehaviour::CorsHeaderNotExposed) {
            set(
                headers,
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                "WWW-Authenticate, DPoP-Nonce, Mcp-Session-Id",
            );
        }
        response
    }))
}

/// What a proxy answers that wants TLS before anything else.
fn to_https(request: &Request) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let location = format!(
        "https://{}{}",
        host.unwrap_or_default(),
        request.uri().path()
    );
    (
        StatusCode::MOVED_PERMANENTLY,
        [(header::LOCATION, location)],
    )
        .into_response()
}

/// Whether an `Origin` header, if any, is one that a local client can have: a loopback page or a
/// desktop shell.
pub(crate) fn is_local_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Some(origin) = origin
        .to_str()
        .ok()
        .and_then(|origin| url::Url::parse(origin).ok())
    else {
        return false;
    };
    match (origin.scheme(), origin.host_str()) {
        ("http" | "https", Some(host)) => is_loopback(host) || host == "tauri.localhost",
        ("tauri", Some(host)) => host == "localhost",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::HeaderValue;

    use super::*;

    #[test]
    fn only_local_origins() {
        let with = |origin: &'static str| {
            HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))])
        };
        assert!(is_local_origin(&HeaderMap::new()));
        for local in [
            "http://localhost:6274",
            "http://127.0.0.1:1",
            "http://[::1]:2",
            "tauri://localhost",
        ] {
            assert!(is_local_origin(&with(local)), "{local}");
        }
        for foreign in [
            "null",
            "https://evil.example",
            "http://127.0.0.1.evil.example",
            "file://",
        ] {
            assert!(!is_local_origin(&with(foreign)), "{foreign}");
        }
    }
}
