//! Every grant but the authorization code.

use lab::{CLIENT_PRIVATE_KEY, Lab, WorkloadJwt};
use session::{Browser, GrantChoice, IdentityProvider, Options, Status};
use trace::{Exchange, Grant, Purpose, StopCode};

use test_support::sent::{client, client_with_key, form, json_answer, jwt, lab_with, told};
use test_support::{Watched, lab, options};

const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_a_token_for_itself_by_secret_and_by_key() {
    let lab = lab(None).await;
    for registration in [
        client("lab-confidential", Some("lab-secret")),
        client_with_key("lab-jwt", CLIENT_PRIVATE_KEY),
    ] {
        let mut run = Watched::start(Options {
            registration,
            grant: GrantChoice::ClientCredentials,
            ..options(lab.mcp_url())
        })
        .await;
        run.passes().await;
        assert!(run.authorization_requests().is_empty(), "no user is asked");
        let request = &run.token_requests(Grant::ClientCredentials)[0];
        let fields = form(request);
        assert_eq!(fields["grant_type"], "client_credentials");
        assert_eq!(
            (fields["resource"].as_str(), fields["scope"].as_str()),
            (lab.mcp_url(), "mcp:read")
        );
        match request.request.header_value("authorization") {
            Some(basic) => {
                assert!(basic.starts_with("Basic ") && !fields.contains_key("client_assertion"))
            }
            None => assert_eq!(jwt(&fields["client_assertion"]).audience(), [lab.as_url()]),
        }
        assert!(json_answer(request).get("refresh_token").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_polled_for_as_slowly_as_the_server_says() {
    let lab = lab_with(|lab| {
        lab.device_polls = Some(1);
        lab.device_slow_down = true;
    })
    .await;
    let mut run = Watched::start(Options {
        grant: GrantChoice::DeviceCode,
        browser: Browser::Show,
        ..options(lab.mcp_url())
    })
    .await;
    run.session.run().await.expect("there is a step to do");
    let waiting = run
        .until("the user to be asked", |view| {
            matches!(view.status, Status::AwaitingDevice { .. })
        })
        .await;
    let Status::AwaitingDevice {
        user_code,
        verification_uri,
        verification_uri_complete,
        ..
    } = waiting.status
    else {
        unreachable!()
    };
    run.rest().await;
    run.assert_done();
    // The lab answers the first poll with slow_down.
    assert_eq!(run.codes(), ["DV4"], "{:#?}", run.findings);
    let began = run
        .sent(|purpose| *purpose == Purpose::DeviceAuthorization)
        .remove(0);
    assert_eq!(user_code, told(&began, "user_code"));
    assert_eq!(verification_uri, told(&began, "verification_uri"));
    assert_eq!(
        verification_uri_complete,
        Some(told(&began, "verification_uri_complete"))
    );
    assert_eq!(form(&began)["resource"], lab.mcp_url());
    let polls = run.token_requests(Grant::DeviceCode);
    let told: Vec<String> = polls.iter().map(error_or_status).collect();
    assert_eq!(told, ["slow_down", "authorization_pending", "200"]);
    assert_eq!(
        form(&polls[0])["device_code"],
        test_support::sent::told(&began, "device_code")
    );
    let at: Vec<_> = [&began]
        .into_iter()
        .chain(&polls)
        .map(|exchange| exchange.started)
        .collect();
    let between: Vec<f64> = at
        .windows(2)
        .map(|two| two[1].since(two[0]).as_secs_f64())
        .collect();
    assert!(
        between[0] >= 1.0 && between[1] >= 6.0 && between[2] >= 6.0,
        "{between:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_the_user_approves_or_refuses() {
    for decision in ["approve", "deny"] {
        let lab = lab(None).await;
        let mut run = Watched::start(Options {
            grant: GrantChoice::DeviceCode,
            browser: Browser::Approver {
                form: vec![("decision".into(), decision.into())],
            },
            ..options(lab.mcp_url())
        })
        .await;
        run.run().await;
        match decision {
            "approve" => {
                run.assert_done();
                run.assert_silent();
            }
            _ => {
                let (code, message, _) = run.stop();
                assert_eq!(code, StopCode::DeviceNotApproved);
                assert!(message.contains("refused"), "{message}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workloads_token_is_taken_and_a_bad_one_is_not_tried_again() {
    let lab = lab_with(|lab| lab.idp = true).await;
    let mut run = workload(&lab, WorkloadJwt::Valid).await;
    run.passes().await;
    let requests = run.token_requests(Grant::JwtBearer);
    let fields = form(&requests[0]);
    assert_eq!(
        fields["grant_type"],
        "urn:ietf:params:oauth:grant-type:jwt-bearer"
    );
    assert_eq!(fields["resource"], lab.mcp_url());
    assert_eq!(jwt(&fields["assertion"]).audience(), [lab.as_url()]);
    assert_eq!(requests[0].request.header_value("authorization"), None);
    for bad in [WorkloadJwt::Expired, WorkloadJwt::WrongAudience] {
        let mut run = workload(&lab, bad).await;
        run.run().await;
        let (code, message, _) = run.stop();
        assert_eq!(code, StopCode::TokenRejected);
        assert!(message.contains("invalid_grant"), "{message}");
        assert_eq!(
            run.sent(|purpose| matches!(purpose, Purpose::Token { .. }))
                .len(),
            1
        );
    }
}

async fn workload(lab: &Lab, kind: WorkloadJwt) -> Watched {
    Watched::start(Options {
        registration: client("lab-workload", None),
        grant: GrantChoice::JwtBearer {
            assertion: lab
                .workload_jwt(kind)
                .expect("the platform is trusted")
                .into(),
        },
        ..options(lab.mcp_url())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_provider_vouches_for_its_user() {
    let lab = lab_with(|lab| lab.idp = true).await;
    let idp = lab.idp_url().expect("asked for");
    let id_token = lab.id_token().expect("asked for");
    for endpoint in [None, Some(format!("{idp}/token"))] {
        let mut run = Watched::start(Options {
            registration: client("lab-confidential", Some("lab-secret")),
            grant: GrantChoice::EnterpriseManaged(IdentityProvider {
                id_token: id_token.as_str().into(),
                client_id: lab.idp_client_id().expect("asked for").into(),
                client_secret: None,
                issuer: Some(idp.into()),
                token_endpoint: endpoint,
            }),
            ..options(lab.mcp_url())
        })
        .await;
        run.passes().await;
        assert!(
            run.authorization_requests().is_empty(),
            "the user logged in elsewhere"
        );
        let exchanged = run.token_requests(Grant::TokenExchange).remove(0);
        assert!(exchanged.request.url.starts_with(idp));
        let fields = form(&exchanged);
        for (name, value) in [
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("requested_token_type", ID_JAG),
            (
                "subject_token_type",
                "urn:ietf:params:oauth:token-type:id_token",
            ),
            ("subject_token", id_token.as_str()),
            ("audience", lab.as_url()),
            ("resource", lab.mcp_url()),
            ("client_id", "lab-idp-client"),
        ] {
            assert_eq!(fields[name], value, "{name}");
        }
        let granted = run.token_requests(Grant::JwtBearer).remove(0);
        assert_eq!(
            form(&granted)["assertion"],
            told(&exchanged, "access_token")
        );
        let basic = granted
            .request
            .header_value("authorization")
            .expect("it authenticates");
        assert!(basic.starts_with("Basic "), "{basic}");
        assert!(granted.request.url.starts_with(lab.as_url()));
    }
}

/// The `error` of a refused request, else the status.
fn error_or_status(exchange: &Exchange) -> String {
    match exchange.status() {
        Some(400) => told(exchange, "error"),
        status => status.map_or("-".into(), |status| status.to_string()),
    }
}
