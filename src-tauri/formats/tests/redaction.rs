//! No secret gets out, and what gets out can still be followed.

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use formats::{Export, Redactor, Secrets};
use support::{Secrets as Planted, With as _, answer, decoded_parts, empty, failures, flow};
use trace::{EntryKind, Outcome, Secret, Trace};

fn sample() -> (Trace, Planted) {
    let planted = Planted::new(7);
    let mut trace = empty();
    flow(&mut trace, &planted);
    failures(&mut trace, &planted);
    (trace, planted)
}

fn written(trace: &Trace, secrets: Secrets) -> String {
    written_as("har", trace, secrets)
}

fn written_as(id: &str, trace: &Trace, secrets: Secrets) -> String {
    let export = Export {
        secrets,
        ..Export::redacted(trace, "0.0.0")
    };
    let mut out = Vec::new();
    let format = formats::format(id).unwrap();
    format.write(&export, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn no_planted_secret_survives_in_any_spelling() {
    let (trace, planted) = sample();
    let text = written(&trace, Secrets::Redacted);
    assert!(written(&trace, Secrets::Included).contains("S3NT1NEL"));
    for (name, secret) in planted.all() {
        assert!(!text.contains(secret), "{name} survives");
    }
    let at = text
        .find("S3NT1NEL")
        .map(|at| &text[at.saturating_sub(300)..at + 40]);
    assert_eq!(at, None, "part of a secret survives");
    for part in decoded_parts(&text) {
        assert!(
            !part.contains("S3NT1NEL"),
            "a secret survives in base64: {part}"
        );
    }
}

#[test]
fn equal_secrets_have_equal_pseudonyms_so_that_the_flow_can_be_followed() {
    let (trace, _) = sample();
    let document: serde_json::Value =
        serde_json::from_str(&written(&trace, Secrets::Redacted)).unwrap();
    let entries = document["log"]["entries"].as_array().unwrap();
    let of = |purpose: &'static str| {
        entries
            .iter()
            .filter(move |entry| entry["_authscope"]["purpose"]["is"] == purpose)
    };
    let callback = of("callback").next().unwrap()["request"]["url"]
        .as_str()
        .unwrap();
    assert!(
        callback.contains("code=redacted-code-1&state=redacted-state-1&iss="),
        "{callback}"
    );
    let token: Vec<_> = of("token").collect();
    let body = token[0]["request"]["postData"]["text"].as_str().unwrap();
    assert!(
        body.contains("code=redacted-code-1&code_verifier=redacted-code_verifier-1"),
        "{body}"
    );
    let answer = token[0]["response"]["content"]["text"].as_str().unwrap();
    let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
    let access = answer["access_token"].as_str().unwrap();
    assert!(access.ends_with(".redacted-access_token-1"), "{access}");
    assert_eq!(answer["expires_in"], 3600);
    let call = of("mcp").next().unwrap()["request"]["headers"].to_string();
    assert!(call.contains(&format!("Bearer {access}")), "{call}");
    let basic = STANDARD.encode("client-1:redacted-client_secret-1");
    assert!(token[0]["request"]["headers"].to_string().contains(&basic));
}

#[test]
fn what_is_no_secret_stays_as_it_was() {
    let (trace, _) = sample();
    let text = written(&trace, Secrets::Redacted);
    for kept in [
        "client_id=client-1",
        "resource_metadata=\\\"https://mcp.example/.well-known/oauth-protected-resource/mcp\\\"",
        "insufficient_scope",
        "\\\"code\\\":-32601",
        "\\\"code\\\":\\\"not_found\\\"",
        "\\\"state\\\":\\\"open\\\"",
        "eyJwYWdlIjoyfQ==",
        "code_challenge_method=S256",
        "client_secret_expires_at\\\":0",
        "https://as.example/token",
    ] {
        assert!(text.contains(kept), "{kept} is gone");
    }
}

#[test]
fn nested_json_and_event_streams_stay_readable() {
    let (trace, _) = sample();
    let redactor = Redactor::of(&trace, &[]);
    let stream = trace
        .exchanges()
        .filter_map(|(_, exchange)| exchange.response())
        .find(|response| response.media_type().as_deref() == Some("text/event-stream"))
        .unwrap();
    let trace::RpcAnswer::Result(result) = trace::rpc_answer(&redactor.response(stream)) else {
        panic!("the stream cannot be read any more");
    };
    let once = result["content"][0]["text"].as_str().unwrap();
    let echoed: serde_json::Value = serde_json::from_str(once).unwrap();
    assert!(
        echoed["url"]
            .as_str()
            .unwrap()
            .ends_with("code=redacted-code-1&n=1#access_token=redacted-access_token-1")
    );
    let twice: String =
        serde_json::from_str(result["content"][1]["text"].as_str().unwrap()).unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&twice).unwrap(),
        echoed
    );
}

#[test]
fn redacting_twice_is_redacting_once() {
    let (trace, _) = sample();
    let redactor = Redactor::of(&trace, &[]);
    for (_, exchange) in trace.exchanges() {
        let once = redactor.exchange(exchange);
        assert_eq!(redactor.exchange(&once), once);
    }
}

#[test]
fn what_was_typed_is_replaced_beside_what_the_trace_names() {
    let (trace, planted) = sample();
    let typed = [("client_secret".into(), Secret::new("typed by hand"))];
    let redactor = Redactor::of(&trace, &typed);
    let text = format!(
        "GET /x?code={} with {} and typed by hand",
        planted.code, planted.access
    );
    assert_eq!(
        redactor.text(&text),
        "GET /x?code=redacted-code-1 with redacted-access_token-1 and redacted-client_secret-1"
    );
    let value = redactor
        .value(&serde_json::json!({"token": "x1", "note": text, "n": [1, {"code": "open"}]}));
    assert_eq!(value["token"], "redacted-token");
    assert_eq!(value["n"][1]["code"], "open");
    assert!(!value.to_string().contains("S3NT1NEL"));
    assert!(!format!("{redactor:?}").contains("S3NT1NEL"));
}

#[test]
fn secrets_in_odd_places() {
    let redactor = Redactor::default();
    for (given, expected) in [
        (
            "https://ann:pw@as.example/x",
            "https://redacted-username:redacted-password@as.example/x",
        ),
        (
            "https://ghp_x@as.example/x",
            "https://redacted-credentials@as.example/x",
        ),
        (
            "https://:pw@as.example/x",
            "https://:redacted-password@as.example/x",
        ),
        (
            "/cb#access_token=a&x=1",
            "/cb#access_token=redacted-access_token&x=1",
        ),
        (
            "/a?x=%7B%22client_secret%22%3A%22q%22%7D",
            "/a?x=%7B%22client_secret%22%3A%22redacted-client_secret%22%7D",
        ),
        (
            "/a?next=%2Fb%3Fcode%3Dabc%26y%3D1",
            "/a?next=%2Fb%3Fcode%3Dredacted-code%26y%3D1",
        ),
        ("/a?code=&state", "/a?code=&state"),
    ] {
        assert_eq!(redactor.url(given), expected);
    }
    for (given, expected) in [
        (
            r#"{"password": 12345, "code": 7}"#,
            r#"{"password": "redacted-password", "code": 7}"#,
        ),
        (
            r#"{"accessToken" : ["a", "b"]}"#,
            r#"{"accessToken" : ["redacted-access_token", "redacted-access_token"]}"#,
        ),
        (
            r#"{"access_token": {"value": "0123456789abcdef", "of": ["fedcba9876543210", "Bearer"]}, "at": "0123456789abcdef"}"#,
            r#"{"access_token": {"value": "redacted-access_token", "of": ["redacted-access_token", "Bearer"]}, "at": "0123456789abcdef"}"#,
        ),
        (
            r#"{"password": {"type": "string", "description": "What you log in with"}}"#,
            r#"{"password": {"type": "string", "description": "What you log in with"}}"#,
        ),
        (
            r#"{\"id_token\":\"abc\"}"#,
            r#"{\"id_token\":\"redacted-id_token\"}"#,
        ),
        (
            "<a href='/b?a=1&amp;code=abc&amp;d=1'>",
            "<a href='/b?a=1&amp;code=redacted-code&amp;d=1'>",
        ),
        (
            "<INPUT value='a&amp;b' name='code'>",
            "<INPUT value='redacted-code' name='code'>",
        ),
        (
            "refresh_token=\"abc\"",
            "refresh_token=\"redacted-refresh_token\"",
        ),
    ] {
        assert_eq!(redactor.text(given), expected);
    }
}

/// Each would take minutes if any part of the pass went over the rest of a text for every place in
/// it.
#[test]
fn hostile_bodies_are_survived() {
    let many = 20_000;
    let mut wrapped = "\"access_token\":\"x-1\"".to_string();
    for _ in 0..10 {
        wrapped = serde_json::to_string(&wrapped).unwrap();
    }
    let long = [
        format!("{}\"code\":\"secret-1\"", "[{\"a\":".repeat(many)),
        wrapped,
        "\"\\".repeat(many),
        "\"\\n\",\"\\ncode=a1\",".repeat(many / 4),
        "code=".repeat(many),
        "code=\"".repeat(many),
        "\"access_token\":{".repeat(many),
        "<input name=code".repeat(many),
        "eyJ".repeat(many),
        "eyJ.".repeat(many),
        "a".repeat(many * 5),
    ];
    let short = [
        "\\",
        "\"",
        "=",
        "%3D",
        "code=",
        "\"code\":",
        "\"code\":\"",
        "eyJ",
        "ü=ö&code=ß",
        "<input",
        "://@",
    ];
    let (mut trace, _) = sample();
    let entries = trace.entries.clone();
    let bodies = long.iter().map(String::as_str).chain(short);
    for (entry, body) in entries.iter().cycle().zip(bodies) {
        let mut exchange = entries[0].exchange().unwrap().clone();
        exchange.request = trace::Request::new(
            "POST",
            format!("https://x.example/{body}?code=a{body}&q={body}"),
        )
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
        exchange.outcome = Outcome::Response(answer(200, "text/html", body).with("location", body));
        trace.push(
            entry.at,
            0,
            entry.phase,
            EntryKind::Exchange(Box::new(exchange)),
        );
    }
    written(&trace, Secrets::Redacted);
}
