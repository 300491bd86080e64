use std::sync::atomic::{AtomicUsize, Ordering};

use trace::{BodyEnd, Credential, FailureKind, Header, Request, Secret};

use crate::server::{OK, Reply, Server, failure, response, wire, within};

/// The record in the form of the bytes.
fn written(request: &Request) -> String {
    let url = url::Url::parse(&request.url).unwrap();
    let target = &url[url::Position::BeforePath..];
    let mut text = format!("{} {target} HTTP/1.1\r\n", request.method);
    for Header { name, value } in &request.headers {
        text += &format!("{name}: {value}\r\n");
    }
    text + "\r\n" + request.body.text().unwrap()
}

#[tokio::test]
async fn the_record_is_what_a_socket_receives() {
    let mut server = Server::answering(OK).await;
    let wire = wire();
    let requests = [
        Request::new("GET", server.url("")),
        Request::new("GET", server.url("?a=1&b=%20+~")),
        Request::new(
            "GET",
            server.url("/.well-known/a%2Fb/%7euser?x=ü&y=a b#part"),
        ),
        Request::new("GET", server.url("/a/../b/./c")),
        Request::new("GET", server.url("/"))
            .header("Host", "other.example")
            .header("User-Agent", "mine")
            .header("Accept", "application/json")
            .header("Accept-Encoding", "gzip")
            .header("Connection", "close"),
        Request::new("POST", server.url("/token"))
            .header("X-Twice", "one")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("x-twice", "two")
            .header("X-TWICE", "")
            .header("content-length", "99")
            .body("grant_type=authorization_code&code=a%2Fb"),
        Request::new("POST", server.url("/empty")),
        Request::new("GET", server.url("/with-body")).body("{}"),
        Request::new("DELETE", server.url("/session")).header("mcp-session-id", "grüße"),
        Request::new("get", server.url("/lower-case-method")),
        Request::new("OPTIONS", server.url("/")).header("origin", "null"),
    ];
    for request in requests {
        let shown = wire.complete(&request);
        assert_eq!(wire.complete(&shown), shown);
        let sent = within(wire.send(request, &[])).await;
        assert_eq!(response(&sent).status, 200);
        assert_eq!(sent.request, shown);
        assert_eq!(written(&sent.request), server.received().await);
    }
}

#[tokio::test]
async fn an_answer_is_kept_as_it_came() {
    let body = [0xde, 0xad, 0xbe, 0xef];
    let head = "HTTP/1.1 302 Found\r\nLocation: ::not a url::\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n\
                X-Latin: caf\u{e9}\r\nContent-Encoding: compress\r\nContent-Length: 4\r\n\r\n";
    let bytes: Vec<u8> = head.chars().map(|c| c as u8).chain(body).collect();
    let mut server = Server::answering(bytes).await;
    let sent = within(wire().send(Request::new("GET", server.url("/")), &[])).await;
    let answer = response(&sent);
    assert_eq!(answer.status, 302);
    assert_eq!(
        answer.headers,
        [
            Header::new("location", "::not a url::"),
            Header::new("set-cookie", "a=1"),
            Header::new("set-cookie", "b=2"),
            Header::new("x-latin", "café"),
            Header::new("content-encoding", "compress"),
            Header::new("content-length", "4"),
        ]
    );
    assert_eq!(answer.body.bytes, body);
    assert_eq!(answer.body.end, BodyEnd::Complete);
    server.received().await;
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_a_cookie_not_kept() {
    let redirect =
        "HTTP/1.1 307 x\r\nlocation: /elsewhere\r\nset-cookie: a=1\r\ncontent-length: 0\r\n\r\n";
    let mut server = Server::answering(redirect).await;
    let wire = wire();
    for _ in 0..2 {
        let sent =
            within(wire.send(Request::new("POST", server.url("/start")).body("x"), &[])).await;
        assert_eq!(response(&sent).header_value("location"), Some("/elsewhere"));
        let received = server.received().await;
        assert!(received.starts_with("POST /start ") && !received.contains("cookie"));
    }
}

#[tokio::test]
async fn timings_are_of_the_connection_made_and_none_of_one_used_again() {
    let server = Server::answering(OK).await;
    let wire = wire();
    let url = format!("http://localhost:{}/", server.address.port());
    let first = within(wire.send(Request::new("GET", &*url), &[])).await;
    let connection = first.connection.as_ref().unwrap();
    assert_eq!(connection.remote_address, Some(server.address.to_string()));
    assert_eq!(connection.http_version, "HTTP/1.1");
    assert!(!connection.reused && connection.tls.is_none());
    let timings = &first.timings;
    let parts = [timings.dns, timings.connect, timings.wait, timings.receive];
    let sum: std::time::Duration = parts.map(|part| part.expect("measured")).iter().sum();
    assert!(sum <= timings.total, "{timings:?}");

    let second = within(wire.send(Request::new("GET", &*url), &[])).await;
    assert!(second.connection.as_ref().unwrap().reused);
    assert_eq!((second.timings.dns, second.timings.connect), (None, None));
    assert!(second.timings.wait.is_some() && second.started >= first.started);

    let address = within(wire.send(Request::new("GET", server.url("/")), &[])).await;
    assert_eq!(address.timings.dns, None, "no name was looked up");
    assert!(address.timings.connect.is_some());
}

#[tokio::test]
async fn other_versions_of_http_are_named() {
    let server =
        Server::start(|_| Reply::Close(b"HTTP/1.0 401 Unauthorized\r\n\r\nuntil the end".to_vec()))
            .await;
    let sent = within(wire().send(Request::new("GET", server.url("/")), &[])).await;
    assert_eq!(sent.connection.as_ref().unwrap().http_version, "HTTP/1.0");
    assert_eq!(response(&sent).body.text(), Some("until the end"));
    assert_eq!(response(&sent).body.end, BodyEnd::Complete);
}

#[tokio::test]
async fn a_credential_for_another_origin_is_not_sent() {
    let (mut own, mut other) = (Server::answering(OK).await, Server::answering(OK).await);
    let token = Credential {
        name: "access token".into(),
        value: Secret::new("t0ken-of-own"),
        origins: vec![own.url("")],
    };
    let get = |url: String| Request::new("GET", url).header("authorization", "Bearer t0ken-of-own");
    let wire = wire();
    let credentials = [token];
    let sent = within(wire.send(get(other.url("/mcp?x=1")), &credentials)).await;
    let told = failure(&sent);
    assert_eq!(told.kind, FailureKind::ForeignOrigin);
    assert_eq!(
        told.message,
        format!(
            "the access token is for {} only, and this request would carry it to {}: it was not sent",
            own.url(""),
            other.url("")
        )
    );
    assert_eq!(
        sent.request.header_value("authorization"),
        Some("Bearer t0ken-of-own")
    );
    let sent = within(wire.send(get(own.url("/mcp")), &credentials)).await;
    assert_eq!(response(&sent).status, 200);
    // What a user edited is the user's own decision.
    let sent = within(wire.send(get(other.url("/edited")), &[])).await;
    assert_eq!(response(&sent).status, 200);
    assert!(own.received().await.starts_with("GET /mcp "));
    assert!(other.received().await.starts_with("GET /edited "));
    assert_eq!(other.received_so_far(), None);
}

/// Answers the first request of each connection, and closes at the second.
async fn closing() -> Server {
    let seen = AtomicUsize::new(0);
    Server::start(move |_| {
        if seen.fetch_add(1, Ordering::Relaxed) == 1 {
            Reply::Close(Vec::new())
        } else {
            Reply::Then("HTTP/1.1 204 No Content\r\n\r\n".into())
        }
    })
    .await
}

#[tokio::test]
async fn what_is_lost_on_an_old_connection_is_sent_again_where_that_is_safe() {
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
        let mut server = closing().await;
        let wire = wire();
        let send = || wire.send(Request::new(method, server.url("/x")), &[]);
        assert_eq!(within(send()).await.lost, None);
        let sent = within(send()).await;
        assert_eq!(response(&sent).status, 204, "{method}");
        assert!(!sent.connection.as_ref().unwrap().reused);
        let lost = sent.lost.as_deref().unwrap();
        assert_eq!(failure(lost).kind, FailureKind::Reset);
        assert_eq!((&lost.request, lost.lost.is_none()), (&sent.request, true));
        for _ in 0..3 {
            assert!(server.received().await.starts_with(method));
        }
    }
    let mut asking = closing().await;
    let wire = wire();
    let send = || wire.send_repeatable(Request::new("POST", asking.url("/x")).body("a"), &[]);
    within(send()).await;
    let sent = within(send()).await;
    assert_eq!(response(&sent).status, 204);
    assert_eq!(
        failure(sent.lost.as_deref().unwrap()).kind,
        FailureKind::Reset
    );
    for _ in 0..3 {
        assert!(asking.received().await.starts_with("POST"));
    }
    assert_eq!(asking.received_so_far(), None);

    let mut server = closing().await;
    let send = || wire.send(Request::new("POST", server.url("/x")).body("a"), &[]);
    within(send()).await;
    let sent = within(send()).await;
    assert_eq!(failure(&sent).kind, FailureKind::Reset);
    assert_eq!(sent.lost, None);
    server.received().await;
    server.received().await;
    assert_eq!(server.received_so_far(), None);
}

/// A new connection that is closed says something about the server.
#[tokio::test]
async fn what_is_lost_on_a_new_connection_is_not_sent_again() {
    let mut server = Server::start(|_| Reply::Close(Vec::new())).await;
    let sent = within(wire().send(Request::new("GET", server.url("/x")), &[])).await;
    assert_eq!((failure(&sent).kind, sent.lost), (FailureKind::Reset, None));
    server.received().await;
    assert_eq!(server.received_so_far(), None);
}
