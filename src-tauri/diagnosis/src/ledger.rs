//! The ledger of a run: what became of every rule.

use serde::{Deserialize, Serialize};
use trace::{Decision, Phase, Trace};
use ts_rs::TS;

use crate::catalogue;
use crate::finding::{Certainty, Finding, Level};
use crate::precedence;
use crate::reading::Reading;
use crate::rule::Rule;
use crate::subject::{Place, Subject};

/// What became of one rule in one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RuleCheck {
    pub code: String,
    /// The rule's name, which states the fault.
    pub rule: String,
    /// The fault in one sentence.
    pub title: String,
    pub status: CheckStatus,
    /// The reason, in one sentence.
    pub reason: String,
    /// The entry that it was seen at; none where there is none.
    pub exchange: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// What it looks at was there, and its fault is not, or only as a note.
    Passed,
    /// Its fault was found.
    Failed,
    /// The run ended before what it looks at.
    NotReached,
    /// What it looks at is not part of this run.
    NotApplicable,
    /// What it looks at could not be read.
    NotChecked,
}

impl CheckStatus {
    /// Of several flows, the highest counts.
    pub(crate) fn weight(self) -> u8 {
        match self {
            Self::NotApplicable => 0,
            Self::NotReached => 1,
            Self::Passed => 2,
            Self::NotChecked => 3,
            Self::Failed => 4,
        }
    }
}

/// Every rule, in the order of the catalogue. `alone` is what each rule found by itself, `told`
/// what is told of it.
pub(crate) fn ledger(
    trace: &Trace,
    reading: &Reading<'_>,
    alone: &[Finding],
    told: &[Finding],
) -> Vec<RuleCheck> {
    let run = Run::of(trace, reading);
    let rules = catalogue::RULES.iter();
    rules.map(|rule| run.check(rule, alone, told)).collect()
}

struct Run<'r, 'a> {
    reading: &'r Reading<'a>,
    /// The phase of the last exchange that is part of every run.
    farthest: Option<Phase>,
    is_done: bool,
    is_stopped: bool,
}

impl<'r, 'a> Run<'r, 'a> {
    fn of(trace: &Trace, reading: &'r Reading<'a>) -> Self {
        let last = reading.all.last().map_or(0, |seen| seen.seq);
        let visited = reading.visits.last().map_or(0, |visit| visit.seq);
        let entries = trace.live().filter(|entry| entry.seq <= last.max(visited));
        let phases = entries.map(|entry| entry.phase);
        let is_done = reading.decisions.iter().any(|(_, decision)| {
            matches!(
                decision,
                Decision::Reached { .. } | Decision::NoAuthorizationNeeded
            )
        });
        Self {
            reading,
            farthest: phases.filter(|phase| Phase::MAIN.contains(phase)).max(),
            is_done,
            is_stopped: reading.last_stop().is_some(),
        }
    }

    fn check(&self, rule: &Rule, alone: &[Finding], told: &[Finding]) -> RuleCheck {
        let of_rule = |finding: &&Finding| finding.code == rule.code;
        let worst = told
            .iter()
            .filter(of_rule)
            .max_by_key(|finding| finding.level);
        let better = || {
            let found = alone.iter().find(of_rule)?;
            precedence::told_as(found, told)
        };
        let (status, reason, exchange) = if let Some(finding) = worst {
            let status = match (finding.certainty, finding.level) {
                (Certainty::NotChecked, _) => CheckStatus::NotChecked,
                (_, Level::Note) => CheckStatus::Passed,
                _ => CheckStatus::Failed,
            };
            (status, format!("{}.", finding.title), finding.exchange)
        } else if let Some(better) = better() {
            let reason = format!("Told as {}: {}.", better.code, better.title);
            (CheckStatus::Failed, reason, better.exchange)
        } else {
            self.without_finding(rule)
        };
        RuleCheck {
            code: rule.code.into(),
            rule: rule.name.into(),
            title: rule.default_variant().title.into(),
            status,
            reason,
            exchange,
        }
    }

    fn without_finding(&self, rule: &Rule) -> (CheckStatus, String, Option<u32>) {
        let revision = self.reading.revision.max(self.reading.discovery_revision());
        if let Some(since) = rule.since.filter(|since| !revision.at_least(*since)) {
            let reason = format!("It is about {since} and later; this run follows {revision}.");
            return (CheckStatus::NotApplicable, reason, None);
        }
        let mut seen: Option<Place> = None;
        for subject in rule.looks_at {
            match subject.place(self.reading) {
                Some(place) => match place.unread {
                    Some(why) => return (CheckStatus::NotChecked, why.into(), place.entry),
                    None => seen = seen.or(Some(place)),
                },
                None => {
                    let (status, reason) = self.absent(*subject);
                    return (status, reason, None);
                }
            }
        }
        let words: Vec<&str> = rule
            .looks_at
            .iter()
            .map(|subject| subject.words())
            .collect();
        let reason = format!("Looked at {}.", crate::wording::list(&words));
        (
            CheckStatus::Passed,
            reason,
            seen.and_then(|place| place.entry),
        )
    }

    fn absent(&self, subject: Subject) -> (CheckStatus, String) {
        let words = subject.words();
        let last = self.reading.all.last();
        if let Some(changed) = last.filter(|last| last.exchange.answer_edited) {
            let reason = format!(
                "The answer in row {} was changed by hand; what came after it is not judged.",
                changed.seq
            );
            return (CheckStatus::NotChecked, reason);
        }
        let is_ahead = subject
            .phase()
            .is_some_and(|phase| self.farthest.is_none_or(|farthest| phase >= farthest));
        if self.is_done || !is_ahead {
            let reason = format!("There were no {words} in this run.");
            return (CheckStatus::NotApplicable, reason);
        }
        let how = if self.is_stopped { "stopped" } else { "ended" };
        (
            CheckStatus::NotReached,
            format!("The run {how} before there were {words}."),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Recorded, Revision, StopCode};

    use super::*;
    use crate::sample::{Answer, Run as Sample, access_jwt, token_answer};

    fn of(trace: &Trace) -> Vec<RuleCheck> {
        crate::judgement(trace).ledger
    }

    fn check_of(trace: &Trace, code: &str) -> RuleCheck {
        let mut all = of(trace).into_iter();
        all.find(|check| check.code == code).expect("it is a rule")
    }

    fn status(trace: &Trace, code: &str) -> CheckStatus {
        check_of(trace, code).status
    }

    fn with_status(trace: &Trace, status: CheckStatus) -> Vec<String> {
        let all = of(trace).into_iter().filter(|check| check.status == status);
        all.map(|check| check.code).collect()
    }

    #[test]
    fn every_rule_says_what_it_looks_at_and_every_subject_is_looked_at() {
        for rule in catalogue::RULES {
            assert!(
                !rule.looks_at.is_empty(),
                "{} needs looks_at: [...]",
                rule.code
            );
        }
        for subject in Subject::ALL {
            let mut rules = catalogue::RULES.iter();
            assert!(
                rules.any(|rule| rule.looks_at.contains(subject)),
                "{subject:?}"
            );
        }
    }

    #[test]
    fn a_healthy_run_passes_what_it_holds_and_the_rest_is_no_part_of_it() {
        let trace = Sample::healthy().trace();
        let judged = crate::judgement(&trace);
        assert_eq!(judged.ledger.len(), catalogue::RULES.len());
        assert_eq!(judged.findings, crate::diagnose(&trace));
        assert_eq!(with_status(&trace, CheckStatus::Failed), [""; 0]);
        assert_eq!(with_status(&trace, CheckStatus::NotChecked), [""; 0]);
        for code in [
            "N01", "D40", "R02", "A07", "G20", "A05", "T41", "T15", "T40", "J05",
        ] {
            assert_eq!(status(&trace, code), CheckStatus::Passed, "{code}");
        }
        for code in ["DV1", "C02", "V01", "O01", "T13", "S02", "DP1", "G14"] {
            assert_eq!(status(&trace, code), CheckStatus::NotApplicable, "{code}");
        }
        let passed = check_of(&trace, "R02");
        let looked_at = "resource metadata documents and URLs that resource metadata came from";
        assert_eq!(passed.reason, format!("Looked at {looked_at}."));
        assert!(passed.exchange.is_some());
    }

    #[test]
    fn what_comes_after_a_stop_is_not_reached() {
        let mut run = Sample::healthy();
        run.server_tries[0]
            .2
            .edit(|document| document["issuer"] = "https://x.example".into());
        let trace = run
            .stop(Phase::ServerMetadata, StopCode::IssuerMismatch)
            .trace();
        let failed = check_of(&trace, "R10");
        assert_eq!(
            (failed.status, failed.exchange.is_some()),
            (CheckStatus::Failed, true)
        );
        let token = check_of(&trace, "T41");
        assert_eq!(token.status, CheckStatus::NotReached);
        assert_eq!(
            token.reason,
            "The run stopped before there were token requests."
        );
        assert_eq!(status(&trace, "G20"), CheckStatus::NotReached);
        assert_eq!(status(&trace, "R02"), CheckStatus::Passed);
        assert_eq!(status(&trace, "DV1"), CheckStatus::NotApplicable);
        // A client that was arranged by hand registers nothing, and the run went on without.
        let mut run = Sample::healthy();
        run.registration = None;
        run.token = Answer::json(400, json!({"error": "invalid_grant"}));
        let trace = run.stop(Phase::Token, StopCode::TokenRejected).trace();
        assert_eq!(status(&trace, "G20"), CheckStatus::NotApplicable);
        assert_eq!(status(&trace, "C01"), CheckStatus::NotReached);
    }

    #[test]
    fn a_revision_that_does_not_know_it_yet() {
        let trace = Sample::healthy_at(Revision::R20250618).trace();
        let check = check_of(&trace, "R13");
        assert_eq!(check.status, CheckStatus::NotApplicable);
        assert!(check.reason.contains("2026-07-28"), "{}", check.reason);
    }

    #[test]
    fn what_cannot_be_read_is_not_checked() {
        let mut run = Sample::healthy();
        run.token = token_answer("opaque", "refresh-1");
        let trace = run.trace();
        assert_eq!(status(&trace, "J05"), CheckStatus::NotChecked);
        assert_eq!(status(&trace, "T15"), CheckStatus::NotChecked);
        let mut trace = Sample::healthy().trace();
        for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
            if let trace::EntryKind::Exchange(exchange) = &mut entry.kind {
                exchange.recorded.response_body = Recorded::NotRecorded;
            }
        }
        let check = check_of(&trace, "G20");
        assert_eq!(check.status, CheckStatus::NotChecked);
        assert_eq!(
            check.reason,
            "The recording does not hold all of the answer."
        );
    }

    #[test]
    fn a_note_passes_and_what_is_told_elsewhere_failed() {
        let mut run = Sample::healthy();
        run.token = token_answer(&access_jwt(json!("https://as.example")), "refresh-1");
        let check = check_of(&run.trace(), "T15");
        assert_eq!(check.status, CheckStatus::Passed);
        assert!(check.reason.contains("accepts it"), "{}", check.reason);
        let challenge = "Bearer error=\"invalid_token\"";
        run.calls = vec![Answer::bare(401).header("www-authenticate", challenge)];
        let trace = run.stop(Phase::Mcp, StopCode::TokenNotAccepted).trace();
        assert_eq!(status(&trace, "T15"), CheckStatus::Failed);
        let elsewhere = check_of(&trace, "T40");
        assert_eq!(elsewhere.status, CheckStatus::Failed);
        assert!(
            elsewhere.reason.starts_with("Told as T15: "),
            "{}",
            elsewhere.reason
        );
    }
}
