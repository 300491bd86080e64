//! Readers of what others wrote take anything: they answer or say what was expected, and never end
//! the program. Inputs that once did are kept beside this file by proptest.

mod support;

use std::io::Cursor;

use formats::{Export, Redactor, Secrets};
use proptest::prelude::*;
use support::{With as _, answer, empty, failures, flow, sample_exchange};
use trace::{EntryKind, Exchange, Outcome, Phase, Request, Trace};

/// A file of our own, to be damaged.
fn file(format: &str) -> Vec<u8> {
    let planted = support::Secrets::new(5);
    let mut trace = empty();
    flow(&mut trace, &planted);
    failures(&mut trace, &planted);
    let export = Export {
        secrets: Secrets::Included,
        ..Export::redacted(&trace, "0.0.0")
    };
    let mut out = Vec::new();
    let format = formats::format(format).expect("it is in the table");
    format
        .write(&export, &mut out)
        .expect("memory can be written to");
    out
}

/// What is done to a file.
#[derive(Debug, Clone)]
enum Damage {
    CutAt(prop::sample::Index),
    Put(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    /// A part is written where another one was.
    Copy(prop::sample::Index, prop::sample::Index, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    use prop::sample::Index;
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..6),
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            "\"",
            "null",
            "-1",
            "1e999",
            "\\u0000",
            "\\ud800",
            "eyJ",
            "....",
            "redacted-code-1",
            "redacted--",
            "redacted-code-99999999999",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop_oneof![
        any::<Index>().prop_map(Damage::CutAt),
        (any::<Index>(), piece).prop_map(|(at, piece)| Damage::Put(at, piece)),
        (any::<Index>(), 1..40_usize).prop_map(|(at, count)| Damage::Remove(at, count)),
        (any::<Index>(), any::<Index>(), 1..200_usize)
            .prop_map(|(from, to, count)| Damage::Copy(from, to, count)),
    ]
}

fn damaged(mut file: Vec<u8>, all: &[Damage]) -> Vec<u8> {
    for damage in all {
        if file.is_empty() {
            break;
        }
        let length = file.len();
        match damage {
            Damage::CutAt(at) => file.truncate(at.index(length)),
            Damage::Put(at, piece) => {
                let at = at.index(length);
                file.splice(at..at, piece.iter().copied());
            }
            Damage::Remove(at, count) => {
                let at = at.index(length);
                file.drain(at..length.min(at + count));
            }
            Damage::Copy(from, to, count) => {
                let from = from.index(length);
                let piece = file[from..length.min(from + count)].to_vec();
                let to = to.index(length);
                file.splice(to..to, piece);
            }
        }
    }
    file
}

/// What can be read is written again in every format.
fn read_and_write(file: &[u8]) {
    let Ok(opened) = formats::open(None, &mut Cursor::new(file)) else {
        return;
    };
    let export = Export::redacted(&opened.trace, "0.0.0");
    for format in formats::FORMATS
        .iter()
        .filter(|format| format.about().can_write)
    {
        let mut out = Vec::new();
        let written = format.write(&export, &mut out);
        written.expect("memory can be written to");
        assert!(std::str::from_utf8(&out).is_ok(), "{format:?}");
    }
}

/// Words that mean something to one of the readers.
fn telling_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "Bearer",
            "DPoP",
            "Basic",
            "Digest",
            " ",
            ",",
            "=",
            "\"",
            "\\",
            ";",
            "realm=",
            "error=\"",
            "resource_metadata=\"https://",
            "code=",
            "access_token",
            "\":",
            "\"",
            "{\"",
            "}",
            "[",
            "%3D",
            "%",
            "&",
            "<input name=\"code\" value=\"",
            "<input",
            "value=",
            "'",
            ">",
            "\\u0026",
            "\\/",
            "\\",
            "eyJhbGciOiJub25lIn0",
            ".",
            "eyJ",
            "redacted-",
            "data: ",
            "\n\n",
            "\r\n",
            "event:",
            "https://u:p@h/?state=1#code=2",
            "?",
            "#",
            "://",
            "+",
            "\u{202e}",
            "\u{0}",
            "é",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
    ];
    prop::collection::vec(word, 0..24).prop_map(|words| words.concat())
}

fn said(text: &str) -> Exchange {
    let response = answer(401, "application/json", text)
        .with("www-authenticate", text)
        .with("location", text)
        .with("set-cookie", text);
    let request = Request::new("POST", format!("https://h/?x={text}"))
        .header("authorization", text)
        .header("cookie", text)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(text);
    Exchange {
        label: text.into(),
        outcome: Outcome::Response(response),
        ..sample_exchange(request)
    }
}

fn traced(exchange: Exchange) -> Trace {
    let mut trace = empty();
    let at = trace.started;
    let kind = EntryKind::Exchange(Box::new(exchange));
    trace.push(at, 0, Phase::Token, kind);
    trace
}

/// What was redacted stays as it is when it is redacted again: equal secrets keep their pseudonyms
/// from file to file, and a new secret gets none that is taken.
#[test]
fn a_redacted_file_is_written_again_as_it_was() {
    for format in ["authscope", "har"] {
        let format = formats::format(format).expect("it is in the table");
        let write = |trace: &Trace| {
            let mut out = Vec::new();
            let export = Export::redacted(trace, "0.0.0");
            let written = format.write(&export, &mut out);
            written.expect("memory can be written to");
            out
        };
        let read = |file: &[u8]| {
            let opened = formats::open(None, &mut Cursor::new(file));
            opened.expect("it was written by us").trace
        };
        let planted = support::Secrets::new(5);
        let mut trace = empty();
        flow(&mut trace, &planted);
        let once = read(&write(&trace));
        let mut twice = read(&write(&once));
        assert!(once == twice, "{format:?}");
        let access = "Bearer another-secret-0123456789";
        let call = Request::new("POST", support::MCP).header("authorization", access);
        let at = twice.started;
        let kind = EntryKind::Exchange(Box::new(sample_exchange(call)));
        twice.push(at, 0, Phase::Mcp, kind);
        let file = String::from_utf8(write(&twice)).expect("it is text");
        assert!(file.contains("Bearer redacted-access_token-"));
        let number = |number: u32| format!("Bearer redacted-access_token-{number}\"");
        assert!(
            !file.contains(&number(1)),
            "{format:?}: the number was given twice"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    #[test]
    fn damaged_har_files_are_read_or_refused(all in prop::collection::vec(damage(), 1..6)) {
        read_and_write(&damaged(file("har"), &all));
    }

    #[test]
    fn damaged_trace_files_are_read_or_refused(all in prop::collection::vec(damage(), 1..6)) {
        read_and_write(&damaged(file("authscope"), &all));
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        start in prop::sample::select(vec!["", "{\"log\":", "{\"authscope_trace\":1,", "\u{feff}{"]),
    ) {
        read_and_write(&[start.as_bytes(), &bytes].concat());
    }

    #[test]
    fn any_text_of_a_server_is_read_and_redacted(text in telling_text()) {
        let trace = traced(said(&text));
        let exchange = trace.entries[0].exchange().expect("it is one");
        if let Outcome::Response(response) = &exchange.outcome {
            let _ = trace::challenges(response);
            let _ = trace::rpc_answer(response);
            let _ = trace::last_event(response);
        }
        let _ = trace::Jwt::read(&text);
        let _ = trace::json_value(text.as_bytes());
        let _ = trace::pairs(&text);
        let _ = trace::query_pairs(&text);
        let redactor = Redactor::of(&trace, &[]);
        let _ = redactor.exchange(exchange);
        let _ = redactor.value(&serde_json::json!({ text.as_str(): text }));
        let mut out = Vec::new();
        for format in formats::FORMATS.iter().filter(|format| format.about().can_write) {
            let export = Export::redacted(&trace, "0.0.0");
            prop_assert!(format.write(&export, &mut out).is_ok());
        }
    }
}
