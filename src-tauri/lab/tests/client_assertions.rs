//! Clients that authenticate with a key (private_key_jwt).

mod support;

use lab::Lab;
use serde_json::{Value, json};
use support::*;

async fn own_behalf(lab: &Lab, assertion: &str, extra: &[(&str, &str)]) -> Reply {
    let fields = [
        ("grant_type", "client_credentials"),
        ("scope", "mcp:read"),
        ("resource", lab.mcp_url()),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    token(lab.as_url(), &[&fields[..], extra].concat()).await
}

#[tokio::test]
async fn assertions_and_what_is_checked_in_them() {
    let lab = healthy().await;
    let document = metadata(lab.as_url()).await;
    assert!(
        document["token_endpoint_auth_methods_supported"]
            .as_array()
            .unwrap()
            .contains(&json!("private_key_jwt"))
    );
    assert_eq!(
        document["token_endpoint_auth_signing_alg_values_supported"],
        json!(["ES256"])
    );

    let key = Key::of_the_lab();
    let endpoint = format!("{}/token", lab.as_url());
    let assertion = |changes: Value| key.assertion("lab-jwt", lab.as_url(), &changes);
    for right in [
        assertion(json!({})),
        assertion(json!({ "aud": endpoint })),
        assertion(json!({ "aud": ["https://another.example", lab.as_url()] })),
    ] {
        let reply = own_behalf(&lab, &right, &[]).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let again = own_behalf(&lab, &right, &[]).await;
        assert_eq!(
            (again.status, again.error().as_str()),
            (401, "invalid_client"),
            "used before"
        );
    }
    let without_jti = assertion(json!({ "jti": null }));
    assert_eq!(own_behalf(&lab, &without_jti, &[]).await.status, 200);
    assert_eq!(
        own_behalf(&lab, &without_jti, &[]).await.error(),
        "invalid_client"
    );

    for changes in [
        json!({ "iss": "another" }),
        json!({ "sub": "lab-public" }),
        json!({ "sub": null }),
        json!({ "aud": lab.mcp_url() }),
        json!({ "exp": now() - 1 }),
        json!({ "exp": now() + 86_400 }),
        json!({ "exp": null }),
        json!({ "nbf": now() + 3000 }),
    ] {
        let reply = own_behalf(&lab, &assertion(changes.clone()), &[]).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (401, "invalid_client"),
            "{changes}"
        );
    }
    let foreign = Key::new().assertion("lab-jwt", lab.as_url(), &json!({}));
    assert_eq!(
        own_behalf(&lab, &foreign, &[]).await.error(),
        "invalid_client"
    );
    assert_eq!(
        own_behalf(&lab, "nonsense", &[]).await.error(),
        "invalid_client"
    );
    let other_id = own_behalf(&lab, &assertion(json!({})), &[("client_id", "lab-public")]).await;
    assert_eq!(other_id.error(), "invalid_client");
    let with_secret = own_behalf(&lab, &assertion(json!({})), &[("client_secret", "x")]).await;
    assert_eq!(with_secret.error(), "invalid_request");
}

#[tokio::test]
async fn a_registered_key() {
    let lab = healthy().await;
    let key = Key::new();
    let mut client = native_client();
    client["token_endpoint_auth_method"] = json!("private_key_jwt");
    for (jwks, uri) in [
        (json!(null), json!(null)),
        (json!({ "keys": [] }), json!(null)),
        (json!(null), json!("https://client.example/jwks")),
        (
            json!({ "keys": [key.jwk()] }),
            json!("https://client.example/jwks"),
        ),
    ] {
        let mut wrong = client.clone();
        replace(&mut wrong, &json!({ "jwks": jwks, "jwks_uri": uri }));
        let reply = post(&format!("{}/register", lab.as_url()))
            .json(&wrong)
            .send()
            .await;
        assert_eq!(reply.error(), "invalid_client_metadata", "{wrong}");
    }
    client["jwks"] = json!({ "keys": [key.jwk()] });
    let registered = register(&lab, &client).await;
    assert!(registered.get("client_secret").is_none());
    assert_eq!(registered["jwks"], client["jwks"]);
    let id = registered["client_id"].as_str().unwrap();
    let code = code(&lab, id).await;
    assert_eq!(exchange(&lab, id, &code).await.error(), "invalid_client");
    let assertion = key.assertion(id, lab.as_url(), &json!({}));
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("code", &code),
        ("code_verifier", VERIFIER),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &assertion),
    ];
    let answer = token(lab.as_url(), &fields).await.json();
    let assertion = key.assertion(id, lab.as_url(), &json!({}));
    let revoked = post(&format!("{}/revoke", lab.as_url())).form(&[
        ("token", answer["refresh_token"].as_str().unwrap()),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &assertion),
    ]);
    assert_eq!(revoked.send().await.status, 200);
}

#[tokio::test]
async fn another_key_for_the_preregistered_client() {
    let key = Key::new();
    let lab = started(|options| options.client_key = Some(key.jwk())).await;
    let assertion = key.assertion("lab-jwt", lab.as_url(), &json!({}));
    assert_eq!(own_behalf(&lab, &assertion, &[]).await.status, 200);
    let assertion = Key::of_the_lab().assertion("lab-jwt", lab.as_url(), &json!({}));
    assert_eq!(own_behalf(&lab, &assertion, &[]).await.status, 401);
    let no_key = lab::LabOptions {
        client_key: Some(json!({ "kty": "RSA" })),
        ..Default::default()
    };
    assert!(Lab::start(no_key).await.is_err());
}
