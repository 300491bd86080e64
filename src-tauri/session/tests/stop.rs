//! Stop is heard whatever is being waited for, and what was recorded stays.
//!
//! Nothing here ever answers by itself: each test ends only because Stop is heard, or because it
//! runs into the limit.

mod support;

use session::{Action, Browser, GrantChoice, Options, Session, Status};
use support::keychain::keychain;
use support::server::Server;
use support::{at_the_browser, at_the_device, until_the_device, without_user};
use test_support::{Watched, options, within};
use trace::{ActionKind, Decision, Exchange, FailureKind, Outcome, Purpose};
use vault::Vault;

#[tokio::test(flavor = "multi_thread")]
async fn while_one_request_is_under_way() {
    let mut server = Server::start().await;
    server.hold("/token");
    let mut run = Watched::start(without_user(&server.mcp_url())).await;
    run.session.run().await.expect("there is a step to do");
    server.arrival().await;
    stop(&mut run).await;
    let sent = token_requests(&run);
    assert_eq!(sent.len(), 1);
    assert!(is_cancelled(&sent[0]), "{:#?}", sent[0].outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_two_refreshes_are_under_way() {
    let mut server = Server::start().await;
    let mut run = Watched::start(without_user(&server.mcp_url())).await;
    run.run().await;
    run.assert_done();
    let before = run.session.trace().entries;
    server.hold("/token");
    act(&run, ActionKind::RefreshTwice).await;
    server.arrival().await;
    server.arrival().await;
    stop(&mut run).await;
    let sent = token_requests(&run);
    assert_eq!(sent.len(), 3);
    assert!(sent[1..].iter().all(is_cancelled), "{:#?}", &sent[1..]);
    let after = run.session.trace().entries;
    assert_eq!(after[..before.len()], before[..], "what was recorded stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_first_stored_tokens_are_read() {
    let (vault, mut gate) = keychain();
    gate.shut();
    let options = Options {
        use_stored_token: true,
        ..options("http://127.0.0.1:9/mcp")
    };
    // Starting does not wait for the keychain either.
    let started = Session::start(options, vault);
    let (session, _updates) = within("the start", started)
        .await
        .expect("the options are usable");
    gate.arrival().await;
    within("Stop to be answered", session.stop())
        .await
        .expect("the session lives");
    within("the session to rest", session.rest()).await;
    assert_eq!(decisions(&session), [Decision::Ended]);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_keychain_takes_the_tokens() {
    let (vault, mut gate) = keychain();
    let server = Server::start().await;
    let mut run = Watched::with_vault(without_user(&server.mcp_url()), vault.clone()).await;
    gate.shut();
    run.session.run().await.expect("there is a step to do");
    gate.arrival().await;
    run.until("the keychain to be named as what is waited for", |view| {
        view.status == Status::AwaitingKeychain
    })
    .await;
    stop(&mut run).await;
    let sent = token_requests(&run);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].status(), Some(200), "the answer is recorded");
    let decided = decisions(&run.session);
    let [.., Decision::TokensStored { place }, Decision::Ended] = &decided[..] else {
        panic!("{decided:#?}");
    };
    assert!(place.contains("had not answered"), "{place}");
    // They are kept all the same once the keychain answers.
    gate.open();
    let kept = within("the keychain", vault.list())
        .await
        .expect("it works");
    assert_eq!(kept.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_tokens_are_read_again() {
    let (vault, mut gate) = keychain();
    let server = Server::start().await;
    let mut run = Watched::with_vault(without_user(&server.mcp_url()), vault).await;
    gate.shut();
    let (changed, ()) = tokio::join!(
        within("the command to be answered", run.session.tokens_changed()),
        async {
            gate.arrival().await;
            within("Stop to be answered", run.session.stop())
                .await
                .expect("the session lives");
        }
    );
    changed.expect("it is no error");
    run.rest().await;
    assert!(matches!(run.view().status, Status::Ended { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_browser_is_waited_for() {
    let server = Server::start().await;
    let mut run = at_the_browser(&server).await;
    assert!(run.view().listening.is_some());
    stop(&mut run).await;
    assert_eq!(run.view().listening, None, "the listener is closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_approver_waits_for_a_page() {
    let mut server = Server::start().await;
    server.hold("/authorize");
    let mut run = Watched::start(options(&server.mcp_url())).await;
    run.session.run().await.expect("there is a step to do");
    server.arrival().await;
    stop(&mut run).await;
    let asked = to(&run, Purpose::Authorization);
    assert_eq!(asked.len(), 1);
    assert!(is_cancelled(&asked[0]), "{:#?}", asked[0].outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_approver_is_at_the_page_of_a_device() {
    let mut server = Server::start().await;
    server.hold("/page");
    let mut run = Watched::start(Options {
        grant: GrantChoice::DeviceCode,
        ..options(&server.mcp_url())
    })
    .await;
    run.session.run().await.expect("there is a step to do");
    server.arrival().await;
    until_the_device(&mut run).await;
    stop(&mut run).await;
    let asked = to(&run, Purpose::Authorization);
    assert_eq!(asked.len(), 1);
    assert!(is_cancelled(&asked[0]), "{:#?}", asked[0].outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn between_two_polls() {
    let server = Server::start().await;
    let mut run = at_the_device(&server, Browser::Show).await;
    stop(&mut run).await;
    assert!(token_requests(&run).is_empty(), "none was due yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_over_stays_as_it_is() {
    let server = Server::start().await;
    let mut run = Watched::start(without_user(&server.mcp_url())).await;
    run.run().await;
    run.assert_done();
    let before = run.session.trace();
    run.session.stop().await.expect("it is no error");
    run.rest().await;
    run.assert_done();
    assert_eq!(run.session.trace().entries, before.entries);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_nobody_holds_breaks_off() {
    let mut server = Server::start().await;
    server.hold("/mcp");
    let (session, mut events) = Session::start(
        without_user(&server.mcp_url()),
        Vault::memory("a test keeps no tokens"),
    )
    .await
    .expect("the options are usable");
    session.run().await.expect("there is a step to do");
    server.arrival().await;
    drop(session);
    // It says how it ended, and then no more.
    let mut last = None;
    while let Some(event) = within("the last event", events.recv()).await {
        last = event.state.map(|state| state.status.clone()).or(last);
    }
    assert!(matches!(last, Some(Status::Ended { .. })), "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_run_without_waiting() {
    let mut server = Server::start().await;
    server.hold("/mcp");
    let mut run = Watched::start(without_user(&server.mcp_url())).await;
    run.session.next().await.expect("there is a step to do");
    server.arrival().await;
    run.session.signal_stop();
    run.rest().await;
    assert!(matches!(run.view().status, Status::Ended { .. }));
}

/// Stops, and looks at what has to hold as soon as that is answered.
async fn stop(run: &mut Watched) {
    within("Stop to be answered", run.session.stop())
        .await
        .expect("the session lives");
    let decided = decisions(&run.session);
    assert_eq!(decided.last(), Some(&Decision::Ended), "{decided:#?}");
    run.rest().await;
    assert!(matches!(run.view().status, Status::Ended { .. }));
    assert!(!run.view().running);
}

async fn act(run: &Watched, kind: ActionKind) {
    let action = Action { kind, call: None };
    run.session.act(action).await.expect("it is possible here");
}

fn decisions(session: &Session) -> Vec<Decision> {
    let trace = session.trace();
    let decided = trace.entries.iter().filter_map(|entry| entry.decision());
    decided.cloned().collect()
}

fn token_requests(run: &Watched) -> Vec<Exchange> {
    let trace = run.session.trace();
    let sent = trace
        .exchanges()
        .filter(|(_, exchange)| matches!(exchange.purpose, Purpose::Token { .. }));
    sent.map(|(_, exchange)| exchange.clone()).collect()
}

fn to(run: &Watched, purpose: Purpose) -> Vec<Exchange> {
    let trace = run.session.trace();
    let sent = trace
        .exchanges()
        .filter(|(_, exchange)| exchange.purpose == purpose);
    sent.map(|(_, exchange)| exchange.clone()).collect()
}

fn is_cancelled(exchange: &Exchange) -> bool {
    matches!(&exchange.outcome, Outcome::Failure(failure) if failure.kind == FailureKind::Cancelled)
}
