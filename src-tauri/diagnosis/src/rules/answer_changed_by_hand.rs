use trace::Outcome;

use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::RFC9110_TRANSFORMED;

rule! {
    /// # What it looks at
    /// An answer that was held at a breakpoint, and changed by hand before the flow saw it.
    ///
    /// # Why it matters
    /// The answer is judged as the server sent it. What the client did with the other one, and
    /// whatever came of that, says nothing about the servers, so it is not judged.
    ///
    /// # How to fix
    /// Go back to that row and let the answer through as it came, or run again.
    ///
    /// # References
    /// RFC 9110 section 15.3.4.
    "L03" "answer_changed_by_hand" Warning Client since None,
    title: "An answer was changed by hand, and what came after it is not judged",
    spec: [RFC9110_TRANSFORMED],
    stops: [
        Transport, WrongChallengeStatus, NotAnMcpServer, NoResourceMetadata,
        InvalidResourceMetadata, ForeignResource, NoServerMetadata, IssuerMismatch,
        PkceUnsupported, MissingEndpoint, CredentialsElsewhere, IssuerNotConfirmed, NoRegistration,
        RegistrationRejected, AuthorizationError, StateMismatch, IssMismatch, NoCode,
        CallbackTimeout, BrowserClosed, ListenerFailed, ApproverStuck, TokenRejected,
        InvalidTokenResponse, PushedAuthorizationRejected, DeviceNotApproved, IdTokenInvalid,
        GrantNotOffered, NotPossible, TokenNotAccepted, InsufficientScope, McpError,
    ],
    looks_at: [Request],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut all = reading.all.iter();
    let Some(changed) = all.find(|seen| seen.exchange.answer_edited) else {
        return;
    };
    let mut finding = RULE
        .found(RFC9110_TRANSFORMED)
        .at(changed.seq, Part::Status)
        .message(
            "The flow did not see the answer that the server sent, but the one that was put in its \
             place at a breakpoint. The servers are judged by what they sent up to there.",
        )
        .expected(said(&changed.exchange.outcome))
        .fix(
            "Go back to this row and let its answer through as it came, or run again, to have the \
             whole flow judged.",
        );
    if let Some(seen) = &changed.exchange.client_side {
        finding = finding.actual(said(&seen.outcome));
    }
    findings.add(finding);
}

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Response(response) => format!(
            "status {} with {} bytes",
            response.status,
            response.body.bytes.len()
        ),
        Outcome::Failure(_) => "no answer".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use trace::{EntryKind, Exchange, Outcome, Purpose, Side, Trace};

    use crate::ledger::CheckStatus;
    use crate::sample::Run;

    /// Puts this status in the place of what was answered to the first request of such a purpose.
    fn changed(trace: &mut Trace, of: impl Fn(&Purpose) -> bool, status: u16) -> u32 {
        let mut all = trace.entries.iter_mut();
        let entry = all
            .find(|entry| entry.exchange().is_some_and(|it| of(&it.purpose)))
            .expect("there is one");
        let entry = Arc::make_mut(entry);
        let EntryKind::Exchange(exchange) = &mut entry.kind else {
            unreachable!("it was looked for");
        };
        change(exchange, status);
        entry.seq
    }

    fn change(exchange: &mut Exchange, status: u16) {
        exchange.answer_edited = true;
        exchange.server_side = Some(Box::new(Side {
            request: exchange.request.clone(),
            outcome: exchange.outcome.clone(),
        }));
        if let Outcome::Response(response) = &mut exchange.outcome {
            response.status = status;
        }
    }

    #[test]
    fn the_server_is_not_accused_of_what_the_user_put_there() {
        let mut trace = Run::healthy().trace();
        let registration = |purpose: &Purpose| *purpose == Purpose::Registration;
        let seq = changed(&mut trace, registration, 500);
        let judgement = crate::judgement(&trace);
        let codes: Vec<_> = judgement.findings.iter().map(|it| &it.code).collect();
        assert_eq!(codes, ["L03"], "and nothing of the server");
        let finding = &judgement.findings[0];
        assert_eq!(finding.exchange, Some(seq));
        assert!(
            finding
                .expected
                .as_deref()
                .unwrap_or_default()
                .starts_with("status 201")
        );
        assert!(
            finding
                .actual
                .as_deref()
                .unwrap_or_default()
                .starts_with("status 500")
        );
    }

    #[test]
    fn what_the_server_did_wrong_before_is_still_told() {
        let mut run = Run::healthy();
        if let Some((_, answer)) = &mut run.registration {
            let refused = serde_json::json!({ "error": "invalid_client_metadata" });
            *answer = crate::sample::Answer::json(400, refused);
        }
        let mut trace = run.trace();
        // The user lets the flow go on, as if the client were registered.
        let registration = |purpose: &Purpose| *purpose == Purpose::Registration;
        changed(&mut trace, registration, 201);
        let judgement = crate::judgement(&trace);
        let codes: Vec<_> = judgement
            .findings
            .iter()
            .map(|it| it.code.as_str())
            .collect();
        assert!(
            codes.contains(&"L03") && codes.contains(&"G03"),
            "{codes:?}"
        );
    }

    #[test]
    fn what_came_after_is_not_checked() {
        let mut trace = Run::healthy().trace();
        changed(&mut trace, |it| *it == Purpose::Registration, 500);
        let ledger = crate::judgement(&trace).ledger;
        let check = |code: &str| {
            let mut all = ledger.iter();
            all.find(|check| check.code == code).expect("it is a rule")
        };
        assert_eq!(check("T41").status, CheckStatus::NotChecked);
        assert_eq!(check("D01").status, CheckStatus::Passed);
    }

    #[test]
    fn an_abandoned_change_counts_no_more() {
        let mut trace = Run::healthy().trace();
        let seq = changed(&mut trace, |it| *it == Purpose::Registration, 500);
        let at = trace.started;
        trace.push(
            at,
            1,
            trace::Phase::Registration,
            EntryKind::Rewound { to: seq },
        );
        let codes = crate::diagnose(&trace);
        assert!(codes.iter().all(|finding| finding.code != "L03"));
    }

    #[test]
    fn is_silent_otherwise() {
        assert!(Run::healthy().is_silent("L03"));
    }
}
