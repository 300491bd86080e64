use trace::{HowOpened, StopCode};

use crate::finding::Part;
use crate::reading::{Reading, value};
use crate::redirect_uris::advice;
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_WAY_BACK;

rule! {
    /// # What it looks at
    /// An authorization request after which no browser came to the redirect URI in time.
    ///
    /// # Why it matters
    /// What happened in the browser is not seen from here: it may still show a login, an error
    /// about the redirect URI, or a success page of the authorization server that leads nowhere.
    ///
    /// # How to fix
    /// Look at the page in the browser, it says which of these it is. On another machine than this
    /// one, paste the URL that the browser ends at.
    ///
    /// # References
    /// RFC 6749 section 4.1; RFC 8252 section 7.3.
    "A18" "callback_missing" Error AuthorizationServer Likely since None,
    title: "The browser did not come back",
    variants: [
        OWN_OPTION: Error Client Likely
            "Nobody comes back in the time that this run's own {option} leaves",
        URL_SHOWN: Error Client Likely "Nobody came back from the authorization URL",
    ],
    spec: [RFC6749_WAY_BACK],
    stops: [CallbackTimeout],
    looks_at: [AuthorizationRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((seq, said)) = reading.stopped_saying(StopCode::CallbackTimeout) else {
        return;
    };
    let Some(visit) = reading.visits.iter().rev().find(|visit| visit.seq < seq) else {
        return;
    };
    // Somebody came, without the right state: A05 says so.
    if reading.strays.iter().any(|it| visit.seq < it.seq) {
        return;
    }
    let asked = reading.authorization_before(seq).map(|(_, asked)| asked);
    let uri = asked.and_then(|asked| value(asked, "redirect_uri").map(str::to_owned));
    let uri = uri.unwrap_or_default();
    let finding = RULE
        .found(RFC6749_WAY_BACK)
        .at(visit.seq, Part::RequestUrl)
        .expected(format!("a request to {uri} with code or error"))
        .actual(said);
    findings.add(match visit.visit.how {
        HowOpened::Shown => finding
            .variant(&URL_SHOWN)
            .message(
                "The URL was shown and not opened here. Either nobody opened it in time, or the \
                 browser that did runs on another machine, where the loopback redirect URI leads \
                 elsewhere.",
            )
            .fix(
                "Open the URL in a browser of this machine. In a browser elsewhere, copy the URL \
                 that it ends at, even if it shows an error, and paste it here.",
            ),
        HowOpened::System | HowOpened::Approver => finding
            .message(
                "The page in the browser says why: a login that was not finished; an error about \
                 the redirect URI, the client or the request, which is shown and not sent back; or \
                 a success page that does not redirect.",
            )
            .fix(format!(
                "Look at the page. If it speaks of the redirect URI: {} If it says that all is \
                 well, the authorization server has to redirect the browser to the redirect URI.",
                advice(&uri)
            )),
    });
}

#[cfg(test)]
mod tests {
    use trace::{HowOpened, Phase, StopCode};

    use crate::finding::{Certainty, Owner};
    use crate::sample::Run;

    fn timed_out(how: HowOpened) -> Run {
        let mut run = Run::healthy();
        run.how = how;
        run.hops.clear();
        run.stop_message = "The browser did not come back within 300 seconds.";
        run.stop(Phase::Authorization, StopCode::CallbackTimeout);
        run
    }

    #[test]
    fn tells_what_may_have_happened() {
        let finding = timed_out(HowOpened::System).finding("A18");
        assert!(
            finding.fix.contains("http://localhost:49152/callback"),
            "{}",
            finding.fix
        );
        assert_eq!(
            finding.actual.as_deref(),
            Some("The browser did not come back within 300 seconds.")
        );
        assert_eq!(
            timed_out(HowOpened::Shown).finding("A18").owner,
            Owner::Client
        );
    }

    #[test]
    fn is_silent_when_one_came_that_was_not_taken() {
        let mut run = timed_out(HowOpened::System);
        run.stray = Some("code=x&iss=https://as.example");
        assert!(run.is_silent("A18"));
        let stray = run.finding("A05");
        assert_eq!(stray.certainty, Certainty::Likely);
        assert!(
            stray.message.contains("the wait went on"),
            "{}",
            stray.message
        );
        run.stray = Some("code=x&iss=https://as.example&state=other");
        assert_eq!(run.finding("A05").certainty, Certainty::Likely);
    }

    #[test]
    fn is_silent_when_the_browser_came_back() {
        assert!(Run::healthy().is_silent("A18"));
    }
}
