//! Features that meet: proof of possession with everything that asks for a token, step-up and
//! stored tokens with what follows them.

use lab::{CLIENT_PRIVATE_KEY, LabOptions, Misbehaviour};
use session::{Action, AuthorizationExtras, GrantChoice, Options, Status};
use trace::{ActionKind, Grant, Purpose, Revision, StopCode};
use vault::Vault;

use test_support::sent::{call, client, client_with_key, form, jwt, lab_with, scopes, told};
use test_support::{Watched, lab, options};

const NOTE: &str = "{\"text\":\"a note\"}";

fn with_nonces(lab: &mut LabOptions) {
    lab.dpop_nonce = true;
    lab.dpop_required = true;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_request_binds_the_code_to_the_key() {
    let lab = lab_with(|lab| {
        with_nonces(lab);
        lab.require_par = true;
    })
    .await;
    for registration in [
        client("lab-confidential", Some("lab-secret")),
        client_with_key("lab-jwt", CLIENT_PRIVATE_KEY),
        session::Registration::Auto,
    ] {
        let mut run = Watched::start(Options {
            registration,
            then: vec![ActionKind::Refresh],
            ..options(lab.mcp_url())
        })
        .await;
        run.passes().await;
        let pushed = run.sent(|purpose| *purpose == Purpose::PushedAuthorization);
        let pushed = pushed.last().expect("it is demanded");
        assert!(
            pushed.request.header_value("dpop").is_some(),
            "RFC 9449 section 10.1"
        );
        assert_eq!(
            form(pushed)["client_id"],
            run.clients()[0],
            "it is a part of the request"
        );
        let issued = run.token_requests(Grant::AuthorizationCode);
        let bound = jwt(&told(issued.last().expect("a token"), "access_token"));
        assert!(bound.claims["cnf"]["jkt"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_up_keeps_key_and_registration_and_is_pushed_like_the_first_request() {
    let lab = lab_with(|lab| {
        with_nonces(lab);
        lab.require_par = true;
        lab.transfer_tool = true;
    })
    .await;
    for (tool, status) in [("write_note", 403), ("transfer", 401)] {
        let mut run = Watched::start(Options {
            call: Some(call(tool, NOTE)),
            ..options(lab.mcp_url())
        })
        .await;
        run.run().await;
        run.assert_done();
        run.assert_silent();
        let calls = run.calls("tools/call");
        let statuses: Vec<_> = calls.iter().map(|call| call.status()).collect();
        assert_eq!(statuses, [Some(status), Some(200)], "{tool}");
        let keys: Vec<_> = calls
            .iter()
            .map(|call| {
                jwt(call.request.header_value("dpop").expect("a proof")).header["jwk"].clone()
            })
            .collect();
        assert_eq!(keys[0], keys[1]);
        assert_eq!(
            run.sent(|purpose| *purpose == Purpose::Registration).len(),
            1
        );
        let issued = run.token_requests(Grant::AuthorizationCode);
        let granted = issued
            .iter()
            .filter(|request| request.status() == Some(200));
        assert_eq!(granted.count(), 2, "{:#?}", run.exchanges());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_and_a_client_for_itself_prove_their_key_too() {
    let lab = lab_with(|lab| {
        with_nonces(lab);
        lab.device_polls = Some(0);
    })
    .await;
    for (registration, grant) in [
        (client("lab-public", None), GrantChoice::DeviceCode),
        (
            client("lab-confidential", Some("lab-secret")),
            GrantChoice::ClientCredentials,
        ),
    ] {
        let mut run = Watched::start(Options {
            registration,
            grant,
            ..options(lab.mcp_url())
        })
        .await;
        run.passes().await;
        let calls = run.calls("tools/list");
        assert!(
            calls
                .iter()
                .all(|call| call.request.header_value("dpop").is_some())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_works_with_a_bound_token() {
    let lab = lab_with(with_nonces).await;
    let mut run = Watched::start(Options {
        scope: Some("openid mcp:read offline_access".into()),
        ..options(lab.mcp_url())
    })
    .await;
    run.passes().await;
    for kind in [
        ActionKind::Refresh,
        ActionKind::Rotate,
        ActionKind::Userinfo,
        ActionKind::CheckSignatures,
        ActionKind::ReadRegistration,
        ActionKind::RevokeAndTry,
    ] {
        run.act(kind).await;
        run.assert_done();
    }
    run.assert_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_to_another_server_is_followed_in_every_revision_and_with_a_key() {
    let mut wrong = Vec::new();
    for revision in [
        Revision::R20250618,
        Revision::R20251125,
        Revision::R20260728,
    ] {
        for bound in [false, true] {
            let lab = lab_with(|lab| {
                lab.as_migrates = true;
                lab.dpop_nonce = bound;
                lab.dpop_required = bound;
            })
            .await;
            let mut run = Watched::start(Options {
                revision: Some(revision),
                call: Some(call("echo", NOTE)),
                ..options(lab.mcp_url())
            })
            .await;
            run.run().await;
            let registered = run.sent(|purpose| *purpose == Purpose::Registration).len();
            let done = matches!(run.view().status, Status::Done { .. });
            if !done || registered != 2 {
                let status = &run.view().status;
                wrong.push(format!(
                    "{revision:?}, bound {bound}: {status:?}\n{:#?}",
                    run.exchanges()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_for_itself_steps_up_without_a_user() {
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        registration: client("lab-confidential", Some("lab-secret")),
        grant: GrantChoice::ClientCredentials,
        call: Some(call("write_note", NOTE)),
        ..options(lab.mcp_url())
    })
    .await;
    run.run().await;
    run.assert_done();
    let asked = run.token_requests(Grant::ClientCredentials);
    assert_eq!(asked.len(), 2);
    assert_eq!(scopes(&form(&asked[1])["scope"]), ["mcp:read", "mcp:write"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_token_can_be_stepped_up_refreshed_and_revoked() {
    for kind in [
        ActionKind::CallTool,
        ActionKind::Refresh,
        ActionKind::Introspect,
        ActionKind::Revoke,
        ActionKind::CheckSignatures,
    ] {
        let lab = lab(None).await;
        let vault = Vault::memory("a test");
        let stored = || Options {
            registration: client("lab-confidential", Some("lab-secret")),
            use_stored_token: true,
            ..options(lab.mcp_url())
        };
        let mut first = Watched::with_vault(stored(), vault.clone()).await;
        first.passes().await;
        let mut second = Watched::with_vault(stored(), vault.clone()).await;
        second.passes().await;
        assert!(second.authorization_requests().is_empty());
        let action = Action {
            kind,
            call: (kind == ActionKind::CallTool).then(|| call("write_note", NOTE)),
        };
        let begun = second.session.act(action).await;
        begun.unwrap_or_else(|error| panic!("{kind:?}: {error}\n{:?}", second.view().actions));
        second.rest().await;
        second.assert_done();
        let said = second
            .decisions()
            .into_iter()
            .find_map(|decision| match decision {
                trace::Decision::ActionDone { message, .. } => Some(message),
                _ => None,
            });
        let said = said.unwrap_or_default();
        assert!(
            !said.is_empty() && !said.contains("Not possible"),
            "{kind:?}: {said}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_wrong_id_token_one_can_go_on() {
    let lab = lab(Some(Misbehaviour::IdTokenNonceWrong)).await;
    let mut run = Watched::start(Options {
        scope: Some("openid mcp:read".into()),
        ..options(lab.mcp_url())
    })
    .await;
    run.run().await;
    assert_eq!(run.stop().0, StopCode::IdTokenInvalid);
    run.session.go_on().await.expect("it may be passed");
    run.run().await;
    run.assert_done();
    assert!(run.codes().contains(&"O01"), "{:?}", run.codes());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_metadata_the_revision_is_found_too() {
    let lab = lab_with(|lab| lab.no_metadata = true).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    run.run().await;
    let lines = run.exchanges();
    let looked: Vec<_> = lines
        .iter()
        .filter(|line| line.contains(".well-known"))
        .collect();
    assert!(!looked.is_empty());
    match &run.view().status {
        Status::Done { .. } => {}
        _ => {
            let (code, message, can_go_on) = run.stop();
            assert!(can_go_on, "{code:?} {message}");
            run.session.go_on().await.expect("it may be passed");
            run.run().await;
            run.assert_done();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pushed_object_details_and_form_post_go_together() {
    let lab = lab_with(|lab| lab.require_par = true).await;
    let authorization = AuthorizationExtras {
        request_object: true,
        response_mode: session::ResponseMode::FormPost,
        authorization_details: Some("[{\"type\":\"mcp_tool\",\"actions\":[\"call\"]}]".into()),
        parameters: vec![("login_hint".into(), "alice".into())],
        ..AuthorizationExtras::default()
    };
    let mut run = Watched::start(Options {
        registration: client_with_key("lab-jwt", CLIENT_PRIVATE_KEY),
        authorization,
        ..options(lab.mcp_url())
    })
    .await;
    run.passes().await;
    let pushed = form(&run.sent(|purpose| *purpose == Purpose::PushedAuthorization)[0]);
    let object = jwt(&pushed["request"]);
    assert_eq!(object.text("response_mode"), Some("form_post"));
    assert_eq!(object.text("login_hint"), Some("alice"));
    let details = &object.claims["authorization_details"];
    assert!(details.is_array() || details.is_string(), "{details}");
}
