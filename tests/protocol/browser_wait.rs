//! What is known of a browser that nobody can look into: the page is asked for without cookies,
//! once, and what it says is judged and kept.

use app::Ending;
use lab::{Lab, Misbehaviour};
use session::{AuthorizationExtras, Browser, Options, Status};
use trace::{BrowserShows, Outcome, Purpose};
use wire::{Approver, Settings, Wire};

use test_support::{Watched, lab, options, within};

/// Longer than any test takes: only the user's word makes the page be asked for.
const NEVER: u32 = 3600;
/// The shortest silence there is, in seconds.
const SOON: u32 = 1;

async fn waiting(lab: &Lab, probe_after: u32, authorization: AuthorizationExtras) -> Watched {
    let mut options = Options {
        browser: Browser::Show,
        authorization,
        ..options(lab.mcp_url())
    };
    options.callback.probe_after_seconds = probe_after;
    let mut run = Watched::start(options).await;
    run.session.run().await.expect("there is a step to do");
    run.until("the browser to be waited for", |view| {
        matches!(view.status, Status::AwaitingCallback { .. })
    })
    .await;
    run
}

async fn shown(run: &mut Watched) -> app::ProbedPage {
    let view = run.until("the page to be shown", |view| view.page.is_some());
    view.await.page.expect("it is there")
}

fn probes(run: &Watched) -> Vec<String> {
    let trace = run.session.trace();
    let probes = trace
        .exchanges()
        .filter(|(_, exchange)| exchange.purpose == Purpose::AuthorizationProbe);
    probes
        .map(|(_, exchange)| {
            assert!(exchange.request.header_value("cookie").is_none());
            let path = exchange.request.url.split('?').next().unwrap_or_default();
            let path = path.rsplit('/').next().unwrap_or_default();
            format!("{path} {}", exchange.status().unwrap_or_default())
        })
        .collect()
}

/// The user logs in and agrees, in a browser of their own.
async fn agree(run: &Watched) {
    let url = match &run.view().status {
        Status::AwaitingCallback {
            authorization_url, ..
        } => authorization_url.clone(),
        other => panic!("{other:?}"),
    };
    let redirect_uri = run.view().listening.clone().expect("it is listened");
    let wire = Wire::new(&Settings::default()).expect("the defaults are usable");
    let mut ignore = |_| {};
    let mut browser = Approver::new(wire.clone(), Vec::new());
    let callback = browser.approve(&url, &redirect_uri, &mut ignore);
    let callback = within("the browser", callback).await.expect("it agrees");
    let sent = within("the callback", wire.send(callback, &[])).await;
    assert!(matches!(sent.outcome, Outcome::Response(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_silence_an_error_page_is_named_and_stop_keeps_it() {
    let lab = lab(Some(Misbehaviour::RedirectUriRejected)).await;
    let mut run = waiting(&lab, SOON, AuthorizationExtras::default()).await;
    let page = shown(&mut run).await;
    assert_eq!(page.status, Some(400));
    assert!(page.text.contains("redirect"), "{}", page.text);
    run.until_found("S07").await;
    run.session.stop().await.expect("the session lives");
    run.rest().await;
    assert_eq!(probes(&run), ["authorize 400"]);
    let verdict = run.view().verdict.clone().expect("it is over");
    assert_eq!(verdict.ending, Ending::Ended);
    assert_eq!(
        verdict.cause.map(|cause| cause.code).as_deref(),
        Some("S07")
    );
    for said in [
        "Nothing had come back",
        "answers 400",
        "refuses the redirect URI",
    ] {
        assert!(verdict.text.contains(said), "{}", verdict.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_user_sees_is_a_reason_to_look_once_and_is_kept() {
    let lab = lab(Some(Misbehaviour::RedirectUriRejected)).await;
    let mut run = waiting(&lab, NEVER, AuthorizationExtras::default()).await;
    assert_eq!(probes(&run), [""; 0]);
    for shows in [
        BrowserShows::Error,
        BrowserShows::Nothing,
        BrowserShows::Error,
    ] {
        let said = run.session.browser_shows(shows).await;
        said.expect("the browser is waited for");
    }
    shown(&mut run).await;
    run.session.stop().await.expect("the session lives");
    run.rest().await;
    assert_eq!(probes(&run), ["authorize 400"]);
    let verdict = run.view().verdict.clone().expect("it is over");
    let saw = "The user saw an error page there.";
    assert!(verdict.text.contains(saw), "{}", verdict.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_page_is_healthy_and_the_run_goes_on() {
    let lab = lab(None).await;
    let mut run = waiting(&lab, SOON, AuthorizationExtras::default()).await;
    let page = shown(&mut run).await;
    assert!(page.status.is_some_and(|status| status < 400), "{page:?}");
    run.assert_silent();
    agree(&run).await;
    run.rest().await;
    run.assert_done();
    run.assert_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_the_browser_got_past_is_not_blamed() {
    let lab = lab(Some(Misbehaviour::RedirectUriRejected)).await;
    let mut run = waiting(&lab, SOON, AuthorizationExtras::default()).await;
    run.until_found("S07").await;
    let said = run.session.browser_shows(BrowserShows::Login).await;
    said.expect("the browser is waited for");
    run.until_silent("S07").await;
    run.session.stop().await.expect("the session lives");
    run.rest().await;
    run.assert_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_good_once_is_left_to_the_browser() {
    let lab = lab(None).await;
    for authorization in [
        AuthorizationExtras {
            par: true,
            ..AuthorizationExtras::default()
        },
        AuthorizationExtras {
            request_object: true,
            ..AuthorizationExtras::default()
        },
    ] {
        let mut run = waiting(&lab, SOON, authorization).await;
        let said = run.session.browser_shows(BrowserShows::Error).await;
        said.expect("the browser is waited for");
        agree(&run).await;
        run.rest().await;
        assert_eq!(probes(&run), [""; 0]);
        run.assert_done();
    }
}
