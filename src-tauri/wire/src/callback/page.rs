//! The page the browser shows. It has no script, loads nothing, and shows a server's words as text
//! only.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tiny_http::StatusCode;
use trace::{Body, Header, Pair, Response};

const STYLE: &str = ":root{color-scheme:light dark;--back:#f6f7f9;--card:#fff;--edge:#d9dde3;--text:#1b1f24;--soft:#59636e;--good:#1a7f5a;--bad:#b3372f}\
@media(prefers-color-scheme:dark){:root{--back:#14171b;--card:#1c2026;--edge:#323943;--text:#e8ebef;--soft:#9aa5b1;--good:#4cc38a;--bad:#ff8f86}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--back);color:var(--text);font:16px/1.5 system-ui,sans-serif}\
main{width:100%;max-width:34rem;padding:32px;background:var(--card);border:1px solid var(--edge);border-top:4px solid var(--good);border-radius:8px}\
main.bad{border-top-color:var(--bad)}\
h1{margin:0 0 8px;font-size:1.375rem;line-height:1.3}\
p{margin:8px 0 0;color:var(--soft)}\
pre{margin:16px 0 0;padding:12px;border:1px solid var(--edge);border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;font:.875rem/1.5 ui-monospace,monospace}\
footer{margin-top:24px;color:var(--soft);font-size:.8125rem}";

/// The four things a page can say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Page<'a> {
    Done,
    /// `state` is not the one that was sent: nothing else in the request is believed, or shown.
    ForeignState,
    Error {
        error: &'a str,
        description: Option<&'a str>,
    },
    /// Neither `code` nor `error`.
    Nothing,
}

impl<'a> Page<'a> {
    pub(super) fn of(pairs: &'a [Pair], state_matches: bool) -> Self {
        let value = |name: &str| {
            let pair = pairs.iter().find(|pair| pair.name == name)?;
            Some(pair.value.as_str())
        };
        if !state_matches {
            return Self::ForeignState;
        }
        match (value("error"), value("code")) {
            (Some(error), _) => Self::Error {
                error,
                description: value("error_description"),
            },
            (None, Some(code)) if !code.is_empty() => Self::Done,
            _ => Self::Nothing,
        }
    }
}

pub(super) fn page(page: &Page<'_>) -> Response {
    match page {
        Page::Done => html(
            200,
            "You can close this tab",
            "Authscope has received the answer and goes on from there.",
            None,
        ),
        Page::ForeignState => html(
            400,
            "This answer does not belong here",
            "Its state is not the one Authscope sent, so it may be the answer to another request. \
             Go back to Authscope to see more, and close this tab.",
            None,
        ),
        Page::Error { error, description } => {
            let mut said = (*error).to_string();
            if let Some(description) = description {
                let _ = write!(said, "\n{description}");
            }
            html(
                200,
                "The authorization server answered with an error",
                "Go back to Authscope to see more. You can close this tab.",
                Some(&said),
            )
        }
        Page::Nothing => html(
            400,
            "The answer is incomplete",
            "It carries neither a code nor an error. Go back to Authscope to see more, and close this tab.",
            None,
        ),
    }
}

/// A short answer to whatever is not the callback.
pub(super) fn refusal(status: u16, text: &str) -> Response {
    respond(
        status,
        "text/plain; charset=utf-8",
        "default-src 'none'",
        text.into(),
    )
}

/// Status line and headers as they are sent.
pub(super) fn head(response: &Response) -> String {
    let reason = StatusCode(response.status).default_reason_phrase();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", response.status);
    for header in &response.headers {
        let _ = write!(head, "{}: {}\r\n", header.name, header.value);
    }
    head + "\r\n"
}

/// The answer to every method but one.
pub(super) fn not_allowed(allowed: &str) -> Response {
    let mut response = refusal(405, &format!("Only {allowed} is answered here."));
    response.headers.push(Header::new("allow", allowed));
    response
}

fn html(status: u16, title: &str, text: &str, said: Option<&str>) -> Response {
    let class = if status == 200 && said.is_none() {
        "good"
    } else {
        "bad"
    };
    let said = said
        .map(|said| format!("<pre>{}</pre>", escaped(said)))
        .unwrap_or_default();
    let body = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title} - Authscope</title>\
         <style>{STYLE}</style></head><body><main class=\"{class}\"><h1>{title}</h1><p>{text}</p>{said}\
         <footer>Authscope</footer></main></body></html>\n"
    );
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(STYLE))
    );
    respond(status, "text/html; charset=utf-8", &policy, body)
}

fn respond(status: u16, media: &str, policy: &str, body: String) -> Response {
    let headers = [
        ("content-type", media),
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        // The address holds the code.
        ("referrer-policy", "no-referrer"),
        ("connection", "close"),
    ];
    let mut headers: Vec<Header> = headers
        .into_iter()
        .map(|(name, value)| Header::new(name, value))
        .collect();
    headers.push(Header::new("content-length", body.len().to_string()));
    Response {
        status,
        headers,
        body: Body::new(body.into_bytes()),
    }
}

/// Text for an HTML page, at most some lines of it. Control characters and marks that turn the
/// reading direction are shown as the replacement character.
fn escaped(text: &str) -> String {
    const MOST: usize = 2_000;
    let mut out = String::with_capacity(text.len());
    for c in text.chars().take(MOST) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            c if c.is_control() => out.push('\u{fffd}'),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                out.push('\u{fffd}')
            }
            c => out.push(c),
        }
    }
    if text.chars().nth(MOST).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(query: &str, state_matches: bool) -> Response {
        page(&Page::of(&trace::pairs(query), state_matches))
    }

    #[test]
    fn the_page_says_what_happened_and_nothing_of_a_foreign_request() {
        for (query, state, status, title) in [
            ("code=a", true, 200, "You can close this tab"),
            ("code=a&error=x", true, 200, "answered with an error"),
            ("code=", true, 400, "incomplete"),
            ("", true, 400, "incomplete"),
            ("code=a", false, 400, "does not belong here"),
            ("error=hush", false, 400, "does not belong here"),
        ] {
            let response = shown(query, state);
            let text = response.body.text().unwrap();
            assert_eq!(response.status, status, "{query}");
            assert!(
                text.contains(title) && !text.contains("hush"),
                "{query}: {text}"
            );
        }
    }

    #[test]
    fn a_servers_words_are_never_markup() {
        let words = [
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "</pre></main><iframe src=//evil.example>",
            "'onload='x",
            "&lt;b&gt;\u{202e}\0",
        ];
        for word in words {
            let query = trace::encode_pairs([("error", word), ("error_description", word)]);
            let response = shown(&query, true);
            let text = response.body.text().unwrap();
            let said = text
                .split("<pre>")
                .nth(1)
                .unwrap()
                .split("</pre>")
                .next()
                .unwrap();
            assert!(
                !said.contains(['<', '>', '"', '\'', '\0', '\u{202e}']),
                "{said}"
            );
            let policy = response.header_value("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
        }
        let long = "x".repeat(100_000);
        assert!(shown(&format!("error={long}"), true).body.bytes.len() < 10_000);
    }
}
