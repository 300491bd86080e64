//! The authorization request through the browser, and what comes back (RFC 6749 section 4.1, RFC 7636, RFC 9207).

use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use subtle::ConstantTimeEq as _;
use trace::{
    Pair, Phase, Purpose, Request, Revision, ScopeSource, Secret, StopCode, Verdict, query_pairs, with_query,
};

use crate::facts::Authorization;
use crate::flow::{Flow, Hand, Plan, Step};
use crate::judged::Judged;
use crate::setup::Setup;
use crate::steps::scope_of;

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
    });
}

pub(crate) fn request(flow: &Flow, setup: &Setup) -> Plan {
    let facts = &flow.facts;
    let endpoint = facts
        .server_metadata
        .as_ref()
        .and_then(|metadata| metadata.authorization_endpoint.as_deref());
    let client_id = facts
        .client
        .as_ref()
        .map_or("", |client| client.client_id.as_str());
    let (state, challenge, scope) = match &facts.authorization {
        Some(authorization) => (
            authorization.state.expose().to_owned(),
            s256(&authorization.code_verifier),
            authorization.scope.clone(),
        ),
        None => Default::default(),
    };
    let resource = facts.resource(&setup.server_url);
    let redirect_uri = facts.redirect_uri.clone().unwrap_or_default();
    let mut query = vec![
        ("response_type", "code"),
        ("client_id", client_id),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("redirect_uri", &redirect_uri),
        ("state", &state),
    ];
    if let Some(scope) = &scope {
        query.push(("scope", scope));
        // OpenID Connect Core section 11: without consent the scope offline_access is to be ignored.
        if scope.split(' ').any(|scope| scope == "offline_access") {
            query.push(("prompt", "consent"));
        }
    }
    if let Some(resource) = &resource {
        query.push(("resource", resource));
    }
    Plan {
        phase: Phase::Authorization,
        purpose: Purpose::Authorization,
        title: "Send the browser to the authorization server".into(),
        why: "The user logs in and agrees there; the browser then comes back to us with a code.".into(),
        label: scope
            .as_ref()
            .map(|scope| format!("scope={scope}"))
            .unwrap_or_default(),
        request: Request::new("GET", with_query(endpoint.unwrap_or_default(), query)),
    }
}

/// Believes nothing of the callback before `state` and `iss` are what they must be.
pub(crate) fn judge(flow: Flow, callback: &Request) -> Judged {
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
    let expected = flow
        .facts
        .authorization
        .as_ref()
        .map(|authorization| &authorization.state);
    match (expected, value(&fields, "state")) {
        (Some(expected), Some(state)) if same(expected.expose(), state) => after_state,
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

/// The scope to ask for and where it comes from (2025-11-25 basic/authorization, "Scope Selection Strategy").
pub(crate) fn scope(flow: &Flow, setup: &Setup) -> (Option<String>, ScopeSource) {
    let facts = &flow.facts;
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
    // 2026-07-28 basic/authorization, "Refresh Tokens": a client may add it where the server lists it.
    let offered = facts
        .server_metadata
        .as_ref()
        .and_then(|metadata| metadata.scopes_supported.as_ref());
    let lists_offline = offered.is_some_and(|scopes| scopes.iter().any(|scope| scope == "offline_access"));
    let asked = scope.split(' ').any(|scope| scope == "offline_access");
    if lists_offline && !asked && facts.revision.at_least(Revision::R20260728) {
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
        let message =
            "The callback carries neither code nor error, so there is nothing to exchange for a token.";
        return Judged::stop(flow, StopCode::NoCode, "no code", message);
    };
    flow.facts.code = Some(Secret::new(code));
    let words = match value(fields, "iss") {
        Some(_) => "code · state ✓ · iss ✓",
        None => "code · state ✓",
    };
    Judged::go(flow, Step::ExpectToken, Verdict::accepted(words))
}

/// The table of 2026-07-28 basic/authorization, "Authorization Response Validation" (RFC 9207 section 2.4).
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
        (None, _) if advertised => {
            Some("iss: expected in the callback, since the metadata says it is supported, got none.".into())
        }
        (None, _) => None,
        (Some(iss), Some(expected)) if iss == expected => None,
        (Some(_), None) => None,
        (Some(iss), Some(expected)) => Some(format!("iss: expected \"{expected}\", got \"{iss}\".")),
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
