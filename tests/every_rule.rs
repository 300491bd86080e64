//! Every rule both ways: it fires on its misbehaviour, and the healthy lab is silent.
//!
//! That no stop at all is left unexplained is proved with a server that answers anything in
//! `every_stop.rs`.

use std::collections::HashSet;

use app::Ending;
use app::lab_scenarios::{self, Way};
use diagnosis::{Certainty, Level, Owner};
use lab::{Lab, LabOptions, Misbehaviour, WorkloadJwt};
use serde_json::{Value, json};
use session::{
    Browser, Callback, GrantChoice, Options, Registration, ResponseMode, Status, ToolCall,
};
use test_support::{Watched, lab, options};
use trace::{ActionKind, Revision, StopCode};

/// Rules about clients other than this program: no server is at fault, so each has a deliberately
/// broken client in `tests/clients`.
fn is_about_another_client(code: &str) -> bool {
    code.starts_with('K')
}

/// Rules about this machine or its client alone: no server is at fault, so they have a test of
/// their own here.
const WITHOUT_MISBEHAVIOUR: [&str; 5] = ["A18", "L01", "L02", "L03", "C04"];

/// Runs until it stops for the first time, or is done.
async fn to_the_first_stop(misbehaviour: Misbehaviour) -> Watched {
    let lab = lab(Some(misbehaviour)).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    run.run().await;
    run
}

/// Runs to the end, going on wherever the flow stops and can. Each stop must be explained.
async fn to_the_end(misbehaviour: Misbehaviour) -> (Watched, Vec<String>) {
    let lab = lab(Some(misbehaviour)).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    run.run().await;
    let mut unexplained = Vec::new();
    while let Status::Stopped {
        code, can_go_on, ..
    } = run.view().status.clone()
    {
        if !is_explained(&run) {
            unexplained.push(format!("{} stops with {code:?}", misbehaviour.slug()));
        }
        unexplained.extend(disagreement(&run).map(|it| format!("{} {it}", misbehaviour.slug())));
        if !can_go_on {
            break;
        }
        run.session
            .go_on()
            .await
            .expect("it says that one can go on");
        run.rest().await;
        if run.view().next.is_some() {
            run.run().await;
        }
    }
    (run, unexplained)
}

/// Where the verdict contradicts the status or the findings.
fn disagreement(run: &Watched) -> Option<String> {
    let view = run.view();
    let verdict = view.verdict.as_ref()?;
    let first = run.findings.first();
    let error = run.findings.iter().find(|one| one.level == Level::Error);
    let cause = verdict.cause.as_ref();
    let agrees = match &view.status {
        Status::Stopped { code, .. } => {
            verdict.ending == Ending::Stopped
                && verdict.text.starts_with("Stopped at ")
                && (*code == StopCode::Cancelled
                    || cause.map(|cause| &cause.code) == first.map(|first| &first.code)
                        && first.is_some_and(|first| verdict.text.contains(&first.title)))
        }
        Status::Done { message } => match (verdict.ending, error, first) {
            (Ending::Works, None, _) => verdict.text.starts_with(message.trim_end_matches('.')),
            (Ending::WorksBut, Some(_), Some(first)) => {
                verdict.text.contains(", but ") && verdict.text.contains(&first.title)
            }
            (Ending::WorksBut, None, _) => verdict.text.contains(", but what was asked for"),
            _ => false,
        },
        _ => false,
    };
    (!agrees).then(|| format!("{verdict:#?}\nagainst {first:#?}, {:?}", view.status))
}

/// Whether an error says who has to change what.
fn is_explained(run: &Watched) -> bool {
    run.findings.iter().any(|finding| {
        finding.level == Level::Error && finding.owner != Owner::Nobody && !finding.fix.is_empty()
    })
}

/// Misbehaviours whose own finding is not the first, and why.
const NOT_FIRST: [(&str, &str); 0] = [];

/// What is told before the misbehaviour's own finding, where that is the only fault.
fn told_before(run: &Watched, misbehaviour: Misbehaviour) -> Option<String> {
    let code = misbehaviour.code();
    let excused = NOT_FIRST.iter().any(|(known, _)| *known == code);
    let first = run.findings.first()?;
    let is_first = first.code == code;
    (is_first == excused).then(|| {
        let status = &run.view().status;
        format!(
            "{code} is first: {is_first}, told {:?} at {status:?}",
            run.codes()
        )
    })
}

#[test]
fn every_rule_has_a_misbehaviour_and_the_same_name() {
    let all = Misbehaviour::ALL.iter().chain(Misbehaviour::EXTENDED);
    let all: HashSet<(&str, &str)> = all.map(|m| (m.code(), m.slug())).collect();
    for rule in diagnosis::catalogue() {
        let proved = all.contains(&(rule.code.as_str(), rule.rule.as_str()));
        let alone = WITHOUT_MISBEHAVIOUR.contains(&rule.code.as_str());
        let alone = alone || is_about_another_client(&rule.code);
        assert!(proved != alone, "{} {}", rule.code, rule.rule);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_misbehaviour_is_found_under_its_own_code_and_every_stop_is_explained() {
    let mut missed = Vec::new();
    for &misbehaviour in Misbehaviour::ALL {
        let first_stop = to_the_first_stop(misbehaviour).await;
        missed.extend(told_before(&first_stop, misbehaviour));
        let (run, unexplained) = to_the_end(misbehaviour).await;
        missed.extend(unexplained);
        missed.extend(disagreement(&run).map(|it| format!("{} {it}", misbehaviour.slug())));
        let code = misbehaviour.code();
        let is_a_rule = diagnosis::catalogue().iter().any(|rule| rule.code == code);
        let found = run.codes().contains(&code);
        if is_a_rule != found {
            missed.push(format!(
                "{code} {}: rule {is_a_rule}, found {found}; findings {:?}, status {:?}\n{}",
                misbehaviour.slug(),
                run.codes(),
                run.view().status,
                run.exchanges().join("\n")
            ));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
}

fn call(tool: &str, arguments: &Value) -> ToolCall {
    ToolCall {
        tool: Some(tool.into()),
        arguments: arguments.as_object().cloned().unwrap_or_default(),
    }
}

/// A run on this way, gone on with wherever it stops and can. Each stop must be explained.
async fn on_the_way(way: Way, misbehaviour: Option<Misbehaviour>) -> (Watched, Vec<String>) {
    let mut lab_options = LabOptions {
        misbehaviour,
        ..LabOptions::default()
    };
    (way.lab)(&mut lab_options);
    let lab = Lab::start(lab_options)
        .await
        .expect("the lab opens its ports");
    let mut run_options = options(lab.mcp_url());
    (way.run)(&lab, &mut run_options);
    let mut run = Watched::start(run_options).await;
    run.run().await;
    let mut unexplained = Vec::new();
    // Some misbehaviours have no end.
    for _ in 0..4 {
        let Status::Stopped {
            code, can_go_on, ..
        } = run.view().status.clone()
        else {
            break;
        };
        if !is_explained(&run) {
            unexplained.push(format!(
                "{misbehaviour:?} stops with {code:?}: {:?}",
                run.codes()
            ));
        }
        if !can_go_on {
            break;
        }
        run.session
            .go_on()
            .await
            .expect("it says that one can go on");
        run.rest().await;
        if run.view().next.is_some() {
            run.run().await;
        }
    }
    (run, unexplained)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_further_misbehaviour_is_found_under_its_own_code_and_the_healthy_lab_is_silent_on_the_same_way()
 {
    let mut missed = Vec::new();
    for &misbehaviour in Misbehaviour::EXTENDED {
        // The client is not mixed up by a mix-up: it sees another iss than it asked for, which is
        // another rule.
        if misbehaviour == Misbehaviour::MixUp {
            continue;
        }
        let way = lab_scenarios::way_to(misbehaviour);
        let (run, unexplained) = on_the_way(way, Some(misbehaviour)).await;
        missed.extend(unexplained);
        missed.extend(disagreement(&run).map(|it| format!("{} {it}", misbehaviour.slug())));
        let told = |run: &Watched| {
            format!(
                "{misbehaviour:?}: findings {:#?}, status {:?}\n{}",
                run.findings,
                run.view().status,
                run.exchanges().join("\n")
            )
        };
        missed.extend(told_before(&run, misbehaviour));
        if !run.codes().contains(&misbehaviour.code()) {
            missed.push(format!("not found\n{}", told(&run)));
        }
        let (healthy, _) = on_the_way(way, None).await;
        let done = matches!(healthy.view().status, Status::Done { .. });
        if !(done && healthy.codes().is_empty()) {
            missed.push(format!("not silent\n{}", told(&healthy)));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_refreshes_at_once_end_the_grant_or_are_both_granted() {
    let way = Way {
        lab: |_| {},
        run: |_, run| run.then = vec![ActionKind::RefreshTwice],
    };
    let (run, _) = on_the_way(way, None).await;
    assert_eq!(run.codes(), ["C04"], "{:#?}", run.exchanges());
    let (run, _) = on_the_way(way, Some(Misbehaviour::RotatedTokenAccepted)).await;
    assert_eq!(run.codes(), ["C03"], "{:#?}", run.exchanges());
}

type Ways = (fn(&mut LabOptions), fn(&Lab, &mut Options));

#[tokio::test(flavor = "multi_thread")]
async fn the_healthy_lab_is_silent_on_every_other_way() {
    let nothing: fn(&mut LabOptions) = |_| {};
    let ways: [(&str, Ways); 15] = [
        (
            "nonces",
            (|lab| lab.dpop_nonce = true, |_, run| run.dpop = true),
        ),
        (
            "bound tokens alone",
            (|lab| lab.dpop_required = true, |_, _| {}),
        ),
        (
            "pushed requests alone",
            (|lab| lab.require_par = true, |_, _| {}),
        ),
        (
            "a second authorization server",
            (|lab| lab.second_as = true, |_, _| {}),
        ),
        (
            "another authorization server from then on",
            (
                |lab| lab.as_migrates = true,
                |_, run| run.call = Some(call("echo", &json!({ "text": "x" }))),
            ),
        ),
        (
            "a workload",
            (
                |lab| lab.idp = true,
                |lab, run| {
                    let assertion = lab
                        .workload_jwt(WorkloadJwt::Valid)
                        .expect("there is a platform")
                        .into();
                    run.grant = GrantChoice::JwtBearer { assertion };
                },
            ),
        ),
        (
            "a request object",
            (nothing, |_, run| run.authorization.request_object = true),
        ),
        (
            "a request object that is pushed",
            (nothing, |_, run| {
                run.authorization.request_object = true;
                run.authorization.par = true;
            }),
        ),
        (
            "a posted answer",
            (nothing, |_, run| {
                run.authorization.response_mode = ResponseMode::FormPost
            }),
        ),
        (
            "a refresh",
            (nothing, |_, run| run.then = vec![ActionKind::Refresh]),
        ),
        (
            "a pretence",
            (nothing, |_, run| {
                run.then = vec![ActionKind::PretendExpired]
            }),
        ),
        (
            "rotation",
            (nothing, |_, run| run.then = vec![ActionKind::Rotate]),
        ),
        (
            "management",
            (nothing, |_, run| {
                run.then = vec![ActionKind::ReadRegistration, ActionKind::UpdateRegistration]
            }),
        ),
        (
            "bound tokens and their life",
            (nothing, |_, run| {
                run.dpop = true;
                run.then = vec![
                    ActionKind::CheckSignatures,
                    ActionKind::Rotate,
                    ActionKind::RevokeAndTry,
                ];
            }),
        ),
        (
            "a step-up, and then a replay",
            (nothing, |_, run| {
                run.call = Some(call("write_note", &json!({ "text": "x" })));
                run.then = vec![
                    ActionKind::Introspect,
                    ActionKind::ReuseRotated,
                    ActionKind::ReplayCode,
                ];
            }),
        ),
    ];
    let mut loud = Vec::new();
    let ways = ways.map(|(name, (lab, run))| (name, Way { lab, run }));
    let cards = lab_scenarios::HEALTHY
        .iter()
        .map(|card| (card.slug, card.way));
    for (name, way) in ways.into_iter().chain(cards) {
        let (run, _) = on_the_way(way, None).await;
        let done = matches!(run.view().status, Status::Done { .. });
        if !(done && run.codes().is_empty()) {
            let (findings, status) = (&run.findings, &run.view().status);
            loud.push(format!(
                "{name}: {status:?} {findings:#?}\n{}",
                run.exchanges().join("\n")
            ));
        }
    }
    assert!(loud.is_empty(), "{}", loud.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_names_rule_owner_and_fix_and_cites_its_specification() {
    for &misbehaviour in Misbehaviour::ALL {
        let run = to_the_first_stop(misbehaviour).await;
        for finding in &run.findings {
            let rule = diagnosis::catalogue()
                .iter()
                .find(|rule| rule.code == finding.code);
            let rule = rule.unwrap_or_else(|| panic!("{} is not in the catalogue", finding.code));
            assert_eq!(rule.rule, finding.rule);
            assert!(
                finding.level <= rule.level,
                "{} is above its rule",
                finding.code
            );
            assert!(
                !finding.title.is_empty() && !finding.message.is_empty() && !finding.fix.is_empty()
            );
            assert!(
                finding.spec.url.starts_with("https://"),
                "{}",
                finding.spec.url
            );
            assert!(!finding.spec.quote.is_empty());
            assert_ne!(
                finding.certainty,
                Certainty::NotChecked,
                "{} is a JWT's",
                finding.code
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_healthy_lab_is_silent_in_every_revision_for_every_kind_of_client() {
    let by_hand = |id: &str, secret: Option<&str>| Registration::Preregistered {
        client_id: id.into(),
        client_secret: secret.map(Into::into),
        private_key_file: None,
        alg: None,
    };
    let clients = [
        Registration::Auto,
        by_hand("lab-public", None),
        by_hand("lab-confidential", Some("lab-secret")),
    ];
    for revision in Revision::ALL.map(Some).into_iter().chain([None]) {
        for registration in &clients {
            let lab = lab(None).await;
            let mut run = Watched::start(Options {
                revision,
                registration: registration.clone(),
                ..options(lab.mcp_url())
            })
            .await;
            run.run().await;
            run.assert_done();
            assert_eq!(
                run.codes(),
                [""; 0],
                "{revision:?} {registration:?}: {:#?}",
                run.findings
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_does_not_come_back_is_explained() {
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        browser: Browser::Show,
        callback: Callback {
            timeout_seconds: 1,
            ..Callback::default()
        },
        ..options(lab.mcp_url())
    })
    .await;
    run.run().await;
    assert_stopped(&run, StopCode::CallbackTimeout, "A18");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_explained() {
    let lab = lab(None).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port();
    let mut run = Watched::start(Options {
        callback: Callback {
            port: Some(port),
            ..Callback::default()
        },
        ..options(lab.mcp_url())
    })
    .await;
    run.run().await;
    assert_stopped(&run, StopCode::ListenerFailed, "L01");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_values_that_a_form_wants_get_a_run_without_a_browser_through() {
    let lab = lab(Some(Misbehaviour::ApproverStuck)).await;
    let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let form = vec![value("username", "alice"), value("password", "wonderland")];
    let mut run = Watched::start(Options {
        browser: Browser::Approver { form },
        ..options(lab.mcp_url())
    })
    .await;
    run.run().await;
    run.assert_done();
    assert_eq!(run.codes(), [""; 0]);
}

fn assert_stopped(run: &Watched, wanted: StopCode, code: &str) {
    let Status::Stopped { code: stopped, .. } = &run.view().status else {
        panic!("not stopped: {:?}", run.view().status);
    };
    assert_eq!(*stopped, wanted);
    assert_eq!(run.codes(), [code], "{:#?}", run.findings);
    assert!(is_explained(run));
}
