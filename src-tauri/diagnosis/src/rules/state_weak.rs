use std::collections::HashMap;

use crate::conduct::with_workaround;
use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::{MCP_CLIENT_STATE, RFC6749_STATE_UNGUESSABLE};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// `state` in the authorization requests of a client that was watched or recorded: whether it
    /// is there, long enough not to be guessed, and another one each time.
    ///
    /// # Why it matters
    /// `state` is what a client tells its own answer from a foreign one by. Some authorization
    /// servers refuse requests without it, or with fewer than eight characters; and a client that
    /// sends the same one twice mixes up two logins that run at once.
    ///
    /// # How to fix
    /// In the client: a fresh random `state` of at least 128 bits for every authorization request.
    /// The authorization server should take any `state` and none.
    ///
    /// # References
    /// RFC 6749 section 10.12; MCP authorization, "Open Redirection".
    "K06" "state_weak" Warning Client since None,
    title: "The client asks for a code without state",
    variants: [
        SHORT: Warning Client Certain "The client's state can be guessed",
        REPEATED: Warning Client Certain "The client uses the same state for several logins",
    ],
    spec: [MCP_CLIENT_STATE, RFC6749_STATE_UNGUESSABLE],
    looks_at: [AnotherClient, CodeRequest],
}

/// Fewer characters than this are refused by some servers, and hold less than 64 bits in any case.
const SHORTEST: usize = 8;

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.is_of_another_client() {
        return;
    }
    // The challenge of each login by its state: the same request may be sent again.
    let mut logins: HashMap<String, String> = HashMap::new();
    for asked in reading.code_requests() {
        let challenge = asked.value("code_challenge").unwrap_or_default().to_owned();
        let state = asked.value("state").unwrap_or_default();
        let (variant, spec, said, actual) = match state {
            "" => (
                RULE.default_variant(),
                MCP_CLIENT_STATE,
                "Without state the client cannot tell its own answer from a foreign one. Some \
                 authorization servers refuse such a request.",
                "no state".to_owned(),
            ),
            short if short.chars().count() < SHORTEST => (
                &SHORT,
                RFC6749_STATE_UNGUESSABLE,
                "A state this short can be guessed, and some authorization servers refuse it.",
                format!("{} characters", short.chars().count()),
            ),
            state => match logins.insert(state.to_owned(), challenge.clone()) {
                Some(before) if before != challenge => (
                    &REPEATED,
                    RFC6749_STATE_UNGUESSABLE,
                    "Two logins with different code challenges have the same state, so that the \
                     client can take the answer of one for that of the other.",
                    format!("state={} again", excerpt(state)),
                ),
                _ => continue,
            },
        };
        let workaround = "taking the request as it is, since state is the client's own matter";
        let finding = RULE
            .found(spec)
            .variant(variant)
            .at(asked.seq, Part::RequestUrl)
            .message(with_workaround(said, workaround))
            .expected("a fresh random state for each request")
            .actual(actual)
            .fix("In the client: send a fresh random state with every authorization request.");
        return findings.add(finding);
    }
}

#[cfg(test)]
mod tests {
    use trace::{BrowserVisit, EntryKind, HowOpened, Phase, Trace};

    use crate::sample::{AS, Run, found_in, watched};

    fn visit(trace: &mut Trace, query: &str) {
        let visit = BrowserVisit {
            url: format!("{AS}/authorize?response_type=code&client_id=c1&{query}"),
            how: HowOpened::System,
        };
        trace.push(
            trace.started,
            0,
            Phase::Authorization,
            EntryKind::BrowserOpened(visit),
        );
    }

    #[test]
    fn none_a_short_one_and_the_same_again() {
        let mut run = Run::of_another_client();
        run.ask("state", None);
        assert_eq!(run.finding_of_client("K06").variant, "default");
        run.ask("state", Some("1234567"));
        assert_eq!(run.finding_of_client("K06").variant, "short");
        let mut trace = watched(&Run::of_another_client().trace());
        visit(
            &mut trace,
            "state=a-state-of-24-characters&code_challenge=other",
        );
        assert_eq!(found_in(&trace, "K06").unwrap().variant, "repeated");
    }

    #[test]
    fn is_silent_when_one_request_is_sent_again() {
        assert!(Run::of_another_client().client_is_silent("K06"));
        let mut trace = watched(&Run::of_another_client().trace());
        visit(&mut trace, "state=a-second-state&code_challenge=other");
        visit(&mut trace, "state=a-second-state&code_challenge=other");
        assert_eq!(found_in(&trace, "K06"), None);
        assert!(Run::healthy().is_silent("K06"));
    }
}
