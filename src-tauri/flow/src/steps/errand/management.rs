//! Reading, updating and deleting what was registered (RFC 7592).

use serde_json::{Map, Value, json};
use trace::{Phase, Purpose, Request, Response, Verdict};

use crate::agenda::{Errand, management};
use crate::facts::{Client, Facts};
use crate::flow::Flow;
use crate::judged::{Effect, Judged};
use crate::setup::Setup;
use crate::step::Plan;
use crate::steps::{json_object, oauth_error};

use super::{failed, on};

/// What the server says of a registration, and a client does not say back (RFC 7592 section 2.2).
const NOT_SENT_BACK: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

pub(super) fn request(facts: &Facts, setup: &Setup, errand: &Errand) -> Plan {
    let client = client(facts, errand);
    let (uri, token) = client.and_then(management).unwrap_or_default();
    let (method, purpose, title, why) = match errand {
        Errand::UpdateRegistration => (
            "PUT",
            Purpose::RegistrationUpdate,
            "Update the registration",
            "All of the client's metadata is sent; what is left out is deleted.",
        ),
        Errand::DeleteRegistration(_) => (
            "DELETE",
            Purpose::RegistrationDeletion,
            "Delete the registration",
            "The client is of no use any more; its tokens go with it.",
        ),
        _ => (
            "GET",
            Purpose::RegistrationRead,
            "Read the registration",
            "The server says what it knows of this client now.",
        ),
    };
    let mut request = Request::new(method, uri)
        .header("accept", "application/json")
        .header("authorization", format!("Bearer {token}"));
    if *errand == Errand::UpdateRegistration {
        let answer = client.and_then(|client| client.registration.as_ref());
        request = request
            .header("content-type", "application/json")
            .body(updated(answer, setup).to_string());
    }
    Plan {
        phase: Phase::Extra,
        purpose,
        title: title.into(),
        why: why.into(),
        label: client
            .map(|client| client.client_id.clone())
            .unwrap_or_default(),
        request,
        not_before: None,
        credentials: Vec::new(),
    }
}

pub(super) fn judge(mut flow: Flow, setup: &Setup, errand: &Errand, response: &Response) -> Judged {
    let status = response.status;
    if let Errand::DeleteRegistration(client) = errand {
        return deleted(flow, setup, client, response);
    }
    let answer = json_object(response).filter(|_| status == 200);
    let Some(answer) = answer else {
        let words = oauth_error(response).words(status);
        return failed(
            flow,
            setup,
            &words,
            format!("The registration endpoint refused: {words}"),
        );
    };
    let names = answer.len();
    if let Some(client) = &mut flow.facts.client {
        // The server may give another secret or another token to manage with (RFC 7592 section 3).
        let earlier = client.registration.take();
        if let Some(secret) = answer.get("client_secret").and_then(Value::as_str) {
            client.client_secret = Some(trace::Secret::new(secret));
        }
        let client_id = client.client_id.clone();
        let renewed = merged(earlier, answer);
        client.registration = Some(renewed.clone());
        for registered in flow
            .facts
            .registered
            .iter_mut()
            .filter(|other| other.client_id == client_id)
        {
            registered.registration = Some(renewed.clone());
        }
    }
    let message = match errand {
        Errand::UpdateRegistration => "The registration is updated.",
        _ => "The server knows this client.",
    };
    on(
        flow,
        setup,
        Verdict::accepted(format!("{names} members")),
        message,
    )
}

fn deleted(mut flow: Flow, setup: &Setup, client: &Client, response: &Response) -> Judged {
    let status = response.status;
    let client_id = client.client_id.clone();
    if !matches!(status, 200..=299) {
        let words = oauth_error(response).words(status);
        let message =
            format!("The authorization server did not delete the client {client_id}: {words}");
        return failed(flow, setup, &words, message);
    }
    flow.facts
        .registered
        .retain(|registered| registered.client_id != client_id);
    let current = flow
        .facts
        .client
        .as_ref()
        .is_some_and(|client| client.client_id == client_id);
    if current {
        flow.facts.client = None;
        flow.facts.tokens = None;
    }
    let issuer = client.issuer.clone();
    let verdict = match status {
        204 => Verdict::accepted("deleted"),
        status => Verdict::accepted(format!("deleted, with {status}")),
    };
    let mut judged = on(flow, setup, verdict, "The registration is deleted.");
    judged = judged.effect(Effect::Unregistered {
        client_id: client_id.clone(),
    });
    match issuer {
        Some(issuer) => judged.effect(Effect::Forget { issuer, client_id }),
        None => judged,
    }
}

fn client<'a>(facts: &'a Facts, errand: &'a Errand) -> Option<&'a Client> {
    match errand {
        Errand::DeleteRegistration(client) => Some(client),
        _ => facts.client.as_ref(),
    }
}

fn updated(answer: Option<&Value>, setup: &Setup) -> Value {
    let mut members = answer
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    members.retain(|name, _| !NOT_SENT_BACK.contains(&name.as_str()));
    members.insert(
        "client_name".into(),
        json!(format!("{} (updated)", setup.client_name)),
    );
    Value::Object(members)
}

/// The new answer, with the way to manage it from the earlier one where the new one leaves it out.
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
