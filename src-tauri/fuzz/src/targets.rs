//! What every reader of foreign data must hold for any bytes: it answers or says what was expected,
//! and what it read can be judged and written. `cargo xtask fuzz` looks for bytes that break that;
//! the ones that are kept in `corpora` are read by an ordinary test, too.

use diagnosis::judgement;
use formats::{Export, FORMATS, Format, Opened, Redactor};
use serde_json::Value;
use trace::{
    Body, EntryKind, Exchange, Header, Jwt, Outcome, ParticipantId, Phase, Purpose, Recording,
    Request, ResourceMetadata, Response, ServerMetadata, Timestamp, Timings, Trace,
};

/// A target: its name, which is that of its corpus as well, and what it does with the bytes.
pub type Target = (&'static str, fn(&[u8]));

pub const TARGETS: &[Target] = &[
    ("har", har),
    ("trace_file", trace_file),
    ("mitmproxy", mitmproxy),
    ("curl", curl),
    ("log_lines", log_lines),
    ("pasted", pasted),
    ("challenge", challenge),
    ("jwt", jwt),
    ("metadata", metadata),
    ("redaction", redaction),
    ("html", html),
];

pub fn har(bytes: &[u8]) {
    read("har", bytes);
}

/// A trace file, or the journal of a run.
pub fn trace_file(bytes: &[u8]) {
    read("authscope", bytes);
    if let Ok(opened) = formats::Journal::read(&mut &*bytes) {
        used(opened);
    }
}

pub fn mitmproxy(bytes: &[u8]) {
    read("mitmproxy", bytes);
}

pub fn curl(bytes: &[u8]) {
    pasted(&[b"curl ", bytes].concat());
}

/// Lines after one that is of an access log.
pub fn log_lines(bytes: &[u8]) {
    const LINE: &[u8] =
        b"192.0.2.7 - - [13/Nov/2026:10:00:00 +0000] \"POST /mcp HTTP/1.1\" 401 9\n";
    pasted(&[LINE, bytes].concat());
}

/// Anything somebody may paste, or a file without a name.
pub fn pasted(bytes: &[u8]) {
    if let Ok(opened) = formats::open(None, &mut &*bytes) {
        used(opened);
    }
}

pub fn challenge(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut response = answer("application/json", b"{}");
    response.status = 401;
    for field in text.split('\n') {
        response
            .headers
            .push(Header::new("www-authenticate", field));
    }
    let _ = trace::challenges(&response);
    let method = "tools/list".to_owned();
    used(traced(Purpose::Challenge { method }, response).into());
}

pub fn jwt(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(token) = Jwt::read(&text) {
        let _ = (token.audience(), token.seconds("exp"), token.text("iss"));
    }
    let said =
        serde_json::json!({ "access_token": text, "token_type": "Bearer", "id_token": text });
    let grant = trace::Grant::AuthorizationCode;
    let answer = answer("application/json", said.to_string().as_bytes());
    used(traced(Purpose::Token { grant }, answer).into());
}

pub fn metadata(bytes: &[u8]) {
    let response = answer("application/json", bytes);
    let _ = (
        ResourceMetadata::read(&response),
        ServerMetadata::read(&response),
        trace::oauth_error(&response),
        trace::rpc_answer(&response),
    );
    for document in [
        Purpose::ResourceMetadata {
            source: trace::MetadataSource::Root,
        },
        Purpose::ServerMetadata {
            issuer: "https://as.example".into(),
            well_known: trace::WellKnown::OauthInserted,
        },
        Purpose::Registration,
        Purpose::Jwks,
    ] {
        used(traced(document, response.clone()).into());
    }
}

/// JSON is read for its secrets without being parsed. Whatever a parser finds under a secret's name
/// is gone, and what is left is JSON still.
pub fn redaction(bytes: &[u8]) {
    let trace = traced(Purpose::Unknown, answer("application/json", bytes));
    let redactor = Redactor::of(&trace, &[]);
    let exchange = trace.entries[0].exchange().expect("it is one");
    let written = redactor.exchange(exchange);
    let Outcome::Response(written) = &written.outcome else {
        unreachable!("it was answered");
    };
    let Ok(before) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let text = String::from_utf8_lossy(&written.body.bytes);
    let after: Result<Value, _> = serde_json::from_slice(&written.body.bytes);
    let after = after.unwrap_or_else(|error| panic!("no JSON any more: {error}: {text}"));
    let mut secrets = Vec::new();
    tokens(&before, &mut secrets);
    let mut left = Vec::new();
    tokens(&after, &mut left);
    for secret in secrets {
        assert!(!left.contains(&secret), "{secret} is left in {text}");
    }
}

/// The texts that stand under a name that is a token's for sure.
fn tokens<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| tokens(value, found)),
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text)
                        if ["access_token", "refresh_token"].contains(&name.as_str())
                            && text.len() > 12
                            && !text.contains("redacted-") =>
                    {
                        found.push(text);
                    }
                    _ => tokens(value, found),
                }
            }
        }
        _ => {}
    }
}

/// A page of an authorization server: its words, its forms, its hidden fields.
pub fn html(bytes: &[u8]) {
    let mut response = answer("text/html", bytes);
    let authorize = traced(Purpose::Authorization, response.clone());
    used(authorize.into());
    response.status = 400;
    let grant = trace::Grant::AuthorizationCode;
    used(traced(Purpose::Token { grant }, response).into());
}

/// Reads with one format, whatever the bytes begin with.
fn read(format: &str, bytes: &[u8]) {
    let format = formats::format(format).expect("it is in the table");
    if let Ok(opened) = format.read(&mut &*bytes) {
        used(opened);
    }
}

/// What was read is told apart, judged and written in every format; our own file can be read again.
fn used(opened: Opened) {
    let trace = replay::replay(opened.trace);
    let judged = judgement(&trace);
    let export = Export {
        judged: Some(formats::Judged {
            findings: &judged.findings,
            ledger: &judged.ledger,
            ..formats::Judged::default()
        }),
        ..Export::redacted(&trace, "0.0.0")
    };
    for format in FORMATS.iter().filter(|format| format.about().can_write) {
        let file = written(*format, &export);
        if format.about().id == "authscope" {
            let again = format.read(&mut file.as_slice());
            let again = again.unwrap_or_else(|error| panic!("our own file: {error:?}"));
            assert_eq!(again.trace.entries.len(), trace.entries.len());
        }
    }
}

fn written(format: &'static dyn Format, export: &Export<'_>) -> Vec<u8> {
    let mut file = Vec::new();
    format
        .write(export, &mut file)
        .expect("memory can be written to");
    assert!(std::str::from_utf8(&file).is_ok(), "{format:?} is text");
    file
}

fn answer(media_type: &str, body: &[u8]) -> Response {
    Response {
        status: 200,
        headers: vec![Header::new("content-type", media_type)],
        body: Body::new(body.to_vec()),
    }
}

fn traced(purpose: Purpose, response: Response) -> Trace {
    const AT: Timestamp = Timestamp(1_790_000_000_000_000);
    let mut trace = Trace::new("https://mcp.example/mcp", AT);
    let exchange = Exchange {
        purpose,
        from: ParticipantId::CLIENT,
        to: ParticipantId::CLIENT,
        label: String::new(),
        request: Request::new("POST", "https://as.example/x"),
        edited: false,
        answer_edited: false,
        outcome: Outcome::Response(response),
        started: AT,
        timings: Timings::default(),
        connection: None,
        verdict: None,
        recorded: Recording::default(),
        server_side: None,
        client_side: None,
    };
    let kind = EntryKind::Exchange(Box::new(exchange));
    trace.push(AT, 0, Phase::Token, kind);
    trace
}
