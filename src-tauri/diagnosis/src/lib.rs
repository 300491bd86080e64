//! Judges a trace: what is wrong, whose fault it is, which sentence says so, and what to change.
//!
//! | module | what |
//! |---|---|
//! | `rules` | one file per rule: what it looks at, and the check |
//! | `catalogue` | the one table of all rules |
//! | `rule`, `variant`, `relation` | what a rule is made of |
//! | `spec` | the sentences the rules cite, word for word |
//! | `owner_name` | whom the owner of a finding is in this trace |
//! | `snapshot` | a trace as it is judged, each of its messages read once |
//! | `outline` | the outermost members of a JSON object |
//! | `judge` | applies every rule |
//! | `ledger`, `subject` | what became of every rule, by what it looks at |
//! | `played` | what is said of a known client that is played goes no further than what is known of it |
//! | `precedence` | brings what they found into order, the root cause first |
//! | `reading` | an index of a trace, built once and read by every rule |
//! | `own_options` | failures that come of what the user set for the run |
//! | `facts` | what the flow went by, as it was decided |
//! | `derived` | the same from the traffic of a trace without decisions |
//! | `keyed` | what is looked up for many messages, by its key |
//! | `asked` | the parameters of a request, wherever they were sent |
//! | `by_status` | what the status of an answer decides, whatever its body says |
//! | `fields` | readers of single messages |
//! | `checked` | what is computed from secrets, as facts |
//! | `code_exchange` | a code exchange held against the requests before it |
//! | `client_authentication` | how a client says who it is |
//! | `foreign` | identifiers in metadata that are not the ones asked for |
//! | `key_sets`, `preflights`, `refused_refresh`, `step_up` | what several rules are about |
//! | `redirect_uris` | what to do about a redirect URI that is refused |
//! | `id_token`, `proof` | ID tokens and proofs of possession, and what they have to say |
//! | `corrected` | what was sent, put right |
//! | `follow` | where a value stands in a trace, and what is computed from it |
//! | `replaced` | values that a recorder put in the place of others |
//! | `tokens` | every token of a trace, and what differs from the one before |
//! | `duplicates` | members that a JSON text has twice |
//! | `decode` | what an exchange's fields mean |
//! | `providers` | what is known of the larger authorization servers, and how they show |
//! | `guide` | what each step is for, and what the words of the field mean |
//! | `explain` | what clients print when they fail, and which rules it may be |
//! | `clients` | which client sent the requests |
//!
//! Nothing here opens a socket, reads a clock or changes a trace. Only traffic and decisions count:
//! a rule never asks what a server said of itself elsewhere, and never judges entries that were
//! rewound over.

#![forbid(unsafe_code)]

mod answer_tables;
mod asked;
mod by_hand;
mod by_status;
mod catalogue;
mod checked;
mod client_authentication;
mod clients;
mod code_exchange;
mod conduct;
mod corrected;
mod decode;
mod decoded;
mod derived;
mod duplicates;
mod explain;
mod facts;
mod fields;
mod finding;
mod follow;
mod foreign;
mod form_action;
mod guide;
mod id_token;
mod judge;
mod key_sets;
mod keyed;
mod ledger;
mod members;
mod outline;
mod own_options;
mod owner_name;
mod played;
mod precedence;
mod preflights;
mod probed;
mod proof;
mod providers;
mod reading;
mod redirect_uris;
mod refused_refresh;
mod refused_token;
mod relation;
mod replaced;
mod rule;
mod rules;
mod snapshot;
mod spec;
mod step_up;
mod subject;
#[cfg(test)]
mod texts;
mod tokens;
mod upstream;
mod variant;
mod wording;

#[cfg(test)]
mod combined;
#[cfg(test)]
mod degraded;
#[cfg(test)]
mod linear;
#[cfg(test)]
mod sample;

use trace::{FlowInfo, Trace};

pub use catalogue::catalogue;
pub use checked::checked;
pub use clients::client_of;
pub use corrected::{Corrected, CorrectedPart, corrected};
pub use decode::{decoded, part_meanings, part_meanings_of_request};
pub use decoded::{Decoded, DecodedField, MeantPart, PartMeaning};
pub use explain::{ClientText, explain, known_texts};
pub use finding::{Certainty, Finding, Level, Owner, Part, SpecReference};
pub use follow::{Computed, Followed, ValuePlace, follow};
pub use guide::{
    BrowserGuide, NameMeaning, StepGuide, Term, browser_guides, known_names, meanings_of_name,
    phase_in_a_sentence, step_guide, term, terms,
};
pub use precedence::explains;
pub use probed::{ProbedPage, probed_page};
pub use providers::{Cannot, Provider, Recognized, provider_of};
pub use rule::{RuleInfo, VariantInfo};
pub use spec::source::Section;
pub use tokens::{
    SignatureState, TokenDifference, TokenExpiry, TokenOver, TokenScope, TokenScopes, TokenSeen,
    TokenSeenKind, TokenSignature, TokenSince, tokens,
};

pub use judge::Judgement;
pub use ledger::{CheckStatus, RuleCheck};

use judge::{judge, judge_flow, judge_with_ledger};

/// Everything the rules have to say about a trace, the root cause first: what explains the stop of
/// the flow, then the worst, then in the order of the entries; what is about the run as a whole
/// last. What a finding is the cause of comes right after it. The same trace always gives the same
/// findings in the same order.
pub fn diagnose(trace: &Trace) -> Vec<Finding> {
    diagnose_first(trace, trace.entries.len())
}

/// [`diagnose`], and what became of every rule.
pub fn judgement(trace: &Trace) -> Judgement {
    judge_with_ledger(trace)
}

/// [`judgement`] of one flow of a trace.
pub fn judgement_of_flow(trace: &Trace, flow: &FlowInfo) -> Judgement {
    judge_flow(trace, flow)
}

/// [`diagnose`] as it was when the trace had this many entries.
pub fn diagnose_first(trace: &Trace, entries: usize) -> Vec<Finding> {
    let found = judge(trace, entries);
    #[cfg(test)]
    degraded::check(trace, entries, &found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Run;

    #[test]
    fn a_healthy_run_has_no_finding_in_any_revision() {
        for revision in trace::Revision::ALL {
            let run = Run::healthy_at(revision);
            assert_eq!(run.found(), Vec::<String>::new(), "{revision}");
        }
        assert_eq!(Run::healthy_with_refresh().found(), Vec::<String>::new());
        assert_eq!(
            diagnose(&Trace::new("https://mcp.example/mcp", trace::Timestamp(0))),
            []
        );
    }

    #[test]
    fn what_was_rewound_over_is_not_judged() {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        let mut trace = run.trace();
        assert!(!diagnose(&trace).is_empty());
        let at = trace.started;
        trace.push(
            at,
            1,
            trace::Phase::Challenge,
            trace::EntryKind::Rewound { to: 1 },
        );
        assert_eq!(diagnose(&trace), []);
    }

    #[test]
    fn errors_come_first_and_every_finding_cites_its_rule_s_own_references() {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        run.token.drop_header("cache-control");
        run.callback.retain(|(name, _)| *name != "iss");
        let found = diagnose(&run.trace());
        let levels: Vec<_> = found.iter().map(|finding| finding.level).collect();
        assert_eq!(levels, [Level::Error, Level::Error, Level::Warning]);
        assert!(found[0].exchange < found[1].exchange);
        assert_eq!(found, diagnose(&run.trace()));
    }
}
