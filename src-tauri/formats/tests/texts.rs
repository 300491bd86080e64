//! The plain-text diagram: nothing a server says breaks a line, and no secret is in it.

mod support;

use formats::{Export, Secrets};
use support::{Secrets as Planted, answer, empty, failures, flow};
use trace::{EntryKind, Outcome, Trace, Verdict};

const HOSTILE: [&str; 9] = [
    "end",
    "a; b",
    "#35; # comment",
    "x\np0->>p0: forged",
    "%% gone %%{init: {}}%%",
    "<b onclick=alert(1)>&amp;\"'</b>",
    "\u{202e}dever\u{1b}[31m\r",
    "wrap: style x:#35; : classDef a:#1;",
    "ﬂ°°35¶ß loop alt [x] end end",
];

fn sample() -> (Trace, Planted) {
    let planted = Planted::new(7);
    let mut trace = empty();
    flow(&mut trace, &planted);
    failures(&mut trace, &planted);
    (trace, planted)
}

/// Server strings in every place that a diagram shows.
fn hostile() -> Trace {
    let (sample, _) = sample();
    let mut trace = empty();
    let server = trace.participant(trace::Role::Other, "https://x;end#y");
    for text in HOSTILE {
        let mut exchange = sample.entries[0].exchange().unwrap().clone();
        exchange.to = server;
        exchange.label = text.into();
        exchange.request.url = format!("https://x.example/{text}?{text}=1");
        exchange.verdict = Some(Verdict::rejected(text));
        exchange.outcome = Outcome::Response(answer(200, "", ""));
        let kinds = [
            EntryKind::Exchange(Box::new(exchange)),
            EntryKind::Decision(trace::Decision::TokensStored { place: text.into() }),
        ];
        for kind in kinds {
            let (at, phase) = (trace.started, trace::Phase::Token);
            trace.push(at, 0, phase, kind);
        }
    }
    trace
}

fn written(id: &str, trace: &Trace) -> String {
    let export = Export {
        secrets: Secrets::Included,
        ..Export::redacted(trace, "0.0.0")
    };
    let mut out = Vec::new();
    formats::format(id)
        .unwrap()
        .write(&export, &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_text_holds_no_secret_even_when_asked() {
    let (trace, planted) = sample();
    let text = written("text", &trace);
    assert!(!text.contains("S3NT1NEL"), "{text}");
    for (name, secret) in planted.all() {
        assert!(!text.contains(secret), "{name} is in it");
    }
}

#[test]
fn each_step_has_its_lines_whatever_a_server_says() {
    let trace = hostile();
    let text = written("text", &trace);
    // A heading, the one server, a blank line, the names; the phase; three lines for each exchange
    // of two arrows with a text each, and one for each decision.
    assert_eq!(text.lines().count(), 4 + 1 + HOSTILE.len() * 5, "{text}");
    assert!(text.ends_with('\n'));
    let is_odd = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
    assert_eq!(text.chars().find(is_odd), None);
}

#[test]
fn the_text_of_a_small_flow() {
    let trace = small();
    assert_eq!(
        written("text", &trace),
        "\
Authscope 0.0.0: https://mcp.example/mcp
  MCP server: mcp.example

   Authscope            MCP server
Challenge                   |
      | 1 POST /mcp initialize
      |-------------------->|
      | 401 needs authorization
      |< - - - - - - - - - -|
  * 2 Ended by the user     |
"
    );
}

fn small() -> Trace {
    let (sample, _) = sample();
    let mut trace = empty();
    let server = trace.participant(trace::Role::McpServer, "https://mcp.example");
    let mut exchange = sample.entries[0].exchange().unwrap().clone();
    exchange.to = server;
    exchange.label = "initialize".into();
    exchange.request = trace::Request::new("POST", support::MCP);
    exchange.outcome = Outcome::Response(answer(401, "", ""));
    exchange.verdict = Some(Verdict::accepted("needs authorization"));
    let (at, phase) = (trace.started, trace::Phase::Challenge);
    trace.push(at, 0, phase, EntryKind::Exchange(Box::new(exchange)));
    trace.push(at, 0, phase, EntryKind::Decision(trace::Decision::Ended));
    trace
}
