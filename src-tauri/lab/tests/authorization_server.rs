//! The authorization server's rules, one by one, against the healthy lab.

mod support;

use std::time::Duration;

use lab::{Lab, LabOptions};
use reqwest::Method;
use serde_json::{Value, json};
use support::*;

#[tokio::test]
async fn the_whole_flow() {
    let lab = healthy().await;
    let metadata = get(&format!(
        "{}/.well-known/oauth-authorization-server",
        lab.as_url()
    ))
    .send()
    .await
    .json();
    assert_eq!(metadata["issuer"], lab.as_url());
    let openid = get(&format!("{}/.well-known/openid-configuration", lab.as_url()))
        .send()
        .await
        .json();
    assert_eq!(openid, metadata);

    let endpoint = metadata["registration_endpoint"].as_str().unwrap();
    let registered = post(endpoint).json(&native_client()).send().await;
    assert_eq!(
        (registered.status, registered.header("cache-control")),
        (201, "no-store")
    );
    let registered = registered.json();
    assert!(registered.get("client_secret").is_none());
    let id = registered["client_id"].as_str().unwrap();

    let request = with(
        authorization_request(&lab, id),
        "scope",
        "mcp:read openid profile email",
    );
    let request = with(request, "nonce", "n-1");
    let callback = approved(lab.as_url(), &request).await;
    assert_eq!(
        (callback["state"].as_str(), callback["iss"].as_str()),
        ("a-state", lab.as_url())
    );

    let reply = exchange(&lab, id, &callback["code"]).await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"));
    let answer = reply.json();
    assert_eq!(
        (&answer["token_type"], &answer["expires_in"]),
        (&json!("Bearer"), &json!(3600))
    );
    let access = answer["access_token"].as_str().unwrap();
    let claims = decoded(access, 1);
    assert_eq!(decoded(access, 0)["typ"], "at+jwt");
    assert_eq!(
        (&claims["aud"], &claims["iss"]),
        (&json!(lab.mcp_url()), &json!(lab.as_url()))
    );
    assert_eq!(
        (&claims["client_id"], &claims["sub"]),
        (&json!(id), &json!("alice"))
    );
    let id_token = decoded(answer["id_token"].as_str().unwrap(), 1);
    assert_eq!(
        (&id_token["aud"], &id_token["nonce"]),
        (&json!(id), &json!("n-1"))
    );

    let keys = get(metadata["jwks_uri"].as_str().unwrap()).send().await.json();
    assert_eq!(keys["keys"][0]["kid"], decoded(access, 0)["kid"]);
    let person = get(metadata["userinfo_endpoint"].as_str().unwrap())
        .bearer(access)
        .send()
        .await
        .json();
    assert_eq!(person["sub"], "alice");
    assert_eq!(
        modern(&lab, access, "tools/list", json!({})).send().await.status,
        200
    );
}

#[tokio::test]
async fn a_person_sees_the_page_and_may_say_no() {
    let lab = healthy().await;
    let mut client = native_client();
    client["client_name"] = json!("<script>alert(1)</script>");
    let id = register(&lab, &client).await["client_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let page = authorize(lab.as_url(), &authorization_request(&lab, &id)).await;
    assert!(page.text.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.text.contains("<script"));
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );

    let wrong = submit(lab.as_url(), &page, &[("password", "jabberwocky")]).await;
    assert_eq!(wrong.status, 403);
    let denied = submit(lab.as_url(), &page, &[("decision", "deny")]).await;
    assert_eq!(denied.status, 303);
    let denied = denied.location();
    assert_eq!(
        (denied["error"].as_str(), denied["iss"].as_str()),
        ("access_denied", lab.as_url())
    );
    assert_eq!(denied["state"], "a-state");
    let again = submit(lab.as_url(), &page, &[]).await;
    assert_eq!(again.status, 400, "the page was answered before");
}

#[tokio::test]
async fn authorization_requests_that_are_sent_back() {
    let lab = healthy().await;
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("response_mode", "fragment", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("scope", "mcp:read files:delete", "invalid_scope"),
        ("resource", "https://another.example/mcp", "invalid_target"),
        ("resource", &format!("{}/", lab.mcp_url()), "invalid_target"),
        ("prompt", "none", "login_required"),
        ("request", "e30.e30.", "request_not_supported"),
    ] {
        let request = with(authorization_request(&lab, "lab-public"), name, value);
        let reply = authorize(lab.as_url(), &request).await;
        assert_eq!(reply.status, 303, "{name}={value}");
        let back = reply.location();
        assert_eq!(back["error"], error, "{name}={value}");
        assert_eq!(
            (back["state"].as_str(), back["iss"].as_str()),
            ("a-state", lab.as_url())
        );
    }
    let mut twice = authorization_request(&lab, "lab-public");
    twice.push(("scope".to_owned(), "mcp:write".to_owned()));
    assert_eq!(
        authorize(lab.as_url(), &twice).await.location()["error"],
        "invalid_request"
    );
}

#[tokio::test]
async fn authorization_requests_that_go_nowhere() {
    let lab = healthy().await;
    for (name, value) in [
        ("client_id", ""),
        ("client_id", "nobody"),
        ("redirect_uri", ""),
        ("redirect_uri", "https://evil.example/callback"),
        ("redirect_uri", "http://127.0.0.1:43117/other"),
        ("redirect_uri", "javascript:alert(1)"),
    ] {
        let request = with(authorization_request(&lab, "lab-public"), name, value);
        let reply = authorize(lab.as_url(), &request).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (400, ""),
            "{name}={value}"
        );
    }
    for uri in [
        "http://127.0.0.1:1/callback",
        "http://[::1]:2/callback",
        "http://localhost:3/callback",
    ] {
        let request = with(authorization_request(&lab, "lab-public"), "redirect_uri", uri);
        assert_eq!(
            authorize(lab.as_url(), &request).await.status,
            200,
            "any port: {uri}"
        );
    }
}

#[tokio::test]
async fn token_requests_that_are_refused() {
    let lab = healthy().await;
    let code = code(&lab, "lab-public").await;
    let right = [
        ("grant_type", "authorization_code"),
        ("client_id", "lab-public"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("resource", lab.mcp_url()),
    ];
    for (name, value, status, error) in [
        ("code_verifier", "", 400, "invalid_request"),
        ("code_verifier", &VERIFIER.replace('d', "e"), 400, "invalid_grant"),
        ("code_verifier", "short", 400, "invalid_grant"),
        (
            "redirect_uri",
            "http://127.0.0.1:43118/callback",
            400,
            "invalid_grant",
        ),
        ("resource", "https://another.example/mcp", 400, "invalid_target"),
        ("code", "unknown", 400, "invalid_grant"),
        ("code", "", 400, "invalid_request"),
        ("client_id", "", 401, "invalid_client"),
        ("client_id", "nobody", 401, "invalid_client"),
        ("client_secret", "any", 401, "invalid_client"),
        ("grant_type", "password", 400, "unsupported_grant_type"),
        ("grant_type", "client_credentials", 400, "unauthorized_client"),
    ] {
        let owned = right
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let fields = with(owned, name, value);
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let reply = token(lab.as_url(), &fields).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (status, error),
            "{name}={value}"
        );
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(status == 401, reply.headers.contains_key("www-authenticate"));
    }
    let other = register(&lab, &native_client()).await;
    let reply = exchange(&lab, other["client_id"].as_str().unwrap(), &code).await;
    assert_eq!(reply.error(), "invalid_grant", "a code of another client");
    let as_json = post(&format!("{}/token", lab.as_url()))
        .json(&json!({ "code": code }))
        .send()
        .await;
    assert_eq!(as_json.error(), "invalid_request");
    assert_eq!(
        token(lab.as_url(), &right).await.status,
        200,
        "none of that spent the code"
    );
}

#[tokio::test]
async fn a_code_used_twice_takes_its_tokens_along() {
    let lab = healthy().await;
    let code = code(&lab, "lab-public").await;
    let first = exchange(&lab, "lab-public", &code).await.json();
    assert_eq!(exchange(&lab, "lab-public", &code).await.error(), "invalid_grant");
    let access = first["access_token"].as_str().unwrap();
    assert_eq!(
        modern(&lab, access, "tools/list", json!({})).send().await.status,
        401
    );
    let reply = refresh(&lab, "lab-public", first["refresh_token"].as_str().unwrap()).await;
    assert_eq!(reply.error(), "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_used_twice_takes_its_family_along() {
    let lab = healthy().await;
    let first = tokens(&lab).await;
    let old = first["refresh_token"].as_str().unwrap();
    let second = refresh(&lab, "lab-public", old).await.json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    let access = second["access_token"].as_str().unwrap();
    assert_eq!(
        modern(&lab, access, "tools/list", json!({})).send().await.status,
        200
    );

    assert_eq!(refresh(&lab, "lab-public", old).await.error(), "invalid_grant");
    let newest = second["refresh_token"].as_str().unwrap();
    assert_eq!(refresh(&lab, "lab-public", newest).await.error(), "invalid_grant");
    assert_eq!(
        modern(&lab, access, "tools/list", json!({})).send().await.status,
        401
    );
}

#[tokio::test]
async fn a_refresh_asks_for_no_more_than_was_granted() {
    let lab = healthy().await;
    let first = tokens(&lab).await;
    let refresh_token = first["refresh_token"].as_str().unwrap();
    for (name, value, error) in [
        ("scope", "mcp:read mcp:write", "invalid_scope"),
        ("resource", "https://another.example", "invalid_target"),
        ("client_id", "nobody", "invalid_client"),
    ] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
            (
                "client_id",
                if name == "client_id" { value } else { "lab-public" },
            ),
            (
                if name == "client_id" { "scope" } else { name },
                if name == "client_id" { "" } else { value },
            ),
        ];
        assert_eq!(token(lab.as_url(), &fields).await.error(), error);
    }
    assert_eq!(
        refresh(&lab, "lab-public", refresh_token).await.status,
        200,
        "none of that spent it"
    );
}

#[tokio::test]
async fn an_expired_access_token() {
    let options = LabOptions {
        access_token_lifetime: Duration::ZERO,
        ..LabOptions::default()
    };
    let lab = Lab::start(options).await.unwrap();
    let access = access_token(&lab, "mcp:read").await;
    let reply = modern(&lab, &access, "tools/list", json!({})).send().await;
    assert_eq!(reply.status, 401);
    assert!(
        reply
            .header("www-authenticate")
            .contains("error_description=\"The access token expired\"")
    );
}

#[tokio::test]
async fn without_a_page_when_asked_so() {
    let lab = Lab::start(LabOptions {
        auto_approve: true,
        ..LabOptions::default()
    })
    .await
    .unwrap();
    let reply = authorize(lab.as_url(), &authorization_request(&lab, "lab-public")).await;
    assert_eq!(
        exchange(&lab, "lab-public", &reply.location()["code"])
            .await
            .status,
        200
    );
}

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
        ("grant_types", json!(["implicit"]), "invalid_client_metadata"),
        ("response_types", json!(["token"]), "invalid_client_metadata"),
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
        assert_eq!((reply.status, reply.error().as_str()), (400, error), "{client}");
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
    assert_eq!(by_default["token_endpoint_auth_method"], "client_secret_basic");
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
            post(&url).form(&[&fields[..], &[("client_id", id), ("client_secret", secret)]].concat())
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
            post(&url).basic(id, secret).form(&both).send().await.error(),
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
    assert_eq!((answered.status, answered.json()), (200, registered.clone()));
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
    let without_id = ask(Method::PUT, uri).bearer(key).json(&changed).send().await;
    assert_eq!(without_id.error(), "invalid_request");
    changed["client_id"] = json!(id);
    let reply = ask(Method::PUT, uri).bearer(key).json(&changed).send().await;
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

    assert_eq!(ask(Method::DELETE, uri).bearer(key).send().await.status, 204);
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
        let ask = post(&format!("{}/introspect", lab.as_url())).basic("lab-confidential", "lab-secret");
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
        modern(&lab, access, "tools/list", json!({})).send().await.status,
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
async fn userinfo_wants_the_scope() {
    let lab = healthy().await;
    let url = format!("{}/userinfo", lab.as_url());
    assert_eq!(get(&url).send().await.status, 401);
    let access = access_token(&lab, "mcp:read").await;
    assert_eq!(get(&url).bearer(&access).send().await.status, 403);
}

#[tokio::test]
async fn the_authorization_server_of_2025_03_26_is_the_mcp_origin() {
    let lab = healthy().await;
    let origin = lab.mcp_url().strip_suffix("/mcp").unwrap();
    let metadata = get(&format!("{origin}/.well-known/oauth-authorization-server"))
        .send()
        .await
        .json();
    assert_eq!(
        (&metadata["issuer"], &metadata["token_endpoint"]),
        (&json!(origin), &json!(format!("{origin}/token")))
    );
    // The default paths, for clients that found no metadata; no resource parameter in that revision.
    let registered = post(&format!("{origin}/register"))
        .json(&native_client())
        .send()
        .await
        .json();
    let id = registered["client_id"].as_str().unwrap();
    let request = with(authorization_request(&lab, id), "resource", "");
    let callback = approved(origin, &request).await;
    assert_eq!(callback["iss"], origin);
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("code", &callback["code"]),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(
        token(lab.as_url(), &fields).await.error(),
        "invalid_client",
        "another server's client"
    );
    let answer = token(origin, &fields).await.json();
    let access = answer["access_token"].as_str().unwrap();
    let reply = legacy(&lab, access, "", &initialize("2025-03-26")).send().await;
    assert_eq!(reply.status, 200);
}

async fn register(lab: &Lab, client: &Value) -> Value {
    let reply = post(&format!("{}/register", lab.as_url()))
        .json(client)
        .send()
        .await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()
}
