//! The real window, driven through WebDriver: from the start screen to a token in the keychain and
//! a HAR file on disk.
//!
//! Wants WebKitWebDriver, a display, and a Secret Service of its own (`cargo xtask test --only
//! desktop` brings all three). Screenshots go to `tests/artefacts/desktop`.

#![cfg(target_os = "linux")]

#[allow(dead_code, reason = "the benchmarks use the rest")]
mod processes;
#[allow(dead_code, reason = "the benchmarks use the rest")]
mod window;

use std::time::Duration;

use lab::{Lab, LabOptions};
use trace::Secret;
use vault::Vault;
use window::{Window, within};

#[tokio::test(flavor = "multi_thread")]
async fn from_the_start_screen_to_a_token_in_the_keychain_and_a_har_on_disk() {
    let window = Window::open("walk").await;
    window.picture("start").await;
    // The lab is chosen at the first start: one click begins.
    window.click("start-step").await;
    window.until_status("ready").await;
    window.picture("first-request").await;
    let mut steps = 0;
    loop {
        let status = window.status().await;
        match status.as_str() {
            "done" => break,
            "ready" => {
                let before = window.rows().await;
                window.click("next").await;
                steps += 1;
                assert!(steps < 30, "it does not come to an end");
                window.until_more_rows_than(before).await;
            }
            "awaiting_callback" => {
                window.picture("awaiting-callback").await;
                window.play_the_browser().await;
                window.until_status_is_not("awaiting_callback").await;
            }
            "sending" => window.until_status_is_not("sending").await,
            other => panic!("the flow is {other}"),
        }
    }
    assert!(steps >= 8, "{steps} steps");
    window.picture("done").await;

    window.click("tokens-open").await;
    window.find("token-row").await;
    window.picture("tokens").await;
    window.press_escape().await;
    let kept = keychain().await;
    let (resource, access_token) = kept.first().expect("a token in the keychain").clone();
    assert!(
        resource.starts_with("http://127.0.0.1:") && resource.ends_with("/mcp"),
        "{resource}"
    );

    window.click("export-open").await;
    let path = window.folder().join("run.har");
    window
        .type_into("export-path", &path.display().to_string())
        .await;
    window.picture("export").await;
    window.click("export-save").await;
    window.find("export-done").await;
    let har = std::fs::read_to_string(&path).expect("the file was written");
    let log: serde_json::Value = serde_json::from_str(&har).expect("JSON");
    assert_eq!(log["log"]["entries"].as_array().expect("entries").len(), 8);
    assert!(
        !har.contains(access_token.expose()),
        "the token is in the HAR"
    );
    window.close().await;
    assert!(
        !window::left_on_disk(&window, access_token.expose()),
        "the token is on disk outside the keychain"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_survives_a_restart_of_the_program() {
    let lab = Lab::start(LabOptions::default())
        .await
        .expect("two free ports");
    let window = Window::open("before-restart").await;
    window.type_into("start-url", lab.mcp_url()).await;
    window.click("start-run").await;
    window.until_status("awaiting_callback").await;
    window.play_the_browser().await;
    window.until_status("done").await;
    window.close().await;

    let again = Window::open_in("after-restart", window.folder()).await;
    assert_eq!(
        again.value("start-url").await,
        lab.mcp_url(),
        "the last server is offered"
    );
    again.click("start-run").await;
    again.until_status("done").await;
    again.picture("done").await;
    assert!(
        again.rows().await < 6,
        "the stored token makes an authorization needless"
    );
    again.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_scenario_says_whose_fault_it_is() {
    let window = Window::open("broken").await;
    window.click("lab-card-server_metadata_not_found").await;
    window.click("start-run").await;
    window.until_status("stopped").await;
    window.click("tab-findings").await;
    window.find("finding-S01").await;
    window.picture("stopped").await;
    window.click("go-on").await;
    window.until_status_is_not("stopped").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_is_none_is_told_and_kept() {
    let window = Window::open("bad-input").await;
    for (typed, told) in [
        ("not a url", "expected an absolute URL"),
        ("file:///etc/passwd", "http:// or https://"),
        ("https://user:pw@mcp.example/mcp", "credentials"),
        ("https://mcp.example/mcp#top", "fragment"),
    ] {
        window.type_into("start-url", typed).await;
        window.click("start-step").await;
        let problem = window.until_text("start-problem", told).await;
        assert!(problem.contains("server URL: expected"), "{problem}");
        assert_eq!(
            window.value("start-url").await,
            typed,
            "what was typed is lost"
        );
    }
    window.picture("problem").await;
    // Nothing listens there: the run says so, naming the address.
    window
        .type_into("start-url", "http://127.0.0.1:9/mcp")
        .await;
    window.click("start-run").await;
    window.until_status("stopped").await;
    window.click("tab-findings").await;
    window.find("finding-N01").await;
    window.picture("refused").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_is_in_sight_in_the_dark_and_in_the_smallest_window() {
    let window = Window::open_with("dark", "{\"theme\":\"dark\"}").await;
    window.resize(1440, 900).await;
    window.picture("start").await;
    window.click("lab-all").await;
    window.picture("all-scenarios").await;
    window.click("lab-card-token_audience_wrong").await;
    window.click("start-run").await;
    window.until_status("awaiting_callback").await;
    window.play_the_browser().await;
    window.until_status("stopped").await;
    window.click("findings-count").await;
    window.find("finding-T15").await;
    window.picture("stopped").await;
    window.resize(900, 600).await;
    let overflow = window.horizontal_overflow().await;
    assert_eq!(overflow, 0.0, "the page is wider than its window");
    window.picture("small").await;
    window.close().await;
}

/// The driver does not get hold of a page that comes back, so what such a page shows is seen at one
/// that is loaded again.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_process_dies_comes_back_with_the_same_document() {
    let window = Window::open("web-process").await;
    window.click("lab-card-server_metadata_not_found").await;
    window.click("start-run").await;
    window.until_status("stopped").await;
    let rows = window.rows().await;
    window.load_again().await;
    window.until_status("stopped").await;
    assert_eq!(window.rows().await, rows);
    let first = window.page_process().await;
    window::send("-KILL", first);
    window.another_page_process_than(first).await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_hangs_comes_back() {
    let window = Window::open("hung").await;
    let first = window.page_process().await;
    window.hang().await;
    window.another_page_process_than(first).await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_offers_its_run_at_the_next_start() {
    let window = Window::open("killed").await;
    window.click("start-run").await;
    window.until_status("awaiting_callback").await;
    let folder = window.folder().to_owned();
    window::send("-KILL", window.program());
    drop(window);
    for file in window::files_below(&folder) {
        let content = std::fs::read(&file).expect("it can be read");
        if file.extension().is_some_and(|kind| kind == "json") {
            let read: Result<serde_json::Value, _> = serde_json::from_slice(&content);
            assert!(read.is_ok(), "{}", file.display());
        }
    }
    let again = Window::open_in("after-the-kill", &folder).await;
    again.find("past-forget").await;
    again.picture("offered").await;
    let text = again.script("arguments[0](document.body.innerText)", vec![]);
    let text = text.await;
    let text = text.as_str().expect("a text");
    assert!(text.contains("Interrupted."), "{text}");
    again.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_asks_while_a_run_waits_and_keeps_what_there_was() {
    let window = Window::open("closing").await;
    window.click("start-run").await;
    window.until_status("awaiting_callback").await;
    let program = window.program();

    window.press_with_control("q").await;
    window
        .until_text("confirm-loses", "kept among the past runs")
        .await;
    window.picture("asked").await;
    window.click("confirm-no").await;
    window.until_none("confirm-no").await;
    assert_eq!(window.status().await, "awaiting_callback");
    assert!(processes::exe_of(program).is_some(), "it runs on");

    window.press_with_control("q").await;
    window.click_to_close("confirm-yes").await;
    window::until_ended(program).await;

    let again = Window::open_in("after-closing", window.folder()).await;
    again.find("past-forget").await;
    again.picture("offered").await;
    again.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_at_rest_closes_without_a_question() {
    let window = Window::open("at-rest").await;
    let program = window.program();
    window.press_to_close("q").await;
    window::until_ended(program).await;
}

/// What the keychain of this session holds.
async fn keychain() -> Vec<(String, Secret)> {
    let vault = tokio::task::spawn_blocking(Vault::open)
        .await
        .expect("it opens");
    assert!(vault.status().persistent, "{:?}", vault.status().problem);
    let sets = within("the keychain", Duration::from_secs(20), vault.list())
        .await
        .expect("it can be read");
    sets.into_iter()
        .map(|set| (set.key.resource, set.access_token))
        .collect()
}
