use trace::Grant;

use crate::conduct::{has_whole_form, with_workaround, without_workaround};
use crate::finding::{Finding, Part};
use crate::reading::{Reading, form, value};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_CLIENT_PKCE, MCP_S256};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// `code_challenge` and `code_challenge_method` in the authorization request of a client that
    /// was watched or recorded, and `code_verifier` in its token request.
    ///
    /// # Why it matters
    /// Without PKCE whoever reads the code in a log or a browser's history can redeem it. Servers
    /// that demand PKCE refuse the request.
    ///
    /// # How to fix
    /// In the client: make a fresh `code_verifier` for every authorization request, send its
    /// SHA-256 as `code_challenge` with `code_challenge_method=S256`, and the verifier with the
    /// code.
    ///
    /// # References
    /// MCP authorization, "Authorization Code Protection"; RFC 7636 sections 4.2 and 4.5.
    "K05" "pkce_not_used" Error Client since None,
    title: "The client asks for a code without PKCE",
    variants: [
        PLAIN: Error Client Certain "The client uses PKCE with the method plain",
        NO_VERIFIER: Error Client Certain "The client redeems the code without its code_verifier",
    ],
    spec: [MCP_CLIENT_PKCE, MCP_S256],
    looks_at: [AnotherClient, CodeRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.is_of_another_client() {
        return;
    }
    if let Some(finding) = in_authorization(reading).or_else(|| in_redemption(reading)) {
        findings.add(finding);
    }
}

fn in_authorization(reading: &Reading<'_>) -> Option<Finding> {
    reading.code_requests().find_map(|asked| {
        if asked.value("code_challenge").is_none() {
            let said = "The authorization request has no code_challenge. Servers that demand PKCE \
                        refuse it; with the others, a code that leaks can be redeemed by anybody.";
            let workaround = "demanding PKCE, so that the client cannot go on without it; to issue \
                              codes without PKCE would be unsafe";
            let finding = RULE
                .found(MCP_CLIENT_PKCE)
                .at(asked.seq, Part::RequestUrl)
                .message(with_workaround(said, workaround))
                .expected("code_challenge with code_challenge_method=S256")
                .actual("no code_challenge")
                .fix("In the client: use PKCE with S256.");
            return Some(finding);
        }
        // Plain when the method is left out.
        let method = asked.value("code_challenge_method").unwrap_or("plain");
        if method == "S256" {
            return None;
        }
        let said = "With plain the code_verifier stands in the authorization URL, so that whoever \
                    reads the code there has both. Servers may refuse it.";
        let workaround = "refusing plain with invalid_request, which names the cause to the user";
        let finding = RULE
            .found(MCP_S256)
            .variant(&PLAIN)
            .at(asked.seq, Part::RequestUrl)
            .message(with_workaround(said, workaround))
            .expected("code_challenge_method=S256")
            .actual(match asked.value("code_challenge_method") {
                Some(method) => format!("code_challenge_method={}", excerpt(method)),
                None => "no code_challenge_method, which means plain".into(),
            })
            .fix("In the client: send code_challenge_method=S256 and the SHA-256 of the verifier.");
        Some(finding)
    })
}

fn in_redemption(reading: &Reading<'_>) -> Option<Finding> {
    let mut redemptions = reading.tokens.iter().filter(|(seen, grant)| {
        *grant == Grant::AuthorizationCode
            && has_whole_form(*seen)
            && value(form(seen.request()), "code_verifier").is_none()
    });
    redemptions.find_map(|(seen, _)| {
        let (_, asked) = reading.authorization_before(seen.seq)?;
        value(asked, "code_challenge")?;
        let said = "The authorization request had a code_challenge, so the authorization server \
                    has to refuse the code without the verifier that belongs to it.";
        let finding = RULE
            .found(MCP_CLIENT_PKCE)
            .variant(&NO_VERIFIER)
            .at(seen.seq, Part::RequestBody)
            .message(without_workaround(said, "it has to insist on the verifier"))
            .expected("code_verifier")
            .actual("no code_verifier")
            .fix("In the client: send the code_verifier of the authorization request.");
        Some(finding)
    })
}

#[cfg(test)]
mod tests {
    use crate::sample::{AS, Run, found_in, watched};

    #[test]
    fn none_plain_and_no_verifier() {
        let mut run = Run::of_another_client();
        run.ask("code_challenge_method", None);
        assert_eq!(run.finding_of_client("K05").variant, "plain");
        run.ask("code_challenge_method", Some("plain"));
        let finding = run.finding_of_client("K05");
        assert_eq!(
            finding.actual.as_deref(),
            Some("code_challenge_method=plain")
        );
        run.ask("code_challenge", None);
        assert_eq!(run.finding_of_client("K05").variant, "default");
        let mut run = Run::of_another_client();
        run.exchange.retain(|(name, _)| *name != "code_verifier");
        assert_eq!(run.finding_of_client("K05").variant, "no_verifier");
    }

    #[test]
    fn is_silent_on_what_was_pushed_and_not_recorded() {
        assert!(Run::of_another_client().client_is_silent("K05"));
        let mut trace = watched(&Run::of_another_client().trace());
        for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
            if let trace::EntryKind::BrowserOpened(visit) = &mut entry.kind {
                visit.url = format!("{AS}/authorize?client_id=c1&request_uri=urn:x");
            }
        }
        assert_eq!(found_in(&trace, "K05"), None);
    }
}
