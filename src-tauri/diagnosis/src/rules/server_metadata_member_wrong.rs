use serde_json::Value;
use trace::{Document, DocumentError, Grant, WellKnown};

use crate::finding::{Finding, Level, Part};
use crate::members::problems;
use crate::reading::{Reading, ServerTry, oauth_error, object};
use crate::rule::{Findings, Variant, rule};
use crate::spec::{RFC8414_GRANT_TYPES, RFC8414_RESPONSE, RFC8414_RESPONSE_TYPES, RFC8414_SCOPES};
use crate::wording::{excerpt, list};

mod authorization_request;
mod lacking_endpoint;
mod methods;
mod table;

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
    title: "{member} in the authorization server metadata is not valid",
    variants: [
        MISSING: Error AuthorizationServer Certain "{member} is missing in the authorization server metadata",
        REGISTRATION_ENDPOINT: Error AuthorizationServer Certain
            "{member} in the authorization server metadata is not valid",
        OPTIONAL: Warning AuthorizationServer Certain
            "{member} in the authorization server metadata is not valid",
        BLANK: Error AuthorizationServer Certain
            "The authorization server metadata names neither an issuer nor endpoints",
        SETS_PARAMETER: Error AuthorizationServer Likely
            "authorization_endpoint has {member} in its query already",
        FRAGMENT: Error AuthorizationServer Certain
            "{member} of the authorization server metadata has a fragment",
        NO_METHOD: Warning AuthorizationServer Certain
            "{member} lists no way to authenticate that MCP clients have",
        KEYS_ONLY: Warning AuthorizationServer Likely
            "{member} lists clients with a key alone, and one without was given a token",
        KEY_NEEDED: Error Client Likely
            "The authorization server takes clients with a key alone, and this one has none",
    ],
    spec: [RFC8414_RESPONSE_TYPES, RFC8414_GRANT_TYPES, RFC8414_SCOPES, RFC8414_RESPONSE],
    stops: [
        NoServerMetadata, IssuerMismatch by BLANK, TokenRejected by KEY_NEEDED,
        RegistrationRejected by KEY_NEEDED,
    ],
    looks_at: [ServerMetadataRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let documents = reading.server_tries.iter().rev().find_map(|attempt| {
        let response = attempt.seen.response_with_body()?;
        let document = object(response).filter(|_| response.status == 200)?;
        Some((attempt, document))
    });
    let Some((attempt, document)) = documents else {
        return;
    };
    if matches!(&attempt.document, Some(Ok(read)) if read.is_blank()) {
        return findings.add(blank(attempt, &document));
    }
    let found = [
        methods::none_usable(of(&NO_METHOD), reading, attempt, &document),
        methods::keys_only(of(&KEYS_ONLY), of(&KEY_NEEDED), reading, attempt, &document),
        lacking_endpoint::to_push(of(&OPTIONAL), attempt, &document),
        authorization_request::set_in_endpoint(of(&SETS_PARAMETER), reading, attempt, &document),
        lacking_endpoint::for_devices(
            RULE.found(RFC8414_GRANT_TYPES).variant(&MISSING),
            reading,
            attempt,
            &document,
        ),
        authorization_request::to_be_signed(of(&OPTIONAL), reading, attempt, &document),
    ];
    found
        .into_iter()
        .flatten()
        .for_each(|finding| findings.add(finding));
    by_table(reading, attempt, &document, findings);
}

fn of(variant: &Variant) -> Finding {
    RULE.found(RFC8414_RESPONSE).variant(variant)
}

/// Each member that is not what the table says.
fn by_table(
    reading: &Reading<'_>,
    attempt: &ServerTry<'_>,
    document: &Document,
    findings: &mut Findings,
) {
    // A member that makes the whole document unreadable is an error, whatever its level.
    let unreadable = match &attempt.document {
        Some(Err(DocumentError::WrongType { field, .. })) => Some(field.as_str()),
        _ => None,
    };
    // An identity provider without an authorization endpoint has no response types to name, and
    // where another grant was chosen nobody needs the code.
    let by_code = document.contains_key("authorization_endpoint")
        && reading
            .chosen_grant()
            .is_none_or(|(_, grant)| grant == Grant::AuthorizationCode);
    for problem in problems(table::TABLE, document) {
        let about_code = matches!(
            problem.name,
            "response_types_supported" | "grant_types_supported"
        );
        if unreadable != Some(problem.name) && about_code && !by_code {
            continue;
        }
        let has_fragment = document
            .get(problem.name)
            .and_then(Value::as_str)
            .is_some_and(|url| trace::origin_of(url).is_some() && url.contains('#'));
        let kind = if problem.missing {
            &MISSING
        } else if has_fragment && problem.name.ends_with("_endpoint") {
            &FRAGMENT
        } else if problem.name == "registration_endpoint" {
            &REGISTRATION_ENDPOINT
        } else if problem.level == Level::Error || unreadable == Some(problem.name) {
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

fn blank(attempt: &ServerTry<'_>, document: &Document) -> Finding {
    let members: Vec<&str> = document.keys().map(String::as_str).take(12).collect();
    of(&BLANK)
        .at(attempt.seen.seq, Part::body(""))
        .message(
            "Clients stop at once: without issuer they must not use the document, and without \
             endpoints there is nowhere to go.",
        )
        .expected("issuer, authorization_endpoint and token_endpoint")
        .actual(match members.as_slice() {
            [] => "{}, an empty object".to_owned(),
            members => match attempt.seen.response().and_then(oauth_error) {
                Some(error) => excerpt(&format!("an error: {}", error.words())),
                None => excerpt(&format!("only {}", list(members))),
            },
        })
        .fix(format!(
            "Put issuer ({}), authorization_endpoint and token_endpoint into the document.",
            attempt.issuer
        ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Phase, StopCode};

    use crate::sample::{Answer, Run};

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
    fn an_authorization_endpoint_that_says_what_the_client_has_to_say() {
        let with_query = |query: &str| {
            with(
                "authorization_endpoint",
                json!(format!("https://as.example/authorize?{query}")),
            )
        };
        let found = with_query("resource=https%3A%2F%2Fas.example").finding("M06");
        assert_eq!(found.variant, "sets_parameter");
        assert!(with_query("tenant=blue").is_silent("M06"));
    }

    #[test]
    fn types() {
        for (member, value) in [
            ("scopes_supported", json!("mcp:read")),
            ("code_challenge_methods_supported", json!("S256")),
            ("registration_endpoint", json!("/register")),
            (
                "authorization_endpoint",
                json!("https://as.example/authorize#top"),
            ),
            ("require_pushed_authorization_requests", json!(true)),
            (
                "authorization_response_iss_parameter_supported",
                json!("true"),
            ),
            (
                "introspection_endpoint_auth_signing_alg_values_supported",
                json!(["none"]),
            ),
            ("revocation_endpoint_auth_methods_supported", json!("none")),
            ("tls_client_certificate_bound_access_tokens", json!("yes")),
        ] {
            assert!(!with(member, value).is_silent("M06"), "{member}");
        }
    }

    #[test]
    fn an_empty_document_is_one_finding() {
        let mut run = Run::healthy();
        run.server_tries[0].2.edit(|document| *document = json!({}));
        run.stop(Phase::ServerMetadata, StopCode::IssuerMismatch);
        let finding = run.finding("M06");
        assert_eq!(finding.variant, "blank");
        assert_eq!(run.found()[0], "M06");
        assert!(run.is_silent("R10") && run.is_silent("A07") && run.is_silent("M01"));
    }

    #[test]
    fn lists_without_what_the_flow_uses() {
        let grants = with("grant_types_supported", json!(["client_credentials"])).finding("M06");
        assert!(grants.fix.contains("authorization_code"));
        let methods = with(
            "token_endpoint_auth_methods_supported",
            json!(["tls_client_auth"]),
        );
        assert_eq!(methods.finding("M06").variant, "no_method");
        for listed in [
            json!(["none"]),
            json!(["tls_client_auth", "client_secret_post"]),
        ] {
            let run = with("token_endpoint_auth_methods_supported", listed);
            assert!(run.is_silent("M06"));
        }
    }

    #[test]
    fn a_list_with_keys_alone() {
        const MEMBER: &str = "token_endpoint_auth_methods_supported";
        let keys = || with(MEMBER, json!(["private_key_jwt"]));
        assert_eq!(keys().finding("M06").variant, "keys_only");
        let mut refused = keys();
        refused.token = Answer::json(401, json!({"error": "invalid_client"}));
        refused.stop(Phase::Token, StopCode::TokenRejected);
        assert_eq!(refused.finding("M06").variant, "key_needed");
        refused.token = Answer::json(400, json!({"error": "invalid_grant"}));
        assert!(refused.is_silent("M06"));
        let secrets = with(MEMBER, json!(["private_key_jwt", "client_secret_basic"]));
        assert!(secrets.is_silent("M06"));
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
