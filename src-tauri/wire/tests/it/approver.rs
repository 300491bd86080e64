use trace::{FailureKind, Outcome, Request, Secret};
use wire::{
    Approver, BrowserMemory, CallbackListener, CallbackMethod, CallbackSettings, Sent, Stuck,
};

use crate::server::{Reply, Server, closed_port, failure, wire, within};

const REDIRECT: &str = "http://127.0.0.1:4000/callback";

fn redirect(to: &str) -> Reply {
    Reply::Then(format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").into())
}

fn page(status: u16, body: &str) -> Reply {
    let length = body.len();
    Reply::Then(
        format!("HTTP/1.1 {status} x\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {length}\r\n\r\n{body}")
            .into(),
    )
}

async fn approved(url: &str, form: &[(&str, &str)]) -> (Result<Request, Stuck>, Vec<Sent>) {
    let form = form
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    let mut hops = Vec::new();
    let mut approver = Approver::new(wire(), form);
    let end = within(approver.approve(url, REDIRECT, &mut |sent| hops.push(sent))).await;
    (end, hops)
}

/// A login, a consent and a redirect, with a cookie that has to come back.
fn authorization_server(request: &str) -> Reply {
    let line = request.lines().next().unwrap();
    let body = request.split("\r\n\r\n").nth(1).unwrap();
    let signed_in = request.contains("cookie: session=1");
    match line {
        _ if line.starts_with("GET /authorize") && !signed_in => redirect("/login?next=%2Fauthorize"),
        _ if line.starts_with("GET /authorize") => page(
            200,
            "<form method=post action=/consent><input type=hidden name=id value=7>\
             <button name=decision value=deny>Deny</button>\
             <button name=decision value=allow>Allow</button></form>",
        ),
        _ if line.starts_with("GET /login") => page(
            200,
            "<title>Log in</title><form method=post><input name=user><input type=password name=pw>\
             <button>Sign in</button></form>",
        ),
        _ if line.starts_with("POST /login") && body == "user=ann&pw=right" => Reply::Then(
            "HTTP/1.1 303 See Other\r\nset-cookie: session=1; Path=/; HttpOnly; Secure\r\nset-cookie: other=2; Path=/else\r\n\
             location: /authorize\r\ncontent-length: 0\r\n\r\n"
                .into(),
        ),
        _ if line.starts_with("POST /login") => page(
            401,
            "<form method=post><input name=user><input type=password name=pw><button>Sign in</button></form>",
        ),
        _ if line.starts_with("POST /consent") && body == "id=7&decision=allow" => {
            redirect(&format!("{REDIRECT}?code=a%2fb&state=s"))
        }
        _ => page(404, "nothing"),
    }
}

#[tokio::test]
async fn login_and_consent_lead_to_the_redirect_uri_hop_by_hop() {
    let server = Server::start(authorization_server).await;
    let url = format!(
        "http://localhost:{}/authorize?client_id=c",
        server.address.port()
    );
    let (end, hops) = approved(&url, &[("user", "ann"), ("pw", "right")]).await;
    let callback = Request::new("GET", format!("{REDIRECT}?code=a%2fb&state=s"));
    assert_eq!(end.unwrap(), callback);
    let paths: Vec<String> = hops
        .iter()
        .map(|hop| {
            format!(
                "{} {}",
                hop.request.method,
                url::Url::parse(&hop.request.url).unwrap().path()
            )
        })
        .collect();
    assert_eq!(
        paths,
        [
            "GET /authorize",
            "GET /login",
            "POST /login",
            "GET /authorize",
            "POST /consent"
        ]
    );
    assert_eq!(hops[3].request.header_value("cookie"), Some("session=1"));
    let posted = &hops[4].request;
    assert_eq!(
        posted.header_value("origin"),
        Some(url.split("/authorize").next().unwrap())
    );
    assert_eq!(
        posted.header_value("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(posted.header_value("referer"), Some(&*hops[3].request.url));
}

#[tokio::test]
async fn who_logged_in_is_not_asked_again_by_an_approver_that_remembers_it() {
    let server = Server::start(authorization_server).await;
    let memory = BrowserMemory::default();
    let form = [("user", "ann"), ("pw", "right")].map(|(name, value)| (name.into(), value.into()));
    for (form, requests) in [(form.to_vec(), 5), (Vec::new(), 2)] {
        let mut hops = 0;
        let approver = Approver::new(wire(), form);
        let mut approver = approver.remembering(memory.clone());
        let url = format!("http://localhost:{}/authorize", server.address.port());
        let mut on_hop = |_| hops += 1;
        let end = approver.approve(&url, REDIRECT, &mut on_hop);
        within(end).await.unwrap();
        assert_eq!(hops, requests);
    }
}

#[tokio::test]
async fn what_is_typed_is_for_the_same_origin_in_all_that_is_remembered() {
    let [first, second] = [
        Server::start(authorization_server).await,
        Server::start(authorization_server).await,
    ];
    let memory = BrowserMemory::default();
    let form = [("user", "ann"), ("pw", "right")].map(|(name, value)| (name.into(), value.into()));
    for (host, server, may) in [("localhost", &first, true), ("127.0.0.1", &second, false)] {
        let url = format!("http://{host}:{}/authorize", server.address.port());
        let approver = Approver::new(wire(), form.to_vec());
        let mut approver = approver.remembering(memory.clone());
        let end = within(approver.approve(&url, REDIRECT, &mut |_| {})).await;
        assert_eq!(end.is_ok(), may, "{end:?}");
    }
}

#[tokio::test]
async fn a_login_that_fails_is_not_tried_for_ever() {
    let server = Server::start(authorization_server).await;
    let (end, hops) = approved(
        &server.url("/authorize?code=hush"),
        &[("user", "ann"), ("pw", "wrong")],
    )
    .await;
    let stuck = end.unwrap_err();
    assert!(stuck.why.contains("came back"), "{stuck}");
    assert!(
        !stuck.to_string().contains("hush") && !stuck.to_string().contains("wrong"),
        "{stuck}"
    );
    assert!(hops.len() < 6);
    let (end, _) = approved(&server.url("/authorize"), &[]).await;
    let stuck = end.unwrap_err();
    assert!(
        stuck.why.contains("`pw`") && stuck.status == Some(200),
        "{stuck}"
    );
}

#[tokio::test]
async fn every_dead_end_has_its_reason() {
    let closed = format!("http://{}/", closed_port());
    let server = Server::start(move |request| {
        let line = request.lines().next().unwrap();
        match line.split(' ').nth(1).unwrap() {
            "/loop" => redirect("/loop"),
            "/script" => redirect("javascript:alert(1)"),
            "/file" => redirect("file:///etc/passwd"),
            "/app" => redirect("com.example.app:/callback?code=a"),
            "/no-location" => Reply::Then(b"HTTP/1.1 302 x\r\ncontent-length: 0\r\n\r\n".to_vec()),
            "/json" => Reply::Then(
                b"HTTP/1.1 400 x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
                    .to_vec(),
            ),
            "/text" => page(500, "<title>Oops</title>Internal error"),
            "/script-form" => page(
                200,
                "<form action='javascript:x'><button>OK</button></form>",
            ),
            "/closed" => redirect(&closed),
            "/near" => redirect("http://127.0.0.1:4000/callback/other?code=a"),
            _ => page(404, "nothing"),
        }
    })
    .await;
    for (path, why) in [
        ("/loop", "more than 20"),
        ("/script", "scheme javascript"),
        ("/file", "scheme file"),
        ("/app", "scheme com.example.app"),
        ("/no-location", "without location"),
        ("/json", "neither a redirect nor an HTML page"),
        ("/text", "\"Oops\" has no form"),
        ("/script-form", "scheme javascript"),
        ("/closed", "refused the connection"),
        ("/near", "127.0.0.1:4000"),
    ] {
        let (end, hops) = approved(&server.url(path), &[]).await;
        let stuck = end.unwrap_err();
        assert!(stuck.to_string().contains(why), "{path}: {stuck}");
        assert!(!hops.is_empty() && hops.len() <= 20);
    }
    let (end, hops) = approved("not a url", &[]).await;
    assert!(
        end.unwrap_err()
            .why
            .contains("expected an absolute http or https URL")
    );
    assert!(matches!(hops[0].outcome, Outcome::Failure(_)));
}

#[tokio::test]
async fn a_307_keeps_the_form_and_a_form_post_answer_arrives_as_the_form() {
    let server = Server::start(|request| match request.lines().next().unwrap() {
        "GET /form HTTP/1.1" => page(
            200,
            "<form method=post action=/moved><input name=a value=1></form>",
        ),
        "POST /moved HTTP/1.1" => {
            Reply::Then(b"HTTP/1.1 307 x\r\nlocation: /answer\r\ncontent-length: 0\r\n\r\n".to_vec())
        }
        "POST /answer HTTP/1.1" if request.ends_with("\r\n\r\na=1") => page(
            200,
            &format!(
                "<body onload=\"document.forms[0].submit()\"><form method=post action=\"{REDIRECT}\">\
                 <input type=hidden name=code value=\"x y\"><input type=hidden name=state value=s></form>"
            ),
        ),
        _ => page(404, "nothing"),
    })
    .await;
    let (end, hops) = approved(&server.url("/form"), &[]).await;
    let origin = server.url("");
    let callback = Request::new("POST", REDIRECT)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", origin)
        .body("code=x+y&state=s");
    assert_eq!(end.unwrap(), callback);
    assert_eq!(hops.len(), 3);
}

#[tokio::test]
async fn a_callback_is_delivered_to_the_listener_when_asked_to() {
    let listener = CallbackListener::open(&CallbackSettings::default()).unwrap();
    let redirect_uri = listener.redirect_uri().to_string();
    let to = redirect_uri.clone();
    let server = Server::start(move |_| redirect(&format!("{to}?code=a"))).await;
    let waiting = tokio::spawn(listener.received(None));
    let mut hops: Vec<Request> = Vec::new();
    let mut approver = Approver::new(wire(), Vec::new()).deliver(true);
    let url = server.url("/authorize");
    let end =
        within(approver.approve(&url, &redirect_uri, &mut |sent| hops.push(sent.request))).await;
    assert_eq!(end.unwrap().url, format!("{redirect_uri}?code=a"));
    assert_eq!(hops.len(), 2);
    let received = within(waiting).await.unwrap().unwrap();
    assert_eq!(received.request.url, hops[1].url);
}

#[tokio::test]
async fn a_form_is_delivered_to_the_listener_that_waits_for_one() {
    let settings = CallbackSettings {
        method: CallbackMethod::FormPost,
        ..CallbackSettings::default()
    };
    let listener = CallbackListener::open(&settings).unwrap();
    let redirect_uri = listener.redirect_uri().to_string();
    let form = format!(
        "<form method=post action=\"{redirect_uri}\"><input type=hidden name=code value=a>\
         <input type=hidden name=state value=right></form>"
    );
    let server = Server::start(move |_| page(200, &form)).await;
    let waiting = tokio::spawn(listener.received(Some(Secret::new("right"))));
    let mut approver = Approver::new(wire(), Vec::new()).deliver(true);
    let url = server.url("/authorize");
    let sent = within(approver.approve(&url, &redirect_uri, &mut |_| {}))
        .await
        .unwrap();
    let received = within(waiting).await.unwrap().unwrap();
    assert!(received.state_matches);
    assert_eq!(received.request.body, sent.body);
    assert_eq!(received.request.body.text(), Some("code=a&state=right"));
}

/// A login page at one origin, and what another origin does to get what was typed in there.
async fn two_origins(login: &'static str, posted: fn(&str) -> Reply) -> (Server, Server) {
    let thief = Server::start(|request| {
        if request.starts_with("GET /steal") {
            return page(
                200,
                "<form method=post><input type=password name=pw><button>OK</button></form>",
            );
        }
        redirect(&format!("{REDIRECT}?code=a&state=s"))
    })
    .await;
    let elsewhere = thief.url("");
    let server = Server::start(move |request| {
        if request.starts_with("POST ") {
            return posted(&elsewhere);
        }
        page(200, &login.replace("ELSEWHERE", &elsewhere))
    })
    .await;
    (server, thief)
}

#[tokio::test]
async fn what_was_typed_in_goes_to_no_other_origin_than_asked_first() {
    const LOGIN: &str = "<form method=post><input name=user><input type=password name=pw><button>Sign in</button></form>";
    const POSTS_ELSEWHERE: &str = "<form method=post action='ELSEWHERE/login'><input type=password name=pw><button>OK</button></form>";
    const GETS_ELSEWHERE: &str =
        "<form action='ELSEWHERE/login'><input type=password name=pw><button>OK</button></form>";
    let kept = |elsewhere: &str| {
        let head = format!("HTTP/1.1 307 x\r\nlocation: {elsewhere}/login\r\n");
        Reply::Then(format!("{head}content-length: 0\r\n\r\n").into())
    };
    let asked_again = |elsewhere: &str| redirect(&format!("{elsewhere}/steal"));
    for (login, posted) in [
        (LOGIN, kept as fn(&str) -> Reply),
        (LOGIN, asked_again),
        (POSTS_ELSEWHERE, kept),
        (GETS_ELSEWHERE, kept),
    ] {
        for password in ["right-password", "pw+/ =&%41", "x"] {
            let (server, mut thief) = two_origins(login, posted).await;
            let (end, hops) =
                approved(&server.url("/"), &[("user", "ann"), ("pw", password)]).await;
            let stuck = end.unwrap_err();
            let (own, other) = (server.url(""), thief.url(""));
            assert!(
                stuck.why.contains(&format!("is for {own} only"))
                    && stuck.why.contains(&format!("carry it to {other}"))
                    && stuck.why.starts_with("the value for the field `"),
                "{}",
                stuck.why
            );
            assert!(!stuck.why.contains("right-password"), "{}", stuck.why);
            let last = failure(hops.last().unwrap());
            assert_eq!(last.kind, FailureKind::ForeignOrigin);
            drop(server);
            while let Some(request) = thief.received_so_far() {
                assert!(request.starts_with("GET /steal "), "{request}");
            }
        }
    }
}

#[tokio::test]
async fn what_a_page_offers_and_a_device_code_go_where_the_page_says() {
    let consent = Server::start(|request| {
        let body = request.split("\r\n\r\n").nth(1).unwrap();
        if request.starts_with("POST ") {
            assert_eq!(body, "code=ABCD&decision=allow");
            return redirect(&format!("{REDIRECT}?code=a&state=s"));
        }
        page(
            200,
            "<form method=post><input name=code><button name=decision value=deny>No</button>\
             <button name=decision value=allow>Yes</button></form>",
        )
    })
    .await;
    let next = consent.url("/consent");
    let login = Server::start(move |request| {
        if request.starts_with("POST ") {
            return redirect(&next);
        }
        page(
            200,
            "<form method=post><input type=password name=pw><button>OK</button></form>",
        )
    })
    .await;
    let form = [("pw", "right"), ("decision", "allow")];
    let form = form
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec();
    let mut approver = Approver::new(wire(), form).code("code", "ABCD");
    let end = within(approver.approve(&login.url("/"), REDIRECT, &mut |_| {})).await;
    assert_eq!(end.unwrap().url, format!("{REDIRECT}?code=a&state=s"));
}
