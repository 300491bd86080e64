//! Judging looks at each exchange a fixed number of times, whatever a trace is full of. The test
//! counts the looks and does not measure time.

use serde_json::{Value, json};
use trace::{
    BrowserVisit, Decision, EntryKind, Grant, HowOpened, Phase, Purpose, Request, SignatureCheck,
    TokenKind, Trace, WellKnown, with_query,
};

use crate::judge::judge;
use crate::sample::{
    AS, Answer, MCP, REDIRECT, Run, access_jwt, call, decide, id_token, post, push_to_server,
    refresh, token_answer,
};
use crate::snapshot::LOOKS;

const FEW: usize = 40;
const TIMES: usize = 4;

/// Adds so many of a kind to a trace.
type Fill = fn(&mut Trace, usize);

fn looks(fill: Fill, count: usize) -> u64 {
    let mut trace = Run::healthy().trace();
    fill(&mut trace, count);
    let before = LOOKS.get();
    judge(&trace, trace.entries.len());
    LOOKS.get() - before
}

/// So many times more exchanges make so many times more looks, and a few for good measure.
fn is_linear(what: &str, fill: Fill) {
    let (few, many) = (looks(fill, FEW), looks(fill, FEW * TIMES));
    let allowed = few * (TIMES as u64 + 1);
    assert!(many < allowed, "{what}: {few} looks, then {many}");
    assert!(few > FEW as u64, "{what}: {few} looks at {FEW} of them");
}

fn form(trace: &mut Trace, purpose: Purpose, pairs: &[(&str, &str)], answer: &Answer) {
    push_to_server(trace, purpose, post("/any", pairs), answer);
}

fn visit(trace: &mut Trace, pairs: &[(&str, &str)]) {
    let url = with_query(&format!("{AS}/authorize"), pairs.iter().copied());
    let how = HowOpened::System;
    let kind = EntryKind::BrowserOpened(BrowserVisit { url, how });
    trace.push(trace.started, 0, Phase::Authorization, kind);
}

fn redeem(trace: &mut Trace, code: &str, answer: &Answer) {
    let grant = Grant::AuthorizationCode;
    let sent = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("client_id", "c1"),
        ("redirect_uri", REDIRECT),
    ];
    form(trace, Purpose::Token { grant }, &sent, answer);
}

fn with_id_token(number: usize, nonce: Value) -> Answer {
    let mut answer = token_answer(&format!("opaque-{number}"), &format!("refresh-{number}"));
    answer.edit(|body| body["id_token"] = id_token(|claims| claims["nonce"] = nonce).into());
    answer
}

fn used(trace: &mut Trace, token: &str, status: u16) {
    call(
        trace,
        &Answer::json(status, json!({"jsonrpc": "2.0", "id": 2, "result": {}})),
        token,
    );
}

#[test]
fn calls_and_refreshes() {
    is_linear("calls and refreshes", |trace, count| {
        for number in 0..count {
            let answer = token_answer(&format!("opaque-{number}"), &format!("r-{number}"));
            refresh(trace, &format!("r-{}", number.wrapping_sub(1)), &answer);
            used(trace, &format!("opaque-{number}"), 200);
        }
    });
}

#[test]
fn the_nonces_of_id_tokens() {
    is_linear("nonces", |trace, count| {
        for number in 0..count {
            let nonce = format!("n-{number}");
            visit(trace, &[("client_id", "c1"), ("nonce", &nonce)]);
            redeem(
                trace,
                &format!("c-{number}"),
                &with_id_token(number, nonce.into()),
            );
        }
    });
}

#[test]
fn authorization_requests_that_were_pushed() {
    is_linear("pushed requests", |trace, count| {
        for number in 0..count {
            let reference = format!("urn:{number}");
            let asked = [("client_id", "c1"), ("resource", MCP), ("scope", "mcp")];
            let answer = Answer::json(201, json!({"request_uri": reference, "expires_in": 60}));
            form(trace, Purpose::PushedAuthorization, &asked, &answer);
        }
        for number in 0..count {
            let reference = format!("urn:{number}");
            visit(trace, &[("client_id", "c1"), ("request_uri", &reference)]);
            let answer = token_answer(&access_jwt(json!(MCP)), &format!("refresh-{number}"));
            redeem(trace, &format!("c-{number}"), &answer);
        }
    });
}

#[test]
fn device_codes_and_polls() {
    is_linear("device codes", |trace, count| {
        let grant = Grant::DeviceCode;
        for number in 0..count {
            let code = format!("d-{number}");
            let answer = Answer::json(
                200,
                json!({"device_code": code, "user_code": "u", "interval": 1_000_000,
                       "verification_uri": "https://as.example/d", "expires_in": 600}),
            );
            form(
                trace,
                Purpose::DeviceAuthorization,
                &[("client_id", "c1")],
                &answer,
            );
        }
        for number in 0..count {
            let code = format!("d-{number}");
            let answer = Answer::json(400, json!({"error": "slow_down"}));
            let sent = [("device_code", code.as_str()), ("client_id", "c1")];
            form(trace, Purpose::Token { grant }, &sent, &answer);
        }
    });
}

#[test]
fn introspections_and_revocations_of_a_token_that_is_used_often() {
    // Nothing is found, so nothing ends the search early.
    is_linear("introspections", |trace, count| {
        let token = TokenKind::AccessToken;
        for _ in 0..count {
            used(trace, "t", 500);
        }
        for _ in 0..count {
            let answer = Answer::json(200, json!({"active": false}));
            let sent = [("token", "t"), ("client_secret", "s")];
            form(trace, Purpose::Introspection { token }, &sent, &answer);
        }
    });
    is_linear("revocations", |trace, count| {
        let token = TokenKind::AccessToken;
        for _ in 0..count {
            form(
                trace,
                Purpose::Revocation { token },
                &[("token", "t")],
                &Answer::bare(200),
            );
        }
        for _ in 0..count {
            used(trace, "t", 401);
            used(trace, "u", 200);
        }
    });
}

#[test]
fn sets_of_keys_and_tokens_that_were_checked() {
    is_linear("sets of keys", |trace, count| {
        for _ in 0..count {
            let request = Request::new("GET", format!("{AS}/jwks"));
            let keys = Answer::json(200, json!({"keys": [{"kty": "EC", "kid": "k1"}]}));
            push_to_server(trace, Purpose::Jwks, request, &keys);
        }
        for _ in 0..count {
            let checked = Decision::TokenChecked {
                token: TokenKind::AccessToken,
                alg: Some("ES256".into()),
                kid: Some("k1".into()),
                signature: SignatureCheck::Valid,
                problems: Vec::new(),
            };
            decide(trace, checked);
        }
    });
}

#[test]
fn metadata_of_servers_that_are_not_in_use_and_answers_about_the_user() {
    is_linear("metadata and users", |trace, count| {
        for number in 0..count {
            let purpose = Purpose::ServerMetadata {
                issuer: format!("https://other-{number}.example"),
                well_known: WellKnown::OauthInserted,
            };
            let request = Request::new("GET", "https://other.example/metadata");
            let answer = Answer::json(200, crate::sample::server_metadata(AS));
            push_to_server(trace, purpose, request, &answer);
        }
        for _ in 0..count {
            let request = Request::new("GET", format!("{AS}/userinfo"));
            let answer = Answer::json(200, json!({"sub": "alice"}));
            push_to_server(trace, Purpose::Userinfo, request, &answer);
        }
        for number in 0..count {
            redeem(
                trace,
                &format!("c-{number}"),
                &with_id_token(number, Value::Null),
            );
        }
    });
}
