use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, value};
use crate::redirect_uris::{advice, refuses_redirect_uri};
use crate::rule::{Findings, rule};
use crate::spec::RFC8252_LOOPBACK;
use crate::upstream::{came_back_after, upstream_of};
use crate::wording::answer_in_words;

rule! {
    /// # What it looks at
    /// An authorization page that refuses the redirect URI, with an error status or in words.
    /// Pages in the system browser are not seen; what stands for them is the page as it answers
    /// without cookies.
    ///
    /// # Why it matters
    /// A native client listens on a port that the operating system hands out, so its redirect URI
    /// differs from run to run. An authorization server that compares the port as well turns every
    /// such client away, and the user sees an error page instead of a login.
    ///
    /// # How to fix
    /// Let any port through for loopback redirect URIs. Where that is not possible, register the
    /// listed URIs and choose a fixed host and port for the callback.
    ///
    /// # References
    /// RFC 8252 sections 7.3 and 8.3.
    "S07" "redirect_uri_rejected" Error AuthorizationServer Likely since None,
    title: "The authorization server refuses the redirect URI",
    variants: [
        OWN_OPTION: Error Client Likely
            "The redirect URI of this run's own {option} is refused",
        PROVIDER_SAYS_AUTHORIZATION_SERVER: Error AuthorizationServer Likely
            "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_MCP_SERVER: Error McpServer Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_CLIENT: Error Client Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_NOBODY: Note Nobody Likely "{provider} refuses the request: {cause}",
    ],
    spec: [RFC8252_LOOPBACK],
    supersedes: ["A31" anywhere, "G14" anywhere, "A18" anywhere],
    follows: ["G21"],
    stops: [ApproverStuck, CallbackTimeout, BrowserClosed],
    looks_at: [AuthorizationPage],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(hop) = refusing_page(reading) else {
        return;
    };
    let uri = redirect_uri(reading, hop.seq).unwrap_or_default();
    let finding = RULE
        .found(RFC8252_LOOPBACK)
        .at(hop.seq, Part::body(""))
        .message(
            "The authorization page answers with an error that speaks of the redirect URI. Most \
             likely the port, the host or the path is not among those registered; the page itself \
             may name another reason.",
        )
        .expected(format!("a login page for redirect_uri {uri}"))
        .actual(answer_in_words(hop.exchange))
        .fix(advice(&uri));
    findings.add(finding);
}

/// The latest error page on the way that speaks of the redirect URI.
fn refusing_page<'a>(reading: &Reading<'a>) -> Option<ExchangeRef<'a>> {
    let probed = reading.probed_error();
    let mut pages = probed.into_iter().chain(reading.hops.iter().rev().copied());
    pages.find(|hop| {
        // A provider behind the authorization server speaks of that one's redirect URI.
        if came_back_after(reading, *hop) || upstream_of(reading, *hop).is_some() {
            return false;
        }
        let Some(response) = hop.response() else {
            return false;
        };
        let page = response.text().unwrap_or_default().to_ascii_lowercase();
        match response.status {
            400..=499 => page.contains("redirect"),
            // A page of any other status has to say it in so many words, and asks for nothing.
            200..=299 | 500.. => !page.contains("<form") && refuses_redirect_uri(&page),
            _ => false,
        }
    })
}

fn redirect_uri(reading: &Reading<'_>, before: u32) -> Option<String> {
    let (_, request) = reading.authorization_before(before)?;
    value(request, "redirect_uri").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use trace::{Phase, StopCode};

    use crate::finding::Certainty;
    use crate::sample::{Answer, Run};

    #[test]
    fn names_the_three_uris_to_register() {
        let mut run = Run::healthy();
        run.hops = vec![Answer::html(400, "Invalid redirect URI")];
        run.stop(Phase::Authorization, StopCode::ApproverStuck);
        let finding = run.finding("S07");
        assert_eq!(finding.certainty, Certainty::Likely);
        for uri in [
            "http://127.0.0.1:49152/callback",
            "http://localhost:49152/callback",
            "http://[::1]:49152/callback",
        ] {
            assert!(finding.fix.contains(uri), "{}", finding.fix);
        }
        assert_eq!(
            finding.actual.as_deref(),
            Some("400 with a web page that says: Invalid redirect URI")
        );
        run.hops = vec![Answer::html(200, "Error: redirect_uri_mismatch")];
        assert!(!run.is_silent("S07"));
    }

    #[test]
    fn is_silent_about_a_login_that_was_tried_again() {
        let mut run = Run::healthy();
        let again = Answer::html(401, "<form><input name=redirect_to>Wrong password</form>");
        run.hops.insert(0, again);
        assert!(run.is_silent("S07"));
    }

    #[test]
    fn is_silent_about_other_error_pages() {
        let mut run = Run::healthy();
        run.hops = vec![Answer::html(403, "You are not allowed to see this")];
        run.stop(Phase::Authorization, StopCode::ApproverStuck);
        assert!(run.is_silent("S07"));
    }
}
