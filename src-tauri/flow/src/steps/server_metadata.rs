//! Authorization server metadata: where its endpoints are and what it can do (RFC 8414).

use trace::{
    Decision, Grant, Outcome, Phase, Purpose, Request, Revision, ServerMetadata, StopCode, Verdict,
    WellKnown,
};

use crate::endpoint::Endpoint;
use crate::metadata_request::metadata_request;
use crate::options::Registration;
use crate::plan::{Env, Plan};
use crate::routes::client::auth_method;
use crate::routes::discovery::server_metadata_step;
use crate::routes::issuer::{with_metadata, without_metadata};
use crate::setup::Setup;
use crate::state::Flow;
use crate::transition::Transition;

pub(crate) fn request(
    flow: &Flow,
    issuer: &str,
    well_known: WellKnown,
    url: &Endpoint,
    attempt: usize,
) -> Plan {
    let why = match (attempt, well_known) {
        (0, _) => {
            "It says where to register, authorize and get a token. This is the first place to look."
        }
        (_, WellKnown::OidcAppended) => {
            "Not found yet: OpenID Connect appends the well-known path to the issuer."
        }
        _ => "Not found yet: OpenID Connect has a well-known document of its own.",
    };
    let issuer = issuer.to_owned();
    Plan::new(
        Phase::ServerMetadata,
        Purpose::ServerMetadata { issuer, well_known },
        ("Read the authorization server's metadata", why),
        "",
        metadata_request(&flow.facts, url),
    )
}

pub(crate) fn judge(
    mut flow: Flow,
    setup: &Setup,
    (issuer, attempt): (&str, usize),
    request: &Request,
    outcome: &Outcome,
    env: &mut Env<'_>,
) -> Transition {
    let read = match outcome {
        Outcome::Response(response) => {
            ServerMetadata::read(response).map_err(|error| error.to_string())
        }
        Outcome::Failure(failure) => Err(failure.message.clone()),
    };
    let metadata = match read {
        Ok(metadata) => metadata,
        Err(why) => {
            return match server_metadata_step(&flow.facts, issuer, attempt + 1) {
                Some(next) => Transition::to(flow, next, Verdict::moved_on(why)),
                None => without_metadata(flow, setup, issuer, &why, env),
            };
        }
    };
    flow.facts.server_metadata_from = Some(request.url.clone());
    let claimed = metadata.issuer.as_deref();
    let named = claimed.map_or("none".to_owned(), |claimed| format!("\"{claimed}\""));
    let words = if claimed == Some(issuer) {
        let pkce = if pkce_s256(&metadata) {
            "S256 ✓"
        } else {
            "no S256"
        };
        format!("issuer ✓ {pkce}")
    } else if !flow.facts.revision.at_least(Revision::R20250618) {
        // 2025-03-26 knows no issuer to compare with, only the origin it looked at: that is a
        // finding, not a refusal.
        format!("issuer {named}")
    } else if flow.facts.waives(StopCode::IssuerMismatch) {
        format!("issuer {named}, used anyway")
    } else {
        let message = format!(
            "The metadata's issuer is {named}, the resource metadata names \"{issuer}\": a client must not use it."
        );
        return Transition::refuse(flow, StopCode::IssuerMismatch, "issuer differs", message);
    };
    accept(flow, setup, metadata, Verdict::accepted(words), env)
}

fn accept(
    mut flow: Flow,
    setup: &Setup,
    metadata: ServerMetadata,
    verdict: Verdict,
    env: &mut Env<'_>,
) -> Transition {
    let pkce = pkce_s256(&metadata);
    let listed = metadata.code_challenge_methods_supported.clone();
    flow.facts.server_metadata = Some(metadata);
    let ready = with_metadata(flow.clone(), setup, verdict, env);
    let facts = &flow.facts;
    // From 2025-11-25 on a client must refuse; before, PKCE is used without being advertised. Only
    // the code needs it.
    let asked_for = facts.queue.action.is_some() && facts.step_up.resume.is_none();
    let needed = ready.flow.facts.grant == Grant::AuthorizationCode && !asked_for;
    let demanded = needed && facts.revision.at_least(Revision::R20251125);
    if pkce || !demanded || ready.is_stopped() || facts.waives(StopCode::PkceUnsupported) {
        return ready;
    }
    let (short, message) = match listed {
        None => (
            "PKCE not advertised",
            "code_challenge_methods_supported is absent: a client must refuse to go on without it."
                .to_owned(),
        ),
        Some(methods) => (
            "S256 not offered",
            format!(
                "code_challenge_methods_supported is [{}]: S256 is missing, so a client must refuse to go on.",
                methods.join(", ")
            ),
        ),
    };
    // Looking for a client also shows whether the flow would have stopped at the next step.
    let client = known_client(&flow, setup);
    Transition::refuse(flow, StopCode::PkceUnsupported, short, message).after(client)
}

/// The client that was arranged by hand.
fn known_client(flow: &Flow, setup: &Setup) -> Option<Decision> {
    let Registration::Preregistered {
        client_id,
        client_secret,
        ..
    } = &setup.registration
    else {
        return None;
    };
    let (has_secret, has_key) = (client_secret.is_some(), setup.private_key.is_some());
    Some(Decision::Client {
        client_id: client_id.clone(),
        how: "pre-registered".into(),
        auth_method: auth_method(&flow.facts, setup, has_secret, has_key),
        issuer: None,
    })
}

fn pkce_s256(metadata: &ServerMetadata) -> bool {
    let methods = metadata.code_challenge_methods_supported.as_deref();
    methods.is_some_and(|methods| methods.iter().any(|method| method == "S256"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;
    use crate::step::Step;
    use crate::testing::{ISSUER, answer, endpoint, setup, stopped, with_env};

    fn here(revision: Revision, waived: &[StopCode]) -> Flow {
        let mut facts = Facts::new(Some(revision));
        facts.issuer = Some(ISSUER.into());
        facts.waived = waived.to_vec();
        Flow::at(Step::ExpectTools, facts)
    }

    fn judged(flow: Flow, attempt: usize, status: u16, body: &str) -> Transition {
        let request = Request::new("GET", "https://as.example/metadata");
        let outcome = answer(status, body);
        with_env(|env| judge(flow, &setup(), (ISSUER, attempt), &request, &outcome, env))
    }

    fn document(issuer: &str, methods: &str) -> String {
        format!(
            r#"{{"issuer":"{issuer}","authorization_endpoint":"{ISSUER}/a","token_endpoint":"{ISSUER}/t",
            "code_challenge_methods_supported":{methods}}}"#
        )
    }

    #[test]
    fn the_request_names_issuer_and_revision() {
        let url = endpoint("/.well-known/oauth-authorization-server");
        let flow = here(Revision::R20251125, &[]);
        let plan = request(&flow, ISSUER, WellKnown::OauthInserted, &url, 0);
        assert_eq!(
            plan.request.header_value("mcp-protocol-version"),
            Some("2025-11-25")
        );
        assert!(matches!(plan.purpose, Purpose::ServerMetadata { issuer, .. } if issuer == ISSUER));
    }

    #[test]
    fn the_issuer_is_compared_byte_for_byte_from_2025_06_18_on() {
        let s256 = r#"["S256"]"#;
        let judge = |revision, issuer| judged(here(revision, &[]), 0, 200, &document(issuer, s256));
        assert_eq!(
            judge(Revision::R20251125, ISSUER).flow.step,
            Step::ExpectListener
        );
        for other in ["https://as.example/", "https://AS.example", ""] {
            let refused = judge(Revision::R20250618, other);
            assert_eq!(
                stopped(&refused),
                Some((StopCode::IssuerMismatch, true)),
                "{other}"
            );
            assert_eq!(
                refused.flow.facts.server_metadata, None,
                "nothing of it is believed"
            );
            assert_eq!(
                judge(Revision::R20250326, other).flow.step,
                Step::ExpectListener
            );
        }
    }

    #[test]
    fn pkce_is_demanded_from_2025_11_25_on_unless_the_user_goes_on() {
        let judge = |revision, waived: &[StopCode]| {
            stopped(&judged(
                here(revision, waived),
                0,
                200,
                &document(ISSUER, "[\"plain\"]"),
            ))
        };
        assert_eq!(judge(Revision::R20250618, &[]), None);
        let refused = Some((StopCode::PkceUnsupported, true));
        assert_eq!(judge(Revision::R20251125, &[]), refused);
        assert_eq!(
            judge(Revision::R20251125, &[StopCode::PkceUnsupported]),
            None
        );
    }

    #[test]
    fn without_metadata_it_stops_or_takes_the_default_endpoints() {
        for (status, body) in [
            (404, ""),
            (200, "<html>"),
            (200, "null"),
            (200, r#"{"issuer":7}"#),
        ] {
            let next = judged(here(Revision::R20251125, &[]), 0, status, body);
            assert!(matches!(
                next.flow.step,
                Step::ExpectServerMetadata { attempt: 1, .. }
            ));
            let end = judged(here(Revision::R20251125, &[]), 1, status, body);
            assert_eq!(
                stopped(&end),
                Some((StopCode::NoServerMetadata, true)),
                "{body}"
            );
        }
        let waived = here(Revision::R20251125, &[StopCode::NoServerMetadata]);
        let metadata = judged(waived, 1, 404, "")
            .flow
            .facts
            .server_metadata
            .unwrap();
        assert_eq!(
            metadata.token_endpoint.as_deref(),
            Some("https://as.example/token")
        );
    }
}
