//! What somebody who finds the tunnel can do: nothing.

use std::time::Duration;

use observe::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{PUBLIC, SECRET, Server, by_tunnel, mcp, raw, tunnelled, within};

fn mcp_url(server: &Server) -> String {
    format!("{}/mcp", server.origin)
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_get_404_and_the_server_gets_nothing() {
    let server = Server::start(mcp).await;
    let observer = tunnelled(mcp_url(&server), Limits::default()).await;
    assert_eq!(observer.url(), format!("{PUBLIC}/{SECRET}/mcp"));
    for target in [
        "/",
        "/mcp",
        "/x/../mcp",
        "/abcdefghijklmnopqrstuvwxy/mcp",
        "/abcdefghijklmnopqrstuvwxyz-1/mcp",
        "/ABCDEFGHIJKLMNOPQRSTUVWXYZ/mcp",
        "/%61bcdefghijklmnopqrstuvwxyz/mcp",
        "//abcdefghijklmnopqrstuvwxyz/mcp",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-authorization-server",
        "/authscope/callback?code=a&state=b",
    ] {
        let answer = raw(&observer, &by_tunnel("GET", target, "", "")).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{target}: {answer}");
        assert!(!answer.contains(&server.origin), "{target}: {answer}");
    }
    assert_eq!(server.got(), [""; 0]);
    // What a client may have asked is in the record, and judged of nobody.
    let trace = observer.trace().await;
    let urls = trace
        .exchanges()
        .map(|(_, exchange)| exchange.request.url.clone());
    assert_eq!(
        urls.collect::<Vec<_>>(),
        [
            "https://tunnel.example/.well-known/oauth-protected-resource",
            "https://tunnel.example/.well-known/oauth-protected-resource/mcp",
            "https://tunnel.example/.well-known/oauth-authorization-server",
        ]
    );
    assert!(observer.notes()[0].contains("root of the tunnel's host"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_reaches_another_host() {
    let server = Server::start(mcp).await;
    let other = Server::start(mcp).await;
    let observer = tunnelled(mcp_url(&server), Limits::default()).await;
    let host = other.origin.trim_start_matches("http://");
    let ours = "host: tunnel.example\r\nconnection: close\r\n\r\n";
    for (request, status) in [
        // Another host, twice, none; in the target, and as a proxy is asked.
        (
            format!("GET /{SECRET}/mcp HTTP/1.1\r\nhost: {host}\r\n\r\n"),
            "421",
        ),
        (
            format!("GET /{SECRET}/mcp HTTP/1.1\r\nhost: tunnel.example\r\nhost: {host}\r\n\r\n"),
            "421",
        ),
        (format!("GET /{SECRET}/mcp HTTP/1.1\r\n\r\n"), "4"),
        (
            format!("GET {}/mcp HTTP/1.1\r\n{ours}", other.origin),
            "421",
        ),
        (
            format!("CONNECT {host} HTTP/1.1\r\nhost: tunnel.example\r\n\r\n"),
            "4",
        ),
        // By the path.
        (format!("GET /{SECRET}@{host}/ HTTP/1.1\r\n{ours}"), "404"),
        (format!("GET /{SECRET}//{host}/x HTTP/1.1\r\n{ours}"), "404"),
        (
            format!("GET /{SECRET}/../../{host}/x HTTP/1.1\r\n{ours}"),
            "404",
        ),
        (format!("GET /{SECRET}-1/x HTTP/1.1\r\n{ours}"), "404"),
    ] {
        let answer = raw(&observer, &request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{request}: {answer}"
        );
    }
    assert_eq!(other.got(), [""; 0]);
    // What the observed server names does not open the network behind it to the tunnel either, but
    // for a server that is itself on this machine, as here.
    let trace = observer.trace().await;
    assert!(
        trace
            .exchanges()
            .all(|(_, exchange)| !exchange.request.url.contains(host)
                || exchange.request.url.starts_with(&server.origin))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_two_lengths_is_refused_and_nothing_is_smuggled() {
    let server = Server::start(mcp).await;
    let observer = tunnelled(mcp_url(&server), Limits::default()).await;
    let head = format!("POST /{SECRET}/mcp HTTP/1.1\r\nhost: tunnel.example\r\n");
    let hidden = "GET /hidden HTTP/1.1\r\nhost: x\r\n\r\n";
    for request in [
        format!("{head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("{head}content-length: 0\r\ncontent-length: 40\r\n\r\n{hidden}"),
        format!("{head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n{hidden}"),
        format!("{head}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("{head}content-length: +5\r\n\r\n{hidden}"),
        format!("{head}content-length : 5\r\n\r\n{hidden}"),
        format!("{head} folded: x\r\ncontent-length: 0\r\n\r\n{hidden}"),
    ] {
        let answer = raw(&observer, &request).await;
        let statuses = answer.matches("HTTP/1.1 ").count();
        assert!(statuses <= 1, "{request}: {answer}");
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{request}: {answer}"
        );
    }
    assert!(
        server.got().iter().all(|got| !got.contains("/hidden")),
        "{:?}",
        server.got()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_and_large_bodies_have_an_end() {
    let server = Server::start(mcp).await;
    let limits = Limits {
        request: 1024,
        head: 16 * 1024,
        patience: Duration::from_millis(300),
        connections: 4,
        ..Limits::default()
    };
    let observer = tunnelled(mcp_url(&server), limits).await;
    let large = "x".repeat(2000);
    let target = format!("/{SECRET}/mcp");
    let answer = raw(&observer, &by_tunnel("POST", &target, "", &large)).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    // Its length is not said before.
    let head = format!(
        "POST {target} HTTP/1.1\r\nhost: tunnel.example\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let answer = raw(&observer, &format!("{head}7d0\r\n{large}\r\n0\r\n\r\n")).await;
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    let headers = format!("x-large: {}\r\n", "y".repeat(32 * 1024));
    let answer = raw(&observer, &by_tunnel("GET", &target, &headers, "")).await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    // More than there are connections, and each stops in the middle.
    for part in [
        "GET /",
        "POST /abcdefghijklmnopqrstuvwxyz/mcp HTTP/1.1\r\nhost: tunnel.example\r\ncontent-length: 5\r\n\r\nx",
    ] {
        let mut waiting = Vec::new();
        for _ in 0..6 {
            let address = ("127.0.0.1", observer.port());
            let mut stream = TcpStream::connect(address)
                .await
                .expect("the proxy listens");
            stream.write_all(part.as_bytes()).await.expect("it reads");
            waiting.push(stream);
        }
        for mut stream in waiting {
            let mut rest = Vec::new();
            let _ = within("an end", stream.read_to_end(&mut rest)).await;
        }
    }
    // And then it is there for others.
    let answer = raw(&observer, &by_tunnel("POST", &target, "", "{}")).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_knows_the_url_goes_the_whole_way() {
    let server = Server::start(mcp).await;
    let observer = tunnelled(mcp_url(&server), Limits::default()).await;
    let forwarded = "x-forwarded-for: 203.0.113.7\r\nx-forwarded-host: tunnel.example\r\n";
    let target = format!("/{SECRET}/mcp");
    let challenged = raw(&observer, &by_tunnel("POST", &target, forwarded, "{}")).await;
    let metadata = format!("{PUBLIC}/{SECRET}/.well-known/oauth-protected-resource/mcp");
    assert!(challenged.contains(&metadata), "{challenged}");
    let own = format!("host: {}", server.origin.trim_start_matches("http://"));
    assert!(server.got()[0].contains(&own), "{:?}", server.got());
    assert!(!server.got()[0].contains("forwarded"), "{:?}", server.got());
    let target = format!("/.well-known/oauth-protected-resource/{SECRET}/mcp");
    let found = raw(&observer, &by_tunnel("GET", &target, "", "")).await;
    let issuer = format!("{PUBLIC}/{SECRET}/as");
    assert!(
        found.contains(&format!("\"resource\":\"{PUBLIC}/{SECRET}/mcp\"")),
        "{found}"
    );
    assert!(found.contains(&format!("[\"{issuer}\"]")), "{found}");
    let target = format!("/.well-known/oauth-authorization-server/{SECRET}/as");
    let found = raw(&observer, &by_tunnel("GET", &target, "", "")).await;
    assert!(
        found.contains(&format!("\"token_endpoint\":\"{issuer}/token\"")),
        "{found}"
    );
}
