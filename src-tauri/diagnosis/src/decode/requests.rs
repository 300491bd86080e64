//! What a request carries.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use trace::{Pair, Request, query_pairs};

use super::field::{field, fields, group, header};
use super::json::printed;
use super::jwt;
use super::meanings::Table;
use crate::decoded::{Decoded, DecodedField};
use crate::proof::thumbprint_of;
use crate::reading::value;
use crate::snapshot::{
    bearer_of as bearer, form_of as form, response_fields_of as response_fields,
};
use crate::wording::excerpt;

pub(super) fn authorization(url: &str) -> Decoded {
    group(
        "Authorization request",
        None,
        fields(query_pairs(url), Table::Parameters),
    )
}

/// Whether a URL is that of an authorization request, and not of a page on the way.
pub(super) fn is_authorization(url: &str) -> bool {
    let query = query_pairs(url);
    value(&query, "client_id").is_some() && value(&query, "response_type").is_some()
}

/// A hop of the browser: the request, or a form that was sent.
pub(super) fn hop(request: &Request) -> Vec<Decoded> {
    let mut all = Vec::new();
    if is_authorization(&request.url) {
        all.push(authorization(&request.url));
    } else {
        all.push(group(
            "Query",
            None,
            fields(query_pairs(&request.url), Table::Parameters),
        ));
    }
    let media = request.header_value("content-type").unwrap_or_default();
    if media.starts_with("application/x-www-form-urlencoded") {
        all.push(group(
            "Form",
            None,
            fields(form(request), Table::Parameters),
        ));
    }
    all
}

pub(super) fn callback(request: &Request) -> Decoded {
    let query = response_fields(request);
    let note = match (value(&query, "error"), value(&query, "code")) {
        (Some(error), _) => Some(format!(
            "The authorization server answers with the error {}.",
            excerpt(error)
        )),
        (None, Some(_)) => {
            Some("The user agreed; the code is redeemed at the token endpoint.".into())
        }
        (None, None) => Some("Neither code nor error: this is no authorization response.".into()),
    };
    group(
        "Authorization response",
        note,
        fields(query, Table::Parameters),
    )
}

pub(super) fn token(request: &Request, now: u64) -> Vec<Decoded> {
    let pairs = form(request);
    let note = match value(&pairs, "grant_type") {
        Some("authorization_code") => Some("Redeems the authorization code for tokens."),
        Some("refresh_token") => Some("Asks for a new access token with the refresh token."),
        Some("client_credentials") => {
            Some("Asks for an access token for the client itself, without a user.")
        }
        Some("urn:ietf:params:oauth:grant-type:device_code") => {
            Some("Asks whether the user has approved the device yet.")
        }
        Some("urn:ietf:params:oauth:grant-type:token-exchange") => {
            Some("Asks for another token in exchange for one.")
        }
        Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => {
            Some("Asks for an access token with an assertion that somebody else signed.")
        }
        _ => None,
    };
    with_note("Token request", note, request, now)
}

/// A form that a client sends, with the JWTs in it, its credentials and its proof.
pub(super) fn posted(title: &str, request: &Request, now: u64) -> Vec<Decoded> {
    with_note(title, None, request, now)
}

fn with_note(title: &str, note: Option<&str>, request: &Request, now: u64) -> Vec<Decoded> {
    let pairs = form(request);
    let mut all = Vec::new();
    if !pairs.is_empty() {
        all.push(group(
            title,
            note.map(str::to_owned),
            fields(pairs.clone(), Table::Parameters),
        ));
    }
    for (parameter, name, or_say) in [
        ("client_assertion", "Client assertion", true),
        ("assertion", "Assertion", true),
        ("subject_token", "Subject token", true),
        ("actor_token", "Actor token", true),
        ("token", "Token", false),
    ] {
        let sent = value(&pairs, parameter);
        all.extend(
            sent.into_iter()
                .flat_map(|token| jwt::parts(name, token, now, or_say)),
        );
    }
    all.extend(request_object(&pairs, now));
    all.extend(authorization_header(request, now));
    all.extend(proof(request));
    all
}

/// The request object among these parameters (RFC 9101).
pub(super) fn request_object(pairs: &[Pair], now: u64) -> Vec<Decoded> {
    let object = value(pairs, "request");
    object
        .into_iter()
        .flat_map(|object| jwt::parts_of("Request object", object, now, Table::Parameters))
        .collect()
}

/// The proof of possession in the `DPoP` field (RFC 9449 section 4.2).
pub(super) fn proof(request: &Request) -> Vec<Decoded> {
    let Some(proof) = request.header_value("dpop") else {
        return Vec::new();
    };
    let note = match thumbprint_of(request) {
        Some(key) => {
            format!("Good for this one request. Proves that the client has the key {key}.")
        }
        None => "Good for this one request.".into(),
    };
    jwt::proof("DPoP proof", proof.trim(), &note)
}

/// The `Authorization` field: a token's parts, or Basic credentials.
pub(super) fn authorization_header(request: &Request, now: u64) -> Vec<Decoded> {
    if let Some(token) = bearer(request) {
        return jwt::parts("Access token", token, now, true);
    }
    let Some((scheme, credentials)) = request
        .header_value("authorization")
        .and_then(|value| value.split_once(' '))
    else {
        return Vec::new();
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Vec::new();
    }
    let decoded = STANDARD
        .decode(credentials.trim())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((id, secret)) = decoded.as_deref().and_then(|text| text.split_once(':')) else {
        let note = "The credentials are not base64 of id and secret with a colon between them.";
        return vec![group("Basic credentials", Some(note.into()), Vec::new())];
    };
    // RFC 6749 section 2.3.1: both are form-encoded before they are put together.
    let plain = |text: &str| {
        let pairs = trace::pairs(&format!("x={text}"));
        pairs
            .into_iter()
            .next()
            .map(|pair| pair.value)
            .unwrap_or_default()
    };
    let fields = vec![
        field("client_id", plain(id), Table::Parameters),
        field("client_secret", plain(secret), Table::Parameters),
    ];
    vec![group("Basic credentials", None, fields)]
}

/// What a browser asks for a page of another origin.
pub(super) fn preflight(request: &Request) -> Option<Decoded> {
    let names = [
        "Origin",
        "Access-Control-Request-Method",
        "Access-Control-Request-Headers",
    ];
    let all = names
        .into_iter()
        .filter_map(|name| Some(field(name, request.header_value(name)?, Table::Cors)));
    let note = "A browser asks whether a page of this origin may send such a request.";
    Some(group("Preflight request", Some(note.into()), all.collect()))
}

/// Method, id and parameters of a JSON-RPC request, and the headers that go with it.
pub(super) fn json_rpc(request: &Request) -> Option<Decoded> {
    let Ok(Value::Object(message)) = serde_json::from_slice::<Value>(&request.body.bytes) else {
        return None;
    };
    let method = message.get("method").and_then(Value::as_str)?;
    let mut all = vec![field("method", method, Table::JsonRpc)];
    let kind = match message.get("id") {
        Some(id) => {
            all.push(field("id", printed(id), Table::JsonRpc));
            "JSON-RPC request"
        }
        None => "JSON-RPC notification",
    };
    if let Some(Value::Object(params)) = message.get("params") {
        all.extend(params.iter().map(|(name, value)| DecodedField {
            name: format!("params.{name}"),
            ..field(name, printed(value), Table::JsonRpc)
        }));
    }
    for name in [
        "MCP-Protocol-Version",
        "Mcp-Method",
        "Mcp-Name",
        "Mcp-Session-Id",
    ] {
        let sent = request.header_value(name);
        all.extend(sent.map(|value| header(name, value)));
    }
    Some(group(kind, None, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_taken_apart_and_form_decoded() {
        let request = Request::new("POST", "https://as.example/token").header(
            "Authorization",
            format!("Basic {}", STANDARD.encode("my%20client:p%3Aw")),
        );
        let all = authorization_header(&request, 0);
        let values: Vec<_> = all[0]
            .fields
            .iter()
            .map(|field| (field.value.as_str(), field.secret))
            .collect();
        assert_eq!(values, [("my client", false), ("p:w", true)]);
        let broken =
            Request::new("POST", "https://as.example/token").header("authorization", "Basic ???");
        assert!(authorization_header(&broken, 0)[0].note.is_some());
    }

    #[test]
    fn a_callback_says_what_came() {
        assert!(
            callback(&Request::new(
                "GET",
                "http://127.0.0.1/cb?error=access_denied"
            ))
            .note
            .unwrap()
            .contains("access_denied")
        );
        assert!(
            callback(&Request::new("GET", "http://127.0.0.1/cb"))
                .note
                .unwrap()
                .starts_with("Neither")
        );
        assert!(callback(&Request::new("GET", "/cb?code=x")).fields[0].secret);
    }

    #[test]
    fn a_password_in_a_form_is_a_secret() {
        let request = Request::new("POST", "https://as.example/login")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("username=alice&password=wonderland");
        let all = hop(&request);
        let secrets: Vec<_> = all[1].fields.iter().map(|field| field.secret).collect();
        assert_eq!(secrets, [false, true]);
    }

    #[test]
    fn json_rpc_parameters_have_their_path() {
        let body =
            r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":{"a":{"b":1}}}"#;
        let decoded = json_rpc(&Request::new("POST", "https://x.example").body(body)).unwrap();
        assert_eq!(decoded.title, "JSON-RPC notification");
        assert_eq!(decoded.fields[1].name, "params.a");
        assert_eq!(
            json_rpc(&Request::new("POST", "https://x.example").body("nonsense")),
            None
        );
    }
}
