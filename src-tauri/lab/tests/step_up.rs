//! Calls that want more than a login with a password, and what a login tells (RFC 9470, OpenID
//! Connect).

mod support;

use lab::Lab;
use serde_json::{Value, json};
use support::*;

const MFA: &str = "urn:lab:mfa";

async fn transfer(lab: &Lab, token: &str) -> Reply {
    let params = json!({ "name": "transfer", "arguments": { "amount": 3 } });
    modern(lab, token, "tools/call", params).send().await
}

async fn answer(lab: &Lab, request: &[(String, String)]) -> Value {
    let code = approved(lab.as_url(), request)
        .await
        .remove("code")
        .unwrap();
    exchange(lab, "lab-public", &code).await.json()
}

#[tokio::test]
async fn a_second_factor_when_it_is_asked_for() {
    let lab = started(|options| options.transfer_tool = true).await;
    let supported = metadata(lab.as_url()).await["acr_values_supported"].clone();
    assert_eq!(supported, json!(["urn:lab:password", MFA]));
    let weak = access_token(&lab, "mcp:read").await;
    assert_eq!(decoded(&weak, 1)["acr"], "urn:lab:password");
    let tools = modern(&lab, &weak, "tools/list", json!({}))
        .send()
        .await
        .json();
    assert_eq!(tools["result"]["tools"][3]["name"], "transfer");
    let reply = transfer(&lab, &weak).await;
    assert_eq!(
        (reply.status, reply.error().as_str()),
        (401, "insufficient_user_authentication")
    );
    let challenge = reply.header("www-authenticate");
    for part in [
        "error=\"insufficient_user_authentication\"",
        "acr_values=\"urn:lab:mfa\"",
        "max_age=\"300\"",
        "resource_metadata=",
    ] {
        assert!(challenge.contains(part), "{challenge}");
    }

    let request = with(
        authorization_request(&lab, "lab-public"),
        "acr_values",
        "urn:other urn:lab:mfa",
    );
    let request = with(request, "max_age", "300");
    let page = authorize(lab.as_url(), &request).await;
    assert_eq!(
        submit(lab.as_url(), &page, &[("one_time_code", "0")])
            .await
            .status,
        403
    );
    let strong = answer(&lab, &request).await;
    let strong = strong["access_token"].as_str().unwrap();
    let claims = decoded(strong, 1);
    assert_eq!(claims["acr"], MFA);
    assert!(now() - claims["auth_time"].as_u64().unwrap() < 60);
    let reply = transfer(&lab, strong).await.json();
    assert_eq!(reply["result"]["content"][0]["text"], "transferred 3");
}

#[tokio::test]
async fn wishes_that_cannot_be_met() {
    let lab = healthy().await;
    for (name, value, error) in [
        (
            "acr_values",
            "urn:other",
            "unmet_authentication_requirements",
        ),
        ("max_age", "soon", "invalid_request"),
    ] {
        let request = with(authorization_request(&lab, "lab-public"), name, value);
        assert_eq!(
            authorize(lab.as_url(), &request).await.location()["error"],
            error
        );
    }
    let token = access_token(&lab, "mcp:read").await;
    let reply = transfer(&lab, &token).await.json();
    assert_eq!(
        reply["error"]["code"], -32602,
        "the tool is there only when asked for"
    );
}

#[tokio::test]
async fn what_an_id_token_says() {
    let lab = healthy().await;
    let request = with(
        authorization_request(&lab, "lab-public"),
        "scope",
        "openid profile email",
    );
    let request = with(with(request, "nonce", "n-7"), "acr_values", MFA);
    let answer = answer(&lab, &request).await;
    let claims = decoded(answer["id_token"].as_str().unwrap(), 1);
    let access = answer["access_token"].as_str().unwrap();
    assert_eq!(
        (&claims["iss"], &claims["aud"], &claims["sub"]),
        (&json!(lab.as_url()), &json!("lab-public"), &json!("alice"))
    );
    assert_eq!(
        (&claims["nonce"], &claims["acr"]),
        (&json!("n-7"), &json!(MFA))
    );
    assert!(claims["auth_time"].is_u64());
    // OpenID Connect Core section 3.1.3.6: the left half of the hash, so the first 128 of its 256
    // bits.
    let hash = challenge_of(access);
    assert!(hash.starts_with(&claims["at_hash"].as_str().unwrap()[..21]));
    assert_eq!(claims["at_hash"].as_str().unwrap().len(), 22);
    let url = format!("{}/userinfo", lab.as_url());
    for ask in [get(&url), post(&url)] {
        let person = ask.bearer(access).send().await.json();
        assert_eq!(
            (&person["sub"], &person["email"]),
            (&claims["sub"], &json!("alice@lab.example"))
        );
    }
}
