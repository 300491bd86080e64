//! `authscope-cli check`: the report and exit codes of a recording.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn check(name: &str, file: &str) -> Output {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, file).expect("the folder is for tests");
    Command::new(env!("CARGO_BIN_EXE_authscope-cli"))
        .args(["check", "--json", "-"])
        .arg(path)
        .stdin(Stdio::null())
        .output()
        .expect("the command was built")
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("a report in JSON")
}

fn header(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}

/// An entry as browsers write it, so many milliseconds after the first.
fn entry(at: u32, (method, url): (&str, &str), sent: Value, status: u16, answer: Value) -> Value {
    let body = answer["body"].to_string();
    json!({
        "startedDateTime": format!("2026-11-26T10:00:{:02}.{:03}Z", at / 1000, at % 1000),
        "time": 1.5,
        "request": {
            "method": method, "url": url, "httpVersion": "HTTP/1.1",
            "headers": sent["headers"].as_array().cloned().unwrap_or_default(),
            "postData": sent.get("body").map(|body| json!({
                "mimeType": "application/json", "text": body.to_string(),
            })),
        },
        "response": {
            "status": status, "statusText": "", "httpVersion": "HTTP/1.1",
            "headers": answer["headers"].as_array().cloned().unwrap_or_default(),
            "content": { "size": body.len(), "mimeType": "application/json", "text": body },
        },
    })
}

fn har(entries: &[Value]) -> String {
    json!({ "log": {
        "version": "1.2", "creator": { "name": "Playwright", "version": "1.65" }, "entries": entries,
    }})
    .to_string()
}

fn rpc(method: &str) -> Value {
    json!({ "body": { "jsonrpc": "2.0", "id": 1, "method": method } })
}

/// Challenge and resource metadata of a server, from so many milliseconds on.
fn start_of(server: &str, at: u32) -> Vec<Value> {
    let origin = format!("https://{server}.example");
    let metadata = format!("{origin}/.well-known/oauth-protected-resource/mcp");
    let json = header("content-type", "application/json");
    let challenge = header(
        "www-authenticate",
        &format!("Bearer resource_metadata=\"{metadata}\""),
    );
    vec![
        entry(
            at,
            ("POST", &format!("{origin}/mcp")),
            rpc("initialize"),
            401,
            json!({ "headers": [challenge], "body": {} }),
        ),
        entry(
            at + 10,
            ("GET", &metadata),
            json!({}),
            200,
            json!({ "headers": [json], "body": {
                "resource": format!("{origin}/mcp"),
                "authorization_servers": ["https://as.example"],
            }}),
        ),
    ]
}

#[test]
fn flows_to_several_servers_are_told_apart_and_other_traffic_is_counted() {
    let mut entries = start_of("one", 0);
    entries.extend(start_of("two", 5));
    entries.push(entry(
        3,
        ("GET", "https://shop.example/app.js"),
        json!({}),
        200,
        json!({ "body": "x" }),
    ));
    let output = check("several.har", &har(&entries));
    assert_eq!(output.status.code(), Some(1));
    let report = report(&output);
    let flows = report["flows"].as_array().expect("there are several");
    let urls: Vec<&str> = flows
        .iter()
        .filter_map(|flow| flow["server_url"].as_str())
        .collect();
    assert_eq!(urls, ["https://one.example/mcp", "https://two.example/mcp"]);
    assert_eq!(report["recording"]["unrelated"], 1);
    for flow in flows {
        assert_eq!(flow["exchanges"].as_array().map(Vec::len), Some(2));
    }
}

#[test]
fn a_damaged_file_is_read_up_to_the_fault_and_the_field_is_named() {
    let whole = har(&start_of("one", 0));
    let cut = &whole[..whole.len() - 60];
    let output = check("cut.har", cut);
    let report = report(&output);
    let note = report["recording"]["notes"][0].as_str().expect("a note");
    assert!(note.contains("log.entries[1].response"), "{note}");
    assert!(note.contains("1 entry was read"), "{note}");
    assert_eq!(report["exchanges"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_is_no_recording_ends_with_2_and_says_what_was_expected() {
    for (name, file, says) in [
        ("none.har", "{}", "log: expected"),
        (
            "list.har",
            r#"{"log": {"entries": 7}}"#,
            "log.entries: invalid type",
        ),
        ("text.bin", "hello", "expected a file of one of these"),
        (
            "url.har",
            r#"{"log": {"entries": [{"request": {}}]}}"#,
            "log.entries[0].request.url: expected a URL, got none",
        ),
    ] {
        let output = check(name, file);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(says), "{name}: {error}");
    }
}

#[test]
fn headers_that_a_browser_took_away_are_not_missing() {
    let mut entries = start_of("one", 0);
    entries.push(entry(
        20,
        ("POST", "https://one.example/mcp"),
        rpc("tools/list"),
        200,
        json!({ "headers": [header("content-type", "application/json")],
                "body": { "jsonrpc": "2.0", "id": 1, "result": { "tools": [] } } }),
    ));
    let file = har(&entries);
    // Chromium's DevTools leave Authorization out: the 200 shows that there was one.
    let sanitised = check("chrome.har", &file.replace("Playwright", "WebInspector"));
    assert_eq!(report(&sanitised)["outcome"], "reached");
    // Playwright leaves nothing out.
    assert_eq!(report(&check("whole.har", &file))["outcome"], "failed");
}
