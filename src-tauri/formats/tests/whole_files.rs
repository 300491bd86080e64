//! Files of recordings as they are handed on: compressed, in the coding of another system, several
//! in one, cut off. What is in them is read, and what could not be read is named.

mod support;

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use formats::{Export, Opened, ReadError, Secrets};
use support::{empty, flow};

fn har() -> Vec<u8> {
    let mut trace = empty();
    flow(&mut trace, &support::Secrets::plain(5));
    let export = Export {
        secrets: Secrets::Included,
        ..Export::redacted(&trace, "0.0.0")
    };
    let mut file = Vec::new();
    let har = formats::format("har").expect("it is in the table");
    har.write(&export, &mut file).expect("memory takes it");
    file
}

fn open(file: &[u8]) -> Result<Opened, ReadError> {
    formats::open(None, &mut &file[..])
}

fn exchanges(opened: &Opened) -> usize {
    opened.trace.exchanges().count()
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

#[test]
fn a_file_is_the_same_compressed_and_in_another_coding() {
    let plain = har();
    let expected = open(&plain).unwrap();
    assert!(exchanges(&expected) > 5);
    assert_eq!(open(&compressed(&plain)).unwrap(), expected);
    let text = String::from_utf8(plain.clone()).unwrap();
    let units = || text.encode_utf16();
    let little: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(units().flat_map(u16::to_le_bytes))
        .collect();
    let big: Vec<u8> = [0xfe, 0xff]
        .into_iter()
        .chain(units().flat_map(u16::to_be_bytes))
        .collect();
    assert_eq!(open(&little).unwrap(), expected);
    assert_eq!(open(&big).unwrap(), expected);
    let marked = ["\u{feff}".as_bytes(), &plain].concat();
    assert_eq!(open(&marked).unwrap(), expected);
}

#[test]
fn several_files_in_one_are_read_and_told() {
    let plain = har();
    let expected = exchanges(&open(&plain).unwrap());
    let both = open(&[&plain[..], b"\n", &plain].concat()).unwrap();
    assert_eq!(exchanges(&both), 2 * expected);
    assert_eq!(
        both.notes,
        ["2 HAR files were put into this one; all were read."]
    );
    // Data behind it that is not a file is named, too.
    let more = open(&[&plain[..], b"\nsee above"].concat()).unwrap();
    assert_eq!(exchanges(&more), expected);
    assert!(more.notes[0].contains("damaged"), "{:?}", more.notes);
}

#[test]
fn what_was_cut_is_read_up_to_there() {
    let plain = har();
    let whole = exchanges(&open(&plain).unwrap());
    let cut = open(&plain[..plain.len() / 2]).unwrap();
    assert!((1..whole).contains(&exchanges(&cut)));
    assert!(cut.notes[0].contains("ends early"), "{:?}", cut.notes);
    let packed = compressed(&plain);
    let cut = open(&packed[..packed.len() - 40]).unwrap();
    assert!(cut.notes[0].contains("ends early"), "{:?}", cut.notes);
}

#[test]
fn an_archive_is_to_be_unpacked() {
    let error = open(b"PK\x03\x04 har.har").unwrap_err().to_string();
    assert!(error.contains("unpack it"), "{error}");
}

#[test]
fn a_picture_stays_in_the_file_and_the_flow_does_not() {
    let entry = |url: &str, media: &str, size: usize, text: &str| {
        format!(
            r#"{{"startedDateTime":"2026-11-26T10:00:00.000Z","request":{{"method":"GET","url":"{url}",
            "headers":[]}},"response":{{"status":200,"headers":[],"content":{{"size":{size},
            "mimeType":"{media}","text":"{text}"}}}}}}"#
        )
    };
    let picture = entry("https://a.example/x.png", "image/png", 100_000, "AAAA");
    let metadata =
        r#"{\"issuer\":\"https://a.example\",\"token_endpoint\":\"https://a.example/t\"}"#;
    let url = "https://a.example/.well-known/oauth-authorization-server";
    let document = entry(url, "application/json", 100_000, metadata);
    let file = format!(r#"{{"log":{{"entries":[{picture},{document}]}}}}"#);
    let opened = open(file.as_bytes()).unwrap();
    let bodies: Vec<usize> = opened
        .trace
        .exchanges()
        .map(|(_, exchange)| exchange.response().map_or(0, |one| one.body.bytes.len()))
        .collect();
    assert_eq!(bodies[0], 0);
    assert!(bodies[1] > 50);
}
