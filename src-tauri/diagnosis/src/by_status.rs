//! What the status of an answer decides, whatever its body says: limits, gateways, failures,
//! redirects, host checks, and what stands in front of a server. Every leg of the flow asks here
//! first.

use trace::{Presence, Response};

use crate::providers::{access_proxy, answers_itself, unrouted};
use crate::snapshot::RequestRef;
use crate::wording::excerpt;

/// What kind of answer a status makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decided {
    /// A limit on requests.
    TooMany,
    /// A gateway that does not reach the server.
    Gateway,
    /// The server fails.
    Fails,
    /// Sent elsewhere.
    Redirected,
    /// Sent to a login by an access proxy, or the like.
    ToLogin,
    /// The host name is not one of the server's.
    HostUnknown,
    /// A firewall or bot protection answers.
    InFront,
}

/// What a status decides, and what can be said about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ByStatus {
    pub kind: Decided,
    pub why: String,
    pub fix: String,
}

impl ByStatus {
    /// Whether something between the client and the server answers.
    pub fn is_of_network(&self) -> bool {
        matches!(
            self.kind,
            Decided::Gateway | Decided::ToLogin | Decided::InFront
        )
    }
}

/// What the status of an answer decides; `who` should have answered, such as "the MCP server". None
/// where the status decides nothing and the body has to tell.
pub(crate) fn by_status(response: &Response, who: &str) -> Option<ByStatus> {
    let decided = |kind, why: String, fix: String| Some(ByStatus { kind, why, fix });
    if let Some((why, fix)) = tunnel_or_route(response, who) {
        return decided(Decided::Gateway, why, fix);
    }
    match response.status {
        300..=399 => redirected(response, who),
        421 => decided(
            Decided::HostUnknown,
            format!(
                "A check of the host name refuses the request: {who} does not know the name it is \
                 reached under."
            ),
            format!("Add the public host name, with its port, to the allowed hosts of {who}."),
        ),
        407 => decided(
            Decided::Gateway,
            format!("A proxy on the way to {who} wants to be logged in at, and answers itself."),
            "Log in at the proxy, or let this address pass without it.".into(),
        ),
        511 => decided(
            Decided::Gateway,
            format!(
                "The network in between answers, not {who}: it wants a login of its own before it \
                 lets anything through (a captive portal)."
            ),
            "Log in to the network, or use another one.".into(),
        ),
        429 => decided(
            Decided::TooMany,
            "A rate limit was reached. Nothing in the request itself is wrong.".into(),
            match response.header_value("retry-after") {
                Some(wait) => format!(
                    "Wait for as long as Retry-After says ({}). Raise the limit, or count by \
                     client instead of by address.",
                    excerpt(wait)
                ),
                None => "Wait, and raise the limit, or count by client instead of by address. Say \
                         in Retry-After how long to wait."
                    .into(),
            },
        ),
        401 if wants_another_login(response).is_some() => {
            let scheme = wants_another_login(response).unwrap_or_default();
            decided(
                Decided::InFront,
                format!(
                    "What answers wants a login of its own (WWW-Authenticate: {scheme}) before it \
                     lets anything through to {who}: the password of a test system, most likely."
                ),
                format!("Let requests to this path pass to {who} without that login."),
            )
        }
        401 | 403 | 406 | 503 if answers_itself(response).is_some() => {
            let front = answers_itself(response).unwrap_or_default();
            decided(
                Decided::InFront,
                format!(
                    "{front} stands in front of {who} and answers with a page of its own: its rules \
                     take the client for a bot, or for a caller it does not want."
                ),
                format!(
                    "Let requests to this path pass {front}'s firewall and bot protection on the \
                     way to {who}."
                ),
            )
        }
        404 if unrouted(response).is_some() => {
            let front = unrouted(response).unwrap_or_default();
            decided(
                Decided::Gateway,
                format!(
                    "{front} answers and says that it has nothing behind this address: the request \
                     did not reach {who}."
                ),
                format!(
                    "Deploy {who}, or correct the route for this host and path in front of it, or \
                     the URL."
                ),
            )
        }
        451 => decided(
            Decided::Gateway,
            format!("Something on the way to {who} refuses this address by law or by policy."),
            "Call it from another place, or have the address let through.".into(),
        ),
        502..=504 if says_so_itself(response) => decided(
            Decided::Fails,
            format!("It says itself that it cannot answer for now: a state of {who}."),
            format!("Wait and try again, and look into the log of {who}."),
        ),
        502..=504 => decided(
            Decided::Gateway,
            format!("A gateway answers that it cannot reach {who} behind it."),
            format!("Check that {who} runs, and that the gateway's address for it is right."),
        ),
        // Cloudflare's own ones.
        525 | 526 => decided(
            Decided::Gateway,
            format!(
                "Cloudflare answers and says that it cannot agree with {who} on TLS: its \
                 certificate is missing, expired or of another name."
            ),
            format!(
                "Give {who} a certificate that is valid for the host name, or choose in Cloudflare \
                 the TLS mode that fits what {who} has."
            ),
        ),
        520..=530 => decided(
            Decided::Gateway,
            format!("Cloudflare answers that it gets no answer from {who}."),
            format!("Check that {who} runs, and that Cloudflare's address for it is right."),
        ),
        500.. => decided(
            Decided::Fails,
            format!("It fails on this request: an error in {who} itself."),
            format!("Look into the log of {who} for this request."),
        ),
        _ => None,
    }
}

/// What a tunnel or an API gateway says in words of its own that need an explanation: the other end
/// of the tunnel is not there, or the gateway has no such route.
fn tunnel_or_route(response: &Response, who: &str) -> Option<(String, String)> {
    const OFFLINE: &str = "ERR_NGROK_3200";
    if let Some(code) = response.header_value("ngrok-error-code") {
        let why = if code == OFFLINE {
            format!(
                "ngrok answers and not {who}: no agent serves this address, so the tunnel is \
                 offline ({OFFLINE})."
            )
        } else {
            let code = excerpt(code);
            format!("ngrok answers and not {who}: the tunnel does not get through to it ({code}).")
        };
        return Some((
            why,
            format!(
                "Check that the ngrok agent is running beside {who}, for this very address, and \
                 that it forwards to the port on which {who} listens."
            ),
        ));
    }
    let body = response.body.text().unwrap_or_default();
    let no_tunnel = body.trim() == "error code: 1033" || body.contains("Error 1033");
    if response.status == 530 && no_tunnel {
        return Some((
            format!(
                "Cloudflare answers with its error 1033: this name belongs to a Cloudflare Tunnel, \
                 and no cloudflared that serves the tunnel is connected. {} is not reached.",
                capitalized(who)
            ),
            format!(
                "Start cloudflared beside {who}, and give its tunnel a route for this host name."
            ),
        ));
    }
    let error = response.header_value("x-amzn-errortype");
    let unknown_route = error
        .and_then(|error| error.split(':').next())
        .is_some_and(|error| error == "MissingAuthenticationTokenException");
    unknown_route.then(|| {
        (
            format!(
                "Amazon API Gateway answers and not {who}. With \"Missing Authentication Token\" it \
                 says that the API has no route for this path and method, or that the stage's name \
                 is missing in the path; a token would not change that."
            ),
            format!("Add a route for this path and method to the API in front of {who}, and deploy it."),
        )
    })
}

fn capitalized(who: &str) -> String {
    let mut letters = who.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// What the status of an answer decides where the client authenticates itself. Where it did so in
/// the header, a challenge for Basic is how an authorization server refuses it (RFC 6749 section
/// 5.2), and often comes without JSON.
pub(crate) fn of_client_request(
    request: RequestRef<'_>,
    response: &Response,
    who: &str,
) -> Option<ByStatus> {
    let refuses_client = response.status == 401
        && !matches!(request.header("authorization"), Presence::Absent)
        && wants_another_login(response).is_some_and(|it| it.eq_ignore_ascii_case("basic"))
        && answers_itself(response).is_none();
    by_status(response, who).filter(|_| !refuses_client)
}

/// What the status of a token answer decides, whatever its body says. An OAuth error that comes
/// with 500 is left to what is said of such errors.
pub(crate) fn of_token_answer(
    request: RequestRef<'_>,
    response: &Response,
    has_error: bool,
) -> Option<ByStatus> {
    let decided = of_client_request(request, response, "the authorization server");
    decided.filter(|decided| match decided.kind {
        Decided::TooMany | Decided::Gateway | Decided::InFront | Decided::HostUnknown => true,
        Decided::Fails => !has_error,
        Decided::Redirected | Decided::ToLogin => false,
    })
}

/// The scheme of a login that a web server or proxy asks for by itself. An authorization server
/// that refuses a client says so in JSON, whatever its challenge.
fn wants_another_login(response: &Response) -> Option<String> {
    const OF_WEB_SERVERS: [&str; 4] = ["basic", "digest", "negotiate", "ntlm"];
    let all = trace::challenges(response).ok()?;
    let text = response.body.text().unwrap_or_default();
    let in_json = trace::json_value(text.as_bytes()).is_ok();
    let theirs = |scheme: &str| OF_WEB_SERVERS.contains(&scheme.to_ascii_lowercase().as_str());
    let first = all.first()?;
    (!in_json && all.iter().all(|challenge| theirs(&challenge.scheme)))
        .then(|| excerpt(&first.scheme))
}

/// Whether a 502 to 504 is the server's own: it carries the code that OAuth has for that (RFC 6749
/// section 4.1.2.1), and no gateway knows it.
fn says_so_itself(response: &Response) -> bool {
    trace::oauth_error(response).is_some_and(|error| {
        matches!(
            error.error.as_str(),
            "temporarily_unavailable" | "server_error"
        )
    })
}

fn redirected(response: &Response, who: &str) -> Option<ByStatus> {
    let location = response.header_value("location").unwrap_or_default();
    if let Some(proxy) = access_proxy(response) {
        return Some(ByStatus {
            kind: Decided::ToLogin,
            why: format!(
                "{proxy} sends its callers to a login. The request did not reach {who}; a client has \
                 no browser session that would let it through."
            ),
            fix: format!("Let this path and /.well-known/ pass {proxy} without a login."),
        });
    }
    if looks_like_login(location) {
        return Some(ByStatus {
            kind: Decided::ToLogin,
            why: format!(
                "The request is sent to a login page, as by an access proxy in front of {who}. A \
                 client has no browser session that would let it through."
            ),
            fix: "Let this path and /.well-known/ pass without a login.".into(),
        });
    }
    Some(ByStatus {
        kind: Decided::Redirected,
        why: "The request is redirected. Clients do not follow with a POST or a credential to \
              another place."
            .into(),
        fix: match location {
            "" => {
                "Answer at this URL. The answer has no Location, so nobody could follow it.".into()
            }
            location => format!(
                "Answer at this URL, or name the one that answers: {}.",
                excerpt(location)
            ),
        },
    })
}

/// Whether a place to go to, or a page, is about signing in.
pub(crate) fn looks_like_login(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    [
        "login",
        "log in",
        "log-in",
        "logon",
        "signin",
        "sign in",
        "sign-in",
        "sign_in",
        "sso",
        "oauth2/start",
        "saml",
        "password",
    ]
    .iter()
    .any(|known| words.contains(known))
        || words.contains("/authorize?")
}

#[cfg(test)]
mod tests {
    use trace::{Body, Header};

    use super::*;
    use crate::reading::Reading;
    use crate::sample::{Answer, Run};
    use crate::snapshot::Snapshot;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers.iter();
        Response {
            status,
            headers: headers
                .map(|(name, value)| Header::new(name, *value))
                .collect(),
            body: Body::new(body.as_bytes().to_vec()),
        }
    }

    fn of(status: u16, headers: &[(&str, &str)], body: &str) -> Option<Decided> {
        let response = response(status, headers, body);
        by_status(&response, "the MCP server").map(|decided| decided.kind)
    }

    #[test]
    fn each_status_that_decides() {
        let page = [("content-type", "text/html"), ("cf-ray", "1")];
        for (status, headers, body, kind) in [
            (429, &[][..], "{}", Decided::TooMany),
            (421, &[], "Invalid Host header", Decided::HostUnknown),
            (502, &[], "", Decided::Gateway),
            (522, &[], "", Decided::Gateway),
            (500, &[], r#"{"error":"invalid_grant"}"#, Decided::Fails),
            (
                403,
                &page,
                "<title>Just a moment...</title>",
                Decided::InFront,
            ),
            (
                401,
                &[("www-authenticate", "Basic realm=\"staging\"")],
                "<title>401</title>",
                Decided::InFront,
            ),
            (511, &[], "", Decided::Gateway),
            (451, &[], "", Decided::Gateway),
            (404, &[], "default backend - 404", Decided::Gateway),
            (
                404,
                &[],
                r#"{"message": "no Route matched with those values"}"#,
                Decided::Gateway,
            ),
            (
                503,
                &[],
                r#"{"error":"temporarily_unavailable"}"#,
                Decided::Fails,
            ),
            (503, &[], r#"{"error":"upstream"}"#, Decided::Gateway),
            (302, &[("location", "/home")], "", Decided::Redirected),
            (
                302,
                &[("location", "https://sso.example/x")],
                "",
                Decided::ToLogin,
            ),
        ] {
            assert_eq!(of(status, headers, body), Some(kind), "{status}");
        }
    }

    #[test]
    fn tunnels_and_routes_that_are_not_there() {
        let offline = [("ngrok-error-code", "ERR_NGROK_3200")];
        let no_route = [(
            "x-amzn-errortype",
            "MissingAuthenticationTokenException:http",
        )];
        let forbidden = [("x-amzn-errortype", "ForbiddenException")];
        for (status, headers, body, kind, word) in [
            (404, &offline[..], "", Decided::Gateway, "offline"),
            (
                530,
                &[],
                "error code: 1033",
                Decided::Gateway,
                "cloudflared",
            ),
            (530, &[], "error code: 1016", Decided::Gateway, "Cloudflare"),
            (403, &no_route, "{}", Decided::Gateway, "no route"),
            (403, &forbidden, "{}", Decided::InFront, "stands in front"),
        ] {
            let response = response(status, headers, body);
            let decided = by_status(&response, "the MCP server").unwrap();
            assert_eq!(decided.kind, kind, "{word}");
            assert!(decided.why.contains(word), "{}", decided.why);
        }
        assert_eq!(of(200, &[], "Error 1033"), None);
    }

    #[test]
    fn a_challenge_for_basic_refuses_a_client_that_sent_it() {
        let decided = |authentication: Option<&str>, scheme: &str| {
            let mut run = Run::healthy();
            run.client_authentication = authentication.map(str::to_owned);
            run.token = Answer::bare(401).header("www-authenticate", scheme);
            let trace = run.trace();
            let snapshot = Snapshot::of(&trace);
            let seen = Reading::of(&snapshot).tokens[0].0;
            let response = seen.response_with_body().expect("it was answered");
            of_client_request(seen.request(), &response, "the server").map(|by| by.kind)
        };
        assert_eq!(decided(Some("Basic YTpi"), "Basic realm=\"as\""), None);
        let in_front = Some(Decided::InFront);
        assert_eq!(decided(Some("Basic YTpi"), "Negotiate"), in_front);
        assert_eq!(decided(None, "Basic realm=\"as\""), in_front);
    }

    #[test]
    fn what_the_body_has_to_tell() {
        let basic = [("www-authenticate", "Basic realm=\"as\"")];
        assert_eq!(of(401, &basic, r#"{"error":"invalid_client"}"#), None);
        for status in [200, 400, 401, 403, 404] {
            assert_eq!(of(status, &[("cf-ray", "1")], "{}"), None, "{status}");
        }
    }
}
