//! Everything that goes in or out in a flow goes wrong once, counted: the first connection, read or
//! write, then the second, and so on until there is none left. Nothing hangs, what was recorded
//! stays, and what went wrong is named. After curl's torture tests.

mod support;

use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use app::App;
use keyring_core::Error;
use session::{Options, Session, Status};
use support::keychain::keychain;
use support::server::Server;
use test_support::{Watched, options, within};
use tokio::runtime::Handle;
use trace::{BodyEnd, Decision, Exchange, Outcome, Purpose, Trace};
use url::Url;
use vault::Vault;

/// More than a flow has requests, reads and writes.
const MOST: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn each_connection_read_and_write_of_the_servers_fails_once() {
    let server = Server::start().await;
    for nth in 1..MOST {
        server.break_at(nth);
        let mut run = Watched::start(options(&server.mcp_url())).await;
        run.run().await;
        if !server.has_come() {
            run.assert_done();
            assert!(nth > 30, "a flow has more to read and write than {nth}");
            return;
        }
        let trace = run.session.trace();
        let broken = trace.exchanges().any(|(_, exchange)| is_broken(exchange));
        match run.view().status.clone() {
            Status::Done { .. } => {}
            Status::Stopped { message, .. } => {
                assert!(
                    broken,
                    "{nth}: nothing recorded says why it stopped: {message}"
                );
                assert!(
                    !run.findings.is_empty(),
                    "{nth}: nobody is named: {message}"
                );
            }
            other => panic!("{nth}: {other:?}"),
        }
        assert_eq!(run.view().listening, None, "{nth}: the listener is closed");
    }
    panic!("the flow has no end");
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_off_at_each_request_a_run_leaves_nothing_behind() {
    let mut server = Server::start().await;
    let before = tasks();
    for nth in 1..MOST {
        server.hold_at(nth);
        let mut run = Watched::start(options(&server.mcp_url())).await;
        run.session.run().await.expect("there is a step to do");
        let over = tokio::select! {
            () = server.arrival() => false,
            () = within("the run to rest", run.document.rest()) => true,
        };
        if over && !server.has_come() {
            run.rest().await;
            run.assert_done();
            assert!(nth > 8, "a flow has more requests than {nth}");
            return;
        }
        within("Stop to be answered", run.session.stop())
            .await
            .expect("the session lives");
        run.rest().await;
        assert!(matches!(run.view().status, Status::Ended { .. }), "{nth}");
        assert_eq!(run.view().listening, None, "{nth}");
        drop(run);
        within("the tasks of the run to end", none_but(before)).await;
    }
    panic!("the flow has no end");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_of_the_keychain_fails_in_each_way() {
    let server = Server::start().await;
    type Fault = (&'static str, bool, fn() -> Error);
    let faults: [Fault; 5] = [
        ("locked", false, || Error::NoStorageAccess("locked".into())),
        ("denied", true, || Error::PlatformFailure("denied".into())),
        ("full", false, || Error::TooLong("secret".into(), 0)),
        ("vanished", true, || Error::NoDefaultStore),
        ("wrong data", false, || Error::BadEncoding(vec![0xff])),
    ];
    for (what, stays, error) in faults {
        for nth in 1..MOST {
            let (vault, gate) = keychain();
            gate.fail_at(nth, stays, error);
            let options = Options {
                use_stored_token: true,
                ..options(&server.mcp_url())
            };
            let mut run = Watched::with_vault(options, vault).await;
            run.run().await;
            // A token that cannot be kept is good all the same.
            run.assert_done();
            let place =
                run.session
                    .trace()
                    .entries
                    .iter()
                    .find_map(|entry| match entry.decision() {
                        Some(Decision::TokensStored { place }) => Some(place.clone()),
                        _ => None,
                    });
            let place = place.expect("a run says where its tokens are");
            let view = run.view();
            let problem = view.vault.as_ref().and_then(|vault| vault.problem.clone());
            let problem = problem.unwrap_or_default();
            if !gate.has_failed() {
                assert!(nth > 3, "{what}: there are more calls than {nth}");
                assert_eq!(problem, "", "{what}");
                break;
            }
            let said = format!("{place} {problem}");
            assert!(said.contains("keychain"), "{what} at {nth}: {said}");
        }
    }
}

/// The front-end goes away at each moment at which the run would wait: the window is closed, the
/// program ends.
#[tokio::test(flavor = "multi_thread")]
async fn dropped_wherever_it_waits_a_run_leaves_nothing_behind() {
    let server = Server::start().await;
    let folder = std::env::temp_dir().join(format!("torture-{}", std::process::id()));
    let before = tasks();
    for nth in 1..MOST {
        let app = App::with_vault(folder.clone(), folder.clone(), Vault::memory("a test"));
        let mut port = None;
        let run = async {
            let started = app.start(options(&server.mcp_url()), None).await;
            started.expect("usable options");
            let document = app.document().expect("it was just opened");
            let mut viewer = document.viewer();
            let session = document.session().expect("it is a run");
            session.run().await.expect("there is a step to do");
            while let Some(update) = viewer.next().await {
                let view = update.view.unwrap_or_default();
                let listening = view.listening.flatten();
                port = listening
                    .and_then(|uri| Url::parse(&uri).ok()?.port())
                    .or(port);
                if matches!(view.status, Some(Status::Done { .. })) {
                    return;
                }
            }
            panic!("the document is held");
        };
        let done = within("the run", polled(nth, run)).await;
        drop(app);
        within("the tasks of the run to end", none_but(before)).await;
        if let Some(port) = port {
            // Somebody else may have the port for a moment.
            let free = async {
                while std::net::TcpListener::bind(("127.0.0.1", port)).is_err() {
                    tokio::task::yield_now().await;
                }
            };
            within("the listener to be closed", free).await;
        }
        // What was begun is a past run, whole.
        let (runs, notices) = app::History::new(folder.join("runs")).list();
        assert_eq!(notices, [""; 0], "{nth}");
        assert!(runs.len() <= 1, "{nth}");
        let left = files(&folder);
        let is_left = |name: &String| name == "journal" || name == "lock" || name.ends_with(".new");
        assert!(!left.iter().any(is_left), "{nth}: {left:?}");
        let _ = std::fs::remove_dir_all(&folder);
        if done.is_some() {
            // How often it waits depends on how much came since it last looked.
            assert!(nth > 1, "it was dropped at least once while it waited");
            return;
        }
    }
    panic!("the flow has no end");
}

/// Nobody takes what the run tells any more, from its nth event on.
#[tokio::test(flavor = "multi_thread")]
async fn whichever_event_nobody_takes_the_run_ends_and_its_record_is_whole() {
    let server = Server::start().await;
    let before = tasks();
    for nth in 0..MOST {
        let kept: Arc<Mutex<Option<Trace>>> = Arc::default();
        let keeping = kept.clone();
        let keep = move |trace: &Trace, _: &_| {
            *keeping.lock().expect("nobody panics with it") = Some(trace.clone());
        };
        let options = options(&server.mcp_url());
        let started = Session::start_kept(
            options,
            Vault::memory("a test"),
            Some(Box::new(keep)),
            session::BrowserMemory::default(),
        );
        let (session, mut events) = started.await.expect("usable options");
        session.run().await.expect("there is a step to do");
        let mut over = false;
        for _ in 0..nth {
            let event = within("an event", events.recv()).await;
            let event = event.expect("the session lives");
            let status = event.state.map(|state| state.status.clone());
            over = matches!(status, Some(Status::Done { .. }));
            if over {
                break;
            }
        }
        drop(events);
        within("the run to rest", session.rest()).await;
        let trace = session.trace();
        let last = trace.exchanges().last().expect("a run has requests").1;
        assert!(!is_broken(last), "{nth}");
        assert_eq!(
            last.purpose,
            Purpose::Mcp {
                method: "tools/list".into()
            },
            "{nth}"
        );
        let kept = kept.lock().expect("nobody panics with it").take();
        assert!(kept == Some(trace), "{nth}: all of it is kept");
        drop(session);
        within("the tasks of the run to end", none_but(before)).await;
        if over {
            assert!(nth > 8, "a run has more to tell than {nth}");
            return;
        }
    }
    panic!("the flow has no end");
}

/// Whoever gave a command is gone before its answer.
#[tokio::test(flavor = "multi_thread")]
async fn whichever_command_nobody_waits_for_it_is_carried_out() {
    let server = Server::start().await;
    for nth in 0..MOST {
        let mut run = Watched::start(options(&server.mcp_url())).await;
        let mut commands = 0;
        while !matches!(run.view().status, Status::Done { .. }) {
            let before = run.session.trace().entries.len();
            let next = run.session.next();
            if commands == nth {
                // Polled once, it is sent.
                let answered = polled(1, next).await;
                assert!(matches!(answered, None | Some(Ok(()))), "{nth}");
            } else {
                let answered = within("the answer", next).await;
                answered.expect("there is a step to do");
            }
            let begun = async {
                while run.session.trace().entries.len() == before {
                    tokio::task::yield_now().await;
                }
            };
            within("the step to begin", begun).await;
            run.rest().await;
            commands += 1;
        }
        run.assert_done();
        if commands <= nth {
            assert!(nth > 5, "a flow has more steps than {nth}");
            return;
        }
    }
    panic!("the flow has no end");
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

async fn none_but(before: usize) {
    while tasks() > before {
        tokio::task::yield_now().await;
    }
}

/// The result, unless the future is not done after so many polls: then it is dropped.
async fn polled<T>(most: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if polls >= most => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// The names of all files below this folder.
fn files(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            names.extend(files(&path));
        } else {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names
}

/// Whether there is no answer, or not all of it.
fn is_broken(exchange: &Exchange) -> bool {
    match &exchange.outcome {
        Outcome::Failure(_) => true,
        Outcome::Response(response) => response.body.end != BodyEnd::Complete,
    }
}
