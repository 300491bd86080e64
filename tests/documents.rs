//! Documents: what viewers are told of them, and that past runs stay open.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use app::{App, Document, Mirror, Row, Update, Viewer};
use diagnosis::CheckStatus;
use lab::{Lab, Misbehaviour};
use serde_json::{Value, json};
use session::{ErrorCode, Options, Status};
use test_support::sent::client;
use test_support::{lab, options, within};
use tokio::sync::mpsc;
use trace::Timestamp;
use vault::{ClientCredentials, Key, TokenSet, Vault};

/// Everything a viewer knows that comes now.
fn snapshot(document: &Document) -> Mirror {
    let mut mirror = Mirror::default();
    let whole = document
        .viewer()
        .try_next()
        .expect("there is something to see");
    assert!(whole.whole);
    mirror.apply(whole);
    mirror
}

async fn live(lab: &Lab) -> Arc<Document> {
    let vault = Vault::memory("a test keeps no tokens");
    let document = Document::live(7, options(lab.mcp_url()), vault).await;
    let document = document.expect("the options are usable");
    within("the run to be ready", document.rest()).await;
    document
}

/// Takes each update as soon as it is there.
fn watch(mut viewer: Viewer) -> mpsc::UnboundedReceiver<Update> {
    let (sender, updates) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(update) = viewer.next().await {
            if sender.send(update).is_err() {
                return;
            }
        }
    });
    updates
}

/// Every part of an update is another one than it was.
fn assert_all_new(update: &Update, before: &Mirror) {
    assert!(!update.whole);
    let nothing = update.rows.is_empty()
        && update.participants.is_none()
        && update.findings.is_none()
        && update.view.is_none();
    assert!(!nothing, "an update without news");
    if let Some(participants) = &update.participants {
        assert_ne!(*participants, before.participants);
    }
    if let Some(view) = &update.view {
        let before = json!(before.view);
        let Value::Object(parts) = json!(view) else {
            panic!("a change is an object");
        };
        assert!(!parts.is_empty());
        for (part, value) in parts {
            assert_ne!(value, before[&part], "{part} has not changed");
        }
    }
    if let Some(findings) = &update.findings {
        let start = findings.at as usize;
        let end = start + findings.removed as usize;
        assert_ne!(findings.added, before.findings[start..end]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_is_one_update_after_the_answer_with_nothing_in_it_that_did_not_change() {
    for misbehaviour in [None, Some(Misbehaviour::RefreshTokenRejected)] {
        let lab = lab(misbehaviour).await;
        let document = live(&lab).await;
        let session = document.session().expect("it is a run");
        let mut updates = watch(document.viewer());
        let mut seen = Mirror::default();
        seen.apply(updates.recv().await.expect("the document is open"));

        let (mut clicks, mut with_tools) = (0, 0);
        while let Some(next) = seen.view.as_ref().and_then(|view| view.next.clone()) {
            clicks += 1;
            session.next().await.expect("there is a step to do");
            within("the step", document.rest()).await;
            let all = snapshot(&document);
            let (mut before_answer, mut after_answer) = (0, 0);
            while seen != all {
                let update = within("the updates", updates.recv()).await;
                let update = update.expect("the document is open");
                assert_all_new(&update, &seen);
                if update.rows.is_empty() {
                    before_answer += 1;
                } else {
                    after_answer += 1;
                }
                let view = update.view.as_ref();
                with_tools += usize::from(view.is_some_and(|view| view.server.is_some()));
                seen.apply(update);
            }
            // The browser's way is several exchanges, each shown as it happens.
            if !next.browser {
                assert!(before_answer <= 1, "{}: {before_answer} before", next.title);
                assert_eq!(after_answer, 1, "{}", next.title);
            }
        }
        assert!(matches!(
            seen.view.expect("a view").status,
            Status::Done { .. }
        ));
        assert!(clicks >= 8, "{clicks} clicks");
        // Its name, then its tools.
        assert!(with_tools <= 2, "{with_tools} updates held the tools");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_viewer_misses_anything_however_slow_or_late_it_is() {
    let lab = lab(Some(Misbehaviour::PkceNotAdvertised)).await;
    let document = live(&lab).await;
    let session = document.session().expect("it is a run");
    let many: Vec<_> = (0..20).map(|_| watch(document.viewer())).collect();
    let mut stalled = document.viewer();
    let mut seen_before = Mirror::default();
    seen_before.apply(stalled.try_next().expect("the first is everything"));

    loop {
        session.run().await.expect("there is a step to do");
        within("the run", document.rest()).await;
        if session.go_on().await.is_err() {
            break;
        }
        within("the run", document.rest()).await;
    }
    let all = snapshot(&document);
    let numbers = |rows: &[Row]| rows.iter().map(|row| row.seq).collect::<Vec<_>>();
    assert_eq!(
        numbers(&all.rows),
        (1..=all.rows.len() as u32).collect::<Vec<_>>()
    );
    assert_eq!(*all.findings, *diagnosis::diagnose(&document.trace()));
    assert!(!all.findings.is_empty());

    for mut updates in many {
        let mut seen = Mirror::default();
        while seen != all {
            let update = within("all updates", updates.recv()).await;
            seen.apply(update.expect("the document is open"));
        }
    }
    // One update brings the stalled one up to date.
    let update = stalled.try_next().expect("much has happened");
    assert!(!update.whole);
    seen_before.apply(update);
    assert_eq!(seen_before, all);
    assert_eq!(stalled.try_next(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_trace_is_a_document_that_cannot_be_stepped() {
    let lab = lab(Some(Misbehaviour::PkceNotAdvertised)).await;
    let run = live(&lab).await;
    let session = run.session().expect("it is a run");
    session.run().await.expect("there is a step to do");
    within("the run", run.rest()).await;

    let recorded = Document::recorded(8, run.trace().as_ref().clone()).await;
    assert!(recorded.session().is_none());
    within("a document at rest", recorded.rest()).await;
    let (one, other) = (snapshot(&run), snapshot(&recorded));
    assert_eq!(one.rows, other.rows);
    assert_eq!(one.findings, other.findings);
    assert_eq!(one.participants, other.participants);
    let (one, other) = (one.view.expect("a view"), other.view.expect("a view"));
    assert!(one.can_step && !other.can_step);
    assert_eq!(one.phases, other.phases);
    assert_eq!(one.issuer, other.issuer);
    let (Status::Stopped { message, .. }, Status::Stopped { message: same, .. }) =
        (one.status, other.status)
    else {
        panic!("both stopped");
    };
    assert_eq!(message, same);
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_run_opens_again_as_it_was_and_can_go_on() {
    let folder = folder("reopened");
    let vault = Vault::memory("a test keeps no tokens");
    let app = App::with_vault(folder.clone(), folder.clone(), vault);
    let error = app.session().err().expect("nothing was started");
    assert_eq!(error.code, ErrorCode::NotNow);
    let mut follower = app.follow();
    let mut seen = Mirror::default();

    let lab = lab(None).await;
    app.start(options(lab.mcp_url()), None)
        .await
        .expect("it starts");
    let first = app.document().expect("it was started");
    app.session()
        .expect("a run")
        .run()
        .await
        .expect("there is a step");
    within("the first run", first.rest()).await;
    let done = snapshot(&first);
    while seen != done {
        seen.apply(
            within("its updates", follower.next())
                .await
                .expect("the program lives"),
        );
    }

    app.start(options(lab.mcp_url()), None)
        .await
        .expect("it starts");
    let second = app.document().expect("it was started");
    assert_ne!(first.id(), second.id());
    let update = within("the second run", follower.next())
        .await
        .expect("the program lives");
    assert!(update.whole && update.document == second.id());

    let remembered = async {
        loop {
            let history = app.boot().await.history;
            if let [run] = history.as_slice() {
                return run.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let past = within("the first run to be remembered", remembered).await;
    assert_eq!(past.document, Some(first.id()));
    let kept = folder.join("runs").join(&past.id).join("run.json");
    let kept = std::fs::read_to_string(kept).expect("it was written");
    assert!(!kept.contains("document"), "{kept}");

    app.reopen(first.id()).await.expect("it is open");
    let update = within("the first run again", async {
        loop {
            let update = follower.next().await.expect("the program lives");
            if update.document == first.id() {
                return update;
            }
        }
    });
    let update = update.await;
    assert!(update.whole);
    let mut again = Mirror::default();
    again.apply(update);
    assert_eq!(again, done, "starting another run changed nothing of it");

    let session = app.session().expect("a run");
    session.rewind(1).await.expect("it can be gone back in");
    session.run().await.expect("there is a step");
    within("the first run once more", first.rest()).await;
    let twice = snapshot(&first);
    assert!(twice.rows.len() > done.rows.len());
    assert!(matches!(
        twice.view.expect("a view").status,
        Status::Done { .. }
    ));

    app.clear_history().await.expect("it can be written");
    let closed = app.reopen(second.id()).await.unwrap_err();
    assert_eq!(closed.code, ErrorCode::Invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_an_earlier_process_opens_again_and_all_of_it_can_be_forgotten() {
    let folder = folder("earlier");
    let lab = lab(Some(Misbehaviour::PkceNotAdvertised)).await;
    let vault = || Vault::memory("a test keeps no tokens");
    let before = {
        let app = App::with_vault(folder.clone(), folder.clone(), vault());
        let started = app.start(options(lab.mcp_url()), None).await;
        started.expect("it starts");
        let document = app.document().expect("it was started");
        let session = document.session().expect("a run");
        session.run().await.expect("there is a step");
        within("the run", document.rest()).await;
        let kept = async {
            while app.boot().await.history.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        within("the run to be kept", kept).await;
        snapshot(&document)
    };
    let app = App::with_vault(folder.clone(), folder.clone(), vault());
    let history = app.boot().await.history;
    let [past] = history.as_slice() else {
        panic!("one run: {history:?}");
    };
    app.open_run(&past.id).await.expect("it is kept");
    let document = app.document().expect("it is open");
    let again = snapshot(&document);
    assert_eq!(again.findings, before.findings);
    assert_eq!(again.rows.len(), before.rows.len());
    let verdict = |mirror: &Mirror| {
        let view = mirror.view.as_ref().expect("a view");
        view.verdict.as_ref().map(|verdict| verdict.text.clone())
    };
    assert_eq!(verdict(&again), verdict(&before));
    // Opened once more, it is the same document.
    app.open_run(&past.id).await.expect("it is open");
    assert_eq!(app.document().expect("open").id(), document.id());
    let view = again.view.as_ref().expect("a view");
    assert!(!view.can_step && view.can_run_again);
    assert!(!view.rules.is_empty(), "what became of every rule");
    app.note_run(&past.id, " before the fix ")
        .expect("it is kept");
    assert_eq!(app.boot().await.history[0].note, "before the fix");
    // It can be restored.
    let never = Duration::from_secs(600);
    let waits = app.forget_run_soon(&past.id, never).await.expect("kept");
    assert_eq!(app.boot().await.history, []);
    app.restore_run(&past.id).expect("it is still there");
    assert_eq!(app.boot().await.history.len(), 1);
    waits.abort();

    app.restart()
        .await
        .expect("what it was started with is kept");
    let running = app.document().expect("it was started");
    assert_ne!(running.id(), document.id());
    assert_eq!(running.trace().server_url, lab.mcp_url());
    within("the second run", running.rest()).await;
    let gone = app.forget_run_soon(&past.id, Duration::ZERO).await;
    let gone = gone.expect("kept");
    within("the run to be forgotten", gone).await.expect("done");
    assert!(app.restore_run(&past.id).is_err());
    let left = app.boot().await.history;
    assert!(left.iter().all(|run| run.id != past.id), "{left:?}");
    let settings = app.boot().await.settings;
    app.save_settings(settings)
        .await
        .expect("it can be written");
    app.forget_everything().await.expect("all of it is gone");
    let left: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder")
        .flatten()
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(app.document().is_err());
    assert!(app.boot().await.history.is_empty());
}

/// Runs in the process that is measured, which the test below starts.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by another test"]
async fn opens_fifty_documents() {
    let lab = lab(None).await;
    let vault = Vault::memory("a test");
    for number in 0..50 {
        let kept = large_tokens(number);
        vault.put(kept).await.expect("memory does not refuse");
    }
    let folder = folder("fifty");
    let app = App::with_vault(folder.clone(), folder, vault);
    let mut first = None;
    for number in 1..=50 {
        let started = app.start(options(lab.mcp_url()), None).await;
        started.expect("it starts");
        let document = app.document().expect("it was started");
        let session = document.session().expect("a run");
        // What is kept is read before the first step.
        within("the run to be ready", document.rest()).await;
        match first {
            None => session.run().await.expect("there is a step"),
            Some(_) => session.next().await.expect("there is a step"),
        }
        within("the run", document.rest()).await;
        first.get_or_insert(document.id());
        if number == 1 || number == 50 {
            println!("memory {}", memory());
        }
    }
    let first = first.expect("there are fifty");
    app.reopen(first).await.expect("the first is still open");
    let view = app.document().expect("it is shown").view().expect("a view");
    assert!(matches!(view.status, Status::Done { .. }));
    assert!(view.tokens.len() >= 50, "all that is kept is shown");
}

/// 5 MB of tokens are kept, and no document has a copy of them.
#[test]
#[cfg(target_os = "linux")]
fn fifty_open_documents_take_little_more_memory_than_one() {
    let this = std::env::current_exe().expect("this program has a file");
    let ran = std::process::Command::new(this)
        .args([
            "--exact",
            "opens_fifty_documents",
            "--ignored",
            "--nocapture",
        ])
        .output()
        .expect("this program can start itself");
    let output = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{output}");
    let memory: Vec<u64> = output
        .lines()
        .filter_map(|line| line.split("memory ").nth(1)?.parse().ok())
        .collect();
    let [one, fifty] = memory[..] else {
        panic!("two figures: {output}");
    };
    assert!(fifty < 2 * one, "{one} bytes with one, {fifty} with fifty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_text_that_holds_a_secret_is_told_from_others() {
    let (run, kept) = (folder("copied"), folder("copied-later"));
    let lab = lab(None).await;
    let vault = Vault::memory("a test keeps no tokens");
    let app = App::with_vault(run.clone(), run, vault.clone());
    app.start(options(lab.mcp_url()), None)
        .await
        .expect("it starts");
    let document = app.document().expect("it was started");
    let session = document.session().expect("a run");
    session.run().await.expect("there is a step");
    within("the run", document.rest()).await;
    let sets = vault.list().await.expect("it can be read");
    let set = sets.first().expect("the run has a token");
    let token = set.access_token.expose().to_owned();
    let id = session::token_id(&set.key);
    let header = format!("Authorization: Bearer {token}");
    let encoded = trace::encode_pairs([("access_token", token.as_str())]);
    for secret in [token.clone(), header.clone(), encoded] {
        assert!(app.holds_secret(secret.clone()).await, "{secret}");
    }
    for harmless in [lab.mcp_url(), "", "Authorization: Bearer", &set.key.issuer] {
        assert!(!app.holds_secret(harmless.into()).await, "{harmless}");
    }
    // A token of the keychain is a secret wherever no run shows it.
    let app = App::with_vault(kept.clone(), kept, vault);
    assert!(!app.holds_secret(header.clone()).await, "nobody saw it");
    app.reveal_token(&id).await.expect("it is kept");
    assert!(app.holds_secret(header).await);
    assert!(!app.holds_secret(lab.mcp_url().into()).await);
}

fn large_tokens(number: usize) -> TokenSet {
    let client_id = format!("client-{number}");
    TokenSet {
        key: Key {
            issuer: "https://as.example".into(),
            resource: "https://mcp.example/mcp".into(),
            client_id: client_id.clone(),
        },
        access_token: format!("{number}-{}", "x".repeat(100_000)).into(),
        refresh_token: None,
        id_token: None,
        token_type: "Bearer".into(),
        scope: None,
        expires_at: None,
        obtained_at: Timestamp(0),
        dpop_key: None,
        client: ClientCredentials {
            client_id,
            client_secret: None,
            auth_method: "none".into(),
            registration: None,
            redirect_uri: None,
        },
    }
}

/// Bytes of this process that are in memory.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

/// The view of a run once it says that it is not kept.
async fn told_not_kept(document: &Document) -> String {
    let mut viewer = document.viewer();
    let mut seen = Mirror::default();
    loop {
        let update = within("it to be told", viewer.next()).await;
        seen.apply(update.expect("the document is open"));
        if let Some(why) = seen.view.as_ref().and_then(|view| view.not_kept.clone()) {
            return why;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_cannot_be_kept_goes_on_and_says_so() {
    let lab = lab(None).await;
    // A folder that cannot be made, and one that vanishes on the way.
    for vanishes in [false, true] {
        let folder = folder(if vanishes { "vanishes" } else { "blocked" });
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        if !vanishes {
            std::fs::write(folder.join("runs"), "no folder").expect("a file can be written");
        }
        let vault = Vault::memory("a test keeps no tokens");
        let app = App::with_vault(folder.clone(), folder.clone(), vault);
        let started = app.start(options(lab.mcp_url()), None).await;
        started.expect("it starts");
        let document = app.document().expect("it was started");
        let session = document.session().expect("a run");
        session.next().await.expect("there is a step");
        within("the step", document.rest()).await;
        if vanishes {
            let view = document.view().expect("a view");
            assert_eq!(view.not_kept, None);
            std::fs::remove_dir_all(folder.join("runs")).expect("it is there");
        }
        session.run().await.expect("there is a step");
        within("the run", document.rest()).await;
        let why = told_not_kept(&document).await;
        assert!(why.starts_with("This run is not being kept: "), "{why}");
        assert!(why.contains("could not be written"), "{why}");
        let view = document.view().expect("a view");
        assert!(matches!(view.status, Status::Done { .. }), "{view:?}");
    }
}

/// Every file of a folder, as it is on the disk at this moment.
fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("it is there").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copied(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("there is room");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_interrupted_shows_what_became_of_the_rules_and_can_be_run_again() {
    let lab = lab(Some(Misbehaviour::PkceNotAdvertised)).await;
    let vault = || Vault::memory("a test keeps no tokens");
    let (alive, dead) = (folder("alive"), folder("dead"));
    let app = App::with_vault(alive.clone(), alive.clone(), vault());
    let started = app.start(options(lab.mcp_url()), None).await;
    started.expect("it starts");
    let document = app.document().expect("it was started");
    for _ in 0..3 {
        let session = document.session().expect("a run");
        session.next().await.expect("there is a step");
        within("the step", document.rest()).await;
    }
    // As the disk is when the program is killed here.
    copied(&alive.join("runs"), &dead.join("runs"));

    let app = App::with_vault(dead.clone(), dead.clone(), vault());
    let boot = app.boot().await;
    let [past] = boot.history.as_slice() else {
        panic!("one run: {:?}", boot.history);
    };
    assert!(
        boot.notices[0].contains("was interrupted"),
        "{:?}",
        boot.notices
    );
    app.open_run(&past.id).await.expect("it is kept");
    let opened = app.document().expect("it is open");
    assert_eq!(opened.trace().entries.len(), document.trace().entries.len());
    let view = opened.view().expect("a view");
    let became = |status| {
        view.rules
            .iter()
            .filter(move |rule| rule.status == status)
            .count()
    };
    assert!(became(CheckStatus::Passed) > 0 && became(CheckStatus::NotReached) > 0);
    app.restart()
        .await
        .expect("what it was started with is kept");
    let again = app.document().expect("it was started");
    assert_eq!(again.trace().server_url, lab.mcp_url());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_secrets_is_not_run_again_without_them() {
    let lab = lab(None).await;
    let folder = folder("with-secrets");
    let vault = || Vault::memory("a test keeps no tokens");
    let app = App::with_vault(folder.clone(), folder.clone(), vault());
    let wanted = Options {
        registration: client("lab-confidential", Some("lab-secret")),
        ..options(lab.mcp_url())
    };
    app.start(wanted, None).await.expect("it starts");
    let document = app.document().expect("it was started");
    let session = document.session().expect("a run");
    session.run().await.expect("there is a step");
    within("the run", document.rest()).await;
    let kept = async {
        while app.boot().await.history.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    within("the run to be kept", kept).await;

    let app = App::with_vault(folder.clone(), folder.clone(), vault());
    let past = app.boot().await.history.remove(0);
    app.open_run(&past.id).await.expect("it is kept");
    let view = app.document().expect("open").view().expect("a view");
    assert!(!view.can_run_again);
    let refused = app.restart().await.expect_err("its secret is not kept");
    assert_eq!(refused.code, ErrorCode::NotNow);
    assert!(refused.message.contains("secrets"), "{}", refused.message);
}
