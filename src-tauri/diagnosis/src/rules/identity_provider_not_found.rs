use trace::{Purpose, StopCode};

use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::RFC8414_RESPONSE;
use crate::wording::answer_in_words;

rule! {
    /// # What it looks at
    /// An identity provider whose metadata is at none of its well-known URLs.
    ///
    /// # Why it matters
    /// Its token endpoint is where the ID token is exchanged for the assertion that the
    /// authorization server takes. Without it there is no way on.
    ///
    /// # How to fix
    /// Give the issuer exactly as the identity provider's own metadata spells it, or its token
    /// endpoint itself.
    ///
    /// # References
    /// RFC 8414 section 3.2; MCP, Enterprise-Managed Authorization.
    "X03" "identity_provider_not_found" Error Client Likely since None,
    title: "The identity provider serves no metadata",
    spec: [RFC8414_RESPONSE],
    stops: [NoServerMetadata],
    looks_at: [IdentityProvider],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(stopped) = reading.stopped(StopCode::NoServerMetadata) else {
        return;
    };
    let tries: Vec<_> = reading
        .sent_for(|purpose| matches!(purpose, Purpose::IdentityProviderMetadata { .. }))
        .filter(|seen| seen.seq < stopped)
        .collect();
    let Some(last) = tries.last().filter(|last| last.response().is_some()) else {
        return;
    };
    let lines: Vec<String> = tries
        .iter()
        .map(|seen| {
            format!(
                "{} → {}",
                seen.request().url,
                answer_in_words(seen.exchange)
            )
        })
        .collect();
    let finding = RULE
        .found(RFC8414_RESPONSE)
        .at(last.seq, Part::Status)
        .message(
            "None of the well-known URLs of the issuer in the settings answers with a token \
             endpoint. Most likely the issuer is another one; or the identity provider publishes \
             no metadata.",
        )
        .expected("metadata with token_endpoint at one of the well-known URLs")
        .actual(lines.join("\n"))
        .fix(
            "Correct the identity provider's issuer in the settings of this run, or give its \
              token endpoint itself.",
        );
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use trace::{Purpose, Request, StopCode, WellKnown};

    use crate::sample::{Answer, Run, found_in, push_to_server, stop};

    #[test]
    fn nothing_at_any_of_them() {
        let mut trace = Run::healthy().trace();
        let purpose = Purpose::IdentityProviderMetadata {
            issuer: "https://idp.example".into(),
            well_known: WellKnown::OauthInserted,
        };
        let request = Request::new(
            "GET",
            "https://idp.example/.well-known/oauth-authorization-server",
        );
        push_to_server(&mut trace, purpose, request, &Answer::bare(404));
        assert_eq!(found_in(&trace, "X03"), None);
        stop(&mut trace, StopCode::NoServerMetadata);
        assert!(
            found_in(&trace, "X03")
                .unwrap()
                .actual
                .unwrap()
                .ends_with("→ 404 with an empty body")
        );
    }
}
