use trace::StopCode;

use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::MCP_BINDING;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A run that stopped before a request that would have carried a code, a token or a secret to
    /// an origin that is not the authorization server's: verified metadata does not name it, or
    /// it is plain http on another machine.
    ///
    /// # Why it matters
    /// Whoever answers there gets what lets them act as the client or as its user. Clients that
    /// bind credentials to the server that issued them refuse to send them.
    ///
    /// # How to fix
    /// Let the metadata name the endpoint, with an `issuer` that is exactly the one it was asked
    /// for, and serve it over https. A registration is managed at the origin of the authorization
    /// server.
    ///
    /// # References
    /// MCP client registration, "Authorization Server Binding".
    "G32" "credentials_elsewhere" Error AuthorizationServer since None,
    title: "A credential would leave the authorization server it is for",
    variants: [
        OWN_OPTION: Error Client Likely
            "A credential would go to another server because of this run's own {option}",
    ],
    spec: [MCP_BINDING],
    follows: ["R10", "M02"],
    stops: [CredentialsElsewhere],
    looks_at: [Registered],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((_, said)) = reading.stopped_saying(StopCode::CredentialsElsewhere) else {
        return;
    };
    let finding = RULE
        .found(MCP_BINDING)
        .message(
            "Clients send credentials to the server that issued them and to nobody else, so they \
             stop here. The request was not sent.",
        )
        .expected(
            "an https endpoint at the origin of the issuer, or named by metadata whose issuer is \
             the one asked for",
        )
        .actual(excerpt(said))
        .fix(
            "Serve this endpoint over https at the origin of the issuer, or name it in metadata \
             whose issuer is exactly the one that the resource metadata names.",
        );
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use trace::{Phase, StopCode};

    use crate::sample::Run;

    #[test]
    fn says_what_would_have_gone_where() {
        let mut run = Run::healthy();
        run.stop_message = "The client secret would go to https://evil.example.";
        run.stop(Phase::Token, StopCode::CredentialsElsewhere);
        let finding = run.finding("G32");
        assert_eq!(
            finding.actual.as_deref(),
            Some("The client secret would go to https://evil.example.")
        );
    }

    #[test]
    fn is_silent_otherwise() {
        assert!(Run::healthy().is_silent("G32"));
    }
}
