//! Which credentials a request carries, and where each of them may go.
//!
//! A token goes to the MCP server and to the endpoints of the authorization server that issued it;
//! everything else to the endpoints alone. Endpoints that verified metadata names belong to the
//! authorization server, whatever their origin.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trace::{Credential, Request, Secret, origin_of, pairs, query_pairs};

use crate::agenda::{Errand, management};
use crate::facts::{Facts, Redirect};
use crate::flow::Flow;
use crate::setup::{GrantChoice, Setup};
use crate::step::Step;

/// Headers that speak for the client or for its user.
const HEADERS: [&str; 4] = ["authorization", "cookie", "dpop", "mcp-session-id"];

/// Sends the request where the redirect leads: to another origin without credentials.
pub(crate) fn redirected(request: &mut Request, redirect: &Redirect) {
    if redirect.left_origin || origin_of(&redirect.url) != origin_of(&request.url) {
        request.headers.retain(|header| {
            let carries = |name: &&str| header.name.eq_ignore_ascii_case(name);
            !HEADERS.iter().any(|name| carries(name))
        });
    }
    request.url.clone_from(&redirect.url);
}

/// The credentials of the flow that the request carries: in `Authorization`, `Mcp-Session-Id`, in
/// the form of its body, or in its query.
pub(crate) fn carried(flow: &Flow, setup: &Setup, request: &Request) -> Vec<Credential> {
    let sent = values(request);
    known(flow, setup)
        .into_iter()
        .filter(|credential| sent.iter().any(|value| value == credential.value.expose()))
        .collect()
}

/// The values in a request that may be credentials.
fn values(request: &Request) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    values.extend(request.header_value("mcp-session-id").map(Into::into));
    match request
        .header_value("authorization")
        .and_then(|value| value.split_once(' '))
    {
        Some(("Basic", joined)) => values.extend(basic_password(joined)),
        Some((_, token)) => values.push(token.into()),
        None => {}
    }
    values.extend(query_pairs(&request.url).into_iter().map(|pair| pair.value));
    if request
        .header_value("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
    {
        let form = pairs(request.body.text().unwrap_or_default());
        values.extend(form.into_iter().map(|pair| pair.value));
    }
    values
}

/// The client secret of RFC 6749 section 2.3.1.
fn basic_password(joined: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(joined).ok()?).ok()?;
    let (_, password) = decoded.split_once(':')?;
    pairs(&format!("secret={password}"))
        .pop()
        .map(|pair| pair.value)
}

/// Every credential of the flow.
fn known(flow: &Flow, setup: &Setup) -> Vec<Credential> {
    let facts = &flow.facts;
    let endpoints = endpoints(facts);
    let endpoints = || endpoints.iter().map(String::as_str);
    let mut all: Vec<Credential> = Vec::new();
    let mut at_server = |name: &str, value: Option<&Secret>| {
        all.extend(value.map(|value| Credential::new(name, value.clone(), endpoints())));
    };
    let tokens = facts.tokens.as_ref();
    let client = facts.client.as_ref();
    let authorization = facts.authorization.as_ref();
    at_server(
        "refresh token",
        tokens.and_then(|it| it.refresh_token.as_ref()),
    );
    at_server("ID token", tokens.and_then(|it| it.id_token.as_ref()));
    at_server(
        "client secret",
        client.and_then(|it| it.client_secret.as_ref()),
    );
    at_server("authorization code", facts.code.as_ref());
    at_server("authorization code", facts.redeemed_code.as_ref());
    at_server("code verifier", authorization.map(|it| &it.code_verifier));
    at_server(
        "device code",
        facts.device.as_ref().map(|it| &it.device_code),
    );
    at_server("assertion", facts.assertion.as_ref());
    let errand = match &flow.step {
        Step::ExpectErrand(errand) => Some(&**errand),
        _ => None,
    };
    if let Some(Errand::ReuseRefreshToken(replaced)) = errand {
        at_server("refresh token", Some(replaced));
    }
    let deleted = match errand {
        Some(Errand::DeleteRegistration(client)) => Some(&**client),
        _ => None,
    };
    let server = || [setup.server_url.as_str()].into_iter();
    all.extend(tokens.map(|tokens| {
        let urls = server().chain(endpoints());
        Credential::new("access token", tokens.access_token.clone(), urls)
    }));
    all.extend(
        facts
            .session_id
            .as_ref()
            .map(|id| Credential::new("session ID", id.clone(), server())),
    );
    for client in deleted.into_iter().chain(client) {
        if let Some((uri, token)) = management(client) {
            all.push(Credential::new(
                "registration access token",
                token.to_owned(),
                [uri],
            ));
        }
    }
    if let GrantChoice::EnterpriseManaged(provider) = &setup.grant {
        let urls = || {
            let given = provider.token_endpoint.as_deref();
            given.or(facts.idp_token_endpoint.as_deref())
        };
        all.push(Credential::new(
            "ID token",
            provider.id_token.clone(),
            urls(),
        ));
        let secret = provider.client_secret.clone();
        all.extend(
            secret
                .map(|secret| Credential::new("identity provider's client secret", secret, urls())),
        );
    }
    joined(all)
}

/// Each value once: what is good for two servers may go to both.
fn joined(all: Vec<Credential>) -> Vec<Credential> {
    let mut joined: Vec<Credential> = Vec::new();
    for credential in all {
        match joined.iter_mut().find(|it| it.value == credential.value) {
            Some(same) => same.origins.extend(credential.origins),
            None => joined.push(credential),
        }
    }
    joined
}

/// The URLs of the authorization server in use.
fn endpoints(facts: &Facts) -> Vec<String> {
    let Some(metadata) = &facts.server_metadata else {
        return Vec::new();
    };
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
    let aliases = metadata
        .mtls_endpoint_aliases
        .iter()
        .map(|(_, url)| url.clone());
    named
        .into_iter()
        .flatten()
        .cloned()
        .chain(aliases)
        .collect()
}
