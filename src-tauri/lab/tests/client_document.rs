//! Clients that are the URL of their metadata document.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use lab::Lab;
use serde_json::{Value, json};
use support::*;

/// A web server with one document, which counts how often it was fetched.
struct Publisher {
    url: String,
    fetched: Arc<AtomicUsize>,
}

async fn published(
    document: impl FnOnce(&str) -> Value,
    status: StatusCode,
    media_type: &'static str,
    cache: &'static str,
) -> Publisher {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/client.json", listener.local_addr().unwrap());
    let fetched = Arc::new(AtomicUsize::new(0));
    let (body, count) = (document(&url).to_string(), fetched.clone());
    let answer = move || async move {
        count.fetch_add(1, Ordering::SeqCst);
        let headers = [
            (header::CONTENT_TYPE, media_type),
            (header::CACHE_CONTROL, cache),
        ];
        (status, headers, body).into_response()
    };
    let router = Router::new().route("/client.json", axum::routing::get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Publisher { url, fetched }
}

async fn good(change: &Value) -> Publisher {
    let document = |url: &str| {
        let mut document = json!({
            "client_id": url,
            "client_name": "A client with a document",
            "redirect_uris": ["http://127.0.0.1/callback"],
            "grant_types": ["authorization_code", "refresh_token", "urn:example:another"],
            "token_endpoint_auth_method": "none",
            "scope": "whatever another server knows",
        });
        replace(&mut document, change);
        document
    };
    published(document, StatusCode::OK, "application/json", "max-age=60").await
}

async fn with_documents() -> Lab {
    started(|options| options.cimd = true).await
}

#[tokio::test]
async fn the_whole_flow() {
    let lab = with_documents().await;
    assert_eq!(
        metadata(lab.as_url()).await["client_id_metadata_document_supported"],
        true
    );
    let publisher = good(&json!({})).await;
    let page = authorize(lab.as_url(), &authorization_request(&lab, &publisher.url)).await;
    assert!(page.text.contains("A client with a document wants access"));
    let code = submit(lab.as_url(), &page, &[])
        .await
        .location()
        .remove("code")
        .unwrap();
    let answer = exchange(&lab, &publisher.url, &code).await.json();
    let access = answer["access_token"].as_str().unwrap();
    assert_eq!(decoded(access, 1)["client_id"], publisher.url.as_str());
    assert_eq!(
        modern(&lab, access, "tools/list", json!({}))
            .send()
            .await
            .status,
        200
    );
    let refreshed = refresh(
        &lab,
        &publisher.url,
        answer["refresh_token"].as_str().unwrap(),
    )
    .await;
    assert_eq!(refreshed.status, 200);
    assert_eq!(
        publisher.fetched.load(Ordering::SeqCst),
        1,
        "kept for max-age"
    );
}

#[tokio::test]
async fn the_redirect_uri_has_to_be_in_the_document() {
    let lab = with_documents().await;
    let publisher = good(&json!({})).await;
    let request = authorization_request(&lab, &publisher.url);
    let other = with(request, "redirect_uri", "http://127.0.0.1:43117/other");
    assert_eq!(authorize(lab.as_url(), &other).await.status, 400);
}

#[tokio::test]
async fn what_must_not_be_kept_is_fetched_again() {
    let lab = with_documents().await;
    let document = |url: &str| {
        json!({
            "client_id": url, "client_name": "x", "redirect_uris": ["http://127.0.0.1/callback"],
        })
    };
    let publisher = published(document, StatusCode::OK, "application/x+json", "no-store").await;
    let code = code(&lab, &publisher.url).await;
    assert_eq!(exchange(&lab, &publisher.url, &code).await.status, 200);
    assert_eq!(publisher.fetched.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn documents_that_are_refused() {
    let lab = with_documents().await;
    for (change, why) in [
        (
            json!({ "client_id": "http://127.0.0.1:1/other" }),
            "is not its URL",
        ),
        (json!({ "client_name": null }), "no client_name"),
        (
            json!({ "redirect_uris": null }),
            "At least one redirect URI",
        ),
        (
            json!({ "redirect_uris": ["javascript:alert(1)"] }),
            "neither https",
        ),
        (json!({ "client_secret": "s" }), "holds no secret"),
        (
            json!({ "token_endpoint_auth_method": "client_secret_post" }),
            "none or private_key_jwt",
        ),
        (
            json!({ "token_endpoint_auth_method": "private_key_jwt" }),
            "needs a P-256 key",
        ),
    ] {
        let publisher = good(&change).await;
        let page = authorize(lab.as_url(), &authorization_request(&lab, &publisher.url)).await;
        assert!(
            page.status == 400 && page.text.contains(why),
            "{change}: {}",
            page.text
        );
    }
    for (status, media_type, why) in [
        (
            StatusCode::NOT_FOUND,
            "application/json",
            "404 instead of 200",
        ),
        (StatusCode::FOUND, "application/json", "302 instead of 200"),
        (StatusCode::OK, "text/html", "no JSON"),
    ] {
        let publisher = published(|_| json!({}), status, media_type, "max-age=60").await;
        let page = authorize(lab.as_url(), &authorization_request(&lab, &publisher.url)).await;
        assert!(
            page.status == 400 && page.text.contains(why),
            "{why}: {}",
            page.text
        );
        authorize(lab.as_url(), &authorization_request(&lab, &publisher.url)).await;
        assert_eq!(
            publisher.fetched.load(Ordering::SeqCst),
            2,
            "errors are not kept"
        );
    }
    for (id, why) in [
        (
            "https://client.example/metadata.json",
            "only over http from a loopback address",
        ),
        ("http://127.0.0.1:9", "no path"),
        ("http://127.0.0.1:9/a/../b", "dot segments"),
    ] {
        let page = authorize(lab.as_url(), &authorization_request(&lab, id)).await;
        assert!(
            page.status == 400 && page.text.contains(why),
            "{id}: {}",
            page.text
        );
    }
}

#[tokio::test]
async fn without_the_option_a_url_is_an_unknown_client() {
    let lab = healthy().await;
    assert!(
        metadata(lab.as_url())
            .await
            .get("client_id_metadata_document_supported")
            .is_none()
    );
    let publisher = good(&json!({})).await;
    let page = authorize(lab.as_url(), &authorization_request(&lab, &publisher.url)).await;
    assert_eq!(page.status, 400);
    assert_eq!(publisher.fetched.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_document_with_a_key() {
    let lab = with_documents().await;
    let key = Key::new();
    let change = json!({
        "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [key.jwk()] },
    });
    let publisher = good(&change).await;
    let code = code(&lab, &publisher.url).await;
    assert_eq!(
        exchange(&lab, &publisher.url, &code).await.error(),
        "invalid_client"
    );
    let assertion = key.assertion(&publisher.url, lab.as_url(), &json!({}));
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("code_verifier", VERIFIER),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &assertion),
    ];
    assert_eq!(token(lab.as_url(), &fields).await.status, 200);
}
