use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, value};
use crate::redirect_uris::advice;
use crate::rule::{Findings, rule};
use crate::spec::RFC8252_LOOPBACK;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// An authorization page that answers with an error status and speaks of the redirect URI.
    /// Pages in the system browser are not seen.
    ///
    /// # Why it matters
    /// A native client listens on a port that the operating system hands out, so its redirect URI
    /// differs from run to run. An authorization server that compares the port as well turns every
    /// such client away, and the user sees an error page instead of a login.
    ///
    /// # How to fix
    /// Let any port through for loopback redirect URIs. Where that cannot be had, register the
    /// listed URIs and choose a fixed host and port for the callback.
    ///
    /// # References
    /// RFC 8252 sections 7.3 and 8.3.
    "S07" "redirect_uri_rejected" Error AuthorizationServer Likely since None,
    title: "The authorization server refuses the redirect URI",
    spec: [RFC8252_LOOPBACK],
    supersedes: ["A31" anywhere, "G14" anywhere],
    follows: ["G21"],
    stops: [ApproverStuck],
    looks_at: [AuthorizationPage],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(hop) = refusing_page(reading) else {
        return;
    };
    let uri = redirect_uri(reading, hop.seq).unwrap_or_default();
    let page = hop
        .response()
        .and_then(|response| response.text())
        .map(without_tags);
    let finding = RULE
        .found(RFC8252_LOOPBACK)
        .at(hop.seq, Part::body(""))
        .message(
            "The authorization page answers with an error that speaks of the redirect URI. Most \
             likely the port, the host or the path is not among those registered; the page itself \
             may name another reason.",
        )
        .expected(format!("a login page for redirect_uri {uri}"))
        .actual(format!(
            "{}: {}",
            hop.status().unwrap_or_default(),
            excerpt(&page.unwrap_or_default())
        ))
        .fix(advice(&uri));
    findings.add(finding);
}

/// The latest error page on the way that speaks of the redirect URI.
fn refusing_page<'a>(reading: &Reading<'a>) -> Option<ExchangeRef<'a>> {
    reading.hops.iter().rev().copied().find(|hop| {
        let refused = hop
            .status()
            .is_some_and(|status| (400..500).contains(&status));
        let page = hop
            .response()
            .and_then(|response| response.text())
            .unwrap_or_default();
        refused && page.to_ascii_lowercase().contains("redirect")
    })
}

fn redirect_uri(reading: &Reading<'_>, before: u32) -> Option<String> {
    let (_, request) = reading.authorization_before(before)?;
    value(request, "redirect_uri").map(str::to_owned)
}

/// The words of a page; good enough for a quotation.
fn without_tags(page: &str) -> String {
    // Lower case of ASCII alone keeps every byte in its place.
    let lower = page.to_ascii_lowercase();
    let mut text = String::new();
    let mut at = 0;
    while let Some(open) = lower[at..].find('<').map(|offset| at + offset) {
        text.push_str(&page[at..open]);
        text.push(' ');
        let silent = ["style", "script"]
            .into_iter()
            .find(|name| lower[open + 1..].starts_with(name));
        let end = match silent {
            Some(name) => lower[open..]
                .find(&format!("</{name}"))
                .map(|offset| open + offset + 2),
            None => Some(open),
        };
        let close = end.and_then(|end| lower[end..].find('>').map(|offset| end + offset + 1));
        at = close.unwrap_or(page.len());
    }
    text.push_str(&page[at..]);
    text
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
        assert_eq!(finding.actual.as_deref(), Some("400: Invalid redirect URI"));
    }

    #[test]
    fn only_the_words_of_a_page_are_quoted() {
        let words = |page| super::excerpt(&super::without_tags(page));
        assert_eq!(
            words("<STYLE>p{}</style><p class=x>Invalid ü <b>redirect</b></p><script>1<2"),
            "Invalid ü redirect"
        );
        assert_eq!(words("no page < at all"), "no page");
    }

    #[test]
    fn is_silent_about_other_error_pages() {
        let mut run = Run::healthy();
        run.hops = vec![Answer::html(403, "You are not allowed to see this")];
        run.stop(Phase::Authorization, StopCode::ApproverStuck);
        assert!(run.is_silent("S07"));
    }
}
