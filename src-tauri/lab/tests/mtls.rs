//! TLS with a certificate of the client's, and tokens that are bound to it (RFC 8705).

mod support;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lab::{ClientTls, Lab};
use reqwest::{Certificate, Client, Identity, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::*;

/// A client that trusts the lab, and shows its certificate or none.
fn client(tls: &ClientTls, with_certificate: bool) -> Client {
    // Installs the provider that a client needs.
    let _ = get("http://127.0.0.1/");
    let trusted = Certificate::from_pem(tls.authority.as_bytes()).unwrap();
    let mut builder = Client::builder().no_proxy().tls_certs_only([trusted]);
    if with_certificate {
        let pem = format!("{}{}", tls.certificate, tls.private_key);
        builder = builder.identity(Identity::from_pem(pem.as_bytes()).unwrap());
    }
    builder.build().unwrap()
}

async fn own_token(lab: &Lab, client: &Client) -> Value {
    let request = client
        .post(format!("{}/token", lab.as_url()))
        .basic_auth("lab-confidential", Some("lab-secret"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials");
    let text = request.send().await.unwrap().text().await.unwrap();
    serde_json::from_str(&text).unwrap()
}

async fn list(lab: &Lab, client: &Client, token: &str) -> (StatusCode, String) {
    let answer = client
        .post(lab.mcp_url())
        .bearer_auth(token)
        .header("content-type", "application/json")
        .header("accept", BOTH)
        .header("mcp-protocol-version", MODERN)
        .header("mcp-method", "tools/list")
        // A client cannot send the header with which the lab marks requests.
        .header("lab-client-certificate", "forged")
        .body(modern_body("tools/list", json!({})).to_string())
        .send()
        .await
        .unwrap();
    let challenge = answer.headers().get("www-authenticate");
    let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
    (answer.status(), challenge.unwrap_or_default())
}

#[tokio::test]
async fn a_token_is_good_with_the_certificate_that_it_was_got_with() {
    let lab = started(|options| options.mtls = true).await;
    let tls = lab.client_tls().expect("asked for");
    let (with, without) = (client(tls, true), client(tls, false));
    let answer = own_token(&lab, &with).await;
    assert_eq!(answer["token_type"], "Bearer");
    let token = answer["access_token"].as_str().unwrap();
    let der: String = tls
        .certificate
        .lines()
        .filter(|line| !line.starts_with("---"))
        .collect();
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(STANDARD.decode(der).unwrap()));
    assert_eq!(decoded(token, 1)["cnf"], json!({ "x5t#S256": thumbprint }));
    assert_eq!(list(&lab, &with, token).await.0, 200);
    let (status, challenge) = list(&lab, &without, token).await;
    assert_eq!(status, 401);
    assert!(challenge.contains("bound to a certificate"), "{challenge}");
}

#[tokio::test]
async fn without_a_certificate_a_token_is_bound_to_none() {
    let lab = started(|options| options.mtls = true).await;
    let tls = lab.client_tls().expect("asked for");
    let client = client(tls, false);
    let answer = own_token(&lab, &client).await;
    let token = answer["access_token"].as_str().unwrap();
    assert!(decoded(token, 1).get("cnf").is_none());
    assert_eq!(list(&lab, &client, token).await.0, 200);
    assert!(healthy().await.client_tls().is_none());
}

#[tokio::test]
async fn a_certificate_of_somebody_else_is_not_taken() {
    let lab = started(|options| options.mtls = true).await;
    let other = started(|options| options.mtls = true).await;
    let mut tls = other.client_tls().expect("asked for").clone();
    tls.authority = lab.client_tls().expect("asked for").authority.clone();
    let refused = client(&tls, true).get(lab.mcp_url()).send().await;
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test]
async fn the_same_is_in_files_for_as_long_as_the_lab_is() {
    let lab = started(|options| options.mtls = true).await;
    let tls = lab.client_tls().expect("asked for").clone();
    let files = lab.client_tls_files().expect("asked for");
    for (path, pem) in [
        (&files.authority, &tls.authority),
        (&files.certificate, &tls.certificate),
        (&files.private_key, &tls.private_key),
    ] {
        assert_eq!(&std::fs::read_to_string(path).unwrap(), pem);
    }
    let folder = files.folder().to_owned();
    drop(lab);
    assert!(!folder.exists());
    assert!(healthy().await.client_tls_files().is_none());
}
