//! What passes, and what is recorded of it.

use observe::Rewriting;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use trace::{BodyEnd, Exchange, FailureKind, Outcome, Purpose, Recorded, pairs, query_pairs};

use crate::support::{Server, json, mcp, observed, raw, read_message, within};

fn request(method: &str, target: &str, port: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {target} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}

async fn exchanges(observer: &observe::Observer) -> Vec<Exchange> {
    let trace = observer.trace().await;
    trace
        .exchanges()
        .map(|(_, exchange)| exchange.clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_client_comes_back_by_us_and_its_code_is_redeemed() {
    let server = Server::start(mcp).await;
    let observer = observed(format!("{}/mcp", server.origin), |_| {}).await;
    let port = observer.port();
    let ask = async |method: &str, target: &str, headers: &str, body: &str| {
        raw(&observer, &request(method, target, port, headers, body)).await
    };
    ask("POST", "/mcp", "", "{}").await;
    ask("GET", "/.well-known/oauth-protected-resource/mcp", "", "").await;
    let metadata = ask("GET", "/.well-known/oauth-authorization-server/as", "", "").await;
    // By the name that the client has for this machine.
    assert!(
        metadata.contains(&format!("http://localhost:{port}/as/token")),
        "{metadata}"
    );
    let own = "http://127.0.0.1:5000/cb";
    let body = format!("{{\"redirect_uris\":[\"{own}\"]}}");
    let registered = ask(
        "POST",
        "/as/register",
        "content-type: application/json\r\n",
        &body,
    )
    .await;
    assert!(
        registered.ends_with(&format!("\"redirect_uris\":[\"{own}\"]}}")),
        "{registered}"
    );
    let callback = format!("http://127.0.0.1:{port}/authscope/callback");
    assert!(server.got()[3].contains(&callback), "{:?}", server.got());
    let target = format!(
        "/as/authorize?response_type=code&client_id=me&state=s1&redirect_uri=http%3A%2F%2F127.0.0.1%3A5000%2Fcb&resource=http%3A%2F%2Flocalhost%3A{port}%2Fmcp"
    );
    let sent_on = ask("GET", &target, "", "").await;
    let location = header(&sent_on, "location");
    assert!(
        location.starts_with(&format!("{}/as/authorize?", server.origin)),
        "{sent_on}"
    );
    let asked = query_pairs(&location);
    let value = |name: &str| {
        asked
            .iter()
            .find(|pair| pair.name == name)
            .map(|pair| pair.value.clone())
    };
    assert_eq!(value("redirect_uri"), Some(callback.clone()));
    assert_eq!(value("resource"), Some(format!("{}/mcp", server.origin)));
    let issuer = format!(
        "{}%2Fas",
        server.origin.replace(':', "%3A").replace('/', "%2F")
    );
    let back = format!("/authscope/callback?code=c1&state=s1&iss={issuer}");
    let back = ask("GET", &back, "", "").await;
    let seen = format!("{own}?code=c1&state=s1&iss=http%3A%2F%2Flocalhost%3A{port}%2Fas");
    assert_eq!(header(&back, "location"), seen);
    let form =
        "grant_type=authorization_code&code=c1&redirect_uri=http%3A%2F%2F127.0.0.1%3A5000%2Fcb";
    let media = "content-type: application/x-www-form-urlencoded\r\n";
    ask("POST", "/as/token", media, form).await;
    let got = server.got().last().cloned().unwrap_or_default();
    let sent = pairs(got.split("\r\n\r\n").nth(1).unwrap_or_default());
    assert_eq!(sent[2].value, callback);

    let all = exchanges(&observer).await;
    let lines: Vec<String> = all
        .iter()
        .map(|one| {
            format!(
                "{} {}",
                one.request.method,
                one.request.url.replace(&server.origin, "")
            )
        })
        .collect();
    assert_eq!(lines[0], "POST /mcp");
    assert!(
        lines[4].starts_with("GET /as/authorize?") && lines[4].contains("5000"),
        "{lines:?}"
    );
    assert!(
        lines[5].starts_with(&format!("GET {own}?code=c1")),
        "{lines:?}"
    );
    assert_eq!(all[4].purpose, Purpose::Authorization);
    assert_eq!(all[5].purpose, Purpose::Callback);
    // Without us: the client's own redirect URI, and the real servers' names.
    let token = &all[6];
    assert_eq!(token.request.body.text(), Some(form));
    let server_side = token
        .server_side
        .as_ref()
        .expect("the server got another form");
    assert!(
        server_side
            .request
            .body
            .text()
            .unwrap_or_default()
            .contains("authscope")
    );
    let prm: Value =
        serde_json::from_slice(&all[1].response().expect("it was answered").body.bytes)
            .expect("it is JSON");
    assert_eq!(prm["resource"], format!("{}/mcp", server.origin));
    let client_side = all[1]
        .client_side
        .as_ref()
        .expect("the client saw another one");
    assert!(matches!(&client_side.outcome, Outcome::Response(response)
        if response.body.text().unwrap_or_default().contains("localhost")));
    // A stranger's answer, and one that was not asked for.
    for wrong in [
        "/authscope/callback?code=c&state=other",
        "/authscope/callback?error=x",
    ] {
        let answer = ask("GET", wrong, "", "").await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_switched_off_is_not_replaced() {
    let server = Server::start(mcp).await;
    let real = server.origin.clone();
    for (rewriting, resource, servers, notes) in [
        (Rewriting::McpServer, false, true, 2),
        (Rewriting::Nothing, true, true, 1),
    ] {
        let observer = observed(format!("{real}/mcp"), |settings| {
            settings.rewriting = rewriting
        })
        .await;
        let target = "/.well-known/oauth-protected-resource/mcp";
        let found = raw(&observer, &request("GET", target, observer.port(), "", "")).await;
        assert_eq!(
            found.contains(&format!("\"resource\":\"{real}")),
            resource,
            "{found}"
        );
        assert_eq!(
            found.contains(&format!("[\"{real}/as\"]")),
            servers,
            "{found}"
        );
        assert_eq!(observer.notes().len(), notes, "{:?}", observer.notes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_for_this_machine_is_refused() {
    let server = Server::start(mcp).await;
    let observer = observed(format!("{}/mcp", server.origin), |_| {}).await;
    let asked = "POST /mcp HTTP/1.1\r\nhost: rebound.example\r\ncontent-length: 0\r\n\r\n";
    assert!(raw(&observer, asked).await.starts_with("HTTP/1.1 421"));
    assert_eq!(server.got(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_reaches_the_client_while_it_is_still_coming() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
    let observer = observed(format!("{origin}/mcp"), |_| {}).await;
    let address = ("127.0.0.1", observer.port());
    let mut client = TcpStream::connect(address)
        .await
        .expect("the proxy listens");
    let asked = request(
        "GET",
        "/mcp",
        observer.port(),
        "accept: text/event-stream\r\n",
        "",
    );
    client.write_all(asked.as_bytes()).await.expect("it reads");
    let (mut upstream, _) = within("a connection", listener.accept())
        .await
        .expect("it came");
    // An answer to a request that was not sent yet would be one to nothing.
    within("a request", read_message(&mut upstream)).await;
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    upstream.write_all(head.as_bytes()).await.expect("it reads");
    let mut seen = String::new();
    for number in 0..3 {
        let event = format!("data: {number}\n\n");
        let chunk = format!("{:x}\r\n{event}\r\n", event.len());
        upstream
            .write_all(chunk.as_bytes())
            .await
            .expect("it reads");
        let mut part = [0; 1024];
        while !seen.contains(&event) {
            let read = within("an event", client.read(&mut part))
                .await
                .expect("it writes");
            assert!(read > 0, "it ended after {seen:?}");
            seen.push_str(&String::from_utf8_lossy(&part[..read]));
        }
    }
    // So far as it came, and what more may come is unknown.
    let all = exchanges(&observer).await;
    let response = all[0].response().expect("its head came");
    assert_eq!(
        response.body.text(),
        Some("data: 0\n\ndata: 1\n\ndata: 2\n\n")
    );
    assert_eq!(all[0].recorded.response_body, Recorded::Incomplete);
    // A server that breaks off does so for the client, too.
    drop(upstream);
    let mut rest = Vec::new();
    let _ = within("an end", client.read_to_end(&mut rest)).await;
    assert!(!rest.ends_with(b"0\r\n\r\n"));
    let all = exchanges(&observer).await;
    let end = &all[0].response().expect("its head came").body.end;
    assert!(matches!(end, BodyEnd::CutOff { .. }), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gave_up_and_who_did_not_answer_is_told_apart() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let origin = format!("http://{}", silent.local_addr().expect("it is bound"));
    let observer = observed(format!("{origin}/mcp"), |_| {}).await;
    let mut changes = observer.changes();
    let address = ("127.0.0.1", observer.port());
    let mut client = TcpStream::connect(address)
        .await
        .expect("the proxy listens");
    let asked = request("POST", "/mcp", observer.port(), "", "{}");
    client.write_all(asked.as_bytes()).await.expect("it reads");
    let held = within("a request", silent.accept()).await.expect("it came");
    drop(client);
    within("the end of it", changes.changed())
        .await
        .expect("it is observed");
    drop((held, silent));
    // Nobody listens there any more: the client's connection ends like the server's.
    let answer = raw(&observer, &asked).await;
    assert_eq!(answer, "");
    let all = exchanges(&observer).await;
    let kinds = all
        .iter()
        .filter_map(|one| one.failure().map(|failure| failure.kind));
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        [FailureKind::Cancelled, FailureKind::Refused]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_what_is_signed_are_held_against_nobody() {
    let server = Server::start(|_| json("401 Unauthorized", "", "{}")).await;
    let observer = observed(format!("{}/mcp", server.origin), |_| {}).await;
    let port = observer.port();
    raw(
        &observer,
        &request("POST", "/mcp", port, "dpop: e30\r\n", "{}"),
    )
    .await;
    raw(&observer, &request("POST", "/mcp", port, "", "{}")).await;
    let all = exchanges(&observer).await;
    let purposes: Vec<&Purpose> = all.iter().map(|one| &one.purpose).collect();
    assert_eq!(purposes, [&Purpose::Unrelated, &Purpose::Unknown]);
    assert!(observer.notes()[0].contains("htu"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_asked_for_the_proxy_is_held_against_nobody() {
    let server = Server::start(mcp).await;
    let judged = async |rewriting: Rewriting| {
        let observer = observed(format!("{}/mcp", server.origin), |settings| {
            settings.rewriting = rewriting;
        })
        .await;
        let port = observer.port();
        let metadata = "/.well-known/oauth-protected-resource/mcp";
        raw(&observer, &request("GET", metadata, port, "", "")).await;
        // This server takes every Bearer token.
        let token = "authorization: DPoP for-another\r\n";
        raw(&observer, &request("POST", "/mcp", port, token, "{}")).await;
        let last = exchanges(&observer).await.pop().expect("it was recorded");
        assert_eq!(last.status(), Some(401));
        last.purpose
    };
    // Only where the authorization server is told the proxy's URL.
    assert_eq!(judged(Rewriting::McpServer).await, Purpose::Unrelated);
    assert_eq!(judged(Rewriting::Everything).await, Purpose::Unknown);
}

fn header(answer: &str, name: &str) -> String {
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_default().to_owned()
}

/// Ends its body in each way that HTTP has, as the request wants it.
fn each_end(request: &str) -> String {
    let answers = [
        "401 No\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\nnone",
        "202 Taken\r\ncontent-length: 0\r\n\r\n",
        "204 Nothing\r\n\r\n",
        "200 Fine\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsome\r\n0\r\n\r\n",
    ];
    let wanted = |at: &usize| request.ends_with(&format!("end {at}"));
    let at = (0..answers.len()).find(wanted).unwrap_or_default();
    format!("HTTP/1.1 {}", answers[at])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_came_to_its_end_is_recorded_as_whole() {
    let server = Server::start(each_end).await;
    let observer = observed(format!("{}/mcp", server.origin), |_| {}).await;
    for at in 0..4 {
        let body = format!("end {at}");
        raw(
            &observer,
            &request("POST", "/mcp", observer.port(), "", &body),
        )
        .await;
    }
    for (one, status) in exchanges(&observer).await.iter().zip([401, 202, 204, 200]) {
        assert_eq!(one.status(), Some(status));
        assert_eq!(one.recorded.response_body, Recorded::Whole, "{status}");
        let body = &one.response().expect("it came").body;
        assert_eq!(body.end, BodyEnd::Complete, "{status}");
    }
}
