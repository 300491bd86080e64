//! Every rule both ways: it fires on its misbehaviour, and the healthy lab is silent.
//!
//! That no stop at all is left unexplained is proved with a server that answers anything in `every_stop.rs`.

mod support;

use std::collections::HashSet;

use diagnosis::{Certainty, Level, Owner};
use lab::{Lab, LabOptions, Misbehaviour, WorkloadJwt};
use serde_json::{Value, json};
use session::{Browser, Callback, GrantChoice, Options, Registration, ResponseMode, Status, ToolCall};
use support::{Watched, lab, options};
use trace::{ActionKind, Revision, StopCode};

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

/// What a run has to do to meet one of the further misbehaviours: the lab's options and its own.
type Way = (fn(&mut LabOptions), fn(&Lab, &mut Options));

/// The way to a misbehaviour that the usual flow does not meet; none for one that no rule of its own tells.
fn way_to(misbehaviour: Misbehaviour) -> Option<Way> {
    use Misbehaviour as M;
    let nothing: fn(&mut LabOptions) = |_| {};
    Some(match misbehaviour {
        // The client is not mixed up: it sees another iss than it asked for.
        M::MixUp => return None,
        M::CorsMissing | M::CorsHeaderMissing | M::PreflightRedirected => {
            (nothing, |_, run| run.then = vec![ActionKind::CheckCors])
        }
        M::CodeReplayWorks => (nothing, |_, run| run.then = vec![ActionKind::ReplayCode]),
        M::EndlessStepUp | M::InsufficientScopeWithoutScope => (nothing, |_, run| {
            run.call = Some(call("write_note", json!({ "text": "x" })));
        }),
        M::LoginNotSufficient => (
            |lab| lab.transfer_tool = true,
            |_, run| run.call = Some(call("transfer", json!({ "amount": 3 }))),
        ),
        M::JwksKeyMissing | M::JwksUnusable | M::SignatureWrong => {
            (nothing, |_, run| run.then = vec![ActionKind::CheckSignatures])
        }
        M::IdTokenNonceWrong
        | M::IdTokenAudienceWrong
        | M::IdTokenIssuerWrong
        | M::IdTokenUnusable
        | M::AccessTokenHashWrong => (nothing, |_, run| run.scope = Some("openid mcp:read".into())),
        M::UserinfoSubjectWrong => (nothing, |_, run| {
            run.scope = Some("openid mcp:read".into());
            run.then = vec![ActionKind::Userinfo];
        }),
        M::DpopIgnored | M::DpopTokenUnbound | M::DpopNonceMissing => (nothing, |_, run| run.dpop = true),
        M::PushedStatusNotCreated | M::PushedAnswerUnusable | M::PushedRequestRejected => {
            (nothing, |_, run| run.authorization.par = true)
        }
        M::AuthorizationDetailsDropped => (nothing, |_, run| {
            run.authorization.authorization_details = Some(r#"[{"type":"mcp_tool"}]"#.into());
        }),
        M::RegistrationNotDeleted => (nothing, |_, run| run.then = vec![ActionKind::DeleteRegistration]),
        M::ClientDocumentRefused => (
            |lab| lab.cimd = true,
            |_, run| {
                run.registration = Registration::Cimd;
                run.client_metadata.serve = true;
            },
        ),
        M::DeviceAnswerIncomplete | M::DeviceNotApproved | M::DeviceRequestRejected => (
            |lab| lab.device_polls = Some(0),
            |_, run| run.grant = GrantChoice::DeviceCode,
        ),
        M::RotatedTokenAccepted => (nothing, |_, run| run.then = vec![ActionKind::ReuseRotated]),
        M::RevokedTokenAccepted => (nothing, |_, run| run.then = vec![ActionKind::RevokeAndTry]),
        M::RevocationRefused => (nothing, |_, run| run.then = vec![ActionKind::Revoke]),
        M::IntrospectionDisagrees => (nothing, |_, run| {
            run.registration = confidential();
            run.then = vec![ActionKind::Introspect];
        }),
        M::IntrospectionUnprotected | M::EndpointNotOffered => {
            (nothing, |_, run| run.then = vec![ActionKind::Introspect])
        }
        M::GrantNotOffered => (nothing, |_, run| {
            run.registration = confidential();
            run.grant = GrantChoice::ClientCredentials;
        }),
        M::IdentityProviderNotFound | M::IssuedTokenTypeMissing | M::IdJagTypeWrong => (
            |lab| lab.idp = true,
            |lab, run| {
                run.registration = confidential();
                run.grant = GrantChoice::EnterpriseManaged {
                    idp_id_token: lab.id_token().expect("there is an identity provider"),
                    idp_client_id: lab.idp_client_id().expect("it has a client").into(),
                    idp_client_secret: None,
                    idp_issuer: lab.idp_url().map(Into::into),
                    idp_token_endpoint: None,
                };
            },
        ),
        other => panic!("{} has no way to it here", other.slug()),
    })
}

fn call(tool: &str, arguments: Value) -> ToolCall {
    ToolCall {
        tool: Some(tool.into()),
        arguments: arguments.as_object().cloned().unwrap_or_default(),
    }
}

fn confidential() -> Registration {
    Registration::Preregistered {
        client_id: "lab-confidential".into(),
        client_secret: Some("lab-secret".into()),
        private_key_file: None,
        alg: None,
    }
}

/// A run on this way, gone on with wherever it stops and can. Each stop must be explained.
async fn on_the_way(way: Way, misbehaviour: Option<Misbehaviour>) -> (Watched, Vec<String>) {
    let (change_lab, change_run) = way;
    let mut lab_options = LabOptions {
        misbehaviour,
        ..LabOptions::default()
    };
    change_lab(&mut lab_options);
    let lab = Lab::start(lab_options).await.expect("the lab opens its ports");
    let mut run_options = options(lab.mcp_url());
    // What the person knows, where a page asks for it.
    let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let form = vec![
        value("username", "alice"),
        value("password", "wonderland"),
        value("one_time_code", "271828"),
    ];
    run_options.browser = Browser::Approver { form };
    change_run(&lab, &mut run_options);
    let mut run = Watched::start(run_options).await;
    run.run().await;
    let mut unexplained = Vec::new();
    // Some misbehaviours have no end.
    for _ in 0..4 {
        let Status::Stopped { code, can_go_on, .. } = run.view().status.clone() else {
            break;
        };
        if !is_explained(&run) {
            unexplained.push(format!("{misbehaviour:?} stops with {code:?}: {:?}", run.codes()));
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

#[tokio::test(flavor = "multi_thread")]
async fn every_further_misbehaviour_is_found_under_its_own_code_and_the_healthy_lab_is_silent_on_the_same_way()
 {
    let mut missed = Vec::new();
    for &misbehaviour in Misbehaviour::EXTENDED {
        let Some(way) = way_to(misbehaviour) else { continue };
        let (run, unexplained) = on_the_way(way, Some(misbehaviour)).await;
        missed.extend(unexplained);
        let told = |run: &Watched| {
            format!(
                "{misbehaviour:?}: findings {:#?}, status {:?}\n{}",
                run.findings,
                run.view().status,
                run.exchanges().join("\n")
            )
        };
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
async fn the_healthy_lab_is_silent_on_every_other_way() {
    let nothing: fn(&mut LabOptions) = |_| {};
    let ways: [(&str, Way); 16] = [
        ("nonces", (|lab| lab.dpop_nonce = true, |_, run| run.dpop = true)),
        ("bound tokens alone", (|lab| lab.dpop_required = true, |_, _| {})),
        ("pushed requests alone", (|lab| lab.require_par = true, |_, _| {})),
        (
            "a second authorization server",
            (|lab| lab.second_as = true, |_, _| {}),
        ),
        (
            "another authorization server from then on",
            (
                |lab| lab.as_migrates = true,
                |_, run| run.call = Some(call("echo", json!({ "text": "x" }))),
            ),
        ),
        (
            "a workload",
            (
                |lab| lab.idp = true,
                |lab, run| {
                    let assertion = lab.workload_jwt(WorkloadJwt::Valid).expect("there is a platform");
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
            (nothing, |_, run| run.then = vec![ActionKind::PretendExpired]),
        ),
        (
            "rotation",
            (nothing, |_, run| run.then = vec![ActionKind::Rotate]),
        ),
        (
            "two at once",
            (nothing, |_, run| run.then = vec![ActionKind::RefreshTwice]),
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
                run.call = Some(call("write_note", json!({ "text": "x" })));
                run.then = vec![
                    ActionKind::Introspect,
                    ActionKind::ReuseRotated,
                    ActionKind::ReplayCode,
                ];
            }),
        ),
    ];
    let mut loud = Vec::new();
    for (name, way) in ways {
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
