//! Authorization requests, token requests and refreshes, one rule after the other, against the
//! healthy lab.

mod support;

use std::time::Duration;

use lab::{Lab, LabOptions};
use serde_json::json;
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
    let openid = get(&format!(
        "{}/.well-known/openid-configuration",
        lab.as_url()
    ))
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
    assert_eq!(
        (reply.status, reply.header("cache-control")),
        (200, "no-store")
    );
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

    let keys = get(metadata["jwks_uri"].as_str().unwrap())
        .send()
        .await
        .json();
    assert_eq!(keys["keys"][0]["kid"], decoded(access, 0)["kid"]);
    let person = get(metadata["userinfo_endpoint"].as_str().unwrap())
        .bearer(access)
        .send()
        .await
        .json();
    assert_eq!(person["sub"], "alice");
    assert_eq!(
        modern(&lab, access, "tools/list", json!({}))
            .send()
            .await
            .status,
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
    assert!(
        page.text.contains("&lt;script&gt;alert(1)&lt;/script&gt;")
            && !page.text.contains("<script")
    );
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
        ("request", "e30.e30.", "invalid_request_object"),
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
        let request = with(
            authorization_request(&lab, "lab-public"),
            "redirect_uri",
            uri,
        );
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
        (
            "code_verifier",
            &VERIFIER.replace('d', "e"),
            400,
            "invalid_grant",
        ),
        ("code_verifier", "short", 400, "invalid_grant"),
        (
            "redirect_uri",
            "http://127.0.0.1:43118/callback",
            400,
            "invalid_grant",
        ),
        (
            "resource",
            "https://another.example/mcp",
            400,
            "invalid_target",
        ),
        ("code", "unknown", 400, "invalid_grant"),
        ("code", "", 400, "invalid_request"),
        ("client_id", "", 401, "invalid_client"),
        ("client_id", "nobody", 401, "invalid_client"),
        ("client_secret", "any", 401, "invalid_client"),
        ("grant_type", "password", 400, "unsupported_grant_type"),
        (
            "grant_type",
            "client_credentials",
            400,
            "unauthorized_client",
        ),
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
        assert_eq!(
            status == 401,
            reply.headers.contains_key("www-authenticate")
        );
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
    assert_eq!(
        exchange(&lab, "lab-public", &code).await.error(),
        "invalid_grant"
    );
    let access = first["access_token"].as_str().unwrap();
    assert_eq!(
        modern(&lab, access, "tools/list", json!({}))
            .send()
            .await
            .status,
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
        modern(&lab, access, "tools/list", json!({}))
            .send()
            .await
            .status,
        200
    );

    assert_eq!(
        refresh(&lab, "lab-public", old).await.error(),
        "invalid_grant"
    );
    let newest = second["refresh_token"].as_str().unwrap();
    assert_eq!(
        refresh(&lab, "lab-public", newest).await.error(),
        "invalid_grant"
    );
    assert_eq!(
        modern(&lab, access, "tools/list", json!({}))
            .send()
            .await
            .status,
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
                if name == "client_id" {
                    value
                } else {
                    "lab-public"
                },
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
async fn without_any_metadata_the_default_endpoints_are_left() {
    let lab = started(|options| options.no_metadata = true).await;
    let origin = lab.mcp_url().strip_suffix("/mcp").unwrap();
    let challenge = post(lab.mcp_url()).send().await;
    assert_eq!(
        (challenge.status, challenge.header("www-authenticate")),
        (401, "Bearer scope=\"mcp:read\"")
    );
    for path in [
        "oauth-protected-resource/mcp",
        "oauth-protected-resource",
        "oauth-authorization-server",
        "openid-configuration",
    ] {
        assert_eq!(
            get(&format!("{origin}/.well-known/{path}"))
                .send()
                .await
                .status,
            404,
            "{path}"
        );
    }
    let callback = approved(origin, &authorization_request(&lab, "lab-public")).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "lab-public"),
        ("code", &callback["code"]),
        ("code_verifier", VERIFIER),
    ];
    let access = token(origin, &fields).await.json()["access_token"].clone();
    let hello = legacy(
        &lab,
        access.as_str().unwrap(),
        "",
        &initialize("2025-03-26"),
    );
    assert_eq!(hello.send().await.status, 200);
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
    // The default paths, for clients that found no metadata; no resource parameter in that
    // revision.
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
    let reply = legacy(&lab, access, "", &initialize("2025-03-26"))
        .send()
        .await;
    assert_eq!(reply.status, 200);
}
