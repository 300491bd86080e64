use trace::{ActionKind, ServerMetadata, StopCode};

use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::RFC8414_RESPONSE;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// Something that was asked for and needs an endpoint, or a setting, that is not there.
    ///
    /// # Why it matters
    /// Introspection, revocation, UserInfo and the keys are optional: a client can use them only
    /// where the metadata says where they are.
    ///
    /// # How to fix
    /// Publish the endpoint in the authorization server's metadata if there is one, or give this
    /// run what it needs.
    ///
    /// # References
    /// RFC 8414 section 2.
    "M05" "endpoint_not_offered" Error AuthorizationServer since None,
    title: "What was asked for is not possible here",
    variants: [
        OWN_OPTION: Error Client Likely
            "What this run's own {option} asks for is not possible here",
        OPTIONAL: Note AuthorizationServer Certain "The metadata has no {endpoint}",
        SETTINGS: Error Client Certain,
    ],
    spec: [RFC8414_RESPONSE],
    stops: [NotPossible],
    looks_at: [Action],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if let Some((stopped, said)) = reading.stopped_saying(StopCode::NotPossible) {
        return findings.add(stop(reading, stopped, said));
    }
    for action in reading.actions() {
        let Some((attempt, metadata)) = reading.server_metadata_before(action.begin) else {
            continue;
        };
        let Some(endpoint) = needed(action.kind).filter(|name| !has(metadata, name)) else {
            continue;
        };
        let finding = RULE
            .found(RFC8414_RESPONSE)
            .variant(&OPTIONAL)
            .title_with([endpoint])
            .at(attempt.seen.seq, Part::body(&format!("/{endpoint}")))
            .message("It is optional. What was asked for needs it, so it was not done.")
            .expected(format!("{endpoint} in the metadata"))
            .actual(format!("no {endpoint}"))
            .fix(format!(
                "Nothing has to change. If the server has one, publish it as {endpoint}."
            ));
        return findings.add(finding);
    }
}

fn stop(reading: &Reading<'_>, stopped: u32, said: &str) -> crate::Finding {
    let of_server =
        said.contains("_endpoint") || said.contains("jwks_uri") || said.contains("metadata");
    let finding = RULE
        .found(RFC8414_RESPONSE)
        .actual(excerpt(said))
        .expected("what this run was asked to do");
    let finding = match reading.server_metadata_before(stopped) {
        Some((attempt, _)) if of_server => finding.at(attempt.seen.seq, Part::body("")),
        _ => finding.on(Some(stopped)),
    };
    if of_server {
        finding
            .message("The authorization server's metadata does not offer it, so the run ends here.")
            .fix(
                "Publish it in the metadata of the authorization server, or do without it in this \
                  run.",
            )
    } else {
        finding
            .variant(&SETTINGS)
            .message("The settings of this run lack something that it needs, so it ends here.")
            .fix("Complete the settings of this run, or choose another way.")
    }
}

/// The member of the metadata that an action cannot do without.
fn needed(action: ActionKind) -> Option<&'static str> {
    match action {
        ActionKind::Introspect => Some("introspection_endpoint"),
        ActionKind::Revoke | ActionKind::RevokeAndTry => Some("revocation_endpoint"),
        ActionKind::Userinfo => Some("userinfo_endpoint"),
        ActionKind::CheckSignatures => Some("jwks_uri"),
        _ => None,
    }
}

fn has(metadata: &ServerMetadata, name: &str) -> bool {
    let member = match name {
        "introspection_endpoint" => &metadata.introspection_endpoint,
        "revocation_endpoint" => &metadata.revocation_endpoint,
        "userinfo_endpoint" => &metadata.userinfo_endpoint,
        _ => &metadata.jwks_uri,
    };
    member.is_some()
}

#[cfg(test)]
mod tests {
    use trace::{ActionKind, Decision, StopCode};

    use crate::finding::{Level, Owner};
    use crate::sample::{Run, decide, found_in, stop};

    #[test]
    fn an_action_is_a_note_and_a_stop_an_error() {
        let mut trace = Run::healthy().trace();
        let action = ActionKind::Introspect;
        decide(&mut trace, Decision::Action { action });
        let note = found_in(&trace, "M05").unwrap();
        assert_eq!(
            (note.level, note.actual.as_deref()),
            (Level::Note, Some("no introspection_endpoint"))
        );
        stop(&mut trace, StopCode::NotPossible);
        let error = found_in(&trace, "M05").unwrap();
        assert_eq!((error.level, error.owner), (Level::Error, Owner::Client));
    }

    #[test]
    fn is_silent_about_other_actions() {
        let mut trace = Run::healthy().trace();
        let action = ActionKind::Refresh;
        decide(&mut trace, Decision::Action { action });
        assert_eq!(found_in(&trace, "M05"), None);
    }
}
