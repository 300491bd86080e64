//! A run waits at its breakpoints and nowhere else, and what is changed there is told apart from
//! what the servers sent.

mod support;

use diagnosis::Level;
use session::{BreakOn, Breakpoint, ErrorCode, Status};
use support::server::Server;
use support::without_user;
use test_support::{Watched, lab, options};
use trace::{Body, Exchange, Grant, Header, Outcome, Phase, Purpose, Request, Response};

const TOKEN: Purpose = Purpose::Token {
    grant: Grant::ClientCredentials,
};

fn before(on: BreakOn) -> Breakpoint {
    Breakpoint {
        on,
        answer: false,
        enabled: true,
    }
}

fn at_answer(on: BreakOn) -> Breakpoint {
    Breakpoint {
        answer: true,
        ..before(on)
    }
}

fn url(pattern: &str) -> BreakOn {
    BreakOn::Url {
        pattern: pattern.into(),
    }
}

async fn started(server: &Server, breakpoints: &[Breakpoint]) -> Watched {
    let run = Watched::start(without_user(&server.mcp_url())).await;
    run.session
        .set_breakpoints(breakpoints.to_vec())
        .await
        .expect("they can be met");
    run
}

/// Whether a secret stands in a request: in its form, or in its `Authorization` field.
fn sent_in(request: &Request, secret: &str) -> bool {
    let form = trace::pairs(request.body.text().unwrap_or_default());
    let in_header = |header: &Header| header.value.contains(secret);
    form.iter().any(|pair| pair.value == secret) || request.headers.iter().any(in_header)
}

fn held(run: &Watched) -> Outcome {
    match &run.view().status {
        Status::AnswerHeld { outcome, .. } => outcome.clone(),
        other => panic!("expected a held answer, got {other:?}"),
    }
}

fn response(outcome: Outcome) -> Response {
    match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => panic!("{failure:?}"),
    }
}

async fn let_through(run: &mut Watched, changed: Option<Outcome>) {
    run.session
        .let_through(changed)
        .await
        .expect("an answer is held");
    run.rest().await;
}

fn token_exchange(run: &Watched) -> Exchange {
    let trace = run.session.trace();
    let mut all = trace.exchanges().map(|(_, exchange)| exchange.clone());
    all.find(|exchange| exchange.purpose == TOKEN)
        .expect("a token was asked for")
}

/// The breakpoint at which a run waits.
fn waits_at(run: &Watched) -> Option<Breakpoint> {
    Some(run.view().at_breakpoint.as_ref()?.breakpoint.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_before_what_a_breakpoint_names() {
    for on in [
        BreakOn::Phase {
            phase: Phase::Token,
        },
        BreakOn::Request { purpose: TOKEN },
        url("/token"),
        url("http://*/token"),
    ] {
        let server = Server::start().await;
        let breakpoint = before(on);
        let mut run = started(&server, std::slice::from_ref(&breakpoint)).await;
        run.run().await;
        assert_eq!(run.view().status, Status::Ready, "{breakpoint:?}");
        assert_eq!(waits_at(&run), Some(breakpoint));
        let next = run.view().next.clone().expect("the token request is next");
        assert!(next.request.url.ends_with("/token"), "{}", next.request.url);
        // The window is told what to mask in it: the secret of the client as it is sent.
        let told = next.secrets.iter().any(|it| sent_in(&next.request, it));
        assert!(told, "of {} secrets none is sent", next.secrets.len());
        // It can be changed there, and is not met a second time.
        let changed = next.request.header("x-by-hand", "1");
        run.session
            .edit(Some(changed))
            .await
            .expect("it can be sent");
        run.run().await;
        run.assert_done();
        assert_eq!(run.view().at_breakpoint, None);
        assert!(token_exchange(&run).edited);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_past_what_no_breakpoint_names() {
    let server = Server::start().await;
    let off = Breakpoint {
        enabled: false,
        ..before(url("/token"))
    };
    let elsewhere = [
        off,
        before(url("/nowhere")),
        at_answer(BreakOn::Status {
            status: "5xx".into(),
        }),
        before(BreakOn::Rule { code: "N05".into() }),
    ];
    let mut run = started(&server, &elsewhere).await;
    run.run().await;
    run.assert_done();
    let kept = run.view().breakpoints.iter().map(|one| &one.breakpoint);
    assert!(kept.eq(&elsewhere));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_walked_up_to_does_not_stop_the_run_again() {
    let server = Server::start().await;
    let mut run = started(&server, &[before(url("/token"))]).await;
    while run.view().at_breakpoint.is_none() {
        run.next().await;
    }
    run.run().await;
    run.assert_done();
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_meets_it_again() {
    let server = Server::start().await;
    let mut run = started(&server, &[before(url("/token"))]).await;
    run.run().await;
    let at = run.seq_of("GET /.well-known/oauth-authorization-server");
    run.session.rewind(at).await.expect("it is a live row");
    run.run().await;
    assert!(run.view().at_breakpoint.is_some());
    run.run().await;
    run.assert_done();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_held_by_its_status_url_step_or_kind() {
    for breakpoint in [
        at_answer(url("/token")),
        at_answer(BreakOn::Phase {
            phase: Phase::Token,
        }),
        at_answer(BreakOn::Request { purpose: TOKEN }),
    ] {
        let server = Server::start().await;
        let mut run = started(&server, std::slice::from_ref(&breakpoint)).await;
        run.run().await;
        assert_eq!(response(held(&run)).status, 200);
        assert_eq!(waits_at(&run), Some(breakpoint));
        let rows = run.rows.len();
        let_through(&mut run, None).await;
        run.assert_done();
        assert!(
            run.rows.len() > rows,
            "the exchange is recorded once it is let through"
        );
        let exchange = token_exchange(&run);
        assert!(!exchange.answer_edited && exchange.server_side.is_none());
        assert!(!run.codes().contains(&"L03"));
    }
    let server = Server::start().await;
    let unauthorized = before(BreakOn::Status {
        status: "401".into(),
    });
    let mut run = started(&server, &[unauthorized]).await;
    run.run().await;
    assert_eq!(response(held(&run)).status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_answer_is_what_the_flow_sees_and_no_server_is_accused_of_it() {
    let server = Server::start().await;
    let mut run = started(&server, &[at_answer(url("/token"))]).await;
    run.run().await;
    // What is true of this server without any change.
    let mut unchanged = started(&server, &[]).await;
    unchanged.run().await;
    let mut known = unchanged.codes();
    let mut changed = response(held(&run));
    changed.status = 400;
    changed.body = Body::new(br#"{"error":"invalid_client"}"#.to_vec());
    let_through(&mut run, Some(Outcome::Response(changed))).await;

    assert!(matches!(run.view().status, Status::Stopped { .. }));
    let exchange = token_exchange(&run);
    assert!(exchange.answer_edited);
    assert_eq!(exchange.status(), Some(400));
    let body_length = exchange
        .response()
        .map(|it| it.body.bytes.len().to_string());
    assert_eq!(
        exchange
            .response()
            .and_then(|it| it.header_value("content-length").map(str::to_owned)),
        body_length,
        "the length follows the body"
    );
    let server_side = exchange.server_side.expect("what the server sent is kept");
    assert_eq!(response(server_side.outcome).status, 200);

    known.push("L03");
    assert!(run.codes().iter().all(|code| known.contains(code)));
    assert!(run.codes().contains(&"L03"), "{:?}", run.codes());
    let verdict = run.view().verdict.clone().expect("the run is over");
    assert_eq!(verdict.cause.map(|cause| cause.code), Some("L03".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_made_up_by_hand_is_nobodys_fault() {
    let lab = lab(None).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    let at = at_answer(BreakOn::Phase {
        phase: Phase::Token,
    });
    run.session
        .set_breakpoints(vec![at])
        .await
        .expect("it fits");
    run.run().await;
    let mut changed = response(held(&run));
    let text = changed.body.text().expect("it is JSON");
    let mut answer: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
    answer["access_token"] = "made-up".into();
    changed.body = Body::new(answer.to_string().into_bytes());
    let_through(&mut run, Some(Outcome::Response(changed))).await;
    assert!(
        matches!(run.view().status, Status::Stopped { .. }),
        "the MCP server refuses it"
    );
    let accused = run.findings.iter().filter(|it| it.level > Level::Note);
    let codes: Vec<_> = accused.map(|it| it.code.as_str()).collect();
    assert_eq!(codes, ["L03"]);

    // After going back, everything is judged again.
    let at = run.seq_of("GET /authorize");
    run.session.rewind(at).await.expect("it is a live row");
    run.session
        .set_breakpoints(vec![])
        .await
        .expect("none fits");
    run.run().await;
    run.assert_done();
    assert!(!run.codes().contains(&"L03"), "{:?}", run.codes());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_can_be_put_in_the_place_of_one() {
    let server = Server::start().await;
    let mut run = started(&server, &[at_answer(url("/token"))]).await;
    run.run().await;
    let failure = trace::Failure {
        kind: trace::FailureKind::Reset,
        message: "The connection was closed, as the user wanted.".into(),
    };
    let_through(&mut run, Some(Outcome::Failure(failure))).await;
    assert!(matches!(run.view().status, Status::Stopped { .. }));
    assert!(token_exchange(&run).failure().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_server_could_send_is_refused_and_the_answer_stays_held() {
    let server = Server::start().await;
    let mut run = started(&server, &[at_answer(url("/token"))]).await;
    run.run().await;
    let came = response(held(&run));
    let no_status = Response {
        status: 99,
        ..came.clone()
    };
    let mut no_header = came.clone();
    no_header.headers.push(Header::new("x", "line\nbreak"));
    for (wrong, named) in [(no_status, "status"), (no_header, "header")] {
        let refused = run
            .session
            .let_through(Some(Outcome::Response(wrong)))
            .await
            .expect_err("no server sends that");
        assert_eq!(refused.code, ErrorCode::Invalid);
        assert!(refused.message.starts_with(named), "{}", refused.message);
        run.rest().await;
        assert_eq!(response(held(&run)), came);
    }
    let_through(&mut run, Some(Outcome::Response(came))).await;
    assert!(
        !token_exchange(&run).answer_edited,
        "the same answer is no change"
    );
    let refused = run
        .session
        .let_through(None)
        .await
        .expect_err("none is held");
    assert_eq!(refused.code, ErrorCode::NotNow);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_while_an_answer_is_held_keeps_what_the_server_sent() {
    let server = Server::start().await;
    let mut run = started(&server, &[at_answer(url("/token"))]).await;
    run.run().await;
    run.session.stop().await.expect("the session lives");
    run.rest().await;
    assert!(matches!(run.view().status, Status::Ended { .. }));
    let exchange = token_exchange(&run);
    assert_eq!(exchange.status(), Some(200));
    assert!(!exchange.answer_edited);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_holds_the_answer_that_shows_it() {
    let misbehaviour = lab::Misbehaviour::ALL
        .iter()
        .find(|one| one.code() == "R01")
        .copied()
        .expect("it is in the lab");
    for on in [
        BreakOn::Rule { code: "R01".into() },
        BreakOn::Level {
            level: Level::Warning,
        },
    ] {
        let lab = lab(Some(misbehaviour)).await;
        let mut run = Watched::start(options(lab.mcp_url())).await;
        run.session
            .set_breakpoints(vec![before(on)])
            .await
            .expect("it can be met");
        run.run().await;
        let url = match &run.view().status {
            Status::AnswerHeld { request, .. } => request.url.clone(),
            other => panic!("expected a held answer, got {other:?}"),
        };
        assert!(url.contains("oauth-protected-resource"), "{url}");
        // Let through, it is no reason to wait any more.
        let_through(&mut run, None).await;
        assert!(!matches!(run.view().status, Status::AnswerHeld { .. }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breakpoint_that_can_never_be_met_is_refused() {
    let server = Server::start().await;
    let run = started(&server, &[before(url("/token"))]).await;
    let wrong = before(BreakOn::Rule { code: "Z99".into() });
    let refused = run
        .session
        .set_breakpoints(vec![wrong])
        .await
        .expect_err("there is no such rule");
    assert_eq!(refused.code, ErrorCode::Invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn breakpoints_are_taken_while_a_request_is_under_way() {
    let mut server = Server::start().await;
    server.hold("/token");
    let mut run = started(&server, &[]).await;
    run.session.run().await.expect("there is a step to do");
    server.arrival().await;
    run.session
        .set_breakpoints(vec![before(url("/mcp"))])
        .await
        .expect("a step under way does not matter");
    run.until("the breakpoint to be shown", |view| {
        !view.breakpoints.is_empty()
    })
    .await;
    run.session.stop().await.expect("the session lives");
}
