//! The flow without a network: answers are made up, one by one.

mod support;

use flow::{Step, StepOutcome};
use support::{Play, REDIRECT, SERVER};
use trace::{
    Decision, Failure, FailureKind, Outcome, Purpose, Revision, StopCode, VerdictKind, pairs,
    query_pairs,
};

#[test]
fn the_authorization_request_carries_what_the_specification_demands() {
    let plan = Play::to_callback(None).plan();
    let names: Vec<String> = query_pairs(&plan.request.url)
        .into_iter()
        .map(|pair| pair.name)
        .collect();
    let expected = [
        "response_type",
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "redirect_uri",
        "state",
        "scope",
        "resource",
    ];
    assert_eq!(names, expected);
    let mut play = Play::to_callback(None);
    play.callback("code=x&state=STATE&iss=https://as.example");
    let form = pairs(play.plan().request.body.text().unwrap());
    let value = |name: &str| {
        form.iter()
            .find(|pair| pair.name == name)
            .map(|pair| pair.value.as_str())
    };
    assert_eq!(value("resource"), Some(SERVER));
    assert_eq!(value("redirect_uri"), Some(REDIRECT));
    assert_eq!(value("code"), Some("x"));
    assert_eq!(value("client_id"), Some("c1"));
    // RFC 7636 section 4.1: 43 to 128 characters.
    assert!((43..=128).contains(&value("code_verifier").unwrap().len()));
}

#[test]
fn the_issuer_table_of_rfc_9207() {
    let latest = Some(Revision::R20260728);
    let code = |query: &str, revision: Option<Revision>| {
        let mut play = Play::to_callback(revision);
        play.callback(query);
        play.stopped()
    };
    let refused = Some((StopCode::IssMismatch, true));
    assert_eq!(
        code("code=x&state=STATE&iss=https://as.example", latest),
        None
    );
    assert_eq!(code("code=x&state=STATE", latest), refused);
    assert_eq!(
        code("code=x&state=STATE&iss=https://evil.example", latest),
        refused
    );
    // Compared as text: neither case nor slash nor port is made equal.
    for other in [
        "https://AS.example",
        "https://as.example/",
        "https://as.example:443",
    ] {
        assert_eq!(
            code(&format!("code=x&state=STATE&iss={other}"), latest),
            refused,
            "{other}"
        );
    }
    // An error response with a foreign issuer is not to be acted on either.
    assert_eq!(
        code(
            "error=access_denied&state=STATE&iss=https://evil.example",
            latest
        ),
        refused
    );
    assert_eq!(code("code=x&state=STATE", Some(Revision::R20251125)), None);

    let mut silent = Play::new(latest);
    silent.challenged().resource(SERVER);
    silent
        .metadata(|body| body["authorization_response_iss_parameter_supported"] = false.into())
        .registered();
    silent.callback("code=x&state=STATE");
    assert!(matches!(silent.flow.step, Step::ExpectToken { .. }));
}

#[test]
fn nothing_of_a_callback_with_a_wrong_state_is_believed() {
    for query in [
        "code=x&state=wrong&iss=https://as.example",
        "code=x",
        "error=access_denied&state=",
        "code=x&state=STATEx",
    ] {
        let mut play = Play::to_callback(None);
        play.callback(query);
        assert_eq!(
            play.stopped(),
            Some((StopCode::StateMismatch, true)),
            "{query}"
        );
        assert!(!matches!(play.flow.step, Step::ExpectToken { .. }));
    }
    let mut denied = Play::to_callback(None);
    denied.callback("error=access_denied&error_description=no&state=STATE&iss=https://as.example");
    assert_eq!(
        denied.stopped(),
        Some((StopCode::AuthorizationError, false))
    );
    let mut empty = Play::to_callback(None);
    empty.callback("state=STATE&iss=https://as.example");
    assert_eq!(empty.stopped(), Some((StopCode::NoCode, false)));
}

#[test]
fn an_issuer_that_differs_by_a_slash_stops_and_going_on_is_marked() {
    let mut play = Play::new(None);
    play.challenged()
        .resource(SERVER)
        .metadata(|body| body["issuer"] = "https://as.example/".into());
    assert_eq!(play.stopped(), Some((StopCode::IssuerMismatch, true)));
    play.go_on();
    assert_eq!(play.flow.step, Step::ExpectListener);
    assert!(play.decisions.contains(&Decision::WentOnAnyway {
        code: StopCode::IssuerMismatch
    }));
}

#[test]
fn two_refusals_at_once_are_passed_one_by_one() {
    let mut play = Play::new(None);
    play.challenged().resource(SERVER).metadata(|body| {
        body["issuer"] = "https://as.example/".into();
        body.as_object_mut()
            .unwrap()
            .remove("code_challenge_methods_supported");
    });
    for code in [StopCode::IssuerMismatch, StopCode::PkceUnsupported] {
        assert_eq!(play.stopped(), Some((code, true)));
        play.go_on();
    }
    assert_eq!(play.flow.step, Step::ExpectListener);
}

#[test]
fn pkce_is_demanded_from_2025_11_25_on() {
    let without = |revision| {
        let mut play = Play::new(Some(revision));
        play.challenged().resource(SERVER);
        play.metadata(|body| {
            body["code_challenge_methods_supported"] = serde_json::json!(["plain"])
        });
        play.stopped()
    };
    assert_eq!(without(Revision::R20250618), None);
    assert_eq!(
        without(Revision::R20251125),
        Some((StopCode::PkceUnsupported, true))
    );
}

#[test]
fn a_foreign_resource_is_refused_and_a_parent_taken() {
    let stopped = |resource: &str| Play::new(None).challenged().resource(resource).stopped();
    assert_eq!(stopped("https://mcp.example"), None);
    assert_eq!(
        stopped("https://other.example/mcp"),
        Some((StopCode::ForeignResource, true))
    );
    assert_eq!(
        stopped("https://mcp.example/mcp2"),
        Some((StopCode::ForeignResource, true))
    );
}

#[test]
fn the_candidates_are_tried_in_order_and_each_is_an_exchange_of_its_own() {
    let mut play = Play::new(Some(Revision::R20251125));
    play.answer(401, &[], "");
    let url = |play: &Play| play.plan().request.url;
    assert_eq!(
        url(&play),
        "https://mcp.example/.well-known/oauth-protected-resource/mcp"
    );
    play.answer(404, &[], "");
    assert_eq!(play.last, Some(VerdictKind::MovedOn));
    assert_eq!(
        url(&play),
        "https://mcp.example/.well-known/oauth-protected-resource"
    );
    play.resource(SERVER);
    assert_eq!(
        url(&play),
        "https://as.example/.well-known/oauth-authorization-server"
    );
    play.answer(200, &[], "<!doctype html>");
    assert_eq!(
        url(&play),
        "https://as.example/.well-known/openid-configuration"
    );
    play.answer(500, &[], "");
    assert_eq!(play.stopped(), Some((StopCode::NoServerMetadata, true)));
}

#[test]
fn before_2025_06_18_the_mcp_origin_is_the_authorization_server() {
    let mut play = Play::new(Some(Revision::R20250326));
    assert!(matches!(play.plan().purpose, Purpose::Challenge { method } if method == "initialize"));
    play.answer(401, &[], "");
    assert_eq!(
        play.plan().request.url,
        "https://mcp.example/.well-known/oauth-authorization-server"
    );
    play.answer(404, &[], "");
    play.see(StepOutcome::Listening {
        redirect_uri: REDIRECT,
    });
    assert_eq!(play.plan().request.url, "https://mcp.example/register");
    play.json(201, &serde_json::json!({ "client_id": "c1" }));
    let authorize = play.plan().request.url;
    assert!(authorize.starts_with("https://mcp.example/authorize?"));
    assert!(
        !query_pairs(&authorize)
            .iter()
            .any(|pair| pair.name == "resource")
    );
}

#[test]
fn a_redirect_is_followed_hop_by_hop_and_not_for_ever() {
    let mut play = Play::new(None);
    play.challenged();
    for hop in 0..5 {
        let location = format!("/elsewhere/{hop}");
        play.answer(302, &[("location", &location)], "");
        assert_eq!(
            play.plan().request.url,
            format!("https://mcp.example/elsewhere/{hop}")
        );
    }
    play.answer(302, &[("location", "/again")], "");
    assert_eq!(
        play.plan().request.url,
        "https://mcp.example/.well-known/oauth-protected-resource"
    );
}

#[test]
fn the_limit_of_redirects_is_named_where_it_stops_the_flow_and_can_be_raised() {
    let moved = [("location", "/mcp/")];
    let mut play = Play::new(Some(Revision::R20251125));
    for _ in 0..6 {
        play.answer(307, &moved, "");
    }
    let Step::Stopped { message, .. } = &play.flow.step else {
        panic!("{:?}", play.flow.step);
    };
    assert!(message.contains("after 5 redirects") && message.contains("--max-redirects"));
    assert!(play.decisions.iter().any(|decision| matches!(
        decision,
        Decision::Stopped { message: said, .. } if said == message
    )));

    let mut raised = Play::new(Some(Revision::R20251125));
    raised.setup.limits.redirects = 6;
    for _ in 0..6 {
        raised.answer(307, &moved, "");
    }
    assert_eq!(raised.plan().request.url, "https://mcp.example/mcp/");
    // An answer that is no redirect says nothing of a limit.
    let stopped = raised.answer(404, &[], "").flow.step.clone();
    let Step::Stopped { message, .. } = stopped else {
        panic!("{stopped:?}");
    };
    assert!(!message.contains("limit"), "{message}");
}

#[test]
fn a_post_is_redirected_within_its_origin_only_and_never_as_a_get() {
    let mut play = Play::new(Some(Revision::R20251125));
    play.answer(307, &[("location", "/mcp/")], "");
    assert_eq!(
        (
            play.plan().request.method.as_str(),
            play.plan().request.url.as_str()
        ),
        ("POST", "https://mcp.example/mcp/")
    );
    play.answer(307, &[("location", "https://evil.example/mcp")], "");
    assert_eq!(
        play.stopped().map(|(code, _)| code),
        Some(StopCode::NotAnMcpServer)
    );
    let mut moved = Play::new(Some(Revision::R20251125));
    moved.answer(301, &[("location", "/mcp/")], "");
    assert_eq!(
        moved.stopped().map(|(code, _)| code),
        Some(StopCode::NotAnMcpServer)
    );
}

#[test]
fn a_server_of_an_earlier_era_is_tried_with_initialize() {
    let mut play = Play::new(None);
    assert!(
        matches!(play.plan().purpose, Purpose::Challenge { method } if method == "server/discover")
    );
    play.answer(400, &[], "Bad Request: no valid session");
    assert!(matches!(play.plan().purpose, Purpose::Challenge { method } if method == "initialize"));
    play.answer(404, &[], "<html>");
    assert_eq!(
        play.stopped().map(|(code, _)| code),
        Some(StopCode::NotAnMcpServer)
    );

    let mut offered = Play::new(None);
    let error = serde_json::json!({ "error": { "code": -32022, "message": "no", "data": { "supported": ["2025-11-25"] } } });
    offered.json(400, &error);
    assert_eq!(offered.flow.facts.revision, Revision::R20251125);
}

#[test]
fn a_server_that_takes_no_token_does_not_keep_the_flow_going() {
    let mut play = Play::to_callback(Some(Revision::R20260728));
    play.callback("code=x&state=STATE&iss=https://as.example");
    let tokens =
        serde_json::json!({ "access_token": "a", "token_type": "Bearer", "refresh_token": "r" });
    let info = serde_json::json!({ "result": { "supportedVersions": ["2026-07-28"] } });
    for round in 0.. {
        assert!(round < 10, "it goes round for ever");
        play.json(200, &tokens);
        play.json(200, &info);
        play.answer(
            401,
            &[("www-authenticate", "Bearer error=\"invalid_token\"")],
            "",
        );
        if play.stopped().is_some() {
            break;
        }
    }
    assert_eq!(play.stopped(), Some((StopCode::TokenNotAccepted, false)));
}

#[test]
fn a_transport_failure_stops_where_the_answer_is_needed() {
    let mut play = Play::new(None);
    let request = play.plan().request;
    let failure = Failure {
        kind: FailureKind::Refused,
        message: "mcp.example:443 refused".into(),
    };
    play.see(StepOutcome::Answer {
        request: &request,
        outcome: &Outcome::Failure(failure),
    });
    assert_eq!(play.stopped(), Some((StopCode::Transport, false)));
}

#[test]
fn client_authentication_follows_what_was_agreed() {
    let token_request = |registration: serde_json::Value| {
        let mut play = Play::new(None);
        play.challenged().resource(SERVER).metadata(|_| {});
        play.see(StepOutcome::Listening {
            redirect_uri: REDIRECT,
        });
        play.json(201, &registration);
        play.callback("code=x&state=STATE&iss=https://as.example");
        play.plan().request
    };
    let secret = |method: &str| serde_json::json!({ "client_id": "c:1", "client_secret": "s/1", "token_endpoint_auth_method": method });
    let basic = token_request(secret("client_secret_basic"));
    // RFC 6749 section 2.3.1: both parts form-encoded.
    assert_eq!(
        basic.header_value("authorization"),
        Some("Basic YyUzQTE6cyUyRjE=")
    );
    assert!(!basic.body.text().unwrap().contains("client_secret"));
    let post = token_request(secret("client_secret_post"));
    assert!(post.body.text().unwrap().contains("client_secret=s%2F1"));
    let none = token_request(
        serde_json::json!({ "client_id": "c", "token_endpoint_auth_method": "none" }),
    );
    assert!(none.body.text().unwrap().contains("client_id=c"));
    assert_eq!(none.header_value("authorization"), None);
}

#[test]
fn asking_what_comes_next_gives_the_same_each_time_and_signing_does_not() {
    let mut play = Play::new(None);
    play.setup.dpop = true;
    play.challenged()
        .resource(SERVER)
        .metadata(|_| {})
        .registered();
    play.callback("code=x&state=STATE&iss=https://as.example");
    let plan = play.plan();
    assert_eq!(plan, play.plan());
    assert_eq!(plan.request.header_value("dpop"), Some(flow::UNSIGNED));
    let mut env = support::env();
    let proofs = [plan.sign(&mut env), plan.sign(&mut env)]
        .map(|request| request.header_value("dpop").unwrap().to_owned());
    assert_ne!(proofs[0], proofs[1]);
    // What is not signed is sent as it is shown.
    let plain = Play::new(None).plan();
    assert_eq!(plain.sign(&mut env), plain.request);
}

#[test]
fn going_on_anyway_takes_the_answer_as_of_the_time_it_came() {
    let mut play = Play::to_callback(None);
    play.callback("code=x&state=STATE&iss=https://as.example");
    let request = play.plan().request;
    let form = "access_token=a&expires_in=60";
    let outcome = support::response(200, &[], form);
    play.see(StepOutcome::Answer {
        request: &request,
        outcome: &outcome,
    });
    assert_eq!(play.stopped(), Some((StopCode::InvalidTokenResponse, true)));
    assert!(play.flow.facts.tokens.is_none());
    let flow = play.flow.clone();
    let mut env = support::env();
    env.now = trace::Timestamp(500_000_000);
    let further = flow.go_on_anyway(&play.setup, &mut env).expect("a way on");
    let tokens = further.flow.facts.tokens.expect("the tokens are taken");
    assert_eq!(tokens.expires_at, Some(trace::Timestamp(61_000_000)));
    assert!(matches!(
        further.decisions[0],
        Decision::WentOnAnyway { .. }
    ));
    // A state is a value: the earlier one is still there to go back to.
    assert_eq!(play.stopped(), Some((StopCode::InvalidTokenResponse, true)));
}

#[test]
fn no_request_goes_nowhere_whatever_the_metadata_names() {
    for url in ["", "/token", "javascript:alert(1)", "file:///etc/passwd"] {
        for field in [
            "authorization_endpoint",
            "token_endpoint",
            "registration_endpoint",
        ] {
            let mut play = Play::new(None);
            play.challenged()
                .resource(SERVER)
                .metadata(|body| body[field] = url.into());
            play.see(StepOutcome::Listening {
                redirect_uri: REDIRECT,
            });
            assert_eq!(
                play.stopped(),
                Some((StopCode::MissingEndpoint, false)),
                "{field} {url}"
            );
        }
    }
}
