//! Every grant but the authorization code.

use session::{Browser, GrantChoice, Options, Status};
use trace::{Exchange, Grant, Purpose, StopCode};

use crate::sent::{form, lab_with, told};
use crate::support::{Watched, lab, options};

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
    run.assert_silent();
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
        crate::sent::told(&began, "device_code")
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

/// The `error` of a refused request, else the status.
fn error_or_status(exchange: &Exchange) -> String {
    match exchange.status() {
        Some(400) => told(exchange, "error"),
        status => status.map_or("-".into(), |status| status.to_string()),
    }
}
