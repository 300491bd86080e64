use trace::{Purpose, Response, StopCode};
use url::Url;

use crate::by_status::{Decided, by_status, looks_like_login};
use crate::finding::{Finding, Part};
use crate::providers::access_proxy;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::{MCP_ANSWER, MCP_ANSWER_2026, mcp_answer};
use crate::wording::{answer_in_words, excerpt, in_its_own_words, is_html, text_of_page};

rule! {
    /// # What it looks at
    /// The answer to a first call after which the flow stopped, because it is nothing that an MCP
    /// server says: a web page, a 404, JSON that is not JSON-RPC.
    ///
    /// # Why it matters
    /// Most often the URL is not that of the MCP endpoint: the path is missing or another one, or
    /// the URL is that of the server's web site. Nothing about authorization can be judged then.
    ///
    /// # How to fix
    /// Use the URL of the MCP endpoint, with its path (`/mcp` for many servers), as the server's
    /// documentation gives it.
    ///
    /// # References
    /// MCP transports, "Sending Messages to the Server".
    "N02" "not_an_mcp_server" Error Client Likely since None,
    title: "The server at this URL does not answer as an MCP server",
    variants: [
        OWN_OPTION: Error Client Likely
            "The first call fails because of this run's own {option}",
        GATEWAY: Error Network Likely,
        SERVER_FAILS: Error McpServer Likely,
        OTHER_ANSWER: Error McpServer Likely,
        REDIRECTED: Error Network Likely "The first call is redirected to {place} instead of answered",
        HOST_UNKNOWN: Error McpServer Likely "The MCP server refuses the host name it is reached under",
        TOO_MANY: Error McpServer Likely "The first call is refused because there were too many",
        TO_OWN_LOGIN: Error McpServer Likely
            "The first call is redirected to {place} instead of answered",
        SIGN_IN: Error Network Likely "The first call is answered with a sign-in page",
        IN_FRONT: Error Network Likely
            "The first call is refused by what stands in front of the MCP server",
        UNAUTHORIZED_IN_WORDS: Error McpServer Likely
            "The first call is refused in words, without the status 401",
        FOLLOWED: Warning McpServer Likely "The MCP server redirects each call to {place}",
    ],
    spec: [MCP_ANSWER, MCP_ANSWER_2026],
    stops: [NotAnMcpServer],
    looks_at: [Call],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    followed(reading, findings);
    let Some(stopped) = reading.stopped(StopCode::NotAnMcpServer) else {
        return;
    };
    let calls = reading.first_calls.iter().chain(&reading.calls);
    let last = calls
        .filter(|call| call.seq < stopped)
        .max_by_key(|call| call.seq);
    let Some((call, response)) = last.and_then(|call| Some((call, call.response()?))) else {
        return;
    };
    let status = response.status;
    // Other answers are told apart by what they hold.
    if !(response.has_body() || matches!(status, 404 | 405 | 410 | 500..)) {
        return;
    }
    let finding = RULE
        .found(mcp_answer(reading.revision))
        .at(
            call.seq,
            if status == 200 {
                Part::body("")
            } else {
                Part::Status
            },
        )
        .expected("a JSON-RPC answer, or 401")
        .fix(
            "Use the URL of the MCP endpoint itself, with its path, as the server's documentation \
             gives it.",
        );
    let said = in_its_own_words(&response);
    let url = call.request().url();
    findings.add(told(finding.actual(said), url, response.get()));
}

/// Calls that are answered only after a redirect, which this client followed.
fn followed(reading: &Reading<'_>, findings: &mut Findings) {
    let is_call =
        |purpose: &Purpose| matches!(purpose, Purpose::Challenge { .. } | Purpose::Mcp { .. });
    let pairs = reading.all.iter().zip(reading.all.iter().skip(1));
    let mut redirected = pairs.filter(|(from, to)| {
        is_call(&from.exchange.purpose)
            && from.exchange.purpose == to.exchange.purpose
            && matches!(from.status(), Some(300..=399))
            && to
                .status()
                .is_some_and(|status| !(300..400).contains(&status))
            && from.request().url() != to.request().url()
    });
    let Some((from, to)) = redirected.next() else {
        return;
    };
    let (url, place) = (from.request().url(), to.request().url());
    let finding = RULE
        .found(mcp_answer(reading.revision))
        .variant(&FOLLOWED)
        .title_with([excerpt(place).as_str()])
        .at(from.seq, Part::Status)
        .message(
            "This client follows within one origin. Many clients do not send a POST on, or send it \
             on as a GET or without the token, and say no more than that they cannot connect.",
        )
        .expected(format!("an answer at {url}"))
        .actual(answer_in_words(from.exchange))
        .fix(format!(
            "Let the server answer at {url} itself, or give {place} to clients as its URL and as \
             resource in the resource metadata."
        ));
    findings.add(finding);
}

/// Where a redirect leads, seen from the URL that was asked.
fn place(url: &str, location: &str) -> String {
    let from = Url::parse(url).ok();
    let to = from.as_ref().and_then(|from| from.join(location).ok());
    match (from, to) {
        (Some(from), Some(to)) if from.origin() == to.origin() => "another path".to_owned(),
        (_, Some(to)) => trace::origin_of(to.as_str())
            .unwrap_or_else(|| format!("an address of the scheme {}", excerpt(to.scheme()))),
        (_, None) => "an address that is none".to_owned(),
    }
}

fn told(finding: Finding, url: &str, response: &Response) -> Finding {
    const PATH: &str = "The path may be missing or another one; /mcp is common.";
    if let Some(decided) = by_status(response, "the MCP server") {
        let variant = match decided.kind {
            Decided::TooMany => &TOO_MANY,
            Decided::Gateway => &GATEWAY,
            Decided::Fails => &SERVER_FAILS,
            Decided::Redirected | Decided::ToLogin => &REDIRECTED,
            Decided::HostUnknown => &HOST_UNKNOWN,
            Decided::InFront => &IN_FRONT,
        };
        let place = place(url, response.header_value("location").unwrap_or_default());
        let finding = finding.variant(variant);
        let finding = match decided.kind {
            Decided::Redirected | Decided::ToLogin => finding.title_with([place.as_str()]),
            _ => finding,
        };
        if decided.kind == Decided::ToLogin && is_of_framework(url, response) {
            return finding
                .variant(&TO_OWN_LOGIN)
                .title_with([place.as_str()])
                .message(
                    "The request is sent to a login page of the same server: its framework treats the \
                     MCP endpoint as a page for people who are logged in. A client has no browser \
                     session, and begins to authorize on 401 alone.",
                )
                .fix(
                    "Take the MCP path and /.well-known/ out of the framework's login, and answer a \
                     call without a token with 401 and WWW-Authenticate: Bearer.",
                );
        }
        return finding.message(decided.why).fix(decided.fix);
    }
    match response.status {
        404 | 410 => finding.message(format!("There is nothing at this URL. {PATH}")),
        405 => finding.message(format!(
            "This URL does not accept POST, and an MCP endpoint does. {PATH} It may also be an \
             endpoint of the old HTTP+SSE transport."
        )),
        406 | 415 => finding
            .variant(&OTHER_ANSWER)
            .message(
                "The server, or what is in front of it, does not accept the headers that every MCP \
                 client sends: Content-Type application/json, and Accept with application/json and \
                 text/event-stream. They may be changed on the way.",
            )
            .fix(
                "Take Content-Type: application/json and Accept: application/json, \
                 text/event-stream at the MCP endpoint, and let no proxy change them.",
            ),
        _ if is_html(response) && is_sign_in(response) => finding
            .variant(&SIGN_IN)
            .message(format!(
                "A page for people to sign in comes in place of an MCP answer: {} in front of the \
                 MCP server, or the server's own web site. An MCP client cannot fill in a page.",
                access_proxy(response).unwrap_or("an access proxy")
            ))
            .fix(
                "Let the MCP path and /.well-known/ pass without a login page, and answer a call \
                 without a token with 401 and WWW-Authenticate: Bearer.",
            ),
        _ if is_html(response) && is_for_now(response) => finding
            .variant(&SERVER_FAILS)
            .message(
                "A page for people says that the server is not there for now: maintenance, or a \
                 queue in front of it. Clients take it for an answer that they cannot read.",
            )
            .fix(
                "Wait until it is over. Let no page stand in for the MCP path: answer 503 with \
                 Retry-After there.",
            ),
        _ if checks_forms(response) => finding
            .variant(&OTHER_ANSWER)
            .message(
                "By its words the framework of the server checks that a POST comes from one of its \
                 own forms (CSRF), before the MCP endpoint sees it. An MCP client has no such form.",
            )
            .fix(
                "Exempt the MCP path from the framework's CSRF check: the token in the \
                 Authorization header does what the check is for.",
            ),
        400 | 411 | 413 | 422 if is_html(response) => finding
            .variant(&OTHER_ANSWER)
            .message(
                "The framework of the server, or what is in front of it, refuses the request with a \
                 page before the MCP endpoint sees it. The page says what it does not like: the \
                 body, its media type or a header.",
            )
            .fix(
                "Let the request reach the MCP endpoint as it was sent, application/json with one \
                 JSON-RPC message, and answer a call without a token with 401.",
            ),
        _ if is_html(response) => finding.message(format!(
            "A web page answers: this is a web site, or a single-page application's catch-all \
             route. {PATH}"
        )),
        _ if asks_for_token(response) => finding
            .variant(&UNAUTHORIZED_IN_WORDS)
            .message(
                "The answer says in words that a token is wanted. Clients begin to authorize on 401 \
                 alone.",
            )
            .expected("401 with WWW-Authenticate")
            .fix(
                "Answer 401 with WWW-Authenticate: Bearer and resource_metadata to a call without a \
                 token.",
            ),
        _ => finding.variant(&OTHER_ANSWER).message(format!(
            "The answer is not a JSON-RPC answer. If this is the right URL, the server does not speak \
             MCP as it should. {PATH}"
        )),
    }
}

/// Whether a login page is one that web frameworks have on the server itself.
fn is_of_framework(url: &str, response: &Response) -> bool {
    const PATHS: [&str; 6] = [
        "/account/login",
        "/accounts/login",
        "/identity/account/login",
        "/users/sign_in",
        "/admin/login",
        "/login",
    ];
    let from = Url::parse(url).ok();
    let location = response.header_value("location").unwrap_or_default();
    let to = from.as_ref().and_then(|from| from.join(location).ok());
    let (Some(from), Some(to)) = (from, to) else {
        return false;
    };
    let path = to.path().trim_end_matches('/').to_ascii_lowercase();
    access_proxy(response).is_none()
        && from.origin() == to.origin()
        && PATHS.contains(&path.as_str())
}

/// Whether an answer is that of a framework's check of its own forms.
fn checks_forms(response: &Response) -> bool {
    const WORDS: [&str; 6] = [
        "csrf",
        "cross-site request forgery",
        "authenticity token",
        "antiforgery",
        "page expired",
        "the change you wanted was rejected",
    ];
    let body = response.body.text().unwrap_or_default();
    let said = excerpt(&text_of_page(body)).to_ascii_lowercase();
    matches!(response.status, 400..=499) && WORDS.iter().any(|words| said.contains(words))
}

/// Whether a page says that something is away and will be back.
fn is_for_now(response: &Response) -> bool {
    const WORDS: [&str; 11] = [
        "waking up",
        "is sleeping",
        "spinning up",
        "is starting",
        "maintenance",
        "be back soon",
        "be right back",
        "waiting room",
        "you are now in line",
        "temporarily unavailable",
        "coming soon",
    ];
    let page = response.body.text().unwrap_or_default();
    let said = excerpt(&text_of_page(page)).to_ascii_lowercase();
    WORDS.iter().any(|words| said.contains(words))
}

/// Whether a page is one to sign in at.
fn is_sign_in(response: &Response) -> bool {
    let page = response.body.text().unwrap_or_default();
    let lower = page.to_ascii_lowercase();
    access_proxy(response).is_some()
        || lower.contains("type=\"password\"")
        || lower.contains("type=password")
        || looks_like_login(&excerpt(&text_of_page(page)))
}

/// Whether an answer says in words that it wants authorization.
fn asks_for_token(response: &Response) -> bool {
    let body = response.body.text().unwrap_or_default();
    let body = excerpt(body).to_ascii_lowercase();
    [
        "unauthorized",
        "unauthenticated",
        "not authenticated",
        "authentication required",
        "authorization required",
        "access token",
        "missing token",
        "invalid token",
        "invalid_token",
        "bearer",
        "not logged in",
        "login required",
    ]
    .iter()
    .any(|words| body.contains(words))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Phase, StopCode};

    use crate::finding::Owner;
    use crate::sample::{Answer, Run};

    fn answered(answer: Answer) -> Run {
        let mut run = Run::healthy();
        run.challenge = answer;
        run.stop(Phase::Challenge, StopCode::NotAnMcpServer);
        run
    }

    #[test]
    fn tells_the_ways_apart() {
        let finding = |answer| answered(answer).finding("N02");
        assert!(
            finding(Answer::bare(404))
                .message
                .contains("nothing at this URL")
        );
        assert!(
            finding(Answer::html(200, "Shop"))
                .message
                .contains("web page")
        );
        assert_eq!(finding(Answer::bare(502)).owner, Owner::Network);
        let page = finding(Answer::html(200, "Sign in"));
        assert_eq!(
            (page.owner, page.variant.as_str()),
            (Owner::Network, "sign_in")
        );
        let access = Answer::bare(302).header("location", "https://t.cloudflareaccess.com/x");
        assert!(
            finding(access)
                .message
                .starts_with("Cloudflare Access sends")
        );
        let words = finding(Answer::json(200, json!({"message": "Unauthorized"})));
        assert_eq!(words.variant, "unauthorized_in_words");
        for status in [421, 429, 500] {
            assert_eq!(finding(Answer::bare(status)).owner, Owner::McpServer);
        }
        assert_eq!(
            finding(Answer::json(200, json!({"hello": 1}))).owner,
            Owner::McpServer
        );
    }

    #[test]
    fn a_redirect_is_told_by_where_it_leads() {
        for (location, place) in [
            ("/other", "another path"),
            ("https://mcp.example/x", "another path"),
            ("//evil.example/x", "https://evil.example"),
            ("/\\evil.example/x", "https://evil.example"),
            ("http://mcp.example/mcp", "http://mcp.example"),
            ("javascript:alert(1)", "an address of the scheme javascript"),
            ("http://[::1", "an address that is none"),
        ] {
            let answer = Answer::bare(307).header("location", location);
            let title = answered(answer).finding("N02").title;
            let expected = format!("The first call is redirected to {place} instead of answered");
            assert_eq!(title, expected, "{location}");
        }
    }

    #[test]
    fn is_silent_when_a_403_explains_it() {
        assert!(answered(Answer::bare(403)).is_silent("N02"));
        assert!(Run::healthy().is_silent("N02"));
    }

    #[test]
    fn a_framework_s_own_pages_are_the_server_s() {
        let finding = |answer| answered(answer).finding("N02");
        for page in [
            Answer::html(419, "Page Expired"),
            Answer::html(422, "The change you wanted was rejected (422)"),
            Answer::html(400, "SyntaxError: Unexpected token"),
        ] {
            assert_eq!(
                finding(page.clone()).owner,
                Owner::McpServer,
                "{}",
                page.status
            );
        }
        assert_eq!(
            finding(Answer::html(200, "Service is waking up")).variant,
            "server_fails"
        );
        let login = |location: &str| {
            let answer = Answer::bare(302).header("location", location);
            finding(answer).variant
        };
        assert_eq!(login("/Account/Login?ReturnUrl=%2Fmcp"), "to_own_login");
        assert_eq!(login("/users/sign_in"), "to_own_login");
        assert_eq!(login("https://idp.example/login"), "redirected");
        assert_eq!(login("/oauth2/sign_in"), "redirected");
    }
}
