//! Files from anywhere: whatever is in them, the command reports it and ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const HAR: &str = r#"{"log":{"version":"1.2","creator":{"name":"any","version":"1"},"entries":[
    {"startedDateTime":"2026-01-01T00:00:00Z","time":5,
     "request":{"method":"POST","url":"https://mcp.example/mcp","httpVersion":"HTTP/1.1",
       "headers":[{"name":"content-type","value":"application/json"}],"queryString":[],"cookies":[],
       "headersSize":-1,"bodySize":2,"postData":{"mimeType":"application/json","text":"{}"}},
     "response":{"status":401,"statusText":"","httpVersion":"HTTP/1.1",
       "headers":[{"name":"www-authenticate","value":"Bearer"}],"cookies":[],
       "content":{"size":2,"mimeType":"application/json","text":"{}"},
       "redirectURL":"","headersSize":-1,"bodySize":2},
     "cache":{},"timings":{"send":1,"wait":2,"receive":2}}]}}"#;

/// What each value of the file is replaced by in turn.
const VALUES: [&str; 9] = [
    "null",
    "-1",
    "1e999",
    "18446744073709551615",
    "[]",
    "{}",
    "\"\\u001b[2J\"",
    "\"9999-99-99T99:99:99Z\"",
    "true",
];

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_authscope-cli"))
        .args(arguments)
        .env_remove("AUTHSCOPE_LOG")
        .stdin(Stdio::null())
        .output()
        .expect("the command can be run")
}

/// Judges a file and writes it in another format. Neither may crash.
fn survives(what: &str, folder: &Path, content: &[u8]) {
    let file = folder.join("any.har");
    fs::write(&file, content).expect("the folder can be written");
    let out = folder.join("any.authscope");
    let file = file.to_string_lossy();
    for arguments in [
        vec!["check", &file],
        vec!["convert", &file, &*out.to_string_lossy()],
    ] {
        let output = run(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        assert!(matches!(code, Some(0..=2)), "{what}: {code:?}: {said}");
        assert!(!said.contains("panicked"), "{what}: {said}");
        let written = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        assert!(
            !written.contains(&0x1b),
            "{what}: it writes to the terminal"
        );
        if code == Some(2) {
            assert!(!said.trim().is_empty(), "{what}: it says why");
        }
    }
}

/// A folder for one test.
fn folder(name: &str) -> PathBuf {
    let name = format!("authscope-files-{name}-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    fs::create_dir_all(&folder).expect("temporary folders can be made");
    folder
}

/// The file of a run of our own: it cannot reach its server, so it is short.
fn own_file(folder: &Path) -> String {
    let file = folder.join("own.authscope");
    let export = file.to_string_lossy().into_owned();
    run(&["run", "http://127.0.0.1:9/mcp", "--export", &export]);
    fs::read_to_string(file).expect("the run was written")
}

/// Where a value begins and ends, for the texts and numbers that are members.
fn values(json: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in json.match_indices("\":") {
        let begin = at + 2 + json[at + 2..].len() - json[at + 2..].trim_start().len();
        let rest = &json[begin..];
        let length = match rest.as_bytes().first() {
            Some(b'"') => rest[1..].find('"').map(|end| end + 2),
            Some(b'{' | b'[') => None,
            _ => rest.find([',', '}', ']', '\n']),
        };
        found.extend(length.map(|length| (begin, begin + length)));
    }
    found
}

#[test]
fn a_file_cut_off_anywhere() {
    let folder = folder("cut");
    let own = own_file(&folder);
    for text in [HAR, own.as_str()] {
        for part in 0..12 {
            let end = text.floor_char_boundary(text.len() * part / 12);
            survives(
                &format!("cut off at {end}"),
                &folder,
                &text.as_bytes()[..end],
            );
        }
    }
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn a_file_with_any_value_replaced() {
    let folder = folder("replaced");
    let own = own_file(&folder);
    let mut at = 0;
    for text in [HAR, own.as_str()] {
        for (begin, end) in values(text) {
            // One replacement for each value: all of them are met, each at many places.
            let value = VALUES[at % VALUES.len()];
            at += 1;
            let changed = format!("{}{value}{}", &text[..begin], &text[end..]);
            let what = format!("{value} for {}", &text[begin..end]);
            survives(&what, &folder, changed.as_bytes());
        }
    }
    assert!(at > 30, "{at} values were replaced");
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn what_is_no_recording() {
    let folder = folder("none");
    let deep = format!("{{\"log\":{}", "[".repeat(200_000));
    let long = format!("{{\"log\":{{\"entries\":[\"{}", "x".repeat(5_000_000));
    let nested = HAR.replace("\"{}\"", &format!("\"{}\"", "[".repeat(100_000)));
    for (what, content) in [
        ("nothing", Vec::new()),
        ("deep arrays", deep.into_bytes()),
        ("a long string", long.into_bytes()),
        ("a deep body", nested.into_bytes()),
        ("no UTF-8", vec![0xff; 10_000]),
        ("zeros", vec![0; 10_000]),
        ("a word for our own", b"{\"authscope_trace\": 1}".to_vec()),
        (
            "a version to come",
            b"{\"authscope_trace\": 4294967296}".to_vec(),
        ),
    ] {
        survives(what, &folder, &content);
    }
    for path in ["/no/such/file", &*folder.to_string_lossy()] {
        let output = run(&["check", path]);
        assert_eq!(output.status.code(), Some(2), "{path}");
        assert!(!output.stderr.is_empty(), "{path}");
    }
    let _ = fs::remove_dir_all(folder);
}
