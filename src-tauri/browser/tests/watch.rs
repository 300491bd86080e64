//! Real browsers at pages of this test, which log in by themselves.
//!
//! `cargo xtask test --only watch` runs it, where there are both.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use browser::{Hop, NotWatched, Part, Seen, Settings, Watch};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use trace::{Outcome, Recorded};

const PASSWORD: &str = "sentinel hunter2 & <co>";

/// The same in both families of browsers.
macro_rules! in_each {
    ($($test:ident),* $(,)?) => {
        mod in_chromium {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::program(&["chromium", "google-chrome"])).await;
            })*
        }
        mod in_firefox {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::program(&["firefox-esr", "firefox"])).await;
            })*
        }
    };
}

in_each!(
    a_login_at_the_provider_behind_is_seen_and_no_password_is,
    an_error_page_of_the_provider_behind_is_kept_with_its_words,
    a_browser_that_is_closed_is_noticed,
    what_frames_and_scripts_do_for_the_login_is_seen,
);

fn program(names: &[&str]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let mut places = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let found = places.find(|place| place.is_file());
    found.unwrap_or_else(|| panic!("none of {names:?} is installed"))
}

/// A proxy of an authorization server, the identity provider behind it, and the client.
struct Servers {
    proxy: String,
    redirect_uri: String,
    called_back: mpsc::UnboundedReceiver<String>,
}

async fn serve(router: impl FnOnce(&str) -> Router) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let router = router(&origin);
    tokio::spawn(async move { axum::serve(listener, router).await });
    origin
}

/// Logs in as a person does, through the page's own form.
fn login_page(said: &str) -> Html<String> {
    Html(format!(
        "<img src='/logo.png'><p>{said}</p><form method=post action='/login?next=%2Fdone'>\
         <input name=user value=ann><input name=secret_word type=password><input name=copy type=hidden>\
         <button>Log in</button></form><script>\
         const form = document.forms[0];\
         form.secret_word.value = {PASSWORD:?}; form.copy.value = {PASSWORD:?};\
         form.querySelector('button').click();</script>"
    ))
}

/// What the identity provider does.
#[derive(Clone, Copy, PartialEq)]
enum Upstream {
    LogsIn,
    Fails,
    /// In a frame of another site.
    LogsInWithin,
}

async fn servers(upstream: Upstream) -> Servers {
    let (called, called_back) = mpsc::unbounded_channel();
    let client = serve(|_| {
        let answer = move |uri: axum::http::Uri| {
            let _ = called.send(uri.to_string());
            async { Html("<p>You can close this.</p>") }
        };
        Router::new().route("/callback", get(answer))
    })
    .await;
    let redirect_uri = format!("{client}/callback");
    let back = format!("{redirect_uri}?code=abc&state=s");
    let widget = serve(|_| within_a_frame()).await;
    let widget = widget.replace("127.0.0.1", "localhost");
    let embeds = Html(format!(
        "<img src='/logo.png'><iframe src='{widget}/widget?response_type=code'></iframe>\
         <script>onmessage = () => location = {back:?};</script>"
    ));
    let idp = serve(|_| {
        let tries = Arc::new(AtomicU32::new(0));
        let login = move || {
            let first = tries.fetch_add(1, Ordering::Relaxed) == 0;
            let back = back.clone();
            async move {
                if first {
                    let said = format!(
                        "{} is wrong",
                        PASSWORD
                            .replace('&', "&amp;")
                            .replace('<', "&lt;")
                            .replace('>', "&gt;")
                    );
                    return (StatusCode::UNAUTHORIZED, login_page(&said)).into_response();
                }
                let cookie = (
                    header::SET_COOKIE,
                    "session=cookie-value; HttpOnly; SameSite=Lax",
                );
                let other = (header::SET_COOKIE, "seen=1");
                let to = Redirect::to(&back).into_response();
                let mut answer: Response = to;
                for (name, value) in [cookie, other] {
                    answer.headers_mut().append(name, value.parse().unwrap());
                }
                answer
            }
        };
        let first = move || async move {
            match upstream {
                Upstream::LogsIn => login_page("Welcome").into_response(),
                Upstream::LogsInWithin => embeds.into_response(),
                Upstream::Fails => {
                    let said = "<h1>Error 400</h1>redirect_uri_mismatch";
                    (StatusCode::BAD_REQUEST, Html(said)).into_response()
                }
            }
        };
        Router::new()
            .route("/authorize", get(first))
            .route("/login", post(login))
    })
    .await;
    let proxy = serve(|_| {
        let there = format!("{idp}/authorize?client_id=proxy&response_type=code");
        Router::new().route(
            "/authorize",
            get(move || async move { Redirect::to(&there) }),
        )
    })
    .await;
    Servers {
        proxy,
        redirect_uri,
        called_back,
    }
}

/// A login by script, and then by a form, which both are in a frame.
fn within_a_frame() -> Router {
    // Before it is typed nobody knows that it is a password.
    let backwards: String = PASSWORD.chars().rev().collect();
    let page = Html(format!(
        "<form method=post action=/entered><input name=word type=password><button>Go</button></form>\
         <script>onload = async () => {{
           const form = document.forms[0];
           form.word.value = {backwards:?}.split('').reverse().join('');
           form.word.dispatchEvent(new Event('change', {{bubbles: true}}));
           const body = JSON.stringify({{word: form.word.value}});
           for (const to of ['/api/wrong', '/api/right'])
             await fetch(to, {{method: 'POST', headers: {{'content-type': 'application/json'}}, body}});
           await fetch('/api/texts');
           form.querySelector('button').click();
         }};</script>"
    ));
    let wrong = move |sent: String| async move { (StatusCode::UNAUTHORIZED, sent) };
    let done = Html("<script>onload = () => parent.postMessage('done', '*')</script>");
    Router::new()
        .route("/widget", get(async move || page))
        .route("/api/wrong", post(wrong))
        .route("/api/right", post(async || r#"{"token":"sentinel-token"}"#))
        .route("/api/texts", get(async || "{}"))
        .route("/entered", post(async || Redirect::to("/done")))
        .route("/done", get(async move || done))
}

/// A folder of the test's own for profiles.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, program: &Path) -> Self {
        let with = program.file_name().unwrap().to_string_lossy();
        let name = format!("watch-{name}-{with}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn is_empty(&self) -> bool {
        std::fs::read_dir(&self.0).unwrap().next().is_none()
    }

    /// The browser itself; the processes that it starts say of which type they are.
    fn browser(&self) -> u32 {
        let mut own = self.lines().filter(|(_, line)| {
            let helpers = ["--type=", "crashpad", "-contentproc", "crashhelper"];
            !helpers.iter().any(|helper| line.contains(helper))
        });
        own.next().expect("it runs").0
    }

    /// The processes that were started for a profile in this folder.
    fn processes(&self) -> Vec<u32> {
        self.lines().map(|(id, _)| id).collect()
    }

    /// These processes with their command lines.
    fn lines(&self) -> impl Iterator<Item = (u32, String)> {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let ours = all.filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).into_owned();
            line.contains(self.0.to_str()?).then_some((id, line))
        });
        ours.collect::<Vec<_>>().into_iter()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn settings(above: &Path) -> Settings {
    Settings {
        program: None,
        above: above.to_owned(),
        headless: true,
        ..Settings::of_environment(1 << 20)
    }
}

async fn open(program: PathBuf, folder: &Folder, servers: &Servers) -> Watch {
    let url = format!("{}/authorize", servers.proxy);
    let settings = Settings {
        program: Some(program),
        ..settings(&folder.0)
    };
    let open = Watch::open(&settings, &url, &servers.redirect_uri);
    within(open).await.unwrap()
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(120);
    tokio::time::timeout(limit, what).await.expect("in time")
}

fn response(hop: &Hop) -> &trace::Response {
    match &hop.outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => panic!("{failure:?}"),
    }
}

async fn a_login_at_the_provider_behind_is_seen_and_no_password_is(program: PathBuf) {
    let folder = Folder::new("chain", &program);
    let mut servers = servers(Upstream::LogsIn).await;
    let mut watch = open(program, &folder, &servers).await;
    let called = within(servers.called_back.recv()).await.unwrap();
    assert_eq!(called, "/callback?code=abc&state=s");
    let hops = within(watch.end()).await;

    let ways: Vec<_> = hops
        .iter()
        .map(|hop| {
            let path = hop.request.url.split('/').next_back().unwrap();
            let path = path.split('?').next().unwrap();
            format!("{} {path} {}", hop.request.method, response(hop).status)
        })
        .collect();
    assert_eq!(
        ways,
        [
            "GET authorize 303",
            "GET authorize 200",
            "POST login 401",
            "POST login 303"
        ]
    );
    for hop in &hops {
        assert_eq!(hop.recorded.request_headers, Recorded::Whole);
        assert_eq!(hop.recorded.response_headers, Recorded::Whole);
        let all = format!(
            "{}{:?}{}",
            hop.request.url,
            hop.request.body.text(),
            response(hop).body.text().unwrap()
        );
        let echoed = response(hop).status == 401;
        assert!(!echoed || all.contains("not-recorded is wrong"), "{all}");
    }
    let posted = hops[2].request.body.text().unwrap();
    assert_eq!(
        posted,
        "user=ann&secret_word=not-recorded&copy=not-recorded"
    );
    let cookies: Vec<_> = response(&hops[3]).header_values("set-cookie").collect();
    assert_eq!(
        cookies,
        ["session=cookie-value; HttpOnly; SameSite=Lax", "seen=1"]
    );
    assert!(watch.left_out() >= 1, "the image");
    assert!(folder.is_empty(), "the profile is left");
    within(async {
        while !folder.processes().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn an_error_page_of_the_provider_behind_is_kept_with_its_words(program: PathBuf) {
    let folder = Folder::new("error", &program);
    let servers = servers(Upstream::Fails).await;
    let mut watch = open(program, &folder, &servers).await;
    let page = within(async {
        loop {
            match watch.next().await.expect("an error page") {
                Seen::Hop(hop) if response(&hop).status == 400 => return hop,
                Seen::Hop(_) => {}
                Seen::Closed => panic!("closed"),
            }
        }
    })
    .await;
    let text = response(&page).body.text().unwrap();
    assert!(text.contains("redirect_uri_mismatch"), "{text}");

    // Dropping it, in whatever state it is, leaves nothing behind.
    drop(watch);
    assert!(folder.is_empty(), "the profile is left");
    within(async {
        while !folder.processes().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn a_browser_that_is_closed_is_noticed(program: PathBuf) {
    let folder = Folder::new("closed", &program);
    let servers = servers(Upstream::Fails).await;
    let mut watch = open(program, &folder, &servers).await;
    let process = folder.browser().to_string();
    let mut kill = std::process::Command::new("sh");
    kill.args(["-c", "kill -KILL \"$0\"", &process]);
    assert!(kill.status().unwrap().success());
    within(async { while !matches!(watch.next().await, Some(Seen::Closed)) {} }).await;
    within(watch.end()).await;
    assert!(folder.is_empty());
}

async fn what_frames_and_scripts_do_for_the_login_is_seen(program: PathBuf) {
    let folder = Folder::new("within", &program);
    let mut servers = servers(Upstream::LogsInWithin).await;
    let mut watch = open(program, &folder, &servers).await;
    within(servers.called_back.recv()).await.unwrap();
    let mut hops = within(watch.end()).await;
    hops.sort_by_key(|hop| hop.started);
    let parts: Vec<_> = hops
        .iter()
        .map(|hop| {
            let url = url::Url::parse(&hop.request.url).unwrap();
            let (method, status) = (&hop.request.method, response(hop).status);
            format!("{:?}: {method} {} {status}", hop.part, url.path())
        })
        .collect();
    assert_eq!(
        parts,
        [
            "Page: GET /authorize 303",
            "Page: GET /authorize 200",
            "Frame: GET /widget 200",
            "Script: POST /api/wrong 401",
            "Script: POST /api/right 200",
            "Frame: POST /entered 303",
            "Frame: GET /done 200",
        ]
    );
    let all = format!("{hops:?}");
    let texts = hops.iter().flat_map(|hop| {
        [hop.request.body.text(), response(hop).body.text()].map(Option::unwrap_or_default)
    });
    for text in texts.chain([all.as_str()]) {
        assert!(
            !text.contains("hunter2") && !text.contains("sentinel"),
            "{text}"
        );
    }
    assert_eq!(hops[5].request.body.text(), Some("word=not-recorded"));
    assert_eq!(hops[4].recorded.response_body, Recorded::NotRecorded);
    assert_eq!(hops[4].part, Part::Script);
    assert!(watch.left_out() >= 2, "the image and the texts");
}

/// Its port is no secret on this machine; but the one session that it gives is taken.
#[tokio::test]
async fn firefox_takes_no_commands_from_another_program() {
    let program = program(&["firefox-esr", "firefox"]);
    let folder = Folder::new("other", &program);
    let servers = servers(Upstream::Fails).await;
    let mut watch = open(program, &folder, &servers).await;
    let profile = std::fs::read_dir(&folder.0).unwrap().next();
    let port = profile
        .unwrap()
        .unwrap()
        .path()
        .join("WebDriverBiDiServer.json");
    let port: serde_json::Value = serde_json::from_slice(&std::fs::read(port).unwrap()).unwrap();
    let stream = TcpStream::connect(format!("127.0.0.1:{}", port["ws_port"]));
    let url = format!("ws://127.0.0.1:{}/session", port["ws_port"]);
    let opened = tokio_tungstenite::client_async(url, stream.await.unwrap());
    let (mut socket, _) = within(opened).await.unwrap();
    for (method, params) in [
        ("session.new", r#"{"capabilities":{}}"#),
        ("browsingContext.getTree", "{}"),
    ] {
        let command = format!(r#"{{"id":1,"method":"{method}","params":{params}}}"#);
        socket.send(Message::text(command)).await.unwrap();
        let answer = within(socket.next()).await.unwrap().unwrap().into_text();
        let answer = answer.unwrap();
        assert!(answer.contains(r#""type":"error""#), "{method}: {answer}");
    }
    within(watch.end()).await;
}

#[tokio::test]
async fn without_a_browser_it_is_said() {
    let folder = Folder::new("none", Path::new("none"));
    let nowhere = Settings {
        folders: vec![folder.0.clone()],
        ..settings(&folder.0)
    };
    let error = Watch::open(&nowhere, "http://127.0.0.1:9/", "http://127.0.0.1:9/").await;
    let error = error.err().unwrap();
    assert!(matches!(error, NotWatched::NotInstalled), "{error}");

    // A program of the name that is not a browser.
    let fake = folder.0.join("chromium");
    std::fs::write(&fake, "#!/bin/sh\nexit 1\n").unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = Watch::open(&nowhere, "http://127.0.0.1:9/", "http://127.0.0.1:9/").await;
    let error = error.err().unwrap().to_string();
    assert_eq!(error, "chromium could not be started: it ended at once");
    std::fs::remove_file(fake).unwrap();
    assert!(folder.is_empty());
}
