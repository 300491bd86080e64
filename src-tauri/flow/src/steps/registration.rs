//! Dynamic client registration (RFC 7591).

use serde_json::{Map, Value, json};
use trace::{
    Grant, Outcome, Phase, Purpose, Request, Response, Revision, StopCode, Verdict, oauth_error,
};

use crate::answer::{json_object, refusal, text};
use crate::client::{Client, RegisteredBy};
use crate::endpoint::Endpoint;
use crate::facts::Facts;
use crate::plan::{Env, Plan};
use crate::played;
use crate::routes::client::{auth_method, become_client, listed_methods, ready};
use crate::scope::scope;
use crate::setup::Setup;
use crate::state::Flow;
use crate::transition::{Effect, Transition};

/// The listener is open: registers, unless there is a client already.
pub(crate) fn judge_listening(
    mut flow: Flow,
    setup: &Setup,
    redirect_uri: &str,
    env: &mut Env<'_>,
) -> Transition {
    flow.facts.redirect_uri = Some(redirect_uri.into());
    become_client(flow, setup, None, env)
}

pub(crate) fn request(
    flow: &Flow,
    setup: &Setup,
    endpoint: &Endpoint,
    redirect_uri: Option<&str>,
) -> Plan {
    let facts = &flow.facts;
    let grant_types = match facts.grant {
        for_user @ (Grant::AuthorizationCode | Grant::DeviceCode) => {
            vec![for_user.grant_type(), Grant::RefreshToken.grant_type()]
        }
        other => vec![other.grant_type()],
    };
    let redirect_uris: Vec<&str> = redirect_uri.into_iter().collect();
    let response_types: &[&str] = if redirect_uri.is_some() {
        &["code"]
    } else {
        &[]
    };
    let mut body = json!({
        "client_name": setup.client_name,
        "redirect_uris": redirect_uris,
        "grant_types": grant_types,
        "response_types": response_types,
        "token_endpoint_auth_method": method_to_register(facts, setup),
    });
    // 2026-07-28 demands it; without it an OpenID provider takes the client for a web application.
    if facts.revision.at_least(Revision::R20251125) {
        body["application_type"] = json!("native");
    }
    if let (Some(scope), _) = scope(facts, setup) {
        body["scope"] = json!(scope);
    }
    played::registration(setup, &mut body);
    let why = "Tell the authorization server our name and redirect URI, and get a client_id back.";
    let label = if redirect_uri.is_some() {
        "client_name, 1 redirect URI"
    } else {
        "client_name, no redirect URI"
    };
    let mut request = Request::new("POST", endpoint.url())
        .header("accept", "application/json")
        .header("content-type", "application/json");
    // RFC 7591 section 3: an access token for this endpoint, sent as a bearer token.
    if let Some(token) = &setup.initial_access_token {
        request = request.header("authorization", format!("Bearer {}", token.expose()));
    }
    let request = request.body(body.to_string());
    Plan::new(
        facts.phase(Phase::Registration),
        Purpose::Registration,
        ("Register this client", why),
        label,
        request,
    )
}

pub(crate) fn judge(
    flow: Flow,
    setup: &Setup,
    request: &Request,
    outcome: &Outcome,
    env: &mut Env<'_>,
) -> Transition {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return Transition::no_response(flow, failure),
    };
    let answer = json_object(response).filter(|_| matches!(response.status, 200..=299));
    match answer {
        Some(answer) => registered(flow, setup, request, answer, env),
        None => refused(flow, response),
    }
}

fn registered(
    mut flow: Flow,
    setup: &Setup,
    request: &Request,
    answer: Map<String, Value>,
    env: &mut Env<'_>,
) -> Transition {
    let Some(client_id) = text(&answer, "client_id").map(str::to_owned) else {
        let got = answer.get("client_id");
        let got = got.map_or("nothing".to_owned(), Value::to_string);
        let message = format!("client_id: expected a string in the registration answer, got {got}");
        let code = StopCode::RegistrationRejected;
        return Transition::stop(flow, code, "no client_id", message);
    };
    let facts = &mut flow.facts;
    let secret = text(&answer, "client_secret");
    let agreed = answer
        .get("token_endpoint_auth_method")
        .and_then(Value::as_str);
    let client = Client {
        client_id: client_id.clone(),
        client_secret: secret.map(Into::into),
        private_key: None,
        issuer: facts.issuer.clone(),
        auth_method: match setup.token_auth_method.chosen().or(agreed) {
            Some(method) => method.into(),
            None => auth_method(facts, setup, secret.is_some(), false),
        },
        by: RegisteredBy::Dcr,
        redirect_uri: registered_redirect_uri(request).or_else(|| facts.redirect_uri.clone()),
        registration: Some(Value::Object(answer)),
    };
    facts.client = Some(client.clone());
    let managed = client.management().is_some().then_some(client);
    facts.registered.extend(managed.clone());
    let effect = managed.map(|client| Effect::Registered {
        client: Box::new(client),
    });
    ready(flow, setup, Some(Verdict::accepted(client_id)), env).effect(effect)
}

fn refused(flow: Flow, response: &Response) -> Transition {
    if matches!(response.status, 403..=405 | 501) && oauth_error(response).is_none() {
        let message = format!(
            "The registration endpoint answers {}: dynamic registration is not open to this client.",
            response.status
        );
        let words = "registration not offered";
        return Transition::stop(flow, StopCode::NoRegistration, words, message);
    }
    let words = refusal(response);
    let message = format!("The authorization server refused to register this client: {words}");
    Transition::stop(flow, StopCode::RegistrationRejected, &words, message)
}

/// `none`, since a native client cannot keep a secret, unless the server lists only others: then
/// the first of them that we know.
fn method_to_register<'a>(facts: &'a Facts, setup: &Setup) -> &'a str {
    if let Some(chosen) = setup.token_auth_method.chosen() {
        return chosen;
    }
    const KNOWN: [&str; 2] = ["client_secret_basic", "client_secret_post"];
    let listed = listed_methods(facts).map(Vec::as_slice).unwrap_or_default();
    // Without a secret a client has no credentials (RFC 6749 section 4.4: confidential clients
    // only).
    let needs_secret = facts.grant == Grant::ClientCredentials;
    if needs_secret && listed.is_empty() {
        return "client_secret_basic";
    }
    if listed.iter().any(|method| method == "none") && !needs_secret {
        return "none";
    }
    let known = listed
        .iter()
        .find(|method| KNOWN.contains(&method.as_str()));
    known.map_or("none", String::as_str)
}

/// The redirect URI of the request as it was sent: it may have been edited.
fn registered_redirect_uri(request: &Request) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body.bytes).ok()?;
    Some(body["redirect_uris"][0].as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::Step;
    use crate::testing::{answer, endpoint, flow, setup, stopped, with_env};

    fn body(flow: &Flow, redirect_uri: Option<&str>) -> Value {
        let plan = request(flow, &setup(), &endpoint("/register"), redirect_uri);
        serde_json::from_slice(&plan.request.body.bytes).unwrap()
    }

    fn judged(status: u16, body: &str) -> Transition {
        let request = Request::new("POST", "https://as.example/register")
            .body(r#"{"redirect_uris":["http://127.0.0.1:9/edited"]}"#);
        let flow = flow(Step::ExpectTools);
        with_env(|env| judge(flow, &setup(), &request, &answer(status, body), env))
    }

    #[test]
    fn the_request_names_what_the_grant_needs() {
        let mut flow = flow(Step::ExpectTools);
        let code = body(&flow, Some("http://127.0.0.1:1/callback"));
        assert_eq!(
            code["grant_types"],
            json!(["authorization_code", "refresh_token"])
        );
        assert_eq!(code["response_types"], json!(["code"]));
        assert_eq!(code["token_endpoint_auth_method"], "none");
        assert_eq!(code["application_type"], "native");
        flow.facts.revision = Revision::R20250618;
        flow.facts.grant = Grant::ClientCredentials;
        let credentials = body(&flow, None);
        assert_eq!(credentials["redirect_uris"], json!([]));
        assert_eq!(
            credentials["token_endpoint_auth_method"],
            "client_secret_basic"
        );
        assert_eq!(credentials.get("application_type"), None);
    }

    #[test]
    fn a_method_is_chosen_from_those_listed() {
        let method = |listed: &[&str]| {
            let mut flow = flow(Step::ExpectTools);
            let metadata = flow.facts.server_metadata.as_mut().unwrap();
            let listed = listed.iter().map(|it| (*it).to_owned()).collect();
            metadata.token_endpoint_auth_methods_supported = Some(listed);
            body(&flow, None)["token_endpoint_auth_method"].clone()
        };
        assert_eq!(method(&["client_secret_post", "none"]), "none");
        assert_eq!(
            method(&["tls_client_auth", "client_secret_post"]),
            "client_secret_post"
        );
        assert_eq!(method(&["tls_client_auth"]), "none");
    }

    #[test]
    fn the_client_is_the_one_the_server_made() {
        let transition = judged(
            201,
            r#"{"client_id":"c2","client_secret":"s","registration_client_uri":
            "https://as.example/c2","registration_access_token":"m"}"#,
        );
        let facts = &transition.flow.facts;
        let client = facts.client.as_ref().unwrap();
        assert_eq!(
            (client.client_id.as_str(), client.auth_method.as_str()),
            ("c2", "client_secret_basic")
        );
        assert_eq!(
            client.redirect_uri.as_deref(),
            Some("http://127.0.0.1:9/edited")
        );
        assert_eq!(facts.registered.len(), 1);
        assert!(matches!(
            transition.effects[..],
            [Effect::Registered { .. }]
        ));
        assert!(matches!(transition.flow.step, Step::ExpectCallback { .. }));
        // A registration that is to be managed at another URL than one of http or https cannot be
        // managed.
        let odd = judged(
            201,
            r#"{"client_id":"c2","registration_client_uri":"file:///c","registration_access_token":"m"}"#,
        );
        assert_eq!((odd.flow.facts.registered.len(), odd.effects.len()), (0, 0));
    }

    #[test]
    fn refusals_and_hostile_answers_stop() {
        let rejected = Some((StopCode::RegistrationRejected, false));
        for (status, body, expected) in [
            (
                400,
                r#"{"error":"invalid_redirect_uri","error_description":[1]}"#,
                rejected,
            ),
            (201, r#"{"client_id":7}"#, rejected),
            (201, r#"{"client_id":""}"#, rejected),
            (201, "[]", rejected),
            (500, "<html>", rejected),
            (403, "<html>", Some((StopCode::NoRegistration, false))),
            (403, r#"{"error":"access_denied"}"#, rejected),
        ] {
            assert_eq!(stopped(&judged(status, body)), expected, "{status} {body}");
        }
    }
}
