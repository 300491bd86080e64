use crate::finding::{Owner, Part};
use crate::preflights::{is_redirect, preflights};
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::FETCH_PREFLIGHT;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A preflight request that is answered with a redirect.
    ///
    /// # Why it matters
    /// Browsers do not follow redirects of preflights: "Redirect is not allowed for a preflight
    /// request". A proxy that sends http to https, or adds a slash, before it looks at CORS is the
    /// usual cause.
    ///
    /// # How to fix
    /// Use the URL that answers without a redirect everywhere: in the client, in the metadata and
    /// in the settings of the proxy.
    ///
    /// # References
    /// Fetch Standard, "CORS-preflight fetch".
    "S04" "preflight_redirected" Warning Network Likely since None,
    title: "A preflight request is redirected, which browsers do not follow",
    spec: [FETCH_PREFLIGHT],
    looks_at: [CrossOrigin],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut all: Vec<_> = [Owner::McpServer, Owner::AuthorizationServer]
        .into_iter()
        .flat_map(|owner| preflights(reading, owner))
        .collect();
    all.sort_by_key(|seen| seen.seq);
    let redirected = all.into_iter().find_map(|seen| {
        Some((
            seen,
            seen.response().filter(|response| is_redirect(response))?,
        ))
    });
    let Some((seen, response)) = redirected else {
        return;
    };
    let url = &seen.request().url;
    let location = response.header_value("location").unwrap_or("nowhere");
    let finding = RULE
        .found(FETCH_PREFLIGHT)
        .at(seen.seq, Part::Status)
        .message(
            "A client in a browser gets no further than this. Clients that do not run in a browser \
             send no preflights, and may notice nothing. Most likely a proxy redirects (to https, or \
             to a slash at the end); a framework that does so by itself looks the same.",
        )
        .expected(format!("an answer from {url}"))
        .actual(format!("{} to {}", response.status, excerpt(location)))
        .fix(
            "Give the URL that answers without a redirect to clients and in the metadata, and let \
             the proxy or the framework answer OPTIONS before it redirects.",
        );
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use super::super::cors_missing::tests::{allowed, with_preflights};
    use crate::sample::{Answer, found_in};

    #[test]
    fn says_where_to() {
        let to = Answer::bare(301).header("location", "https://mcp.example/mcp");
        let finding = found_in(&with_preflights(to, allowed()), "S04").unwrap();
        assert_eq!(
            finding.actual.as_deref(),
            Some("301 to https://mcp.example/mcp")
        );
    }

    #[test]
    fn is_silent_about_other_answers() {
        assert_eq!(
            found_in(&with_preflights(Answer::bare(405), allowed()), "S04"),
            None
        );
    }
}
