//! A new authorization request: what its callback is held against, and what it carries.

use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier};
use serde_json::{Map, Value, json};
use trace::Secret;

use crate::endpoint::MissingEndpoint;
use crate::facts::Facts;
use crate::grant::Authorization;
use crate::options::ResponseMode;
use crate::plan::{Env, ToSign, UNSIGNED};
use crate::scope::scope;
use crate::scope_values::contains;
use crate::setup::Setup;

/// Parameters in the order they are sent.
type Parameters = Vec<(String, String)>;

/// Draws `state`, code verifier and nonce, and records the issuer with them.
///
/// # Errors
/// When the metadata names no authorization endpoint.
pub(crate) fn new_authorization(
    facts: &mut Facts,
    setup: &Setup,
    env: &mut Env<'_>,
) -> Result<Box<Authorization>, MissingEndpoint> {
    let endpoint = facts.endpoint(setup, "authorization_endpoint")?;
    let (scope, _) = scope(facts, setup);
    facts.requested_scope.clone_from(&scope);
    let client_id = facts.client.as_ref().map(|client| client.client_id.clone());
    let metadata = facts.server_metadata.as_ref();
    let drawn = Authorization {
        endpoint,
        client_id: client_id.unwrap_or_default(),
        redirect_uri: facts.redirect_uri.clone().unwrap_or_default(),
        state: Secret::new(""),
        code_verifier: Secret::new(""),
        issuer: metadata.and_then(|metadata| metadata.issuer.clone()),
        scope,
        nonce: Secret::new(""),
    };
    Ok(Box::new(redrawn(drawn, env)))
}

/// The same request with new random values, for another attempt.
pub(crate) fn redrawn(authorization: Authorization, env: &mut Env<'_>) -> Authorization {
    Authorization {
        state: env.secret(16),
        code_verifier: env.secret(32),
        nonce: env.secret(16),
        ..authorization
    }
}

/// The parameters of the authorization request, as one request object where that is chosen.
pub(crate) fn parameters(
    facts: &Facts,
    setup: &Setup,
    authorization: &Authorization,
) -> (Parameters, Option<ToSign>) {
    let plain = plain_parameters(facts, setup, authorization);
    if setup.authorization.request_object {
        let (wrapped, signature) = request_object(facts, plain);
        (wrapped, Some(signature))
    } else {
        (plain, None)
    }
}

/// Whether the values of `state` are the same, compared in constant time.
pub(crate) fn same_state(expected: &str, got: &str) -> bool {
    CsrfToken::new(expected.into()) == CsrfToken::new(got.into())
}

fn plain_parameters(facts: &Facts, setup: &Setup, authorization: &Authorization) -> Parameters {
    let mut all: Parameters = Vec::new();
    let mut add = |name: &str, value: &str| all.push((name.into(), value.into()));
    add("response_type", "code");
    add("client_id", &authorization.client_id);
    let verifier = PkceCodeVerifier::new(authorization.code_verifier.expose().into());
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
    add("code_challenge", challenge.as_str());
    add("code_challenge_method", challenge.method().as_str());
    add("redirect_uri", &authorization.redirect_uri);
    add("state", authorization.state.expose());
    if let Some(scope) = &authorization.scope {
        add("scope", scope);
        // OpenID Connect Core section 11: without consent the scope offline_access is to be
        // ignored.
        if contains(scope, "offline_access") {
            add("prompt", "consent");
        }
        if contains(scope, "openid") {
            add("nonce", authorization.nonce.expose());
        }
    }
    if let Some(resource) = facts.resource(setup) {
        add("resource", &resource);
    }
    if let Some(acr_values) = &facts.step_up.acr_values {
        add("acr_values", acr_values);
    }
    if let Some(max_age) = &facts.step_up.max_age {
        add("max_age", max_age);
    }
    if setup.authorization.response_mode == ResponseMode::FormPost {
        add("response_mode", "form_post");
    }
    if let Some(details) = &setup.authorization_details {
        add("authorization_details", &details.to_string());
    }
    // RFC 9449 section 10: the code is bound to the key, too.
    if let Some(dpop) = &facts.dpop {
        add("dpop_jkt", &dpop.key.thumbprint());
    }
    for (name, value) in &setup.authorization.parameters {
        all.retain(|(other, _)| other != name);
        all.push((name.clone(), value.clone()));
    }
    all
}

/// `client_id` and `request` (RFC 9101); with the parameters that OpenID Connect Core 1.0 section
/// 6.1 wants outside, too.
fn request_object(facts: &Facts, parameters: Parameters) -> (Parameters, ToSign) {
    let outside = |name: &str| parameters.iter().find(|(other, _)| other == name).cloned();
    let client_id = outside("client_id");
    let mut kept: Parameters = client_id.clone().into_iter().collect();
    if outside("scope").is_some_and(|(_, scope)| contains(&scope, "openid")) {
        kept.extend(outside("response_type"));
        kept.extend(outside("scope"));
    }
    kept.push(("request".into(), UNSIGNED.into()));
    let mut claims: Map<String, Value> = parameters.into_iter().map(claim).collect();
    claims.insert(
        "iss".into(),
        json!(client_id.map(|(_, id)| id).unwrap_or_default()),
    );
    claims.insert("aud".into(), json!(facts.issuer));
    let client = facts.client.as_ref();
    let key = client.and_then(|client| client.private_key.clone());
    (kept, ToSign::RequestObject { key, claims })
}

/// Parameters that are JSON are JSON in the object (RFC 9101 section 4, RFC 9396 section 3).
fn claim((name, value): (String, String)) -> (String, Value) {
    let json = match name.as_str() {
        "authorization_details" | "claims" => serde_json::from_str(&value).ok(),
        "max_age" => value.parse::<u64>().ok().map(Value::from),
        _ => None,
    };
    (name, json.unwrap_or(Value::String(value)))
}

#[cfg(test)]
mod tests {
    use trace::{Revision, ServerMetadata, Timestamp};

    use super::*;
    use crate::setup::Seed;

    fn setup() -> Setup {
        Setup::new("https://mcp.example/mcp", Seed([7; 32]))
    }

    fn begun(setup: &Setup, revision: Revision) -> (Facts, Box<Authorization>) {
        let mut facts = Facts::new(Some(revision));
        facts.server_metadata = Some(ServerMetadata::default_endpoints("https://as.example"));
        facts.redirect_uri = Some("http://127.0.0.1:1/callback".into());
        let mut byte = 0;
        let mut random = |bytes: &mut [u8]| {
            byte += 1;
            bytes.fill(byte);
        };
        let env = &mut Env {
            now: Timestamp(0),
            random: &mut random,
        };
        let authorization = new_authorization(&mut facts, setup, env).unwrap();
        (facts, authorization)
    }

    fn value<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a str> {
        let found = parameters.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    #[test]
    fn the_request_carries_what_the_specification_demands() {
        let mut setup = setup();
        setup.scope = Some("openid offline_access".into());
        let (facts, authorization) = begun(&setup, Revision::R20251125);
        let (parameters, signature) = parameters(&facts, &setup, &authorization);
        assert_eq!(signature, None);
        for (name, expected) in [
            ("response_type", "code"),
            ("code_challenge_method", "S256"),
            ("redirect_uri", "http://127.0.0.1:1/callback"),
            ("state", authorization.state.expose()),
            ("nonce", authorization.nonce.expose()),
            ("prompt", "consent"),
            ("resource", "https://mcp.example/mcp"),
        ] {
            assert_eq!(value(&parameters, name), Some(expected), "{name}");
        }
        // RFC 7636 section 4.1 and 4.2: a verifier of 43 characters, and its hash.
        assert_eq!(authorization.code_verifier.expose().len(), 43);
        assert_eq!(value(&parameters, "code_challenge").unwrap().len(), 43);
        let all = [
            &authorization.state,
            &authorization.code_verifier,
            &authorization.nonce,
        ];
        assert!(
            all.iter()
                .enumerate()
                .all(|(at, one)| !all[..at].contains(one))
        );
    }

    #[test]
    fn before_2025_06_18_there_is_no_resource_parameter() {
        let setup = setup();
        let (facts, authorization) = begun(&setup, Revision::R20250326);
        let (parameters, _) = parameters(&facts, &setup, &authorization);
        assert_eq!(value(&parameters, "resource"), None);
    }

    #[test]
    fn a_parameter_of_the_users_replaces_ours() {
        let mut setup = setup();
        setup.authorization.parameters = vec![("state".into(), "mine".into())];
        let (facts, authorization) = begun(&setup, Revision::R20251125);
        let (parameters, _) = parameters(&facts, &setup, &authorization);
        let states = parameters.iter().filter(|(name, _)| name == "state");
        assert_eq!(states.count(), 1);
        assert_eq!(value(&parameters, "state"), Some("mine"));
    }

    #[test]
    fn a_request_object_holds_the_parameters_and_json_as_json() {
        let mut setup = setup();
        setup.authorization.request_object = true;
        setup.scope = Some("openid".into());
        setup.authorization_details = Some(json!([{ "type": "t" }]));
        let (facts, authorization) = begun(&setup, Revision::R20251125);
        let (parameters, signature) = parameters(&facts, &setup, &authorization);
        let names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["client_id", "response_type", "scope", "request"]);
        let Some(ToSign::RequestObject { key: None, claims }) = signature else {
            panic!("{signature:?}")
        };
        assert_eq!(claims["authorization_details"], json!([{ "type": "t" }]));
        assert_eq!(claims["state"], authorization.state.expose());
    }

    #[test]
    fn without_an_endpoint_there_is_no_request() {
        let mut random = |_: &mut [u8]| {};
        let env = &mut Env {
            now: Timestamp(0),
            random: &mut random,
        };
        let mut facts = Facts::new(None);
        facts.server_metadata = Some(ServerMetadata {
            authorization_endpoint: Some("javascript:alert(1)".into()),
            ..ServerMetadata::default()
        });
        let missing = new_authorization(&mut facts, &setup(), env).unwrap_err();
        assert_eq!(missing.name, "authorization_endpoint");
        assert_eq!(missing.got.as_deref(), Some("javascript:alert(1)"));
    }
}
