use trace::{HowOpened, StopCode};
use url::Url;

use crate::finding::{Finding, Part};
use crate::form_action::{form_actions, may_lead_to};
use crate::reading::{ExchangeRef, Reading, Visit, value};
use crate::redirect_uris::advice;
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_WAY_BACK;
use crate::upstream::{Upstream, is_refusal, may_draw_itself, refused_upstream};
use crate::wording::{answer_in_words, excerpt};

rule! {
    /// # What it looks at
    /// An authorization request after which no browser came to the redirect URI in time. And a page
    /// whose policy keeps browsers from the redirect URI, where a run without one got past it.
    ///
    /// # Why it matters
    /// What happens in a browser that is not watched is not seen from here: it may still show a
    /// login, an error about the redirect URI, or a success page of the authorization server that
    /// leads nowhere.
    ///
    /// # How to fix
    /// Look at the page in the browser, it says which of these it is. On another machine than this
    /// one, paste the URL that the browser ends at. A run with `--approve watch` records the pages.
    ///
    /// # References
    /// RFC 6749 section 4.1; RFC 8252 section 7.3.
    "A18" "callback_missing" Error AuthorizationServer Likely since None,
    title: "The browser did not come back",
    variants: [
        OWN_OPTION: Error Client Likely
            "The browser does not come back in the time that this run's own {option} allows",
        URL_SHOWN: Error Client Likely "The browser did not come back from the authorization URL",
        CLOSED: Error Client Likely "The browser was closed before it came back",
        PAGE_REFUSES: Error AuthorizationServer Likely "The login ends at an error page",
        KEPT_BY_POLICY: Warning AuthorizationServer Likely
            "A page's Content-Security-Policy keeps browsers from where its form leads",
        UPSTREAM_REFUSES: Error AuthorizationServer Likely
            "The identity provider behind the authorization server answers with an error page",
    ],
    spec: [RFC6749_WAY_BACK],
    stops: [CallbackTimeout, BrowserClosed, ApproverStuck by UPSTREAM_REFUSES],
    looks_at: [AuthorizationRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if let Some(finding) = kept_by_policy(reading) {
        findings.add(finding);
    }
    // What a browser shows that is watched is known before anybody gives up.
    if let Some(page) = refusing_page(reading) {
        return findings.add(at_error_page(reading, page));
    }
    let closed = reading.stopped_saying(StopCode::BrowserClosed);
    let timed_out = reading.stopped_saying(StopCode::CallbackTimeout);
    let Some((seq, said)) = closed.max(timed_out) else {
        return;
    };
    let Some(visit) = reading.visits.iter().rev().find(|visit| visit.seq < seq) else {
        return;
    };
    // Somebody came, without the right state: A05 says so.
    if reading.strays.iter().any(|it| visit.seq < it.seq) {
        return;
    }
    let asked = reading.authorization_before(seq).map(|(_, asked)| asked);
    let uri = asked.and_then(|asked| value(asked, "redirect_uri").map(str::to_owned));
    let uri = uri.unwrap_or_default();
    let last = last_page(reading, visit);
    let finding = RULE
        .found(RFC6749_WAY_BACK)
        .at(last.map_or(visit.seq, |page| page.seq), Part::RequestUrl)
        .expected(format!("a request to {uri} with code or error"))
        .actual(said);
    findings.add(match visit.visit.how {
        HowOpened::Watched if closed.is_some_and(|(at, _)| at == seq) => finding
            .variant(&CLOSED)
            .message(closed_at(last))
            .fix("Run again and log in; the window closes by itself."),
        HowOpened::Shown => finding
            .variant(&URL_SHOWN)
            .message(
                "The URL was shown and not opened here. Either nobody opened it in time, or the \
                 browser that did runs on another machine, where the loopback redirect URI leads \
                 elsewhere.",
            )
            .fix(
                "Open the URL in a browser of this machine. In a browser elsewhere, copy the URL \
                 that it ends at, even if it shows an error, and paste it here.",
            ),
        HowOpened::System | HowOpened::Approver | HowOpened::Watched => finding
            .message(
                "The page in the browser says why: a login that was not finished; an error about \
                 the redirect URI, the client or the request, which is shown and not sent back; or \
                 a success page that does not redirect.",
            )
            .fix(format!(
                "Look at the page. If it speaks of the redirect URI: {} If it says that all is \
                 well, the authorization server has to redirect the browser to the redirect URI.",
                advice(&uri)
            )),
    });
}

/// A page whose form led on in a run without a browser, and would not in a browser that holds the
/// redirects after a form to the policy of the page.
fn kept_by_policy(reading: &Reading<'_>) -> Option<Finding> {
    let hops = &reading.hops;
    hops.iter().enumerate().find_map(|(index, page)| {
        let response = page.response_with_body()?;
        let url = Url::parse(&page.request().url).ok()?;
        let submitted = hops.get(index + 1).filter(|next| next.request().method == "POST")?;
        let policies = form_actions(response.get());
        let places = leads_to(&hops[index + 1..]);
        let policy = policies.iter().find(|policy| {
            let kept = |place: &Url| !may_lead_to(policy, &url, place);
            places.iter().any(kept)
        })?;
        let place = places.iter().find(|place| !may_lead_to(policy, &url, place))?;
        let source = match place.scheme() {
            "http" | "https" => place.origin().ascii_serialization(),
            scheme => format!("{scheme}:"),
        };
        Some(
            RULE.found(RFC6749_WAY_BACK)
                .variant(&KEPT_BY_POLICY)
                .at(page.seq, Part::body(""))
                .message(format!(
                    "The form of {} leads to {source} in the end. Chrome, Edge and other browsers \
                     hold the redirects after a form to form-action as well and stop there without \
                     a word: the button seems to do nothing, and the client waits for a callback. \
                     This run has no browser and got through (to {}).",
                    page_name(*page),
                    page_name(*submitted),
                ))
                .expected(format!("form-action with {source}, or without that directive"))
                .actual(excerpt(&format!("Content-Security-Policy: form-action {policy}")))
                .fix(format!(
                    "Add {source} to form-action in the Content-Security-Policy of {}, as the checked \
                     redirect URI of each request has it, or leave form-action out there.",
                    page_name(*page)
                )),
        )
    })
}

/// Where a form leads: what it is sent to, and each redirect after that.
fn leads_to(after: &[ExchangeRef<'_>]) -> Vec<Url> {
    let mut places = Vec::new();
    for hop in after {
        let Ok(url) = Url::parse(&hop.request().url) else {
            break;
        };
        let response = hop.response();
        let location =
            response.and_then(|response| response.header_value("location").map(str::to_owned));
        let redirected = hop
            .status()
            .is_some_and(|status| (300..400).contains(&status));
        let next = location
            .filter(|_| redirected)
            .and_then(|place| url.join(&place).ok());
        places.push(url);
        let Some(next) = next else {
            break;
        };
        places.push(next);
    }
    places
}

/// The page at which the login ends, if nobody gets on from it.
fn refusing_page<'a>(reading: &Reading<'a>) -> Option<ExchangeRef<'a>> {
    let visit = reading.visits.last()?;
    let mut came = reading.callbacks.iter().chain(&reading.strays);
    if came.any(|callback| visit.seq < callback.seq) {
        return None;
    }
    let seen = last_page(reading, visit);
    let seen = seen.filter(|page| is_refusal(*page) && !may_draw_itself(*page));
    // Of a page that was not watched other rules speak, unless it refuses another request.
    let stuck = reading.stopped(StopCode::ApproverStuck);
    let hop = stuck.and_then(|_| reading.hops.last().copied());
    let unwatched = reading.probed_error().or(hop);
    seen.or(unwatched.filter(|page| refused_upstream(reading, *page).is_some()))
}

/// Where a watched browser was seen last.
fn last_page<'a>(reading: &Reading<'a>, visit: &Visit<'_>) -> Option<ExchangeRef<'a>> {
    let last = reading.hops.last().filter(|hop| visit.seq < hop.seq)?;
    (visit.visit.how == HowOpened::Watched).then_some(*last)
}

fn closed_at(last: Option<ExchangeRef<'_>>) -> String {
    let Some(page) = last else {
        return "The window was closed, or the browser ended, before a page had come.".into();
    };
    let place = page_name(page);
    let seen = match page.status() {
        Some(400..) if may_draw_itself(page) => format!(
            "That page answered {}; what its scripts made of it is not seen from here.",
            answer_in_words(page.exchange)
        ),
        Some(_) => "No page on the way shows an error.".into(),
        None => "Nothing had come from there.".into(),
    };
    format!("The window was closed, or the browser ended, at {place}. {seen}")
}

/// Where a page is, without what its query carries.
fn page_name(page: ExchangeRef<'_>) -> String {
    let url = &page.request().url;
    url.split(['?', '#']).next().unwrap_or(url).to_owned()
}

fn at_error_page(reading: &Reading<'_>, page: ExchangeRef<'_>) -> Finding {
    let found = RULE
        .found(RFC6749_WAY_BACK)
        .at(page.seq, Part::body(""))
        .expected("a page that leads on, or a redirect to the redirect URI")
        .actual(answer_in_words(page.exchange));
    let place = page_name(page);
    match refused_upstream(reading, page) {
        Some(Upstream { redirect_uri, .. }) => found
            .variant(&UPSTREAM_REFUSES)
            .message(format!(
                "The authorization server took the request of this run, and sent the browser on to \
                 a login behind it. {place} refuses that second request: its client and its \
                 redirect URI are settings of the authorization server, not of this run. The page \
                 itself may name another reason."
            ))
            .fix(format!(
                "At the provider of {place}, look at the client that the authorization server \
                 uses there: register its redirect URI {redirect_uri}, and check its client ID."
            )),
        None => found
            .variant(&PAGE_REFUSES)
            .message(format!(
                "{place} shows an error and does not send the browser back, so its own words are \
                 all there is. A user who is not allowed to log in would see the same."
            ))
            .fix("Do what the page says, or look into the log of that server for this request."),
    }
}

#[cfg(test)]
mod tests {
    use trace::{EntryKind, HowOpened, Phase, Purpose, Role, StopCode};

    use crate::finding::{Certainty, Owner};
    use crate::sample::{Answer, Run, found_in};

    fn timed_out(how: HowOpened) -> Run {
        let mut run = Run::healthy();
        run.how = how;
        run.hops.clear();
        run.stop_message = "The browser did not come back within 300 seconds.";
        run.stop(Phase::Authorization, StopCode::CallbackTimeout);
        run
    }

    #[test]
    fn tells_what_may_have_happened() {
        let finding = timed_out(HowOpened::System).finding("A18");
        assert!(
            finding.fix.contains("http://localhost:49152/callback"),
            "{}",
            finding.fix
        );
        assert_eq!(
            finding.actual.as_deref(),
            Some("The browser did not come back within 300 seconds.")
        );
        assert_eq!(
            timed_out(HowOpened::Shown).finding("A18").owner,
            Owner::Client
        );
    }

    fn watched(code: StopCode, hops: Vec<Answer>) -> Run {
        let mut run = Run::healthy();
        run.how = HowOpened::Watched;
        run.hops = hops;
        run.stop_message = "The browser was closed before it came back.";
        run.stop(Phase::Authorization, code);
        run
    }

    #[test]
    fn a_browser_that_was_closed_at_a_login_page_is_nobodys_fault() {
        let form = Answer::html(401, "<form>Wrong password, try again</form>");
        let finding = watched(StopCode::BrowserClosed, vec![form]).finding("A18");
        assert_eq!(
            (finding.variant.as_str(), finding.owner),
            ("closed", Owner::Client)
        );
        assert!(finding.message.contains("at https://as.example/authorize."));
        let drawn = Answer::html(404, "<div id=app></div><script src=/login.js></script>");
        let finding = watched(StopCode::BrowserClosed, vec![drawn]).finding("A18");
        assert_eq!(finding.variant, "closed");
        assert!(finding.message.contains("404"), "{}", finding.message);
        let finding = watched(StopCode::BrowserClosed, Vec::new()).finding("A18");
        assert_eq!(finding.variant, "closed");
    }

    #[test]
    fn an_error_page_is_named_with_its_words() {
        for code in [StopCode::BrowserClosed, StopCode::CallbackTimeout] {
            let page = Answer::html(403, "This tenant is locked");
            let finding = watched(code, vec![page]).finding("A18");
            assert_eq!(finding.variant, "page_refuses");
            let actual = finding.actual.unwrap();
            assert!(actual.contains("This tenant is locked"), "{actual}");
        }
    }

    #[test]
    fn an_error_page_is_named_while_the_browser_still_shows_it() {
        let mut run = Run::healthy();
        run.how = HowOpened::Watched;
        run.hops = vec![Answer::html(403, "This tenant is locked")];
        assert!(run.is_silent("A18"), "it came back");
        let waiting = |page: Answer| {
            let mut trace = watched(StopCode::BrowserClosed, vec![page]).trace();
            trace.entries.pop();
            found_in(&trace, "A18").map(|finding| finding.variant)
        };
        let refused = waiting(Answer::html(403, "This tenant is locked"));
        assert_eq!(refused.as_deref(), Some("page_refuses"));
        let drawn = waiting(Answer::html(
            404,
            "<div id=app></div><script src=/login.js>",
        ));
        assert_eq!(drawn, None, "its script may make a login of it");
        let again = waiting(Answer::html(401, "<form>Wrong password</form>"));
        assert_eq!(again, None, "it can be tried again");
    }

    /// Its redirect URI is not the run's, so nobody has to register that one.
    #[test]
    fn an_error_page_behind_the_authorization_server_is_told_of_that_one_s_own_client() {
        let page = Answer::html(400, "Error 400: redirect_uri_mismatch");
        let run = watched(StopCode::BrowserClosed, vec![page]);
        let mut trace = run.trace();
        let provider = trace.participant(Role::IdentityProvider, "https://idp.example");
        let url = "https://idp.example/authorize?client_id=x&response_type=code&\
                   redirect_uri=https%3A%2F%2Fas.example%2Fauth%2Fcallback";
        for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
            if let EntryKind::Exchange(exchange) = &mut entry.kind
                && exchange.purpose == Purpose::Authorization
            {
                exchange.request.url = url.into();
                exchange.to = provider;
            }
        }
        let finding = found_in(&trace, "A18").unwrap();
        assert_eq!(finding.variant, "upstream_refuses");
        assert!(
            finding.fix.contains("https://as.example/auth/callback"),
            "{}",
            finding.fix
        );
        assert_eq!(
            finding.owner_name,
            "the identity provider https://idp.example"
        );
        assert!(found_in(&trace, "S07").is_none());
    }

    #[test]
    fn a_policy_that_keeps_browsers_from_the_redirect_uri() {
        let told = |policy: &str| {
            let mut run = Run::healthy();
            let page = Answer::html(200, "<form method=post><button>Allow</button></form>");
            let redirect = "http://localhost:49152/callback?code=1";
            run.hops = vec![
                page.header("content-security-policy", policy),
                Answer::bare(302).header("location", redirect),
            ];
            let mut trace = run.trace();
            let mut hops = 0;
            for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
                if let EntryKind::Exchange(exchange) = &mut entry.kind
                    && exchange.purpose == Purpose::Authorization
                {
                    hops += 1;
                    if hops == 2 {
                        exchange.request.method = "POST".into();
                    }
                }
            }
            found_in(&trace, "A18")
        };
        let finding = told("default-src 'none'; form-action 'self'").unwrap();
        assert_eq!(finding.variant, "kept_by_policy");
        assert!(
            finding.fix.contains("Add http://localhost:49152 to"),
            "{}",
            finding.fix
        );
        for lawful in [
            "default-src 'none'",
            "form-action 'self' http://localhost:*",
            "form-action *",
        ] {
            assert_eq!(told(lawful), None, "{lawful}");
        }
    }

    #[test]
    fn is_silent_when_one_came_that_was_not_taken() {
        let mut run = timed_out(HowOpened::System);
        run.stray = Some("code=x&iss=https://as.example");
        assert!(run.is_silent("A18"));
        let stray = run.finding("A05");
        assert_eq!(stray.certainty, Certainty::Likely);
        assert!(
            stray.message.contains("the wait went on"),
            "{}",
            stray.message
        );
        run.stray = Some("code=x&iss=https://as.example&state=other");
        assert_eq!(run.finding("A05").certainty, Certainty::Likely);
    }

    #[test]
    fn is_silent_when_the_browser_came_back() {
        assert!(Run::healthy().is_silent("A18"));
    }
}
