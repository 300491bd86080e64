//! Access tokens that are bound to a key.

mod support;

use lab::Lab;
use serde_json::{Value, json};
use support::*;

/// A right proof for a request, with some claims replaced; `null` leaves one out.
fn proof(key: &Key, method: &str, url: &str, changes: &Value) -> String {
    let mut claims = json!({
        "jti": key.assertion("", "", &json!({})).split('.').next_back(),
        "htm": method, "htu": url, "iat": now(),
    });
    replace(&mut claims, changes);
    key.sign(
        &json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": key.jwk() }),
        &claims,
    )
}

fn endpoint(lab: &Lab) -> String {
    format!("{}/token", lab.as_url())
}

async fn exchanged(lab: &Lab, code: &str, proof: &str) -> Reply {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "lab-public"),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("resource", lab.mcp_url()),
    ];
    post(&endpoint(lab))
        .header("dpop", proof)
        .form(&fields)
        .send()
        .await
}

/// The token answer for a bound token.
async fn bound(lab: &Lab, key: &Key) -> Value {
    let code = code(lab, "lab-public").await;
    let reply = exchanged(lab, &code, &proof(key, "POST", &endpoint(lab), &json!({}))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

async fn list(lab: &Lab, token: &str, proof: &str) -> Reply {
    let body = modern_body("tools/list", json!({}));
    let ask = post(lab.mcp_url())
        .header("accept", BOTH)
        .header("mcp-protocol-version", MODERN)
        .header("mcp-method", "tools/list")
        .header("authorization", &format!("DPoP {token}"));
    match proof {
        "" => ask,
        proof => ask.header("dpop", proof),
    }
    .json(&body)
    .send()
    .await
}

#[tokio::test]
async fn a_bound_token_from_beginning_to_end() {
    let lab = healthy().await;
    let document = metadata(lab.as_url()).await;
    assert_eq!(
        document["dpop_signing_alg_values_supported"],
        json!(["ES256"])
    );
    let key = Key::new();
    let answer = bound(&lab, &key).await;
    assert_eq!(answer["token_type"], "DPoP");
    let access = answer["access_token"].as_str().unwrap();
    assert_eq!(decoded(access, 1)["cnf"]["jkt"], key.thumbprint());
    let ath = json!({ "ath": challenge_of(access) });
    let at_mcp = |key: &Key, changes: &Value| {
        // What is `null` is left out by `proof`.
        let mut claims = ath.clone();
        claims
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        proof(key, "POST", lab.mcp_url(), &claims)
    };
    let right = at_mcp(&key, &json!({}));
    assert_eq!(list(&lab, access, &right).await.status, 200);
    let with_query = at_mcp(&key, &json!({ "htu": format!("{}?a=b#c", lab.mcp_url()) }));
    assert_eq!(list(&lab, access, &with_query).await.status, 200);

    for (wrong, error) in [
        (right, "invalid_dpop_proof"),
        (String::new(), "invalid_dpop_proof"),
        ("nonsense".to_owned(), "invalid_dpop_proof"),
        (at_mcp(&key, &json!({ "ath": null })), "invalid_dpop_proof"),
        (
            at_mcp(&key, &json!({ "ath": challenge_of("another") })),
            "invalid_dpop_proof",
        ),
        (at_mcp(&key, &json!({ "htm": "GET" })), "invalid_dpop_proof"),
        (
            at_mcp(&key, &json!({ "htu": endpoint(&lab) })),
            "invalid_dpop_proof",
        ),
        (
            at_mcp(&key, &json!({ "iat": now() - 3600 })),
            "invalid_dpop_proof",
        ),
        (
            at_mcp(&key, &json!({ "iat": now() + 3600 })),
            "invalid_dpop_proof",
        ),
        (at_mcp(&key, &json!({ "jti": null })), "invalid_dpop_proof"),
        (at_mcp(&Key::new(), &json!({})), "invalid_token"),
    ] {
        let reply = list(&lab, access, &wrong).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (401, error),
            "{wrong}"
        );
        let challenge = reply.header("www-authenticate");
        assert!(
            challenge.starts_with(&format!("DPoP error=\"{error}\"")),
            "{challenge}"
        );
        assert!(challenge.contains("algs=\"ES256\"") && challenge.contains("resource_metadata="));
    }
    let as_bearer = modern(&lab, access, "tools/list", json!({})).send().await;
    assert_eq!(as_bearer.status, 401);
    let challenge = as_bearer.header("www-authenticate");
    assert!(
        challenge.starts_with("Bearer error=\"invalid_token\"") && challenge.contains(", DPoP ")
    );

    // A public client's refresh token is bound to the key as well.
    let token = answer["refresh_token"].as_str().unwrap();
    assert_eq!(
        refresh(&lab, "lab-public", token).await.error(),
        "invalid_grant"
    );
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "lab-public"),
        ("refresh_token", token),
    ];
    let refreshed = post(&endpoint(&lab))
        .header("dpop", &proof(&key, "POST", &endpoint(&lab), &json!({})))
        .form(&fields)
        .send()
        .await;
    assert_eq!(
        (refreshed.status, &refreshed.json()["token_type"]),
        (200, &json!("DPoP"))
    );

    let introspected = post(&format!("{}/introspect", lab.as_url()))
        .basic("lab-confidential", "lab-secret")
        .form(&[("token", access)])
        .send()
        .await
        .json();
    assert_eq!(introspected["token_type"], "DPoP");
    assert_eq!(introspected["cnf"]["jkt"], key.thumbprint());
}

#[tokio::test]
async fn proofs_that_the_token_endpoint_refuses() {
    let lab = healthy().await;
    let (key, url) = (Key::new(), endpoint(&lab));
    let code = code(&lab, "lab-public").await;
    let claims = json!({ "jti": "a", "htm": "POST", "htu": url, "iat": now() });
    let mut private = key.jwk();
    private["d"] = json!("secret");
    for wrong in [
        proof(&key, "GET", &url, &json!({})),
        proof(&key, "POST", lab.mcp_url(), &json!({})),
        proof(&key, "POST", &url, &json!({ "iat": null })),
        key.sign(
            &json!({ "alg": "ES256", "typ": "JWT", "jwk": key.jwk() }),
            &claims,
        ),
        key.sign(
            &json!({ "alg": "HS256", "typ": "dpop+jwt", "jwk": key.jwk() }),
            &claims,
        ),
        key.sign(
            &json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": private }),
            &claims,
        ),
        key.sign(
            &json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": Key::new().jwk() }),
            &claims,
        ),
        key.sign(&json!({ "alg": "ES256", "typ": "dpop+jwt" }), &claims),
    ] {
        let reply = exchanged(&lab, &code, &wrong).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (400, "invalid_dpop_proof"),
            "{wrong}"
        );
    }
    let twice = post(&url)
        .header("dpop", &proof(&key, "POST", &url, &json!({})))
        .header("dpop", &proof(&key, "POST", &url, &json!({})))
        .form(&[("grant_type", "authorization_code")]);
    assert_eq!(twice.send().await.error(), "invalid_dpop_proof");
    let right = proof(&key, "POST", &url, &json!({}));
    assert_eq!(
        exchanged(&lab, &code, &right).await.status,
        200,
        "none of that spent the code"
    );
}

#[tokio::test]
async fn a_code_bound_to_a_key() {
    let lab = healthy().await;
    let (key, url) = (Key::new(), endpoint(&lab));
    let request = with(
        authorization_request(&lab, "lab-public"),
        "dpop_jkt",
        &key.thumbprint(),
    );
    let par = format!("{}/par", lab.as_url());
    let pushed = |request: &[(String, String)], key: &Key| {
        post(&par)
            .header("dpop", &proof(key, "POST", &par, &json!({})))
            .form(&borrowed(request))
    };
    let other = pushed(&request, &Key::new()).send().await;
    assert_eq!(
        other.error(),
        "invalid_dpop_proof",
        "dpop_jkt is another key's"
    );
    let by_header = pushed(&authorization_request(&lab, "lab-public"), &key)
        .send()
        .await;
    let by_header = by_header.json()["request_uri"].as_str().unwrap().to_owned();
    let by_header = [("client_id", "lab-public"), ("request_uri", &by_header)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));

    for request in [&request[..], &by_header[..]] {
        let code = approved(lab.as_url(), request)
            .await
            .remove("code")
            .unwrap();
        assert_eq!(
            exchange(&lab, "lab-public", &code).await.error(),
            "invalid_grant"
        );
        let other = proof(&Key::new(), "POST", &url, &json!({}));
        assert_eq!(
            exchanged(&lab, &code, &other).await.error(),
            "invalid_grant"
        );
        let right = proof(&key, "POST", &url, &json!({}));
        assert_eq!(exchanged(&lab, &code, &right).await.status, 200);
    }
}

#[tokio::test]
async fn nonces_of_both_servers() {
    let lab = started(|options| options.dpop_nonce = true).await;
    let (key, url) = (Key::new(), endpoint(&lab));
    let code = code(&lab, "lab-public").await;
    let wanted = exchanged(&lab, &code, &proof(&key, "POST", &url, &json!({}))).await;
    assert_eq!(
        (wanted.status, wanted.error().as_str()),
        (400, "use_dpop_nonce")
    );
    let of_as = wanted.header("dpop-nonce").to_owned();
    let with_nonce = proof(&key, "POST", &url, &json!({ "nonce": of_as }));
    let answer = exchanged(&lab, &code, &with_nonce).await.json();
    let access = answer["access_token"].as_str().unwrap();

    let at_mcp = |nonce: &str| {
        let claims = json!({ "ath": challenge_of(access), "nonce": nonce });
        proof(&key, "POST", lab.mcp_url(), &claims)
    };
    let wanted = list(&lab, access, &at_mcp(&of_as)).await;
    assert_eq!(
        (wanted.status, wanted.error().as_str()),
        (401, "use_dpop_nonce")
    );
    assert!(
        wanted
            .header("www-authenticate")
            .starts_with("DPoP error=\"use_dpop_nonce\"")
    );
    assert!(
        wanted
            .header("access-control-expose-headers")
            .contains("DPoP-Nonce")
    );
    let of_mcp = wanted.header("dpop-nonce");
    assert_ne!(of_mcp, of_as);
    assert_eq!(list(&lab, access, &at_mcp(of_mcp)).await.status, 200);

    let unbound = access_token(&lab, "mcp:read").await;
    let reply = modern(&lab, &unbound, "tools/list", json!({})).send().await;
    assert_eq!(reply.status, 200, "without proof no nonce");
}

#[tokio::test]
async fn where_tokens_have_to_be_bound() {
    let lab = started(|options| options.dpop_required = true).await;
    let challenge = post(lab.mcp_url())
        .send()
        .await
        .header("www-authenticate")
        .to_owned();
    assert!(challenge.starts_with("Bearer resource_metadata=") && !challenge.contains("error"));
    assert!(
        challenge.contains(", DPoP resource_metadata=") && challenge.ends_with("algs=\"ES256\"")
    );
    let origin = lab.mcp_url().strip_suffix("/mcp").unwrap();
    let document = get(&format!("{origin}/.well-known/oauth-protected-resource"))
        .send()
        .await
        .json();
    assert_eq!(document["dpop_bound_access_tokens_required"], true);

    let unbound = access_token(&lab, "mcp:read").await;
    let reply = modern(&lab, &unbound, "tools/list", json!({})).send().await;
    assert_eq!(reply.status, 401);
    let key = Key::new();
    let answer = bound(&lab, &key).await;
    let access = answer["access_token"].as_str().unwrap();
    let right = proof(
        &key,
        "POST",
        lab.mcp_url(),
        &json!({ "ath": challenge_of(access) }),
    );
    assert_eq!(list(&lab, access, &right).await.status, 200);
}

#[tokio::test]
async fn clients_that_registered_to_bind_their_tokens() {
    let lab = healthy().await;
    let mut client = native_client();
    client["dpop_bound_access_tokens"] = json!(true);
    let id = register(&lab, &client).await["client_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let code = code(&lab, &id).await;
    assert_eq!(
        exchange(&lab, &id, &code).await.error(),
        "invalid_dpop_proof"
    );
}

#[tokio::test]
async fn userinfo_with_a_bound_token() {
    let lab = healthy().await;
    let key = Key::new();
    let request = with(authorization_request(&lab, "lab-public"), "scope", "openid");
    let code = approved(lab.as_url(), &request)
        .await
        .remove("code")
        .unwrap();
    let answer = exchanged(
        &lab,
        &code,
        &proof(&key, "POST", &endpoint(&lab), &json!({})),
    )
    .await;
    let answer = answer.json();
    let access = answer["access_token"].as_str().unwrap();
    let url = format!("{}/userinfo", lab.as_url());
    assert_eq!(get(&url).bearer(access).send().await.status, 401);
    let right = proof(&key, "GET", &url, &json!({ "ath": challenge_of(access) }));
    let ask = || get(&url).header("authorization", &format!("DPoP {access}"));
    assert_eq!(ask().send().await.status, 401);
    let reply = ask().header("dpop", &right).send().await;
    assert_eq!((reply.status, &reply.json()["sub"]), (200, &json!("alice")));
}
