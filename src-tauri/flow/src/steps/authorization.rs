//! The authorization request through the browser, and what comes back (RFC 6749 section 4.1, RFC
//! 7636, RFC 9207).

use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use subtle::ConstantTimeEq as _;
use trace::{
    Grant, Pair, Phase, Purpose, Request, Revision, ScopeSource, Secret, StopCode, Timestamp,
    Verdict, query_pairs, with_query,
};

use crate::facts::Authorization;
use crate::flow::Flow;
use crate::judged::Judged;
use crate::options::ResponseMode;
use crate::setup::Setup;
use crate::step::{Hand, Plan, Step};
use crate::steps::{request_object, scope_of};

/// Draws `state` and code verifier and records the issuer with them.
pub(crate) fn begin(flow: &mut Flow, setup: &Setup, hand: &mut Hand<'_>) {
    let (scope, _) = scope(flow, setup);
    let issuer = flow
        .facts
        .server_metadata
        .as_ref()
        .and_then(|metadata| metadata.issuer.clone());
    flow.facts.code = None;
    flow.facts.authorization = Some(Authorization {
        state: hand.secret(16),
        code_verifier: hand.secret(32),
        issuer,
        scope,
        nonce: hand.secret(16),
    });
}

pub(crate) fn request(flow: &Flow, setup: &Setup, now: Timestamp) -> Plan {
    let facts = &flow.facts;
    let endpoint = facts
        .server_metadata
        .as_ref()
        .and_then(|metadata| metadata.authorization_endpoint.as_deref());
    let client_id = facts
        .client
        .as_ref()
        .map_or(String::new(), |client| client.client_id.clone());
    let (parameters, label) = match &facts.request_uri {
        // RFC 9126 section 4: everything else was pushed.
        Some(request_uri) => (
            vec![
                ("client_id".to_owned(), client_id),
                ("request_uri".to_owned(), request_uri.clone()),
            ],
            "request_uri".to_owned(),
        ),
        None => {
            let scope = facts
                .authorization
                .as_ref()
                .and_then(|authorization| authorization.scope.as_ref());
            let label = scope
                .map(|scope| format!("scope={scope}"))
                .unwrap_or_default();
            (parameters(flow, setup, now), label)
        }
    };
    let query = parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    Plan {
        phase: facts.phase(Phase::Authorization),
        purpose: Purpose::Authorization,
        title: "Send the browser to the authorization server".into(),
        why: "The user logs in and agrees there; the browser then comes back to us with a code."
            .into(),
        label,
        request: Request::new("GET", with_query(endpoint.unwrap_or_default(), query)),
        not_before: None,
        credentials: Vec::new(),
    }
}

/// The parameters of the authorization request, as one request object where that is chosen.
pub(crate) fn parameters(flow: &Flow, setup: &Setup, now: Timestamp) -> Vec<(String, String)> {
    let plain = plain_parameters(flow, setup);
    match setup.authorization.request_object {
        true => request_object::wrapped(&flow.facts, setup, plain, now),
        false => plain,
    }
}

fn plain_parameters(flow: &Flow, setup: &Setup) -> Vec<(String, String)> {
    let facts = &flow.facts;
    let extras = &setup.authorization;
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: &str| all.push((name.into(), value.into()));
    add("response_type", "code");
    add(
        "client_id",
        facts.client.as_ref().map_or("", |client| &client.client_id),
    );
    let authorization = facts.authorization.as_ref();
    if let Some(authorization) = authorization {
        add("code_challenge", &s256(&authorization.code_verifier));
        add("code_challenge_method", "S256");
    }
    add(
        "redirect_uri",
        facts.redirect_uri.as_deref().unwrap_or_default(),
    );
    if let Some(authorization) = authorization {
        add("state", authorization.state.expose());
    }
    let scope = authorization.and_then(|authorization| authorization.scope.as_deref());
    if let Some(scope) = scope {
        add("scope", scope);
        // OpenID Connect Core section 11: without consent the scope offline_access is to be
        // ignored.
        if scope.split(' ').any(|scope| scope == "offline_access") {
            add("prompt", "consent");
        }
    }
    if let Some(authorization) = authorization.filter(|_| scope.is_some_and(asks_openid)) {
        add("nonce", authorization.nonce.expose());
    }
    if let Some(resource) = facts.resource(setup) {
        add("resource", &resource);
    }
    let step_up = &facts.step_up;
    for (name, value) in [
        ("acr_values", &step_up.acr_values),
        ("max_age", &step_up.max_age),
    ] {
        if let Some(value) = value {
            add(name, value);
        }
    }
    if extras.response_mode == ResponseMode::FormPost {
        add("response_mode", "form_post");
    }
    if let Some(details) = &setup.authorization_details {
        add("authorization_details", &details.to_string());
    }
    // RFC 9449 section 10: the code is bound to the key, too.
    if let Some(dpop) = &facts.dpop {
        add("dpop_jkt", &dpop.key.thumbprint());
    }
    for (name, value) in &extras.parameters {
        all.retain(|(other, _)| other != name);
        all.push((name.clone(), value.clone()));
    }
    all
}

/// Whether a scope makes the request one of OpenID Connect.
pub(crate) fn asks_openid(scope: &str) -> bool {
    scope.split(' ').any(|scope| scope == "openid")
}

/// Believes nothing of the callback before `state` and `iss` are what they must be.
pub(crate) fn judge(flow: Flow, setup: &Setup, callback: &Request) -> Judged {
    // A parameter given by hand was sent instead of ours.
    let given_state = setup
        .authorization
        .parameters
        .iter()
        .find(|(name, _)| name == "state");
    let mut fields = query_pairs(&callback.url);
    if callback.method == "POST" {
        fields.extend(trace::pairs(callback.body.text().unwrap_or_default()));
    }
    let after_iss = answered(flow.clone(), &fields);
    let after_state = match iss_problem(&flow, &fields) {
        None => after_iss,
        Some(message) => Judged::stop_unless_waived(
            flow.clone(),
            StopCode::IssMismatch,
            "iss refused",
            message,
            after_iss,
        ),
    };
    let ours = flow
        .facts
        .authorization
        .as_ref()
        .map(|authorization| authorization.state.expose());
    let expected = given_state.map(|(_, value)| value.as_str()).or(ours);
    match (expected, value(&fields, "state")) {
        (Some(expected), Some(state)) if same(expected, state) => after_state,
        (_, got) => {
            let got = if got.is_some() { "another one" } else { "none" };
            let message = format!(
                "state: expected the value of the authorization request, got {got}. A client must not go on."
            );
            Judged::stop_unless_waived(
                flow,
                StopCode::StateMismatch,
                "state refused",
                message,
                after_state,
            )
        }
    }
}

/// The scope to ask for and where it comes from (2025-11-25 basic/authorization, "Scope Selection
/// Strategy").
pub(crate) fn scope(flow: &Flow, setup: &Setup) -> (Option<String>, ScopeSource) {
    let facts = &flow.facts;
    if let Some(more) = &facts.step_up.scope {
        return (Some(more.clone()), ScopeSource::StepUp);
    }
    if let Some(given) = &setup.scope {
        return (scope_of([given.as_str()]), ScopeSource::Given);
    }
    let supported = facts
        .resource_metadata
        .as_ref()
        .and_then(|metadata| metadata.scopes_supported.as_ref());
    let (scope, source) = match (&facts.challenged_scope, supported) {
        (Some(challenged), _) => (scope_of([challenged.as_str()]), ScopeSource::Challenge),
        (None, Some(supported)) => (
            scope_of(supported.iter().map(String::as_str)),
            ScopeSource::ScopesSupported,
        ),
        (None, None) => (None, ScopeSource::Omitted),
    };
    let Some(mut scope) = scope else {
        return (None, ScopeSource::Omitted);
    };
    // 2026-07-28 basic/authorization, "Refresh Tokens": a client may add it where the server lists
    // it.
    let offered = facts
        .server_metadata
        .as_ref()
        .and_then(|metadata| metadata.scopes_supported.as_ref());
    let lists_offline =
        offered.is_some_and(|scopes| scopes.iter().any(|scope| scope == "offline_access"));
    let asked = scope.split(' ').any(|scope| scope == "offline_access");
    // Refresh tokens stand for a user; the other grants have none.
    let for_user = matches!(facts.grant, Grant::AuthorizationCode | Grant::DeviceCode);
    if lists_offline && !asked && for_user && facts.revision.at_least(Revision::R20260728) {
        scope.push_str(" offline_access");
    }
    (Some(scope), source)
}

fn answered(mut flow: Flow, fields: &[Pair]) -> Judged {
    if let Some(error) = value(fields, "error") {
        let words = match value(fields, "error_description") {
            Some(description) => format!("{error}: {description}"),
            None => error.to_owned(),
        };
        let message = format!("The authorization server answered with an error: {words}");
        return Judged::stop(flow, StopCode::AuthorizationError, error, message);
    }
    let Some(code) = value(fields, "code").filter(|code| !code.is_empty()) else {
        let message = "The callback carries neither code nor error, so there is nothing to exchange for a token.";
        return Judged::stop(flow, StopCode::NoCode, "no code", message);
    };
    flow.facts.code = Some(Secret::new(code));
    let words = match value(fields, "iss") {
        Some(_) => "code · state ✓ · iss ✓",
        None => "code · state ✓",
    };
    Judged::go(flow, Step::ExpectToken, Verdict::accepted(words))
}

/// The table of 2026-07-28 basic/authorization, "Authorization Response Validation" (RFC 9207
/// section 2.4).
fn iss_problem(flow: &Flow, fields: &[Pair]) -> Option<String> {
    if !flow.facts.revision.at_least(Revision::R20260728) {
        return None;
    }
    let advertised = flow
        .facts
        .server_metadata
        .as_ref()
        .is_some_and(|metadata| metadata.authorization_response_iss_parameter_supported);
    let expected = flow
        .facts
        .authorization
        .as_ref()
        .and_then(|authorization| authorization.issuer.as_deref());
    match (value(fields, "iss"), expected) {
        (None, _) if advertised => Some(
            "iss: expected in the callback, since the metadata says it is supported, got none."
                .into(),
        ),
        (None, _) => None,
        (Some(iss), Some(expected)) if iss == expected => None,
        (Some(_), None) => None,
        (Some(iss), Some(expected)) => {
            Some(format!("iss: expected \"{expected}\", got \"{iss}\"."))
        }
    }
}

/// BASE64URL(SHA256(verifier)) (RFC 7636 section 4.2).
fn s256(verifier: &Secret) -> String {
    let verifier = PkceCodeVerifier::new(verifier.expose().into());
    PkceCodeChallenge::from_code_verifier_sha256(&verifier)
        .as_str()
        .into()
}

fn value<'a>(fields: &'a [Pair], name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|pair| pair.name == name)
        .map(|pair| pair.value.as_str())
}

/// In a time that does not tell how much of it is right.
fn same(expected: &str, got: &str) -> bool {
    expected.as_bytes().ct_eq(got.as_bytes()).into()
}
