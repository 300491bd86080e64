use trace::{BodyEnd, Header, Request};

use crate::server::{OK, Reply, Server, response, wire, within};

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
        let sent = within(wire.send(request)).await;
        assert_eq!(response(&sent).status, 200);
        assert_eq!(sent.request, shown);
        assert_eq!(written(&sent.request), server.received().await);
    }
}

#[tokio::test]
async fn an_answer_is_kept_as_it_came() {
    let body = [0x1f, 0x8b, 0x08, 0xff];
    let head = "HTTP/1.1 302 Found\r\nLocation: ::not a url::\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n\
                X-Latin: caf\u{e9}\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n";
    let bytes: Vec<u8> = head.chars().map(|c| c as u8).chain(body).collect();
    let mut server = Server::answering(bytes).await;
    let sent = within(wire().send(Request::new("GET", server.url("/")))).await;
    let answer = response(&sent);
    assert_eq!(answer.status, 302);
    assert_eq!(
        answer.headers,
        [
            Header::new("location", "::not a url::"),
            Header::new("set-cookie", "a=1"),
            Header::new("set-cookie", "b=2"),
            Header::new("x-latin", "café"),
            Header::new("content-encoding", "gzip"),
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
        let sent = within(wire.send(Request::new("POST", server.url("/start")).body("x"))).await;
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
    let first = within(wire.send(Request::new("GET", &*url))).await;
    let connection = first.connection.as_ref().unwrap();
    assert_eq!(connection.remote_address, Some(server.address.to_string()));
    assert_eq!(connection.http_version, "HTTP/1.1");
    assert!(!connection.reused && connection.tls.is_none());
    let timings = &first.timings;
    let parts = [timings.dns, timings.connect, timings.wait, timings.receive];
    let sum: std::time::Duration = parts.map(|part| part.expect("measured")).iter().sum();
    assert!(sum <= timings.total, "{timings:?}");

    let second = within(wire.send(Request::new("GET", &*url))).await;
    assert!(second.connection.as_ref().unwrap().reused);
    assert_eq!((second.timings.dns, second.timings.connect), (None, None));
    assert!(second.timings.wait.is_some() && second.started >= first.started);

    let address = within(wire.send(Request::new("GET", server.url("/")))).await;
    assert_eq!(address.timings.dns, None, "no name was looked up");
    assert!(address.timings.connect.is_some());
}

#[tokio::test]
async fn other_versions_of_http_are_named() {
    let server =
        Server::start(|_| Reply::Close(b"HTTP/1.0 401 Unauthorized\r\n\r\nuntil the end".to_vec()))
            .await;
    let sent = within(wire().send(Request::new("GET", server.url("/")))).await;
    assert_eq!(sent.connection.as_ref().unwrap().http_version, "HTTP/1.0");
    assert_eq!(response(&sent).body.text(), Some("until the end"));
    assert_eq!(response(&sent).body.end, BodyEnd::Complete);
}
