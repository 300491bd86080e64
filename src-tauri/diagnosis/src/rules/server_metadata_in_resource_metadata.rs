use trace::Revision;

use crate::finding::Part;
use crate::reading::{Reading, object};
use crate::rule::{Findings, rule};
use crate::spec::RFC9728_UNKNOWN_MEMBERS;
use crate::wording::list;

rule! {
    /// # What it looks at
    /// Members of the protected resource metadata that belong into authorization server metadata,
    /// such as `token_endpoint` or `token_endpoint_auth_methods_supported`.
    ///
    /// # Why it matters
    /// Clients ignore them. Who put them there expects an effect, and it does not come about.
    ///
    /// # How to fix
    /// Move them to the authorization server's metadata, or leave them out.
    ///
    /// # References
    /// RFC 9728 sections 2 and 3.2; RFC 8414 section 2.
    "S10" "server_metadata_in_resource_metadata" Note McpServer since Some(Revision::R20250618),
    title: "The resource metadata carries members of authorization server metadata",
    spec: [RFC9728_UNKNOWN_MEMBERS],
    looks_at: [ResourceMetadata],
}

/// Members that only authorization server metadata has; `jwks_uri` and `scopes_supported` are in
/// both.
const FOREIGN: [&str; 16] = [
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "registration_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "userinfo_endpoint",
    "device_authorization_endpoint",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "code_challenge_methods_supported",
    "client_id_metadata_document_supported",
    "authorization_response_iss_parameter_supported",
];

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((attempt, _)) = reading.resource_metadata() else {
        return;
    };
    let document = attempt.seen.response().and_then(object).unwrap_or_default();
    let present: Vec<&str> = FOREIGN
        .into_iter()
        .filter(|member| document.contains_key(*member))
        .collect();
    let Some(first) = present.first() else { return };
    let members = list(&present);
    let finding = RULE
        .found(RFC9728_UNKNOWN_MEMBERS)
        .at(attempt.seen.seq, Part::body(&format!("/{first}")))
        .message(format!(
            "Clients ignore {members} here; nothing breaks, and nothing comes of it."
        ))
        .actual(members.clone())
        .fix(format!(
            "Put {members} into the authorization server's metadata, or leave it out."
        ));
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::finding::Level;
    use crate::sample::Run;

    #[test]
    fn names_the_members() {
        let mut run = Run::healthy();
        run.resource_tries[0]
            .2
            .edit(|metadata| metadata["token_endpoint_auth_methods_supported"] = json!(["none"]));
        let finding = run.finding("S10");
        assert_eq!(finding.level, Level::Note);
        assert_eq!(
            finding.actual.as_deref(),
            Some("token_endpoint_auth_methods_supported")
        );
    }

    #[test]
    fn is_silent_about_members_of_both_and_of_none() {
        let mut run = Run::healthy();
        run.resource_tries[0].2.edit(|metadata| {
            metadata["jwks_uri"] = json!("https://mcp.example/jwks");
            metadata["x_own"] = json!(1);
        });
        assert!(run.is_silent("S10"));
    }
}
