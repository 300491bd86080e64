//! The callback listener where the answer comes as a form.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use trace::Secret;
use wire::{CallbackEnd, CallbackListener, CallbackMethod, CallbackSettings, Received};

use crate::server::within;

type Waiting = JoinHandle<Result<Received, CallbackEnd>>;

const FORM: &str = "application/x-www-form-urlencoded";
const ANSWER: &str = "code=a%2Fb&state=right";

/// A listener that waits for a form, and `host:port` of its redirect URI.
fn listening(timeout: Duration) -> (Waiting, String) {
    let settings = CallbackSettings {
        method: CallbackMethod::FormPost,
        timeout,
        ..CallbackSettings::default()
    };
    let listener = CallbackListener::open(&settings).unwrap();
    let authority = listener
        .redirect_uri()
        .split('/')
        .nth(2)
        .unwrap()
        .to_string();
    (
        tokio::spawn(listener.received(Some(Secret::new("right")))),
        authority,
    )
}

fn post(target: &str, authority: &str, media: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {target} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: {media}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

/// The answer to a request, without waiting for the end of the connection, and without a `100
/// Continue` before it.
async fn answer(authority: &str, request: &[u8]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(authority).await?;
    stream.write_all(request).await?;
    read_answer(&mut stream).await
}

async fn read_answer(stream: &mut TcpStream) -> std::io::Result<String> {
    let (mut answer, mut bytes) = (String::new(), [0; 4_096]);
    loop {
        let read = within(stream.read(&mut bytes)).await?;
        answer.push_str(&String::from_utf8_lossy(&bytes[..read]));
        let rest = match answer.split_once("\r\n\r\n") {
            Some((head, rest)) if head.starts_with("HTTP/1.1 100 ") => rest,
            _ => &answer,
        };
        let head = rest.to_ascii_lowercase();
        let length = head
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next());
        let whole = rest
            .split_once("\r\n\r\n")
            .is_some_and(|(_, body)| Some(&*body.len().to_string()) == length);
        if whole || read == 0 {
            return Ok(rest.to_string());
        }
    }
}

#[tokio::test]
async fn a_form_is_recorded_answered_and_ends_the_listener() {
    let long = format!("{ANSWER}&id_token={}", "x".repeat(60_000));
    for (media, origin, body) in [
        (FORM, "Origin: null\r\n", ANSWER),
        (
            "Application/X-WWW-Form-URLEncoded; charset=UTF-8",
            "Origin: https://as.example\r\n",
            &*long,
        ),
        (FORM, "Expect: 100-continue\r\n", &*long),
        (
            FORM,
            "Connection: keep-alive, Upgrade\r\nUpgrade: x\r\n",
            ANSWER,
        ),
    ] {
        let (waiting, authority) = listening(Duration::from_secs(60));
        let request = post("/callback?a=b", &authority, media, origin, body);
        let page = answer(&authority, &request).await.unwrap();
        assert!(
            page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("You can close this tab"),
            "{page}"
        );
        let received = within(waiting).await.unwrap().unwrap();
        assert!(received.state_matches);
        assert_eq!(received.request.method, "POST");
        assert_eq!(
            received.request.url,
            format!("http://{authority}/callback?a=b")
        );
        assert_eq!(received.request.header_value("content-type"), Some(media));
        assert_eq!(received.request.body.text(), Some(body));
        let error = TcpStream::connect(&authority).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    }
}

#[tokio::test]
async fn a_form_is_waited_for_behind_everything_else() {
    let (waiting, authority) = listening(Duration::from_secs(60));
    let get = format!("GET /callback?{ANSWER} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    let head = format!("POST /callback HTTP/1.1\r\nHost: {authority}\r\nContent-Type: {FORM}\r\n");
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n16\r\n{ANSWER}\r\n0\r\n\r\n");
    let lengths = format!("{head}Content-Length: x\r\n\r\n");
    let two_lengths = format!("{head}Content-Length: 22\r\nContent-Length: 3\r\n\r\n{ANSWER}");
    let mut not_utf_8 = post("/callback", &authority, FORM, "", "code=?");
    *not_utf_8.last_mut().unwrap() = 0xff;
    for (request, status) in [
        (get.into_bytes(), 405),
        (post("/other", &authority, FORM, "", ANSWER), 404),
        (post("/callback", "evil.example", FORM, "", ANSWER), 400),
        (post("/callback", &authority, "text/plain", "", ANSWER), 415),
        (
            post("/callback", &authority, "multipart/form-data", "", ANSWER),
            415,
        ),
        (
            post(
                "/callback",
                &authority,
                FORM,
                &format!("Content-Type: {FORM}\r\n"),
                ANSWER,
            ),
            415,
        ),
        (chunked.into_bytes(), 411),
        (lengths.into_bytes(), 400),
        (two_lengths.into_bytes(), 400),
        (
            [post("/callback", &authority, FORM, "", "????"), Vec::new()].concat(),
            0,
        ),
    ] {
        let mut request = request;
        let mut status = status;
        if status == 0 {
            // Not UTF-8.
            let end = request.len();
            request[end - 4..].copy_from_slice(&[0xff, 0xfe, b'=', 0xff]);
            status = 400;
        }
        let answer = answer(&authority, &request).await.unwrap();
        let asked = String::from_utf8_lossy(&request).into_owned();
        assert_eq!(
            answer.split(' ').nth(1),
            Some(&*status.to_string()),
            "{asked}: {answer}"
        );
        assert_eq!(
            status == 405,
            answer.contains("\r\nallow: POST\r\n"),
            "{answer}"
        );
    }
    answer(&authority, &post("/callback", &authority, FORM, "", ANSWER))
        .await
        .unwrap();
    assert!(within(waiting).await.unwrap().unwrap().state_matches);
}

#[tokio::test]
async fn the_state_counts_in_the_form_alone() {
    for body in [
        "code=a",
        "code=a&state=wrong",
        "error=%3Cb%3Ehush&state=",
        "state=right&state=right",
        "",
    ] {
        let (waiting, authority) = listening(Duration::from_secs(60));
        let request = post("/callback?state=right", &authority, FORM, "", body);
        let page = answer(&authority, &request).await.unwrap();
        assert!(
            page.starts_with("HTTP/1.1 400 ") && page.contains("does not belong here"),
            "{body}: {page}"
        );
        assert!(!page.contains("hush"), "{page}");
        let received = within(waiting).await.unwrap().unwrap();
        assert!(!received.state_matches, "{body}");
        assert_eq!(received.request.body.text(), Some(body));
    }
}

#[tokio::test]
async fn forms_that_do_not_come_keep_neither_the_callback_nor_the_end_out() {
    let (waiting, authority) = listening(Duration::from_secs(60));
    let begin = |length: &str| {
        format!(
            "POST /callback HTTP/1.1\r\nHost: {authority}\r\nContent-Type: {FORM}\r\nContent-Length: {length}\r\n\r\ncode="
        )
    };
    let mut begun = Vec::new();
    for length in ["900", "5000", "65536", "65537", "18446744073709551615"].repeat(6) {
        let mut stream = TcpStream::connect(&authority).await.unwrap();
        stream.write_all(begin(length).as_bytes()).await.unwrap();
        begun.push(stream);
    }
    // One that hangs up in the middle.
    drop(begun.pop());
    answer(&authority, &post("/callback", &authority, FORM, "", ANSWER))
        .await
        .unwrap();
    assert!(within(waiting).await.unwrap().unwrap().state_matches);

    let (waiting, authority) = listening(Duration::from_millis(100));
    let mut late = TcpStream::connect(&authority).await.unwrap();
    late.write_all(begin("2000").as_bytes()).await.unwrap();
    let end = within(waiting).await.unwrap().unwrap_err();
    assert!(matches!(end, CallbackEnd::TimedOut { .. }), "{end}");
    // The rest of it is no callback any more.
    late.write_all(format!("{}&state=right", "x".repeat(2_000)).as_bytes())
        .await
        .unwrap();
    // It may be reset by what came behind the body.
    let said = read_answer(&mut late).await.unwrap_or_default();
    assert!(!said.contains(" 200 "), "{said}");
    assert!(
        TcpStream::connect(&authority).await.is_err(),
        "the socket is closed"
    );
}

#[tokio::test]
async fn only_the_first_of_many_forms_counts() {
    let (waiting, authority) = listening(Duration::from_secs(60));
    let request = post("/callback", &authority, FORM, "", ANSWER);
    let all = (0..8).map(|_| {
        let (authority, request) = (authority.clone(), request.clone());
        tokio::spawn(async move { answer(&authority, &request).await })
    });
    let all: Vec<_> = all.collect();
    assert!(within(waiting).await.unwrap().unwrap().state_matches);
    let mut done = 0;
    for one in all {
        // What came too late for the listener is not answered.
        if let Ok(answer) = tokio::time::timeout(Duration::from_secs(1), one).await {
            done += usize::from(
                answer
                    .unwrap()
                    .is_ok_and(|page| page.starts_with("HTTP/1.1 200 ")),
            );
        }
    }
    assert_eq!(done, 1);
}
