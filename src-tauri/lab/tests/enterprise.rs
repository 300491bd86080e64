//! An identity provider that vouches for people, and a platform that vouches for programs.

mod support;

use lab::{Lab, Misbehaviour, WorkloadJwt};
use serde_json::json;
use support::*;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";

async fn enterprise() -> Lab {
    started(|options| options.idp = true).await
}

fn exchange_request(lab: &Lab, id_token: &str) -> Vec<(String, String)> {
    [
        ("grant_type", EXCHANGE),
        ("client_id", "lab-idp-client"),
        ("requested_token_type", ID_JAG),
        ("audience", lab.as_url()),
        ("resource", lab.mcp_url()),
        ("scope", "mcp:read mcp:write"),
        ("subject_token", id_token),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:id_token",
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

async fn granted(lab: &Lab, assertion: &str, extra: &[(&str, &str)]) -> Reply {
    let fields = [("grant_type", JWT_BEARER), ("assertion", assertion)];
    token(lab.as_url(), &[&fields[..], extra].concat()).await
}

async fn by_client(lab: &Lab, assertion: &str) -> Reply {
    let client = [
        ("client_id", "lab-confidential"),
        ("client_secret", "lab-secret"),
    ];
    granted(lab, assertion, &client).await
}

#[tokio::test]
async fn from_an_id_token_to_the_tools() {
    let lab = enterprise().await;
    let idp = lab.idp_url().unwrap();
    let document = metadata(idp).await;
    assert_eq!(document["issuer"], idp);
    assert_eq!(
        document["identity_chaining_requested_token_types_supported"],
        json!([ID_JAG])
    );
    assert!(
        document["grant_types_supported"]
            .as_array()
            .unwrap()
            .contains(&json!(EXCHANGE))
    );
    let document = metadata(lab.as_url()).await;
    assert!(
        document["grant_types_supported"]
            .as_array()
            .unwrap()
            .contains(&json!(JWT_BEARER))
    );
    assert_eq!(
        document["authorization_grant_profiles_supported"],
        json!(["urn:ietf:params:oauth:grant-profile:id-jag"])
    );

    let request = exchange_request(&lab, &lab.id_token().unwrap());
    let reply = token(idp, &borrowed(&request)).await;
    assert_eq!(
        (reply.status, reply.header("cache-control")),
        (200, "no-store")
    );
    let answer = reply.json();
    assert_eq!(
        (&answer["issued_token_type"], &answer["token_type"]),
        (&json!(ID_JAG), &json!("N_A"))
    );
    let id_jag = answer["access_token"].as_str().unwrap();
    assert_eq!(decoded(id_jag, 0)["typ"], "oauth-id-jag+jwt");
    let claims = decoded(id_jag, 1);
    assert_eq!(
        (&claims["aud"], &claims["resource"]),
        (&json!(lab.as_url()), &json!(lab.mcp_url()))
    );
    assert_eq!(
        (&claims["client_id"], &claims["sub"]),
        (&json!("lab-confidential"), &json!("alice"))
    );

    assert_eq!(granted(&lab, id_jag, &[]).await.error(), "invalid_client");
    let other = granted(&lab, id_jag, &[("client_id", "lab-workload")]).await;
    assert_eq!(other.error(), "invalid_grant", "issued for another client");
    let answer = by_client(&lab, id_jag).await.json();
    assert!(answer.get("refresh_token").is_none());
    let access = answer["access_token"].as_str().unwrap();
    let claims = decoded(access, 1);
    assert_eq!(
        (&claims["sub"], &claims["scope"]),
        (&json!("alice"), &json!("mcp:read mcp:write"))
    );
    let call = json!({ "name": "write_note", "arguments": { "text": "x" } });
    assert_eq!(
        modern(&lab, access, "tools/call", call).send().await.status,
        200
    );
    assert_eq!(
        by_client(&lab, id_jag).await.error(),
        "invalid_grant",
        "good once"
    );
}

#[tokio::test]
async fn a_person_can_log_in_at_the_identity_provider() {
    let lab = enterprise().await;
    let idp = lab.idp_url().unwrap();
    let request = with(
        authorization_request(&lab, "lab-idp-client"),
        "resource",
        "",
    );
    let callback = approved(idp, &with(request, "scope", "openid")).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "lab-idp-client"),
        ("code", &callback["code"]),
        ("code_verifier", VERIFIER),
    ];
    let answer = token(idp, &fields).await.json();
    let id_token = answer["id_token"].as_str().unwrap();
    let reply = token(idp, &borrowed(&exchange_request(&lab, id_token))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let as_access_token = modern(
        &lab,
        answer["access_token"].as_str().unwrap(),
        "tools/list",
        json!({}),
    );
    assert_eq!(as_access_token.send().await.status, 401);
}

#[tokio::test]
async fn exchanges_that_are_refused() {
    let lab = enterprise().await;
    let idp = lab.idp_url().unwrap();
    let right = exchange_request(&lab, &lab.id_token().unwrap());
    let of_another = {
        let request = with(authorization_request(&lab, "lab-public"), "scope", "openid");
        let code = approved(lab.as_url(), &request)
            .await
            .remove("code")
            .unwrap();
        exchange(&lab, "lab-public", &code).await.json()["id_token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for (name, value, error) in [
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:jwt",
            "invalid_request",
        ),
        ("subject_token_type", "", "invalid_request"),
        ("subject_token", "nonsense", "invalid_request"),
        ("subject_token", &of_another, "invalid_request"),
        ("actor_token", "x", "invalid_request"),
        ("audience", "", "invalid_request"),
        ("audience", "https://auth.another.example", "invalid_target"),
        ("resource", "https://another.example/mcp", "invalid_target"),
        ("scope", "files:delete", "invalid_scope"),
        ("client_id", "lab-confidential", "invalid_client"),
    ] {
        let reply = token(idp, &borrowed(&with(right.clone(), name, value))).await;
        assert_eq!(reply.error(), error, "{name}={value}");
    }
    let at_the_other = token(lab.as_url(), &borrowed(&right)).await;
    assert_eq!(at_the_other.error(), "invalid_client");
}

#[tokio::test]
async fn a_workload() {
    let lab = enterprise().await;
    let jwt = |kind| lab.workload_jwt(kind).unwrap();
    for extra in [&[][..], &[("client_id", "lab-workload")]] {
        let answer = granted(&lab, &jwt(WorkloadJwt::Valid), extra).await.json();
        let access = answer["access_token"].as_str().unwrap();
        assert!(
            decoded(access, 1)["sub"]
                .as_str()
                .unwrap()
                .starts_with("spiffe://")
        );
        assert_eq!(
            modern(&lab, access, "tools/list", json!({}))
                .send()
                .await
                .status,
            200
        );
    }
    for (kind, why) in [
        (WorkloadJwt::Expired, "expired"),
        (WorkloadJwt::WrongAudience, "aud of the assertion"),
    ] {
        let reply = granted(&lab, &jwt(kind), &[]).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (400, "invalid_grant")
        );
        assert!(reply.text.contains(why), "{reply:?}");
    }
    let unknown = granted(&lab, &jwt(WorkloadJwt::Valid), &[("client_id", "nobody")]).await;
    assert_eq!(unknown.error(), "invalid_client");
    let untrusted = Key::new().assertion("https://another.example", lab.as_url(), &json!({}));
    assert_eq!(
        granted(&lab, &untrusted, &[]).await.error(),
        "invalid_grant"
    );
    let more = granted(&lab, &jwt(WorkloadJwt::Valid), &[("scope", "openid")]).await;
    assert_eq!(more.error(), "invalid_scope");
}

#[tokio::test]
async fn without_the_option_nobody_is_trusted() {
    let lab = healthy().await;
    assert_eq!((lab.idp_url(), lab.id_token()), (None, None));
    assert_eq!(lab.workload_jwt(WorkloadJwt::Valid), None);
    assert_eq!(granted(&lab, "a.b.c", &[]).await.error(), "invalid_client");
    assert_eq!(
        by_client(&lab, "a.b.c").await.error(),
        "unsupported_grant_type"
    );
}

#[tokio::test]
async fn an_identity_provider_that_goes_wrong() {
    for (misbehaviour, kind, typ) in [
        (None, json!(ID_JAG), "oauth-id-jag+jwt"),
        (
            Some(Misbehaviour::IssuedTokenTypeMissing),
            json!(null),
            "oauth-id-jag+jwt",
        ),
        (Some(Misbehaviour::IdJagTypeWrong), json!(ID_JAG), "JWT"),
    ] {
        let lab =
            started(|options| (options.idp, options.misbehaviour) = (true, misbehaviour)).await;
        let request = exchange_request(&lab, &lab.id_token().unwrap());
        let answer = token(lab.idp_url().unwrap(), &borrowed(&request))
            .await
            .json();
        assert_eq!(answer["issued_token_type"], kind);
        assert_eq!(
            decoded(answer["access_token"].as_str().unwrap(), 0)["typ"],
            typ
        );
    }
}

#[tokio::test]
async fn an_identity_provider_without_metadata() {
    let lost = Some(Misbehaviour::IdentityProviderNotFound);
    let lab = started(|options| (options.idp, options.misbehaviour) = (true, lost)).await;
    let at = |base: &str| format!("{base}/.well-known/openid-configuration");
    assert_eq!(get(&at(lab.idp_url().unwrap())).send().await.status, 404);
    assert_eq!(get(&at(lab.as_url())).send().await.status, 200);
}
