//! Authorization requests that are pushed or signed, authorization details, and answers by form.

mod support;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lab::Lab;
use serde_json::{Value, json};
use support::*;

async fn push(lab: &Lab, request: &[(String, String)]) -> Reply {
    post(&format!("{}/par", lab.as_url()))
        .form(&borrowed(request))
        .send()
        .await
}

fn by_reference(client_id: &str, pushed: &Reply) -> Vec<(String, String)> {
    let reference = pushed.json()["request_uri"].as_str().unwrap().to_owned();
    vec![
        ("client_id".to_owned(), client_id.to_owned()),
        ("request_uri".to_owned(), reference),
    ]
}

#[tokio::test]
async fn a_pushed_request() {
    let lab = healthy().await;
    let document = metadata(lab.as_url()).await;
    assert_eq!(
        document["pushed_authorization_request_endpoint"],
        format!("{}/par", lab.as_url())
    );
    assert!(
        document
            .get("require_pushed_authorization_requests")
            .is_none()
    );
    let pushed = push(&lab, &authorization_request(&lab, "lab-public")).await;
    assert_eq!(
        (pushed.status, pushed.header("cache-control")),
        (201, "no-store")
    );
    assert_eq!(pushed.json()["expires_in"], 60);
    let reference = by_reference("lab-public", &pushed);

    // Another client's reference has no redirect URI that the error could go to.
    let others = with(reference.clone(), "client_id", "lab-confidential");
    assert_eq!(authorize(lab.as_url(), &others).await.status, 400);
    let callback = approved(lab.as_url(), &reference).await;
    assert_eq!(callback["state"], "a-state");
    assert_eq!(
        exchange(&lab, "lab-public", &callback["code"]).await.status,
        200
    );
    let again = with(reference, "redirect_uri", CALLBACK);
    assert_eq!(
        authorize(lab.as_url(), &again).await.location()["error"],
        "invalid_request_uri"
    );
}

#[tokio::test]
async fn requests_that_cannot_be_pushed() {
    let lab = healthy().await;
    let right = authorization_request(&lab, "lab-public");
    for (name, value, status, error) in [
        ("request_uri", "urn:x", 400, "invalid_request"),
        (
            "redirect_uri",
            "https://evil.example/",
            400,
            "invalid_request",
        ),
        ("code_challenge", "", 400, "invalid_request"),
        ("scope", "files:delete", 400, "invalid_scope"),
        (
            "resource",
            "https://another.example/",
            400,
            "invalid_target",
        ),
        ("client_id", "nobody", 401, "invalid_client"),
        ("client_id", "lab-confidential", 401, "invalid_client"),
        ("client_secret", "any", 401, "invalid_client"),
    ] {
        let reply = push(&lab, &with(right.clone(), name, value)).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (status, error),
            "{name}={value}"
        );
    }
    let confidential = with(right, "client_id", "lab-confidential");
    let confidential = with(confidential, "client_secret", "lab-secret");
    assert_eq!(push(&lab, &confidential).await.status, 201);
}

#[tokio::test]
async fn where_requests_have_to_be_pushed() {
    let lab = started(|options| options.require_par = true).await;
    let request = authorization_request(&lab, "lab-public");
    let document = metadata(lab.as_url()).await;
    assert_eq!(document["require_pushed_authorization_requests"], true);
    let back = authorize(lab.as_url(), &request).await.location();
    assert_eq!(
        (back["error"].as_str(), back["state"].as_str()),
        ("invalid_request", "a-state")
    );
    let pushed = push(&lab, &request).await;
    assert!(
        approved(lab.as_url(), &by_reference("lab-public", &pushed))
            .await
            .contains_key("code")
    );

    let lab = healthy().await;
    let mut client = native_client();
    client["require_pushed_authorization_requests"] = json!(true);
    let id = register(&lab, &client).await["client_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let back = authorize(lab.as_url(), &authorization_request(&lab, &id))
        .await
        .location();
    assert_eq!(back["error"], "invalid_request");
}

/// The request as claims of an object, with some replaced.
fn claims(lab: &Lab, client_id: &str, changes: &Value) -> Value {
    let mut claims: Value = authorization_request(lab, client_id)
        .into_iter()
        .map(|(name, value)| (name, json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    claims["iss"] = json!(client_id);
    claims["aud"] = json!(lab.as_url());
    claims["exp"] = json!(now() + 60);
    claims["max_age"] = json!(300);
    replace(&mut claims, changes);
    claims
}

#[tokio::test]
async fn a_signed_request() {
    let lab = healthy().await;
    let key = Key::of_the_lab();
    let header = json!({ "alg": "ES256", "typ": "oauth-authz-req+jwt" });
    let object = key.sign(&header, &claims(&lab, "lab-jwt", &json!({})));
    let request = |object: &str| {
        vec![
            ("client_id".to_owned(), "lab-jwt".to_owned()),
            ("request".to_owned(), object.to_owned()),
            // Not in the object, so it does not count; it only tells where an error goes.
            ("redirect_uri".to_owned(), CALLBACK.to_owned()),
            ("scope".to_owned(), "mcp:write".to_owned()),
        ]
    };
    let callback = approved(lab.as_url(), &request(&object)).await;
    assert_eq!(callback["state"], "a-state");

    let assertion = key.assertion("lab-jwt", lab.as_url(), &json!({}));
    let pushed = [
        ("client_id", "lab-jwt"),
        ("request", &object),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &assertion),
    ];
    let pushed = post(&format!("{}/par", lab.as_url()))
        .form(&pushed)
        .send()
        .await;
    assert_eq!(pushed.status, 201, "{pushed:?}");
    assert!(
        approved(lab.as_url(), &by_reference("lab-jwt", &pushed))
            .await
            .contains_key("code")
    );

    let unsigned = key.sign(
        &json!({ "alg": "none" }),
        &claims(&lab, "lab-jwt", &json!({})),
    );
    let mut wrong = vec![
        unsigned,
        "e30.e30.".to_owned(),
        Key::new().sign(&header, &claims(&lab, "lab-jwt", &json!({}))),
        key.sign(
            &json!({ "alg": "ES256", "typ": "at+jwt" }),
            &claims(&lab, "lab-jwt", &json!({})),
        ),
    ];
    for changes in [
        json!({ "client_id": "lab-public" }),
        json!({ "iss": "another" }),
        json!({ "aud": "https://another.example" }),
        json!({ "exp": now() - 1 }),
        json!({ "request_uri": "urn:x" }),
    ] {
        wrong.push(key.sign(&header, &claims(&lab, "lab-jwt", &changes)));
    }
    for object in wrong {
        let back = authorize(lab.as_url(), &request(&object)).await.location();
        assert_eq!(back["error"], "invalid_request_object", "{object}");
    }
    let both = with(request(&object), "request_uri", "urn:x");
    assert_eq!(
        authorize(lab.as_url(), &both).await.location()["error"],
        "invalid_request"
    );
}

#[tokio::test]
async fn an_unsigned_request() {
    let lab = healthy().await;
    let object = |client: &str, alg: &str| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = claims(&lab, client, &json!({}));
        format!("{}.{}.", part(&json!({ "alg": alg })), part(&claims))
    };
    let request = |client: &str, alg: &str| {
        vec![
            ("client_id".to_owned(), client.to_owned()),
            ("request".to_owned(), object(client, alg)),
            ("redirect_uri".to_owned(), CALLBACK.to_owned()),
        ]
    };
    let algorithms = &metadata(lab.as_url()).await["request_object_signing_alg_values_supported"];
    assert_eq!(algorithms, &json!(["ES256", "none"]));
    let callback = approved(lab.as_url(), &request("lab-public", "none")).await;
    assert_eq!(callback["state"], "a-state");
    assert_eq!(
        exchange(&lab, "lab-public", &callback["code"]).await.status,
        200
    );

    let mut held = native_client();
    held["require_signed_request_object"] = json!(true);
    let held = register(&lab, &held).await["client_id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (client, alg) in [
        ("lab-public", "ES256"),
        ("lab-jwt", "none"),
        (&held, "none"),
    ] {
        let back = authorize(lab.as_url(), &request(client, alg))
            .await
            .location();
        assert_eq!(back["error"], "invalid_request_object", "{client} {alg}");
    }
}

#[tokio::test]
async fn authorization_details() {
    let lab = healthy().await;
    let request = authorization_request(&lab, "lab-public");
    let asked = |details: &Value| {
        with(
            request.clone(),
            "authorization_details",
            &details.to_string(),
        )
    };
    let details = json!([{
        "type": "mcp_tool", "identifier": "echo", "actions": ["call"], "locations": [lab.mcp_url()],
    }]);
    let page = authorize(lab.as_url(), &asked(&details)).await;
    assert!(page.text.contains("<code>mcp_tool</code>"));
    let code = submit(lab.as_url(), &page, &[])
        .await
        .location()
        .remove("code")
        .unwrap();
    let answer = exchange(&lab, "lab-public", &code).await.json();
    assert_eq!(answer["authorization_details"], details);
    let claims = decoded(answer["access_token"].as_str().unwrap(), 1);
    assert_eq!(claims["authorization_details"], details);
    let refreshed = refresh(
        &lab,
        "lab-public",
        answer["refresh_token"].as_str().unwrap(),
    )
    .await;
    assert_eq!(refreshed.json()["authorization_details"], details);

    for wrong in [
        json!({ "type": "mcp_tool" }),
        json!([]),
        json!([{}]),
        json!([{ "type": "payment" }]),
        json!([{ "type": "mcp_tool", "amount": 1 }]),
        json!([{ "type": "mcp_tool", "actions": "call" }]),
        json!([{ "type": "mcp_tool", "locations": ["https://another.example"] }]),
    ] {
        let back = authorize(lab.as_url(), &asked(&wrong)).await.location();
        assert_eq!(back["error"], "invalid_authorization_details", "{wrong}");
    }
}

#[tokio::test]
async fn answers_by_form() {
    let lab = healthy().await;
    let request = with(
        authorization_request(&lab, "lab-public"),
        "response_mode",
        "form_post",
    );
    let page = authorize(lab.as_url(), &request).await;
    let answer = submit(lab.as_url(), &page, &[]).await;
    assert_eq!(
        (answer.status, answer.header("cache-control")),
        (200, "no-store")
    );
    assert!(
        answer
            .text
            .contains(&format!("<form method=\"post\" action=\"{CALLBACK}\">"))
    );
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("form-action 'self' http:") && policy.contains("script-src 'nonce-"));
    let fields = form_fields(&answer);
    let field = |name: &str| {
        fields
            .iter()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .as_str()
    };
    assert_eq!((field("state"), field("iss")), ("a-state", lab.as_url()));
    assert_eq!(
        exchange(&lab, "lab-public", field("code")).await.status,
        200
    );

    let wrong = with(request, "scope", "files:delete");
    let fields = form_fields(&authorize(lab.as_url(), &wrong).await);
    assert!(fields.contains(&("error".to_owned(), "invalid_scope".to_owned())));
}
