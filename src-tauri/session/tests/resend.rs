//! Copies of a request: beside the flow, under the same rules of where a credential may go, and
//! judged by no rule.

mod support;

use session::{AppError, ErrorCode, MOST_COPIES, Resend, Status};
use support::server::Server;
use support::without_user;
use test_support::{Watched, within};
use trace::{Exchange, FailureKind, Purpose};

async fn resend(run: &mut Watched, wanted: Resend) -> Result<(), AppError> {
    let answer = within("the copies", run.session.resend(wanted)).await;
    run.rest().await;
    answer
}

fn once(seq: u32) -> Resend {
    Resend {
        seq,
        request: None,
        times: 1,
    }
}

fn copies(run: &Watched) -> Vec<Exchange> {
    let trace = run.session.trace();
    let all = trace.exchanges().map(|(_, exchange)| exchange.clone());
    all.filter(|exchange| matches!(exchange.purpose, Purpose::Copy { .. }))
        .collect()
}

async fn done(server: &Server) -> Watched {
    let mut run = Watched::start(without_user(&server.mcp_url())).await;
    run.run().await;
    run.assert_done();
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_recorded_beside_the_flow() {
    let server = Server::start().await;
    let mut run = done(&server).await;
    let (findings, view) = (run.findings.clone(), run.view().clone());
    let seq = run.seq_of("POST /token");
    resend(&mut run, once(seq)).await.expect("it can be sent");

    let [copy] = &copies(&run)[..] else {
        panic!("{:#?}", copies(&run));
    };
    let trace = run.session.trace();
    let original = trace
        .entry(seq)
        .and_then(trace::Entry::exchange)
        .expect("it is there");
    assert_eq!(copy.request.body, original.request.body);
    assert_eq!(copy.to, original.to);
    assert_eq!(copy.label, format!("copy of {seq}"));
    assert_eq!(copy.status(), Some(200));
    assert!(!copy.edited);
    let last = trace.entries.last().expect("the copy");
    assert_eq!(last.flow, None);
    // Nothing else has changed.
    assert_eq!(run.findings, findings);
    assert_eq!(run.view().status, view.status);
    assert_eq!(run.view().verdict, view.verdict);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_does_not_move_a_flow_that_waits() {
    let server = Server::start().await;
    let mut run = Watched::start(without_user(&server.mcp_url())).await;
    run.next().await;
    let next = run.view().next.clone();
    let seq = run.seq_of("POST /mcp");
    resend(&mut run, once(seq)).await.expect("it can be sent");
    assert_eq!(run.view().next, next);
    assert_eq!(copies(&run).len(), 1);
    run.run().await;
    run.assert_done();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_copy_is_marked() {
    let server = Server::start().await;
    let mut run = done(&server).await;
    let seq = run.seq_of("POST /token");
    let trace = run.session.trace();
    let original = trace
        .entry(seq)
        .and_then(trace::Entry::exchange)
        .expect("it is there");
    let changed = original.request.clone().header("x-by-hand", "1");
    let wanted = Resend {
        request: Some(changed),
        ..once(seq)
    };
    resend(&mut run, wanted).await.expect("it can be sent");
    let copies = copies(&run);
    assert!(copies[0].edited);
    assert_eq!(copies[0].request.header_value("x-by-hand"), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_repeated_one_after_the_other() {
    let server = Server::start().await;
    let mut run = done(&server).await;
    let seq = run.seq_of("GET /.well-known/oauth-authorization-server");
    let wanted = Resend {
        times: 3,
        ..once(seq)
    };
    resend(&mut run, wanted).await.expect("it can be sent");
    let labels: Vec<_> = copies(&run).into_iter().map(|copy| copy.label).collect();
    let expected = [1, 2, 3].map(|number| format!("copy of {seq}, {number} of 3"));
    assert_eq!(labels, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_the_copies_and_not_the_run() {
    let mut server = Server::start().await;
    let mut run = Watched::start(without_user(&server.mcp_url())).await;
    run.next().await;
    let seq = run.seq_of("POST /mcp");
    server.hold("/mcp");
    let session = run.session.clone();
    let wanted = Resend {
        times: MOST_COPIES,
        ..once(seq)
    };
    let sending = tokio::spawn(async move { session.resend(wanted).await });
    server.arrival().await;
    run.until("the copies to be named", |view| {
        matches!(view.status, Status::Resending { .. })
    })
    .await;
    within("the stop", run.session.stop())
        .await
        .expect("the session lives");
    within("the copies", sending)
        .await
        .expect("it does not panic")
        .expect("they were begun");
    run.rest().await;
    let [copy] = &copies(&run)[..] else {
        panic!("{:#?}", copies(&run));
    };
    let failure = copy.failure().expect("it was broken off");
    assert_eq!(failure.kind, FailureKind::Cancelled);
    assert_eq!(run.view().status, Status::Ready);
    server.release("/mcp");
    run.run().await;
    run.assert_done();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_of_a_copy_goes_nowhere_else() {
    let (server, other) = (Server::start().await, Server::start().await);
    let mut run = done(&server).await;
    // The token in a header, and the client's secret in a form.
    for beginning in ["POST /mcp", "POST /token"] {
        let of_row = |row: &&trace::Entry| {
            row.exchange().is_some_and(|exchange| {
                let line = format!(
                    "{} {}",
                    exchange.request.method,
                    path(&exchange.request.url)
                );
                line == beginning && exchange.status() == Some(200)
            })
        };
        let trace = run.session.trace();
        let entry = trace
            .entries
            .iter()
            .map(AsRef::as_ref)
            .find(of_row)
            .expect("it was sent");
        let original = entry.exchange().expect("it is an exchange");
        let mut elsewhere = original.request.clone();
        elsewhere.url = format!("{}?elsewhere", other.mcp_url());
        let wanted = Resend {
            request: Some(elsewhere),
            ..once(entry.seq)
        };
        resend(&mut run, wanted).await.expect("it is recorded");
        let copy = copies(&run).pop().expect("the copy");
        let failure = copy.failure().expect("it was not sent");
        assert_eq!(
            failure.kind,
            FailureKind::ForeignOrigin,
            "{}",
            failure.message
        );
    }
    // Without a credential it may go there.
    let seq = run.seq_of("GET /.well-known/oauth-authorization-server");
    let wanted = Resend {
        request: Some(trace::Request::new("GET", other.mcp_url())),
        ..once(seq)
    };
    resend(&mut run, wanted).await.expect("it can be sent");
    assert_eq!(copies(&run).pop().and_then(|copy| copy.status()), Some(401));
}

fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("", |at| &rest[at..])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_of_the_client_is_not_sent_again() {
    let server = Server::start().await;
    let mut run = done(&server).await;
    let many = Resend {
        times: MOST_COPIES + 1,
        ..once(1)
    };
    let unsendable = Resend {
        request: Some(trace::Request::new("GET", "nowhere")),
        ..once(run.seq_of("POST /token"))
    };
    for wrong in [once(0), once(999), many, unsendable] {
        let refused = resend(&mut run, wrong)
            .await
            .expect_err("it cannot be sent");
        assert_eq!(refused.code, ErrorCode::Invalid, "{}", refused.message);
    }
    assert!(copies(&run).is_empty());
}
