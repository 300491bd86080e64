//! An MCP server whose authorization server is a proxy: it sends the browser on to an identity
//! provider behind it, of another site, with a client of its own.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use trace::with_query;

/// In every secret here.
pub const MARK: &str = "sentinel";
/// As a person types it: it looks different in a form, a page and a URL.
pub const PASSWORD: &str = "sentinel hunter2 & <co>";
const COOKIE: &str = "session=sentinel-cookie; Path=/; HttpOnly; SameSite=Lax";
const TENANT: &str = "seen=sentinel-tenant; Secure";

/// What the identity provider does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Upstream {
    /// The page fills itself in; the first attempt is refused.
    LogsIn,
    /// The page waits for a person.
    Waits,
    /// It does not know the proxy's redirect URI.
    Refuses,
}

pub struct Servers {
    pub mcp: String,
    pub provider: String,
}

pub async fn start(upstream: Upstream) -> Servers {
    let (own, own_at) = listen("127.0.0.1").await;
    // Another site to a browser: its pages are in another process.
    let (providers, provider_at) = listen("localhost").await;
    serve(own, proxy(&own_at, &provider_at));
    serve(providers, provider(upstream));
    Servers {
        mcp: format!("{own_at}/mcp"),
        provider: provider_at,
    }
}

async fn listen(host: &str) -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await;
    let listener = listener.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    (listener, format!("http://{host}:{port}"))
}

fn serve(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}

type Sent = Query<Vec<(String, String)>>;

fn value(sent: &Sent, name: &str) -> String {
    let found = sent.0.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

fn redirect(to: &str, cookies: &[&str]) -> Response {
    let mut answer = (StatusCode::FOUND, [(header::LOCATION, to)]).into_response();
    for cookie in cookies {
        let value = cookie.parse().expect("it is a header's value");
        answer.headers_mut().append(header::SET_COOKIE, value);
    }
    answer
}

fn proxy(own: &str, provider: &str) -> Router {
    let resource = json!({"resource": format!("{own}/mcp"), "authorization_servers": [own]});
    let metadata = json!({
        "issuer": own, "authorization_endpoint": format!("{own}/authorize"),
        "token_endpoint": format!("{own}/token"), "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
    });
    let token = json!({"access_token": "sentinel-token", "token_type": "Bearer", "expires_in": 60});
    // Where the client is to be sent at the end, with its state.
    let asked: Arc<Mutex<(String, String)>> = Arc::default();
    let there = with_query(
        &format!("{provider}/oauth/authorize"),
        [
            ("response_type", "code"),
            ("client_id", "the-proxy"),
            ("redirect_uri", &format!("{own}/auth/callback")),
            ("state", "sentinel-upstream-state"),
        ],
    );
    let keeps = asked.clone();
    let authorize = move |sent: Sent| {
        let client = (value(&sent, "redirect_uri"), value(&sent, "state"));
        *keeps.lock().expect("nobody panics with it") = client;
        let answer = redirect(&there, &["proxy=sentinel-proxy; HttpOnly"]);
        async { answer }
    };
    let called_back = move |_: Sent| {
        let (uri, state) = asked.lock().expect("nobody panics with it").clone();
        let code = [("code", "sentinel-code"), ("state", state.as_str())];
        let answer = redirect(&with_query(&uri, code), &[]);
        async { answer }
    };
    let challenge =
        format!("Bearer resource_metadata=\"{own}/.well-known/oauth-protected-resource/mcp\"");
    Router::new()
        .route(
            "/.well-known/oauth-protected-resource/mcp",
            get(async || Json(resource)),
        )
        .route(
            "/.well-known/oauth-authorization-server",
            get(async || Json(metadata)),
        )
        .route("/authorize", get(authorize))
        .route("/auth/callback", get(called_back))
        .route(
            "/token",
            post(async || ([(header::CACHE_CONTROL, "no-store")], Json(token))),
        )
        .route(
            "/mcp",
            any(move |headers: HeaderMap, sent: String| mcp(headers, challenge.clone(), sent)),
        )
}

async fn mcp(headers: HeaderMap, challenge: String, sent: String) -> Response {
    if !headers.contains_key(header::AUTHORIZATION) {
        let challenge = [(header::WWW_AUTHENTICATE, challenge)];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    }
    let sent: Value = serde_json::from_str(&sent).unwrap_or_default();
    if sent["method"] == "server/discover" {
        let unknown = json!({"code": -32601, "message": "Method not found"});
        return Json(json!({"jsonrpc": "2.0", "id": sent["id"], "error": unknown})).into_response();
    }
    let answer: Value = json!({"jsonrpc": "2.0", "id": sent["id"], "result": {
        "protocolVersion": "2025-11-25", "tools": [], "capabilities": {"tools": {}},
        "serverInfo": {"name": "any", "version": "1"},
    }});
    Json(answer).into_response()
}

fn provider(upstream: Upstream) -> Router {
    let asked: Arc<Mutex<String>> = Arc::default();
    let keeps = asked.clone();
    let authorize = move |sent: Sent| {
        let code = [
            ("code", "sentinel-upstream-code"),
            ("state", &*value(&sent, "state")),
        ];
        let back = with_query(&value(&sent, "redirect_uri"), code);
        *keeps.lock().expect("nobody panics with it") = back;
        async move {
            match upstream {
                Upstream::LogsIn => login("Welcome", true).into_response(),
                Upstream::Waits => login("Welcome", false).into_response(),
                Upstream::Refuses => {
                    let said = Html("<h1>Error 400: redirect_uri_mismatch</h1>");
                    (StatusCode::BAD_REQUEST, said).into_response()
                }
            }
        }
    };
    let tries = Arc::new(AtomicU32::new(0));
    let entered = move |form: String| {
        let first = tries.fetch_add(1, Ordering::Relaxed) == 0;
        let back = asked.lock().expect("nobody panics with it").clone();
        async move {
            if !form.contains("sentinel+hunter2+%26+%3Cco%3E") {
                return (StatusCode::BAD_REQUEST, "no password").into_response();
            }
            if first {
                let typed = PASSWORD.replace('&', "&amp;").replace('<', "&lt;");
                let page = login(&format!("{typed} is wrong"), true);
                return (StatusCode::UNAUTHORIZED, page).into_response();
            }
            redirect(&back, &[COOKIE, TENANT])
        }
    };
    Router::new()
        .route("/oauth/authorize", get(authorize))
        .route("/login", post(entered))
}

/// A page that logs in as a person does, by its form; or one that waits for a person.
fn login(said: &str, alone: bool) -> Html<String> {
    // Before it is typed nobody knows it for a password.
    let backwards: String = PASSWORD.chars().rev().collect();
    let script = format!(
        "<script>const form = document.forms[0];
         form.word.value = {backwards:?}.split('').reverse().join('');
         form.querySelector('button').click();</script>"
    );
    let script = if alone { script } else { String::new() };
    Html(format!(
        "<p>{said}</p><form method=post action=/login><input name=user value=ann>
         <input name=word type=password><button>Log in</button></form>{script}"
    ))
}
