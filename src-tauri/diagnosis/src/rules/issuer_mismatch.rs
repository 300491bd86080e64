use crate::foreign::foreign_issuer;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::RFC8414_ISSUER;
use crate::wording::{differ_by_trailing_slash, excerpt, same_but_for};

rule! {
    /// # What it looks at
    /// The `issuer` of the authorization server metadata, against the issuer that the metadata was
    /// asked for. They are compared character by character. A difference in nothing but a slash at
    /// the end is a finding of its own.
    ///
    /// # Why it matters
    /// A document with another issuer must not be used: anyone could otherwise serve metadata in
    /// another server's name. Clients stop here.
    ///
    /// # How to fix
    /// Write the issuer into the MCP server's settings exactly as the authorization server's
    /// metadata spells it. If that spelling is itself wrong (an inner host name, a lost path),
    /// correct the issuer at the authorization server.
    ///
    /// # References
    /// RFC 8414 section 3.3; OpenID Connect Discovery 1.0 section 4.3.
    "R10" "issuer_mismatch" Error AuthorizationServer Likely since None,
    title: "The metadata is that of another issuer than the one asked for",
    variants: [
        OWN_OPTION: Error Client Likely
            "Another issuer answers because of this run's own {option}",
        MISNAMED: Error McpServer Certain,
        GUESSED: Error McpServer Likely
            "The metadata at the MCP server's own origin is that of another issuer",
        ALIAS: Error McpServer Likely
            "The resource metadata names the authorization server by another URL than its issuer",
        OUT_OF_REACH: Error AuthorizationServer Likely
            "The authorization server takes an address for its own that does not answer",
    ],
    spec: [RFC8414_ISSUER],
    follows: [GUESSED "N03"],
    stops: [IssuerMismatch, Transport by OUT_OF_REACH],
    looks_at: [ServerMetadata, ServerMetadataUrl],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(foreign) = foreign_issuer(reading) else {
        return;
    };
    if differ_by_trailing_slash(&foreign.named, foreign.asked) {
        return;
    }
    // Without resource metadata nobody names an issuer: it is the client's own guess.
    if reading.resource_metadata().is_none() && !foreign.named.is_empty() {
        let named = excerpt(&foreign.named);
        let finding = foreign
            .finding(RULE.found(RFC8414_ISSUER), reading)
            .variant(&GUESSED)
            .message(
                "No resource metadata names an authorization server, so this run took the MCP \
                 server's own origin, as 2025-03-26 has it. What is there calls itself otherwise: \
                 most likely the server does not know its public address, as behind a proxy, or \
                 another server is meant.",
            )
            .fix(format!(
                "Serve protected resource metadata at the MCP server that names {named} in \
                 authorization_servers; or, if {} is the address, set it as the server's public URL.",
                excerpt(foreign.asked)
            ));
        return findings.add(finding);
    }
    let difference = same_but_for(&foreign.named, foreign.asked);
    let asked = foreign.asked;
    let unlike_an_issuer = if asked.trim() != asked {
        Some("begins or ends with white space")
    } else if asked.contains(['?', '#']) {
        Some("has a query or a fragment")
    } else {
        None
    };
    if foreign.is_out_of_reach(reading) {
        let finding = foreign
            .finding(RULE.found(RFC8414_ISSUER), reading)
            .variant(&OUT_OF_REACH)
            .message(format!(
                "The metadata was read for the issuer {}, and what it gives as its own address does \
                 not answer: most likely the server does not know its public URL.",
                excerpt(asked)
            ));
        return findings.add(finding);
    }
    let template = foreign.named.contains("{tenantid}");
    let message = if template {
        "Microsoft Entra's common endpoint answers with a template instead of an issuer, so it can \
         never be identical. Clients stop here."
            .to_owned()
    } else if let Some(has) = unlike_an_issuer {
        format!(
            "What the resource metadata names {has}, and an issuer never does. The metadata is \
             compared with it as text, so clients stop here."
        )
    } else if let Some(difference) = difference {
        format!(
            "The two differ only in {difference}, but they are compared as text, so clients stop \
             here."
        )
    } else {
        "Clients must not use such a document and stop here, since otherwise anyone could serve \
         metadata in another server's name."
            .to_owned()
    };
    let mut finding = foreign
        .finding(RULE.found(RFC8414_ISSUER), reading)
        .message(message);
    if unlike_an_issuer.is_some() && !foreign.named.is_empty() {
        finding = finding.variant(&MISNAMED).fix(format!(
            "Write {} into authorization_servers of the resource metadata, without anything else \
             in the string.",
            excerpt(&foreign.named)
        ));
    } else if foreign.is_misnamed(reading) {
        finding = finding.variant(&MISNAMED);
    } else if foreign.is_alias(reading) {
        finding = finding.variant(&ALIAS);
    }
    findings.add(if template {
        finding
            .variant(&MISNAMED)
            .fix("Name the tenant in the MCP server's settings instead of \"common\".")
    } else {
        finding
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{FailureKind, Phase, Purpose, StopCode};

    use crate::finding::Owner;
    use crate::sample::{Answer, MCP, Run, found_in, jwt, post, push_to_server, token_answer};

    #[test]
    fn another_name_of_the_same_server_is_the_mcp_server_s_to_correct() {
        let mut run = with_issuer("https://login.example", "https://as.example");
        assert_eq!(run.finding("R10").variant, "alias");
        // A name of an inner network is the authorization server's own mistake.
        run.server_tries[0].2.edit(|metadata| {
            for member in ["issuer", "authorization_endpoint", "token_endpoint"] {
                metadata[member] = json!("http://keycloak:8080");
            }
        });
        assert_eq!(run.finding("R10").owner, Owner::AuthorizationServer);
    }

    #[test]
    fn an_issuer_below_what_was_asked_for_lost_its_path_at_the_mcp_server() {
        let told = |asked: &str, named: &str, endpoints: &str| {
            let mut run = with_issuer(asked, named);
            run.server_tries[0].2.edit(|metadata| {
                for member in ["authorization_endpoint", "token_endpoint"] {
                    metadata[member] = json!(format!("{endpoints}/{member}"));
                }
            });
            run.finding("R10").variant
        };
        let (base, below) = ("https://as.example", "https://as.example/api/auth");
        assert_eq!(told(base, below, below), "alias");
        // Nothing is below the path that it calls itself by, or a proxy takes the path away.
        assert_eq!(told(base, below, base), "default");
        assert_eq!(told(below, base, base), "default");
        assert_eq!(told(base, "https://as.example2", base), "default");
    }

    #[test]
    fn a_name_that_does_not_answer_is_no_other_name() {
        let mut run = with_issuer("https://login.example", "https://as.example");
        assert_eq!(run.finding("R10").variant, "alias");
        run.server_tries[0].1 =
            "https://login.example/.well-known/oauth-authorization-server".into();
        let told = |answer: Answer| {
            let mut trace = run.trace();
            let request = post("/register", &[]);
            push_to_server(&mut trace, Purpose::Registration, request, &answer);
            found_in(&trace, "R10").unwrap()
        };
        assert_eq!(told(Answer::bare(400)).variant, "alias");
        let finding = told(Answer::failed(FailureKind::Refused));
        assert_eq!(finding.variant, "out_of_reach");
        assert_eq!(finding.owner, Owner::AuthorizationServer);
        assert!(
            finding.fix.contains("issuer https://login.example"),
            "{}",
            finding.fix
        );
    }

    #[test]
    fn the_issuer_of_the_token_confirms_the_metadata() {
        let token_of = |issuer: &str| {
            let mut run = with_issuer("https://as.example", "https://as.example/tenant");
            let token = jwt(&json!({"iss": issuer, "aud": MCP, "exp": 4_000_000_000_u64}));
            run.token = token_answer(&token, "refresh-1");
            run.stop = None;
            run.finding("R10").variant
        };
        assert_eq!(token_of("https://as.example/tenant"), "misnamed");
        assert_eq!(token_of("https://as.example"), "default");
    }

    fn with_issuer(asked: &str, named: &str) -> Run {
        let mut run = Run::healthy();
        run.issuer = asked.into();
        run.server_tries[0]
            .2
            .edit(|metadata| metadata["issuer"] = json!(named));
        run.stop(Phase::ServerMetadata, StopCode::IssuerMismatch);
        run
    }

    #[test]
    fn what_the_client_guessed_is_written_nowhere() {
        let mut run = with_issuer("https://mcp.example", "https://inner.example");
        run.resource_tries.clear();
        let finding = run.finding("R10");
        assert_eq!(
            (finding.owner, finding.variant.as_str()),
            (Owner::McpServer, "guessed")
        );
        assert!(finding.fix.starts_with("Serve protected resource metadata"));
    }

    #[test]
    fn another_host_is_the_authorization_server_s_until_its_vendor_is_known() {
        let finding = with_issuer("https://as.example", "https://inner.example").finding("R10");
        assert_eq!(finding.owner, Owner::AuthorizationServer);
        let common = with_issuer(
            "https://login.microsoftonline.com/common/v2.0",
            "https://login.microsoftonline.com/{tenantid}/v2.0",
        );
        assert_eq!(common.finding("R10").owner, Owner::McpServer);
        assert!(common.finding("R10").message.contains("template"));
    }

    #[test]
    fn a_missing_issuer_counts() {
        let mut run = with_issuer("https://as.example", "x");
        run.server_tries[0].2.edit(|metadata| {
            metadata.as_object_mut().unwrap().remove("issuer");
        });
        assert_eq!(run.finding("R10").actual.as_deref(), Some("no issuer"));
    }

    #[test]
    fn what_cannot_be_an_issuer_is_the_mcp_server_s_mistake() {
        for asked in [" https://as.example", "https://as.example?tenant=7"] {
            let finding = with_issuer(asked, "https://as.example").finding("R10");
            assert_eq!(finding.owner, Owner::McpServer, "{asked}");
            assert!(finding.message.contains("never does"));
        }
    }

    #[test]
    fn is_silent_about_the_slash() {
        assert!(with_issuer("https://as.example", "https://as.example/").is_silent("R10"));
    }
}
