use trace::{Grant, StopCode};

use crate::finding::Part;
use crate::reading::{Reading, access_token, object, text};
use crate::rule::{Findings, rule};
use crate::spec::RFC8414_GRANT_TYPES;
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// A grant other than the authorization code that was chosen, and whether
    /// `grant_types_supported` of the metadata lists it.
    ///
    /// # Why it matters
    /// Clients go by the list and do not try. When it is absent it means `authorization_code` and
    /// `implicit`.
    ///
    /// # How to fix
    /// Enable the grant at the authorization server and list it, or use another one. If it works
    /// already, only the list is wrong.
    ///
    /// # References
    /// RFC 8414 section 2.
    "M04" "grant_not_offered" Error AuthorizationServer Likely since None,
    title: "The authorization server does not offer the chosen grant",
    variants: [
        OWN_OPTION: Error Client Likely
            "The grant is not offered that this run's own {option} asks for",
        WORKS: Warning AuthorizationServer Certain "The metadata does not list a grant that works",
        UNLISTED: Warning AuthorizationServer Likely,
    ],
    spec: [RFC8414_GRANT_TYPES],
    stops: [GrantNotOffered, TokenRejected],
    looks_at: [OtherGrant],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let chosen = reading.chosen_grant();
    let Some((at, grant)) = chosen.filter(|(_, grant)| *grant != Grant::AuthorizationCode) else {
        return;
    };
    let Some((attempt, metadata)) = reading.server_metadata_before(at) else {
        return;
    };
    let name = grant.grant_type();
    let listed = metadata.grant_types_supported.as_deref();
    if listed.is_some_and(|listed| listed.iter().any(|known| known == name)) {
        return;
    }
    let answers = reading
        .tokens
        .iter()
        .filter(|(seen, of)| *of == grant && seen.seq > at);
    let last = answers
        .into_iter()
        .next_back()
        .and_then(|(seen, _)| seen.response());
    let works = last.is_some_and(|response| access_token(response).is_some());
    let refused = last
        .and_then(object)
        .and_then(|answer| text(&answer, "error").map(str::to_owned))
        .is_some_and(|error| {
            matches!(
                error.as_str(),
                "unsupported_grant_type" | "unauthorized_client"
            )
        });
    let refused = refused || reading.stopped(StopCode::GrantNotOffered).is_some();
    let finding = RULE
        .found(RFC8414_GRANT_TYPES)
        .at(attempt.seen.seq, Part::body("/grant_types_supported"))
        .expected(format!("grant_types_supported with {name}"))
        .actual(match listed {
            Some(listed) => excerpt(&list(listed)),
            None => "no grant_types_supported, which means authorization_code and implicit".into(),
        });
    findings.add(match (works, refused) {
        (true, _) => finding
            .variant(&WORKS)
            .message("Clients that go by the list do not try it.")
            .fix(format!("Add {name} to grant_types_supported.")),
        (false, false) if last.is_none() => finding
            .message("The run ended before it could be tried.")
            .fix(format!(
                "Enable {name} at the authorization server and list it, or choose another grant \
                 for this run."
            )),
        (false, true) => finding
            .message(
                "It was tried all the same, and it is refused: the server does not have it, or does \
                 not give it to this client.",
            )
            .fix(format!(
                "Enable {name} at the authorization server and list it, or choose another grant \
                 for this run."
            )),
        (false, false) => finding
            .variant(&UNLISTED)
            .message(
                "It was tried all the same. It may be enabled; then only the metadata is \
                      incomplete.",
            )
            .fix(format!(
                "If {name} is enabled, add it to grant_types_supported; else choose another grant."
            )),
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Decision, Grant, Purpose, Trace};

    use crate::finding::Level;
    use crate::sample::{Answer, Run, decide, found_in, post, push_to_server};

    fn tried(listed: &[&str], answer: &Answer) -> Trace {
        let mut run = Run::healthy();
        run.server_tries[0]
            .2
            .edit(|metadata| metadata["grant_types_supported"] = json!(listed));
        let mut trace = run.trace();
        let grant = Grant::ClientCredentials;
        decide(
            &mut trace,
            Decision::Grant {
                grant,
                why: "chosen".into(),
            },
        );
        let form = [
            ("grant_type", "client_credentials"),
            ("resource", "https://mcp.example/mcp"),
        ];
        push_to_server(
            &mut trace,
            Purpose::Token { grant },
            post("/token", &form),
            answer,
        );
        trace
    }

    #[test]
    fn the_level_goes_by_what_came_of_it() {
        let level = |answer| {
            found_in(&tried(&["authorization_code"], &answer), "M04")
                .unwrap()
                .level
        };
        assert_eq!(level(Run::healthy().token), Level::Warning);
        assert_eq!(
            level(Answer::json(
                400,
                json!({"error": "unsupported_grant_type"})
            )),
            Level::Error
        );
        assert_eq!(
            level(Answer::json(401, json!({"error": "invalid_client"}))),
            Level::Warning
        );
    }

    #[test]
    fn is_silent_when_it_is_listed_and_about_the_code() {
        let trace = tried(&["client_credentials"], &Run::healthy().token);
        assert_eq!(found_in(&trace, "M04"), None);
        assert!(Run::healthy().is_silent("M04"));
    }
}
