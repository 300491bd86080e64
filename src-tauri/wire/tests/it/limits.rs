use std::time::Duration;

use tokio::net::TcpListener;
use trace::{BodyEnd, FailureKind, Request};
use wire::{Settings, Wire};

use crate::server::{Reply, Server, failure, response, wire, within};

fn impatient() -> Wire {
    let settings = Settings {
        timeout: Duration::from_millis(300),
        ..Settings::default()
    };
    Wire::new(&settings).unwrap()
}

#[tokio::test]
async fn a_body_is_read_up_to_the_limit() {
    let limited = Wire::new(&Settings {
        body_limit: 10,
        ..Settings::default()
    })
    .unwrap();
    for (length, end) in [
        (9, BodyEnd::Complete),
        (10, BodyEnd::Complete),
        (11, BodyEnd::Truncated { limit: 10 }),
        (5_000_000, BodyEnd::Truncated { limit: 10 }),
    ] {
        let body = "x".repeat(length);
        let server = Server::answering(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await;
        let sent = within(limited.send(Request::new("GET", server.url("/")), &[])).await;
        let body = &response(&sent).body;
        assert_eq!((body.bytes.len(), &body.end), (length.min(10), &end));
    }
}

#[tokio::test]
async fn a_body_that_ends_in_the_middle_is_a_response_that_was_cut_off() {
    let closed = "the connection was closed before the end of the body";
    for (cut, expected) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half\":",
            closed,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{\"half\":",
            closed,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{\"half\":\r\n",
            closed,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{\"half\":\r\nzz\r\n",
            "the chunked encoding is broken",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{\"half\":XX0\r\n",
            "the chunked encoding is broken",
        ),
    ] {
        let server = Server::start(|_| Reply::Close(cut.into())).await;
        let sent = within(wire().send(Request::new("GET", server.url("/")), &[])).await;
        let body = &response(&sent).body;
        assert_eq!(body.text(), Some("{\"half\":"));
        assert!(
            matches!(&body.end, BodyEnd::CutOff { reason } if reason.starts_with(expected)),
            "{cut}: {:?}",
            body.end
        );
    }
}

#[tokio::test]
async fn an_event_stream_is_read_up_to_its_answer_and_not_waited_for() {
    let stream = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\r\n\
                  data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n\
                  event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n";
    let server = Server::start(move |_| Reply::Hold(stream.into())).await;
    let request = Request::new("POST", server.url("/mcp"))
        .header("accept", "application/json, text/event-stream");
    let sent = within(wire().send(request, &[])).await;
    assert_eq!(response(&sent).body.end, BodyEnd::Complete);
    assert!(
        response(&sent)
            .body
            .text()
            .unwrap()
            .ends_with("\"result\":{}}\n\n")
    );
}

#[tokio::test]
async fn an_event_stream_without_an_answer_ends_with_the_time_limit() {
    let stream =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {\"method\":\"ping\"}\n\n";
    let server = Server::start(move |_| Reply::Hold(stream.into())).await;
    let sent = within(impatient().send(Request::new("GET", server.url("/")), &[])).await;
    let BodyEnd::CutOff { reason } = &response(&sent).body.end else {
        panic!("not cut off");
    };
    assert!(reason.contains("300 ms"), "{reason}");
    assert!(response(&sent).body.text().unwrap().contains("ping"));
}

#[tokio::test]
async fn the_time_limit_names_what_was_waited_for() {
    let server = Server::start(|_| Reply::Hold(Vec::new())).await;
    let sent =
        within(impatient().send(Request::new("GET", server.url("/slow?code=hush")), &[])).await;
    let told = failure(&sent);
    assert_eq!(told.kind, FailureKind::Timeout);
    assert_eq!(
        told.message,
        format!(
            "{} did not answer: the time limit of 300 ms was reached while waiting for its answer",
            server.address
        )
    );
    assert!(sent.timings.total >= Duration::from_millis(300) && sent.timings.connect.is_some());

    // Accepts by its backlog, and never says a word of TLS.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", silent.local_addr().unwrap());
    let sent = within(impatient().send(Request::new("GET", url), &[])).await;
    assert_eq!(failure(&sent).kind, FailureKind::Timeout);
    assert!(
        failure(&sent).message.contains("in the TLS handshake"),
        "{}",
        failure(&sent).message
    );
}

#[tokio::test]
async fn dropping_the_future_closes_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let wire = wire();
    let sending = tokio::spawn(async move { wire.send(Request::new("GET", url), &[]).await });
    let (mut stream, _) = within(listener.accept()).await.unwrap();
    let mut head = [0; 16];
    within(tokio::io::AsyncReadExt::read_exact(&mut stream, &mut head))
        .await
        .unwrap();
    sending.abort();
    let mut rest = Vec::new();
    within(tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest))
        .await
        .unwrap();
    assert!(sending.await.unwrap_err().is_cancelled());
}
