//! No secret gets out, wherever it stood and however it was spelt: every place of the
//! specifications, and places that are invented.

#[path = "../../../tests/support/spellings.rs"]
mod spellings;
mod support;

use formats::{Export, FORMATS, Judged, Language, Redactor};
use proptest::prelude::*;
use spellings::{html, looked_for, told};
use support::{With as _, answer, empty, sample_exchange};
use trace::{
    EntryKind, Exchange, Exchanges, Grant, MessagePart, Outcome, Phase, Purpose, Request,
    SECRET_PLACES, TokenKind, Trace, encode_pairs, with_query,
};

fn push(trace: &mut Trace, exchange: Exchange) {
    let at = trace.started;
    trace.push(at, 0, Phase::Token, EntryKind::Exchange(Box::new(exchange)));
}

/// Everything that can be written of a trace without asking for secrets: each format, and each
/// request as code.
fn all_outputs(trace: &Trace) -> Vec<(String, String)> {
    let export = Export {
        judged: Some(Judged::default()),
        ..Export::redacted(trace, "0.0.0")
    };
    let mut all = Vec::new();
    for format in FORMATS.iter().filter(|format| format.about().can_write) {
        let mut out = Vec::new();
        format
            .write(&export, &mut out)
            .expect("memory can be written to");
        all.push((
            format.about().id.to_owned(),
            String::from_utf8(out).expect("it is text"),
        ));
    }
    let redactor = Redactor::of(trace, &[]);
    for (entry, exchange) in trace.exchanges() {
        for language in Language::ALL {
            let code = formats::repeat(exchange, Some(&redactor), language);
            all.push((format!("{} of {}", language.id(), entry.seq), code));
        }
        let debug = format!("{exchange:?}");
        all.push((format!("log of {}", entry.seq), debug));
    }
    all
}

/// The first output that has one of these secrets, in words.
fn leak(trace: &Trace, secrets: &[(String, String)]) -> Option<String> {
    let outputs = all_outputs(trace);
    for (what, output) in &outputs {
        for (place, secret) in secrets {
            for spelling in looked_for(secret) {
                if let Some(at) = output.find(&spelling) {
                    let mut start = at.saturating_sub(80);
                    while !output.is_char_boundary(start) {
                        start -= 1;
                    }
                    let around = &output[start..at + spelling.len()];
                    return Some(format!("{place} is in {what}, as {spelling}: {around}"));
                }
            }
        }
    }
    None
}

/// The purpose of an exchange that these places belong to.
fn purpose(exchanges: Exchanges) -> Purpose {
    match exchanges {
        Exchanges::All => Purpose::Mcp {
            method: "tools/list".into(),
        },
        Exchanges::AuthorizationRequest => Purpose::PushedAuthorization,
        Exchanges::AuthorizationResponse => Purpose::Callback,
        Exchanges::Token => Purpose::Token {
            grant: Grant::AuthorizationCode,
        },
        Exchanges::DeviceAuthorization => Purpose::DeviceAuthorization,
        Exchanges::Registration => Purpose::Registration,
        Exchanges::TokenManagement => Purpose::Introspection {
            token: TokenKind::AccessToken,
        },
        Exchanges::Userinfo => Purpose::Userinfo,
        Exchanges::Jwks => Purpose::Jwks,
    }
}

/// An exchange with the secret at this place.
fn planted(exchanges: Exchanges, part: MessagePart, name: &str, secret: &str) -> Exchange {
    let url = "https://as.example/x";
    let mut request = Request::new("POST", url);
    let mut response = answer(200, "application/json", "{}");
    match part {
        MessagePart::RequestQuery => request.url = with_query(url, [(name, secret)]),
        MessagePart::RequestBody => {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(encode_pairs([("a", "b"), (name, secret)]));
        }
        MessagePart::RequestHeader => {
            let value = match name {
                "authorization" | "proxy-authorization" => format!("Bearer {secret}"),
                "cookie" => format!("sid={secret}"),
                _ => secret.to_owned(),
            };
            request = request.header(name, value);
        }
        MessagePart::ResponseLocation => {
            let location = with_query("https://client.example/cb", [("a", "b"), (name, secret)]);
            response = answer(302, "", "").with("location", &location);
        }
        MessagePart::ResponseBody if exchanges == Exchanges::Jwks => {
            let key = serde_json::json!({"kty": "oct", "kid": "1", name: secret});
            let set = serde_json::json!({ "keys": [key] });
            response = answer(200, "application/json", &set.to_string());
        }
        MessagePart::ResponseBody => {
            let body = serde_json::json!({ "a": "b", name: secret });
            response = answer(200, "application/json", &body.to_string());
        }
        MessagePart::ResponseHeader => {
            let value = if name == "set-cookie" {
                format!("sid={secret}; Path=/")
            } else {
                secret.to_owned()
            };
            response = response.with(name, &value);
        }
    }
    Exchange {
        purpose: purpose(exchanges),
        outcome: Outcome::Response(response),
        ..sample_exchange(request)
    }
}

/// An answer that says all these texts, as an error page or a tool would.
fn echo(texts: &[String]) -> Exchange {
    let said: String = texts.iter().map(|text| format!("got [{text}] ")).collect();
    Exchange {
        outcome: Outcome::Response(answer(500, "text/plain", &said)),
        ..sample_exchange(Request::new("GET", "https://mcp.example/log"))
    }
}

#[test]
fn every_place_of_the_specifications_is_known_and_its_secret_found_elsewhere() {
    let mut trace = empty();
    let mut secrets = Vec::new();
    for (number, place) in SECRET_PLACES.iter().enumerate() {
        let secret = format!("S3NT{number:03}x7Kq9-Vz2Lp");
        let exchange = planted(place.exchanges, place.part, place.name, &secret);
        push(&mut trace, exchange);
        secrets.push((format!("{place:?}"), secret));
    }
    assert_eq!(leak(&trace, &secrets), None);
    // What is secret in one place is found in all others, however it is spelt.
    let all: Vec<String> = secrets
        .iter()
        .flat_map(|(_, secret)| told(secret))
        .collect();
    push(&mut trace, echo(&all));
    assert_eq!(leak(&trace, &secrets), None);
}

/// Names under which secrets stand, of several specifications.
const NAMES: [&str; 18] = [
    "access_token",
    "refresh_token",
    "id_token",
    "code",
    "code_verifier",
    "client_secret",
    "client_assertion",
    "assertion",
    "device_code",
    "subject_token",
    "actor_token",
    "password",
    "registration_access_token",
    "software_statement",
    "request_uri",
    "accessToken",
    "CLIENT-SECRET",
    "x_api_token",
];

/// Where an invented secret stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    Query,
    Form,
    Fragment,
    Json,
    JsonInJson,
    Event,
    HiddenInput,
    Bearer,
    Cookie,
    ApiKey,
}

const PLACES: [Place; 10] = [
    Place::Query,
    Place::Form,
    Place::Fragment,
    Place::Json,
    Place::JsonInJson,
    Place::Event,
    Place::HiddenInput,
    Place::Bearer,
    Place::Cookie,
    Place::ApiKey,
];

fn invented(place: Place, name: &str, secret: &str, depth: usize) -> Exchange {
    let url = "https://as.example/x";
    let mut request = Request::new("POST", url);
    let mut response = answer(200, "application/json", "{}");
    let nested = || {
        let member = serde_json::json!({ name: secret });
        (0..depth).fold(member, |inner, _| serde_json::json!({ "data": [inner, 1] }))
    };
    match place {
        Place::Query => request.url = with_query(url, [("a", "b"), (name, secret)]),
        Place::Form => {
            request = request
                .header(
                    "content-type",
                    "application/x-www-form-urlencoded; charset=utf-8",
                )
                .body(encode_pairs([(name, secret), ("a", "b")]));
        }
        Place::Fragment => {
            let pairs = encode_pairs([("a", "b"), (name, secret)]);
            let location = format!("https://client.example/cb#{pairs}");
            response = answer(302, "", "").with("location", &location);
        }
        Place::Json => response = answer(200, "application/json", &nested().to_string()),
        Place::JsonInJson => {
            let outer = serde_json::json!({ "result": { "text": nested().to_string() } });
            response = answer(200, "application/json", &outer.to_string());
        }
        Place::Event => {
            let event = format!("event: message\ndata: {}\n\n", nested());
            response = answer(200, "text/event-stream", &event);
        }
        Place::HiddenInput => {
            let value = html(secret);
            let page = format!("<form><input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
            response = answer(200, "text/html", &page);
        }
        Place::Bearer => request = request.header("Authorization", format!("Bearer {secret}")),
        Place::Cookie => request = request.header("cookie", format!("theme=light; sid={secret}")),
        Place::ApiKey => request = request.header("x-api-key", secret),
    }
    Exchange {
        purpose: Purpose::Unknown,
        outcome: Outcome::Response(response),
        ..sample_exchange(request)
    }
}

/// What generators of secrets make, and what people choose. A number in it, since a plain word may
/// stand anywhere.
fn secret(place: Place) -> BoxedStrategy<String> {
    let letters = match place {
        // What a header or a cookie can hold.
        Place::Bearer | Place::Cookie | Place::ApiKey => "[A-Za-z0-9._~+/-]{6,40}",
        _ => "[A-Za-z0-9._~+/=&<>\"' %:@!$-]{6,40}",
    };
    let number = "[a-z][A-Z][0-9]{4}";
    (letters, number)
        .prop_map(|(letters, number)| format!("k{number}{letters}{number}k"))
        .boxed()
}

fn case() -> impl Strategy<Value = (Place, &'static str, String, usize)> {
    let place = prop::sample::select(&PLACES[..]);
    place.prop_flat_map(|place| {
        let name = prop::sample::select(&NAMES[..]);
        (Just(place), name, secret(place), 0..4_usize)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_invented_place_gives_its_secret_away(
        cases in prop::collection::vec(case(), 1..4),
        how in 0..16_usize,
    ) {
        let mut trace = empty();
        let mut secrets = Vec::new();
        for (place, name, secret, depth) in &cases {
            push(&mut trace, invented(*place, name, secret, *depth));
            secrets.push((format!("{name} in {place:?}"), secret.clone()));
        }
        let spelt: Vec<String> = secrets
            .iter()
            .map(|(_, secret)| told(secret)[how].clone())
            .collect();
        push(&mut trace, echo(&spelt));
        prop_assert_eq!(leak(&trace, &secrets), None);
    }
}
