//! No request carries a credential to an origin that it was not issued for.

mod support;

use flow::{Plan, StepOutcome};
use serde_json::json;
use support::{ISSUER, Play, SERVER};
use trace::{Request, Revision, origin_of};

const EVIL: &str = "https://evil.example/mcp";

/// What must not be in a request to another origin.
const SECRETS: [&str; 7] = [
    "access-1",
    "refresh-1",
    "secret-1",
    "session-1",
    "code-1",
    "manage-1",
    "eyJ",
];

fn play(revision: Revision) -> Play {
    let mut play = Play::to_callback_as(
        Some(revision),
        &json!({
            "client_id": "c1",
            "client_secret": "secret-1",
            "token_endpoint_auth_method": "client_secret_post",
            "registration_client_uri": "https://as.example/register/c1",
            "registration_access_token": "manage-1",
        }),
    );
    play.callback("code=code-1&state=STATE&iss=https://as.example");
    play
}

fn with_token(revision: Revision) -> Play {
    let mut play = play(revision);
    play.json(
        200,
        &json!({
            "access_token": "access-1", "refresh_token": "refresh-1", "token_type": "DPoP",
        }),
    );
    play
}

fn all_of(request: &Request) -> String {
    let headers: Vec<String> = request
        .headers
        .iter()
        .map(|header| header.value.clone())
        .collect();
    let body = request.body.text().unwrap_or_default();
    format!("{} {} {body}", request.url, headers.join(" "))
}

/// Redirects the present request with this status until it is somewhere else, or refused.
fn redirected(play: &mut Play, status: u16, to: &str) -> Option<Plan> {
    let before = play.plan();
    play.answer(status, &[("location", to)], "");
    let after = play.try_plan()?;
    (after.request.url == to && after.purpose == before.purpose).then_some(after)
}

fn assert_clean(plan: &Plan) {
    let text = all_of(&plan.request);
    for secret in SECRETS {
        assert!(
            !text.contains(secret),
            "{secret} goes to {}",
            plan.request.url
        );
    }
    assert!(plan.credentials.is_empty(), "{:?}", plan.credentials);
}

#[test]
fn no_redirect_takes_a_credential_to_another_origin() {
    for status in [301, 302, 303, 307, 308] {
        // Calls to the MCP server, with and without a token.
        let mut first = Play::new(Some(Revision::R20251125));
        if let Some(plan) = redirected(&mut first, status, EVIL) {
            assert_clean(&plan);
        }
        for revision in [Revision::R20251125, Revision::R20260728] {
            let mut call = with_token(revision);
            assert!(all_of(&call.plan().request).contains("access-1"));
            assert!(redirected(&mut call, status, EVIL).is_none(), "{status}");
        }
        // The metadata documents.
        let mut metadata = Play::new(None);
        metadata.challenged();
        assert_clean(&redirected(&mut metadata, status, EVIL).expect("a GET is followed"));
        // The token request, and the registration.
        let mut token = play(Revision::R20251125);
        assert!(redirected(&mut token, status, EVIL).is_none(), "{status}");
    }
}

#[test]
fn the_request_that_resumes_a_stream_is_followed_without_its_credentials() {
    for status in [301, 302, 303, 307, 308] {
        let mut play = with_token(Revision::R20251125);
        let initialized = json!({ "result": { "protocolVersion": "2025-11-25" } });
        play.answer(
            200,
            &[("mcp-session-id", "session-1")],
            &initialized.to_string(),
        );
        play.answer(202, &[], "");
        play.stream("id: 1\nretry: 1\ndata:\n\n");
        let resumed = play.plan();
        assert_eq!(
            (
                resumed.request.method.as_str(),
                resumed.request.url.as_str()
            ),
            ("GET", SERVER)
        );
        assert!(all_of(&resumed.request).contains("access-1"));
        let followed = redirected(&mut play, status, EVIL).expect("a GET is followed");
        assert_clean(&followed);
        // Nor do they come back with a redirect that leads back.
        assert_clean(&redirected(&mut play, status, SERVER).expect("followed"));
    }
}

#[test]
fn within_its_origin_a_redirect_keeps_the_token() {
    let mut play = with_token(Revision::R20251125);
    let plan = redirected(&mut play, 307, "https://mcp.example/mcp/").expect("followed");
    assert!(all_of(&plan.request).contains("access-1"));
    assert_eq!(plan.credentials[0].origins[0], "https://mcp.example");
}

#[test]
fn a_request_says_what_it_carries_and_where_that_may_go() {
    let play = play(Revision::R20251125);
    let names = |plan: &Plan| -> Vec<String> {
        plan.credentials.iter().map(|it| it.name.clone()).collect()
    };
    let token = play.plan();
    assert_eq!(
        names(&token),
        ["client secret", "authorization code", "code verifier"]
    );
    for credential in &token.credentials {
        assert_eq!(credential.origins, [ISSUER], "{}", credential.name);
        assert!(credential.may_go_to(&token.request.url));
    }
    let call = with_token(Revision::R20251125).plan();
    assert_eq!(names(&call), ["access token"]);
    assert!(call.credentials[0].may_go_to(SERVER));
    assert!(!call.credentials[0].may_go_to(EVIL));
    assert!(names(&Play::new(None).plan()).is_empty());
}

#[test]
fn endpoints_of_another_origin_belong_to_the_authorization_server() {
    let mut play = Play::new(Some(Revision::R20251125));
    play.challenged().resource(SERVER).metadata(|body| {
        body["token_endpoint"] = "https://tokens.example/t".into();
    });
    play.registered();
    play.callback("code=code-1&state=STATE&iss=https://as.example");
    let plan = play.plan();
    assert_eq!(
        origin_of(&plan.request.url).as_deref(),
        Some("https://tokens.example")
    );
    for credential in &plan.credentials {
        assert!(
            credential.may_go_to(&plan.request.url),
            "{}",
            credential.name
        );
        assert!(!credential.may_go_to(SERVER), "{}", credential.name);
    }
}

/// Where the client registers next, with this token.
fn registering(revision: Revision) -> Play {
    let mut play = Play::new(Some(revision));
    play.setup.initial_access_token = Some("initial-1".into());
    play.setup.issuer = Some(ISSUER.into());
    play.challenged().resource(SERVER).metadata(|_| {});
    play.see(StepOutcome::Listening {
        redirect_uri: support::REDIRECT,
    });
    play
}

#[test]
fn the_initial_access_token_goes_to_the_registration_endpoint_alone() {
    let mut play = registering(Revision::R20251125);
    let registration = play.plan();
    assert_eq!(
        registration.request.header_value("authorization"),
        Some("Bearer initial-1")
    );
    let [credential] = &registration.credentials[..] else {
        panic!("{:?}", registration.credentials)
    };
    assert_eq!(credential.name, "initial access token");
    assert_eq!(credential.origins, [ISSUER]);
    assert!(!credential.may_go_to(EVIL));
    play.json(
        201,
        &json!({ "client_id": "c1", "token_endpoint_auth_method": "none" }),
    );
    assert!(!all_of(&play.plan().request).contains("initial-1"));
    play.callback("code=code-1&state=STATE&iss=https://as.example");
    assert!(!all_of(&play.plan().request).contains("initial-1"));
}

#[test]
fn no_redirect_takes_the_initial_access_token_to_another_origin() {
    for status in [301, 302, 303, 307, 308] {
        let mut play = registering(Revision::R20251125);
        play.answer(status, &[("location", EVIL)], "");
        let next = play.try_plan();
        assert!(next.is_none_or(|plan| plan.request.url != EVIL), "{status}");
        assert!(play.stopped().is_some(), "{status}");
    }
    let mut within = registering(Revision::R20251125);
    let to = "https://as.example/clients";
    let plan = redirected(&mut within, 307, to).expect("followed");
    assert!(all_of(&plan.request).contains("initial-1"));
    assert_eq!(plan.credentials[0].origins, [ISSUER]);
}

#[test]
fn what_the_user_changed_is_not_redirected_with_the_token_either() {
    let mut play = with_token(Revision::R20251125);
    let edited = Request {
        url: EVIL.into(),
        ..play.plan().request
    };
    let outcome = support::response(307, &[("location", "https://evil.example/again")], "");
    play.see(StepOutcome::Answer {
        request: &edited,
        outcome: &outcome,
    });
    assert_clean(&play.plan());
}
