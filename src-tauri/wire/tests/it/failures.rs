use trace::{FailureKind, Request};

use crate::server::{Reply, Server, closed_port, failure, wire, within};

async fn told(request: Request) -> (FailureKind, String) {
    let sent = within(wire().send(request, &[])).await;
    assert_eq!(sent.connection, None);
    let failure = failure(&sent);
    assert!(!failure.message.contains("hush"), "{}", failure.message);
    assert!(!failure.message.contains('\n'), "{}", failure.message);
    (failure.kind, failure.message.clone())
}

#[tokio::test]
async fn a_name_that_does_not_resolve() {
    let (kind, message) = told(Request::new("GET", "http://nowhere.invalid/?code=hush")).await;
    assert_eq!(kind, FailureKind::Dns);
    assert!(
        message.starts_with("the host name nowhere.invalid does not resolve: "),
        "{message}"
    );
}

#[tokio::test]
async fn a_port_where_nothing_listens() {
    let address = closed_port();
    let (kind, message) = told(Request::new("GET", format!("http://{address}/?code=hush"))).await;
    assert_eq!(kind, FailureKind::Refused);
    assert_eq!(
        message,
        format!("{address} refused the connection: nothing listens there")
    );
    let (kind, message) = told(Request::new(
        "GET",
        format!("https://localhost:{}/", address.port()),
    ))
    .await;
    assert_eq!(
        (kind, message.starts_with("localhost:")),
        (FailureKind::Refused, true),
        "{message}"
    );
}

#[tokio::test]
async fn an_address_that_cannot_be_reached() {
    // The broadcast address: no TCP connection goes there from any machine.
    let (kind, message) = told(Request::new("GET", "http://255.255.255.255:9/")).await;
    assert_eq!(kind, FailureKind::Unreachable, "{message}");
}

#[tokio::test]
async fn a_connection_that_is_closed_before_an_answer() {
    for bytes in ["", "HTTP/1.1 200 OK\r\ncontent-le"] {
        let server = Server::start(|_| Reply::Close(bytes.into())).await;
        let (kind, message) = told(Request::new("GET", server.url("/?code=hush"))).await;
        assert_eq!(kind, FailureKind::Reset, "{bytes:?} {message}");
        assert!(message.contains("closed the connection"), "{message}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_http() {
    for bytes in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\0\u{1}\u{2}garbage\r\n\r\n",
        "\u{15}\u{3}\u{3}\0\u{2}\u{2}P",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        "{\"jsonrpc\":\"2.0\"}\r\n\r\n",
    ] {
        let server = Server::start(|_| Reply::Close(bytes.into())).await;
        let (kind, message) = told(Request::new("GET", server.url("/"))).await;
        assert_eq!(kind, FailureKind::Protocol, "{bytes:?} {message}");
        assert!(message.contains("not HTTP"), "{message}");
        // Advice about TLS is for what may be TLS.
        let is_http = bytes.starts_with("HTTP/1.1");
        assert_eq!(message.contains("https"), !is_http, "{message}");
    }
}

#[tokio::test]
async fn an_answer_with_a_head_without_end_does_not_fill_the_memory() {
    let many: String = (0..10_000).map(|n| format!("x-{n}: y\r\n")).collect();
    let long = "y".repeat(1_000_000);
    for head in [many, format!("x: {long}\r\n")] {
        let server = Server::answering(format!(
            "HTTP/1.1 200 OK\r\n{head}content-length: 0\r\n\r\n"
        ))
        .await;
        let (kind, message) = told(Request::new("GET", server.url("/"))).await;
        assert_eq!(kind, FailureKind::Protocol);
        assert!(message.contains("header lines"), "{message}");
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_as_it_stands() {
    for request in [
        Request::new("GET", ""),
        Request::new("GET", "not a url"),
        Request::new("GET", "/relative?code=hush"),
        Request::new("GET", "file:///etc/passwd"),
        Request::new("GET", "ws://127.0.0.1/"),
        Request::new("GET", "http://me:hush@127.0.0.1/"),
        Request::new("GET", "http://127.0.0.1:70000/"),
        Request::new("", "http://127.0.0.1/"),
        Request::new("GET\r\nx: y", "http://127.0.0.1/"),
        Request::new("CONNECT", "http://127.0.0.1/"),
        Request::new("GET", "http://127.0.0.1/").header("", "x"),
        Request::new("GET", "http://127.0.0.1/").header("a:b", "x"),
        Request::new("GET", "http://127.0.0.1/")
            .header("authorization", "Bearer hush\r\nx-evil: 1"),
    ] {
        let (kind, message) = told(request.clone()).await;
        assert_eq!(kind, FailureKind::InvalidRequest, "{request:?} {message}");
        assert!(!message.is_empty());
    }
}
