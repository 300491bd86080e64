//! Reading, updating and deleting what was registered (RFC 7592).

use serde_json::{Map, Value, json};
use trace::{Phase, Purpose, Request, Response, Verdict};

use crate::answer::{json_object, refusal};
use crate::client::{Client, Management};
use crate::plan::Plan;
use crate::queue::RegistrationRequest;
use crate::routes::actions::{failed, go_on};
use crate::setup::Setup;
use crate::state::Flow;
use crate::transition::{Effect, Transition};

/// What the server says of a registration, and a client does not say back (RFC 7592 section 2.2).
const NOT_SENT_BACK: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

pub(crate) fn request(
    setup: &Setup,
    what: RegistrationRequest,
    client: &Client,
    at: &Management,
) -> Plan {
    let (method, purpose, title, why) = match what {
        RegistrationRequest::Read => (
            "GET",
            Purpose::RegistrationRead,
            "Read the registration",
            "The server says what it knows of this client now.",
        ),
        RegistrationRequest::Update => (
            "PUT",
            Purpose::RegistrationUpdate,
            "Update the registration",
            "All of the client's metadata is sent; what is left out is deleted.",
        ),
        RegistrationRequest::Delete => (
            "DELETE",
            Purpose::RegistrationDeletion,
            "Delete the registration",
            "The client is not needed any more; its tokens go with it.",
        ),
    };
    let mut request = Request::new(method, at.endpoint.url())
        .header("accept", "application/json")
        .header("authorization", format!("Bearer {}", at.token.expose()));
    if what == RegistrationRequest::Update {
        request = request
            .header("content-type", "application/json")
            .body(updated(client.registration.as_ref(), setup).to_string());
    }
    let label = client.client_id.clone();
    Plan::new(Phase::Extra, purpose, (title, why), label, request)
}

pub(crate) fn judge(
    mut flow: Flow,
    setup: &Setup,
    what: RegistrationRequest,
    client: &Client,
    response: &Response,
) -> Transition {
    if what == RegistrationRequest::Delete {
        return deleted(flow, setup, client, response);
    }
    let answer = json_object(response).filter(|_| response.status == 200);
    let Some(answer) = answer else {
        let words = refusal(response);
        let message = format!("The registration endpoint refused: {words}");
        return failed(flow, setup, &words, message);
    };
    let names = answer.len();
    let facts = &mut flow.facts;
    if let Some(client) = &mut facts.client {
        // The server may give another secret or another token to manage with (RFC 7592 section 3).
        if let Some(secret) = answer.get("client_secret").and_then(Value::as_str) {
            client.client_secret = Some(secret.into());
        }
        let renewed = merged(client.registration.take(), answer);
        client.registration = Some(renewed.clone());
        let registered = facts.registered.iter_mut();
        for same in registered.filter(|other| other.client_id == client.client_id) {
            same.registration = Some(renewed.clone());
        }
    }
    let message = match what {
        RegistrationRequest::Update => "The registration is updated.",
        _ => "The server knows this client.",
    };
    go_on(
        flow,
        setup,
        Verdict::accepted(format!("{names} members")),
        message,
    )
}

fn deleted(mut flow: Flow, setup: &Setup, client: &Client, response: &Response) -> Transition {
    let status = response.status;
    if !(200..300).contains(&status) {
        let words = refusal(response);
        let client_id = &client.client_id;
        let message =
            format!("The authorization server did not delete the client {client_id}: {words}");
        return failed(flow, setup, &words, message);
    }
    let client_id = client.client_id.clone();
    let facts = &mut flow.facts;
    facts
        .registered
        .retain(|registered| registered.client_id != client_id);
    if facts
        .client
        .as_ref()
        .is_some_and(|current| current.client_id == client_id)
    {
        facts.client = None;
        facts.tokens = None;
    }
    let verdict = match status {
        204 => Verdict::accepted("deleted"),
        status => Verdict::accepted(format!("deleted, with {status}")),
    };
    let forget = client.issuer.clone().map(|issuer| Effect::Forget {
        issuer,
        client_id: client_id.clone(),
    });
    go_on(flow, setup, verdict, "The registration is deleted.")
        .effect(Effect::Unregistered { client_id })
        .effect(forget)
}

fn updated(answer: Option<&Value>, setup: &Setup) -> Value {
    let mut members = answer
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    members.retain(|name, _| !NOT_SENT_BACK.contains(&name.as_str()));
    let name = format!("{} (updated)", setup.client_name);
    members.insert("client_name".into(), json!(name));
    Value::Object(members)
}

/// The new answer, with how to manage it from the earlier one where the new one leaves that out.
fn merged(earlier: Option<Value>, mut answer: Map<String, Value>) -> Value {
    for name in ["registration_access_token", "registration_client_uri"] {
        if let Some(value) = earlier.as_ref().and_then(|earlier| earlier.get(name))
            && !answer.contains_key(name)
        {
            answer.insert(name.into(), value.clone());
        }
    }
    Value::Object(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::Step;
    use crate::testing::{endpoint, response, setup, with_tokens};

    fn managed() -> Client {
        Client {
            registration: Some(json!({
                "client_id": "c1", "client_name": "A", "client_id_issued_at": 1,
                "registration_client_uri": "https://as.example/c1",
                "registration_access_token": "m",
            })),
            ..crate::testing::client()
        }
    }

    fn judged(what: RegistrationRequest, status: u16, body: &str) -> Transition {
        let mut flow = with_tokens(Step::ExpectTools, None);
        flow.facts.client = Some(managed());
        flow.facts.registered = vec![managed()];
        judge(
            flow,
            &setup(),
            what,
            &managed(),
            &response(status, &[], body),
        )
    }

    #[test]
    fn an_update_sends_everything_but_what_the_server_alone_says() {
        let at = Management {
            endpoint: endpoint("/c1"),
            token: "m".into(),
        };
        let plan = request(&setup(), RegistrationRequest::Update, &managed(), &at);
        assert_eq!(plan.request.method, "PUT");
        assert_eq!(plan.request.header_value("authorization"), Some("Bearer m"));
        let body: Value = serde_json::from_slice(&plan.request.body.bytes).unwrap();
        assert_eq!(
            body,
            json!({ "client_id": "c1", "client_name": "Authscope (updated)" })
        );
    }

    #[test]
    fn a_new_secret_is_taken_and_how_to_manage_it_is_kept() {
        let transition = judged(
            RegistrationRequest::Update,
            200,
            r#"{"client_id":"c1","client_secret":"s2"}"#,
        );
        let facts = transition.flow.facts;
        let client = facts.client.unwrap();
        assert_eq!(client.client_secret.as_ref().unwrap().expose(), "s2");
        assert_eq!(client.management(), managed().management());
        assert_eq!(facts.registered[0].registration, client.registration);
    }

    #[test]
    fn a_deleted_client_is_forgotten_with_its_tokens() {
        let gone = judged(RegistrationRequest::Delete, 204, "");
        let facts = &gone.flow.facts;
        assert_eq!(
            (&facts.client, &facts.tokens, facts.registered.len()),
            (&None, &None, 0)
        );
        assert!(matches!(
            gone.effects[..],
            [Effect::Unregistered { .. }, Effect::Forget { .. }]
        ));
        for (what, status, body) in [
            (RegistrationRequest::Delete, 403, ""),
            (
                RegistrationRequest::Read,
                401,
                r#"{"error":"invalid_token"}"#,
            ),
            (RegistrationRequest::Read, 200, "[]"),
        ] {
            let refused = judged(what, status, body);
            assert!(refused.flow.facts.client.is_some() && refused.effects.is_empty());
        }
    }
}
