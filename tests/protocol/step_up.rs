//! A call of a tool, and what the MCP server may want before it answers one.

use lab::Misbehaviour;
use session::{Action, Options};
use trace::{ActionKind, Decision, Grant, Phase, Purpose, Revision, ScopeSource, StopCode};

use test_support::sent::{call, json_answer, json_sent, jwt, lab_with, scopes, told};
use test_support::{Watched, lab, options};

const NOTE: &str = "{\"text\":\"a note\"}";

/// The scope and the attempt of each step-up.
fn step_ups(run: &Watched) -> Vec<(Option<String>, u32)> {
    let decisions = run.decisions().into_iter();
    let step_ups = decisions.filter_map(|decision| match decision {
        Decision::StepUp { scope, attempt, .. } => Some((scope, attempt)),
        _ => None,
    });
    step_ups.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_is_called_in_every_revision_by_its_name_or_as_the_first() {
    for revision in Revision::ALL {
        let lab = lab(None).await;
        let mut first = call("", "{\"text\":\"hello\"}");
        first.tool = None;
        let mut run = Watched::start(Options {
            revision: Some(revision),
            call: Some(first),
            ..options(lab.mcp_url())
        })
        .await;
        run.passes().await;
        let called = run.calls("tools/call").remove(0);
        let body = json_sent(&called);
        assert_eq!(body["params"]["name"], "echo");
        assert_eq!(body["params"]["arguments"]["text"], "hello");
        let headers = ["mcp-method", "mcp-name"].map(|name| called.request.header_value(name));
        if revision.is_modern() {
            assert_eq!(headers, [Some("tools/call"), Some("echo")]);
            let result = json_answer(&called)["result"].clone();
            assert_eq!(result["content"][0]["text"], "hello");
        } else {
            assert_eq!(headers, [None, None]);
            assert!(
                called.request.header_value("mcp-session-id").is_some(),
                "{revision:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_scope_is_asked_for_together_with_what_was_asked_for_before() {
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        call: Some(call("write_note", NOTE)),
        ..options(lab.mcp_url())
    })
    .await;
    run.run().await;
    run.assert_done();
    let requests = run.authorization_requests();
    let [first, second] = &requests[..] else {
        panic!("{:#?}", run.exchanges())
    };
    let mut union = scopes(&first["scope"]);
    assert!(!union.contains(&"mcp:write"));
    union.push("mcp:write");
    union.sort_unstable();
    assert_eq!(scopes(&second["scope"]), union);
    assert_ne!(first["state"], second["state"]);
    assert_ne!(first["code_challenge"], second["code_challenge"]);
    assert_eq!(step_ups(&run), [(Some(second["scope"].clone()), 1)]);
    let from_step_up = run.decisions().into_iter().any(|decision| {
        matches!(
            decision,
            Decision::Scope {
                source: ScopeSource::StepUp,
                ..
            }
        )
    });
    assert!(from_step_up, "{:#?}", run.decisions());
    let statuses: Vec<_> = run
        .calls("tools/call")
        .iter()
        .map(|call| call.status())
        .collect();
    assert_eq!(statuses, [Some(403), Some(200)]);
    assert_eq!(
        run.sent(|purpose| *purpose == Purpose::Registration).len(),
        1
    );
    let phases = &run.view().phases;
    assert!(
        phases
            .iter()
            .any(|state| state.phase == Phase::StepUp && state.exchanges > 0),
        "{phases:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn before_2026_07_28_the_challenge_alone_says_what_to_ask_for() {
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        revision: Some(Revision::R20251125),
        call: Some(call("write_note", NOTE)),
        ..options(lab.mcp_url())
    })
    .await;
    run.run().await;
    run.assert_done();
    let asked = run.authorization_requests();
    let asked = scopes(&asked[1]["scope"]);
    assert!(asked.contains(&"mcp:write"), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_up_without_end_is_ended() {
    let lab = lab(Some(Misbehaviour::EndlessStepUp)).await;
    let mut run = Watched::start(Options {
        call: Some(call("write_note", NOTE)),
        ..options(lab.mcp_url())
    })
    .await;
    run.run().await;
    let (code, message, can_go_on) = run.stop();
    assert_eq!(
        (code, can_go_on),
        (StopCode::InsufficientScope, true),
        "{message}"
    );
    let authorized = run.authorization_requests().len();
    assert!((2..=3).contains(&authorized), "{authorized} times");
    assert_eq!(run.calls("tools/call").len(), authorized);
    assert!(!run.codes().is_empty(), "it is explained");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_for_more_scope_that_names_none_ends_the_flow() {
    let lab = lab(Some(Misbehaviour::InsufficientScopeWithoutScope)).await;
    let mut run = Watched::start(Options {
        call: Some(call("write_note", NOTE)),
        ..options(lab.mcp_url())
    })
    .await;
    run.run().await;
    assert_eq!(run.stop().0, StopCode::InsufficientScope);
    assert_eq!(run.authorization_requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_login_is_asked_for_as_the_challenge_says() {
    let lab = lab_with(|lab| lab.transfer_tool = true).await;
    let mut run = Watched::start(Options {
        call: Some(call("transfer", "{\"amount\":5}")),
        ..options(lab.mcp_url())
    })
    .await;
    run.run().await;
    run.assert_done();
    let requests = run.authorization_requests();
    let [first, second] = &requests[..] else {
        panic!("{:#?}", run.exchanges())
    };
    assert!(!first.contains_key("acr_values") && !first.contains_key("max_age"));
    assert_eq!(
        (second["acr_values"].as_str(), second["max_age"].as_str()),
        ("urn:lab:mfa", "300")
    );
    let issued = run.token_requests(Grant::AuthorizationCode);
    let acr = |number: usize| jwt(&told(&issued[number], "access_token")).claims["acr"].clone();
    assert_eq!(
        (acr(0), acr(1)),
        ("urn:lab:password".into(), "urn:lab:mfa".into())
    );
    let statuses: Vec<_> = run
        .calls("tools/call")
        .iter()
        .map(|call| call.status())
        .collect();
    assert_eq!(statuses, [Some(401), Some(200)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_is_called_later_steps_up_too_and_keeps_what_there_was() {
    let lab = lab(None).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    run.passes().await;
    for tool in ["write_note", "echo"] {
        let action = Action {
            kind: ActionKind::CallTool,
            call: Some(call(tool, NOTE)),
        };
        run.session.act(action).await.expect("there is a token");
        run.rest().await;
        run.assert_done();
    }
    let statuses: Vec<_> = run
        .calls("tools/call")
        .iter()
        .map(|call| call.status())
        .collect();
    assert_eq!(
        statuses,
        [Some(403), Some(200), Some(200)],
        "the wider token serves both"
    );
}
