use trace::StopCode;

use crate::foreign::foreign_issuer;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::MCP_BINDING;
use crate::wording::{excerpt, identifier};

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
        ISSUER_MISNAMED: Error McpServer Likely,
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
    let expected = "an https endpoint at the origin of the issuer, or named by metadata whose issuer \
                    is the one asked for";
    if let Some(issuer) = issuer_named_wrongly(reading) {
        let finding = RULE
            .found(MCP_BINDING)
            .variant(&ISSUER_MISNAMED)
            .message(format!(
                "Clients send credentials to the server that issued them and to nobody else, so they \
                 stop here. The request was not sent. The endpoint belongs to {issuer}, and that is \
                 not the issuer that the MCP server leads to."
            ))
            .expected(expected)
            .actual(excerpt(said))
            .fix(format!(
                "Write {issuer} into authorization_servers of the MCP server's resource metadata."
            ));
        return findings.add(finding);
    }
    let finding = RULE
        .found(MCP_BINDING)
        .message(
            "Clients send credentials to the server that issued them and to nobody else, so they \
             stop here. The request was not sent.",
        )
        .expected(expected)
        .actual(excerpt(said))
        .fix(
            "Serve this endpoint over https at the origin of the issuer, or name it in metadata \
             whose issuer is exactly the one that the resource metadata names.",
        );
    findings.add(finding);
}

/// The issuer by which the authorization server calls itself, where the MCP server names it
/// otherwise or not at all.
fn issuer_named_wrongly(reading: &Reading<'_>) -> Option<String> {
    let foreign = foreign_issuer(reading)?;
    let by_mcp_server = reading.resource_metadata().is_none()
        || foreign.is_misnamed(reading)
        || foreign.is_alias(reading);
    (by_mcp_server && !foreign.named.is_empty()).then(|| identifier(&foreign.named))
}

#[cfg(test)]
mod tests {
    use trace::{Phase, StopCode};

    use crate::finding::Owner;
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
    fn the_mcp_server_has_to_name_the_issuer_that_the_endpoint_belongs_to() {
        let owner = |issuer: &str| {
            let mut run = Run::healthy();
            run.issuer = issuer.into();
            run.stop_message = "The client secret would go to https://as.example.";
            run.stop(Phase::Token, StopCode::CredentialsElsewhere);
            run.finding("G32").owner
        };
        assert_eq!(owner("https://login.example"), Owner::McpServer);
        assert_eq!(owner("https://as.example"), Owner::AuthorizationServer);
    }

    #[test]
    fn is_silent_otherwise() {
        assert!(Run::healthy().is_silent("G32"));
    }
}
