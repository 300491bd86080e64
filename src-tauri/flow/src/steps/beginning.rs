//! Where the way to a token begins, by the grant: decided when the authorization server is known.

use trace::{Decision, Grant, Secret, StopCode, Verdict};

use crate::facts::Facts;
use crate::flow::Flow;
use crate::judged::Judged;
use crate::options::{GrantChoice, Registration};
use crate::proof;
use crate::setup::Setup;
use crate::step::{Hand, Step};
use crate::steps::{is_http, registration};

/// Goes the way of the grant: the authorization code by the listener, the others without.
pub(crate) fn begin(
    mut flow: Flow,
    setup: &Setup,
    verdict: Verdict,
    hand: &mut Hand<'_>,
) -> Judged {
    let (grant, why) = grant(&flow.facts, setup);
    let bound = proof::bind_as_chosen(&mut flow.facts, setup);
    let first_time = flow.facts.grant != grant;
    flow.facts.grant = grant;
    flow.facts.code = None;
    flow.facts.request_uri = None;
    if let GrantChoice::JwtBearer { assertion } = &setup.grant {
        flow.facts.assertion = Some(Secret::new(assertion.expose()));
    }
    if let Some((field, got)) = missing_endpoint(&flow.facts, setup, grant) {
        let got = got.map_or("nothing".to_owned(), |url| format!("\"{url}\""));
        let message = format!("{field}: expected an http or https URL, got {got}");
        return Judged::stop(
            flow,
            StopCode::MissingEndpoint,
            &format!("no usable {field}"),
            message,
        );
    }
    let mut judged = match grant {
        Grant::AuthorizationCode => Judged::go(flow, Step::ExpectListener, verdict),
        _ => registration::become_client(flow, setup, Some(verdict), hand),
    };
    judged.decisions.splice(0..0, bound);
    if let Some(why) = why.filter(|_| first_time) {
        judged.decisions.insert(0, Decision::Grant { grant, why });
    }
    judged
}

/// The grant to use; with a reason when it is not the code.
fn grant(facts: &Facts, setup: &Setup) -> (Grant, Option<String>) {
    let chosen = || Some("as chosen".to_owned());
    match &setup.grant {
        GrantChoice::AuthorizationCode => (Grant::AuthorizationCode, None),
        GrantChoice::ClientCredentials => (Grant::ClientCredentials, chosen()),
        GrantChoice::DeviceCode => (Grant::DeviceCode, chosen()),
        GrantChoice::JwtBearer { .. } => (
            Grant::JwtBearer,
            Some("with the assertion that was given".into()),
        ),
        GrantChoice::EnterpriseManaged(_) => (
            Grant::JwtBearer,
            Some("with an assertion of the identity provider".into()),
        ),
        GrantChoice::Auto => {
            let offered = facts
                .server_metadata
                .as_ref()
                .and_then(|metadata| metadata.grant_types_supported.as_ref());
            let offers = |grant: Grant| {
                offered.is_some_and(|offered| {
                    offered.iter().any(|offered| offered == grant.grant_type())
                })
            };
            let has_credentials = matches!(
                &setup.registration,
                Registration::Preregistered { client_secret, .. }
                    if client_secret.is_some() || setup.private_key.is_some()
            );
            match has_credentials
                && offers(Grant::ClientCredentials)
                && !offers(Grant::AuthorizationCode)
            {
                true => (
                    Grant::ClientCredentials,
                    Some("the authorization server offers it and no authorization code".into()),
                ),
                false => (Grant::AuthorizationCode, None),
            }
        }
    }
}

fn missing_endpoint(
    facts: &Facts,
    setup: &Setup,
    grant: Grant,
) -> Option<(&'static str, Option<String>)> {
    let authorization = || {
        let metadata = facts.server_metadata.as_ref();
        metadata.and_then(|metadata| metadata.authorization_endpoint.clone())
    };
    let token = ("token_endpoint", facts.endpoint(setup, "token_endpoint"));
    let needed = match grant {
        Grant::AuthorizationCode => vec![("authorization_endpoint", authorization()), token],
        Grant::DeviceCode => {
            let name = "device_authorization_endpoint";
            vec![(name, facts.endpoint(setup, name)), token]
        }
        _ => vec![token],
    };
    needed
        .into_iter()
        .find(|(_, url)| !url.as_deref().is_some_and(is_http))
}
