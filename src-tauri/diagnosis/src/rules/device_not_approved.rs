use trace::{Grant, Purpose, StopCode};

use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, oauth_error, object};
use crate::rule::{Findings, rule};
use crate::spec::{RFC8628_DENIED, RFC8628_EXPIRED};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A device code for which the client polled and never got a token.
    ///
    /// # Why it matters
    /// Either nobody entered the code in time, or somebody said no, or a policy did. The answer
    /// tells which.
    ///
    /// # How to fix
    /// Enter the code at the address shown, in time. If it was entered and approved, look at the
    /// authorization server: all instances have to share what they know of device codes.
    ///
    /// # References
    /// RFC 8628 section 3.5.
    "DV2" "device_not_approved" Error Client Likely since None,
    title: "The device was not approved in time",
    variants: [
        TOO_EARLY: Error AuthorizationServer Likely
            "The device code expired before its time was over",
        TOO_SHORT: Error AuthorizationServer Likely
            "The device code lives no longer than the time between two polls",
        SLOWED_DOWN: Error AuthorizationServer Likely
            "Every poll for the token is answered slow_down",
        DENIED: Error AuthorizationServer Likely "Approval of the device was denied",
    ],
    spec: [RFC8628_EXPIRED, RFC8628_DENIED],
    follows: ["DV1"],
    stops: [DeviceNotApproved],
    looks_at: [Device],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((stopped, said)) = reading.stopped_saying(StopCode::DeviceNotApproved) else {
        return;
    };
    let mut polls = reading.tokens.iter().rev();
    let last = polls.find(|(seen, grant)| *grant == Grant::DeviceCode && seen.seq < stopped);
    let answer = last.and_then(|(seen, _)| seen.response().and_then(oauth_error));
    let denied = answer
        .as_ref()
        .is_some_and(|answer| answer.error == "access_denied");
    let expired = answer
        .as_ref()
        .is_some_and(|answer| answer.error == "expired_token");
    let left = last
        .filter(|_| expired)
        .and_then(|(seen, _)| time_left(reading, *seen));
    let finding = RULE
        .found(if denied {
            RFC8628_DENIED
        } else {
            RFC8628_EXPIRED
        })
        .expected("a token once the user has approved")
        .actual(match answer {
            None => excerpt(said),
            Some(answer) if ["authorization_pending", "slow_down"].contains(&&*answer.error) => {
                excerpt(said)
            }
            Some(answer) => match answer.description {
                None => excerpt(&answer.error),
                Some(description) => {
                    format!("{}: {}", excerpt(&answer.error), excerpt(&description))
                }
            },
        });
    let finding = match last {
        Some((seen, _)) => finding.at(seen.seq, Part::body("/error")),
        None => finding.on(Some(stopped)),
    };
    findings.add(if denied {
        finding
            .variant(&DENIED)
            .message(
                "If it was you who said no, everything works as it should. Otherwise a policy of \
                 the authorization server did: the user is not assigned to the application, or the \
                 client may not use this grant.",
            )
            .fix(
                "Start again and approve; or look at who may use this client at the authorization \
                  server.",
            )
    } else if only_slowed_down(reading, stopped) {
        finding
            .variant(&SLOWED_DOWN)
            .message(
                "Each slow_down makes a client wait five seconds longer, so it comes too late when \
                 the user has approved. The server may demand another interval than it announces, \
                 or count the polls of all clients of an address.",
            )
            .actual("slow_down to every poll")
            .fix(
                "Answer authorization_pending to polls that keep the interval, and count per device \
                 code.",
            )
    } else if let Some(left) = left {
        finding
            .variant(&TOO_EARLY)
            .message(format!(
                "By expires_in of the device authorization answer the code was good for {left} more \
                 seconds. Most likely the instances of the authorization server do not share their \
                 device codes, or their clocks differ."
            ))
            .fix("Let a device code live for as long as expires_in says, on every instance.")
    } else if let Some((lives, interval)) = shorter_than_interval(reading, stopped) {
        finding
            .variant(&TOO_SHORT)
            .message(format!(
                "The authorization server wants {interval} seconds between two polls, and its codes \
                 are good for {lives}: a client that keeps to that asks no more before the code is \
                 gone."
            ))
            .fix(
                "Let device codes live for some minutes (expires_in), and ask for a few seconds \
                 between polls (interval).",
            )
    } else {
        finding
            .message(
                "Most likely nobody entered the code in time. If it was entered and approved, the \
                 authorization server forgot it: its instances may not share their device codes.",
            )
            .fix(
                "Start again, and enter the code at the address that is shown before it \
                  expires.",
            )
    });
}

/// Whether all that the server ever said was to be slower.
fn only_slowed_down(reading: &Reading<'_>, stopped: u32) -> bool {
    let polls = reading.tokens.iter();
    let polls = polls.filter(|(seen, grant)| *grant == Grant::DeviceCode && seen.seq < stopped);
    let mut count = 0;
    for (seen, _) in polls {
        let error = seen.response().and_then(oauth_error);
        if error.is_none_or(|answer| answer.error != "slow_down") {
            return false;
        }
        count += 1;
    }
    count > 0
}

/// For how long the last device code lives, where that is no longer than one interval.
fn shorter_than_interval(reading: &Reading<'_>, stopped: u32) -> Option<(u64, u64)> {
    let issued = reading
        .sent_for(|purpose| *purpose == Purpose::DeviceAuthorization)
        .filter(|seen| seen.seq < stopped)
        .last()?;
    let answer = object(issued.response()?)?;
    let lives = answer.get("expires_in")?.as_u64()?;
    let interval = answer.get("interval")?.as_u64()?;
    (lives <= interval).then_some((lives, interval))
}

/// How many seconds a device code still had when it was polled with, by the answer that brought it.
fn time_left(reading: &Reading<'_>, poll: ExchangeRef<'_>) -> Option<u64> {
    let issued = reading
        .sent_for(|purpose| *purpose == Purpose::DeviceAuthorization)
        .filter(|seen| seen.seq < poll.seq)
        .last()?;
    let lives = object(issued.response()?)?.get("expires_in")?.as_u64()?;
    let age = poll.time()?.since(issued.time()?).as_secs();
    lives.checked_sub(age).filter(|left| *left > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Grant, Purpose, StopCode, Trace};

    use super::super::device_answer_incomplete::tests::{device, whole};
    use crate::finding::Owner;
    use crate::sample::{Answer, found_in, post, push_to_server, stop};

    fn polled(error: &str) -> Trace {
        let mut trace = device(&Answer::json(200, whole()));
        let grant = Grant::DeviceCode;
        let form = [
            ("grant_type", grant.grant_type()),
            ("device_code", "d"),
            ("client_id", "c1"),
        ];
        let answer = Answer::json(400, json!({"error": error}));
        push_to_server(
            &mut trace,
            Purpose::Token { grant },
            post("/token", &form),
            &answer,
        );
        trace
    }

    #[test]
    fn told_no_and_not_told_at_all() {
        for (error, owner) in [
            ("access_denied", Owner::AuthorizationServer),
            ("expired_token", Owner::AuthorizationServer),
        ] {
            let mut trace = polled(error);
            stop(&mut trace, StopCode::DeviceNotApproved);
            assert_eq!(found_in(&trace, "DV2").unwrap().owner, owner);
        }
        let mut trace = device(&Answer::json(200, whole()));
        stop(&mut trace, StopCode::DeviceNotApproved);
        assert!(found_in(&trace, "DV2").is_some());
    }

    #[test]
    fn told_to_slow_down_and_nothing_else() {
        let mut trace = polled("slow_down");
        stop(&mut trace, StopCode::DeviceNotApproved);
        assert_eq!(found_in(&trace, "DV2").unwrap().variant, "slowed_down");
        let mut trace = polled("authorization_pending");
        stop(&mut trace, StopCode::DeviceNotApproved);
        assert_eq!(found_in(&trace, "DV2").unwrap().variant, "default");
    }

    #[test]
    fn is_silent_while_it_is_polled() {
        assert_eq!(found_in(&polled("authorization_pending"), "DV2"), None);
    }

    #[test]
    fn a_code_that_lives_no_longer_than_one_interval() {
        let with = |lives: u64, interval: u64| {
            let mut answer = whole();
            answer["expires_in"] = json!(lives);
            answer["interval"] = json!(interval);
            let mut trace = device(&Answer::json(200, answer));
            stop(&mut trace, StopCode::DeviceNotApproved);
            found_in(&trace, "DV2").unwrap().variant
        };
        assert_eq!(with(2, 30), "too_short");
        assert_eq!(with(600, 5), "default");
    }
}
