use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use trace::Secret;
use wire::{
    CallbackEnd, CallbackHost, CallbackListener, CallbackSettings, ListenerError, Received,
};

use crate::server::{free_port, raw, within};

type Waiting = JoinHandle<Result<Received, CallbackEnd>>;

/// A listener that waits, `host:port` of its redirect URI, and where to connect to.
fn listening(settings: CallbackSettings) -> (Waiting, String, String) {
    let listener = CallbackListener::open(&settings).unwrap();
    let url = url::Url::parse(listener.redirect_uri()).unwrap();
    let authority = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let address = authority.replace("localhost", "127.0.0.1");
    (
        tokio::spawn(listener.received(Some(Secret::new("right")))),
        authority,
        address,
    )
}

fn get(target: &str, authority: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: browser\r\nConnection: close\r\n\r\n")
        .into_bytes()
}

#[tokio::test]
async fn a_callback_is_recorded_answered_and_ends_the_listener() {
    let (waiting, authority, address) = listening(CallbackSettings::default());
    let page = raw(
        &address,
        &get("/callback?code=a%2Fb&state=right", &authority),
    )
    .await
    .unwrap();
    let received = within(waiting).await.unwrap().unwrap();
    assert!(received.state_matches);
    assert_eq!(
        received.request.url,
        format!("http://{authority}/callback?code=a%2Fb&state=right")
    );
    assert_eq!(received.request.header_value("user-agent"), Some("browser"));
    assert!(received.took < Duration::from_secs(20));

    let (head, body) = page.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "));
    let shown: Vec<String> = head.lines().skip(1).map(str::to_string).collect();
    let recorded: Vec<String> = received
        .response
        .headers
        .iter()
        .map(|header| format!("{}: {}", header.name, header.value))
        .collect();
    assert_eq!(shown, recorded, "the page is recorded as it was sent");
    assert_eq!(Some(body), received.response.body.text());
    assert!(body.contains("You can close this tab"));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(received.response.header_value(name), Some(value));
    }
    let error = TcpStream::connect(&address).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_callback_is_waited_for_behind_everything_else() {
    let (waiting, authority, address) = listening(CallbackSettings::default());
    let callback = "/callback?code=a&state=right";
    let head = |method: &str, target: &str, host: &str| {
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        format!("{head}Content-Length: 2000\r\n\r\n{}", "x".repeat(2_000)).into_bytes()
    };
    let port = authority.rsplit(':').next().unwrap();
    for (request, status) in [
        (get("/favicon.ico", &authority), 404),
        (get("/", &authority), 404),
        (get("/callback/?code=a&state=right", &authority), 404),
        (get("//callback?code=a&state=right", &authority), 404),
        (head("POST", callback, &authority), 405),
        (head("HEAD", callback, &authority), 405),
        (head("OPTIONS", callback, &authority), 405),
        (head("GET", callback, &authority), 400),
        (get(callback, "evil.example"), 400),
        (get(callback, &format!("localhost:{port}")), 400),
        (get(callback, "127.0.0.1"), 400),
        (
            get(callback, &format!("{authority}\r\nHost: {authority}")),
            400,
        ),
        (
            get(&format!("http://evil.example{callback}"), &authority),
            400,
        ),
        (format!("GET {callback} HTTP/1.0\r\n\r\n").into_bytes(), 400),
        (b"garbage\r\n\r\n".to_vec(), 400),
    ] {
        let answer = raw(&address, &request).await.unwrap();
        let asked = String::from_utf8_lossy(&request).into_owned();
        assert!(answer.starts_with("HTTP/1."), "{asked}: {answer}");
        assert_eq!(
            answer.split(' ').nth(1),
            Some(&*status.to_string()),
            "{asked}: {answer}"
        );
        assert!(!answer.contains("code="), "{answer}");
    }
    raw(&address, &get(callback, &authority)).await.unwrap();
    assert!(within(waiting).await.unwrap().unwrap().state_matches);
}

#[tokio::test]
async fn a_wrong_state_is_told_before_anything_else_is_shown() {
    for query in [
        "code=a&state=wrong",
        "code=a",
        "error=%3Cb%3Ehush&state=",
        "code=a&state=right&state=right",
        "",
    ] {
        let (waiting, authority, address) = listening(CallbackSettings::default());
        let page = raw(&address, &get(&format!("/callback?{query}"), &authority))
            .await
            .unwrap();
        assert!(
            page.starts_with("HTTP/1.1 400 ") && page.contains("does not belong here"),
            "{query}: {page}"
        );
        assert!(!page.contains("hush"), "{page}");
        let received = within(waiting).await.unwrap().unwrap();
        assert!(!received.state_matches, "{query}");
        assert_eq!(
            received.request.url,
            format!("http://{authority}/callback?{query}")
        );
    }
}

#[tokio::test]
async fn strays_are_answered_and_told_and_the_wait_goes_on() {
    let listener = CallbackListener::open(&CallbackSettings::default()).unwrap();
    let authority = listener
        .redirect_uri()
        .split('/')
        .nth(2)
        .unwrap()
        .to_owned();
    let (strays, mut strayed) = tokio::sync::mpsc::unbounded_channel();
    let state = Some(Secret::new("right"));
    let waiting = tokio::spawn(listener.received_among_strays(state, strays));
    let stray = |query: &str| get(&format!("/callback?{query}"), &authority);
    for query in [
        "",
        "code=a",
        "code=a&state=wrong",
        "state=right&state=right",
        "error=x",
    ] {
        let page = raw(&authority, &stray(query)).await.unwrap();
        assert!(page.starts_with("HTTP/1.1 400 "), "{query}: {page}");
        let told = within(strayed.recv()).await.expect("a stray");
        assert!(
            !told.state_matches && told.response.status == 400,
            "{query}"
        );
        assert!(told.request.url.ends_with(&format!("/callback?{query}")));
    }
    // A page that sends many fills no memory.
    for _ in 0..30 {
        raw(&authority, &stray("code=a")).await.unwrap();
    }
    let page = raw(&authority, &stray("code=a&state=right")).await.unwrap();
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    let received = within(waiting).await.unwrap().unwrap();
    assert!(received.state_matches && received.request.url.ends_with("code=a&state=right"));
    let mut further = 0;
    while strayed.recv().await.is_some() {
        further += 1;
    }
    assert_eq!(further, 15);
}

#[tokio::test]
async fn an_error_is_shown_as_text() {
    let (waiting, authority, address) = listening(CallbackSettings::default());
    let query =
        "error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E&state=right";
    let page = raw(&address, &get(&format!("/callback?{query}"), &authority))
        .await
        .unwrap();
    assert!(
        page.contains("access_denied") && page.contains("&lt;script&gt;"),
        "{page}"
    );
    assert!(!page.contains("<script"), "{page}");
    assert!(within(waiting).await.unwrap().unwrap().state_matches);
}

#[tokio::test]
async fn localhost_is_heard_in_both_families() {
    for host in [CallbackHost::Localhost, CallbackHost::V6] {
        let settings = CallbackSettings {
            host,
            path: "/oauth/callback".into(),
            ..CallbackSettings::default()
        };
        let listener = match CallbackListener::open(&settings) {
            Ok(listener) => listener,
            // A machine without IPv6 says so, for [::1] only.
            Err(ListenerError::FamilyMissing { .. }) if host == CallbackHost::V6 => continue,
            Err(error) => panic!("{error}"),
        };
        let redirect = listener.redirect_uri().to_string();
        let (before, _) = redirect
            .strip_prefix("http://")
            .unwrap()
            .split_once('/')
            .unwrap();
        let (authority, port) = (
            before.to_string(),
            before.rsplit(':').next().unwrap().to_string(),
        );
        assert!(redirect.ends_with("/oauth/callback"));
        let waiting = tokio::spawn(listener.received(None));
        let v6 = format!("[::1]:{port}");
        let has_v6 = TcpStream::connect(&v6).await.is_ok();
        assert!(has_v6 || host == CallbackHost::Localhost);
        if host == CallbackHost::Localhost {
            let answer = raw(&format!("127.0.0.1:{port}"), &get("/", &authority))
                .await
                .unwrap();
            assert!(answer.starts_with("HTTP/1.1 404 "));
        }
        let address = if has_v6 {
            v6
        } else {
            format!("127.0.0.1:{port}")
        };
        raw(&address, &get("/oauth/callback?code=a", &authority))
            .await
            .unwrap();
        assert!(
            within(waiting).await.unwrap().unwrap().state_matches,
            "none was expected"
        );
    }
}

#[tokio::test]
async fn a_fixed_port_is_used_and_a_taken_one_is_told() {
    let port = free_port();
    let settings = CallbackSettings {
        port: Some(port),
        ..CallbackSettings::default()
    };
    let first = CallbackListener::open(&settings).unwrap();
    assert_eq!(
        first.redirect_uri(),
        format!("http://127.0.0.1:{port}/callback")
    );
    let error = CallbackListener::open(&settings).unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&format!("127.0.0.1:{port} is taken")),
        "{error}"
    );
    drop(first);
    CallbackListener::open(&settings).expect("dropping the listener frees the port");
}

#[tokio::test]
async fn the_wait_ends_with_the_time_limit() {
    let settings = CallbackSettings {
        timeout: Duration::from_millis(50),
        ..CallbackSettings::default()
    };
    let (waiting, _, address) = listening(settings);
    let end = within(waiting).await.unwrap().unwrap_err();
    assert!(
        matches!(end, CallbackEnd::TimedOut { .. }) && end.to_string().contains("0.05 s"),
        "{end}"
    );
    assert!(
        TcpStream::connect(&address).await.is_err(),
        "the socket is closed"
    );
}

#[tokio::test]
async fn connections_that_say_nothing_or_too_much_do_not_keep_the_callback_out() {
    let (waiting, authority, address) = listening(CallbackSettings::default());
    let mut idle = Vec::new();
    for number in 0..100 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        if number % 2 == 0 {
            stream
                .write_all(b"GET /callback HTTP/1.1\r\nHo")
                .await
                .unwrap();
        }
        idle.push(stream);
    }
    let path = format!("/ HTTP/1.1\r\nHost: {authority}\r\n");
    for begun in [
        format!("GET {path}x: {}\r\n", "y".repeat(1_000_000)),
        // A body that does not come, one that nothing could hold, and versions the server does not
        // speak.
        format!("POST {path}Content-Length: 5000\r\n\r\n..."),
        format!("POST {path}Content-Length: 1152921504606846976\r\n\r\n"),
        format!("POST {path}Content-Length: 18446744073709551615\r\n\r\n"),
        format!("POST {path}Transfer-Encoding: chunked\r\n\r\nffff\r\n"),
        format!("POST {path}Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
        "GET /\u{fc} HTTP/1.1\r\n\r\n".into(),
        format!("GET {path}\r\n").repeat(20),
    ] {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        within(stream.write_all(begun.as_bytes())).await.unwrap();
        idle.push(stream);
    }
    let started = Instant::now();
    raw(&address, &get("/callback?code=a&state=right", &authority))
        .await
        .unwrap();
    assert!(within(waiting).await.unwrap().unwrap().state_matches);
    assert!(started.elapsed() < Duration::from_secs(5));
}

/// As a browser opens some ahead of need, all at once.
#[tokio::test]
async fn a_callback_among_idle_connections_is_answered_soon() {
    for _ in 0..10 {
        let (waiting, authority, address) = listening(CallbackSettings::default());
        let mut idle = Vec::new();
        for _ in 0..6 {
            idle.push(TcpStream::connect(&address).await.unwrap());
        }
        let started = Instant::now();
        raw(&address, &get("/callback?code=a&state=right", &authority))
            .await
            .unwrap();
        assert!(within(waiting).await.unwrap().is_ok());
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{:?}",
            started.elapsed()
        );
    }
}

/// What asks for more is not answered: the connection ends, as the answer said.
#[tokio::test]
async fn a_connection_ends_behind_its_answer() {
    let (waiting, authority, address) = listening(CallbackSettings::default());
    for target in ["/favicon.ico", "/callback?code=a&state=right"] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        let twice = format!("{request}GET /second HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        // It reads to the end.
        let answer = raw(&address, twice.as_bytes()).await.unwrap();
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
    assert!(within(waiting).await.unwrap().unwrap().state_matches);
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_and_closed() {
    let (waiting, authority, address) = listening(CallbackSettings::default());
    let path = format!("/callback HTTP/1.1\r\nHost: {authority}\r\n");
    let long = "y".repeat(100_000);
    for (request, status) in [
        (format!("POST {path}Content-Length: 65537\r\n\r\n"), 413),
        (
            format!("POST {path}Content-Length: 1152921504606846976\r\n\r\n..."),
            413,
        ),
        (
            format!("POST {path}Content-Length: 18446744073709551616\r\n\r\n"),
            413,
        ),
        (
            format!("GET {path}Content-Length: 5000000000\r\n\r\n{long}"),
            413,
        ),
        (
            format!("POST {path}Content-Length: 1\r\nContent-Length: 2\r\n\r\n.."),
            400,
        ),
        (
            format!("POST {path}Transfer-Encoding: chunked\r\n\r\nffff\r\n"),
            411,
        ),
        (format!("GET {path}x: {long}\r\n\r\n"), 431),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), 505),
        (format!("GET {path}Cookie: a=\u{fc}\r\n\r\n"), 400),
        (format!("POST {path}Expect: miracles\r\n\r\n"), 417),
    ] {
        let asked = &request[..request.len().min(100)];
        let answer = raw(&address, request.as_bytes()).await.unwrap();
        let got = answer.split(' ').nth(1);
        assert_eq!(got, Some(&*status.to_string()), "{asked}: {answer}");
    }
    raw(&address, &get("/callback?code=a&state=right", &authority))
        .await
        .unwrap();
    assert!(within(waiting).await.unwrap().unwrap().state_matches);
}

#[tokio::test]
async fn dropping_the_wait_closes_the_sockets_at_once() {
    let (waiting, authority, address) = listening(CallbackSettings::default());
    let answer = raw(&address, &get("/", &authority)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    waiting.abort();
    assert!(within(waiting).await.unwrap_err().is_cancelled());
    let error = TcpStream::connect(&address).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn after_too_many_requests_the_sockets_are_closed_and_the_wait_is_over() {
    let listener = CallbackListener::open(&CallbackSettings::default()).unwrap();
    let redirect_uri = listener.redirect_uri().to_string();
    let waiting = tokio::spawn(listener.received(None));
    let authority = redirect_uri.split('/').nth(2).unwrap();
    let request = get("/", authority);
    let mut answered = 0;
    while raw(authority, &request)
        .await
        .is_ok_and(|answer| answer.starts_with("HTTP/1.1 404 "))
    {
        answered += 1;
    }
    assert_eq!(answered, 1_000);
    let end = within(waiting).await.unwrap();
    assert_eq!(end, Err(CallbackEnd::GaveUp { requests: 1_000 }));
    let error = TcpStream::connect(authority).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn only_the_first_of_two_callbacks_counts() {
    let (waiting, authority, address) = listening(CallbackSettings::default());
    let first = get("/callback?code=first&state=right", &authority);
    let second = get("/callback?code=second&state=right", &authority);
    let (one, two) = tokio::join!(raw(&address, &first), raw(&address, &second));
    let received = within(waiting).await.unwrap().unwrap();
    let done = [one, two]
        .into_iter()
        .filter(|answer| {
            answer
                .as_ref()
                .is_ok_and(|page| page.starts_with("HTTP/1.1 200 "))
        })
        .count();
    assert_eq!(done, 1);
    assert!(received.request.url.contains("code="));
}
