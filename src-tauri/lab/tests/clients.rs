//! Registration and its management, client authentication, revocation, introspection and userinfo.

mod support;

use reqwest::Method;
use serde_json::{Value, json};
use support::*;

#[tokio::test]
async fn registrations_that_are_refused() {
    let lab = healthy().await;
    for (field, value, error) in [
        (
            "redirect_uris",
            json!(["javascript:alert(1)"]),
            "invalid_redirect_uri",
        ),
        (
            "redirect_uris",
            json!(["http://a.example/cb"]),
            "invalid_redirect_uri",
        ),
        (
            "redirect_uris",
            json!(["https://a.example/cb#f"]),
            "invalid_redirect_uri",
        ),
        ("redirect_uris", json!([]), "invalid_redirect_uri"),
        (
            "redirect_uris",
            json!("https://a.example/cb"),
            "invalid_client_metadata",
        ),
        (
            "grant_types",
            json!(["implicit"]),
            "invalid_client_metadata",
        ),
        (
            "response_types",
            json!(["token"]),
            "invalid_client_metadata",
        ),
        (
            "token_endpoint_auth_method",
            json!("tls_client_auth"),
            "invalid_client_metadata",
        ),
        ("scope", json!("files:delete"), "invalid_client_metadata"),
    ] {
        let mut client = native_client();
        client[field] = value;
        let reply = post(&format!("{}/register", lab.as_url()))
            .json(&client)
            .send()
            .await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (400, error),
            "{client}"
        );
    }
    let reply = post(&format!("{}/register", lab.as_url()))
        .json(&json!([]))
        .send()
        .await;
    assert_eq!(reply.error(), "invalid_client_metadata");
}

#[tokio::test]
async fn registered_secrets_and_how_they_are_used() {
    let lab = healthy().await;
    let mut client = native_client();
    client
        .as_object_mut()
        .unwrap()
        .remove("token_endpoint_auth_method");
    client["client_id"] = json!("chosen");
    let by_default = register(&lab, &client).await;
    assert_eq!(
        by_default["token_endpoint_auth_method"],
        "client_secret_basic"
    );
    assert_ne!(by_default["client_id"], "chosen");
    assert_eq!(by_default["client_secret_expires_at"], 0);
    client["token_endpoint_auth_method"] = json!("client_secret_post");
    let by_body = register(&lab, &client).await;

    for (registered, in_header) in [(&by_default, true), (&by_body, false)] {
        let id = registered["client_id"].as_str().unwrap();
        let secret = registered["client_secret"].as_str().unwrap();
        let code = code(&lab, id).await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("code_verifier", VERIFIER),
        ];
        let url = format!("{}/token", lab.as_url());
        let by_header = |secret: &str| post(&url).basic(id, secret).form(&fields);
        let by_form = |secret: &str| {
            post(&url)
                .form(&[&fields[..], &[("client_id", id), ("client_secret", secret)]].concat())
        };
        let (right, wrong) = if in_header {
            (by_header(secret), by_form(secret))
        } else {
            (by_form(secret), by_header(secret))
        };
        assert_eq!(
            wrong.send().await.error(),
            "invalid_client",
            "not the registered method"
        );
        assert_eq!(by_header("guess").send().await.error(), "invalid_client");
        let both = [&fields[..], &[("client_id", id), ("client_secret", secret)]].concat();
        assert_eq!(
            post(&url)
                .basic(id, secret)
                .form(&both)
                .send()
                .await
                .error(),
            "invalid_request"
        );
        assert_eq!(
            exchange(&lab, id, &code).await.error(),
            "invalid_client",
            "no secret"
        );
        assert_eq!(right.send().await.status, 200);
    }
}

#[tokio::test]
async fn a_registration_is_read_changed_and_deleted() {
    let lab = healthy().await;
    let registered = register(&lab, &native_client()).await;
    let uri = registered["registration_client_uri"].as_str().unwrap();
    let key = registered["registration_access_token"].as_str().unwrap();
    let id = registered["client_id"].as_str().unwrap();
    let answered = get(uri).bearer(key).send().await;
    assert_eq!(
        (answered.status, answered.json()),
        (200, registered.clone())
    );
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        assert_eq!(ask(method.clone(), uri).send().await.status, 401);
        assert_eq!(
            ask(method, uri)
                .bearer("guess")
                .json(&registered)
                .send()
                .await
                .status,
            401
        );
    }

    let mut changed = native_client();
    changed["client_name"] = json!("Renamed");
    changed["redirect_uris"] = json!(["com.example.app:/callback"]);
    let without_id = ask(Method::PUT, uri)
        .bearer(key)
        .json(&changed)
        .send()
        .await;
    assert_eq!(without_id.error(), "invalid_request");
    changed["client_id"] = json!(id);
    let reply = ask(Method::PUT, uri)
        .bearer(key)
        .json(&changed)
        .send()
        .await;
    assert_eq!(
        (reply.status, &reply.json()["client_name"]),
        (200, &json!("Renamed"))
    );
    let request = with(
        authorization_request(&lab, id),
        "redirect_uri",
        "com.example.app:/callback",
    );
    let page = authorize(lab.as_url(), &request).await;
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self' com.example.app:")
    );

    assert_eq!(
        ask(Method::DELETE, uri).bearer(key).send().await.status,
        204
    );
    assert_eq!(get(uri).bearer(key).send().await.status, 401);
    assert_eq!(authorize(lab.as_url(), &request).await.status, 400);
}

#[tokio::test]
async fn a_client_on_its_own_behalf() {
    let lab = healthy().await;
    let url = format!("{}/token", lab.as_url());
    let fields = [
        ("grant_type", "client_credentials"),
        ("scope", "mcp:write"),
        ("resource", lab.mcp_url()),
    ];
    let answer = post(&url)
        .basic("lab-confidential", "lab-secret")
        .form(&fields)
        .send()
        .await
        .json();
    let claims = decoded(answer["access_token"].as_str().unwrap(), 1);
    assert_eq!(
        (&claims["sub"], &claims["scope"]),
        (&json!("lab-confidential"), &json!("mcp:write"))
    );
    assert!(answer.get("refresh_token").is_none() && claims.get("auth_time").is_none());
    let of_a_person = [("grant_type", "client_credentials"), ("scope", "openid")];
    let reply = post(&url)
        .basic("lab-confidential", "lab-secret")
        .form(&of_a_person)
        .send()
        .await;
    assert_eq!(reply.error(), "invalid_scope");
}

#[tokio::test]
async fn revocation_and_introspection() {
    let lab = healthy().await;
    let answer = tokens(&lab).await;
    let access = answer["access_token"].as_str().unwrap();
    let refresh_token = answer["refresh_token"].as_str().unwrap();
    let introspect = async |token: &str| -> Value {
        let ask =
            post(&format!("{}/introspect", lab.as_url())).basic("lab-confidential", "lab-secret");
        ask.form(&[("token", token)]).send().await.json()
    };
    let revoke = async |client: &str, token: &str| {
        let ask = post(&format!("{}/revoke", lab.as_url()));
        ask.form(&[("client_id", client), ("token", token)])
            .send()
            .await
            .status
    };
    let told = introspect(access).await;
    assert_eq!(
        (&told["active"], &told["aud"]),
        (&json!(true), &json!(lab.mcp_url()))
    );
    assert_eq!(introspect(refresh_token).await["active"], true);
    assert_eq!(introspect("nonsense").await, json!({ "active": false }));
    let public = post(&format!("{}/introspect", lab.as_url()));
    let public = public
        .form(&[("token", access), ("client_id", "lab-public")])
        .send()
        .await;
    assert_eq!(public.status, 401);

    let other = register(&lab, &native_client()).await;
    let other = other["client_id"].as_str().unwrap();
    assert_eq!(revoke(other, access).await, 400, "not the client's token");
    assert_eq!(revoke("lab-public", "nonsense").await, 200);
    assert_eq!(revoke("lab-public", access).await, 200);
    assert_eq!(introspect(access).await, json!({ "active": false }));
    assert_eq!(
        modern(&lab, access, "tools/list", json!({}))
            .send()
            .await
            .status,
        401
    );
    assert_eq!(introspect(refresh_token).await["active"], true);
    assert_eq!(revoke("lab-public", refresh_token).await, 200);
    assert_eq!(
        refresh(&lab, "lab-public", refresh_token).await.error(),
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_revoked_refresh_token_takes_the_access_token_along() {
    let lab = healthy().await;
    let answer = tokens(&lab).await;
    let (access, refresh_token) = (&answer["access_token"], &answer["refresh_token"]);
    let list = async || {
        let call = modern(&lab, access.as_str().unwrap(), "tools/list", json!({}));
        call.send().await
    };
    assert_eq!(list().await.status, 200);
    let fields = [
        ("client_id", "lab-public"),
        ("token", refresh_token.as_str().unwrap()),
    ];
    let revoked = post(&format!("{}/revoke", lab.as_url()))
        .form(&fields)
        .send()
        .await;
    assert_eq!(revoked.status, 200);
    let refused = list().await;
    assert_eq!(refused.status, 401);
    assert!(
        refused.header("www-authenticate").contains("was revoked"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn userinfo_wants_the_scope() {
    let lab = healthy().await;
    let url = format!("{}/userinfo", lab.as_url());
    assert_eq!(get(&url).send().await.status, 401);
    let access = access_token(&lab, "mcp:read").await;
    assert_eq!(get(&url).bearer(&access).send().await.status, 403);
}
