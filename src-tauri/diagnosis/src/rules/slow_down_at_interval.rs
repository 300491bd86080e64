use std::time::Duration;

use trace::Purpose;

use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, oauth_error, object, text};
use crate::rule::{Findings, rule};
use crate::spec::RFC8628_SLOW_DOWN;

rule! {
    /// # What it looks at
    /// A poll for a device's token that is answered `slow_down`, although as much time had passed
    /// since the poll before it, or since the codes were issued, as the answer with the codes says
    /// in `interval` (5 seconds when it says nothing), and 5 seconds more for each `slow_down`.
    ///
    /// # Why it matters
    /// Every `slow_down` makes all later polls wait five seconds longer. A client that did as it
    /// was told keeps its user waiting, and may never get the token in time.
    ///
    /// # How to fix
    /// Announce the interval that is demanded, and count from the poll before, per device code and
    /// not per address.
    ///
    /// # References
    /// RFC 8628 sections 3.2 and 3.5.
    "DV4" "slow_down_at_interval" Warning AuthorizationServer Likely since None,
    title: "A client that keeps the announced interval is told to slow down",
    spec: [RFC8628_SLOW_DOWN],
    looks_at: [DevicePoll],
}

/// RFC 8628 section 3.2: "If no value is provided, clients MUST use 5 as the default."
const DEFAULT_INTERVAL: u64 = 5;
/// What each `slow_down` adds.
const SLOWER: u64 = 5;

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut begun: Vec<ExchangeRef<'_>> = reading
        .sent_for(|purpose| *purpose == Purpose::DeviceAuthorization)
        .collect();
    begun.retain(|seen| seen.status() == Some(200));
    let found = begun.iter().find_map(|codes| slowed_down(reading, *codes));
    let Some((poll, interval, waited)) = found else {
        return;
    };
    let finding = RULE
        .found(RFC8628_SLOW_DOWN)
        .at(poll.seq, Part::body("/error"))
        .message(
            "The client waited for as long as it has to, and is made to wait five seconds longer \
             from now on. The server may demand another interval than it announces, or count the \
             polls of all clients of an address; a slow network can bring two polls closer \
             together, but hardly at the first one.",
        )
        .expected("authorization_pending, or a token")
        .actual(format!(
            "slow_down after {:.1} s, with an interval of {interval} s",
            waited.as_secs_f64()
        ))
        .fix("Announce the interval that is demanded, and count per device code.");
    findings.add(finding);
}

/// The first poll with these codes that was in time and answered `slow_down`, the interval in
/// seconds, and the time since what was sent before it.
fn slowed_down<'a>(
    reading: &Reading<'a>,
    codes: ExchangeRef<'a>,
) -> Option<(ExchangeRef<'a>, u64, Duration)> {
    let answer = codes.response().and_then(object)?;
    let device_code = text(&answer, "device_code")?;
    let announced = answer.get("interval").and_then(serde_json::Value::as_u64);
    let mut interval = announced.unwrap_or(DEFAULT_INTERVAL);
    let mut before = codes;
    for poll in reading.polls_with(device_code) {
        if poll.time().is_none() || before.time().is_none() {
            return None;
        }
        let waited = poll.exchange.started.since(before.exchange.started);
        let answer = poll.response().and_then(oauth_error);
        if answer.is_some_and(|answer| answer.error == "slow_down") {
            if waited >= Duration::from_secs(interval) {
                return Some((*poll, interval, waited));
            }
            interval = interval.saturating_add(SLOWER);
        }
        before = *poll;
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{EntryKind, Grant, Trace};

    use super::*;
    use crate::sample::{Answer, Run, found_in, post, push_to_server};

    /// Codes with an interval, and polls that begin so many seconds after what came before and are
    /// answered so.
    fn polled(interval: Option<u64>, polls: &[(u64, &str)]) -> Trace {
        let mut trace = Run::healthy().trace();
        let mut codes = json!({"device_code": "d", "user_code": "u", "verification_uri": "https://as.example/d"});
        if let Some(interval) = interval {
            codes["interval"] = interval.into();
        }
        let asked = post("/device", &[("client_id", "c1")]);
        push_to_server(
            &mut trace,
            Purpose::DeviceAuthorization,
            asked,
            &Answer::json(200, codes),
        );
        let mut now = trace.entries.last().unwrap().at;
        for (seconds, error) in polls {
            let grant = Grant::DeviceCode;
            let sent = post("/token", &[("device_code", "d"), ("client_id", "c1")]);
            let answer = Answer::json(400, json!({ "error": error }));
            push_to_server(&mut trace, Purpose::Token { grant }, sent, &answer);
            now = now.plus(Duration::from_secs(*seconds));
            let entry = std::sync::Arc::make_mut(trace.entries.last_mut().unwrap());
            entry.at = now;
            if let EntryKind::Exchange(exchange) = &mut entry.kind {
                exchange.started = now;
            }
        }
        trace
    }

    #[test]
    fn a_client_that_waited() {
        for (interval, polls) in [
            (Some(2), &[(3, "slow_down")][..]),
            (None, &[(6, "authorization_pending"), (6, "slow_down")]),
            (Some(2), &[(1, "slow_down"), (8, "slow_down")]),
        ] {
            assert!(
                found_in(&polled(interval, polls), "DV4").is_some(),
                "{polls:?}"
            );
        }
    }

    #[test]
    fn is_silent_about_a_client_in_a_hurry_and_about_waiting() {
        for (interval, polls) in [
            (None, &[(4, "slow_down")][..]),
            (Some(2), &[(1, "slow_down"), (4, "slow_down")]),
            (
                Some(2),
                &[(3, "authorization_pending"), (3, "access_denied")],
            ),
        ] {
            assert_eq!(found_in(&polled(interval, polls), "DV4"), None, "{polls:?}");
        }
    }
}
