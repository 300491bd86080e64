//! What an exchange's fields mean, for people who do not know them by heart.

mod answers;
mod field;
mod json;
pub(crate) mod jwt;
mod meanings;
mod meant;
mod pkce;
mod requests;

use trace::{Entry, EntryKind, Exchange, Purpose, Trace};

use crate::decoded::Decoded;
use meanings::Table;
pub(crate) use meanings::scope_meaning;
pub(crate) use meanings::{Meaning, everything, everywhere};
pub use meant::{part_meanings, part_meanings_of_request};

/// Everything that can be explained of an entry; empty when there is no such entry or nothing to
/// explain.
pub fn decoded(trace: &Trace, entry: u32) -> Vec<Decoded> {
    let Some(entry) = trace.entry(entry) else {
        return Vec::new();
    };
    match &entry.kind {
        EntryKind::BrowserOpened(visit) => {
            let mut all = vec![requests::authorization(&visit.url)];
            all.extend(requests::request_object(
                &trace::query_pairs(&visit.url),
                entry.at.seconds(),
            ));
            all.extend(pkce::of_visit(trace, entry));
            all
        }
        EntryKind::Exchange(exchange) => of_exchange(trace, entry, exchange),
        EntryKind::Decision(_) | EntryKind::Rewound { .. } => Vec::new(),
    }
}

fn of_exchange(trace: &Trace, entry: &Entry, exchange: &Exchange) -> Vec<Decoded> {
    let now = entry.at.seconds();
    let request = &exchange.request;
    let response = exchange.response();
    let mut all = Vec::new();
    match exchange.purpose.original() {
        Purpose::Challenge { .. } | Purpose::Mcp { .. } => {
            all.extend(requests::json_rpc(request));
            all.extend(requests::authorization_header(request, now));
            all.extend(requests::proof(request));
            all.extend(response.into_iter().flat_map(answers::challenges));
            all.extend(response.and_then(answers::json_rpc));
        }
        Purpose::ResourceMetadata { .. } => {
            all.extend(response.and_then(|response| {
                json::body("Protected resource metadata", response, Table::Resource)
            }));
        }
        Purpose::ServerMetadata { .. } | Purpose::IdentityProviderMetadata { .. } => {
            all.extend(response.and_then(|response| {
                json::body("Authorization server metadata", response, Table::Server)
            }));
        }
        Purpose::Registration => {
            all.extend(json::object(
                "Registration request",
                &request.body.bytes,
                Table::Client,
            ));
            all.extend(requests::authorization_header(request, now));
            all.extend(
                response.and_then(|response| {
                    json::body("Registration answer", response, Table::Client)
                }),
            );
        }
        Purpose::Authorization | Purpose::AuthorizationProbe => {
            all.extend(requests::hop(request));
            all.extend(response.and_then(answers::redirect));
            all.extend(
                pkce::of_visit(trace, entry).filter(|_| requests::is_authorization(&request.url)),
            );
        }
        Purpose::Callback => all.push(requests::callback(request)),
        Purpose::Token { .. } => {
            all.extend(requests::token(request, now));
            all.extend(pkce::of_token_request(trace, entry, request));
            all.extend(
                response
                    .into_iter()
                    .flat_map(|response| answers::token(response, now)),
            );
            all.extend(response.into_iter().flat_map(answers::challenges));
        }
        Purpose::PushedAuthorization => {
            all.extend(requests::posted(
                "Pushed authorization request",
                request,
                now,
            ));
            all.extend(response.and_then(|response| {
                json::body("Pushed authorization answer", response, Table::Pushed)
            }));
        }
        Purpose::DeviceAuthorization => {
            all.extend(requests::posted(
                "Device authorization request",
                request,
                now,
            ));
            all.extend(response.and_then(|response| {
                json::body("Device authorization answer", response, Table::Device)
            }));
        }
        Purpose::Introspection { .. } => {
            all.extend(requests::posted("Introspection request", request, now));
            all.extend(response.and_then(|response| answers::introspection(response, now)));
        }
        Purpose::Revocation { .. } => {
            all.extend(requests::posted("Revocation request", request, now));
            all.extend(
                response
                    .and_then(|response| json::body("Revocation answer", response, Table::Token)),
            );
        }
        Purpose::Userinfo => {
            all.extend(requests::authorization_header(request, now));
            all.extend(requests::proof(request));
            all.extend(
                response
                    .and_then(|response| json::body("Claims of the user", response, Table::Claims)),
            );
        }
        Purpose::Jwks => {
            all.extend(response.into_iter().flat_map(answers::keys));
        }
        Purpose::ClientMetadata => {
            all.extend(response.and_then(|response| {
                json::body("Client metadata document", response, Table::Client)
            }))
        }
        // What it was for is not known, so neither is what its fields mean.
        Purpose::Unrelated | Purpose::WithinPage | Purpose::Unknown | Purpose::Copy { .. } => {}
        Purpose::Preflight { .. } => {
            all.extend(requests::preflight(request));
            all.extend(response.and_then(answers::preflight));
        }
        Purpose::FromPage { .. } => {
            all.extend(response.and_then(answers::for_a_page));
        }
        Purpose::RegistrationRead | Purpose::RegistrationUpdate | Purpose::RegistrationDeletion => {
            all.extend(json::object(
                "Registration request",
                &request.body.bytes,
                Table::Client,
            ));
            all.extend(requests::authorization_header(request, now));
            all.extend(
                response.and_then(|response| {
                    json::body("Registration answer", response, Table::Client)
                }),
            );
        }
    }
    all.retain(|decoded| !decoded.fields.is_empty() || decoded.note.is_some());
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{EntryKind, Purpose, TokenKind, Trace};

    use super::*;
    use crate::sample::{Answer, Run, VERIFIER, dpop_proof, jwt, post, push_to_server};

    fn of(trace: &Trace, wanted: impl Fn(&EntryKind) -> bool) -> Vec<Decoded> {
        let entry = trace
            .entries
            .iter()
            .find(|entry| wanted(&entry.kind))
            .unwrap();
        decoded(trace, entry.seq)
    }

    fn with_purpose(trace: &Trace, wanted: impl Fn(&Purpose) -> bool) -> Vec<Decoded> {
        of(
            trace,
            |kind| matches!(kind, EntryKind::Exchange(exchange) if wanted(&exchange.purpose)),
        )
    }

    fn titles(all: &[Decoded]) -> Vec<&str> {
        all.iter().map(|decoded| decoded.title.as_str()).collect()
    }

    #[test]
    fn every_exchange_of_a_run_has_its_groups() {
        let trace = Run::healthy().trace();
        let challenge = with_purpose(&trace, |purpose| {
            matches!(purpose, Purpose::Challenge { .. })
        });
        assert_eq!(
            titles(&challenge),
            ["JSON-RPC request", "WWW-Authenticate: Bearer"]
        );
        let metadata = with_purpose(&trace, |purpose| {
            matches!(purpose, Purpose::ServerMetadata { .. })
        });
        assert_eq!(titles(&metadata), ["Authorization server metadata"]);
        assert!(
            metadata[0]
                .fields
                .iter()
                .all(|field| field.meaning.is_some())
        );
        let visit = of(&trace, |kind| matches!(kind, EntryKind::BrowserOpened(_)));
        assert_eq!(titles(&visit), ["Authorization request", "PKCE"]);
        let hop = with_purpose(&trace, |purpose| *purpose == Purpose::Authorization);
        assert_eq!(
            titles(&hop),
            [
                "Authorization request",
                "Authorization response (in the redirect)",
                "PKCE"
            ]
        );
        let call = with_purpose(&trace, |purpose| matches!(purpose, Purpose::Mcp { .. }));
        assert_eq!(
            titles(&call),
            [
                "JSON-RPC request",
                "Access token, header",
                "Access token, claims",
                "JSON-RPC result"
            ]
        );
        for entry in &trace.entries {
            decoded(&trace, entry.seq);
        }
        assert_eq!(decoded(&trace, 0), []);
        assert_eq!(decoded(&trace, 9_999), []);
    }

    fn of_last(purpose: Purpose, request: trace::Request, answer: Answer) -> Vec<Decoded> {
        let mut trace = Run::healthy().trace();
        push_to_server(&mut trace, purpose, request, &answer);
        decoded(&trace, trace.entries.len() as u32)
    }

    #[test]
    fn what_goes_beyond_the_code_has_its_groups_too() {
        let assertion = jwt(&json!({"iss": "c1", "exp": 1_000}));
        let request = post(
            "/par",
            &[("client_id", "c1"), ("client_assertion", &assertion)],
        );
        let answer = Answer::json(201, json!({"request_uri": "urn:x", "expires_in": 60}));
        let all = of_last(
            Purpose::PushedAuthorization,
            request.header("DPoP", dpop_proof()),
            answer,
        );
        assert_eq!(
            titles(&all),
            [
                "Pushed authorization request",
                "Client assertion, header",
                "Client assertion, claims",
                "DPoP proof, header",
                "DPoP proof, claims",
                "Pushed authorization answer"
            ]
        );
        let all_known = |group: &Decoded| group.fields.iter().all(|field| field.meaning.is_some());
        assert!(
            all_known(&all[3]) && all_known(&all[4]) && all_known(&all[5]),
            "{all:#?}"
        );
        assert!(all[4].note.as_deref().unwrap().contains("has the key "));

        let body = json!({"device_code": "d", "user_code": "A-B", "verification_uri": "https://as.example/d",
                          "expires_in": 9, "interval": 5});
        let request = post("/device", &[("client_id", "c1")]);
        let all = of_last(
            Purpose::DeviceAuthorization,
            request,
            Answer::json(200, body),
        );
        assert!(all_known(&all[1]));
        let secret: Vec<bool> = all[1].fields.iter().map(|field| field.secret).collect();
        assert_eq!(secret, [true, false, false, false, false]);

        let token = TokenKind::AccessToken;
        let request = post("/introspect", &[("token", "opaque")]);
        let answer = Answer::json(200, json!({"active": true, "exp": 1_000}));
        let all = of_last(Purpose::Introspection { token }, request, answer);
        assert!(
            all[1]
                .note
                .as_deref()
                .unwrap()
                .contains("although its exp is over")
        );

        let keys = json!({"keys": [{"kty": "EC", "kid": "k1", "d": "secret"}, {"kty": "RSA"}]});
        let all = of_last(
            Purpose::Jwks,
            trace::Request::new("GET", "https://as.example/jwks"),
            Answer::json(200, keys),
        );
        assert_eq!(titles(&all), ["Key k1", "Key without kid"]);
        assert!(all[0].fields[2].secret && all[0].note.is_some());
    }

    #[test]
    fn a_request_object_is_opened_and_its_challenge_found() {
        let object = jwt(
            &json!({"iss": "c1", "scope": "mcp", "code_challenge": "x", "code_challenge_method": "S256"}),
        );
        let mut trace = Run::healthy().trace();
        let url = format!("https://as.example/authorize?client_id=c1&request={object}");
        for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
            if let EntryKind::BrowserOpened(visit) = &mut entry.kind {
                visit.url = url.clone();
            }
        }
        let all = of(&trace, |kind| matches!(kind, EntryKind::BrowserOpened(_)));
        assert_eq!(
            titles(&all),
            [
                "Authorization request",
                "Request object, header",
                "Request object, claims",
                "PKCE"
            ]
        );
        assert!(all[3].note.as_deref().unwrap().contains("does not fit"));
    }

    #[test]
    fn a_token_exchange_shows_the_pair_and_both_parts_of_the_token_and_marks_secrets() {
        let trace = Run::healthy().trace();
        let token = with_purpose(&trace, |purpose| matches!(purpose, Purpose::Token { .. }));
        assert_eq!(
            titles(&token),
            [
                "Token request",
                "PKCE",
                "Token answer",
                "Access token, header",
                "Access token, claims"
            ]
        );
        let secret = |name: &str| {
            let mut fields = token.iter().flat_map(|group| &group.fields);
            fields.find(|field| field.name == name).unwrap().secret
        };
        for name in ["code", "code_verifier", "access_token", "refresh_token"] {
            assert!(secret(name), "{name}");
        }
        assert!(!secret("client_id") && !secret("expires_in"));
        let pair = &token[1];
        assert!(pair.note.as_deref().unwrap().contains("match"), "{pair:?}");
        assert!(
            pair.fields
                .iter()
                .any(|field| field.value == VERIFIER && field.secret)
        );
        let expiry = token[4]
            .fields
            .iter()
            .find(|field| field.name == "exp")
            .unwrap();
        assert_eq!(expiry.value, "4000000000 (2096-10-02T07:06:40Z)");
    }
}
