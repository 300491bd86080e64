//! Runs that are kept: killed at any moment, nothing is lost but the exchange in flight, and what
//! is damaged stops nothing.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use lab::{Lab, LabOptions};
use serde_json::Value;

fn cli(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_authscope-cli"))
        .args(arguments)
        .env("AUTHSCOPE_FOLDER", folder)
        .output()
        .expect("the command can be started")
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("history-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

fn list(folder: &Path) -> (Vec<Value>, String) {
    let output = cli(folder, &["history", "list", "--json"]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{words}");
    let list: Value = serde_json::from_slice(&output.stdout).expect("a list in JSON");
    let runs = list["runs"].as_array().expect("the runs").clone();
    (runs, words)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

async fn healthy_lab() -> Lab {
    let lab = Lab::start(LabOptions::default()).await;
    lab.expect("the lab opens its ports")
}

/// Everything below a folder, as one text.
fn everything(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all += &everything(&path);
        } else if let Ok(mut file) = fs::File::open(&path) {
            let mut bytes = Vec::new();
            let _ = file.read_to_end(&mut bytes);
            all += &String::from_utf8_lossy(&bytes);
        }
    }
    all
}

/// How often the quick suite kills; AUTHSCOPE_KILLS names another number.
const KILLS: u32 = 30;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_is_kept_but_for_the_exchange_in_flight() {
    let kills = std::env::var("AUTHSCOPE_KILLS").ok();
    let kills = kills.and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let lab = healthy_lab().await;
    let url = lab.mcp_url().to_owned();
    let work = move || {
        let folder = folder("killed");
        // A whole run says how long one takes, and how many rows it prints.
        let started = Instant::now();
        let whole = cli(&folder, &["run", &url, "--keep", "--refresh"]);
        let lasts = started.elapsed();
        assert!(whole.status.success());
        let (mut most, mut kept_some) = (0, 0);
        for kill in 0..kills {
            let _ = fs::remove_dir_all(folder.join("runs"));
            let mut run = Command::new(env!("CARGO_BIN_EXE_authscope-cli"))
                .args(["run", &url, "--keep", "--refresh"])
                .env("AUTHSCOPE_FOLDER", &folder)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("the command can be started");
            // Another moment each time, over the whole of a run.
            let at = lasts * ((kill * 7919) % 997) / 997;
            wait(at);
            let _ = run.kill();
            let output = run.wait_with_output().expect("it is gone");
            let printed = String::from_utf8_lossy(&output.stdout).into_owned();
            let rows = printed.lines().filter(|line| is_row(line)).count();
            most = most.max(rows);

            let (runs, words) = list(&folder);
            let entries = match runs.as_slice() {
                [] => 0,
                [run] => {
                    let opened = cli(
                        &folder,
                        &["history", "open", text(&run["id"]), "--json", "-"],
                    );
                    let report: Value =
                        serde_json::from_slice(&opened.stdout).expect("a report in JSON");
                    report["steps"].as_array().expect("steps").len()
                }
                more => panic!("{} runs of one", more.len()),
            };
            // What was printed was kept before.
            assert!(
                entries >= rows,
                "kill {kill}: {entries} of {rows} kept\n{printed}\n{words}"
            );
            kept_some += u32::from(entries > 0);
            let kept = everything(&folder);
            assert_eq!(secrets(&kept), [""; 0], "kill {kill}");
        }
        assert!(
            most > 5 && kept_some > kills / 4,
            "{most} rows, {kept_some} kept"
        );
    };
    let done = tokio::task::spawn_blocking(work);
    done.await.expect("every kill was survived");
}

/// Values that a kept run must not hold: of a token its signature, and of a form what only the
/// client and the authorization server may know.
fn secrets(kept: &str) -> Vec<&str> {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || "-_.%~".contains(c);
    let mut found = Vec::new();
    for (before, after) in [
        ("eyJ", '.'),
        ("code_verifier=", '='),
        ("refresh_token=", '='),
    ] {
        for (at, _) in kept.match_indices(before) {
            let rest = &kept[at..];
            let end = rest
                .find(|c| !is_inner(c) && c != '=')
                .unwrap_or(rest.len());
            let value = &rest[..end];
            let last = value.rsplit_once(after).map_or("", |(_, last)| last);
            if !last.is_empty() && !last.starts_with("redacted-") {
                found.push(value);
            }
        }
    }
    found
}

#[test]
fn a_secret_in_a_kept_run_is_found() {
    let token = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
    assert_eq!(secrets(token).len(), 2);
    assert_eq!(secrets("code_verifier=abc&x=1"), ["code_verifier=abc"]);
    let kept = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.redacted-access_token-1 \
        refresh_token=redacted-refresh_token-1&code_verifier=redacted-code_verifier-1";
    assert_eq!(secrets(kept), [""; 0]);
}

/// The moment of a kill is the one thing that cannot be waited for as an event.
fn wait(time: Duration) {
    let (_never, end) = std::sync::mpsc::channel::<()>();
    let _ = end.recv_timeout(time);
}

fn is_row(line: &str) -> bool {
    let start = line.trim_start();
    let digits = start.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && start[digits..].starts_with("  ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_run_is_listed_searched_opened_noted_and_forgotten() {
    let lab = healthy_lab().await;
    let url = lab.mcp_url().to_owned();
    let work = move || {
        let folder = folder("kept");
        assert!(cli(&folder, &["run", &url, "--keep"]).status.success());
        assert!(cli(&folder, &["run", &url]).status.success());
        let (runs, words) = list(&folder);
        assert_eq!(runs.len(), 1, "{words}");
        let run = &runs[0];
        assert_eq!(run["server_url"], *url);
        assert_eq!(run["result"], "passed");
        assert!(text(&run["summary"]).starts_with("The flow works"), "{run}");
        assert!(
            run["duration"].as_u64().is_some_and(|micros| micros > 0),
            "{run}"
        );
        let id = text(&run["id"]);

        assert!(
            cli(&folder, &["history", "note", id, "Before the move"])
                .status
                .success()
        );
        let found = cli(&folder, &["history", "list", "THE MOVE"]);
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        assert!(
            found.contains(id) && found.contains("(Before the move)"),
            "{found}"
        );
        let none = cli(&folder, &["history", "list", "no such word"]);
        assert!(none.stdout.is_empty());

        let opened = cli(&folder, &["history", "open", id]);
        let words = String::from_utf8_lossy(&opened.stdout).into_owned();
        assert_eq!(opened.status.code(), Some(0), "{words}");
        let other = cli(&folder, &["history", "open", "../../etc"]);
        assert_eq!(other.status.code(), Some(2));

        assert!(
            cli(&folder, &["history", "forget", "--all"])
                .status
                .success()
        );
        assert_eq!(list(&folder).0.len(), 0);
        assert_eq!(everything(&folder), "");
    };
    let done = tokio::task::spawn_blocking(work);
    done.await.expect("all of it holds");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_is_set_aside_and_stops_nothing() {
    let lab = healthy_lab().await;
    let url = lab.mcp_url().to_owned();
    let work = move || {
        let folder = folder("damaged");
        let runs = folder.join("runs");
        for _ in 0..2 {
            assert!(cli(&folder, &["run", &url, "--keep"]).status.success());
        }
        let id = text(&list(&folder).0[0]["id"]).to_owned();
        for (number, garbage) in ["", "{", "7", "\u{0}\u{1}"].into_iter().enumerate() {
            let odd = runs.join(format!("{number}"));
            fs::create_dir_all(&odd).expect("a folder can be made");
            fs::write(odd.join("run.json"), garbage).expect("a file can be written");
        }
        for (number, journal) in [
            "",
            "{\"authscope_journal\":99}\n",
            "{\"authscope_journal\":1",
            "garbage",
        ]
        .into_iter()
        .enumerate()
        {
            let odd = runs.join(format!("1{number}"));
            fs::create_dir_all(&odd).expect("a folder can be made");
            fs::write(odd.join("journal"), journal).expect("a file can be written");
        }
        fs::write(runs.join("stray"), "not ours").expect("a file can be written");
        let (kept, words) = list(&folder);
        assert_eq!(kept.len(), 2, "{words}");
        assert_eq!(words.matches("set aside as").count(), 8, "{words}");
        // Told once.
        let (kept, words) = list(&folder);
        assert_eq!((kept.len(), words.as_str()), (2, ""));

        fs::write(runs.join(&id).join("run.authscope"), "{").expect("a file can be written");
        let opened = cli(&folder, &["history", "open", &id]);
        assert_eq!(opened.status.code(), Some(2));
        let words = String::from_utf8_lossy(&opened.stderr).into_owned();
        assert!(words.contains("could not be read"), "{words}");

        // Where nothing can be kept, the run goes on, and its end says so.
        let blocked = folder.join("blocked");
        fs::write(&blocked, "a file, no folder").expect("a file can be written");
        let report = folder.join("report.json");
        let to = report.to_string_lossy();
        let run = cli(&blocked, &["run", &url, "--keep", "--json", &to]);
        let words = String::from_utf8_lossy(&run.stderr).into_owned();
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert_eq!(run.status.code(), Some(2), "{words}");
        assert!(said.contains("✓ The flow works"), "{said}");
        assert_eq!(
            words.matches("could not be written").count(),
            1,
            "told once: {words}"
        );
        assert!(words.contains("This run is not being kept"), "{words}");
        assert!(report.is_file(), "what else was asked for is there");
    };
    let done = tokio::task::spawn_blocking(work);
    done.await.expect("nothing was fatal");
}

/// A disk that takes no more than a few kilobytes of a file.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_the_run_goes_on() {
    let lab = healthy_lab().await;
    let url = lab.mcp_url().to_owned();
    let work = move || {
        let folder = folder("full");
        let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" run \"$1\" --keep";
        let run = Command::new("bash")
            .args(["-c", script, env!("CARGO_BIN_EXE_authscope-cli"), &url])
            .env("AUTHSCOPE_FOLDER", &folder)
            .output()
            .expect("bash is there");
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        let words = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(said.contains("✓ The flow works"), "{said}\n{words}");
        assert_eq!(run.status.code(), Some(2), "{words}");
        assert_eq!(
            words.matches("could not be written").count(),
            1,
            "told once: {words}"
        );
        // What had room is there.
        let (runs, _) = list(&folder);
        assert!(runs.len() <= 1, "{runs:?}");
    };
    let done = tokio::task::spawn_blocking(work);
    done.await.expect("a full disk is survived");
}
