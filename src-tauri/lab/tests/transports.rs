//! The MCP server: challenge, resource metadata, both transports, scopes, cross-origin rules.

mod support;

use reqwest::Method;
use serde_json::json;
use support::*;

#[tokio::test]
async fn the_challenge_and_the_resource_metadata() {
    let lab = healthy().await;
    let origin = lab.mcp_url().strip_suffix("/mcp").unwrap();
    let metadata = format!("{origin}/.well-known/oauth-protected-resource/mcp");
    let wanted = format!("Bearer resource_metadata=\"{metadata}\", scope=\"mcp:read\"");
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let reply = ask(method, lab.mcp_url()).send().await;
        assert_eq!(
            (reply.status, reply.header("www-authenticate")),
            (401, wanted.as_str())
        );
    }
    let reply = post(lab.mcp_url()).bearer("nonsense").send().await;
    assert_eq!(reply.status, 401);
    assert!(
        reply
            .header("www-authenticate")
            .starts_with("Bearer error=\"invalid_token\", error_description=")
    );

    for url in [
        metadata,
        format!("{origin}/.well-known/oauth-protected-resource"),
    ] {
        let document = get(&url).send().await.json();
        assert_eq!(document["resource"], lab.mcp_url());
        assert_eq!(document["authorization_servers"], json!([lab.as_url()]));
    }
}

#[tokio::test]
async fn the_stateless_revision() {
    let lab = healthy().await;
    let token = access_token(&lab, "mcp:read").await;

    let reply = modern(&lab, &token, "server/discover", json!({}))
        .send()
        .await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, "application/json")
    );
    let result = &reply.json()["result"];
    assert_eq!(result["resultType"], "complete");
    assert!(
        result["supportedVersions"]
            .as_array()
            .unwrap()
            .contains(&json!(MODERN))
    );
    assert_eq!(
        result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "authscope-lab"
    );

    let reply = modern(&lab, &token, "tools/list", json!({})).send().await;
    assert_eq!(reply.json()["result"]["tools"].as_array().unwrap().len(), 3);
    let params = json!({ "name": "add", "arguments": { "a": 20, "b": 22 } });
    let reply = modern(&lab, &token, "tools/call", params).send().await;
    assert_eq!(reply.json()["result"]["content"][0]["text"], "42");

    let reply = modern(&lab, &token, "no/such", json!({})).send().await;
    assert_eq!(
        (reply.status, &reply.json()["error"]["code"]),
        (404, &json!(-32601))
    );
    let params = json!({ "name": "none", "arguments": {} });
    let reply = modern(&lab, &token, "tools/call", params).send().await;
    assert_eq!(
        (reply.status, &reply.json()["error"]["code"]),
        (200, &json!(-32602))
    );
    let overflow = json!({ "name": "add", "arguments": { "a": i64::MAX, "b": 1 } });
    let reply = modern(&lab, &token, "tools/call", overflow).send().await;
    assert_eq!(reply.json()["result"]["isError"], true);
    // A GET opens no stream.
    assert_eq!(get(lab.mcp_url()).bearer(&token).send().await.status, 405);
}

#[tokio::test]
async fn headers_that_do_not_mirror_the_body() {
    let lab = healthy().await;
    let token = access_token(&lab, "mcp:read").await;
    let body = modern_body(
        "tools/call",
        json!({ "name": "echo", "arguments": { "text": "x" } }),
    );
    let send = async |version: &str, method: &str, name: &str, body: &serde_json::Value| {
        let mut ask = post(lab.mcp_url())
            .header("accept", BOTH)
            .bearer(&token)
            .json(body);
        for (header, value) in [
            ("mcp-protocol-version", version),
            ("mcp-method", method),
            ("mcp-name", name),
        ] {
            if !value.is_empty() {
                ask = ask.header(header, value);
            }
        }
        let reply = ask.send().await;
        (
            reply.status,
            reply.json()["error"]["code"].as_i64().unwrap_or_default(),
        )
    };
    assert_eq!(send(MODERN, "tools/call", "echo", &body).await, (200, 0));
    assert_eq!(
        send(MODERN, "tools/call", "=?base64?ZWNobw==?=", &body).await,
        (200, 0)
    );
    assert_eq!(send("", "tools/call", "echo", &body).await, (400, -32020));
    assert_eq!(
        send("2025-11-25", "tools/call", "echo", &body).await,
        (400, -32020)
    );
    assert_eq!(send(MODERN, "", "echo", &body).await, (400, -32020));
    assert_eq!(
        send(MODERN, "tools/list", "echo", &body).await,
        (400, -32020)
    );
    assert_eq!(send(MODERN, "tools/call", "", &body).await, (400, -32020));
    assert_eq!(
        send(MODERN, "tools/call", "add", &body).await,
        (400, -32020)
    );

    let mut old = body.clone();
    old["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("1900-01-01");
    assert_eq!(
        send("1900-01-01", "tools/call", "echo", &old).await,
        (400, -32022)
    );
    let mut bare = body.clone();
    bare["params"]["_meta"] = json!({});
    assert_eq!(
        send(MODERN, "tools/call", "echo", &bare).await,
        (400, -32602)
    );
}

#[tokio::test]
async fn every_handshake_revision() {
    let lab = healthy().await;
    let token = access_token(&lab, "mcp:read").await;
    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let reply = legacy(&lab, &token, "", &initialize(version)).send().await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, "text/event-stream")
        );
        assert_eq!(reply.message()["result"]["protocolVersion"], version);
        let session = reply.header("mcp-session-id").to_owned();
        assert!(!session.is_empty());

        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(
            legacy(&lab, &token, &session, &initialized)
                .send()
                .await
                .status,
            202
        );
        let list = legacy(&lab, &token, &session, &call("tools/list", json!({})));
        let reply = list.header("mcp-protocol-version", version).send().await;
        assert_eq!(
            reply.message()["result"]["tools"].as_array().unwrap().len(),
            3
        );
        let echo = call(
            "tools/call",
            json!({ "name": "echo", "arguments": { "text": "hi" } }),
        );
        let reply = legacy(&lab, &token, &session, &echo).send().await;
        assert_eq!(reply.message()["result"]["content"][0]["text"], "hi");
        let unknown = legacy(&lab, &token, &session, &call("no/such", json!({})))
            .send()
            .await;
        assert_eq!(unknown.message()["error"]["code"], -32601);

        let wrong = legacy(&lab, &token, &session, &call("ping", json!({})));
        assert_eq!(
            wrong
                .header("mcp-protocol-version", "1999-01-01")
                .send()
                .await
                .status,
            400
        );
        let none = legacy(&lab, &token, "", &call("ping", json!({})))
            .send()
            .await;
        assert_eq!(none.status, 400, "no session");
        let end = || {
            ask(Method::DELETE, lab.mcp_url())
                .bearer(&token)
                .header("mcp-session-id", &session)
        };
        assert_eq!(end().send().await.status, 204);
        let over = legacy(&lab, &token, &session, &call("ping", json!({})))
            .send()
            .await;
        assert_eq!(over.status, 404, "the session is over");
    }
    let reply = legacy(&lab, &token, "", &initialize("1999-01-01"))
        .send()
        .await;
    assert_eq!(reply.message()["result"]["protocolVersion"], "2025-11-25");
}

#[tokio::test]
async fn batches_only_where_they_were_allowed() {
    let lab = healthy().await;
    let token = access_token(&lab, "mcp:read").await;
    let batch = json!([call("ping", json!({})), call("tools/list", json!({}))]);
    for (version, status) in [("2025-03-26", 200), ("2025-06-18", 400)] {
        let reply = legacy(&lab, &token, "", &initialize(version)).send().await;
        let session = reply.header("mcp-session-id").to_owned();
        let reply = legacy(&lab, &token, &session, &batch).send().await;
        assert_eq!(reply.status, status);
        assert_eq!(
            reply.text.matches("event: message").count(),
            if status == 200 { 2 } else { 0 }
        );
    }
}

#[tokio::test]
async fn a_tool_that_needs_more_scope() {
    let lab = healthy().await;
    let params = json!({ "name": "write_note", "arguments": { "text": "x" } });
    let token = access_token(&lab, "mcp:read").await;
    let reply = modern(&lab, &token, "tools/call", params.clone())
        .send()
        .await;
    let challenge = reply.header("www-authenticate");
    assert_eq!(reply.status, 403);
    for part in [
        "error=\"insufficient_scope\"",
        "scope=\"mcp:write\"",
        "resource_metadata=\"http",
    ] {
        assert!(challenge.contains(part), "{challenge}");
    }
    let token = access_token(&lab, "mcp:read mcp:write").await;
    let reply = modern(&lab, &token, "tools/call", params).send().await;
    assert_eq!(
        reply.json()["result"]["content"][0]["text"],
        "kept as note 1"
    );
}

#[tokio::test]
async fn a_step_up_that_gives_up_what_it_had_gets_nowhere() {
    let lab = healthy().await;
    let params = json!({ "name": "write_note", "arguments": { "text": "x" } });
    let token = access_token(&lab, "mcp:write").await;
    let reply = modern(&lab, &token, "tools/call", params.clone())
        .send()
        .await;
    assert_eq!(reply.status, 403);
    let challenge = reply.header("www-authenticate");
    assert!(challenge.contains("scope=\"mcp:read\""), "{challenge}");

    // Before 2026-07-28 the challenge alone says what to ask for.
    let hello = legacy(&lab, &token, "", &initialize("2025-11-25"))
        .send()
        .await;
    let session = hello.header("mcp-session-id");
    let called = legacy(&lab, &token, session, &call("tools/call", params))
        .send()
        .await;
    assert_eq!(called.status, 200);
}

#[tokio::test]
async fn bodies_and_headers_that_are_none() {
    let lab = healthy().await;
    let token = access_token(&lab, "mcp:read").await;
    let to = || post(lab.mcp_url()).bearer(&token);
    let ping = call("ping", json!({}));
    assert_eq!(
        to().header("accept", "application/json")
            .json(&ping)
            .send()
            .await
            .status,
        406
    );
    assert_eq!(to().header("accept", BOTH).send().await.status, 415);
    let json = || {
        to().header("accept", BOTH)
            .header("content-type", "application/json")
    };
    let reply = json().send().await;
    assert_eq!(
        (reply.status, &reply.json()["error"]["code"]),
        (400, &json!(-32700))
    );
    for body in [
        json!(1),
        json!([]),
        json!({}),
        json!({ "jsonrpc": "2.0", "method": 3 }),
        json!([[[]]]),
    ] {
        let reply = to().header("accept", BOTH).json(&body).send().await;
        assert!((400..500).contains(&reply.status), "{body}: {reply:?}");
    }
}

#[tokio::test]
async fn hosts_and_origins() {
    let lab = healthy().await;
    for url in [lab.mcp_url(), &format!("{}/token", lab.as_url())] {
        let reply = post(url).header("host", "evil.example").send().await;
        assert_eq!(reply.status, 421, "DNS rebinding");
        assert_eq!(
            post(&url.replace("127.0.0.1", "localhost"))
                .send()
                .await
                .status
                / 100,
            4
        );
    }
    let token = access_token(&lab, "mcp:read").await;
    let from =
        |origin: &str| modern(&lab, &token, "tools/list", json!({})).header("origin", origin);
    assert_eq!(from("https://evil.example").send().await.status, 403);
    assert_eq!(from("http://localhost:6274").send().await.status, 200);
}

#[tokio::test]
async fn browser_based_clients_can_read_everything() {
    let lab = healthy().await;
    let origin = lab.mcp_url().strip_suffix("/mcp").unwrap();
    for url in [
        format!("{origin}/.well-known/oauth-protected-resource/mcp"),
        format!("{origin}/.well-known/oauth-protected-resource"),
        format!("{}/.well-known/oauth-authorization-server", lab.as_url()),
        format!("{}/.well-known/openid-configuration", lab.as_url()),
        format!("{}/jwks", lab.as_url()),
        lab.mcp_url().to_owned(),
    ] {
        let reply = get(&url)
            .header("origin", "http://localhost:6274")
            .send()
            .await;
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{url}");
    }
    let reply = post(lab.mcp_url())
        .header("origin", "http://localhost:6274")
        .send()
        .await;
    assert!(
        reply
            .header("access-control-expose-headers")
            .contains("WWW-Authenticate")
    );
    let preflight = ask(Method::OPTIONS, lab.mcp_url())
        .header("origin", "http://localhost:6274")
        .header("access-control-request-method", "POST");
    let reply = preflight.send().await;
    assert_eq!(reply.status, 204);
    for name in ["Authorization", "Content-Type", "MCP-Protocol-Version"] {
        assert!(
            reply.header("access-control-allow-headers").contains(name),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_port_is_free_after_shutdown() {
    let lab = healthy().await;
    let port = url::Url::parse(lab.mcp_url()).unwrap().port().unwrap();
    get(lab.mcp_url()).send().await;
    lab.shutdown().await;
    let options = lab::LabOptions {
        mcp_port: port,
        ..Default::default()
    };
    let again = lab::Lab::start(options).await.expect("the port is free");
    assert_eq!(get(again.mcp_url()).send().await.status, 401);
    let taken = lab::Lab::start(lab::LabOptions {
        as_port: port,
        ..Default::default()
    })
    .await;
    assert_eq!(taken.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
}
