use std::time::Duration;

use trace::FailureKind;

use crate::conduct::with_workaround;
use crate::finding::Part;
use crate::reading::{Reading, form, response_fields, value};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_CLIENT_UNAUTHORIZED, RFC6749_CODE};

rule! {
    /// # What it looks at
    /// Where a client that was watched or recorded left off: a request that it broke off before the
    /// answer came, or a callback whose code it never redeemed.
    ///
    /// # Why it matters
    /// Hosted clients have limits of their own, of a few seconds at times. What a server answers
    /// after that nobody reads, and the user is told that the server cannot be reached.
    ///
    /// # How to fix
    /// In the client: wait longer, and say in its own log what it waited for. The server can answer
    /// sooner.
    ///
    /// # References
    /// MCP authorization, "Protected Resource Metadata Discovery Requirements"; RFC 6749 section
    /// 4.1.3.
    "K17" "gave_up" Warning Client Likely since None,
    title: "The client gave up on a request",
    variants: [
        NOT_REDEEMED: Error Client Likely "The client did not redeem the code that it was given",
    ],
    spec: [MCP_CLIENT_UNAUTHORIZED, RFC6749_CODE],
    follows: [NOT_REDEEMED "R12", NOT_REDEEMED "R13", NOT_REDEEMED "A05"],
    looks_at: [AnotherClient, Request],
}

/// A client that has not come within this time does not come.
const PATIENCE: Duration = Duration::from_secs(60);

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.is_of_another_client() {
        return;
    }
    // A text that somebody pasted may leave the answer out.
    let mut all = reading.all.iter().rev().filter(|_| !reading.is_pasted);
    let broken_off = all.find(|seen| {
        let failure = seen.exchange.failure();
        // A stream is open until somebody closes it.
        failure.is_some_and(|it| it.kind == FailureKind::Cancelled)
            && seen.request().method != "GET"
    });
    if let Some(seen) = broken_off.filter(|_| !went_on(reading, broken_off.map_or(0, |it| it.seq)))
    {
        let waited = seen.exchange.timings.total.as_millis();
        let said = format!(
            "The client broke off its request after {waited} ms, before an answer had come, and \
             did not go on."
        );
        let finding = RULE
            .found(MCP_CLIENT_UNAUTHORIZED)
            .at(seen.seq, Part::RequestUrl)
            .message(with_workaround(&said, "answering sooner than that"))
            .expected("to wait for the answer")
            .actual(format!("broken off after {waited} ms"))
            .fix("In the client: wait longer. At the server: find out what takes so long.");
        return findings.add(finding);
    }
    let Some(callback) = reading.callbacks.last() else {
        return;
    };
    let fields = response_fields(callback.request());
    let Some(code) = value(&fields, "code") else {
        return;
    };
    // A token request whose form was not recorded may be the one.
    let redeemed = reading.tokens.iter().any(|(seen, _)| {
        seen.seq > callback.seq
            && (!seen.request().has_body() || value(form(seen.request()), "code") == Some(code))
    });
    let waited = callback.time().map(|at| reading.ended.since(at));
    if let Some(waited) = waited.filter(|waited| !redeemed && *waited >= PATIENCE) {
        let said = format!(
            "The browser came back with a code, and no token request followed in {} seconds. The \
             client did not take the answer: its state, iss or redirect URI may not be what it \
             expects, or the browser came to an address where it does not listen.",
            waited.as_secs()
        );
        let workaround = "sending state and iss exactly as the client expects them";
        let finding = RULE
            .found(RFC6749_CODE)
            .variant(&NOT_REDEEMED)
            .at(callback.seq, Part::RequestUrl)
            .message(with_workaround(&said, workaround))
            .expected("a token request with the code")
            .actual("none")
            .fix("In the client: look into its log for what it makes of the callback.");
        findings.add(finding);
    }
}

/// Whether the client sent anything after this entry.
fn went_on(reading: &Reading<'_>, seq: u32) -> bool {
    reading.all.last().is_some_and(|last| last.seq > seq)
        || reading.visits.last().is_some_and(|visit| visit.seq > seq)
}

#[cfg(test)]
mod tests {
    use trace::{FailureKind, Phase, StopCode};

    use crate::sample::{Answer, Run, end_after, found_in, watched};

    #[test]
    fn a_request_that_was_broken_off() {
        let mut run = Run::of_another_client();
        run.token = Answer::failed(FailureKind::Cancelled);
        run.calls.clear();
        run.refresh = None;
        let finding = run.finding_of_client("K17");
        assert!(
            finding.message.contains("after 0 ms"),
            "{}",
            finding.message
        );
        let mut trace = watched(&run.trace());
        crate::sample::call(&mut trace, &Run::healthy().calls[0], "opaque");
        assert_eq!(found_in(&trace, "K17"), None);
    }

    #[test]
    fn a_code_that_was_not_redeemed() {
        let mut run = Run::of_another_client();
        run.stop(Phase::Authorization, StopCode::IssMismatch);
        let mut trace = watched(&run.trace());
        end_after(&mut trace, 59);
        assert_eq!(found_in(&trace, "K17"), None);
        end_after(&mut trace, 2);
        assert_eq!(found_in(&trace, "K17").unwrap().variant, "not_redeemed");
    }

    #[test]
    fn is_silent_on_a_whole_run() {
        let mut trace = watched(&Run::of_another_client().trace());
        end_after(&mut trace, 600);
        assert_eq!(found_in(&trace, "K17"), None);
    }
}
