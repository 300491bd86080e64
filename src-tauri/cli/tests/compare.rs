//! `authscope-cli compare`: exit codes, words and the report.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lab::{Lab, LabOptions, Misbehaviour};
use serde_json::Value;

fn cli(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_authscope-cli"))
        .args(arguments)
        .output()
        .expect("the command can be started")
}

fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compare");
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

/// Runs against the lab and keeps the run in a file.
async fn recorded(misbehaviour: Option<Misbehaviour>, name: &str) -> PathBuf {
    let options = LabOptions {
        misbehaviour,
        ..LabOptions::default()
    };
    let lab = Lab::start(options).await.expect("the lab opens its ports");
    let file = folder().join(name);
    // Two redacted files use the same names for other secrets: they could not be joined.
    let secrets = name.starts_with("joined-");
    let mut arguments = ["run", lab.mcp_url(), "--export"]
        .map(str::to_owned)
        .to_vec();
    arguments.push(file.display().to_string());
    arguments.extend(secrets.then(|| "--include-secrets".to_owned()));
    let run = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        cli(&arguments)
    });
    run.await.expect("the command ends");
    file
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of plain characters")
}

#[test]
fn two_observed_clients_are_told_apart() {
    let observed = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/recordings/observed");
        folder.join(name).display().to_string()
    };
    let (python, typescript) = (
        observed("python-sdk.authscope"),
        observed("typescript-sdk.authscope"),
    );
    let output = cli(&["compare", &python, &typescript]);
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{words}");
    // What each asks for is told, what every login has anew is not.
    for told in [
        "the request header mcp-protocol-version: 2026-07-28 / 2025-11-25",
        "the parameter scope: mcp:read offline_access / mcp:read",
        "the claim access_token.scope: mcp:read offline_access / mcp:read",
        "MCP tools/call",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
    for folded in ["code_challenge", "the parameter state", "mcp-session-id"] {
        assert!(!words.contains(folded), "{folded}: {words}");
    }
    let same = cli(&["compare", &python, &python]);
    assert_eq!(same.status.code(), Some(0));
}

#[test]
fn the_port_of_the_callback_is_folded_in_a_recording_that_begins_after_the_login() {
    let recording = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/recordings");
        folder.join(name).display().to_string()
    };
    let late = recording("firefox/healthy.har");
    let output = cli(&["compare", &late, &recording("devtools/healthy.har")]);
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("POST /register"), "{words}");
    for folded in [
        "the request header origin",
        "redirect_uri",
        "the URL: http://127.0.0.1:41731",
    ] {
        assert!(!words.contains(folded), "{folded}: {words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_0_another_is_1_and_what_is_no_recording_is_2() {
    let fault = Some(Misbehaviour::TokenAudienceWrong);
    let good = recorded(None, "good.authscope").await;
    let again = recorded(None, "again.har").await;
    let bad = recorded(fault, "bad.authscope").await;

    let same = cli(&["compare", text(&good), text(&again)]);
    let words = String::from_utf8_lossy(&same.stdout).into_owned();
    assert_eq!(same.status.code(), Some(0), "{words}");
    assert!(words.contains("✓ No difference that matters in"), "{words}");

    let other = cli(&["compare", text(&good), text(&bad), "--json", "-"]);
    assert_eq!(other.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&other.stdout).expect("a report");
    assert_eq!(report["schema"], "authscope-compare-1");
    assert_eq!(report["same"], false);
    assert!(report["first"]["row"].is_u64(), "{report}");
    let words = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(words.contains("only in B  T15"), "{words}");
    assert!(words.contains(report["sentence"].as_str().expect("a sentence")));

    let nothing = folder().join("nothing.har");
    std::fs::write(
        &nothing,
        r#"{"log":{"version":"1.2","creator":{},"entries":[]}}"#,
    )
    .expect("a file can be written");
    for unusable in [text(&nothing), "/no/such/file", "/dev/null"] {
        for pair in [[text(&good), unusable], [unusable, text(&good)]] {
            let output = cli(&["compare", pair[0], pair[1]]);
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{pair:?}: {words}");
            assert!(words.contains(unusable), "{words}");
        }
    }
}

/// A file with what two HAR files hold, one after the other.
fn joined(one: &Path, other: &Path, name: &str) -> PathBuf {
    let read = |path: &Path| -> Value {
        let text = std::fs::read(path).expect("it was written");
        serde_json::from_slice(&text).expect("it is JSON")
    };
    let (mut all, mut more) = (read(one), read(other));
    // What only our own files say, and what would be said of the first flow alone.
    all["log"]
        .as_object_mut()
        .expect("an object")
        .retain(|name, _| !name.starts_with('_'));
    let entries = all["log"]["entries"].as_array_mut().expect("a list");
    entries.append(more["log"]["entries"].as_array_mut().expect("a list"));
    let file = folder().join(name);
    std::fs::write(&file, all.to_string()).expect("a file can be written");
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_recording_with_several_flows_one_can_be_chosen() {
    let good = recorded(None, "joined-first.har").await;
    let fault = Some(Misbehaviour::TokenAudienceWrong);
    let bad = recorded(fault, "joined-second.har").await;
    let both = joined(&good, &bad, "both.har");
    let compared = |flow: &str| {
        let both = format!("{}{flow}", text(&both));
        let output = cli(&["compare", text(&good), &both]);
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), words, errors)
    };
    let (code, words, _) = compared("#1");
    assert_eq!(code, Some(0), "{words}");
    assert!(
        words.contains("B holds 2 flows; flow 1 is compared."),
        "{words}"
    );
    let (code, words, _) = compared("#2");
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("only in B  T15"), "{words}");
    assert_eq!(compared("").1.replace("both.har", "both.har#2"), words);
    let (code, _, errors) = compared("#3");
    assert_eq!(code, Some(2), "{errors}");
    assert!(
        errors.contains("B: expected a flow from 1 to 2, got 3"),
        "{errors}"
    );
}
