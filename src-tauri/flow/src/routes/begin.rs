//! Where the way to a token begins, by the grant: decided when the authorization server is known.

use trace::{Decision, Grant, Verdict};

use crate::facts::Facts;
use crate::options::Registration;
use crate::plan::Env;
use crate::proof;
use crate::routes::client::become_client;
use crate::setup::Setup;
use crate::state::Flow;
use crate::step::Step;
use crate::transition::{Effect, Transition};

/// Begins with the grant: the authorization code with the listener, the others without.
pub(crate) fn begin(
    mut flow: Flow,
    setup: &Setup,
    verdict: Verdict,
    env: &mut Env<'_>,
) -> Transition {
    let (grant, why) = grant(&flow.facts, setup);
    let bound = proof::bind_as_chosen(&mut flow.facts, setup);
    let first_time = flow.facts.grant != grant;
    flow.facts.grant = grant;
    for name in needed(grant) {
        if let Err(missing) = flow.facts.endpoint(setup, name) {
            return Transition::missing_endpoint(flow, &missing);
        }
    }
    let is_usual = grant == Grant::AuthorizationCode;
    let decided = (first_time && !is_usual).then(|| Decision::Grant {
        grant,
        why: why.into(),
    });
    let decided = decided.into_iter().chain(bound);
    if is_usual {
        Transition::to(flow, Step::ExpectListener, verdict).after(decided)
    } else {
        become_client(flow, setup, Some(verdict), env).after(decided)
    }
}

/// Forgets the tokens and authorizes once more.
pub(crate) fn authorize_afresh(
    mut flow: Flow,
    setup: &Setup,
    verdict: Verdict,
    why: &str,
    env: &mut Env<'_>,
) -> Transition {
    let forgotten = forget(&mut flow.facts);
    begin(flow, setup, verdict, env)
        .decided(Decision::TokensForgotten { why: why.into() })
        .effect(forgotten)
}

/// Drops tokens that are no longer of use from the flow, and by the effect from the keychain.
pub(crate) fn forget(facts: &mut Facts) -> Option<Effect> {
    let issuer = facts.tokens.take()?.issuer?;
    let client_id = facts.client.as_ref()?.client_id.clone();
    Some(Effect::Forget { issuer, client_id })
}

/// The grant to use, with a reason.
fn grant(facts: &Facts, setup: &Setup) -> (Grant, &'static str) {
    if let Some(chosen) = setup.grant.chosen() {
        return chosen;
    }
    let metadata = facts.server_metadata.as_ref();
    let offered = metadata.and_then(|metadata| metadata.grant_types_supported.as_ref());
    let offers = |grant: Grant| {
        offered.is_some_and(|offered| offered.iter().any(|it| it == grant.grant_type()))
    };
    let has_credentials = matches!(
        &setup.registration,
        Registration::Preregistered { client_secret, .. }
            if client_secret.is_some() || setup.private_key.is_some()
    );
    if has_credentials && offers(Grant::ClientCredentials) && !offers(Grant::AuthorizationCode) {
        let why = "the authorization server offers it and no authorization code";
        return (Grant::ClientCredentials, why);
    }
    (Grant::AuthorizationCode, "it is the usual one")
}

/// The endpoints without which the grant cannot begin.
fn needed(grant: Grant) -> &'static [&'static str] {
    match grant {
        Grant::AuthorizationCode => &["authorization_endpoint", "token_endpoint"],
        Grant::DeviceCode => &["device_authorization_endpoint", "token_endpoint"],
        _ => &["token_endpoint"],
    }
}

#[cfg(test)]
mod tests {
    use trace::{ServerMetadata, StopCode, Timestamp};

    use super::*;
    use crate::options::GrantChoice;
    use crate::setup::Seed;

    fn begun(setup: &Setup, change: impl FnOnce(&mut ServerMetadata)) -> Transition {
        let mut metadata = ServerMetadata::default_endpoints("https://as.example");
        change(&mut metadata);
        let mut facts = Facts::new(None);
        facts.server_metadata = Some(metadata);
        let flow = Flow::at(Step::ExpectTools, facts);
        let mut random = |bytes: &mut [u8]| bytes.fill(1);
        let env = &mut Env {
            now: Timestamp(0),
            random: &mut random,
        };
        begin(flow, setup, Verdict::accepted(""), env)
    }

    fn setup(grant: GrantChoice) -> Setup {
        let mut setup = Setup::new("https://mcp.example/mcp", Seed([7; 32]));
        setup.grant = grant;
        setup.registration = Registration::Preregistered {
            client_id: "me".into(),
            client_secret: Some("s".into()),
            private_key_file: None,
            alg: None,
        };
        setup
    }

    #[test]
    fn each_grant_has_its_first_step() {
        let step = |grant| {
            begun(&setup(grant), |metadata| {
                metadata.device_authorization_endpoint = Some("https://as.example/device".into());
            })
            .flow
            .step
        };
        assert_eq!(step(GrantChoice::Auto), Step::ExpectListener);
        assert!(matches!(
            step(GrantChoice::DeviceCode),
            Step::ExpectDeviceCode { .. }
        ));
        assert!(matches!(
            step(GrantChoice::ClientCredentials),
            Step::ExpectToken { .. }
        ));
        let assertion = GrantChoice::JwtBearer {
            assertion: "a".into(),
        };
        assert!(matches!(step(assertion), Step::ExpectToken { .. }));
    }

    #[test]
    fn credentials_are_used_where_nothing_is_offered_for_users() {
        let grant = |offered: &[&str]| {
            let listed = offered.iter().map(|it| (*it).to_owned()).collect();
            let begun = begun(&setup(GrantChoice::Auto), |metadata| {
                metadata.grant_types_supported = Some(listed);
            });
            begun.flow.facts.grant
        };
        assert_eq!(grant(&["client_credentials"]), Grant::ClientCredentials);
        assert_eq!(
            grant(&["client_credentials", "authorization_code"]),
            Grant::AuthorizationCode
        );
    }

    #[test]
    fn a_missing_endpoint_is_a_stop_and_never_a_request_to_nowhere() {
        for (grant, name) in [
            (GrantChoice::Auto, "authorization_endpoint"),
            (GrantChoice::ClientCredentials, "token_endpoint"),
            (GrantChoice::DeviceCode, "device_authorization_endpoint"),
        ] {
            for url in [
                None,
                Some(""),
                Some("/relative"),
                Some("javascript:alert(1)"),
            ] {
                let url = url.map(str::to_owned);
                let stopped = begun(&setup(grant.clone()), |metadata| {
                    metadata.authorization_endpoint.clone_from(&url);
                    metadata.token_endpoint.clone_from(&url);
                    metadata.device_authorization_endpoint.clone_from(&url);
                });
                let Step::Stopped {
                    code,
                    message,
                    can_go_on,
                } = stopped.flow.step
                else {
                    panic!("{:?}", stopped.flow.step)
                };
                assert_eq!((code, can_go_on), (StopCode::MissingEndpoint, false));
                assert!(message.starts_with(name), "{message}");
            }
        }
    }
}
