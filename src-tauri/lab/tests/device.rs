//! Device authorization: a code on one machine, a person at another.

mod support;

use lab::Lab;
use serde_json::Value;
use support::*;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn begin(lab: &Lab, extra: &[(&str, &str)]) -> Reply {
    let fields = [
        ("client_id", "lab-public"),
        ("scope", "mcp:read openid"),
        ("resource", lab.mcp_url()),
    ];
    post(&format!("{}/device_authorization", lab.as_url()))
        .form(&[&fields[..], extra].concat())
        .send()
        .await
}

async fn poll(lab: &Lab, begun: &Value) -> Reply {
    let fields = [
        ("grant_type", GRANT),
        ("client_id", "lab-public"),
        ("device_code", begun["device_code"].as_str().unwrap()),
    ];
    token(lab.as_url(), &fields).await
}

async fn answer(lab: &Lab, page: &Reply, extra: &[(&str, &str)]) -> Reply {
    let mut fields = form_fields(page);
    for (name, value) in extra {
        fields = with(fields, name, value);
    }
    post(&format!("{}/device/decision", lab.as_url()))
        .form(&borrowed(&fields))
        .send()
        .await
}

#[tokio::test]
async fn a_person_approves() {
    let lab = healthy().await;
    let endpoint = format!("{}/device_authorization", lab.as_url());
    assert_eq!(
        metadata(lab.as_url()).await["device_authorization_endpoint"],
        endpoint
    );
    let begun = begin(&lab, &[]).await;
    assert_eq!(
        (begun.status, begun.header("cache-control")),
        (200, "no-store")
    );
    let begun = begun.json();
    assert_eq!(
        (&begun["interval"], &begun["expires_in"]),
        (&1.into(), &300.into())
    );
    let user_code = begun["user_code"].as_str().unwrap();

    let entry = get(begun["verification_uri"].as_str().unwrap())
        .send()
        .await;
    assert!(entry.text.contains("name=\"user_code\"") && entry.text.contains("action=\"/device\""));
    let unknown = format!("{}/device?user_code=XXXX-XXXX", lab.as_url());
    assert_eq!(get(&unknown).send().await.status, 404);
    let typed = user_code.to_lowercase().replace('-', "");
    let page = get(&format!("{}/device?user_code={typed}", lab.as_url()))
        .send()
        .await;
    assert!(
        page.status == 200 && page.text.contains("Approve"),
        "{page:?}"
    );
    assert_eq!(
        answer(&lab, &page, &[("password", "guess")]).await.status,
        403
    );
    assert_eq!(answer(&lab, &page, &[]).await.status, 200);
    assert_eq!(
        answer(&lab, &page, &[]).await.status,
        404,
        "answered before"
    );

    let other = [
        ("grant_type", GRANT),
        ("client_id", "lab-confidential"),
        ("client_secret", "lab-secret"),
        ("device_code", begun["device_code"].as_str().unwrap()),
    ];
    assert_eq!(token(lab.as_url(), &other).await.error(), "invalid_grant");
    let issued = poll(&lab, &begun).await.json();
    let access = issued["access_token"].as_str().unwrap();
    assert_eq!(decoded(access, 1)["aud"], lab.mcp_url());
    assert!(issued["refresh_token"].is_string() && issued["id_token"].is_string());
    let reply = modern(&lab, access, "tools/list", serde_json::json!({}))
        .send()
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        poll(&lab, &begun).await.error(),
        "invalid_grant",
        "good once"
    );
}

#[tokio::test]
async fn while_nobody_decides() {
    let lab = healthy().await;
    let begun = begin(&lab, &[]).await.json();
    let first = poll(&lab, &begun).await;
    assert_eq!(
        (first.status, first.error().as_str()),
        (400, "authorization_pending")
    );
    assert_eq!(poll(&lab, &begun).await.error(), "slow_down");

    let begun = begin(&lab, &[]).await.json();
    let page = get(begun["verification_uri_complete"].as_str().unwrap())
        .send()
        .await;
    answer(&lab, &page, &[("decision", "deny")]).await;
    assert_eq!(poll(&lab, &begun).await.error(), "access_denied");
}

#[tokio::test]
async fn approved_by_itself() {
    let lab = started(|options| options.device_polls = Some(0)).await;
    let begun = begin(&lab, &[]).await.json();
    assert_eq!(poll(&lab, &begun).await.status, 200);
}

#[tokio::test]
async fn slower_where_asked_for() {
    let lab = started(|options| options.device_slow_down = true).await;
    let begun = begin(&lab, &[]).await.json();
    assert_eq!(poll(&lab, &begun).await.error(), "slow_down");
}

#[tokio::test]
async fn requests_that_are_refused() {
    let lab = healthy().await;
    for (fields, status, error) in [
        ([("client_id", "nobody")], 401, "invalid_client"),
        ([("client_id", "lab-workload")], 400, "unauthorized_client"),
        ([("scope", "files:delete")], 400, "invalid_scope"),
        (
            [("resource", "https://another.example")],
            400,
            "invalid_target",
        ),
    ] {
        let request = vec![("client_id".to_owned(), "lab-public".to_owned())];
        let request = with(request, fields[0].0, fields[0].1);
        let reply = post(&format!("{}/device_authorization", lab.as_url()))
            .form(&borrowed(&request))
            .send()
            .await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (status, error),
            "{fields:?}"
        );
    }
    assert_eq!(
        begin(&lab, &[("scope", "mcp:read")]).await.error(),
        "invalid_request",
        "twice"
    );
}
