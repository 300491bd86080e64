//! More than one authorization server, and a change from one to the other.

mod support;

use lab::{Lab, Misbehaviour};
use serde_json::{Value, json};
use support::*;

async fn resource_metadata(lab: &Lab) -> Value {
    let origin = lab.mcp_url().strip_suffix("/mcp").unwrap();
    get(&format!(
        "{origin}/.well-known/oauth-protected-resource/mcp"
    ))
    .send()
    .await
    .json()
}

/// An access token of the authorization server with this base URL.
async fn token_of(lab: &Lab, base: &str) -> String {
    let callback = approved(base, &authorization_request(lab, "lab-public")).await;
    assert_eq!(callback["iss"], base);
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "lab-public"),
        ("code", &callback["code"]),
        ("code_verifier", VERIFIER),
        ("resource", lab.mcp_url()),
    ];
    let answer = token(base, &fields).await.json();
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn list(lab: &Lab, token: &str) -> u16 {
    modern(lab, token, "tools/list", json!({}))
        .send()
        .await
        .status
}

#[tokio::test]
async fn two_to_choose_from() {
    let lab = started(|options| {
        options.second_as = true;
        options.misbehaviour = Some(Misbehaviour::ServerMetadataNotFound);
    })
    .await;
    let second = lab.second_as_url().unwrap();
    let document = resource_metadata(&lab).await;
    assert_eq!(
        document["authorization_servers"],
        json!([lab.as_url(), second])
    );
    assert_eq!(
        metadata(second).await["issuer"],
        second,
        "healthy in any case"
    );
    assert_eq!(list(&lab, &token_of(&lab, second).await).await, 200);
    assert_eq!(list(&lab, &token_of(&lab, lab.as_url()).await).await, 200);
    assert_eq!(healthy().await.second_as_url(), None);
}

#[tokio::test]
async fn clients_of_one_are_unknown_to_the_other() {
    let lab = started(|options| options.second_as = true).await;
    let second = lab.second_as_url().unwrap();
    let registered = register(&lab, &native_client()).await;
    let request = authorization_request(&lab, registered["client_id"].as_str().unwrap());
    assert_eq!(authorize(lab.as_url(), &request).await.status, 200);
    assert_eq!(authorize(second, &request).await.status, 400);
    let code = approved(lab.as_url(), &authorization_request(&lab, "lab-public"))
        .await
        .remove("code")
        .unwrap();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "lab-public"),
        ("code", &code),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(token(second, &fields).await.error(), "invalid_grant");
}

#[tokio::test]
async fn a_server_that_mixes_clients_up_with_another() {
    let lab = misbehaving(Misbehaviour::MixUp).await;
    let second = lab.second_as_url().unwrap();
    let named = resource_metadata(&lab).await;
    assert_eq!(named["authorization_servers"], json!([lab.as_url()]));
    let registered = register(&lab, &native_client()).await;
    let request = authorization_request(&lab, registered["client_id"].as_str().unwrap());
    let reply = authorize(lab.as_url(), &request).await;
    let on = reply.location();
    assert!(
        reply
            .header("location")
            .starts_with(&format!("{second}/authorize?"))
    );
    assert_eq!(
        (on["client_id"].as_str(), on["state"].as_str()),
        ("lab-public", "a-state")
    );
    // The other server does not notice: its code comes with its own issuer, to the client of this
    // one.
    let on: Vec<(String, String)> = on.into_iter().collect();
    let callback = approved(second, &on).await;
    assert_eq!(callback["iss"], second);
}

#[tokio::test]
async fn a_server_that_migrates() {
    let lab = started(|options| options.as_migrates = true).await;
    let second = lab.second_as_url().unwrap();
    assert_eq!(
        resource_metadata(&lab).await["authorization_servers"],
        json!([lab.as_url()])
    );
    let old = token_of(&lab, lab.as_url()).await;
    let discover = modern(&lab, &old, "server/discover", json!({}))
        .send()
        .await;
    assert_eq!(discover.status, 200);
    assert_eq!(
        resource_metadata(&lab).await["authorization_servers"],
        json!([lab.as_url()])
    );
    assert_eq!(list(&lab, &old).await, 200);

    let refused = modern(&lab, &old, "server/discover", json!({}))
        .send()
        .await;
    assert_eq!(
        (refused.status, refused.error().as_str()),
        (401, "invalid_token")
    );
    assert_eq!(
        resource_metadata(&lab).await["authorization_servers"],
        json!([second])
    );
    let new = token_of(&lab, second).await;
    assert_eq!((list(&lab, &new).await, list(&lab, &new).await), (200, 200));
}
