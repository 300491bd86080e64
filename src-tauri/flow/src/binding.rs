//! Whom credentials are for: which URLs belong to the authorization server that is in use, and
//! whether what the user entered is for that server at all.
//!
//! An MCP server names the authorization server, so whoever runs it would decide where secrets go.
//! Endpoints belong to an issuer when its own metadata names them, that is when `issuer` in it is
//! the issuer that was asked (RFC 8414 section 3.3), and when what goes there cannot be read on the
//! way. Everything else needs the user's consent.

use trace::{Credential, Decision, Request, Secret, StopCode, is_loopback, origin_of};

use crate::client::RegisteredBy;
use crate::consent::Consent;
use crate::facts::Facts;
use crate::options::{GrantChoice, Registration};
use crate::plan::Next;
use crate::setup::Setup;
use crate::state::{Flow, Refused};
use crate::step::Step;
use crate::transition::Transition;

/// What a client signs with its private key to say who it is (RFC 7523 section 2.2).
pub(crate) const CLIENT_ASSERTION: &str = "client assertion";

/// The URLs to which a client of the authorization server in use may send its credentials.
pub(crate) fn endpoints(facts: &Facts, setup: &Setup) -> Vec<String> {
    let Some(metadata) = &facts.server_metadata else {
        return Vec::new();
    };
    let vouched = is_verified(facts);
    let named = [
        &metadata.authorization_endpoint,
        &metadata.token_endpoint,
        &metadata.registration_endpoint,
        &metadata.revocation_endpoint,
        &metadata.introspection_endpoint,
        &metadata.userinfo_endpoint,
        &metadata.pushed_authorization_request_endpoint,
        &metadata.device_authorization_endpoint,
    ];
    let aliases = metadata.mtls_endpoint_aliases.iter().map(|(_, url)| url);
    let issuer = facts.issuer.as_deref();
    named
        .into_iter()
        .flatten()
        .chain(aliases)
        .map(String::as_str)
        // Where a registration is managed need not be an endpoint of the metadata.
        .chain(issuer)
        .filter(|url| belongs(facts, setup, url, issuer, vouched))
        .chain(allowed(facts, setup))
        .map(Into::into)
        .collect()
}

/// The URL of the identity provider, where it may be given the user's ID token. `vouched`: its own
/// metadata names the URL.
pub(crate) fn identity_provider<'a>(
    facts: &Facts,
    setup: &Setup,
    url: &'a str,
    vouched: bool,
) -> Option<&'a str> {
    let GrantChoice::EnterpriseManaged(provider) = &setup.grant else {
        return None;
    };
    let issuer = provider.issuer.as_deref();
    belongs(facts, setup, url, issuer, vouched).then_some(url)
}

/// Whether what the user entered for an authorization server is for the one in use.
pub(crate) fn is_for_this_issuer(facts: &Facts, setup: &Setup) -> bool {
    let Some(issuer) = &facts.issuer else {
        return false;
    };
    setup.issuer.as_ref() == Some(issuer)
        || is_loopback(issuer)
        || facts.consents.contains(&Consent::Issuer(issuer.clone()))
        || origin_of(issuer).is_some_and(|origin| consented(facts, setup, &origin))
}

/// What the user entered to speak for a client at its authorization server.
fn entered(setup: &Setup) -> impl Iterator<Item = &Secret> {
    let secret = match &setup.registration {
        Registration::Preregistered { client_secret, .. } => client_secret.as_ref(),
        _ => None,
    };
    let assertion = match &setup.grant {
        GrantChoice::JwtBearer { assertion } => Some(assertion),
        _ => None,
    };
    [secret, assertion, setup.initial_access_token.as_ref()]
        .into_iter()
        .flatten()
}

fn belongs(facts: &Facts, setup: &Setup, url: &str, issuer: Option<&str>, vouched: bool) -> bool {
    let Some(origin) = origin_of(url) else {
        return false;
    };
    let own = issuer.and_then(origin_of).as_ref() == Some(&origin);
    let private = is_private(url);
    consented(facts, setup, &origin)
        || (own || vouched) && (private || typed(setup).any(|typed| typed == origin))
}

/// Whether nobody on the way can read what is sent there.
fn is_private(url: &str) -> bool {
    origin_of(url).is_some_and(|origin| origin.starts_with("https:")) || is_loopback(url)
}

fn consented(facts: &Facts, setup: &Setup, origin: &str) -> bool {
    allowed(facts, setup).any(|url| origin_of(url).as_deref() == Some(origin))
}

/// URLs at the origins to which the user let credentials go.
fn allowed<'a>(facts: &'a Facts, setup: &'a Setup) -> impl Iterator<Item = &'a str> {
    let agreed = facts.consents.iter().filter_map(|consent| match consent {
        Consent::Origin(origin) => Some(origin.as_str()),
        Consent::Issuer(_) => None,
    });
    let given = setup.allow_credentials_to.iter();
    given.flat_map(|urls| urls.split_whitespace()).chain(agreed)
}

/// The origins that the user named: there is no other way to reach them than theirs.
fn typed(setup: &Setup) -> impl Iterator<Item = String> {
    let provider = match &setup.grant {
        GrantChoice::EnterpriseManaged(provider) => Some(provider),
        _ => None,
    };
    [
        Some(&setup.server_url),
        setup.issuer.as_ref(),
        provider.and_then(|it| it.issuer.as_ref()),
        provider.and_then(|it| it.token_endpoint.as_ref()),
    ]
    .into_iter()
    .flatten()
    .filter_map(|url| origin_of(url))
}

/// Stops before a request that would carry a credential where it must not go. Going on is the
/// user's consent.
pub(crate) fn held(mut transition: Transition, setup: &Setup) -> Transition {
    let Some((code, message, consent)) = hold(&transition.flow, setup) else {
        return transition;
    };
    let flow = transition.flow.clone();
    transition.flow.refused = Some(Box::new(Refused::Held { flow, consent }));
    transition.flow.step = Step::Stopped {
        code,
        message: message.clone(),
        can_go_on: true,
    };
    transition.decided(Decision::Stopped {
        code,
        message,
        can_go_on: true,
    })
}

fn hold(flow: &Flow, setup: &Setup) -> Option<(StopCode, String, Consent)> {
    let next = flow.next(setup);
    let plans = match &next {
        Next::Send(plan) => std::slice::from_ref(plan),
        Next::SendBoth(plans) => &plans[..],
        // Nobody is asked to log in for a code that would not be redeemed.
        Next::Browse(_) => {
            let client = flow.facts.client.as_ref();
            let client = client.filter(|client| client.by == RegisteredBy::Hand)?;
            let name = match (&client.client_secret, &client.private_key) {
                (_, Some(_)) if client.auth_method == "private_key_jwt" => CLIENT_ASSERTION,
                (Some(_), _) => "client secret",
                _ => return None,
            };
            let unbound = !is_for_this_issuer(&flow.facts, setup);
            return unbound.then(|| not_confirmed(&flow.facts, name));
        }
        _ => return None,
    };
    plans.iter().find_map(|plan| {
        let foreign = |it: &&Credential| !it.may_go_to(&plan.request.url);
        let credential = plan.credentials.iter().find(foreign)?;
        Some(refusal(flow, setup, credential, &plan.request))
    })
}

fn not_confirmed(facts: &Facts, name: &str) -> (StopCode, String, Consent) {
    let issuer = facts.issuer.clone().unwrap_or_default();
    // The key itself never leaves.
    let entered = if name == CLIENT_ASSERTION {
        "private key"
    } else {
        name
    };
    let message = format!(
        "The {entered} was entered without saying which authorization server it is for, and the \
         MCP server names \"{issuer}\". The {name} was not sent. If it is for this one, give it as \
         the authorization server: --issuer {issuer}"
    );
    let consent = Consent::Issuer(issuer);
    (StopCode::IssuerNotConfirmed, message, consent)
}

fn refusal(
    flow: &Flow,
    setup: &Setup,
    credential: &Credential,
    request: &Request,
) -> (StopCode, String, Consent) {
    let facts = &flow.facts;
    let name = &credential.name;
    let is_entered = credential.name == CLIENT_ASSERTION
        || entered(setup).any(|secret| *secret == credential.value);
    if is_entered && !is_for_this_issuer(facts, setup) {
        return not_confirmed(facts, name);
    }
    let origin = origin_of(&request.url).unwrap_or_default();
    let why = if !is_private(&request.url) {
        "over plain http, where it can be read on the way".to_owned()
    } else if is_verified(facts) {
        let issuer = facts.issuer.as_deref().unwrap_or_default();
        format!("which the metadata of \"{issuer}\" does not name")
    } else {
        let issuer = facts.issuer.as_deref().unwrap_or_default();
        format!("and the metadata that names it is not verified to be that of \"{issuer}\"")
    };
    let message = format!(
        "The {name} would go to {origin}, {why}. It was not sent. If it is to go there: \
         --allow-credentials-to {origin}"
    );
    (
        StopCode::CredentialsElsewhere,
        message,
        Consent::Origin(origin),
    )
}

/// The metadata in use is that of the issuer it was read for.
fn is_verified(facts: &Facts) -> bool {
    let metadata = facts.server_metadata.as_ref();
    metadata.is_some_and(|it| it.issuer.is_some() && it.issuer == facts.issuer)
}
