use trace::{Decision, StopCode};

use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::RFC8414_GRANT_TYPES;
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// A grant that was chosen and that `grant_types_supported` of the metadata does not list.
    ///
    /// # Why it matters
    /// Clients go by the list and do not try. When it is absent it means `authorization_code` and `implicit`.
    ///
    /// # How to fix
    /// Enable the grant at the authorization server and list it, or use another one. If it is enabled already, only
    /// the list is wrong.
    ///
    /// # References
    /// RFC 8414 section 2.
    "M04" "grant_not_offered" Error AuthorizationServer since None,
    title: "The authorization server does not offer the grant that was chosen",
    spec: [RFC8414_GRANT_TYPES],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((stopped, said)) = reading.stopped_saying(StopCode::GrantNotOffered) else {
        return;
    };
    let chosen = reading
        .decisions
        .iter()
        .rev()
        .find_map(|(_, decision)| match decision {
            Decision::Grant { grant, .. } => Some(grant.grant_type()),
            _ => None,
        });
    let metadata = reading.server_metadata_before(stopped);
    let listed = metadata
        .as_ref()
        .and_then(|(_, metadata)| metadata.grant_types_supported.as_deref());
    let name = chosen.unwrap_or("the grant");
    let finding = RULE
        .found(RFC8414_GRANT_TYPES)
        .likely()
        .message(format!(
            "{} It may be enabled all the same; then only the metadata is incomplete.",
            match listed {
                Some(_) => format!("{name} is not in grant_types_supported."),
                None => "The metadata has no grant_types_supported, which means authorization_code.".into(),
            }
        ))
        .expected(format!("grant_types_supported with {name}"))
        .actual(match listed {
            Some(listed) => excerpt(&list(listed)),
            None => excerpt(said),
        })
        .fix(format!(
            "Enable {name} at the authorization server and add it to grant_types_supported, or choose another grant \
             for this run."
        ));
    findings.add(match metadata {
        Some((attempt, _)) => finding.at(attempt.seen.seq, Part::body("/grant_types_supported")),
        None => finding.on(Some(stopped)),
    });
}

#[cfg(test)]
mod tests {
    use trace::{Decision, Grant, Phase, StopCode};

    use crate::sample::{Run, decide, found_in, stop};

    #[test]
    fn names_grant_and_list() {
        let mut run = Run::healthy();
        run.server_tries[0]
            .2
            .edit(|metadata| metadata["grant_types_supported"] = serde_json::json!(["authorization_code"]));
        let mut trace = run.trace();
        let grant = Grant::ClientCredentials;
        decide(
            &mut trace,
            Decision::Grant {
                grant,
                why: "chosen".into(),
            },
        );
        stop(&mut trace, StopCode::GrantNotOffered);
        let finding = found_in(&trace, "M04").unwrap();
        assert_eq!(finding.actual.as_deref(), Some("authorization_code"));
        assert!(finding.message.starts_with("client_credentials is not in"));
    }

    #[test]
    fn is_told_without_a_list_and_silent_without_the_stop() {
        let mut run = Run::healthy();
        assert!(run.is_silent("M04"));
        run.stop(Phase::ServerMetadata, StopCode::GrantNotOffered);
        assert!(run.finding("M04").message.contains("no grant_types_supported"));
    }
}
