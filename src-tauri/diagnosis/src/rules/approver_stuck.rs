use trace::{Response, StopCode};
use url::Url;

use crate::by_status::{Decided, by_status};
use crate::finding::{Finding, Part};
use crate::preflights::is_redirect;
use crate::reading::{ExchangeRef, Reading, value};
use crate::redirect_uris::to_a_firewall;
use crate::rule::{Findings, rule};
use crate::spec::{RFC6749_AUTHORIZATION_ERROR, RFC6749_LOGIN};
use crate::upstream::refused_upstream;
use crate::wording::{excerpt, in_its_own_words, is_html, says_missing, text_of_page};

rule! {
    /// # What it looks at
    /// A run without a browser that comes to a page from which there is no way on: a form that
    /// wants values nobody gave, a page made by scripts, an error page. And an error page that the
    /// authorization URL answers without cookies, while a browser is waited for that does not come
    /// back.
    ///
    /// # Why it matters
    /// It says nothing about the MCP server: how a person logs in is up to each authorization
    /// server, and a program cannot do all of it.
    ///
    /// # How to fix
    /// Give the form its values with `--form NAME=VALUE`, or use a real browser. An error page is
    /// the authorization server's, and says what it does not like.
    ///
    /// # References
    /// RFC 6749 sections 3.1 and 4.1.2.1.
    "A31" "approver_stuck" Error Client Likely since None,
    title: "The run without a browser does not get past a page",
    variants: [
        OWN_OPTION: Error Client Likely
            "The authorization page refuses the request because of this run's own {option}",
        REQUEST_REFUSED: Error AuthorizationServer Likely
            "The authorization endpoint answers with an error page",
        CLIENT_UNKNOWN: Error AuthorizationServer Likely
            "The authorization endpoint does not know the client that has just registered",
        CLIENT_ID_UNKNOWN: Error Client Likely
            "The authorization endpoint does not know the client ID of this run",
        LATER_PAGE_REFUSES: Error AuthorizationServer Likely
            "The login ends at an error page of the authorization server",
        NOT_THERE: Error AuthorizationServer Likely
            "The authorization endpoint does not exist",
        BY_POST: Error AuthorizationServer Likely
            "The authorization server posts its answer, although query is the default",
        LOOP: Error AuthorizationServer Likely
            "The authorization endpoint redirects in a circle",
        TOO_MANY: Error AuthorizationServer Likely
            "The authorization endpoint limits the rate of requests",
        GATEWAY: Error Network Likely
            "A gateway answers in place of the authorization endpoint",
        IN_FRONT: Error Network Likely
            "What stands in front of the authorization server refuses the browser",
        PAGE_FAILS: Error AuthorizationServer Likely
            "The authorization server fails at its own page",
        NO_REDIRECT: Error AuthorizationServer Likely
            "The authorization endpoint says where to go with a status that is not a redirect",
        NOT_WEB: Error AuthorizationServer Likely
            "The authorization server leads the browser to an address of the scheme {scheme}",
        OTHER_PLACE: Error AuthorizationServer Likely
            "The authorization server sends the browser to another address than the redirect URI",
        NO_PAGE: Error AuthorizationServer Likely
            "The authorization endpoint answers with something that is not a page",
        PROVIDER_SAYS_AUTHORIZATION_SERVER: Error AuthorizationServer Likely
            "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_MCP_SERVER: Error McpServer Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_CLIENT: Error Client Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_NOBODY: Note Nobody Likely "{provider} refuses the request: {cause}",
    ],
    spec: [RFC6749_LOGIN, RFC6749_AUTHORIZATION_ERROR],
    supersedes: ["A18" anywhere],
    follows: ["N03/default", "M06/fragment"],
    stops: [ApproverStuck, CallbackTimeout],
    looks_at: [AuthorizationPage],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if let Some(finding) = at_the_stop(reading).or_else(|| at_the_probe(reading)) {
        findings.add(finding);
    }
}

/// What stopped the run without a browser.
fn at_the_stop(reading: &Reading<'_>) -> Option<Finding> {
    let (seq, said) = reading.stopped_saying(StopCode::ApproverStuck)?;
    let hop = *reading.hops.iter().rev().find(|hop| hop.seq < seq)?;
    if refused_upstream(reading, hop).is_some() {
        return None;
    }
    // No answer at all is the network's matter. Only the page itself shows what it is about.
    let response = hop.response_with_body()?;
    let page = Page {
        hop,
        response: response.get(),
        is_first: answers_at_once(reading, hop),
    };
    let finding = if is_in_circle(reading, hop) {
        RULE.found(RFC6749_LOGIN)
            .variant(&LOOP)
            .message(
                "Each page leads to the next, and then to the first again, so a browser gives up. A \
                 cookie that does not come back, or a proxy that redirects what is redirected back, \
                 are the usual causes.",
            )
            .fix(
                "Follow the redirects in a browser's network view, and end the circle: let the page \
                 answer itself, or redirect to the redirect URI with an error.",
            )
    } else if is_redirect(response.get()) && said.contains("--max-login-requests") {
        RULE.found(RFC6749_LOGIN)
            .variant(&LOOP)
            .message(
                "One redirect leads to the next until the limit of this run, and none to the \
                 redirect URI. Most likely login or consent is asked for again and again, because \
                 what was answered is not enough or not remembered. A login that takes more steps \
                 than that looks the same.",
            )
            .fix(
                "Look into the log of the authorization server for why it asks again. If the login \
                 takes that many steps, raise --max-login-requests.",
            )
    } else if page.posts_the_answer(reading) {
        RULE.found(RFC6749_AUTHORIZATION_ERROR)
            .variant(&BY_POST)
            .message(
                "The page is a form that sends code and state to the redirect URI by POST \
                 (form_post). Nobody asked for that, and most clients read the query of a GET alone. \
                 Nothing is missing in the form.",
            )
            .fix(
                "Redirect to the redirect URI with code and state in its query unless the request \
                 says response_mode=form_post. Until then run with --response-mode form_post here.",
            )
    } else if let Some(redirect_uri) = page.is_beside_the_redirect_uri(reading) {
        RULE.found(RFC6749_AUTHORIZATION_ERROR)
            .variant(&OTHER_PLACE)
            .message(format!(
                "The last redirect leads to the client's own port, and not to its redirect URI. \
                 Nothing is there, so the client waits in vain. The request said {}.",
                excerpt(redirect_uri)
            ))
            .fix(format!(
                "Redirect to the redirect URI as the request has it, byte for byte: {}, and add \
                 the answer after ?.",
                excerpt(redirect_uri)
            ))
    } else {
        page.told(reading)
    };
    let actual = format!("{} ({})", in_its_own_words(&response), excerpt(said));
    Some(at(hop, finding).actual(actual))
}

/// Whether a page is the first one of its authorization request: a later login has its own.
fn answers_at_once(reading: &Reading<'_>, page: ExchangeRef<'_>) -> bool {
    let began = reading.authorization_before(page.seq);
    let began = began.map_or(0, |(seq, _)| seq);
    let mut hops = reading.hops.iter();
    hops.all(|hop| hop.seq <= began || hop.seq >= page.seq)
}

/// What the page says that the user's browser was sent to, as far as it is seen from here.
fn at_the_probe(reading: &Reading<'_>) -> Option<Finding> {
    let hop = reading.probed_error()?;
    if refused_upstream(reading, hop).is_some() {
        return None;
    }
    let response = hop.response_with_body()?;
    let page = Page {
        hop,
        response: response.get(),
        is_first: true,
    };
    // Words alone may be those of a page that is about to be filled in by something else.
    let refused = response.status >= 400
        || page.speaks_of_unknown_client()
        || reading.user_sees_error() && page.is_error_text();
    let actual = format!("{} (asked without cookies)", in_its_own_words(&response));
    refused.then(|| at(hop, page.told(reading)).actual(actual))
}

fn at(page: ExchangeRef<'_>, finding: Finding) -> Finding {
    finding
        .at(page.seq, Part::body(""))
        .expected("a page that leads on, or a redirect to the redirect URI")
}

/// Whether the last redirect leads where the browser has been twice.
fn is_in_circle(reading: &Reading<'_>, last: ExchangeRef<'_>) -> bool {
    let redirected = last
        .status()
        .is_some_and(|status| (300..400).contains(&status));
    let here = last.request().url();
    let visits = reading
        .hops
        .iter()
        .filter(|hop| hop.request().url() == here);
    redirected && visits.count() > 1
}

/// The page at which there is no way on.
struct Page<'a> {
    hop: ExchangeRef<'a>,
    response: &'a Response,
    /// It answers to the authorization request itself, and not to what was filled in.
    is_first: bool,
}

impl Page<'_> {
    /// The redirect URI of the request, where this is another path at its host and port.
    fn is_beside_the_redirect_uri<'r>(&self, reading: &'r Reading<'_>) -> Option<&'r str> {
        let (_, asked) = reading.authorization_before(self.hop.seq)?;
        let redirect_uri = value(asked, "redirect_uri")?;
        let here = Url::parse(self.hop.request().url()).ok()?;
        let there = Url::parse(redirect_uri).ok()?;
        let is_beside = here.origin() == there.origin() && here.path() != there.path();
        (is_beside && self.response.status >= 400).then_some(redirect_uri)
    }

    /// Whether it is a form that brings the answer to the redirect URI by POST, unasked.
    fn posts_the_answer(&self, reading: &Reading<'_>) -> bool {
        let Some((_, asked)) = reading.authorization_before(self.hop.seq) else {
            return false;
        };
        let Some(redirect_uri) = value(asked, "redirect_uri") else {
            return false;
        };
        let unasked = value(asked, "response_mode").is_none_or(|mode| mode == "query");
        let page = self.response.body.text().unwrap_or_default();
        let lower = page.to_ascii_lowercase();
        let posts = lower.contains("method=\"post\"") || lower.contains("method='post'");
        let answers = ["name=\"code\"", "name='code'", "name=code"];
        unasked
            && posts
            && answers.iter().any(|name| lower.contains(name))
            && (page.contains(redirect_uri) || page.contains(&redirect_uri.replace('&', "&amp;")))
    }

    fn told(&self, reading: &Reading<'_>) -> Finding {
        let status = self.response.status;
        if let Some(decided) = by_status(self.response, "the authorization server")
            && !matches!(decided.kind, Decided::Redirected | Decided::ToLogin)
        {
            let variant = match decided.kind {
                Decided::TooMany => &TOO_MANY,
                Decided::Gateway => &GATEWAY,
                Decided::InFront => &IN_FRONT,
                _ => &PAGE_FAILS,
            };
            let asked = reading.authorization_before(self.hop.seq);
            let uri = asked.and_then(|(_, asked)| value(asked, "redirect_uri"));
            let dislikes = uri
                .filter(|_| self.is_first && decided.kind == Decided::InFront)
                .and_then(to_a_firewall);
            let (more, way_around) = dislikes.unwrap_or_default();
            return RULE
                .found(RFC6749_AUTHORIZATION_ERROR)
                .variant(variant)
                .message(
                    format!("A page on the way answers {status}. {} {more}", decided.why)
                        .trim_end(),
                )
                .fix(format!("{} {way_around}", decided.fix).trim_end());
        }
        if (300..400).contains(&status) && self.response.header_value("location").is_none() {
            return RULE
                .found(RFC6749_AUTHORIZATION_ERROR)
                .variant(&PAGE_FAILS)
                .message(format!(
                    "A page on the way answers {status}, which is a redirect, without Location: \
                     there is nowhere to go, for a browser neither."
                ))
                .fix("Send Location with the redirect, and let proxies pass it on.");
        }
        if (200..300).contains(&status) && self.response.header_value("location").is_some() {
            return RULE
                .found(RFC6749_AUTHORIZATION_ERROR)
                .variant(&NO_REDIRECT)
                .message(format!(
                    "The page answers {status} with Location. A browser follows Location on a \
                     status from 300 to 399 alone, so it stays where it is, and the client waits in \
                     vain. A proxy that replaces the status looks the same."
                ))
                .fix("Answer 302 where the browser is sent on with Location.");
        }
        if let Some(scheme) = self.scheme_off_the_web() {
            return not_web(&scheme);
        }
        let refused = self.is_first && (status >= 400 || self.is_error_text());
        if !refused && self.refuses_after_others() {
            return self.refused_later(reading);
        }
        if !refused {
            return self.wants_something();
        }
        if self.speaks_of_unknown_client() {
            return self.client_unknown(reading);
        }
        let finding = RULE.found(RFC6749_AUTHORIZATION_ERROR);
        if matches!(status, 404 | 405 | 410) {
            return finding
                .variant(&NOT_THERE)
                .message(format!(
                    "The URL in authorization_endpoint is answered {status}: the path is another \
                     one, or the page behind it is not deployed."
                ))
                .fix(
                    "Write the URL of the login page into authorization_endpoint of the metadata.",
                );
        }
        finding
            .variant(&REQUEST_REFUSED)
            .message(format!(
                "The authorization server answers the authorization request with {status} and does \
                 not send the error back, so its own words are all there is. It may not know the \
                 client, or not take a parameter; a firewall that wants a real browser looks the \
                 same."
            ))
            .fix(
                "Do what the page says. Check client ID and redirect URI at the authorization \
                 server, or open the URL in a real browser.",
            )
    }

    /// Of what a redirect leads to, unless that is a page.
    fn scheme_off_the_web(&self) -> Option<String> {
        let is_redirect = (300..400).contains(&self.response.status);
        let location = self
            .response
            .header_value("location")
            .filter(|_| is_redirect)?;
        let to = Url::parse(self.hop.request().url())
            .ok()?
            .join(location)
            .ok()?;
        let is_page = matches!(to.scheme(), "http" | "https");
        (!is_page).then(|| excerpt(to.scheme()))
    }

    /// Whether it is an error page behind another page, from which a person would not get on
    /// either.
    fn refuses_after_others(&self) -> bool {
        let of_a_login = [
            "password",
            "credential",
            "user name",
            "username",
            "e-mail",
            "email",
        ];
        !self.is_first
            && (400..500).contains(&self.response.status)
            && self.is_error_text()
            && !of_a_login.iter().any(|word| self.words().contains(word))
    }

    fn refused_later(&self, reading: &Reading<'_>) -> Finding {
        let asked = reading.authorization_before(self.hop.seq);
        let words = self.words();
        let lost = asked.and_then(|(_, asked)| {
            let names = asked.iter().map(|pair| pair.name.as_str());
            let lost = |name: &&str| words.contains(*name) && says_missing(&words);
            // "state" and "scope" are words of every page.
            let mut names = names.filter(|name| name.contains('_'));
            names.find(lost)
        });
        let finding = RULE
            .found(RFC6749_AUTHORIZATION_ERROR)
            .variant(&LATER_PAGE_REFUSES);
        match lost {
            Some(name) => finding
                .message(format!(
                    "The page misses {name}, which the authorization request had: it was lost \
                     between the pages. A login that leads back without the parameters of the \
                     request, or a cookie that does not come back, are the usual causes."
                ))
                .fix(
                    "Keep the whole authorization request over the login, and go on with it \
                     afterwards.",
                ),
            None => finding
                .message(
                    "The authorization endpoint led on, and a page behind it refuses. It has no \
                     form, so a person would not get on from here either; its own words are all \
                     there is.",
                )
                .fix(
                    "Do what the page says, and look into the authorization server's log for this \
                     request.",
                ),
        }
    }

    fn wants_something(&self) -> Finding {
        let finding = RULE.found(RFC6749_LOGIN);
        match self.response.status {
            200..300 if self.response.body.bytes.is_empty() => finding
                .variant(&NO_PAGE)
                .message(
                    "The answer has no content: there is nothing to fill in, to agree to or to run. \
                     Most likely the server failed while it made the page.",
                )
                .fix("Look into the log of the authorization server for this request."),
            200..300 if !is_html(self.response) => finding
                .variant(&NO_PAGE)
                .message(
                    "Nothing there leads on, not even for a person: it has no form and no script, \
                     since it is not HTML. authorization_endpoint may name another endpoint than \
                     the login page, or the page comes without its Content-Type.",
                )
                .fix(
                    "Write the URL of the login page into authorization_endpoint of the metadata, \
                     and send that page with Content-Type: text/html.",
                ),
            401 | 403 => finding
                .message(
                    "The page came back after its form was sent. Most likely user name or password \
                     are wrong or missing, or there is a field that nobody filled in.",
                )
                .fix(
                    "Give the values with --form NAME=VALUE, or use a real browser for this \
                     authorization server.",
                ),
            _ => finding
                .message(
                    "Most likely a person would get on from here: the page wants other values than \
                     were given, or needs scripts, which are not run.",
                )
                .fix(
                    "Give the form's fields with --form NAME=VALUE. When the page needs scripts or \
                     a second factor, use a real browser.",
                ),
        }
    }

    /// Whether it is an error in words, whatever its status: no form to fill in, and no page of an
    /// application.
    fn is_error_text(&self) -> bool {
        let body = self.response.body.text().unwrap_or_default();
        let lower = body.to_ascii_lowercase();
        let says = [
            "error",
            "invalid",
            "unknown",
            "not found",
            "denied",
            "not allowed",
            "unrecognized",
            "not registered",
            "refused",
            "something went wrong",
        ];
        !lower.contains("<form") && says.iter().any(|word| self.words().contains(word))
    }

    /// Its text in small letters.
    fn words(&self) -> String {
        let body = self.response.body.text().unwrap_or_default();
        let text = if is_html(self.response) {
            text_of_page(body)
        } else {
            body.to_owned()
        };
        text.to_ascii_lowercase()
    }

    fn speaks_of_unknown_client(&self) -> bool {
        let words = self.words();
        let of_client = ["client", "application", "app "]
            .iter()
            .any(|word| words.contains(word));
        let unknown = [
            "unknown",
            "not found",
            "unrecognized",
            "unrecognised",
            "not registered",
            "does not exist",
            "doesn't exist",
            "not recognized",
            "invalid client",
            "invalid_client",
            "client_id is invalid",
            "invalid application",
            "no client",
            "no application",
            "unauthorized_client",
        ];
        // 404 says "not found" of the page.
        let status_says = self.response.status == 404;
        let mut unknown = unknown
            .iter()
            .filter(|word| !(status_says && **word == "not found"));
        of_client && unknown.any(|word| words.contains(word))
    }

    fn client_unknown(&self, reading: &Reading<'_>) -> Finding {
        let finding = RULE.found(RFC6749_AUTHORIZATION_ERROR);
        let registered = reading.registrations.iter().any(|seen| {
            seen.seq < self.hop.seq && seen.status().is_some_and(|status| status < 300)
        });
        if registered {
            return finding
                .variant(&CLIENT_UNKNOWN)
                .message(
                    "The client was registered a moment ago, and the page does not know it: \
                     registrations are kept where the page does not look, are lost at a restart, or \
                     another server behind the same address answered.",
                )
                .fix(
                    "Keep registered clients in a store that all instances share and that outlives \
                     a restart.",
                );
        }
        finding
            .variant(&CLIENT_ID_UNKNOWN)
            .message(
                "The client ID comes from the settings of this run, or from an earlier \
                 registration. The authorization server does not have it, or no longer, or in \
                 another tenant.",
            )
            .fix(
                "Correct the client ID in the settings of this run, or leave it out so that a client \
                 is registered.",
            )
    }
}

fn not_web(scheme: &str) -> Finding {
    RULE.found(RFC6749_AUTHORIZATION_ERROR)
        .variant(&NOT_WEB)
        .title_with([scheme])
        .message(
            "A browser does not follow a redirect to a script, a file or data, and asks for a \
             program of this machine for any other scheme. The client waits at its redirect URI all \
             the while.",
        )
        .fix(
            "Redirect to the redirect URI of the authorization request, or to a page of http or \
             https that leads there.",
        )
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{EntryKind, FailureKind, Phase, Purpose, StopCode};

    use crate::finding::Owner;
    use crate::sample::{Answer, REDIRECT, Run, found_in};

    fn stuck(hops: Vec<Answer>) -> Run {
        let mut run = Run::healthy();
        run.hops = hops;
        run.stop_message =
            "stuck at https://as.example/authorize (status 200): the page \"Login\" has no form";
        run.stop(Phase::Authorization, StopCode::ApproverStuck);
        run
    }

    #[test]
    fn an_empty_page_and_another_path_at_the_client_are_the_server_s() {
        let empty =
            stuck(vec![Answer::bare(200).header("content-type", "text/html")]).finding("A31");
        assert_eq!(empty.variant, "no_page");
        let at = |place: &str| {
            let redirect = Answer::bare(302).header("location", place);
            let mut trace = stuck(vec![redirect, Answer::bare(404)]).trace();
            let entries = trace.entries.iter_mut().map(std::sync::Arc::make_mut);
            let hops = entries.filter_map(|entry| match &mut entry.kind {
                EntryKind::Exchange(hop) if hop.purpose == Purpose::Authorization => Some(hop),
                _ => None,
            });
            hops.last().unwrap().request.url = place.to_owned();
            found_in(&trace, "A31").unwrap()
        };
        let finding = at(&REDIRECT.replace("/callback", "/callback/"));
        assert_eq!(finding.variant, "other_place");
        assert!(finding.fix.contains(REDIRECT), "{}", finding.fix);
        assert_ne!(at("https://as.example/callback/").variant, "other_place");
    }

    #[test]
    fn a_page_that_wants_something_is_the_client_s_and_an_error_the_server_s() {
        let login = stuck(vec![Answer::html(200, "Login")]).finding("A31");
        assert_eq!(login.owner, Owner::Client);
        assert!(login.fix.contains("--form NAME=VALUE"));
        assert!(login.actual.unwrap().contains("has no form"));
        let refused = stuck(vec![Answer::html(400, "Unknown client")]).finding("A31");
        assert_eq!(refused.owner, Owner::AuthorizationServer);
        let again = stuck(vec![
            Answer::html(200, "Login"),
            Answer::html(403, "Wrong password"),
        ]);
        assert_eq!(again.finding("A31").owner, Owner::Client);
        let broken = stuck(vec![Answer::html(200, "Login"), Answer::html(500, "Oops")]);
        assert_eq!(broken.finding("A31").owner, Owner::AuthorizationServer);
    }

    #[test]
    fn what_the_page_says_is_quoted_and_decides() {
        let unknown = Answer::json(422, json!({"message": "Unrecognized client_id"}));
        let finding = stuck(vec![unknown.clone()]).finding("A31");
        assert_eq!(finding.variant, "client_unknown");
        assert!(finding.actual.unwrap().contains("Unrecognized client_id"));
        let mut by_hand = stuck(vec![unknown]);
        by_hand.registration = None;
        assert_eq!(by_hand.finding("A31").owner, Owner::Client);
        let says_200 = stuck(vec![Answer::html(200, "Error: tenant is not known")]);
        assert_eq!(says_200.finding("A31").variant, "request_refused");
        for (answer, variant) in [
            (Answer::bare(404), "not_there"),
            (Answer::bare(429), "too_many"),
            (Answer::bare(503), "gateway"),
            (Answer::bare(500), "page_fails"),
            (
                Answer::html(403, "Just a moment...").header("cf-ray", "1"),
                "in_front",
            ),
        ] {
            assert_eq!(stuck(vec![answer]).finding("A31").variant, variant);
        }
        let again = Answer::bare(302).header("location", "/authorize");
        assert_eq!(stuck(vec![again; 3]).finding("A31").variant, "loop");
    }

    #[test]
    fn redirects_without_an_end_are_no_page_to_fill_in() {
        let next = |at: &str| Answer::bare(302).header("location", at);
        let mut run = stuck(vec![next("/a"), next("/b"), next("/c")]);
        run.stop_message = "more than 3 requests (--max-login-requests raises that)";
        assert_eq!(run.finding("A31").variant, "loop");
        let mut page = stuck(vec![next("/a"), Answer::html(200, "Login")]);
        page.stop_message = run.stop_message;
        assert_eq!(page.finding("A31").variant, "default");
    }

    #[test]
    fn a_location_that_no_browser_follows() {
        let answer = Answer::bare(200).header("location", REDIRECT);
        let finding = stuck(vec![answer]).finding("A31");
        assert_eq!(finding.variant, "no_redirect");
        assert_eq!(finding.owner, Owner::AuthorizationServer);
    }

    #[test]
    fn what_is_no_page_and_what_leads_off_the_web_is_the_server_s() {
        let json = Answer::json(200, json!({"access_token": "x"}));
        assert_eq!(stuck(vec![json]).finding("A31").variant, "no_page");
        let to = |place: &str| {
            let answer = Answer::bare(303).header("location", place);
            stuck(vec![answer]).finding("A31")
        };
        for place in [
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///x",
            "app:x",
        ] {
            let finding = to(place);
            assert_eq!(finding.variant, "not_web", "{place}");
            assert_eq!(finding.owner, Owner::AuthorizationServer);
        }
        assert!(to("file:///x").title.ends_with("scheme file"));
        assert_eq!(to("https://login.example/").variant, "default");
    }

    #[test]
    fn an_error_page_behind_another_page() {
        let after_login = |status, words: &str| {
            let first = Answer::html(200, "<form><button name=a>Go</button></form>");
            stuck(vec![first, Answer::html(status, words)]).finding("A31")
        };
        let lost = after_login(400, "Error: client_id is required");
        assert_eq!(lost.variant, "later_page_refuses");
        assert!(
            lost.message.contains("misses client_id"),
            "{}",
            lost.message
        );
        let refused = after_login(422, "Error: tenant is not known");
        assert_eq!(refused.variant, "later_page_refuses");
        assert!(refused.message.contains("its own words"));
        for words in ["Error: wrong user name or password", "<form>Error</form>"] {
            assert_eq!(after_login(400, words).variant, "default", "{words}");
        }
    }

    #[test]
    fn a_firewall_that_may_dislike_the_redirect_uri() {
        let page = Answer::html(403, "Just a moment...").header("cf-ray", "1");
        let mut run = stuck(vec![page.clone()]);
        assert!(run.finding("A31").fix.contains("--redirect-host localhost"));
        run.ask("redirect_uri", Some("https://client.example/callback"));
        assert!(!run.finding("A31").fix.contains("--redirect-host"));
    }

    #[test]
    fn an_answer_by_post_that_nobody_asked_for_is_the_server_s() {
        let form = |action: &str, name: &str| {
            let inputs = format!("<input type=hidden name=\"{name}\" value=\"x\">");
            let page = format!("<form method=\"POST\" action=\"{action}\">{inputs}</form>");
            stuck(vec![Answer::html(200, &page)]).finding("A31").variant
        };
        let redirect_uri = REDIRECT;
        assert_eq!(form(redirect_uri, "code"), "by_post");
        assert_eq!(form("/login", "code"), "default");
        assert_eq!(form(redirect_uri, "password"), "default");
    }

    #[test]
    fn is_silent_where_another_rule_explains_it() {
        assert_eq!(
            stuck(vec![Answer::html(400, "Invalid redirect_uri")]).found(),
            ["S07"]
        );
        assert_eq!(
            stuck(vec![Answer::failed(FailureKind::Refused)]).found(),
            ["N01"]
        );
        assert!(Run::healthy().is_silent("A31"));
    }
}
