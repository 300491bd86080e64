//! Becoming a client, and the first step as one.

use trace::{Decision, Grant, Revision, StopCode, Verdict};

use crate::client::{Client, RegisteredBy};
use crate::endpoint::{Endpoint, MissingEndpoint};
use crate::facts::Facts;
use crate::grant::TokenGrant;
use crate::options::{GrantChoice, IdentityProvider, Registration};
use crate::plan::Env;
use crate::played;
use crate::routes::authorization::new_authorization;
use crate::routes::discovery::identity_provider_step;
use crate::scope::scope;
use crate::setup::Setup;
use crate::state::Flow;
use crate::step::Step;
use crate::transition::Transition;

/// Goes on as the client that is there, or to become one: pre-registered, by metadata document,
/// dynamically, in this order (2025-11-25 basic/authorization, "Client Registration Approaches").
pub(crate) fn become_client(
    mut flow: Flow,
    setup: &Setup,
    verdict: Option<Verdict>,
    env: &mut Env<'_>,
) -> Transition {
    if let Registration::Preregistered { client_id, .. } = &setup.registration {
        return preregistered(flow, setup, client_id, verdict, env);
    }
    if serves(&flow.facts) {
        return ready(flow, setup, verdict, env);
    }
    flow.facts.client = None;
    let forced = setup.registration == Registration::Cimd;
    let document = setup.client_metadata_url.clone();
    if let Some(url) = document.filter(|_| forced || takes_documents(&flow.facts, setup)) {
        flow.facts.client = Some(Client {
            client_id: url,
            client_secret: None,
            private_key: None,
            auth_method: "none".into(),
            issuer: flow.facts.issuer.clone(),
            by: RegisteredBy::Cimd,
            redirect_uri: flow.facts.redirect_uri.clone(),
            registration: None,
        });
        return ready(flow, setup, verdict, env);
    }
    if forced {
        let message = "client metadata document: expected the URL of one, or that Authscope serves it, got neither.";
        let words = "no client metadata document";
        return Transition::stop(flow, StopCode::NotPossible, words, message);
    }
    let redirects = flow.facts.grant == Grant::AuthorizationCode;
    match flow.facts.endpoint(setup, "registration_endpoint") {
        Ok(endpoint) => {
            let redirect_uri = flow.facts.redirect_uri.clone().filter(|_| redirects);
            let step = Step::ExpectRegistration {
                endpoint,
                redirect_uri,
            };
            Transition::to(flow, step, verdict)
        }
        Err(missing) if missing.got.is_some() => Transition::missing_endpoint(flow, &missing),
        // An assertion can speak for a client that is not known otherwise (RFC 7521 section 4.1).
        Err(_) if flow.facts.grant == Grant::JwtBearer => ready(flow, setup, verdict, env),
        Err(_) => {
            let message = "The authorization server offers no dynamic registration (no registration_endpoint), and no \
                           client ID was given.";
            let words = "no registration_endpoint";
            Transition::stop(flow, StopCode::NoRegistration, words, message)
        }
    }
}

/// There is a client: on to what the grant begins with.
pub(crate) fn ready(
    mut flow: Flow,
    setup: &Setup,
    verdict: Option<Verdict>,
    env: &mut Env<'_>,
) -> Transition {
    let decided = flow.facts.client.as_ref().map(|client| Decision::Client {
        issuer: client.issuer.clone(),
        client_id: client.client_id.clone(),
        how: match client.by {
            RegisteredBy::Hand => "pre-registered".into(),
            RegisteredBy::Dcr => "dynamic client registration".into(),
            RegisteredBy::Cimd => "client metadata document".into(),
        },
        auth_method: client.auth_method.clone(),
    });
    let (scope, source) = scope(&flow.facts, setup);
    let decided = decided
        .into_iter()
        .chain([Decision::Scope { scope, source }]);
    let for_user = flow.facts.grant == Grant::AuthorizationCode;
    if let Some(message) = played::ends_before_login(setup).filter(|_| for_user) {
        let words = "up to the login";
        let mut ended = Transition::stop(flow, StopCode::EndsBeforeLogin, words, message);
        ended.verdict = verdict;
        return ended.after(decided);
    }
    match first_step(&mut flow.facts, setup, env) {
        Ok(step) => Transition::to(flow, step, verdict),
        Err(missing) => Transition::missing_endpoint(flow, &missing),
    }
    .after(decided)
}

/// What suits the credentials and is listed; the key before the secret. Where nothing is listed
/// that is `client_secret_basic` (RFC 7591 section 2).
pub(crate) fn auth_method(facts: &Facts, setup: &Setup, has_secret: bool, has_key: bool) -> String {
    if let Some(chosen) = setup.token_auth_method.chosen().filter(|_| !has_key) {
        return chosen.into();
    }
    let listed = listed_methods(facts);
    let lists = |method: &str| listed.is_some_and(|methods| methods.iter().any(|it| it == method));
    let post_only = !lists("client_secret_basic") && lists("client_secret_post");
    let by_certificate = ["tls_client_auth", "self_signed_tls_client_auth"]
        .into_iter()
        .find(|method| setup.certificate_thumbprint.is_some() && lists(method));
    match (has_key, has_secret) {
        (true, _) => "private_key_jwt",
        (false, true) if post_only => "client_secret_post",
        (false, true) => "client_secret_basic",
        (false, false) => by_certificate.unwrap_or("none"),
    }
    .into()
}

pub(crate) fn listed_methods(facts: &Facts) -> Option<&Vec<String>> {
    let metadata = facts.server_metadata.as_ref()?;
    metadata.token_endpoint_auth_methods_supported.as_ref()
}

/// Who vouches for the user, where that was chosen.
pub(crate) fn identity_provider(setup: &Setup) -> Option<&IdentityProvider> {
    match &setup.grant {
        GrantChoice::EnterpriseManaged(provider) => Some(provider),
        _ => None,
    }
}

/// The step that awaits the token for this grant.
pub(crate) fn token_step(
    facts: &Facts,
    setup: &Setup,
    grant: TokenGrant,
) -> Result<Step, MissingEndpoint> {
    let endpoint = facts.endpoint(setup, "token_endpoint")?;
    Ok(Step::ExpectToken { endpoint, grant })
}

fn first_step(
    facts: &mut Facts,
    setup: &Setup,
    env: &mut Env<'_>,
) -> Result<Step, MissingEndpoint> {
    match (facts.grant, &setup.grant) {
        (Grant::AuthorizationCode, _) => {
            let authorization = new_authorization(facts, setup, env)?;
            Ok(match pushed_request_endpoint(facts, setup)? {
                Some(endpoint) => Step::ExpectRequestUri {
                    endpoint,
                    authorization,
                },
                None => Step::ExpectCallback {
                    authorization,
                    request_uri: None,
                },
            })
        }
        (Grant::DeviceCode, _) => {
            let endpoint = facts.endpoint(setup, "device_authorization_endpoint")?;
            Ok(Step::ExpectDeviceCode { endpoint })
        }
        (_, GrantChoice::EnterpriseManaged(provider)) => {
            if let Some(url) = &provider.token_endpoint {
                let name = "the identity provider's token_endpoint";
                let endpoint = Endpoint::read(name, Some(url))?;
                return Ok(Step::ExpectAssertion {
                    endpoint,
                    vouched: true,
                });
            }
            let issuer = provider.issuer.as_deref();
            let step = issuer.and_then(|issuer| identity_provider_step(issuer, 0));
            step.ok_or_else(|| MissingEndpoint {
                name: "the identity provider's issuer",
                got: issuer.map(Into::into),
            })
        }
        (_, GrantChoice::JwtBearer { assertion }) => {
            token_step(facts, setup, TokenGrant::Assertion(assertion.clone()))
        }
        _ => token_step(facts, setup, TokenGrant::ClientCredentials),
    }
}

/// Where the authorization request is pushed to (RFC 9126); `None` where it is not to be, or cannot
/// be.
fn pushed_request_endpoint(
    facts: &Facts,
    setup: &Setup,
) -> Result<Option<Endpoint>, MissingEndpoint> {
    let metadata = facts.server_metadata.as_ref();
    let demanded = metadata.is_some_and(|metadata| metadata.require_pushed_authorization_requests);
    if !(setup.authorization.par || demanded) {
        return Ok(None);
    }
    match facts.endpoint(setup, "pushed_authorization_request_endpoint") {
        Ok(endpoint) => Ok(Some(endpoint)),
        Err(missing) if missing.got.is_none() => Ok(None),
        Err(missing) => Err(missing),
    }
}

fn preregistered(
    mut flow: Flow,
    setup: &Setup,
    client_id: &str,
    verdict: Option<Verdict>,
    env: &mut Env<'_>,
) -> Transition {
    let facts = &mut flow.facts;
    let known_to = facts
        .client
        .as_ref()
        .filter(|client| client.by == RegisteredBy::Hand && client.client_id == client_id)
        .and_then(|client| client.issuer.clone());
    let issuer = facts.issuer.clone().unwrap_or_default();
    if let Some(known_to) = known_to.filter(|known_to| *known_to != issuer)
        && !facts.waives(StopCode::NoRegistration)
    {
        let message = format!(
            "The client {client_id} is known to {known_to}, and the MCP server names {issuer} now: credentials must \
             not be used with another authorization server."
        );
        let words = "another authorization server";
        return Transition::refuse(flow, StopCode::NoRegistration, words, message);
    }
    let client_secret = match &setup.registration {
        Registration::Preregistered { client_secret, .. } => client_secret.clone(),
        _ => None,
    };
    let private_key = setup.private_key.clone();
    let auth_method = auth_method(facts, setup, client_secret.is_some(), private_key.is_some());
    facts.client = Some(Client {
        client_id: client_id.into(),
        client_secret,
        private_key,
        auth_method,
        issuer: facts.issuer.clone(),
        by: RegisteredBy::Hand,
        redirect_uri: None,
        registration: None,
    });
    ready(flow, setup, verdict, env)
}

/// An earlier registration serves only with its own server, and where it was made for the same
/// redirect URI.
fn serves(facts: &Facts) -> bool {
    facts.client.as_ref().is_some_and(|client| {
        let redirects = facts.grant == Grant::AuthorizationCode;
        let same_uri = client.redirect_uri == facts.redirect_uri;
        client.issuer == facts.issuer && (same_uri || !redirects)
    })
}

/// Whether our metadata document's URL will do as client_id.
fn takes_documents(facts: &Facts, setup: &Setup) -> bool {
    let metadata = facts.server_metadata.as_ref();
    setup.registration == Registration::Auto
        && facts.revision.at_least(Revision::R20251125)
        && metadata.is_some_and(|metadata| metadata.client_id_metadata_document_supported)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{flow, setup, stopped, with_env};

    fn become_one(setup: &Setup, change: impl FnOnce(&mut Flow)) -> Transition {
        let mut flow = flow(Step::ExpectListener);
        flow.facts.client = None;
        change(&mut flow);
        with_env(|env| become_client(flow, setup, None, env))
    }

    #[test]
    fn a_metadata_document_comes_before_registration_where_it_is_taken() {
        let mut setup = setup();
        setup.client_metadata_url = Some("https://me.example/client.json".into());
        let takes = |flow: &mut Flow| {
            let metadata = flow.facts.server_metadata.as_mut().unwrap();
            metadata.client_id_metadata_document_supported = true;
        };
        let document = become_one(&setup, takes);
        let client = document.flow.facts.client.unwrap();
        assert_eq!(
            (client.by, client.client_id.as_str()),
            (RegisteredBy::Cimd, "https://me.example/client.json")
        );
        let registered = become_one(&setup, |_| {});
        assert!(matches!(
            registered.flow.step,
            Step::ExpectRegistration { .. }
        ));
        // Before 2025-11-25 there are no such documents.
        let older = become_one(&setup, |flow| {
            takes(flow);
            flow.facts.revision = Revision::R20250618;
        });
        assert!(matches!(older.flow.step, Step::ExpectRegistration { .. }));
        setup.client_metadata_url = None;
        setup.registration = Registration::Cimd;
        assert_eq!(
            stopped(&become_one(&setup, takes)),
            Some((StopCode::NotPossible, false))
        );
    }

    #[test]
    fn without_a_way_to_register_it_stops() {
        for (url, code) in [
            (None, StopCode::NoRegistration),
            (Some("javascript:alert(1)"), StopCode::MissingEndpoint),
        ] {
            let end = become_one(&setup(), |flow| {
                let metadata = flow.facts.server_metadata.as_mut().unwrap();
                metadata.registration_endpoint = url.map(Into::into);
            });
            assert_eq!(stopped(&end), Some((code, false)));
        }
    }

    #[test]
    fn an_earlier_registration_serves_for_the_same_server_and_redirect_uri_only() {
        let mine = |redirect_uri: &str, issuer: &str| {
            let (redirect_uri, issuer) = (redirect_uri.to_owned(), issuer.to_owned());
            let transition = become_one(&setup(), |flow| {
                flow.facts.client = Some(Client {
                    redirect_uri: Some(redirect_uri),
                    issuer: Some(issuer),
                    ..crate::testing::client()
                });
            });
            matches!(transition.flow.step, Step::ExpectCallback { .. })
        };
        let uri = "http://127.0.0.1:1/callback";
        assert!(mine(uri, "https://as.example"));
        assert!(!mine("http://127.0.0.1:2/callback", "https://as.example"));
        assert!(!mine(uri, "https://b.example"));
    }

    #[test]
    fn the_request_is_pushed_where_that_is_demanded_and_possible() {
        let step = |endpoint: Option<&str>| {
            let transition = become_one(&setup(), |flow| {
                flow.facts.client = Some(Client {
                    redirect_uri: flow.facts.redirect_uri.clone(),
                    ..crate::testing::client()
                });
                let metadata = flow.facts.server_metadata.as_mut().unwrap();
                metadata.require_pushed_authorization_requests = true;
                metadata.pushed_authorization_request_endpoint = endpoint.map(Into::into);
            });
            transition.flow.step
        };
        assert!(matches!(
            step(Some("https://as.example/par")),
            Step::ExpectRequestUri { .. }
        ));
        assert!(matches!(step(None), Step::ExpectCallback { .. }));
        assert!(matches!(
            step(Some("x")),
            Step::Stopped {
                code: StopCode::MissingEndpoint,
                ..
            }
        ));
    }
}
