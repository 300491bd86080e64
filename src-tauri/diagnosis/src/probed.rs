//! The authorization page as it answered this program, without cookies, while the browser was away;
//! and when that may be taken for what the browser shows.
//!
//! The browser has cookies and runs scripts, so most of what can be seen here says nothing of the
//! page there. Only an answer that cookies and scripts would not change is judged.

use serde::{Deserialize, Serialize};
use trace::{Entry, EntryKind, Exchange, Outcome, Purpose, Trace};
use ts_rs::TS;

use crate::by_status::{Decided, by_status};
use crate::reading::{ExchangeRef, Reading, object, text};
use crate::wording::{answer_in_words, excerpt};

/// What the authorization URL answered without cookies, while the browser was waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProbedPage {
    /// The entry that shows it.
    pub exchange: u32,
    /// None when no response came.
    pub status: Option<u16>,
    /// In one sentence.
    pub text: String,
}

/// The page that was reached last since the browser was opened last, unless it has come back.
pub fn probed_page(trace: &Trace) -> Option<ProbedPage> {
    let live: Vec<&Entry> = trace.live().collect();
    let opened = live.iter().rposition(|entry| is_visit(entry))?;
    let EntryKind::BrowserOpened(visit) = &live[opened].kind else {
        return None;
    };
    let last = live[opened..].iter().rev().find_map(|entry| {
        let exchange = entry.exchange()?;
        let probe = exchange.purpose == Purpose::AuthorizationProbe;
        probe.then_some((entry.seq, exchange))
    });
    let (seq, exchange) = last?;
    Some(ProbedPage {
        exchange: seq,
        status: exchange.status(),
        text: in_a_sentence(exchange, &visit.url),
    })
}

fn is_visit(entry: &Entry) -> bool {
    matches!(entry.kind, EntryKind::BrowserOpened(_))
}

fn in_a_sentence(exchange: &Exchange, asked: &str) -> String {
    let location = exchange
        .response()
        .and_then(|response| response.header_value("location"));
    let Some(location) = location else {
        let said = answer_in_words(exchange);
        return match exchange.outcome {
            Outcome::Response(_) => {
                format!("Asked without cookies, the page answers {said}.")
            }
            Outcome::Failure(_) => format!("Asked without cookies, the page gives {said}."),
        };
    };
    let place = location.split(['?', '#']).next().unwrap_or(location);
    let pairs = trace::query_pairs(location);
    let error = pairs.iter().find(|pair| pair.name == "error");
    let back = trace::query_pairs(asked)
        .iter()
        .any(|pair| pair.name == "redirect_uri" && pair.value == place);
    let with = match error {
        Some(error) => format!(" with error={}", excerpt(&error.value)),
        None => String::new(),
    };
    if back {
        return format!("Asked without cookies, the page sends the browser straight back{with}.");
    }
    format!(
        "Asked without cookies, the page sends the browser on to {}{with}.",
        excerpt(place)
    )
}

impl<'a> Reading<'a> {
    /// The page that was probed, when the browser shows the same as far as can be known.
    pub(crate) fn probed_error(&self) -> Option<ExchangeRef<'a>> {
        let visit = self.visits.last()?.seq;
        let walk: Vec<_> = self.probes.iter().filter(|seen| seen.seq > visit).collect();
        let (&&last, before) = walk.split_last()?;
        // A page that misses the cookie that was set before it may say so as an error.
        let is_bare = |hop: &&ExchangeRef<'_>| {
            let response = hop.response_with_headers();
            response.is_some_and(|response| response.header_value("set-cookie").is_none())
        };
        if !before.iter().all(is_bare) {
            return None;
        }
        // What stands in front of a server shows in the headers.
        last.response_with_headers()?;
        let response = last.response_with_body()?;
        let page = response
            .body
            .text()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let holds = |words: &[&str]| words.iter().any(|word| page.contains(word));
        let names_error = object(response).is_some_and(|it| text(&it, "error").is_some());
        let same = match response.status {
            // A login of the browser's own, or what keeps programs out.
            401 | 403 | 406 | 407 | 429 => names_error,
            400..=499 => !holds(&["cookie", "javascript"]),
            500.. => true,
            200..=299 => !holds(&["<form", "<script"]),
            _ => false,
        };
        let in_front = by_status(&response, "the authorization server")
            .is_some_and(|by| matches!(by.kind, Decided::InFront | Decided::TooMany));
        (same && !in_front).then_some(last)
    }
}

#[cfg(test)]
mod tests {
    use trace::{BrowserShows, FailureKind, HowOpened, Phase, StopCode};

    use super::*;
    use crate::sample::{Answer, Run};

    /// A run whose browser, which nobody looks into, has not come back.
    fn waiting(probes: Vec<Answer>) -> Run {
        let mut run = Run::healthy();
        run.how = HowOpened::System;
        run.hops = Vec::new();
        run.probes = probes;
        run.stop(Phase::Authorization, StopCode::CallbackTimeout);
        run
    }

    fn variants(run: &Run) -> Vec<String> {
        let found = crate::diagnose(&run.trace());
        let named = |it: crate::Finding| format!("{}/{}", it.code, it.variant);
        found.into_iter().map(named).collect()
    }

    #[test]
    fn an_error_page_names_its_cause() {
        for (answer, found) in [
            (Answer::html(400, "Invalid redirect URI"), "S07/default"),
            (Answer::html(400, "Unknown client"), "A31/client_unknown"),
            (Answer::html(400, "scope is wrong"), "A31/request_refused"),
            (Answer::html(200, "Unknown client"), "A31/client_unknown"),
            (Answer::bare(404), "A31/not_there"),
            (Answer::bare(500), "A31/page_fails"),
            (Answer::bare(503), "A31/gateway"),
        ] {
            assert_eq!(variants(&waiting(vec![answer])), [found]);
        }
    }

    #[test]
    fn a_server_that_does_not_answer_is_named_beside_the_wait() {
        let found = variants(&waiting(vec![Answer::failed(FailureKind::Refused)]));
        assert!(found.iter().any(|one| one.starts_with("N01")), "{found:?}");
    }

    #[test]
    fn a_page_that_a_browser_would_pass_is_no_error() {
        let login = Answer::bare(302).header("location", "https://as.example/login");
        let back = Answer::bare(302).header("location", crate::sample::REDIRECT);
        let set_cookie = login.clone().header("set-cookie", "session=1");
        let in_front = Answer::html(403, "Just a moment...").header("cf-ray", "1");
        for probes in [
            vec![Answer::html(200, "Log in")],
            vec![Answer::html(200, "<form>Unknown client</form>")],
            vec![login],
            vec![back],
            vec![set_cookie, Answer::html(400, "Your session is gone")],
            vec![Answer::html(400, "Please enable cookies")],
            vec![Answer::html(401, "Unauthorized")],
            vec![Answer::bare(429)],
            vec![in_front],
        ] {
            assert_eq!(variants(&waiting(probes)), ["A18/default"]);
        }
    }

    #[test]
    fn what_the_browser_shows_counts_for_more() {
        let refused = || vec![Answer::html(400, "Invalid redirect URI")];
        for shows in [BrowserShows::Login, BrowserShows::Success] {
            let mut run = waiting(refused());
            run.shows = Some(shows);
            assert_eq!(variants(&run), ["A18/default"]);
        }
        let mut says_error = waiting(vec![Answer::html(200, "Something went wrong")]);
        assert_eq!(variants(&says_error), ["A18/default"]);
        says_error.shows = Some(BrowserShows::Error);
        assert_eq!(variants(&says_error), ["A31/request_refused"]);
        let mut came_back = Run::healthy();
        came_back.how = HowOpened::System;
        came_back.probes = refused();
        assert_eq!(variants(&came_back), [""; 0]);
        came_back.probes = vec![Answer::failed(FailureKind::Refused)];
        assert_eq!(variants(&came_back), [""; 0]);
    }

    #[test]
    fn the_page_is_told_in_a_sentence_without_what_is_secret() {
        let told = |answer| probed_page(&waiting(vec![answer]).trace()).unwrap().text;
        assert_eq!(
            told(Answer::html(400, "Unknown client")),
            "Asked without cookies, the page answers 400 with a web page that says: Unknown client."
        );
        let back = format!(
            "{}?error=invalid_scope&code=secret-1",
            crate::sample::REDIRECT
        );
        assert_eq!(
            told(Answer::bare(302).header("location", &back)),
            "Asked without cookies, the page sends the browser straight back with \
             error=invalid_scope."
        );
        let login = "https://as.example/login?state=secret-2";
        assert_eq!(
            told(Answer::bare(302).header("location", login)),
            "Asked without cookies, the page sends the browser on to https://as.example/login."
        );
        assert_eq!(probed_page(&waiting(Vec::new()).trace()), None);
    }
}
