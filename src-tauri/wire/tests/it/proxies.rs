use std::process::Command;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use trace::{FailureKind, Request, Secret};
use wire::{Approver, CallbackListener, CallbackSettings, Settings, Wire};

use crate::server::{OK, Reply, Server, closed_port, failure, response, wire, within};

fn through(proxy: String) -> Wire {
    let settings = Settings {
        proxy: Some(proxy),
        ..Settings::default()
    };
    Wire::new(&settings).unwrap()
}

#[tokio::test]
async fn an_http_proxy_gets_the_request() {
    let mut proxy = Server::answering(OK).await;
    let wire = through(format!("http://me:hush@{}", proxy.address));
    let sent = within(wire.send(Request::new("GET", "http://mcp.invalid/mcp"), &[])).await;
    assert_eq!(response(&sent).status, 200);
    assert_eq!(
        sent.connection.unwrap().remote_address,
        Some(proxy.address.to_string())
    );
    assert_eq!(sent.request.header_value("proxy-authorization"), None);
    let received = proxy.received().await;
    assert!(
        received.starts_with("GET http://mcp.invalid/mcp HTTP/1.1\r\n"),
        "{received}"
    );
    assert!(
        received.contains("proxy-authorization: Basic "),
        "{received}"
    );
}

/// No proxy listens at any of these, so a request that went to one would fail.
#[tokio::test]
async fn a_proxy_does_not_get_what_goes_to_this_machine() {
    let target = Server::answering(OK).await;
    let closed = closed_port();
    for scheme in ["http", "https", "socks4", "socks5", "socks5h"] {
        let wire = through(format!("{scheme}://{closed}"));
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
            let url = format!("http://{host}:{}/mcp", target.address.port());
            let sent = within(wire.send(Request::new("GET", &*url), &[])).await;
            assert_eq!(response(&sent).status, 200, "{scheme} {url}");
        }
    }
}

#[tokio::test]
async fn a_proxy_gets_what_goes_to_this_machine_when_that_is_asked_for() {
    let mut proxy = Server::answering(OK).await;
    let settings = Settings {
        proxy: Some(proxy.url("/")),
        proxy_loopback: true,
        ..Settings::default()
    };
    let wire = Wire::new(&settings).unwrap();
    for url in [
        "http://127.0.0.1:9/x",
        "http://[::1]:9/x",
        "http://localhost:9/x",
        "http://mcp.localhost:9/x",
    ] {
        within(wire.send(Request::new("GET", url), &[])).await;
        let received = proxy.received().await;
        assert!(received.starts_with(&format!("GET {url} ")), "{received}");
    }
}

/// The approver plays the browser, and its last request goes to our own listener.
#[tokio::test]
async fn a_callback_is_delivered_past_the_proxy() {
    let mut proxy = Server::start(|request| {
        let callback = request.split("redirect_uri=").nth(1).unwrap();
        let callback = callback.split(' ').next().unwrap();
        let head = format!("HTTP/1.1 302 Found\r\nlocation: {callback}?code=a&state=right\r\n");
        Reply::Then(format!("{head}content-length: 0\r\n\r\n").into_bytes())
    })
    .await;
    let listener = CallbackListener::open(&CallbackSettings::default()).unwrap();
    let redirect_uri = listener.redirect_uri().to_string();
    let waiting = tokio::spawn(listener.received(Some(Secret::new("right"))));
    let mut approver = Approver::new(through(proxy.url("")), Vec::new()).deliver(true);
    let url = format!("http://as.invalid/authorize?redirect_uri={redirect_uri}");
    within(approver.approve(&url, &redirect_uri, &mut |_| {}))
        .await
        .unwrap();
    assert!(within(waiting).await.unwrap().unwrap().state_matches);
    assert!(
        proxy
            .received()
            .await
            .starts_with("GET http://as.invalid/authorize?")
    );
}

#[tokio::test]
async fn a_socks_proxy_is_asked_for_the_connection() {
    let target = Server::answering(OK).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = listener.local_addr().unwrap();
    let address = target.address;
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        // RFC 1928 sections 3 to 6: greeting, no authentication, CONNECT to a name, granted.
        let mut greeting = [0; 3];
        client.read_exact(&mut greeting).await.unwrap();
        client.write_all(&[5, 0]).await.unwrap();
        let mut request = [0; 5];
        client.read_exact(&mut request).await.unwrap();
        assert_eq!(request[..4], [5, 1, 0, 3]);
        let mut name_and_port = vec![0; usize::from(request[4]) + 2];
        client.read_exact(&mut name_and_port).await.unwrap();
        assert!(name_and_port.starts_with(b"mcp.invalid"));
        client
            .write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
            .await
            .unwrap();
        let mut server = tokio::net::TcpStream::connect(address).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    });
    let wire = through(format!("socks5h://{proxy}"));
    let sent = within(wire.send(Request::new("GET", "http://mcp.invalid/"), &[])).await;
    assert_eq!(response(&sent).body.text(), Some("ok"));
}

#[tokio::test]
async fn a_proxy_that_fails_is_not_taken_for_the_server() {
    let closed = closed_port();
    let refusing =
        Server::start(|_| Reply::Close(b"HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n".to_vec()))
            .await;
    for (proxy, url) in [
        (
            format!("http://me:hush@{closed}"),
            "http://mcp.invalid/?code=hush",
        ),
        (format!("http://{closed}"), "https://mcp.invalid/"),
        (format!("socks5://{closed}"), "http://192.0.2.1/"),
        ("http://nowhere.invalid:3128".into(), "https://mcp.invalid/"),
        (refusing.url(""), "https://mcp.invalid/"),
    ] {
        let sent = within(through(proxy.clone()).send(Request::new("GET", url), &[])).await;
        let told = failure(&sent);
        assert_eq!(told.kind, FailureKind::Proxy, "{proxy}: {}", told.message);
        assert!(
            told.message.starts_with("the proxy ") && !told.message.contains("hush"),
            "{}",
            told.message
        );
    }
}

/// The environment is of the whole process, so the sending happens in one of its own.
#[tokio::test]
async fn the_environment_names_a_proxy_but_not_for_loopback() {
    let mut proxy = Server::answering(OK).await;
    let target = Server::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--ignored", "--exact", "proxies::sends_by_the_environment"])
        .env("HTTP_PROXY", proxy.url(""))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env_remove("REQUEST_METHOD")
        .env("WIRE_TEST_TARGET", target.url("/direct"));
    let done = tokio::task::spawn_blocking(move || child.output());
    let output = within(done).await.unwrap().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert!(
        proxy
            .received()
            .await
            .starts_with("GET http://mcp.invalid/proxied ")
    );
}

#[tokio::test]
#[ignore = "run by the_environment_names_a_proxy_but_not_for_loopback in a process of its own"]
async fn sends_by_the_environment() {
    let wire = wire();
    let direct = std::env::var("WIRE_TEST_TARGET").unwrap();
    let sent = within(wire.send(Request::new("GET", direct), &[])).await;
    assert_eq!(response(&sent).status, 204);
    let sent = within(wire.send(Request::new("GET", "http://mcp.invalid/proxied"), &[])).await;
    assert_eq!(response(&sent).status, 200);
}
