use serde_json::Value;
use trace::{Document, DocumentError, Grant, StopCode, WellKnown};

use crate::finding::{Finding, Level, Part};
use crate::members::{Form, Member, problems};
use crate::reading::{Reading, ServerTry, access_token, oauth_error, object};
use crate::rule::{Findings, rule};
use crate::spec::{RFC8414_GRANT_TYPES, RFC8414_RESPONSE, RFC8414_RESPONSE_TYPES, RFC8414_SCOPES};
use crate::wording::{excerpt, list};

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
        holds: Some("authorization_code"),
        spec: RFC8414_GRANT_TYPES,
        ..member("grant_types_supported", Form::Texts, Level::Error)
    },
    member("issuer", Form::Text, Level::Error),
    member(
        "code_challenge_methods_supported",
        Form::Texts,
        Level::Error,
    ),
    member("scopes_supported", Form::Texts, Level::Warning),
    Member {
        holds: Some("query"),
        ..member("response_modes_supported", Form::Texts, Level::Warning)
    },
    member(
        "token_endpoint_auth_methods_supported",
        Form::Texts,
        Level::Error,
    ),
    member("registration_endpoint", Form::Endpoint, Level::Error),
    member("token_endpoint", Form::Endpoint, Level::Error),
    member("authorization_endpoint", Form::Endpoint, Level::Error),
    member("jwks_uri", Form::Url, Level::Warning),
    member("revocation_endpoint", Form::Url, Level::Warning),
    member("introspection_endpoint", Form::Url, Level::Warning),
    member("userinfo_endpoint", Form::Url, Level::Warning),
    member("device_authorization_endpoint", Form::Url, Level::Warning),
    member(
        "pushed_authorization_request_endpoint",
        Form::Url,
        Level::Warning,
    ),
    member("service_documentation", Form::Text, Level::Warning),
    member("signed_metadata", Form::Jwt, Level::Warning),
    member("require_signed_request_object", Form::Flag, Level::Warning),
    member(
        "dpop_signing_alg_values_supported",
        Form::Algorithms,
        Level::Warning,
    ),
    member(
        "token_endpoint_auth_signing_alg_values_supported",
        Form::Algorithms,
        Level::Warning,
    ),
    member(
        "revocation_endpoint_auth_signing_alg_values_supported",
        Form::Algorithms,
        Level::Warning,
    ),
    member(
        "introspection_endpoint_auth_signing_alg_values_supported",
        Form::Algorithms,
        Level::Warning,
    ),
    member(
        "revocation_endpoint_auth_methods_supported",
        Form::Texts,
        Level::Warning,
    ),
    member(
        "introspection_endpoint_auth_methods_supported",
        Form::Texts,
        Level::Warning,
    ),
    member(
        "tls_client_certificate_bound_access_tokens",
        Form::Flag,
        Level::Warning,
    ),
    member(
        "require_pushed_authorization_requests",
        Form::Flag,
        Level::Warning,
    ),
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
    if matches!(&attempt.document, Some(Ok(read)) if read.is_blank()) {
        return findings.add(blank(attempt, &document));
    }
    no_method(reading, attempt, &document, findings);
    keys_only(reading, attempt, &document, findings);
    no_place_to_push(attempt, &document, findings);
    sets_parameter(reading, attempt, &document, findings);
    no_place_for_devices(reading, attempt, &document, findings);
    signed_requests(reading, attempt, &document, findings);
    // What makes the whole of it unreadable is worse than its level says.
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
    for problem in problems(TABLE, &document) {
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
    RULE.found(RFC8414_RESPONSE)
        .variant(&BLANK)
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

/// The methods that clients have without a certificate of their own.
const USUAL_METHODS: [&str; 5] = [
    "none",
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
];

/// Only ways to authenticate are listed that need what MCP clients rarely have.
fn no_method(
    reading: &Reading<'_>,
    attempt: &ServerTry<'_>,
    document: &Document,
    findings: &mut Findings,
) {
    const MEMBER: &str = "token_endpoint_auth_methods_supported";
    let Some(Value::Array(listed)) = document.get(MEMBER) else {
        return;
    };
    let used = reading
        .client_before(u32::MAX)
        .and_then(|(_, method)| method);
    let usable = |method: &Value| {
        method
            .as_str()
            .is_some_and(|method| USUAL_METHODS.contains(&method) || used == Some(method))
    };
    if listed.iter().any(usable) || listed.iter().any(|method| !method.is_string()) {
        return;
    }
    let sent = excerpt(&format!("\"{MEMBER}\": {}", Value::Array(listed.clone())));
    let finding = RULE
        .found(RFC8414_RESPONSE)
        .variant(&NO_METHOD)
        .title_with([MEMBER])
        .at(attempt.seen.seq, Part::body(&format!("/{MEMBER}")))
        .message(
            "Clients go by this list. MCP clients are public (none), or have a secret or a key; one \
             that finds nothing of that stops here.",
        )
        .expected("none, client_secret_post, client_secret_basic or private_key_jwt in it")
        .actual(sent)
        .fix(format!(
            "List in {MEMBER} what the token endpoint takes; \"none\" lets public clients in."
        ));
    findings.add(finding);
}

/// What a client without a key or a certificate has.
const WITHOUT_KEY: [&str; 3] = ["none", "client_secret_basic", "client_secret_post"];

/// Nothing but keys is listed, and this client has none: either it was taken all the same, and the
/// list is wrong, or it was refused.
fn keys_only(
    reading: &Reading<'_>,
    attempt: &ServerTry<'_>,
    document: &Document,
    findings: &mut Findings,
) {
    const MEMBER: &str = "token_endpoint_auth_methods_supported";
    let listed = document.get(MEMBER).and_then(Value::as_array);
    let Some(listed) = listed.map(|listed| listed.iter().filter_map(Value::as_str)) else {
        return;
    };
    let listed: Vec<&str> = listed.collect();
    let client = reading.client_before(u32::MAX);
    let used = client.and_then(|(_, method)| method).unwrap_or("none");
    let has_key = |method: &&str| matches!(*method, "private_key_jwt" | "client_secret_jwt");
    let is_keys_only = listed.iter().any(has_key)
        && !listed.iter().any(|method| WITHOUT_KEY.contains(method))
        && WITHOUT_KEY.contains(&used);
    if !is_keys_only {
        return;
    }
    let sent = excerpt(&format!("\"{MEMBER}\": {listed:?}"));
    let finding = RULE
        .found(RFC8414_RESPONSE)
        .at(attempt.seen.seq, Part::body(&format!("/{MEMBER}")))
        .actual(sent);
    let issued = reading.tokens.iter().any(|(seen, _)| {
        seen.response()
            .is_some_and(|answer| access_token(answer).is_some())
    });
    let refused = [StopCode::TokenRejected, StopCode::RegistrationRejected];
    if issued {
        return findings.add(
            finding
                .variant(&KEYS_ONLY)
                .title_with([MEMBER])
                .message(format!(
                    "This client authenticated by {used} and was given a token, so the list is not \
                     whole. Clients go by it: one that has no key stops here."
                ))
                .expected(format!("{used} in {MEMBER}"))
                .fix(format!("Add \"{used}\" to {MEMBER} of the metadata.")),
        );
    }
    if refused.iter().any(|code| reading.stopped(*code).is_some()) && is_about_client(reading) {
        findings.add(
            finding
                .variant(&KEY_NEEDED)
                .message(format!(
                    "Nothing but {} is listed, and this client authenticates by {used}.",
                    list(&listed)
                ))
                .expected("a client with a key that the authorization server knows")
                .fix(
                    "Register a client with a public key at the authorization server, and give this \
                     run its ID and its private key (--client-id, --private-key). To let clients \
                     without a key in, the authorization server has to accept and list none.",
                ),
        );
    }
}

/// Whether the last refusal is about the client and how it authenticates.
fn is_about_client(reading: &Reading<'_>) -> bool {
    let tokens = reading.tokens.iter().map(|(seen, _)| *seen);
    let last = reading.registrations.iter().copied().chain(tokens).last();
    let error = last.and_then(|seen| oauth_error(seen.response()?));
    error.is_some_and(|error| {
        let about_method = error.words().contains("token_endpoint_auth_method");
        matches!(
            error.error.as_str(),
            "invalid_client" | "unauthorized_client"
        ) || about_method
    })
}

/// An authorization endpoint whose own query has what the client has to say.
fn sets_parameter(
    reading: &Reading<'_>,
    attempt: &ServerTry<'_>,
    document: &Document,
    findings: &mut Findings,
) {
    const MEMBER: &str = "authorization_endpoint";
    let endpoint = document.get(MEMBER).and_then(Value::as_str);
    let Some(endpoint) = endpoint.and_then(|endpoint| url::Url::parse(endpoint).ok()) else {
        return;
    };
    let asked = reading.authorization_before(u32::MAX);
    let Some((_, asked)) = asked else {
        return;
    };
    let set = endpoint.query_pairs().find(|(name, given)| {
        let of_client = asked
            .iter()
            .rev()
            .find(|pair| pair.name == name.as_ref())
            .map(|pair| pair.value.as_str());
        OF_CLIENT.contains(&name.as_ref()) && of_client.is_none_or(|ours| ours != given.as_ref())
            || OF_CLIENT.contains(&name.as_ref())
                && asked
                    .iter()
                    .filter(|pair| pair.name == name.as_ref())
                    .count()
                    > 1
    });
    let Some((name, given)) = set else {
        return;
    };
    let finding = RULE
        .found(RFC8414_RESPONSE)
        .variant(&SETS_PARAMETER)
        .title_with([name.as_ref()])
        .at(attempt.seen.seq, Part::body(&format!("/{MEMBER}")))
        .message(format!(
            "A client keeps the query of the endpoint and adds its own parameters, so the request \
             has {name} twice, which OAuth does not allow. Which of them counts differs from server \
             to server: the token may be meant for another place than the client asks for."
        ))
        .expected(format!("authorization_endpoint without {name}"))
        .actual(excerpt(&format!("{name}={given} in authorization_endpoint")))
        .fix(format!(
            "Take {name} out of authorization_endpoint in the metadata, and go by the one that the \
             client sends."
        ));
    findings.add(finding);
}

/// What a client itself has to say in an authorization request.
const OF_CLIENT: [&str; 7] = [
    "resource",
    "scope",
    "client_id",
    "redirect_uri",
    "response_type",
    "state",
    "code_challenge",
];

/// Requests have to be pushed, and nothing says where to.
fn no_place_to_push(attempt: &ServerTry<'_>, document: &Document, findings: &mut Findings) {
    const MEMBER: &str = "pushed_authorization_request_endpoint";
    let required = document.get("require_pushed_authorization_requests");
    if required != Some(&Value::Bool(true)) || document.contains_key(MEMBER) {
        return;
    }
    let finding = RULE
        .found(RFC8414_RESPONSE)
        .variant(&OPTIONAL)
        .title_with([MEMBER])
        .at(
            attempt.seen.seq,
            Part::body("/require_pushed_authorization_requests"),
        )
        .message(
            "The document says that authorization requests have to be pushed, and does not say \
             where to. Clients that go by it cannot send any.",
        )
        .expected(format!(
            "{MEMBER} beside require_pushed_authorization_requests"
        ))
        .actual(format!(
            "\"require_pushed_authorization_requests\": true, and no {MEMBER}"
        ))
        .fix(format!(
            "Add {MEMBER}, or take require_pushed_authorization_requests out where requests need \
             not be pushed."
        ));
    findings.add(finding);
}

/// The device grant was chosen and is listed, and nothing says where it begins.
fn no_place_for_devices(
    reading: &Reading<'_>,
    attempt: &ServerTry<'_>,
    document: &Document,
    findings: &mut Findings,
) {
    const MEMBER: &str = "device_authorization_endpoint";
    let chosen = reading.chosen_grant().map(|(_, grant)| grant);
    let listed = document
        .get("grant_types_supported")
        .and_then(Value::as_array);
    let name = Grant::DeviceCode.grant_type();
    let listed = listed.is_some_and(|listed| listed.iter().any(|one| one == name));
    if chosen != Some(Grant::DeviceCode) || !listed || document.contains_key(MEMBER) {
        return;
    }
    let finding = RULE
        .found(RFC8414_GRANT_TYPES)
        .variant(&MISSING)
        .title_with([MEMBER])
        .at(attempt.seen.seq, Part::body("/grant_types_supported"))
        .message(
            "The device grant is listed, and the document does not say where it begins. Clients \
             cannot ask for a code.",
        )
        .expected(format!("{MEMBER} beside {name} in grant_types_supported"))
        .actual(format!("no {MEMBER}"))
        .fix(format!(
            "Add {MEMBER}, or take {name} out of grant_types_supported."
        ));
    findings.add(finding);
}

/// Requests have to be signed, and this client's was not.
fn signed_requests(
    reading: &Reading<'_>,
    attempt: &ServerTry<'_>,
    document: &Document,
    findings: &mut Findings,
) {
    const MEMBER: &str = "require_signed_request_object";
    let asked = reading.authorization_before(u32::MAX);
    let is_signed = |(_, asked): (u32, &[trace::Pair])| {
        let mut names = asked.iter().map(|pair| pair.name.as_str());
        names.any(|name| matches!(name, "request" | "request_uri"))
    };
    if document.get(MEMBER) != Some(&Value::Bool(true)) || asked.is_some_and(is_signed) {
        return;
    }
    let finding = RULE
        .found(RFC8414_RESPONSE)
        .variant(&OPTIONAL)
        .title_with([MEMBER])
        .at(attempt.seen.seq, Part::body(&format!("/{MEMBER}")))
        .message(
            "It says that every authorization request has to be a signed request object. MCP \
             clients send plain parameters and have no key to sign with, so a server that means it \
             refuses all of them.",
        )
        .expected(format!("no {MEMBER}, or false"))
        .actual(format!("\"{MEMBER}\": true"))
        .fix(format!(
            "Set {MEMBER} to false for MCP clients, or give this run a key and --request-object."
        ));
    findings.add(finding);
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
