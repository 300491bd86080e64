//! What an exchange's fields mean, for people who do not know them by heart.

mod answers;
mod json;
mod jwt;
mod meanings;
mod pkce;
mod requests;

use trace::{Entry, EntryKind, Exchange, Pair, Purpose, Trace};

use crate::decoded::{Decoded, DecodedField};
use meanings::Table;

/// Everything that can be explained of an entry; empty when there is no such entry or nothing to explain.
pub fn decoded(trace: &Trace, entry: u32) -> Vec<Decoded> {
    let Some(entry) = trace.entry(entry) else {
        return Vec::new();
    };
    match &entry.kind {
        EntryKind::BrowserOpened(visit) => {
            let mut all = vec![requests::authorization(&visit.url)];
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
    match &exchange.purpose {
        Purpose::Challenge { .. } | Purpose::Mcp { .. } => {
            all.extend(requests::json_rpc(request));
            all.extend(requests::authorization_header(request, now));
            all.extend(response.into_iter().flat_map(answers::challenges));
            all.extend(response.and_then(answers::json_rpc));
        }
        Purpose::ResourceMetadata { .. } => {
            all.extend(
                response.and_then(|response| {
                    json::body("Protected resource metadata", response, Table::Resource)
                }),
            );
        }
        Purpose::ServerMetadata { .. } | Purpose::IdentityProviderMetadata { .. } => {
            all.extend(
                response.and_then(|response| {
                    json::body("Authorization server metadata", response, Table::Server)
                }),
            );
        }
        Purpose::Registration => {
            all.extend(json::object(
                "Registration request",
                &request.body.bytes,
                Table::Client,
            ));
            all.extend(requests::authorization_header(request, now));
            all.extend(
                response.and_then(|response| json::body("Registration answer", response, Table::Client)),
            );
        }
        Purpose::Authorization => {
            all.extend(requests::hop(request));
            all.extend(response.and_then(answers::redirect));
            all.extend(pkce::of_visit(trace, entry).filter(|_| requests::is_authorization(&request.url)));
        }
        Purpose::Callback => all.push(requests::callback(request)),
        Purpose::Token { .. } => {
            all.extend(requests::token(request));
            all.extend(requests::authorization_header(request, now));
            all.extend(pkce::of_token_request(trace, entry, request));
            all.extend(
                response
                    .into_iter()
                    .flat_map(|response| answers::token(response, now)),
            );
            all.extend(response.into_iter().flat_map(answers::challenges));
        }
        Purpose::PushedAuthorization
        | Purpose::DeviceAuthorization
        | Purpose::Introspection { .. }
        | Purpose::Revocation { .. } => {
            all.extend(requests::token(request));
            all.extend(requests::authorization_header(request, now));
            all.extend(
                response
                    .into_iter()
                    .flat_map(|response| answers::token(response, now)),
            );
        }
        Purpose::Userinfo => {
            all.extend(requests::authorization_header(request, now));
            all.extend(
                response.and_then(|response| json::body("Claims of the user", response, Table::Claims)),
            );
        }
        Purpose::Jwks => {
            all.extend(response.and_then(|response| json::body("JWK set", response, Table::Claims)));
        }
        Purpose::ClientMetadata => all.extend(
            response.and_then(|response| json::body("Client metadata document", response, Table::Client)),
        ),
        Purpose::Preflight { .. } => {
            all.extend(requests::preflight(request));
            all.extend(response.and_then(answers::preflight));
        }
        Purpose::RegistrationRead | Purpose::RegistrationUpdate | Purpose::RegistrationDeletion => {
            all.extend(json::object(
                "Registration request",
                &request.body.bytes,
                Table::Client,
            ));
            all.extend(requests::authorization_header(request, now));
            all.extend(
                response.and_then(|response| json::body("Registration answer", response, Table::Client)),
            );
        }
    }
    all.retain(|decoded| !decoded.fields.is_empty() || decoded.note.is_some());
    all
}

/// Pairs as fields, each with its meaning.
fn fields(pairs: Vec<Pair>, table: Table) -> Vec<DecodedField> {
    pairs
        .into_iter()
        .map(|pair| field(pair.name, pair.value, table))
        .collect()
}

fn field(name: impl Into<String>, value: impl Into<String>, table: Table) -> DecodedField {
    let name = name.into();
    DecodedField {
        value: value.into(),
        meaning: meanings::meaning(table, &name).map(str::to_owned),
        secret: meanings::is_secret(table, &name),
        name,
    }
}

fn group(title: &str, note: Option<String>, fields: Vec<DecodedField>) -> Decoded {
    Decoded {
        title: title.into(),
        note,
        fields,
    }
}

#[cfg(test)]
mod tests {
    use trace::{EntryKind, Purpose, Trace};

    use super::*;
    use crate::sample::{Run, VERIFIER};

    fn of(trace: &Trace, wanted: impl Fn(&EntryKind) -> bool) -> Vec<Decoded> {
        let entry = trace.entries.iter().find(|entry| wanted(&entry.kind)).unwrap();
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
        let challenge = with_purpose(&trace, |purpose| matches!(purpose, Purpose::Challenge { .. }));
        assert_eq!(
            titles(&challenge),
            ["JSON-RPC request", "WWW-Authenticate: Bearer"]
        );
        let metadata = with_purpose(&trace, |purpose| {
            matches!(purpose, Purpose::ServerMetadata { .. })
        });
        assert_eq!(titles(&metadata), ["Authorization server metadata"]);
        assert!(metadata[0].fields.iter().all(|field| field.meaning.is_some()));
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
        let expiry = token[4].fields.iter().find(|field| field.name == "exp").unwrap();
        assert_eq!(expiry.value, "4000000000 (2096-10-02T07:06:40Z)");
    }
}
