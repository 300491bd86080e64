use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::mpsc::Receiver;
use wire::{DocumentHost, DocumentHostError, DocumentHostSettings, Fetched};

use crate::server::{free_port, raw, within};

/// A host with a document, and `host:port` of it.
fn hosting(settings: &DocumentHostSettings) -> (DocumentHost, Receiver<Fetched>) {
    let (host, fetched) = DocumentHost::open(settings).unwrap();
    host.set_document(&json!({ "client_id": host.document_url(), "client_name": "A \u{fc}" }));
    (host, fetched)
}

fn authority(host: &DocumentHost) -> String {
    host.document_url().split('/').nth(2).unwrap().into()
}

fn asking(method: &str, target: &str, host: &str) -> Vec<u8> {
    format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: as\r\n\r\n").into_bytes()
}

#[tokio::test]
async fn the_document_is_served_as_it_is_by_then_and_each_fetch_reported() {
    let (host, mut fetched) = hosting(&DocumentHostSettings::default());
    let authority = authority(&host);
    assert_eq!(
        host.document_url(),
        format!("http://{authority}/client.json")
    );
    let first = raw(&authority, &asking("GET", "/client.json", &authority))
        .await
        .unwrap();
    host.set_document(&json!({ "client_id": "another" }));
    let second = raw(&authority, &asking("GET", "/client.json?a=b", &authority))
        .await
        .unwrap();
    let head = raw(&authority, &asking("HEAD", "/client.json", &authority))
        .await
        .unwrap();
    let document =
        json!({ "client_id": host.document_url(), "client_name": "A \u{fc}" }).to_string();
    for (method, query, answer, document) in [
        ("GET", "", first, &*document),
        ("GET", "?a=b", second, r#"{"client_id":"another"}"#),
        ("HEAD", "", head, ""),
    ] {
        let report = within(fetched.recv()).await.unwrap();
        assert_eq!(report.request.method, method);
        assert_eq!(
            report.request.url,
            format!("{}{query}", host.document_url())
        );
        assert_eq!(report.request.header_value("user-agent"), Some("as"));
        assert_eq!(report.response.status, 200);
        assert_eq!(
            report.response.header_value("content-type"),
            Some("application/json")
        );
        assert!(report.from.ip().is_loopback());
        let (lines, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, document);
        assert_eq!(report.response.body.text(), Some(document));
        let mut shown: Vec<String> = lines.lines().skip(1).map(str::to_string).collect();
        let recorded = report.response.headers.iter();
        let mut recorded: Vec<String> = recorded
            .map(|header| format!("{}: {}", header.name, header.value))
            .collect();
        shown.sort();
        recorded.sort();
        assert_eq!(shown, recorded, "the answer is recorded as it was sent");
    }
}

#[tokio::test]
async fn everything_else_is_turned_away_and_reported_too() {
    let (host, mut fetched) = hosting(&DocumentHostSettings::default());
    let authority = authority(&host);
    let with_body =
        format!("POST /client.json HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 4\r\n\r\nbody");
    let port = authority.rsplit(':').next().unwrap();
    for (request, status, url) in [
        (
            asking("GET", "/", &authority),
            404,
            format!("http://{authority}/"),
        ),
        (
            asking("GET", "/client.json/", &authority),
            404,
            format!("http://{authority}/client.json/"),
        ),
        (with_body.into_bytes(), 405, host.document_url().into()),
        (
            asking("OPTIONS", "*", &authority),
            404,
            format!("http://{authority}/*"),
        ),
        (
            asking("GET", "/client.json", "evil.example"),
            400,
            host.document_url().into(),
        ),
        (
            asking("GET", "/client.json", &format!("localhost:{port}")),
            400,
            host.document_url().into(),
        ),
        (
            asking(
                "GET",
                "/client.json",
                &format!("{authority}\r\nHost: {authority}"),
            ),
            400,
            host.document_url().into(),
        ),
        (
            asking("GET", "http://evil.example/client.json", &authority),
            400,
            host.document_url().into(),
        ),
        (
            b"GET /client.json HTTP/1.0\r\n\r\n".to_vec(),
            400,
            host.document_url().into(),
        ),
    ] {
        let asked = String::from_utf8_lossy(&request).into_owned();
        let answer = raw(&authority, &request).await.unwrap();
        assert_eq!(
            answer.split(' ').nth(1),
            Some(&*status.to_string()),
            "{asked}: {answer}"
        );
        assert!(!answer.contains("client_name"), "{answer}");
        let report = within(fetched.recv()).await.unwrap();
        assert_eq!(report.response.status, status);
        assert_eq!(report.request.url, url, "{asked}");
        let body = if status == 405 { "body" } else { "" };
        assert_eq!(report.request.body.text(), Some(body));
    }
    for too_much in [
        format!(
            "GET /client.json HTTP/1.1\r\nHost: {authority}\r\nx: {}\r\n\r\n",
            "y".repeat(100_000)
        ),
        format!(
            "GET /client.json HTTP/1.1\r\nHost: {authority}\r\n{}\r\n",
            "x: y\r\n".repeat(200)
        ),
        "garbage\r\n\r\n".into(),
    ] {
        // Where more comes than is read, the answer may be lost with the connection.
        if let Ok(answer) = raw(&authority, too_much.as_bytes()).await {
            assert!(
                answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
                "{answer}"
            );
        }
    }
    let large = format!(
        "PUT /client.json HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 1000000\r\n\r\n{}",
        "x".repeat(70_000)
    );
    let _ = raw(&authority, large.as_bytes()).await;
    let report = within(fetched.recv()).await.unwrap();
    assert_eq!(report.request.body.bytes.len(), 64 * 1024);
    assert_eq!(
        report.request.body.end,
        trace::BodyEnd::Truncated { limit: 64 * 1024 }
    );
}

#[tokio::test]
async fn nothing_is_found_before_the_document_is_set() {
    let (host, mut fetched) = DocumentHost::open(&DocumentHostSettings::default()).unwrap();
    let authority = authority(&host);
    let answer = raw(&authority, &asking("GET", "/client.json", &authority))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    assert_eq!(within(fetched.recv()).await.unwrap().response.status, 404);
}

#[tokio::test]
async fn by_a_tunnel_any_host_is_answered_and_the_tunnels_url_recorded() {
    let port = free_port();
    let settings = DocumentHostSettings {
        port: Some(port),
        path: "/app/client.json".into(),
        public_url: Some("https://Tunnel.example/".into()),
    };
    let (host, mut fetched) = hosting(&settings);
    assert_eq!(
        host.document_url(),
        "https://Tunnel.example/app/client.json"
    );
    let local = format!("127.0.0.1:{port}");
    for (target, shown, name, status) in [
        (
            "/app/client.json",
            "https://Tunnel.example/app/client.json",
            "tunnel.example",
            200,
        ),
        (
            "/app/client.json",
            "https://Tunnel.example/app/client.json",
            &*local,
            200,
        ),
        (
            "/client.json",
            "https://tunnel.example/client.json",
            "tunnel.example",
            404,
        ),
    ] {
        let answer = raw(&local, &asking("GET", target, name)).await.unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        let report = within(fetched.recv()).await.unwrap();
        assert!(
            report.request.url.eq_ignore_ascii_case(shown),
            "{}",
            report.request.url
        );
    }
}

#[tokio::test]
async fn dropping_it_frees_the_port_and_ends_the_reports() {
    let (host, mut fetched) = hosting(&DocumentHostSettings::default());
    let authority = authority(&host);
    let settings = DocumentHostSettings {
        port: authority.rsplit(':').next().unwrap().parse().ok(),
        ..DocumentHostSettings::default()
    };
    let error = DocumentHost::open(&settings).unwrap_err();
    assert_eq!(
        error,
        DocumentHostError::PortTaken {
            address: authority.clone()
        }
    );
    drop(host);
    assert!(
        TcpStream::connect(&authority).await.is_err(),
        "the socket is closed"
    );
    let (again, _) = DocumentHost::open(&settings).expect("the port is free");
    assert_eq!(
        again.document_url(),
        format!("http://{authority}/client.json")
    );
    assert!(within(fetched.recv()).await.is_none());
}

/// As when the window is busy: nothing is lost, and nothing piles up.
#[tokio::test]
async fn a_report_that_nobody_takes_yet_is_waited_for() {
    let (host, mut fetched) = hosting(&DocumentHostSettings::default());
    let authority = authority(&host);
    let request = asking("GET", "/", &authority);
    for _ in 0..256 {
        raw(&authority, &request).await.unwrap();
    }
    let waiting = tokio::spawn(async move { raw(&authority, &request).await });
    for _ in 0..257 {
        within(fetched.recv()).await.unwrap();
    }
    assert!(
        within(waiting)
            .await
            .unwrap()
            .unwrap()
            .starts_with("HTTP/1.1 404 ")
    );
    drop(fetched);
    let authority = self::authority(&host);
    let answer = raw(&authority, &asking("GET", "/client.json", &authority))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
