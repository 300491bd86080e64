//! What an authorization request may be, and how its answer may come.

use lab::{CLIENT_PRIVATE_KEY, Misbehaviour};
use serde_json::json;
use session::{AuthorizationExtras, Options, Registration, ResourceChoice, ResponseMode};
use trace::{Decision, Grant, Purpose, StopCode, TokenKind};

use test_support::sent::{client_with_key, form, json_answer, jwt, lab_with, told};
use test_support::{Watched, lab, options};

fn with(url: &str, authorization: AuthorizationExtras) -> Options {
    Options {
        authorization,
        ..options(url)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_with_a_wrong_issuer_is_neither_shown_nor_acted_on() {
    let parameters = [("prompt", "none")];
    let refused = lab(None).await;
    let mut run = Watched::start(with_parameters(refused.mcp_url(), &parameters)).await;
    run.run().await;
    let (code, message, _) = run.stop();
    assert_eq!(
        code,
        StopCode::AuthorizationError,
        "with the right issuer it is the server's"
    );
    assert!(message.contains("login_required"), "{message}");

    let lab = lab(Some(Misbehaviour::IssWrong)).await;
    let mut run = Watched::start(with_parameters(lab.mcp_url(), &parameters)).await;
    run.run().await;
    let (code, message, can_go_on) = run.stop();
    assert_eq!((code, can_go_on), (StopCode::IssMismatch, true));
    assert_eq!(run.codes(), ["R12"], "{:#?}", run.findings);
    let said = format!("{message} {:?}", run.findings);
    for hidden in ["login_required", "Nobody is logged in"] {
        assert!(!said.contains(hidden), "{said}");
    }
}

fn with_parameters(url: &str, parameters: &[(&str, &str)]) -> Options {
    let parameters = parameters
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    with(
        url,
        AuthorizationExtras {
            parameters: parameters.collect(),
            ..AuthorizationExtras::default()
        },
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn further_parameters_are_sent_and_replace_those_that_are_there() {
    let lab = lab(None).await;
    let given = [
        ("audience", "https://api.example"),
        ("login_hint", "alice"),
        ("scope", "mcp:read mcp:write"),
    ];
    let mut run = Watched::start(with_parameters(lab.mcp_url(), &given)).await;
    run.run().await;
    run.assert_done();
    let request = &run.authorization_requests()[0];
    for (name, value) in given {
        assert_eq!(request[name], value);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_pushed_where_that_is_demanded_or_wished() {
    for (required, par) in [(true, false), (false, true)] {
        let lab = lab_with(|lab| lab.require_par = required).await;
        let authorization = AuthorizationExtras {
            par,
            ..AuthorizationExtras::default()
        };
        let mut run = Watched::start(with(lab.mcp_url(), authorization)).await;
        run.passes().await;
        let pushed = run
            .sent(|purpose| *purpose == Purpose::PushedAuthorization)
            .remove(0);
        assert_eq!(pushed.status(), Some(201));
        let fields = form(&pushed);
        assert_eq!(fields["resource"], lab.mcp_url());
        assert_eq!(fields["code_challenge_method"], "S256");
        let request = &run.authorization_requests()[0];
        assert_eq!(request.len(), 2, "nothing but these two: {request:?}");
        assert_eq!(request["client_id"], fields["client_id"]);
        assert_eq!(request["request_uri"], told(&pushed, "request_uri"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_request_that_is_refused_ends_there() {
    let lab = lab_with(|lab| lab.require_par = true).await;
    let mut run = Watched::start(with_parameters(lab.mcp_url(), &[("scope", "nonsense")])).await;
    run.run().await;
    let (code, message, _) = run.stop();
    assert_eq!(code, StopCode::PushedAuthorizationRejected);
    assert!(message.contains("invalid_scope"), "{message}");
    assert!(run.authorization_requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_object_is_signed_by_a_client_with_a_key_and_unsigned_by_another() {
    let lab = lab(None).await;
    for (registration, alg) in [
        (client_with_key("lab-jwt", CLIENT_PRIVATE_KEY), "ES256"),
        (Registration::Auto, "none"),
    ] {
        let authorization = AuthorizationExtras {
            request_object: true,
            ..AuthorizationExtras::default()
        };
        let mut run = Watched::start(Options {
            registration,
            ..with(lab.mcp_url(), authorization)
        })
        .await;
        run.passes().await;
        let request = &run.authorization_requests()[0];
        let object = jwt(&request["request"]);
        assert_eq!(object.header["alg"], alg);
        assert_eq!(
            object.text("client_id"),
            Some(request["client_id"].as_str())
        );
        assert_eq!(object.audience(), [lab.as_url()]);
        assert_eq!(object.text("code_challenge_method"), Some("S256"));
        assert_eq!(object.text("resource"), Some(lab.mcp_url()));
        for inner in ["code_challenge", "state", "redirect_uri"] {
            assert!(
                !request.contains_key(inner),
                "{inner} counts in the object alone: {request:?}"
            );
            assert!(object.text(inner).is_some(), "{inner}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_object_can_be_pushed() {
    let lab = lab_with(|lab| lab.require_par = true).await;
    let authorization = AuthorizationExtras {
        request_object: true,
        ..AuthorizationExtras::default()
    };
    let mut run = Watched::start(Options {
        registration: client_with_key("lab-jwt", CLIENT_PRIVATE_KEY),
        ..with(lab.mcp_url(), authorization)
    })
    .await;
    run.passes().await;
    let pushed = form(&run.sent(|purpose| *purpose == Purpose::PushedAuthorization)[0]);
    assert_eq!(jwt(&pushed["request"]).text("response_type"), Some("code"));
    assert!(!pushed.contains_key("code_challenge"), "{pushed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn authorization_details_are_asked_for_and_come_back() {
    let lab = lab(None).await;
    let details = json!([{ "type": "mcp_tool", "actions": ["call"] }]);
    let authorization = AuthorizationExtras {
        authorization_details: Some(details.to_string()),
        ..AuthorizationExtras::default()
    };
    let mut run = Watched::start(with(lab.mcp_url(), authorization)).await;
    run.passes().await;
    let asked = &run.authorization_requests()[0]["authorization_details"];
    let asked: serde_json::Value = serde_json::from_str(asked).expect("JSON");
    assert_eq!(asked, details);
    let answer = json_answer(&run.token_requests(Grant::AuthorizationCode)[0]);
    assert_eq!(answer["authorization_details"], details);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_as_a_posted_form_where_that_is_asked_for() {
    let lab = lab(None).await;
    let authorization = AuthorizationExtras {
        response_mode: ResponseMode::FormPost,
        ..AuthorizationExtras::default()
    };
    let mut run = Watched::start(with(lab.mcp_url(), authorization.clone())).await;
    run.passes().await;
    let request = &run.authorization_requests()[0];
    assert_eq!(request["response_mode"], "form_post");
    let callback = &run.sent(|purpose| *purpose == Purpose::Callback)[0];
    assert_eq!(callback.request.method, "POST");
    assert_eq!(callback.request.url, request["redirect_uri"]);
    let fields = form(callback);
    assert_eq!(
        (fields["state"].as_str(), fields["iss"].as_str()),
        (request["state"].as_str(), lab.as_url())
    );

    let wrong = test_support::lab(Some(Misbehaviour::StateAltered)).await;
    let mut run = Watched::start(with(wrong.mcp_url(), authorization)).await;
    run.run().await;
    assert_eq!(
        run.stop().0,
        StopCode::StateMismatch,
        "the same checks hold"
    );
    assert!(run.token_requests(Grant::AuthorizationCode).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_resource_can_be_left_out_or_given() {
    let lab = lab(None).await;
    let resource = |resource| Options {
        resource,
        ..options(lab.mcp_url())
    };
    let mut off = Watched::start(resource(ResourceChoice::Off)).await;
    off.run().await;
    off.assert_done();
    assert!(!off.authorization_requests()[0].contains_key("resource"));
    assert!(!form(&off.token_requests(Grant::AuthorizationCode)[0]).contains_key("resource"));

    let uri = "https://another.example/mcp".to_owned();
    let mut given = Watched::start(resource(ResourceChoice::Given { uri: uri.clone() })).await;
    given.run().await;
    assert_eq!(given.authorization_requests()[0]["resource"], uri);
    let (code, message, _) = given.stop();
    assert_eq!(code, StopCode::AuthorizationError);
    assert!(message.contains("invalid_target"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_is_bound_to_the_request_by_its_nonce() {
    let openid = |url: &str| Options {
        scope: Some("openid mcp:read".into()),
        ..options(url)
    };
    let lab = lab(None).await;
    let mut run = Watched::start(openid(lab.mcp_url())).await;
    run.passes().await;
    let nonce = run.authorization_requests()[0]["nonce"].clone();
    let token = told(&run.token_requests(Grant::AuthorizationCode)[0], "id_token");
    assert_eq!(jwt(&token).text("nonce"), Some(nonce.as_str()));

    for (misbehaviour, claim) in [
        (Misbehaviour::IdTokenNonceWrong, "nonce"),
        (Misbehaviour::IdTokenAudienceWrong, "aud"),
        (Misbehaviour::AccessTokenHashWrong, "at_hash"),
    ] {
        let lab = test_support::lab(Some(misbehaviour)).await;
        let mut run = Watched::start(openid(lab.mcp_url())).await;
        run.run().await;
        let (code, message, can_go_on) = run.stop();
        assert_eq!((code, can_go_on), (StopCode::IdTokenInvalid, true));
        assert!(message.contains(claim), "{message}");
        assert!(
            run.calls("tools/list").is_empty(),
            "its access token is not used"
        );
        let checked = run
            .decisions()
            .into_iter()
            .find_map(|decision| match decision {
                Decision::TokenChecked {
                    token, problems, ..
                } => Some((token, problems)),
                _ => None,
            });
        let (token, problems) = checked.expect("it is recorded");
        assert_eq!(token, TokenKind::IdToken);
        assert!(
            problems.iter().any(|problem| problem.claim == claim),
            "{problems:?}"
        );
    }
}
