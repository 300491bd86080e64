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
    let arguments = ["run", lab.mcp_url(), "--export"].map(str::to_owned);
    let export = file.display().to_string();
    let run = tokio::task::spawn_blocking(move || {
        cli(&[&arguments[0], &arguments[1], &arguments[2], &export])
    });
    run.await.expect("the command ends");
    file
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of plain characters")
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
