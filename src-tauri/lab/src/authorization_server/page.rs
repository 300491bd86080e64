//! What a person sees at the authorization endpoint: the login and consent page, and the error page.
//!
//! Nothing is fetched and no script runs. Every word that came from a client is escaped.

use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::Response;
use url::Url;

use super::clients::Client;
use super::store::Requested;
use crate::jwt::random_text;
use crate::web::{answer, no_store, set};

/// The page that asks to log in and to approve. `transaction` is the hidden field that finds the request again.
pub(super) fn consent(
    status: StatusCode,
    requested: &Requested,
    client: Option<&Client>,
    transaction: &str,
    (user, password): (&str, &str),
    notice: Option<&str>,
) -> Response {
    let authorization = &requested.authorization;
    let name = client
        .and_then(|client| client.name.as_deref())
        .unwrap_or("A client without a name");
    let scopes: String = authorization
        .scope
        .iter()
        .map(|scope| {
            format!(
                "<li><code>{}</code><span>{}</span></li>",
                escape(scope),
                meaning(scope)
            )
        })
        .collect();
    let resources: Vec<String> = authorization
        .resources
        .iter()
        .map(|resource| escape(resource))
        .collect();
    let notice = notice.map(|text| format!("<p class=\"notice\" role=\"alert\">✕ {}</p>", escape(text)));
    let body = format!(
        "<h1>{name} wants access</h1>\
         <p class=\"lead\">to <code>{resources}</code></p>\
         {notice}\
         <ul>{scopes}</ul>\
         <form method=\"post\" action=\"/authorize/decision\">\
         <input type=\"hidden\" name=\"transaction\" value=\"{transaction}\">\
         <label>User name<input name=\"username\" value=\"{user}\" autocomplete=\"off\" required></label>\
         <label>Password<input type=\"password\" name=\"password\" value=\"{password}\" \
         autocomplete=\"off\" required></label>\
         <div class=\"buttons\">\
         <button type=\"submit\" name=\"decision\" value=\"approve\" class=\"primary\">Approve</button>\
         <button type=\"submit\" name=\"decision\" value=\"deny\" formnovalidate>Deny</button>\
         </div></form>\
         <dl><dt>Client</dt><dd><code>{client_id}</code></dd>\
         <dt>Sent back to</dt><dd><code>{redirect_uri}</code></dd></dl>",
        name = escape(name),
        resources = resources.join("</code>, <code>"),
        notice = notice.unwrap_or_default(),
        transaction = escape(transaction),
        user = escape(user),
        password = escape(password),
        client_id = escape(&authorization.client_id),
        redirect_uri = escape(&requested.redirect_uri),
    );
    page(status, "Approve access", &body, &requested.redirect_uri)
}

/// The page for a request that cannot be sent back to its client.
pub(super) fn refused(text: &str) -> Response {
    let body = format!(
        "<h1>This request cannot be answered</h1><p class=\"notice\" role=\"alert\">✕ {}</p>\
         <p class=\"lead\">Nothing was sent back to the client, because it is not certain where that is.</p>",
        escape(text)
    );
    page(StatusCode::BAD_REQUEST, "Request refused", &body, "")
}

fn page(status: StatusCode, title: &str, body: &str, redirect_uri: &str) -> Response {
    let nonce = random_text();
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} · Authscope lab</title><style nonce=\"{nonce}\">{STYLE}</style></head>\
         <body><main><p class=\"brand\"><span>Authscope lab</span> authorization server</p>{body}\
         <p class=\"foot\">A lab on this machine: no real account, nothing leaves it.</p>\
         </main></body></html>\n"
    );
    let mut response = no_store(answer(status, "text/html; charset=utf-8", html));
    let headers = response.headers_mut();
    // A browser applies form-action to the redirects after the form too, so the callback's scheme has to be in it.
    let scheme = Url::parse(redirect_uri)
        .map(|url| format!(" {}:", url.scheme()))
        .unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'{scheme}; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::X_FRAME_OPTIONS, "DENY");
    set(headers, header::REFERRER_POLICY, "no-referrer");
    response
}

fn meaning(scope: &str) -> &'static str {
    match scope {
        "mcp:read" => "list the tools and call those that change nothing",
        "mcp:write" => "call the tool that writes a note",
        "openid" => "know who you are",
        "profile" => "know your name",
        "email" => "know your e-mail address",
        "offline_access" => "keep the access while you are away",
        _ => "",
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

const STYLE: &str = "
:root{color-scheme:light dark;--ground:#f6f7f9;--pane:#fff;--line:#cfd5dd;--text:#171c22;--dim:#566172;
--accent:#2f5bea;--error:#c62a2f;--error-ground:#fdeaea}
@media(prefers-color-scheme:dark){:root{--ground:#0f1216;--pane:#14181e;--line:#323c49;--text:#e6eaf0;
--dim:#97a3b3;--accent:#3b6cf0;--error:#ff6b6b;--error-ground:#33181b}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--ground);
color:var(--text);font:14px/1.5 Inter,system-ui,sans-serif}
main{width:min(440px,100%);background:var(--pane);border:1px solid var(--line);border-radius:12px;padding:24px 28px}
.brand{margin:0 0 16px;color:var(--dim);font-size:12px}.brand span{color:var(--text);font-weight:600}
h1{margin:0 0 4px;font-size:20px;line-height:1.3;overflow-wrap:anywhere}
.lead{margin:0 0 16px;color:var(--dim)}
code{font:12px/1.5 'JetBrains Mono',ui-monospace,monospace;overflow-wrap:anywhere}
.notice{margin:12px 0 16px;padding:8px 12px;border-radius:8px;background:var(--error-ground);color:var(--error)}
ul{list-style:none;margin:0 0 20px;padding:0;border-top:1px solid var(--line)}
li{display:flex;gap:12px;padding:8px 0;border-bottom:1px solid var(--line)}
li code{flex:0 0 108px;padding-top:1px}li span{color:var(--dim)}
label{display:block;margin-bottom:12px;color:var(--dim);font-size:12px}
input{display:block;width:100%;margin-top:4px;padding:8px 10px;border:1px solid var(--line);border-radius:8px;
background:var(--ground);color:var(--text);font:inherit;font-size:14px}
.buttons{display:flex;gap:8px;margin-top:20px}
button{flex:1;padding:9px 16px;border:1px solid var(--line);border-radius:8px;background:transparent;
color:var(--text);font:inherit;font-weight:600;cursor:pointer}
button.primary{flex:2;border-color:var(--accent);background:var(--accent);color:#fff}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
dl{display:grid;grid-template-columns:auto 1fr;gap:4px 12px;margin:20px 0 0;color:var(--dim);font-size:12px}
dd{margin:0}.foot{margin:16px 0 0;color:var(--dim);font-size:12px}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_client_is_markup() {
        assert_eq!(escape("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
    }
}
