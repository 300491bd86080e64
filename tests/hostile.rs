//! Servers and input that are not as they should be: the message names what was expected and what
//! came, and nothing that was recorded is lost.

use session::{Browser, Callback, ErrorCode, Network, Options, Session, Status};
use test_support::ports::closed_port;
use test_support::raw::{answer, raw, with_headers};
use test_support::{Watched, lab, options, within};
use trace::{BodyEnd, FailureKind, Outcome, StopCode, query_pairs};
use vault::Vault;

/// Runs to the end: why it stopped.
async fn stopped(options: Options) -> (Watched, StopCode, String) {
    let mut run = Watched::start(options).await;
    match run.run().await.status.clone() {
        Status::Stopped { code, message, .. } => (run, code, message),
        other => panic!("{other:?}\n{}", run.exchanges().join("\n")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_field_that_cannot_be_used_is_named() {
    let told = async |options: Options| {
        let started = Session::start(options, Vault::memory("a test")).await;
        let error = started.err().expect("it cannot be used");
        assert_eq!(error.code, ErrorCode::Invalid);
        error.message
    };
    assert!(
        told(options(""))
            .await
            .starts_with("server URL: expected an absolute URL")
    );
    assert!(
        told(options("ftp://mcp.example/"))
            .await
            .contains("\"ftp://mcp.example/\"")
    );
    let callback = Callback {
        path: "no-slash".into(),
        ..Callback::default()
    };
    let message = told(Options {
        callback,
        ..options("http://a.example/mcp")
    })
    .await;
    assert!(message.contains("\"no-slash\""), "{message}");
    let network = Network {
        proxy: Some("gopher://proxy".into()),
        ..Network::default()
    };
    let message = told(Options {
        network,
        ..options("http://a.example/mcp")
    })
    .await;
    assert!(
        message.contains("proxy") && message.contains("gopher"),
        "{message}"
    );
    let network = Network {
        ca_files: vec!["/nowhere/ca.pem".into()],
        ..Network::default()
    };
    let message = told(Options {
        network,
        ..options("http://a.example/mcp")
    })
    .await;
    assert!(message.contains("/nowhere/ca.pem"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn transport_failures_are_told_apart() {
    let (run, code, message) = stopped(options("http://nowhere.invalid/mcp")).await;
    assert_eq!(code, StopCode::Transport);
    assert!(message.contains("nowhere.invalid"), "{message}");
    assert_eq!(failure(&run), FailureKind::Dns);
    assert_eq!(run.codes(), ["N01"]);

    let closed = closed_port();
    let (run, _, message) = stopped(options(&format!("http://{closed}/mcp"))).await;
    assert_eq!(failure(&run), FailureKind::Refused);
    assert!(message.contains(&closed.to_string()), "{message}");

    let silent = raw(|_| None).await;
    let network = Network {
        timeout_seconds: 1,
        ..Network::default()
    };
    let (run, _, _) = stopped(Options {
        network,
        ..options(&format!("{silent}/mcp"))
    })
    .await;
    assert_eq!(failure(&run), FailureKind::Timeout);

    let banner = raw(|_| Some(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())).await;
    let (run, _, _) = stopped(options(&format!("{banner}/mcp"))).await;
    assert_eq!(failure(&run), FailureKind::Protocol);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_no_mcp_server_is_called_so() {
    for (status, media, body) in [
        (
            "200 OK",
            "text/html",
            "<!doctype html><script>alert(1)</script>",
        ),
        ("404 Not Found", "text/plain", "no such page"),
        ("200 OK", "application/json", "{\"hello\":\"world\"}"),
        ("200 OK", "application/json", ""),
        ("204 No Content", "text/plain", ""),
        ("500 Internal Server Error", "text/plain", "oops"),
    ] {
        let origin = raw(move |_| answer(status, media, body)).await;
        let (run, code, message) = stopped(options(&format!("{origin}/mcp"))).await;
        assert_eq!(
            code,
            StopCode::NotAnMcpServer,
            "{status} {media}: {message}"
        );
        assert!(
            run.codes().contains(&"N02"),
            "{status} {media}: {:?}",
            run.codes()
        );
        // Both eras were tried, each as an exchange of its own.
        assert_eq!(run.exchanges().len(), 2, "{:?}", run.exchanges());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_that_is_no_metadata_is_named_with_its_fault() {
    let huge = format!("{{\"resource\":\"{}\"}}", "x".repeat(200_000));
    let nested = "[".repeat(50_000);
    for (body, fault) in [
        ("{\"resource\":", "not JSON"),
        ("[]", "an array"),
        ("\"text\"", "a string"),
        (
            "{\"authorization_servers\":\"https://as.example\"}",
            "authorization_servers",
        ),
        ("{\"authorization_servers\":[7]}", "authorization_servers"),
        ("{\"resource\":{}}", "resource"),
        (huge.as_str(), "not complete"),
        (nested.as_str(), "not JSON"),
        ("", "not JSON"),
    ] {
        let body = body.to_owned();
        let origin = raw(move |asked| match asked {
            "POST /mcp" => with_headers("401 Unauthorized", "www-authenticate: Bearer\r\n", ""),
            "GET /.well-known/oauth-protected-resource/mcp" => {
                answer("200 OK", "application/json", &body)
            }
            _ => answer("404 Not Found", "text/plain", ""),
        })
        .await;
        let network = Network {
            body_limit: 100_000,
            ..Network::default()
        };
        let (run, code, _) = stopped(Options {
            network,
            ..options(&format!("{origin}/mcp"))
        })
        .await;
        assert_eq!(code, StopCode::NoResourceMetadata, "{fault}");
        let trace = run.session.trace();
        let verdict = trace.exchanges().find_map(|(_, exchange)| {
            let metadata = exchange
                .request
                .url
                .ends_with("/oauth-protected-resource/mcp");
            metadata.then(|| exchange.verdict.clone().expect("it was judged").text)
        });
        let verdict = verdict.expect("the document was asked for");
        assert!(verdict.contains(fault), "expected {fault}, got {verdict}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_cut_off_is_kept_as_far_as_it_came() {
    let origin = raw(|asked| match asked {
        "POST /mcp" => with_headers(
            "401 Unauthorized",
            "content-length: 0\r\nwww-authenticate: Bearer\r\n",
            "",
        ),
        "GET /.well-known/oauth-protected-resource/mcp" => with_headers(
            "200 OK",
            "content-type: application/json\r\ncontent-length: 500\r\n",
            "{\"resource\":",
        ),
        _ => answer("404 Not Found", "text/plain", ""),
    })
    .await;
    let (run, _, _) = stopped(options(&format!("{origin}/mcp"))).await;
    let trace = run.session.trace();
    let cut = trace
        .exchanges()
        .find_map(|(_, exchange)| match &exchange.response()?.body.end {
            BodyEnd::CutOff { reason } => {
                Some((exchange.response()?.body.bytes.clone(), reason.clone()))
            }
            _ => None,
        });
    let (kept, reason) = cut.expect("the answer that was cut off");
    assert_eq!(kept, b"{\"resource\":");
    assert!(!reason.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_401_without_a_challenge_goes_on_by_the_well_known_urls() {
    let origin = raw(|asked| match asked {
        "POST /mcp" => with_headers("401 Unauthorized", "", ""),
        _ => answer("404 Not Found", "text/plain", ""),
    })
    .await;
    let (run, code, message) = stopped(options(&format!("{origin}/mcp"))).await;
    assert_eq!(code, StopCode::NoResourceMetadata, "{message}");
    assert!(
        run.codes().contains(&"D01") && run.codes().contains(&"N03"),
        "{:?}",
        run.codes()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_are_no_web_addresses_are_never_opened() {
    for endpoint in [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "smb://host/share",
        "$(id)",
        "-x",
    ] {
        let origin = raw(move |asked| match asked {
            "POST /mcp" => with_headers("401 Unauthorized", "www-authenticate: Bearer\r\n", ""),
            "GET /.well-known/oauth-protected-resource/mcp" => {
                let body = "{\"resource\":\"{origin}/mcp\",\"authorization_servers\":[\"{origin}\"]}";
                answer("200 OK", "application/json", body)
            }
            "GET /.well-known/oauth-authorization-server" => {
                let body = format!(
                    "{{\"issuer\":\"{{origin}}\",\"authorization_endpoint\":{endpoint:?},\
                     \"token_endpoint\":\"{{origin}}/token\",\"code_challenge_methods_supported\":[\"S256\"]}}"
                );
                answer("200 OK", "application/json", &body)
            }
            _ => answer("404 Not Found", "text/plain", ""),
        })
        .await;
        let (run, code, message) = stopped(options(&format!("{origin}/mcp"))).await;
        assert_eq!(code, StopCode::MissingEndpoint, "{message}");
        assert!(message.contains("authorization_endpoint"), "{message}");
        assert!(run.codes().contains(&"M01"), "{:?}", run.codes());
    }
}

/// A run against the lab that waits for its callback, and the URL the browser was sent to.
async fn waiting(callback: Callback) -> (lab::Lab, Watched, String) {
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        browser: Browser::Show,
        callback,
        ..options(lab.mcp_url())
    })
    .await;
    run.session.run().await.expect("there is a step to do");
    let view = run
        .until("the callback to be waited for", |view| {
            matches!(view.status, Status::AwaitingCallback { .. })
        })
        .await;
    let Status::AwaitingCallback {
        authorization_url, ..
    } = view.status
    else {
        unreachable!()
    };
    (lab, run, authorization_url)
}

fn parameter(url: &str, name: &str) -> String {
    query_pairs(url)
        .into_iter()
        .find(|pair| pair.name == name)
        .expect("it is in the URL")
        .value
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_with_an_error_without_a_code_or_with_a_wrong_iss_stops() {
    for (query, expected) in [
        (
            "error=access_denied&error_description=%3Cb%3Eno&state={state}&iss={iss}",
            StopCode::AuthorizationError,
        ),
        ("state={state}&iss={iss}", StopCode::NoCode),
        ("code=x&state={state}", StopCode::IssMismatch),
        (
            "code=x&state={state}&iss=https%3A%2F%2Fevil.example",
            StopCode::IssMismatch,
        ),
    ] {
        let (lab, mut run, url) = waiting(Callback::default()).await;
        let query = query
            .replace("{state}", &parameter(&url, "state"))
            .replace("{iss}", lab.as_url());
        let callback = format!("{}?{query}", parameter(&url, "redirect_uri"));
        let page = get(&callback).await.expect("the listener answers");
        assert!(!page.contains("<b>no"), "the server's words became markup");
        let view = run
            .until("the end", |view| {
                matches!(view.status, Status::Stopped { .. })
            })
            .await;
        let Status::Stopped { code, .. } = view.status else {
            unreachable!()
        };
        assert_eq!(code, expected, "{query}");
        // A second callback finds no listener.
        assert!(get(&callback).await.is_none(), "the listener is still open");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_without_the_state_is_told_and_the_wait_goes_on() {
    for stray in [
        "code=stolen&state=wrong",
        "code=stolen",
        "error=access_denied",
        "",
    ] {
        let (lab, mut run, url) = waiting(Callback::default()).await;
        let redirect_uri = parameter(&url, "redirect_uri");
        let page = get(&format!("{redirect_uri}?{stray}")).await;
        let page = page.expect("the listener answers");
        assert!(page.contains("does not belong here"), "{stray}");
        run.until_found("A05").await;
        assert_eq!(run.codes(), ["A05"], "{stray}");
        assert_eq!(run.findings[0].certainty, diagnosis::Certainty::Likely);
        // The user comes back.
        let state = parameter(&url, "state");
        let right = format!(
            "{redirect_uri}?error=access_denied&state={state}&iss={}",
            lab.as_url()
        );
        get(&right).await.expect("the listener answers");
        let view = run
            .until("the end", |view| {
                matches!(view.status, Status::Stopped { .. })
            })
            .await;
        let Status::Stopped { code, .. } = view.status else {
            unreachable!()
        };
        assert_eq!(code, StopCode::AuthorizationError, "{stray}");
        assert!(!run.codes().contains(&"A05"), "{:?}", run.codes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_strays_alone_the_state_is_named_and_not_a_browser_that_did_not_come() {
    let (_lab, mut run, url) = waiting(Callback {
        timeout_seconds: 1,
        ..Callback::default()
    })
    .await;
    get(&format!("{}?code=x", parameter(&url, "redirect_uri"))).await;
    let view = run
        .until("the end", |view| {
            matches!(view.status, Status::Stopped { .. })
        })
        .await;
    let Status::Stopped { code, .. } = view.status else {
        unreachable!()
    };
    assert_eq!(code, StopCode::CallbackTimeout);
    assert!(run.codes().contains(&"A05"), "{:?}", run.codes());
    assert!(!run.codes().contains(&"A18"), "{:?}", run.codes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_never_comes_ends_the_wait() {
    let (_lab, mut run, _) = waiting(Callback {
        timeout_seconds: 1,
        ..Callback::default()
    })
    .await;
    let view = run
        .until("the end", |view| {
            matches!(view.status, Status::Stopped { .. })
        })
        .await;
    let Status::Stopped { code, message, .. } = view.status else {
        unreachable!()
    };
    assert_eq!(code, StopCode::CallbackTimeout);
    assert!(message.contains("1 second"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port();
    let lab = lab(None).await;
    let callback = Callback {
        port: Some(port),
        ..Callback::default()
    };
    let (_, code, message) = stopped(Options {
        callback,
        ..options(lab.mcp_url())
    })
    .await;
    assert_eq!(code, StopCode::ListenerFailed);
    assert!(message.contains(&port.to_string()), "{message}");
}

/// What the first exchange failed with.
fn failure(run: &Watched) -> FailureKind {
    let trace = run.session.trace();
    let (_, exchange) = trace.exchanges().next().expect("an exchange");
    match &exchange.outcome {
        Outcome::Failure(failure) => failure.kind,
        Outcome::Response(response) => panic!("a response: {response:?}"),
    }
}

/// The body of a page; `None` when nobody answers.
async fn get(url: &str) -> Option<String> {
    let wire = wire::Wire::new(&wire::Settings::default()).expect("the defaults are usable");
    let sent = within("an answer", wire.send(trace::Request::new("GET", url), &[])).await;
    match sent.outcome {
        Outcome::Response(response) => Some(response.body.text().unwrap_or_default().to_owned()),
        Outcome::Failure(_) => None,
    }
}
