use trace::StopCode;

use crate::by_status::{Decided, by_status};
use crate::finding::{Finding, Part};
use crate::preflights::is_redirect;
use crate::reading::{ExchangeRef, Reading};
use crate::rule::{Findings, rule};
use crate::spec::{RFC6749_AUTHORIZATION_ERROR, RFC6749_LOGIN};
use crate::upstream::refused_upstream;
use crate::wording::{excerpt, in_its_own_words};
use page::Page;

mod by_page;
mod page;

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
        LATER_PAGE_MISSING: Error AuthorizationServer Likely
            "The authorization server leads the browser to a page that is not there",
        LATER_PAGE_REFUSES: Error AuthorizationServer Likely
            "The login ends at an error page of the authorization server",
        FORGERY: Error AuthorizationServer Likely
            "The authorization server takes its own form for a forged one (CSRF)",
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
    follows: ["N03/default", "M06/fragment", "G20"],
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
    let error = |variant| RULE.found(RFC6749_AUTHORIZATION_ERROR).variant(variant);
    let circle = RULE.found(RFC6749_LOGIN).variant(&LOOP);
    let finding = if is_in_circle(reading, hop) {
        by_page::in_circle(circle)
    } else if is_redirect(response.get()) && said.contains("--max-login-requests") {
        by_page::too_many_steps(circle)
    } else if page.posts_the_answer(reading) {
        by_page::by_post(error(&BY_POST))
    } else if let Some(redirect_uri) = page.is_beside_the_redirect_uri(reading) {
        by_page::other_place(error(&OTHER_PLACE), redirect_uri)
    } else {
        told(&page, reading)
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
    refused.then(|| at(hop, told(&page, reading)).actual(actual))
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
    // One to nowhere leads back to nothing.
    let leads_on = last
        .response()
        .is_some_and(|response| response.header_value("location").is_some());
    redirected && leads_on && visits.count() > 1
}

/// The finding about a page that shows why there is no way on.
fn told(page: &Page<'_>, reading: &Reading<'_>) -> Finding {
    let found = |variant| RULE.found(RFC6749_AUTHORIZATION_ERROR).variant(variant);
    let status = page.response.status;
    if let Some(decided) = by_status(page.response, "the authorization server")
        && !matches!(decided.kind, Decided::Redirected | Decided::ToLogin)
    {
        let variant = match decided.kind {
            Decided::TooMany => &TOO_MANY,
            Decided::Gateway => &GATEWAY,
            Decided::InFront => &IN_FRONT,
            _ => &PAGE_FAILS,
        };
        return by_page::by_status(found(variant), page, reading, &decided);
    }
    let has_location = page.response.header_value("location").is_some();
    if (300..400).contains(&status) && !has_location {
        return by_page::redirect_to_nowhere(found(&PAGE_FAILS), status);
    }
    if (200..300).contains(&status) && has_location {
        return by_page::location_without_redirect(found(&NO_REDIRECT), status);
    }
    if let Some(scheme) = page.scheme_off_the_web() {
        return by_page::not_web(found(&NOT_WEB).title_with([scheme.as_str()]));
    }
    let refused = page.is_first && (status >= 400 || page.is_error_text());
    if !refused && page.speaks_of_forgery() {
        by_page::taken_for_forged(RULE.found(RFC6749_LOGIN).variant(&FORGERY))
    } else if !refused && page.refuses_after_others() {
        by_page::refused_later(found(&LATER_PAGE_REFUSES), page, reading)
    } else if !refused && matches!(status, 404 | 405 | 410) {
        by_page::later_page_missing(RULE.found(RFC6749_LOGIN).variant(&LATER_PAGE_MISSING))
    } else if !refused && page.is_no_page() {
        by_page::no_page(RULE.found(RFC6749_LOGIN).variant(&NO_PAGE), page)
    } else if !refused {
        by_page::wants_something(RULE.found(RFC6749_LOGIN), page)
    } else if page.speaks_of_unknown_client() && has_registered(reading, page) {
        by_page::registered_client_unknown(found(&CLIENT_UNKNOWN))
    } else if page.speaks_of_unknown_client() {
        by_page::client_id_unknown(found(&CLIENT_ID_UNKNOWN))
    } else if matches!(status, 404 | 405 | 410) {
        by_page::endpoint_not_there(found(&NOT_THERE), status)
    } else {
        by_page::request_refused(found(&REQUEST_REFUSED), status)
    }
}

/// Whether a client was registered before a page.
fn has_registered(reading: &Reading<'_>, page: &Page<'_>) -> bool {
    let mut registrations = reading.registrations.iter();
    registrations
        .any(|seen| seen.seq < page.hop.seq && seen.status().is_some_and(|status| status < 300))
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
    fn a_form_that_is_taken_for_forged_is_the_server_s() {
        let variant = |status: u16, words: &str| {
            let form = Answer::html(200, "Allow");
            stuck(vec![form, Answer::html(status, words)])
                .finding("A31")
                .variant
        };
        let django = "403 Forbidden CSRF verification failed. Request aborted.";
        assert_eq!(variant(403, django), "forgery");
        assert_eq!(variant(422, "Invalid authenticity token"), "forgery");
        assert_eq!(variant(403, "Wrong password"), "default");
        // A page that only speaks of it is a page.
        assert_eq!(variant(200, "Enter the CSRF code"), "default");
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
    fn a_redirect_to_nowhere_is_no_circle() {
        let mut trace = stuck(vec![Answer::html(200, "Allow"), Answer::bare(302)]).trace();
        for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
            // The form is sent to the URL that it came from.
            if let EntryKind::Exchange(hop) = &mut entry.kind
                && hop.purpose == Purpose::Authorization
            {
                hop.request.url = "https://as.example/authorize".into();
            }
        }
        let finding = found_in(&trace, "A31").unwrap();
        assert_eq!(finding.variant, "page_fails");
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

    #[test]
    fn a_login_page_that_is_not_there_is_the_server_s() {
        let led = |page: Answer| {
            let redirect = Answer::bare(302).header("location", "https://as.example/login");
            stuck(vec![redirect, page]).finding("A31")
        };
        let missing = led(Answer::html(404, "Nowhere"));
        assert_eq!(missing.variant, "later_page_missing");
        assert_eq!(missing.owner, Owner::AuthorizationServer);
        assert_ne!(
            led(Answer::html(200, "Login")).variant,
            "later_page_missing"
        );
    }
}
