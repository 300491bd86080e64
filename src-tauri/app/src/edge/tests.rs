//! The edge check against servers of this machine.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use session::Options;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

use super::*;
use crate::shown::lock;

/// What a server answers to the head of a request: status line, headers and body.
type Answers = dyn Fn(&str) -> (String, String) + Send + Sync;

/// A server on a free port, for as long as the test runs; it answers one request a connection.
async fn serving(answers: Box<Answers>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            let mut read = [0; 4096];
            while !head.windows(4).any(|four| four == b"\r\n\r\n") {
                match stream.read(&mut read).await {
                    Ok(0) | Err(_) => break,
                    Ok(length) => head.extend_from_slice(&read[..length]),
                }
            }
            let (status, body) = answers(&String::from_utf8_lossy(&head));
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}")
}

fn check(url: &str) -> EdgeCheck {
    EdgeCheck::of(Options::for_server(format!("{url}/mcp")))
}

fn differing(report: &EdgeReport) -> Vec<(&str, &str, &str, &str)> {
    let all = report.answers.iter().filter(|answer| answer.differs);
    all.map(|one| {
        let front = one.in_front.as_deref().unwrap_or_default();
        (&*one.request, &*one.user_agent, &*one.answer, front)
    })
    .collect()
}

#[tokio::test]
async fn a_client_that_is_treated_otherwise_is_named_with_what_gave_it_away() {
    let url = serving(Box::new(|head| {
        let status = if head.contains("Claude-User") {
            "403 Forbidden\r\ncf-ray: 1-X"
        } else {
            "401 Unauthorized"
        };
        (status.to_owned(), String::new())
    }))
    .await;
    let report = edge(&check(&url)).await.unwrap();
    // Its discovery has another User-Agent, and passes.
    let call = ("call with a token", "Claude-User", "403", "cf-ray: 1-X");
    assert_eq!(differing(&report), [call], "{:#?}", report.answers);
    assert!(!report.is_open());
    assert!(report.note.contains("prove nothing"));
}

#[tokio::test]
async fn a_page_that_wants_a_browser_is_told_from_an_answer() {
    let url = serving(Box::new(|head| {
        if head.contains("python-httpx") {
            let page = "<title>Just a moment...</title>".to_owned();
            return ("401 Unauthorized\r\ncontent-type: text/html".into(), page);
        }
        ("401 Unauthorized".into(), String::new())
    }))
    .await;
    let report = edge(&check(&url)).await.unwrap();
    let differing = differing(&report);
    assert_eq!(differing.len(), 2, "{:#?}", report.answers);
    for (_, agent, answer, front) in differing {
        assert!(agent.starts_with("python-httpx"));
        assert_eq!(answer, "401, an HTML page");
        assert_eq!(front, "a page that says \"just a moment\"");
    }
}

#[tokio::test]
async fn a_server_that_answers_now_so_now_otherwise_accuses_nobody() {
    let times: Mutex<HashMap<String, u32>> = Mutex::default();
    let url = serving(Box::new(move |head| {
        // The first of each kind is answered, all others are not.
        let kind = head.lines().next().unwrap_or_default().to_owned();
        let kind = format!("{kind}{}", head.contains("authorization"));
        let mut times = lock(&times);
        let time = times.entry(kind).or_default();
        *time += 1;
        let status = if *time == 1 {
            "401 Unauthorized"
        } else {
            "503 Busy"
        };
        (status.to_owned(), String::new())
    }))
    .await;
    let report = edge(&check(&url)).await.unwrap();
    assert_eq!(differing(&report), [], "{:#?}", report.answers);
    let unsteady = report
        .doubts
        .iter()
        .filter(|doubt| doubt.contains("and then with 503"));
    assert_eq!(unsteady.count(), 3, "{:#?}", report.doubts);
}

/// Resource metadata that names this authorization server.
async fn with_authorization_server(issuer: impl Fn(&str) -> String) -> (String, Arc<Mutex<bool>>) {
    let asked = Arc::new(Mutex::new(false));
    let url = Arc::new(Mutex::new(String::new()));
    let (seen, own) = (asked.clone(), url.clone());
    let found = serving(Box::new(move |head| {
        if head.starts_with("GET /.well-known/oauth-authorization-server") {
            *lock(&seen) = true;
        }
        let issuer = lock(&own).clone();
        let body = format!(r#"{{"resource":"x","authorization_servers":["{issuer}"]}}"#);
        ("200 OK\r\ncontent-type: application/json".into(), body)
    }))
    .await;
    *lock(&url) = issuer(&found);
    (found, asked)
}

#[tokio::test]
async fn the_authorization_server_is_asked_where_it_is_the_user_s() {
    let (url, asked) = with_authorization_server(str::to_owned).await;
    let report = edge(&check(&url)).await.unwrap();
    assert!(*lock(&asked), "{:#?}", report.answers);
    let requests: Vec<&str> = report
        .answers
        .iter()
        .map(|one| one.request.as_str())
        .collect();
    assert!(
        requests.contains(&"authorization server metadata"),
        "{requests:?}"
    );

    let elsewhere = |own: &str| own.replace("127.0.0.1", "localhost");
    let (url, asked) = with_authorization_server(elsewhere).await;
    let report = edge(&check(&url)).await.unwrap();
    assert!(!*lock(&asked), "{:#?}", report.answers);
    let told = report
        .doubts
        .iter()
        .any(|doubt| doubt.contains("was not asked: it is on"));
    assert!(told, "{:#?}", report.doubts);
    let theirs = EdgeCheck {
        authorization_server: true,
        ..check(&url)
    };
    edge(&theirs).await.unwrap();
    assert!(*lock(&asked));
}

#[tokio::test]
async fn the_public_dns_is_asked_only_when_it_is_to_be() {
    let resolver = serving(Box::new(|head| {
        let answer = if head.contains("type=AAAA") {
            r#"{"Status":0}"#
        } else {
            r#"{"Status":0,"Answer":[{"name":"x","type":5,"data":"y."},
                {"name":"y","type":1,"data":"10.1.2.3"}]}"#
        };
        ("200 OK".into(), answer.into())
    }))
    .await;
    let wire = session::wire_of(&Options::for_server("https://mcp.example/")).unwrap();
    let url = Url::parse("https://mcp.example/mcp").unwrap();
    let mut doubts = Vec::new();
    let known = names::known_publicly(&wire, &resolver, &url, &mut doubts).await;
    let inner: std::net::IpAddr = "10.1.2.3".parse().unwrap();
    assert_eq!((known, doubts.len()), (Some(vec![inner]), 0));

    let broken = serving(Box::new(|_| ("502 Bad Gateway".into(), String::new()))).await;
    let known = names::known_publicly(&wire, &broken, &url, &mut doubts).await;
    assert_eq!(known, None);
    assert!(doubts[0].contains("status 502"), "{doubts:?}");
    // An address needs no resolver.
    let url = Url::parse("https://192.0.2.7/mcp").unwrap();
    let known = names::known_publicly(&wire, &broken, &url, &mut doubts).await;
    assert_eq!((known, doubts.len()), (None, 1));
}

#[tokio::test]
async fn a_client_s_metadata_document_is_read_as_it_is_served() {
    let url = serving(Box::new(|head| {
        if !head.starts_with("GET /client.json") {
            return ("404 Not Found".into(), String::new());
        }
        let document = r#"{"client_id":"https://a.example/","redirect_uris":[]}"#;
        ("200 OK\r\ncontent-type: text/plain".into(), document.into())
    }))
    .await;
    let wire = session::wire_of(&Options::for_server(url.as_str())).unwrap();
    let read = async |path: &str| {
        let place = format!("{url}{path}");
        documents::read(&wire, "A Client", &place, "https://a.example/callback").await
    };
    let document = read("/client.json").await;
    assert_eq!(document.problems.len(), 4, "{:#?}", document.problems);
    let gone = read("/gone.json").await;
    assert_eq!(
        gone.problems,
        ["its answer has the status 404, and only 200 is taken"]
    );
}

#[tokio::test]
async fn the_lab_treats_all_alike_and_is_not_in_the_cloud() {
    let lab = lab::Lab::start(lab::LabOptions::default()).await.unwrap();
    let report = edge(&EdgeCheck::of(Options::for_server(lab.mcp_url())))
        .await
        .unwrap();
    let here = report
        .unreachable
        .iter()
        .any(|one| one.contains("this machine itself"));
    assert!(here, "{:#?}", report.unreachable);
    assert_eq!(differing(&report), [], "{:#?}", report.answers);
    let lines = edge_lines(&report).join("\n");
    assert!(
        lines.contains("call with a token, claude.ai (Claude-User): 401"),
        "{lines}"
    );
    let odd = EdgeCheck::of(Options::for_server("ftp://mcp.example"));
    assert!(
        edge(&odd)
            .await
            .unwrap_err()
            .contains("expected http or https")
    );
}
