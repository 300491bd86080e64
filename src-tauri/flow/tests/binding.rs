//! Credentials go to the authorization server they are for. Anything else takes the user's consent.

mod support;

use flow::options::{GrantChoice, IdentityProvider, Registration};
use flow::{Action, Plan, Step};
use serde_json::{Value, json};
use support::{ISSUER, Play, REDIRECT, SERVER};
use trace::{ActionKind, Decision, Revision, StopCode};

const ELSEWHERE: &str = "https://tokens.example";

const HELD: Option<(StopCode, bool)> = Some((StopCode::CredentialsElsewhere, true));
const UNBOUND: Option<(StopCode, bool)> = Some((StopCode::IssuerNotConfirmed, true));

fn with_secret(secret: &str) -> Registration {
    Registration::Preregistered {
        client_id: "mine".into(),
        client_secret: Some(secret.into()),
        private_key_file: None,
        alg: None,
    }
}

/// A run that asks this issuer for a token with a secret the user entered.
fn entered(issuer: &str, change: impl FnOnce(&mut Play)) -> Play {
    let mut play = Play::new(Some(Revision::R20251125));
    play.setup.grant = GrantChoice::ClientCredentials;
    play.setup.registration = with_secret("entered-1");
    change(&mut play);
    play.challenged();
    play.json(
        200,
        &json!({ "resource": SERVER, "authorization_servers": [issuer] }),
    );
    let metadata = json!({ "issuer": issuer, "token_endpoint": format!("{issuer}/token") });
    play.json(200, &metadata);
    play
}

/// A public client's run up to the code, with what `change` makes of the metadata. A refusal of
/// another issuer is ignored.
fn with_code(revision: Revision, change: impl FnOnce(&mut Value)) -> Play {
    let mut play = Play::new(Some(revision));
    come_to_the_code(&mut play, change);
    play
}

fn come_to_the_code(play: &mut Play, change: impl FnOnce(&mut Value)) {
    play.challenged().resource(SERVER).metadata(change);
    if play.stopped() == Some((StopCode::IssuerMismatch, true)) {
        play.go_on();
    }
    play.registered();
    play.callback("code=code-1&state=STATE&iss=https://as.example");
}

fn carries(plan: &Plan, secret: &str) -> bool {
    let names = plan.credentials.iter().map(|it| it.value.expose());
    names.into_iter().any(|value| value == secret)
}

#[test]
fn an_entered_secret_goes_to_no_issuer_that_the_user_did_not_name() {
    let mut play = entered(ISSUER, |_| {});
    assert_eq!(play.stopped(), UNBOUND);
    let Step::Stopped { message, .. } = &play.flow.step else {
        unreachable!()
    };
    assert!(message.contains("--issuer https://as.example"), "{message}");
    assert!(!message.contains("entered-1"), "{message}");
    assert!(play.try_plan().is_none());
    play.go_on();
    let plan = play.plan();
    assert!(carries(&plan, "entered-1") && plan.credentials[0].may_go_to(ISSUER));
    let went_on = Decision::WentOnAnyway {
        code: StopCode::IssuerNotConfirmed,
    };
    assert!(play.decisions.contains(&went_on));
}

#[test]
fn an_entered_secret_goes_to_the_issuer_that_the_user_named_and_to_this_machine() {
    let named = entered(ISSUER, |play| play.setup.issuer = Some(ISSUER.into()));
    assert!(carries(&named.plan(), "entered-1"));
    let allowed = entered(ISSUER, |play| {
        play.setup.allow_credentials_to = Some(format!("https://a.example {ISSUER}/"));
    });
    assert!(carries(&allowed.plan(), "entered-1"));
    for issuer in [
        "http://127.0.0.1:9000",
        "http://localhost:9000",
        "http://[::1]:9000",
        "http://as.localhost",
    ] {
        assert!(
            carries(&entered(issuer, |_| {}).plan(), "entered-1"),
            "{issuer}"
        );
    }
    for issuer in [
        "https://127.0.0.1.evil.example",
        "http://localhost.evil.example",
    ] {
        assert_eq!(entered(issuer, |_| {}).stopped(), UNBOUND, "{issuer}");
    }
}

#[test]
fn an_assertion_of_a_private_key_is_bound_as_a_secret_is() {
    let with_key = |play: &mut Play| {
        play.setup.registration = Registration::Preregistered {
            client_id: "mine".into(),
            client_secret: None,
            private_key_file: Some("key.pem".into()),
            alg: None,
        };
        play.setup.private_key = Some(jose::SigningKey::from_random(&[7; 32]));
    };
    let play = entered(ISSUER, with_key);
    assert_eq!(play.stopped(), UNBOUND);
    let Step::Stopped { message, .. } = &play.flow.step else {
        unreachable!()
    };
    assert!(
        message.starts_with("The private key was entered"),
        "{message}"
    );
    let named = |play: &mut Play| {
        with_key(play);
        play.setup.issuer = Some(ISSUER.into());
    };
    assert!(carries(&entered(ISSUER, named).plan(), flow::UNSIGNED));
    assert_eq!(entered("http://localhost:9000", with_key).stopped(), None);

    // Metadata that is not the issuer's own leads the assertion to nobody.
    let mut astray = Play::new(Some(Revision::R20251125));
    astray.setup.grant = GrantChoice::ClientCredentials;
    named(&mut astray);
    astray.challenged().resource(SERVER);
    astray.json(
        200,
        &json!({ "issuer": "https://other.example", "token_endpoint": format!("{ELSEWHERE}/token") }),
    );
    assert_eq!(astray.stopped(), Some((StopCode::IssuerMismatch, true)));
    astray.go_on();
    assert_eq!(astray.stopped(), HELD);
    let Step::Stopped { message, .. } = &astray.flow.step else {
        unreachable!()
    };
    assert!(
        message.starts_with("The client assertion would go to"),
        "{message}"
    );
}

#[test]
fn without_a_secret_there_is_nothing_to_bind() {
    let mut play = Play::new(Some(Revision::R20251125));
    play.setup.registration = Registration::Preregistered {
        client_id: "mine".into(),
        client_secret: None,
        private_key_file: None,
        alg: None,
    };
    play.challenged().resource(SERVER).metadata(|_| {});
    play.see(flow::StepOutcome::Listening {
        redirect_uri: REDIRECT,
    });
    play.callback("code=code-1&state=STATE&iss=https://as.example");
    assert_eq!(play.stopped(), None);
}

#[test]
fn an_initial_access_token_and_an_assertion_are_entered_too() {
    let mut play = Play::new(Some(Revision::R20251125));
    play.setup.initial_access_token = Some("initial-1".into());
    play.challenged().resource(SERVER).metadata(|_| {});
    play.see(flow::StepOutcome::Listening {
        redirect_uri: REDIRECT,
    });
    assert_eq!(play.stopped(), UNBOUND);
    play.go_on();
    assert!(carries(&play.plan(), "initial-1"));

    let assertion = |play: &mut Play| {
        play.setup.grant = GrantChoice::JwtBearer {
            assertion: "vouch-1".into(),
        };
        play.setup.registration = Registration::Preregistered {
            client_id: "mine".into(),
            client_secret: None,
            private_key_file: None,
            alg: None,
        };
    };
    assert_eq!(entered(ISSUER, assertion).stopped(), UNBOUND);
    let named = entered(ISSUER, |play| {
        assertion(play);
        play.setup.issuer = Some(ISSUER.into());
    });
    assert!(carries(&named.plan(), "vouch-1"));
}

#[test]
fn endpoints_of_another_origin_need_metadata_that_the_issuer_vouches_for() {
    let elsewhere = |metadata: &mut Value| {
        metadata["token_endpoint"] = format!("{ELSEWHERE}/token").into();
    };
    let vouched = with_code(Revision::R20251125, elsewhere);
    assert!(carries(&vouched.plan(), "code-1"));
    for revision in [Revision::R20250618, Revision::R20251125] {
        let mut waived = with_code(revision, |metadata| {
            metadata["issuer"] = "https://other.example".into();
            elsewhere(metadata);
        });
        assert_eq!(waived.stopped(), HELD, "{revision:?}");
        let Step::Stopped { message, .. } = &waived.flow.step else {
            unreachable!()
        };
        let flag = format!("--allow-credentials-to {ELSEWHERE}");
        assert!(message.contains(&flag), "{message}");
        waived.go_on();
        assert!(carries(&waived.plan(), "code-1"));
    }
    let mut allowed = Play::new(Some(Revision::R20251125));
    allowed.setup.allow_credentials_to = Some(ELSEWHERE.into());
    come_to_the_code(&mut allowed, |metadata| {
        metadata["issuer"] = "https://other.example".into();
        elsewhere(metadata);
    });
    assert!(carries(&allowed.plan(), "code-1"));
    // What is at the issuer itself is the issuer's.
    let own = with_code(Revision::R20251125, |metadata| {
        metadata["issuer"] = "https://as.example/".into();
    });
    assert!(carries(&own.plan(), "code-1"));
}

#[test]
fn consent_to_one_origin_is_none_to_the_next() {
    let mut play = with_code(Revision::R20251125, |metadata| {
        metadata["issuer"] = "https://other.example".into();
        metadata["token_endpoint"] = format!("{ELSEWHERE}/token").into();
        metadata["revocation_endpoint"] = "https://revoke.example/".into();
    });
    play.go_on();
    play.json(
        200,
        &json!({ "access_token": "access-1", "token_type": "Bearer" }),
    );
    play.answer(500, &[], "");
    assert!(matches!(
        play.flow.step,
        Step::Stopped { .. } | Step::Done { .. }
    ));
    let action = Action {
        kind: ActionKind::Revoke,
        call: None,
    };
    let begun = play
        .flow
        .clone()
        .act(&play.setup, action)
        .expect("possible");
    play.take(begun);
    assert_eq!(play.stopped(), HELD);
    play.go_on();
    assert_eq!(play.plan().request.url, "https://revoke.example/");
}

#[test]
fn plain_http_outside_this_machine_takes_consent_unless_the_user_wrote_it() {
    let plain = |metadata: &mut Value| {
        metadata["token_endpoint"] = "http://as.example/token".into();
    };
    let mut play = with_code(Revision::R20251125, plain);
    assert_eq!(play.stopped(), HELD);
    play.go_on();
    assert!(carries(&play.plan(), "code-1"));
    let here = with_code(Revision::R20251125, |metadata| {
        metadata["token_endpoint"] = "http://127.0.0.1:7/token".into();
    });
    assert!(carries(&here.plan(), "code-1"));

    let issuer = "http://keycloak:8080";
    assert_eq!(entered(issuer, |_| {}).stopped(), UNBOUND);
    let typed = entered(issuer, |play| play.setup.issuer = Some(issuer.into()));
    assert!(carries(&typed.plan(), "entered-1"));
}

#[test]
fn a_registration_is_managed_where_the_metadata_says_or_not_at_all() {
    let managed = |uri: &str| {
        let mut play = Play::to_callback_as(
            Some(Revision::R20251125),
            &json!({
                "client_id": "c1",
                "token_endpoint_auth_method": "none",
                "registration_client_uri": uri,
                "registration_access_token": "manage-1",
            }),
        );
        play.callback("code=code-1&state=STATE&iss=https://as.example");
        play.json(
            200,
            &json!({ "access_token": "access-1", "token_type": "Bearer" }),
        );
        play.answer(500, &[], "");
        let action = Action {
            kind: ActionKind::DeleteRegistration,
            call: None,
        };
        let begun = play
            .flow
            .clone()
            .act(&play.setup, action)
            .expect("possible");
        play.take(begun);
        play
    };
    assert!(carries(
        &managed("https://as.example/clients/c1").plan(),
        "manage-1"
    ));
    let mut held = managed("https://evil.example/clients/c1");
    assert_eq!(held.stopped(), HELD);
    held.go_on();
    assert!(carries(&held.plan(), "manage-1"));
}

#[test]
fn an_identity_provider_gets_the_id_token_where_it_vouches_for_the_endpoint() {
    let managed = |issuer: &str, endpoint: &str| {
        let mut play = entered(ISSUER, |play| {
            play.setup.grant = GrantChoice::EnterpriseManaged(IdentityProvider {
                id_token: "who-1".into(),
                client_id: "idp-client".into(),
                client_secret: Some("idp-1".into()),
                issuer: Some("https://idp.example".into()),
                token_endpoint: None,
            });
            play.setup.issuer = Some(ISSUER.into());
        });
        play.json(
            200,
            &json!({ "issuer": issuer, "token_endpoint": endpoint }),
        );
        play
    };
    let own = managed("https://other.example", "https://idp.example/t");
    assert!(carries(&own.plan(), "who-1"));
    let vouched = managed("https://idp.example", "https://sts.example/t");
    assert!(carries(&vouched.plan(), "idp-1"));
    assert_eq!(
        managed("https://other.example", "https://sts.example/t").stopped(),
        HELD
    );
    assert_eq!(
        managed("https://idp.example", "http://idp.example/t").stopped(),
        HELD
    );
}

#[test]
fn after_a_move_the_old_tokens_do_not_go_to_the_new_server() {
    let mut play = with_code(Revision::R20251125, |metadata| {
        metadata["introspection_endpoint"] = "https://as.example/introspect".into();
    });
    play.json(
        200,
        &json!({ "access_token": "access-1", "token_type": "Bearer" }),
    );
    let plan = play.plan();
    assert!(plan.credentials[0].may_go_to("https://as.example/introspect"));
    play.flow.facts.issuer = Some("https://new.example".into());
    let plan = play.plan();
    assert!(plan.credentials[0].may_go_to(SERVER));
    assert!(!plan.credentials[0].may_go_to("https://as.example/introspect"));
}
