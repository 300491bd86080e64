//! What the servers need of HTTP: credentials, parameters, answers.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use url::form_urlencoded;

/// Whether a URL's host is this machine (RFC 8252 section 7.3; `localhost` is allowed besides the
/// IP literals).
pub(crate) fn is_loopback(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "[::1]" | "localhost")
}

/// How an access token was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// RFC 6750 section 2.1
    Bearer,
    /// RFC 9449 section 7.1
    Dpop,
}

/// The access token of an `Authorization` header, and its scheme.
pub(crate) fn access_token(headers: &HeaderMap) -> Option<(Scheme, &str)> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Scheme::Bearer,
        "dpop" => Scheme::Dpop,
        _ => return None,
    };
    Some((scheme, token.trim()))
}

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    access_token(headers)
        .filter(|(scheme, _)| *scheme == Scheme::Bearer)
        .map(|(_, token)| token)
}

/// The media type of a `Content-Type` header, without its parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// Decoded parameters of a query or form, in the order sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn parse(raw: &[u8]) -> Self {
        Self(form_urlencoded::parse(raw).into_owned().collect())
    }

    /// The parameters of a request whose body is a form.
    ///
    /// # Errors
    /// `invalid_request`: another media type, or a parameter that is there twice.
    pub(crate) fn of_form(headers: &HeaderMap, body: &[u8]) -> Result<Self, OAuthError> {
        let wrong = |text: String| OAuthError::new("invalid_request", text);
        if media_type(headers) != "application/x-www-form-urlencoded" {
            return Err(wrong(
                "The request has to be application/x-www-form-urlencoded".to_owned(),
            ));
        }
        let params = Self::parse(body);
        match params.repeated() {
            Some(name) => Err(wrong(format!("{} is there twice", plain(name)))),
            None => Ok(params),
        }
    }

    pub(crate) fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// The same without the parameters of these names.
    pub(crate) fn without(&self, names: &[&str]) -> Self {
        let kept = self
            .0
            .iter()
            .filter(|(name, _)| !names.contains(&name.as_str()));
        Self(kept.cloned().collect())
    }

    /// The same and one more.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first value. One without a value counts as left out (RFC 6749 section 3.1).
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter that may be repeated.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, value)| key == name && !value.is_empty())
            .map(|(_, v)| v.as_str())
    }

    /// The name of a parameter that is there twice and must not be. Only `resource` may (RFC 8707
    /// section 2).
    pub(crate) fn repeated(&self) -> Option<&str> {
        let names = || {
            self.0
                .iter()
                .map(|(key, _)| key.as_str())
                .filter(|key| *key != "resource")
        };
        names()
            .enumerate()
            .find(|(at, name)| names().skip(at + 1).any(|other| other == *name))
            .map(|(_, n)| n)
    }
}

/// The parts of a `scope` value (RFC 6749 section 3.3).
pub(crate) fn scopes(text: &str) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    for scope in text.split(' ').filter(|scope| !scope.is_empty()) {
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    scopes
}

/// An error of the token endpoint's form (RFC 6749 section 5.2), which registration, revocation and
/// introspection use too.
#[derive(Debug)]
pub(crate) struct OAuthError {
    status: StatusCode,
    code: &'static str,
    description: String,
    challenge: Option<&'static str>,
    dpop_nonce: Option<String>,
}

impl OAuthError {
    /// A 400 with this `error` and `error_description`.
    pub(crate) fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            description: description.into(),
            challenge: None,
            dpop_nonce: None,
        }
    }

    /// A 400 that gives the nonce to prove possession with (RFC 9449 section 8).
    pub(crate) fn use_dpop_nonce(nonce: String) -> Self {
        Self {
            dpop_nonce: Some(nonce),
            ..Self::new(
                "use_dpop_nonce",
                "The DPoP proof has to hold the nonce of this answer",
            )
        }
    }

    /// A 401 that names the scheme to authenticate with.
    pub(crate) fn unauthorized(
        code: &'static str,
        description: impl Into<String>,
        challenge: &'static str,
    ) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            challenge: Some(challenge),
            ..Self::new(code, description)
        }
    }

    /// A 500: the system gave no randomness.
    pub(crate) fn server_error() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            ..Self::new("server_error", "The token could not be signed")
        }
    }

    /// The `error` code, for the redirect of an authorization error.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// The `error_description`, for the redirect of an authorization error.
    pub(crate) fn description(&self) -> &str {
        &self.description
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.code, "error_description": self.description });
        let mut response = no_store(json_answer(self.status, &body));
        if let Some(challenge) = self.challenge {
            set(response.headers_mut(), header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(nonce) = self
            .dpop_nonce
            .and_then(|nonce| HeaderValue::try_from(nonce).ok())
        {
            response.headers_mut().insert("dpop-nonce", nonce);
        }
        response
    }
}

/// A JSON answer.
pub(crate) fn json_answer(status: StatusCode, body: &Value) -> Response {
    answer(status, "application/json", body.to_string())
}

/// The 404 that an endpoint gives when it is not there.
pub(crate) fn not_found() -> Response {
    json_answer(StatusCode::NOT_FOUND, &json!({ "error": "not_found" }))
}

/// What a web application's catch-all route answers at any path.
pub(crate) fn single_page_app() -> Response {
    let page = "<!doctype html>\n<html lang=\"en\">\n  <head>\n    <meta charset=\"utf-8\">\n    \
                <title>Dashboard</title>\n  </head>\n  <body>\n    <div id=\"root\"></div>\n  </body>\n</html>\n";
    answer(StatusCode::OK, "text/html; charset=utf-8", page.to_owned())
}

/// An answer with a body of this media type.
pub(crate) fn answer(status: StatusCode, media_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    set(response.headers_mut(), header::CONTENT_TYPE, media_type);
    response
}

/// Forbids every cache to keep an answer with credentials (RFC 6749 section 5.1).
pub(crate) fn no_store(mut response: Response) -> Response {
    set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    response
}

/// Sets a header to a value known when this was written.
pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

/// Text of a request, with what `error_description` may not hold replaced (RFC 6749 section 5.2),
/// and cut short.
pub(crate) fn plain(text: &str) -> String {
    let allowed = |c: char| {
        if matches!(c, ' '..='~') && c != '"' && c != '\\' {
            c
        } else {
            '?'
        }
    };
    text.chars().take(200).map(allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_without_value_or_sent_twice() {
        let params = Params::parse(b"scope=&resource=a&resource=b&state=x&state=x");
        assert_eq!(params.get("scope"), None);
        assert_eq!(params.all("resource").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(params.repeated(), Some("state"));
        assert_eq!(Params::parse(b"a=1&b=2").repeated(), None);
    }
}
