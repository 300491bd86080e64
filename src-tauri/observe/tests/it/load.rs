//! Much traffic: nothing is lost, and the memory stays small.

use std::fs;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use trace::Recorded;

use crate::support::{Server, json, observed, raw, within};

const CONNECTIONS: usize = 32;
const REQUESTS: usize = 2_000;
const STREAMED: usize = 100 * 1024 * 1024;
const PIECE: usize = 64 * 1024;

/// How much more memory a stream may take, whatever its length.
const ROOM: usize = 48 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_requests_over_many_connections_are_all_recorded() {
    let server = Server::start(|request| {
        let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
        json("200 OK", "", body)
    })
    .await;
    let observer = observed(format!("{}/mcp", server.origin), |_| {}).await;
    let mut clients = JoinSet::new();
    for client in 0..CONNECTIONS {
        let port = observer.port();
        clients.spawn(async move {
            for number in (client..REQUESTS).step_by(CONNECTIONS) {
                let body = format!("{{\"id\":{number}}}");
                let length = body.len();
                let request = format!(
                    "POST /mcp HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
                );
                let mut stream = TcpStream::connect(("127.0.0.1", port))
                    .await
                    .expect("the proxy listens");
                stream.write_all(request.as_bytes()).await.expect("it reads");
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.expect("it answers");
                assert!(answer.contains(&body), "{answer}");
            }
        });
    }
    while let Some(done) = within("the requests", clients.join_next()).await {
        done.expect("no client fails");
    }
    let trace = observer.trace().await;
    let mut numbers: Vec<String> = trace
        .exchanges()
        .map(|(_, exchange)| {
            let answer = exchange.response().expect("it was answered");
            assert_eq!(exchange.recorded.response_body, Recorded::Whole);
            assert_eq!(answer.body.bytes, exchange.request.body.bytes);
            exchange.request.body.text().unwrap_or_default().to_owned()
        })
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), REQUESTS);
    assert_eq!(observer.notes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_100_megabytes_takes_no_more_memory_than_a_short_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            let event = format!("data: {}\n\n", "x".repeat(PIECE - 8));
            let chunk = format!("{:x}\r\n{event}\r\n", event.len());
            let _ = stream.write_all(head.as_bytes()).await;
            for _ in 0..STREAMED / PIECE {
                if stream.write_all(chunk.as_bytes()).await.is_err() {
                    return;
                }
            }
            let _ = stream.write_all(b"0\r\n\r\n").await;
        }
    });
    let observer = observed(format!("{origin}/mcp"), |_| {}).await;
    let port = observer.port();
    let request =
        format!("GET /mcp HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n");
    let mut stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("the proxy listens");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    let before = memory();
    let (mut passed, mut most) = (0, before);
    let mut part = vec![0; PIECE];
    loop {
        match within("more of the stream", stream.read(&mut part)).await {
            Ok(0) | Err(_) => break,
            Ok(read) => passed += read,
        }
        most = most.max(memory());
    }
    assert!(passed >= STREAMED, "{passed} bytes passed");
    assert!(most - before < ROOM, "{} bytes more", most - before);
    let trace = observer.trace().await;
    let (_, exchange) = trace.exchanges().next().expect("it is recorded");
    assert_eq!(exchange.recorded.response_body, Recorded::Incomplete);
    // And the next one is served as before.
    assert!(
        raw(&observer, "GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .contains("421")
    );
}

/// Bytes of this process that are in memory; 0 where the system does not say.
fn memory() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let resident = pages.and_then(|text| text.split(' ').nth(1)?.parse::<usize>().ok());
    resident.unwrap_or(0) * 4096
}
