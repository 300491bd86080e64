//! Runs with a browser that is watched: a real one, at a login behind the authorization server.
//!
//! `cargo xtask test --only watch` runs it where there is a Chromium, `--only watch-firefox` where
//! there is a Firefox; both set the variable that opens it without a screen.

#![cfg(target_os = "linux")]

mod command;
mod processes;
mod servers;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use diagnosis::Level;
use session::{Browser, ErrorCode, Options, Registration, Status};
use test_support::{Watched, lab, options, within};
use trace::{Decision, EntryKind, HowOpened, Purpose, StopCode};

use command::Folder;
use processes::{assert_gone, pipes};
use servers::{MARK, Upstream};

/// One test at a time, in a runtime of its own that begins with it: what is left behind is counted
/// in the whole process, and the runtime of another test has pipes, too.
fn alone(test: impl Future<Output = ()>) {
    static ONE: Mutex<()> = Mutex::new(());
    assert!(
        std::env::var_os("AUTHSCOPE_WATCH_HEADLESS").is_some(),
        "set AUTHSCOPE_WATCH_HEADLESS=1, or run `cargo xtask test --only watch`"
    );
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Runtime::new().expect("the system lets it start");
    runtime.block_on(test);
}

fn watching(mcp: &str, browser: Browser) -> Options {
    let mut options = Options {
        browser,
        registration: Registration::Preregistered {
            client_id: "me".into(),
            client_secret: None,
            private_key_file: None,
            alg: None,
        },
        ..options(mcp)
    };
    // Nothing here takes so long: only what is tested ends the wait.
    options.callback.timeout_seconds = 3600;
    options.callback.probe_after_seconds = 3600;
    options
}

/// A run that waits for its watched browser, which has come to this page.
async fn at(servers: &servers::Servers, page: &str) -> Watched {
    let mut run = Watched::start(watching(&servers.mcp, Browser::Watch)).await;
    run.session.run().await.expect("there is a step to do");
    run.until_exchanged(page).await;
    run
}

fn pages(run: &Watched) -> Vec<String> {
    let trace = run.session.trace();
    let role = |id| {
        let mut all = trace.participants.iter();
        all.find(|known| known.id == id).map(|known| known.role)
    };
    let pages = trace
        .exchanges()
        .filter(|(_, exchange)| exchange.purpose == Purpose::Authorization);
    pages
        .map(|(_, exchange)| {
            let url = url::Url::parse(&exchange.request.url).expect("it is a URL");
            format!(
                "{:?}: {} {} {}",
                role(exchange.to).expect("it is known"),
                exchange.request.method,
                url.path(),
                exchange.status().unwrap_or_default()
            )
        })
        .collect()
}

/// The codes of what is no mere note, such as that an opaque token cannot be read.
fn faults(run: &Watched) -> Vec<&str> {
    let faults = run.findings.iter().filter(|it| it.level != Level::Note);
    faults.map(|finding| finding.code.as_str()).collect()
}

fn decisions(run: &Watched) -> Vec<Decision> {
    let trace = run.session.trace();
    let all = trace.entries.iter().filter_map(|entry| entry.decision());
    all.cloned().collect()
}

fn opened(run: &Watched) -> Vec<HowOpened> {
    let trace = run.session.trace();
    let visits = trace.entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::BrowserOpened(visit) => Some(visit.how),
        _ => None,
    });
    visits.collect()
}

#[test]
fn a_login_behind_the_authorization_server_is_drawn() {
    alone(async {
        let before = pipes();
        let servers = servers::start(Upstream::LogsIn).await;
        let mut run = Watched::start(watching(&servers.mcp, Browser::Watch)).await;
        run.run().await;
        run.assert_done();
        assert_eq!(
            pages(&run),
            [
                "AuthorizationServer: GET /authorize 302",
                "IdentityProvider: GET /oauth/authorize 200",
                "IdentityProvider: POST /login 401",
                "IdentityProvider: POST /login 302",
                "AuthorizationServer: GET /auth/callback 302",
            ]
        );
        assert_eq!(opened(&run), [HowOpened::Watched]);
        let watched = decisions(&run);
        let watched = watched
            .iter()
            .any(|one| matches!(one, Decision::BrowserWatched { .. }));
        assert!(watched, "it is said how it was watched");
        // A mistyped password is nobody's fault.
        assert_eq!(faults(&run), [""; 0]);
        assert_eq!(processes::watched(), BTreeSet::new());
        assert_eq!(pipes(), before);
    });
}

#[test]
fn no_secret_of_the_login_is_written_anywhere() {
    alone(async {
        let servers = servers::start(Upstream::LogsIn).await;
        let folder = Folder::new("secrets");
        let mut command = command::watch(&servers.mcp, &folder.0.join("kept"));
        command.args(["--client-id", "me"]);
        let files =
            ["run.har", "run.authscope", "run.html", "run.md"].map(|name| folder.file(name));
        for file in &files {
            command.args(["--export", file]);
        }
        command.args(["--json", &folder.file("run.json")]);
        let output = command::ended(command).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");

        let har = std::fs::read_to_string(folder.file("run.har")).expect("it was written");
        for seen in [
            "/oauth/authorize",
            "HttpOnly; SameSite=Lax",
            "seen=",
            "word=not-recorded",
        ] {
            assert!(har.contains(seen), "{seen} was recorded");
        }
        let mut texts = vec![said, String::from_utf8_lossy(&output.stdout).into_owned()];
        for file in folder.all_files() {
            let bytes = std::fs::read(&file).expect("it can be read");
            texts.push(String::from_utf8_lossy(&bytes).into_owned());
        }
        assert!(texts.len() > 6, "{} texts", texts.len());
        for text in &texts {
            for secret in [MARK, "hunter2", "c2VudGluZWw"] {
                let near = text.lines().find(|line| line.contains(secret));
                assert_eq!(near, None, "{secret}");
            }
        }
    });
}

#[test]
fn an_error_page_behind_the_authorization_server_is_named_with_its_host() {
    alone(async {
        let before = pipes();
        let servers = servers::start(Upstream::Refuses).await;
        let mut run = at(&servers, "GET /oauth/authorize 400").await;
        run.until_found("A18").await;
        let family = processes::watched();
        run.session.stop().await.expect("the session lives");
        run.rest().await;
        assert_eq!(faults(&run), ["A18"]);
        let finding = &run.findings[0];
        assert_eq!(finding.variant, "upstream_refuses");
        assert_eq!(
            finding.owner_name,
            format!("the identity provider {}", servers.provider)
        );
        let uri = servers.mcp.replace("/mcp", "/auth/callback");
        assert!(finding.fix.contains(&uri), "{}", finding.fix);
        let verdict = run.view().verdict.clone().expect("it is over");
        assert_eq!(
            verdict.cause.map(|cause| cause.code).as_deref(),
            Some("A18")
        );
        assert_gone(family, before).await;
    });
}

#[test]
fn stop_at_the_login_leaves_nothing_behind() {
    alone(async {
        let before = pipes();
        let servers = servers::start(Upstream::Waits).await;
        let mut run = at(&servers, "GET /oauth/authorize 200").await;
        let family = processes::watched();
        run.session.stop().await.expect("the session lives");
        run.rest().await;
        let Status::Ended { message } = &run.view().status else {
            panic!("{:?}", run.view().status);
        };
        let place = format!("the browser was at {}.", servers.provider);
        assert!(message.contains(&place), "{message}");
        assert_eq!(faults(&run), [""; 0], "a login that nobody did is no fault");
        assert_gone(family, before).await;
    });
}

#[test]
fn stop_while_the_browser_starts_leaves_nothing_behind() {
    alone(async {
        let before = pipes();
        let servers = servers::start(Upstream::Waits).await;
        let run = Watched::start(watching(&servers.mcp, Browser::Watch)).await;
        run.session.run().await.expect("there is a step to do");
        let family = within("the browser to start", async {
            loop {
                let family = processes::watched();
                if !family.is_empty() {
                    return family;
                }
                tokio::task::yield_now().await;
            }
        });
        let family = family.await;
        run.session.stop().await.expect("the session lives");
        assert_gone(family, before).await;
    });
}

#[test]
fn a_browser_that_the_user_closes_is_said() {
    alone(async {
        let before = pipes();
        let servers = servers::start(Upstream::Waits).await;
        let mut run = at(&servers, "GET /oauth/authorize 200").await;
        let family = processes::watched();
        processes::kill(processes::browser());
        run.rest().await;
        let Status::Stopped { code, .. } = &run.view().status else {
            panic!("{:?}", run.view().status);
        };
        assert_eq!(*code, StopCode::BrowserClosed);
        assert_eq!(faults(&run), ["A18"]);
        let finding = &run.findings[0];
        assert_eq!(finding.variant, "closed");
        assert!(
            finding.message.contains(&servers.provider),
            "{}",
            finding.message
        );
        assert_gone(family, before).await;
    });
}

#[test]
fn a_browser_that_stays_away_is_watched_on_demand() {
    alone(async {
        let servers = servers::start(Upstream::LogsIn).await;
        let mut run = Watched::start(watching(&servers.mcp, Browser::Show)).await;
        run.session.run().await.expect("there is a step to do");
        run.until("the browser to be waited for", |view| {
            matches!(
                view.status,
                Status::AwaitingCallback {
                    can_watch: true,
                    ..
                }
            )
        })
        .await;
        let opened_now = run.session.watch_browser();
        within("the browser", opened_now).await.expect("it starts");
        run.rest().await;
        run.assert_done();
        assert_eq!(opened(&run), [HowOpened::Shown, HowOpened::Watched]);
        assert_eq!(pages(&run).len(), 5);
        assert_eq!(
            faults(&run),
            [""; 0],
            "one request, though it was made twice"
        );
    });
}

/// What was pushed is good once, and the browser that stays away may have used it.
#[test]
fn a_pushed_request_is_not_made_a_second_time() {
    alone(async {
        let lab = lab(None).await;
        let mut options = Options {
            browser: Browser::Show,
            ..options(lab.mcp_url())
        };
        options.authorization.par = true;
        let mut run = Watched::start(options).await;
        run.session.run().await.expect("there is a step to do");
        run.until("the browser to be waited for", |view| {
            matches!(
                view.status,
                Status::AwaitingCallback {
                    can_watch: false,
                    ..
                }
            )
        })
        .await;
        let refused = run.session.watch_browser().await;
        assert_eq!(
            refused.expect_err("it is good once").code,
            ErrorCode::NotNow
        );
        assert_eq!(opened(&run), [HowOpened::Shown]);
    });
}

#[test]
fn without_a_browser_to_watch_the_system_s_is_used() {
    alone(async {
        let lab = lab(None).await;
        let folder = Folder::new("none");
        // All programs there are: one that the system opens pages with.
        let told = folder.file("opened");
        let made = std::process::Command::new("mkfifo").arg(&told).status();
        assert!(made.is_ok_and(|status| status.success()));
        folder.program("xdg-open", &format!("#!/bin/sh\necho \"$1\" > '{told}'\n"));
        let json = folder.file("run.json");
        let mut command = command::watch(lab.mcp_url(), &folder.0.join("kept"));
        command
            .args(["--json", &json])
            .env("PATH", &folder.0)
            .env_remove("AUTHSCOPE_WATCH_BROWSER");
        let run = tokio::spawn(command::ended(command));

        let url = tokio::task::spawn_blocking(move || std::fs::read_to_string(told));
        let url = within("the page to be opened", url)
            .await
            .expect("no panic");
        let url = url.expect("it is told").trim().to_owned();
        let redirect_uri = trace::query_pairs(&url)
            .into_iter()
            .find(|pair| pair.name == "redirect_uri")
            .expect("it has one")
            .value;
        let wire = wire::Wire::new(&wire::Settings::default()).expect("the defaults are usable");
        let mut approver = wire::Approver::new(wire.clone(), Vec::new());
        let mut ignore = |_| {};
        let callback = approver.approve(&url, &redirect_uri, &mut ignore).await;
        wire.send(callback.expect("the lab's page"), &[]).await;

        let output = run.await.expect("it does not panic");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        let report = std::fs::read_to_string(json).expect("it was written");
        assert!(
            report.contains("no Chrome, Chromium, Edge or Firefox is installed"),
            "{report}"
        );
    });
}
