//! What a run that the user ended was waiting for.

use trace::{
    BrowserVisit, Decision, Entry, EntryKind, Exchange, Failure, FailureKind, HowOpened, Purpose,
    Trace, VerdictKind, origin_of, query_pairs,
};

/// In one or two sentences, what was under way when the user ended the run, as far as the trace
/// shows it.
pub fn ended_message(trace: &Trace) -> String {
    let live: Vec<&Entry> = trace
        .live()
        .filter(|entry| !matches!(entry.decision(), Some(Decision::Ended)) && !is_copy(entry))
        .collect();
    let waiting = waiting_for(&live).or_else(|| under_way(live.last()?));
    match waiting {
        Some(waiting) => format!("Ended by the user {waiting}"),
        None => "Ended by the user.".into(),
    }
}

/// What was sent again by hand is no part of what the run waited for.
fn is_copy(entry: &Entry) -> bool {
    let exchange = entry.exchange();
    exchange.is_some_and(|exchange| matches!(exchange.purpose, Purpose::Copy { .. }))
}

/// The request that was broken off.
fn under_way(last: &Entry) -> Option<String> {
    let exchange = last.exchange()?;
    let cancelled = |failure: &Failure| failure.kind == FailureKind::Cancelled;
    exchange.failure().filter(|failure| cancelled(failure))?;
    let request = &exchange.request;
    let url = request.url.split(['?', '#']).next().unwrap_or_default();
    Some(format!(
        "while {} {url} was under way. No answer had come.",
        request.method
    ))
}

/// The browser that has not come back, or the device that was not approved.
fn waiting_for(live: &[&Entry]) -> Option<String> {
    let opened = live
        .iter()
        .rposition(|entry| matches!(entry.kind, EntryKind::BrowserOpened(_)))?;
    let EntryKind::BrowserOpened(visit) = &live[opened].kind else {
        return None;
    };
    let since = &live[opened + 1..];
    let device = live[..opened].iter().rev().find_map(|entry| {
        let Decision::DeviceCodeShown { verification_uri } = entry.decision()? else {
            return None;
        };
        Some(verification_uri)
    });
    match device {
        Some(verification_uri) => device_waiting(verification_uri, since),
        None => browser_waiting(visit, since),
    }
}

fn browser_waiting(visit: &BrowserVisit, since: &[&Entry]) -> Option<String> {
    if !since.iter().all(|entry| is_of_wait(entry)) {
        return None;
    }
    let strays = since.iter().filter_map(|entry| entry.exchange());
    let strays = strays.filter(|exchange| is_stray(exchange)).count();
    let url = page_seen(since).unwrap_or(&visit.url);
    let place = origin_of(url).unwrap_or_else(|| url.to_owned());
    let browser = match visit.how {
        HowOpened::Shown => format!("while the authorization URL waited to be opened at {place}."),
        HowOpened::System | HowOpened::Approver | HowOpened::Watched => {
            format!("while the browser was at {place}.")
        }
    };
    let redirect_uri = query_pairs(&visit.url)
        .into_iter()
        .find(|pair| pair.name == "redirect_uri")
        .map_or("the redirect URI".into(), |pair| pair.value);
    let shown = since
        .iter()
        .rev()
        .find_map(|entry| match entry.decision()? {
            Decision::BrowserShows { shows } => Some(shows.words()),
            _ => None,
        });
    let browser = match shown {
        Some(shown) => format!("{browser} The user saw {shown} there."),
        None => browser,
    };
    Some(match strays {
        0 => format!("{browser} Nothing had come back to {redirect_uri}."),
        1 => format!(
            "{browser} One request had come to {redirect_uri}, without the state that was sent."
        ),
        many => format!(
            "{browser} {many} requests had come to {redirect_uri}, without the state that was \
             sent."
        ),
    })
}

/// The page that the browser came to last, where that was seen.
fn page_seen<'a>(since: &[&'a Entry]) -> Option<&'a str> {
    let exchanges = since.iter().rev().filter_map(|entry| entry.exchange());
    let mut pages = exchanges.filter(|it| it.purpose == Purpose::Authorization);
    pages.next().map(|page| page.request.url.as_str())
}

/// What an approver sends as the browser is part of the wait; so is what was not taken, and what
/// was found out about the page meanwhile.
fn is_of_wait(entry: &Entry) -> bool {
    match &entry.kind {
        EntryKind::Exchange(it) => {
            let page = matches!(
                it.purpose,
                Purpose::Authorization | Purpose::WithinPage | Purpose::AuthorizationProbe
            );
            page || is_stray(it)
        }
        EntryKind::Decision(decision) => matches!(decision, Decision::BrowserShows { .. }),
        _ => false,
    }
}

/// A request to the redirect URI that was answered and not taken for the callback.
fn is_stray(exchange: &Exchange) -> bool {
    let rejected = exchange.verdict.as_ref();
    exchange.purpose == Purpose::Callback
        && exchange.status() == Some(400)
        && rejected.is_some_and(|verdict| verdict.kind == VerdictKind::Rejected)
}

fn device_waiting(verification_uri: &str, since: &[&Entry]) -> Option<String> {
    let polls: Vec<_> = since
        .iter()
        .filter_map(|entry| entry.exchange())
        .filter(|exchange| matches!(exchange.purpose, Purpose::Token { .. }))
        .collect();
    let approved = polls.iter().any(|poll| poll.status() == Some(200));
    let decided = since.iter().any(|entry| entry.decision().is_some());
    if approved || decided {
        return None;
    }
    let polls = match polls.len() {
        0 => "The token endpoint had not been asked yet.".to_owned(),
        1 => "The token endpoint had been asked once.".to_owned(),
        many => format!("The token endpoint had been asked {many} times."),
    };
    Some(format!(
        "while the code waited to be entered at {verification_uri}. {polls}"
    ))
}

#[cfg(test)]
mod tests {
    use trace::{
        Body, Grant, Outcome, ParticipantId, Phase, Recording, Request, Response, Timestamp,
        Timings,
    };

    use super::*;

    const AUTHORIZE: &str =
        "https://as.example/authorize?redirect_uri=http%3A%2F%2F127.0.0.1%3A5%2Fcallback";

    fn push(trace: &mut Trace, kind: EntryKind) {
        trace.push(Timestamp(1), 0, Phase::Authorization, kind);
    }

    fn visit(url: &str, how: HowOpened) -> EntryKind {
        EntryKind::BrowserOpened(BrowserVisit {
            url: url.into(),
            how,
        })
    }

    fn exchange(purpose: Purpose, outcome: Outcome) -> EntryKind {
        EntryKind::Exchange(Box::new(Exchange {
            purpose,
            from: ParticipantId::CLIENT,
            to: ParticipantId::CLIENT,
            label: String::new(),
            request: Request::new("POST", "https://as.example/token?secret=1"),
            edited: false,
            answer_edited: false,
            outcome,
            started: Timestamp(1),
            timings: Timings::default(),
            connection: None,
            verdict: None,
            recorded: Recording::default(),
            client_side: None,
            server_side: None,
        }))
    }

    fn status(status: u16) -> Outcome {
        Outcome::Response(Response {
            status,
            headers: Vec::new(),
            body: Body::empty(),
        })
    }

    fn ended(mut trace: Trace) -> String {
        push(&mut trace, EntryKind::Decision(Decision::Ended));
        ended_message(&trace)
    }

    fn empty() -> Trace {
        Trace::new("https://mcp.example/mcp", Timestamp(0))
    }

    #[test]
    fn a_browser_that_did_not_come_back_is_named_with_where_it_was_waited_for() {
        let mut trace = empty();
        push(&mut trace, visit(AUTHORIZE, HowOpened::System));
        assert_eq!(
            ended(trace.clone()),
            "Ended by the user while the browser was at https://as.example. Nothing had come back \
             to http://127.0.0.1:5/callback."
        );
        push(&mut trace, exchange(Purpose::Authorization, status(200)));
        assert!(ended(trace.clone()).contains("Nothing had come back"));
        let mut stray = exchange(Purpose::Callback, status(400));
        if let EntryKind::Exchange(exchange) = &mut stray {
            exchange.verdict = Some(trace::Verdict::rejected("not the state that was sent"));
        }
        push(&mut trace, stray);
        let told = ended(trace.clone());
        assert!(told.contains("One request had come"), "{told}");
        push(&mut trace, exchange(Purpose::Callback, status(200)));
        assert_eq!(ended(trace), "Ended by the user.");
    }

    #[test]
    fn a_device_that_was_not_approved_is_named_with_the_polls() {
        let mut trace = empty();
        let verification_uri = "https://as.example/device".to_owned();
        let shown = Decision::DeviceCodeShown { verification_uri };
        push(&mut trace, EntryKind::Decision(shown));
        push(
            &mut trace,
            visit("https://as.example/device?c=1", HowOpened::System),
        );
        let poll = || {
            let grant = Grant::DeviceCode;
            exchange(Purpose::Token { grant }, status(400))
        };
        push(&mut trace, poll());
        push(&mut trace, poll());
        assert_eq!(
            ended(trace),
            "Ended by the user while the code waited to be entered at https://as.example/device. \
             The token endpoint had been asked 2 times."
        );
    }

    #[test]
    fn a_request_that_was_broken_off_is_named_without_its_query() {
        let mut trace = empty();
        let failure = Failure {
            kind: FailureKind::Cancelled,
            message: "Broken off by the user.".into(),
        };
        let grant = Grant::AuthorizationCode;
        push(
            &mut trace,
            exchange(Purpose::Token { grant }, Outcome::Failure(failure)),
        );
        assert_eq!(
            ended(trace),
            "Ended by the user while POST https://as.example/token was under way. No answer had \
             come."
        );
        assert_eq!(ended(empty()), "Ended by the user.");
    }
}
