use trace::StopCode;

use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::RFC8252_LOOPBACK;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A run that stopped because nothing could listen at the redirect URI on this machine.
    ///
    /// # Why it matters
    /// Without a listener the browser has nowhere to come back to, so no authorization request is
    /// sent. It says nothing about the servers.
    ///
    /// # How to fix
    /// End the program that has the port, choose another one, or let the system choose. A port
    /// below 1024 needs special rights.
    ///
    /// # References
    /// RFC 8252 section 7.3.
    "L01" "listener_failed" Error Client since None,
    title: "Nothing can listen for the callback on this machine",
    spec: [RFC8252_LOOPBACK],
    stops: [ListenerFailed],
    looks_at: [Listener],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((_, said)) = reading.stopped_saying(StopCode::ListenerFailed) else {
        return;
    };
    let finding = RULE
        .found(RFC8252_LOOPBACK)
        .message(
            "The port for the redirect URI cannot be opened on this machine, so the browser would \
             have nowhere to come back to.",
        )
        .expected("a free port on a loopback address")
        .actual(excerpt(said))
        .fix(
            "Leave the callback's port open, so that the system picks a free one; or end the \
             program that has the chosen port, or choose another that is registered. Where IPv6 is \
             off, choose 127.0.0.1.",
        );
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use trace::{Phase, StopCode};

    use crate::sample::Run;

    #[test]
    fn says_what_the_system_said() {
        let mut run = Run::healthy();
        run.registration = None;
        run.stop_message = "port 8080 is taken";
        run.stop(Phase::Registration, StopCode::ListenerFailed);
        assert_eq!(
            run.finding("L01").actual.as_deref(),
            Some("port 8080 is taken")
        );
    }

    #[test]
    fn is_silent_otherwise() {
        assert!(Run::healthy().is_silent("L01"));
    }
}
