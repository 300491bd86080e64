//! A real browser at pages of this test, which log in by themselves.
//!
//! `cargo xtask test --only watch` runs it, where there is one.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use browser::{Hop, NotWatched, Seen, Settings, Watch};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use trace::{Outcome, Recorded};

const PASSWORD: &str = "sentinel hunter2 & <co>";

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

async fn servers(upstream_fails: bool) -> Servers {
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
            if upstream_fails {
                let said = "<h1>Error 400</h1>redirect_uri_mismatch";
                return (StatusCode::BAD_REQUEST, Html(said)).into_response();
            }
            login_page("Welcome").into_response()
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

/// A folder of the test's own for profiles.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("watch-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn is_empty(&self) -> bool {
        std::fs::read_dir(&self.0).unwrap().next().is_none()
    }

    /// The browser itself; the processes that it starts say of which type they are.
    fn browser(&self) -> u32 {
        let mut own = self.lines().filter(|(_, line)| {
            let helper = line.contains("--type=") || line.contains("crashpad");
            !helper && line.contains("--user-data-dir=")
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
        above: above.to_owned(),
        headless: true,
        ..Settings::of_environment(1 << 20)
    }
}

async fn open(folder: &Folder, servers: &Servers) -> Watch {
    let url = format!("{}/authorize", servers.proxy);
    let settings = settings(&folder.0);
    let open = Watch::open(&settings, &url, &servers.redirect_uri);
    within(open).await.unwrap()
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, what).await.expect("in time")
}

fn response(hop: &Hop) -> &trace::Response {
    match &hop.outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => panic!("{failure:?}"),
    }
}

#[tokio::test]
async fn a_login_at_the_provider_behind_is_seen_and_no_password_is() {
    let folder = Folder::new("chain");
    let mut servers = servers(false).await;
    let mut watch = open(&folder, &servers).await;
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

#[tokio::test]
async fn an_error_page_of_the_provider_behind_is_kept_with_its_words() {
    let folder = Folder::new("error");
    let servers = servers(true).await;
    let mut watch = open(&folder, &servers).await;
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

    // Whoever drops it, in whatever state it is, leaves nothing behind.
    drop(watch);
    assert!(folder.is_empty(), "the profile is left");
    within(async {
        while !folder.processes().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_browser_that_is_closed_is_noticed() {
    let folder = Folder::new("closed");
    let servers = servers(true).await;
    let mut watch = open(&folder, &servers).await;
    let process = folder.browser().to_string();
    let mut kill = std::process::Command::new("sh");
    kill.args(["-c", "kill -KILL \"$0\"", &process]);
    assert!(kill.status().unwrap().success());
    within(async { while !matches!(watch.next().await, Some(Seen::Closed)) {} }).await;
    within(watch.end()).await;
    assert!(folder.is_empty());
}

#[tokio::test]
async fn without_a_browser_it_is_said() {
    let folder = Folder::new("none");
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
