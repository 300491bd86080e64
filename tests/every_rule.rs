//! Every rule both ways: it fires on its misbehaviour, and the healthy lab is silent.
//!
//! That no stop at all is left unexplained is proved with a server that answers anything in `every_stop.rs`.

mod support;

use std::collections::HashSet;

use diagnosis::{Certainty, Level, Owner};
use lab::Misbehaviour;
use session::{Browser, Callback, Options, Registration, Status};
use support::{Watched, lab, options};
use trace::{Revision, StopCode};

/// Rules about this machine alone: no server can cause them, so they have a test of their own here.
const WITHOUT_MISBEHAVIOUR: [&str; 2] = ["A18", "L01"];

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
    while let Status::Stopped { code, can_go_on, .. } = run.view().status.clone() {
        if !is_explained(&run) {
            unexplained.push(format!("{} stops with {code:?}", misbehaviour.slug()));
        }
        if !can_go_on {
            break;
        }
        run.session.go_on().await.expect("it says that one can go on");
        run.rest().await;
        if run.view().next.is_some() {
            run.run().await;
        }
    }
    (run, unexplained)
}

/// Whether an error says who has to change what.
fn is_explained(run: &Watched) -> bool {
    run.findings.iter().any(|finding| {
        finding.level == Level::Error && finding.owner != Owner::Nobody && !finding.fix.is_empty()
    })
}

#[test]
fn every_rule_has_a_misbehaviour_and_the_same_name() {
    let all = Misbehaviour::ALL.iter().chain(Misbehaviour::EXTENDED);
    let all: HashSet<(&str, &str)> = all.map(|m| (m.code(), m.slug())).collect();
    for rule in diagnosis::catalogue() {
        let proved = all.contains(&(rule.code.as_str(), rule.rule.as_str()));
        let alone = WITHOUT_MISBEHAVIOUR.contains(&rule.code.as_str());
        assert!(proved != alone, "{} {}", rule.code, rule.rule);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_misbehaviour_is_found_under_its_own_code_and_every_stop_is_explained() {
    let mut missed = Vec::new();
    for &misbehaviour in Misbehaviour::ALL {
        let (run, unexplained) = to_the_end(misbehaviour).await;
        missed.extend(unexplained);
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
            assert!(finding.level <= rule.level, "{} is above its rule", finding.code);
            assert!(!finding.title.is_empty() && !finding.message.is_empty() && !finding.fix.is_empty());
            assert!(finding.spec.url.starts_with("https://"), "{}", finding.spec.url);
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
