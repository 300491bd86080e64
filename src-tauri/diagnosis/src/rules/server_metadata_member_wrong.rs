use trace::WellKnown;

use crate::finding::{Level, Part};
use crate::members::{Form, Member, problems};
use crate::reading::{Reading, object};
use crate::rule::{Findings, rule};
use crate::spec::{RFC8414_GRANT_TYPES, RFC8414_RESPONSE_TYPES, RFC8414_SCOPES};

rule! {
    /// # What it looks at
    /// The members of the authorization server metadata that a client relies on: whether the
    /// required ones are there, whether each has the type that the specification gives it, and
    /// whether `response_types_supported` and `grant_types_supported` name what the flow uses.
    ///
    /// # Why it matters
    /// Strict clients check the document against a schema and refuse the whole of it for one
    /// member, with an error that names no cause a user could act on. Lenient clients go on, so the
    /// same server works in one client and fails in another.
    ///
    /// # How to fix
    /// Write the member as the specification has it.
    ///
    /// # References
    /// RFC 8414 section 2; OpenID Connect Discovery 1.0 section 3.
    "M06" "server_metadata_member_wrong" Error AuthorizationServer since None,
    title: "{member} of the authorization server metadata is not as it has to be",
    variants: [
        MISSING: Error AuthorizationServer Certain "{member} is missing in the authorization server metadata",
        OPTIONAL: Warning AuthorizationServer Certain
            "{member} of the authorization server metadata is not as it has to be",
    ],
    spec: [RFC8414_RESPONSE_TYPES, RFC8414_GRANT_TYPES, RFC8414_SCOPES],
    stops: [NoServerMetadata],
    looks_at: [ServerMetadataRequest],
}

const fn member(name: &'static str, form: Form, level: Level) -> Member {
    Member {
        name,
        form,
        required: false,
        holds: None,
        level,
        spec: RFC8414_SCOPES,
    }
}

/// What other rules look at is not here: issuer, endpoints that are missing or insecure, PKCE.
const TABLE: &[Member] = &[
    Member {
        required: true,
        holds: Some("code"),
        spec: RFC8414_RESPONSE_TYPES,
        ..member("response_types_supported", Form::Texts, Level::Error)
    },
    Member {
        spec: RFC8414_GRANT_TYPES,
        ..member("grant_types_supported", Form::Texts, Level::Error)
    },
    member(
        "code_challenge_methods_supported",
        Form::Texts,
        Level::Error,
    ),
    member("scopes_supported", Form::Texts, Level::Warning),
    member("response_modes_supported", Form::Texts, Level::Warning),
    member(
        "token_endpoint_auth_methods_supported",
        Form::Texts,
        Level::Error,
    ),
    member("registration_endpoint", Form::Url, Level::Error),
    member("token_endpoint", Form::Url, Level::Error),
    member("authorization_endpoint", Form::Url, Level::Error),
    member("jwks_uri", Form::Url, Level::Warning),
    member("revocation_endpoint", Form::Url, Level::Warning),
    member("introspection_endpoint", Form::Url, Level::Warning),
    member(
        "authorization_response_iss_parameter_supported",
        Form::Flag,
        Level::Warning,
    ),
    member(
        "client_id_metadata_document_supported",
        Form::Flag,
        Level::Warning,
    ),
];

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let documents = reading.server_tries.iter().rev().find_map(|attempt| {
        let response = attempt.seen.response_with_body()?;
        let document = object(response).filter(|_| response.status == 200)?;
        Some((attempt, document))
    });
    let Some((attempt, document)) = documents else {
        return;
    };
    // An identity provider without an authorization endpoint has no response types to name.
    if !document.contains_key("authorization_endpoint") {
        return;
    }
    for problem in problems(TABLE, &document) {
        let kind = if problem.missing {
            &MISSING
        } else if problem.level == Level::Error {
            RULE.default_variant()
        } else {
            &OPTIONAL
        };
        let place = match attempt.well_known {
            WellKnown::OauthInserted => "oauth-authorization-server",
            _ => "openid-configuration",
        };
        let finding = RULE
            .found(problem.spec)
            .variant(kind)
            .title_with([problem.name])
            .at(attempt.seen.seq, Part::body(&format!("/{}", problem.name)))
            .message(
                "This client reads the document leniently. Clients that check it against the \
                 specification refuse all of it.",
            )
            .fix(format!(
                "In {place}, write {} instead of {}.",
                problem.expected, problem.actual
            ))
            .expected(problem.expected)
            .actual(problem.actual);
        findings.add(finding);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::Run;

    fn with(member: &str, value: serde_json::Value) -> Run {
        let mut run = Run::healthy();
        run.server_tries[0]
            .2
            .edit(|document| document[member] = value);
        run
    }

    #[test]
    fn a_required_member_that_is_missing_or_lacks_code() {
        let mut run = Run::healthy();
        run.server_tries[0].2.edit(|document| {
            document
                .as_object_mut()
                .unwrap()
                .remove("response_types_supported");
        });
        assert_eq!(
            run.finding("M06").actual.as_deref(),
            Some("no response_types_supported")
        );
        let found = with("response_types_supported", json!(["token"])).finding("M06");
        assert!(found.fix.contains("\"code\" in response_types_supported"));
    }

    #[test]
    fn types() {
        for (member, value) in [
            ("scopes_supported", json!("mcp:read")),
            ("code_challenge_methods_supported", json!("S256")),
            ("registration_endpoint", json!("/register")),
            (
                "authorization_response_iss_parameter_supported",
                json!("true"),
            ),
        ] {
            assert!(!with(member, value).is_silent("M06"), "{member}");
        }
    }

    #[test]
    fn is_silent_about_more_values_and_members_nobody_knows() {
        for (member, value) in [
            ("response_types_supported", json!(["code", "code id_token"])),
            ("scopes_supported", json!([])),
            ("x_vendor", json!({"a": 1})),
        ] {
            assert!(with(member, value).is_silent("M06"), "{member}");
        }
    }
}
