//! What a person sees at the authorization endpoint: the login and consent page, and the error
//! page.
//!
//! Nothing is fetched, and no script runs but the one line that posts an answer. Every word that
//! came from a client is escaped.

use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::Response;
use url::Url;

use super::authorization::Authorization;
use super::clients::Client;
use crate::jwt::random_text;
use crate::web::{answer, no_store, set};

/// The page that asks to log in and to approve.
pub(super) struct Consent<'a> {
    pub(super) authorization: &'a Authorization,
    pub(super) client: Option<&'a Client>,
    /// Where the form goes.
    pub(super) action: &'a str,
    /// The hidden field that finds the request again: name and value.
    pub(super) hidden: (&'a str, &'a str),
    /// The redirect URI, where there is one.
    pub(super) sent_back_to: Option<&'a str>,
    /// User name and password that the form comes with.
    pub(super) login: (&'a str, &'a str),
    /// What the field for a second factor comes with, where one is wanted.
    pub(super) one_time_code: Option<&'a str>,
    pub(super) notice: Option<&'a str>,
}

impl Consent<'_> {
    pub(super) fn response(&self, status: StatusCode) -> Response {
        let authorization = self.authorization;
        let name = self
            .client
            .and_then(|client| client.name.as_deref())
            .unwrap_or("A client without a name");
        let resources: Vec<String> = authorization
            .resources
            .iter()
            .map(|resource| escape(resource))
            .collect();
        let mut about = format!(
            "<dt>Client</dt><dd><code>{}</code></dd>",
            escape(&authorization.client_id)
        );
        if let Some(redirect_uri) = self.sent_back_to {
            let redirect_uri = escape(redirect_uri);
            about.push_str(&format!(
                "<dt>Sent back to</dt><dd><code>{redirect_uri}</code></dd>"
            ));
        }
        let second_factor = self.one_time_code.map(|code| {
            format!(
                "<label>One-time code<input name=\"one_time_code\" value=\"{}\" inputmode=\"numeric\" \
                 autocomplete=\"off\" required></label>",
                escape(code)
            )
        });
        let body = format!(
            "<h1>{name} wants access</h1>\
             <p class=\"lead\">to <code>{resources}</code></p>\
             {notice}\
             <ul>{wishes}</ul>\
             <form method=\"post\" action=\"{action}\">\
             <input type=\"hidden\" name=\"{hidden}\" value=\"{value}\">\
             <label>User name<input name=\"username\" value=\"{user}\" autocomplete=\"off\" required></label>\
             <label>Password<input type=\"password\" name=\"password\" value=\"{password}\" \
             autocomplete=\"off\" required></label>{second_factor}\
             <div class=\"buttons\">\
             <button type=\"submit\" name=\"decision\" value=\"approve\" class=\"primary\">Approve</button>\
             <button type=\"submit\" name=\"decision\" value=\"deny\" formnovalidate>Deny</button>\
             </div></form><dl>{about}</dl>",
            name = escape(name),
            resources = resources.join("</code>, <code>"),
            notice = notice(self.notice),
            wishes = wishes(authorization),
            action = self.action,
            second_factor = second_factor.unwrap_or_default(),
            hidden = self.hidden.0,
            value = escape(self.hidden.1),
            user = escape(self.login.0),
            password = escape(self.login.1),
        );
        page(
            status,
            "Approve access",
            &body,
            self.sent_back_to.unwrap_or_default(),
            None,
        )
    }
}

/// The page whose form the browser posts to the client at once (OAuth 2.0 Form Post Response Mode,
/// section 2).
pub(super) fn posted(redirect_uri: &str, fields: &[(&str, &str)]) -> Response {
    let inputs: String = fields
        .iter()
        .map(|(name, value)| {
            format!(
                "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
                escape(name),
                escape(value)
            )
        })
        .collect();
    let body = format!(
        "<h1>Back to the client</h1><p class=\"lead\">Your browser is sending the answer.</p>\
         <form method=\"post\" action=\"{}\">{inputs}<div class=\"buttons\">\
         <button type=\"submit\" class=\"primary\">Continue</button></div></form>",
        escape(redirect_uri)
    );
    let script = "document.forms[0].submit()";
    page(
        StatusCode::OK,
        "Back to the client",
        &body,
        redirect_uri,
        Some(script),
    )
}

/// The page that asks for the code that a device shows (RFC 8628 section 3.3).
pub(super) fn enter_code(status: StatusCode, text: Option<&str>) -> Response {
    let body = format!(
        "<h1>Connect a device</h1><p class=\"lead\">Enter the code that the device shows.</p>{}\
         <form method=\"get\" action=\"/device\">\
         <label>Code<input name=\"user_code\" value=\"\" autocomplete=\"off\" autocapitalize=\"characters\" \
         spellcheck=\"false\" required></label>\
         <div class=\"buttons\"><button type=\"submit\" class=\"primary\">Continue</button></div></form>",
        notice(text)
    );
    page(status, "Connect a device", &body, "", None)
}

/// The page after a person decided about a device.
pub(super) fn decided(approved: bool) -> Response {
    let (title, text) = if approved {
        (
            "The device is connected",
            "You can close this page and go back to it.",
        )
    } else {
        (
            "The device is not connected",
            "You said no. You can close this page.",
        )
    };
    let body = format!("<h1>{title}</h1><p class=\"lead\">{text}</p>");
    page(StatusCode::OK, title, &body, "", None)
}

/// The page for a request that cannot be sent back to its client.
pub(super) fn refused(text: &str) -> Response {
    let body = format!(
        "<h1>This request cannot be answered</h1>{}\
         <p class=\"lead\">Nothing was sent back to the client, because it is not certain where that is.</p>",
        notice(Some(text))
    );
    page(StatusCode::BAD_REQUEST, "Request refused", &body, "", None)
}

fn page(
    status: StatusCode,
    title: &str,
    body: &str,
    redirect_uri: &str,
    script: Option<&str>,
) -> Response {
    let nonce = random_text();
    let (run, may_run) = match script {
        Some(script) => (
            format!("<script nonce=\"{nonce}\">{script}</script>"),
            format!(" script-src 'nonce-{nonce}';"),
        ),
        None => Default::default(),
    };
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} · Authscope lab</title><style nonce=\"{nonce}\">{STYLE}</style></head>\
         <body><main><p class=\"brand\"><span>Authscope lab</span> authorization server</p>{body}\
         <p class=\"foot\">A lab on this machine: no real account, nothing leaves it.</p>\
         </main>{run}</body></html>\n"
    );
    let mut response = no_store(answer(status, "text/html; charset=utf-8", html));
    let headers = response.headers_mut();
    // A browser applies form-action to the redirects after the form too, so the callback's scheme
    // has to be in it.
    let scheme = Url::parse(redirect_uri)
        .map(|url| format!(" {}:", url.scheme()))
        .unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}';{may_run} form-action 'self'{scheme}; base-uri 'none'; \
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

fn notice(text: Option<&str>) -> String {
    text.map(|text| format!("<p class=\"notice\" role=\"alert\">✕ {}</p>", escape(text)))
        .unwrap_or_default()
}

/// What is asked for, as list items: the scopes, and the authorization details as they came.
fn wishes(authorization: &Authorization) -> String {
    let item = |name: &str, text: &str| {
        format!(
            "<li><code>{}</code><span>{}</span></li>",
            escape(name),
            escape(text)
        )
    };
    let scopes = authorization
        .scope
        .iter()
        .map(|scope| item(scope, meaning(scope)));
    let details = authorization
        .details
        .iter()
        .flat_map(|details| details.as_array().into_iter().flatten());
    let details = details.map(|detail| {
        item(
            detail["type"].as_str().unwrap_or_default(),
            &detail.to_string(),
        )
    });
    scopes.chain(details).collect()
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
        assert_eq!(
            escape("<a href='x'>\"&"),
            "&lt;a href=&#39;x&#39;&gt;&quot;&amp;"
        );
    }
}
