//! Traces for the formats that draw a diagram as text.

use formats::Export;
use trace::{EntryKind, Outcome, Trace, Verdict};

use super::{MCP, Secrets, answer, empty, failures, flow};

/// What a server may say to break a diagram.
pub const HOSTILE: [&str; 9] = [
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

/// What a server may say to be taken for markup, for a link, or for another line.
pub const MARKUP: [&str; 9] = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "</style></title></pre><b onclick=alert(1)>b</b>",
    "]]><a href=\"javascript:alert(1)\">x</a><!--",
    "**b** _i_ ~~d~~ [x](javascript:alert(1)) ![y](https://evil.example/y)",
    "```\n# out of the block\n~~~",
    "x\n# heading\n- item\n1. one\n> quote\n---\n| a | b |\n|---|---|",
    "@somebody #1 https://evil.example/ www.evil.example mail@evil.example",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd} 123 \u{202e}abc",
    "\u{0}\u{ffff}\u{fffe}\u{85}\u{2028}",
];

/// A whole flow and its failures, with the secrets that are in it.
pub fn sample() -> (Trace, Secrets) {
    let planted = Secrets::new(7);
    let mut trace = empty();
    flow(&mut trace, &planted);
    failures(&mut trace, &planted);
    (trace, planted)
}

/// Server strings in every place that a diagram shows.
pub fn hostile() -> Trace {
    saying(&HOSTILE)
}

/// These texts in every place that a diagram shows.
pub fn saying(texts: &[&str]) -> Trace {
    let (sample, _) = sample();
    let mut trace = empty();
    let server = trace.participant(trace::Role::Other, "https://x;end#y");
    for &text in texts {
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

/// What a format writes when it is told to keep secrets.
pub fn written(id: &str, trace: &Trace) -> String {
    let export = Export {
        secrets: formats::Secrets::Included,
        ..Export::redacted(trace, "0.0.0")
    };
    let mut out = Vec::new();
    formats::format(id)
        .unwrap()
        .write(&export, &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

/// One exchange and the end.
pub fn small() -> Trace {
    let (sample, _) = sample();
    let mut trace = empty();
    let server = trace.participant(trace::Role::McpServer, "https://mcp.example");
    let mut exchange = sample.entries[0].exchange().unwrap().clone();
    exchange.to = server;
    exchange.label = "initialize".into();
    exchange.request = trace::Request::new("POST", MCP);
    exchange.outcome = Outcome::Response(answer(401, "", ""));
    exchange.verdict = Some(Verdict::accepted("needs authorization"));
    let (at, phase) = (trace.started, trace::Phase::Challenge);
    trace.push(at, 0, phase, EntryKind::Exchange(Box::new(exchange)));
    trace.push(at, 0, phase, EntryKind::Decision(trace::Decision::Ended));
    trace
}
