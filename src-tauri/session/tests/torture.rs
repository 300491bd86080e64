//! Everything that goes in or out in a flow goes wrong once, counted: the first connection, read or
//! write, then the second, and so on until there is none left. Nothing hangs, what was recorded
//! stays, and what went wrong is named. After curl's torture tests.

mod support;

use keyring_core::Error;
use session::{Options, Status};
use support::keychain::keychain;
use support::server::Server;
use test_support::{Watched, options, within};
use tokio::runtime::Handle;
use trace::{BodyEnd, Decision, Exchange, Outcome};

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
    let tasks = || Handle::current().metrics().num_alive_tasks();
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
        let ended = async {
            while tasks() > before {
                tokio::task::yield_now().await;
            }
        };
        within("the tasks of the run to end", ended).await;
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

/// Whether there is no answer, or not all of it.
fn is_broken(exchange: &Exchange) -> bool {
    match &exchange.outcome {
        Outcome::Failure(_) => true,
        Outcome::Response(response) => response.body.end != BodyEnd::Complete,
    }
}
