use trace::{Pair, Purpose, StopCode};

use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, response_fields, value};
use crate::redirect_uris::{names_resource, refuses_resource_to_client};
use crate::rule::{Findings, rule};
use crate::spec::{
    RFC6749_ACCESS_DENIED, RFC6749_AUTHORIZATION_ERROR, RFC6749_INVALID_SCOPE,
    RFC8707_INVALID_TARGET,
};
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// An `error` that comes back to the redirect URI in place of a code, and its description, next
    /// to what the authorization request asked for.
    ///
    /// # Why it matters
    /// The authorization server knows client and redirect URI and refuses the request all the same:
    /// for its scope, its resource, what the client may do, or because somebody said no.
    ///
    /// # How to fix
    /// It depends on the error code, and the finding says which way. When a person said no at the
    /// consent page, nothing has to change, and it is a note.
    ///
    /// # References
    /// RFC 6749 section 4.1.2.1; RFC 8707 section 2.
    "A30" "authorization_refused" Error AuthorizationServer Likely since None,
    title: "The authorization server refuses the authorization request",
    variants: [
        OWN_OPTION: Error Client Likely
            "The authorization request is refused because of this run's own {option}",
        SCOPE_UNKNOWN: Error McpServer Likely
            "The MCP server advertises scopes that its authorization server does not know",
        RESOURCE_UNKNOWN: Error AuthorizationServer Likely,
        RESOURCE_NOT_ALLOWED: Error AuthorizationServer Likely
            "The authorization server does not let this client ask for the resource",
        LOST: Error AuthorizationServer Likely
            "The authorization server says that {parameter} is missing, which was sent",
        DENIED: Error AuthorizationServer Likely "The authorization server denies access",
        DENIED_BY_USER: Note Nobody Likely "Access was denied at the consent page",
        STEP_UP_DENIED: Warning Client Likely
            "More scope was denied at the consent page, so the call stays refused",
        PROVIDER_SAYS_AUTHORIZATION_SERVER: Error AuthorizationServer Likely
            "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_MCP_SERVER: Error McpServer Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_CLIENT: Error Client Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_NOBODY: Note Nobody Likely "{provider} refuses the request: {cause}",
    ],
    spec: [RFC6749_AUTHORIZATION_ERROR, RFC6749_ACCESS_DENIED, RFC6749_INVALID_SCOPE, RFC8707_INVALID_TARGET],
    follows: [
        RESOURCE_UNKNOWN "R02", RESOURCE_UNKNOWN "R01", "A08/commas_refused", "A08/characters",
        "A08/offline_access_refused", "G21",
    ],
    stops: [AuthorizationError],
    looks_at: [Callback],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(&callback) = reading.callbacks.last() else {
        return;
    };
    let answer = response_fields(callback.request());
    let Some(error) = value(&answer, "error") else {
        return;
    };
    // "on mismatch the client MUST NOT act on or display error, error_description, or error_uri"
    // (MCP 2026-07-28 authorization, "Authorization Response Validation"), unless the user
    // insisted.
    let acted_on = reading.stopped(StopCode::AuthorizationError);
    if acted_on.is_none() && reading.stopped(StopCode::IssMismatch).is_some() {
        return;
    }
    let description = value(&answer, "error_description").unwrap_or_default();
    let request = reading
        .authorization_before(callback.seq)
        .map(|(_, request)| request)
        .unwrap_or_default();
    let finding = match error {
        "access_denied" => match step_up_before(reading, callback) {
            Some(call) if by_a_person(description) => step_up_denied(&call, request),
            _ => denied(description),
        },
        "invalid_scope" => scope(reading, request),
        "invalid_target" => target(request, description),
        other => lost(description, request).unwrap_or_else(|| by_code(other, description)),
    };
    findings.add(at(finding, callback, error, description));
}

fn at(finding: Finding, callback: ExchangeRef<'_>, error: &str, description: &str) -> Finding {
    finding
        .at(callback.seq, Part::RequestUrl)
        .expected("a callback with code")
        .actual(match description {
            "" => format!("error={}, without a description", excerpt(error)),
            description => format!("error={}: {}", excerpt(error), excerpt(description)),
        })
}

/// The call that wanted more scope, where the login was for that.
fn step_up_before(reading: &Reading<'_>, callback: ExchangeRef<'_>) -> Option<String> {
    let asked_at = reading.authorization_before(callback.seq)?.0;
    let at = reading
        .step_ups_for_scope()
        .filter(|at| *at < asked_at)
        .last()?;
    match &reading.call_before(at)?.exchange.purpose {
        Purpose::Mcp { method } | Purpose::Challenge { method } => Some(method.clone()),
        _ => None,
    }
}

fn step_up_denied(call: &str, request: &[Pair]) -> Finding {
    let scope = excerpt(value(request, "scope").unwrap_or_default());
    RULE.found(RFC6749_ACCESS_DENIED)
        .variant(&STEP_UP_DENIED)
        .message(format!(
            "{call} needs more scope than was granted at first. The user was asked for \"{scope}\" \
             and said no. The first token is still good for what it was granted; this call stays \
             refused until the user agrees."
        ))
        .fix(format!(
            "Agree to \"{scope}\" at the consent page, or leave the call out."
        ))
}

fn denied(description: &str) -> Finding {
    let finding = RULE.found(RFC6749_ACCESS_DENIED);
    if by_a_person(description) {
        return finding
            .variant(&DENIED_BY_USER)
            .message(
                "The description says that a person said no, so everything works as it should.",
            )
            .fix("Nothing has to change. To go on, start again and agree.");
    }
    finding
        .variant(&DENIED)
        .message(
            "Somebody said no at the consent page, and then everything works as it should; or a \
             policy of the authorization server did: the user is not assigned to the application, \
             or their tenant has not approved it.",
        )
        .fix(
            "If it was not you who said no, look at who may use this client at the authorization \
             server, and whether an administrator has to consent first.",
        )
}

/// Whether a description says that somebody refused, and not some policy.
fn by_a_person(description: &str) -> bool {
    let description = description.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| description.contains(word));
    says(&["user", "person", "resource owner", "you "])
        && says(&["denied", "declin", "cancel", "said no", "reject", "refused"])
        && !says(&[
            "polic",
            "admin",
            "assign",
            "tenant",
            "not allowed",
            "not authorized",
            "not permitted",
        ])
}

fn scope(reading: &Reading<'_>, request: &[Pair]) -> Finding {
    let asked = value(request, "scope");
    let finding = RULE.found(RFC6749_INVALID_SCOPE);
    let unknown = reading.unknown_scopes(asked.unwrap_or_default());
    if !unknown.is_empty() {
        let names = excerpt(&list(&unknown));
        return finding
            .variant(&SCOPE_UNKNOWN)
            .message(format!(
                "This client asks for what the MCP server names. The authorization server's own \
                 scopes_supported lacks {names}."
            ))
            .fix(format!(
                "Take {names} out of the MCP server's scopes_supported and challenge, or have them \
                 defined at the authorization server."
            ));
    }
    match asked {
        None => finding
            .message("The request names no scope, and this authorization server wants one.")
            .fix(
                "Let the MCP server name its scopes in the challenge and in scopes_supported, or \
                 let the authorization server have a default scope.",
            ),
        Some(asked) => finding
            .message(format!(
                "The request asks for \"{}\". Either the authorization server does not know one of \
                 these, or this client may not ask for it: clients that register themselves often \
                 get a few scopes only.",
                excerpt(asked)
            ))
            .fix(
                "Allow these scopes for such clients at the authorization server, or let the MCP \
                 server name others in its challenge and in scopes_supported.",
            ),
    }
}

fn target(request: &[Pair], description: &str) -> Finding {
    let asked = value(request, "resource");
    let resource = excerpt(asked.unwrap_or("none"));
    let client = value(request, "client_id").unwrap_or_default();
    if refuses_resource_to_client(description, client) {
        return RULE
            .found(RFC8707_INVALID_TARGET)
            .variant(&RESOURCE_NOT_ALLOWED)
            .message(format!(
                "The request names the resource {resource}. By its words the authorization server \
                 knows it and does not give it to this client: clients that register themselves \
                 often begin without any resource."
            ))
            .fix(format!(
                "Allow {resource} for this client at the authorization server; where clients \
                 register themselves, put it among the resources that each new client gets."
            ));
    }
    RULE.found(RFC8707_INVALID_TARGET)
        .variant(&RESOURCE_UNKNOWN)
        .message(format!(
            "The request names the resource {resource}, and the authorization server does not know \
             it, or not for this client."
        ))
        .fix(format!(
            "Register {resource} as a resource (audience, API) at the authorization server, byte \
             for byte."
        ))
}

/// A parameter that the description calls missing, and that the request had.
fn lost(description: &str, request: &[Pair]) -> Option<Finding> {
    let words = description.to_ascii_lowercase();
    let parts = words.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let is_missing = |pair: &&Pair| {
        let mut places = (0..parts.len()).filter(|place| parts[*place] == pair.name);
        let is_called_so = |place: usize| {
            let before = &parts[place.saturating_sub(4)..place];
            let after = parts[place + 1..].iter().take(3).copied();
            let after = after.collect::<Vec<_>>().join(" ");
            let said_after = ["missing", "is missing", "not provided", "was not provided"];
            before.contains(&"missing")
                || said_after.iter().any(|said| after.starts_with(said))
                || after == "is required"
        };
        !pair.value.is_empty() && places.any(is_called_so)
    };
    let name = excerpt(&request.iter().find(is_missing)?.name);
    Some(
        RULE.found(RFC6749_AUTHORIZATION_ERROR)
            .variant(&LOST)
            .title_with([name.as_str()])
            .message(format!(
                "This client sent {name}. Either the authorization server lost it on the way to \
                 its login, or the error comes from an identity provider behind it, to which it \
                 sends a request of its own without {name}."
            ))
            .fix(format!(
                "Let the authorization server send {name} in its own request to the identity \
                 provider, and keep the client's request through the login."
            )),
    )
}

fn by_code(error: &str, description: &str) -> Finding {
    let finding = RULE.found(RFC6749_AUTHORIZATION_ERROR);
    match error {
        "unauthorized_client" => finding
            .message("The client is known, but may not use the authorization code grant.")
            .fix(
                "Allow authorization_code (and response type code) for this client at the \
                  authorization server.",
            ),
        "unsupported_response_type" => finding
            .message(
                "The authorization server does not answer with a code here, or not for this \
                      client.",
            )
            .fix("Enable the response type code for this client."),
        "invalid_request" if description.to_ascii_lowercase().contains("code_challenge") => finding
            .message(
                "The authorization server rejects the PKCE parameters, which MCP clients have to \
                 send.",
            )
            .fix("Enable PKCE with S256 for this client."),
        "invalid_request" if names_resource(description) => finding
            .message(
                "The authorization server does not accept the parameter resource, which MCP \
                 clients have to send. A server that does not know a parameter has to ignore it.",
            )
            .fix(
                "Ignore resource where it is not known, or bind the token to it. Until then run \
                 with --resource off.",
            ),
        "invalid_request" => finding
            .message(
                "A parameter is missing or is not accepted. Servers that do not know resource have \
                 to ignore it, and some refuse it instead.",
            )
            .fix(
                "Look into the authorization server's log for this request, and ignore unknown \
                  parameters.",
            ),
        "login_required"
        | "consent_required"
        | "interaction_required"
        | "account_selection_required" => finding
            .message("The authorization server wants to show a page and was told, or set, not to.")
            .fix("Take prompt=none out of the request, or let the client have its pages shown."),
        "server_error" | "temporarily_unavailable" => finding
            .message("The authorization server itself failed.")
            .fix("Look into the authorization server's log for this request, and try again."),
        _ => finding
            .message(
                "The error code is none of those that RFC 6749 has; its meaning is the \
                      server's own.",
            )
            .fix("Look into the authorization server's documentation and log for this error."),
    }
}

#[cfg(test)]
mod tests {
    use trace::{Decision, Phase, StopCode};

    use crate::finding::{Level, Owner};
    use crate::sample::{Answer, Run, decide, found_in};

    fn refused(error: &str, description: &str) -> Run {
        let mut run = Run::healthy();
        run.callback.retain(|(name, _)| *name != "code");
        run.callback.push(("error", error.into()));
        if !description.is_empty() {
            run.callback.push(("error_description", description.into()));
        }
        run.stop(Phase::Authorization, StopCode::AuthorizationError);
        run
    }

    #[test]
    fn an_error_that_may_be_another_servers_is_not_told() {
        let mut run = refused("access_denied", "Your session has ended, call this number");
        run.callback.retain(|(name, _)| *name != "iss");
        run.callback.push(("iss", "https://login.example".into()));
        run.stop(Phase::Authorization, StopCode::IssMismatch);
        assert_eq!(run.found(), ["R12"]);
    }

    #[test]
    fn every_code_is_explained() {
        for error in [
            "invalid_scope",
            "invalid_target",
            "unauthorized_client",
            "server_error",
            "own",
        ] {
            let run = refused(error, "");
            assert_eq!(run.finding("A30").level, Level::Error, "{error}");
            assert_eq!(run.found(), ["A30"], "{error}");
        }
        let mut run = refused("invalid_scope", "no");
        run.ask("scope", Some("openid mcp"));
        let finding = run.finding("A30");
        assert!(finding.message.contains("\"openid mcp\""));
        assert_eq!(finding.actual.as_deref(), Some("error=invalid_scope: no"));
    }

    #[test]
    fn scopes_that_the_two_documents_disagree_about_are_named() {
        let mut run = refused("invalid_scope", "");
        run.ask("scope", Some("mcp:read notes:read"));
        let scopes = |of: &mut Answer, list: &[&str]| {
            of.edit(|document| document["scopes_supported"] = list.into());
        };
        scopes(&mut run.resource_tries[0].2, &["mcp:read", "notes:read"]);
        scopes(&mut run.server_tries[0].2, &["mcp:read", "notes:read"]);
        assert_eq!(run.finding("A30").variant, "default");
        scopes(&mut run.server_tries[0].2, &["mcp:read"]);
        let finding = run.finding("A30");
        assert_eq!(finding.owner, Owner::McpServer);
        assert!(
            finding.fix.starts_with("Take notes:read out"),
            "{}",
            finding.fix
        );
        // A challenge advertises them as well.
        scopes(&mut run.resource_tries[0].2, &["mcp:read"]);
        let names = |scope: &str| {
            let metadata = "https://mcp.example/.well-known/oauth-protected-resource/mcp";
            let challenge = format!("Bearer resource_metadata=\"{metadata}\", scope=\"{scope}\"");
            Answer::bare(401).header("www-authenticate", &challenge)
        };
        run.challenge = names("notes:read");
        assert_eq!(run.finding("A30").variant, "scope_unknown");
        run.challenge = names("mcp:read");
        // What the user asked for is nobody else's fault.
        scopes(&mut run.resource_tries[0].2, &["mcp:read"]);
        assert_eq!(run.finding("A30").variant, "default");
    }

    #[test]
    fn a_person_who_says_no_is_a_note_and_a_policy_is_not() {
        let person = refused("access_denied", "The user denied the request").finding("A30");
        assert_eq!((person.level, person.owner), (Level::Note, Owner::Nobody));
        let declined = refused("access_denied", "AADSTS65004: declined").finding("A30");
        assert_eq!(
            (declined.level, declined.owner),
            (Level::Note, Owner::Nobody)
        );
        for description in ["", "User is not assigned to the client application."] {
            let finding = refused("access_denied", description).finding("A30");
            assert_eq!(finding.level, Level::Error, "{description}");
        }
    }

    #[test]
    fn a_person_who_says_no_to_more_scope() {
        let mut trace = Run::healthy().trace();
        let step_up = Decision::StepUp {
            scope: Some("mcp write".into()),
            acr_values: None,
            max_age: None,
            attempt: 1,
        };
        decide(&mut trace, step_up);
        let mut again = refused("access_denied", "The user declined");
        again.ask("scope", Some("mcp write"));
        for entry in &again.trace().entries {
            if matches!(entry.phase, Phase::Authorization) {
                trace.push(entry.at, 0, entry.phase, entry.kind.clone());
            }
        }
        let finding = found_in(&trace, "A30").unwrap();
        assert_eq!(
            (finding.variant.as_str(), finding.owner),
            ("step_up_denied", Owner::Client)
        );
        assert!(finding.fix.contains("mcp write"), "{}", finding.fix);
    }

    #[test]
    fn a_resource_that_others_may_ask_for_is_told_from_one_that_nobody_knows() {
        let said = |words: &str| {
            let mut run = refused("invalid_target", words);
            run.ask("client_id", Some("c-1"));
            run.finding("A30").variant
        };
        for words in [
            "client c-1 is not linked to resource(s) https://mcp.example/mcp",
            "The client is not allowed to request this resource.",
            "Client not authorized for audience https://mcp.example/mcp",
        ] {
            assert_eq!(said(words), "resource_not_allowed", "{words}");
        }
        for words in [
            "",
            "requested resource https://mcp.example/mcp is not configured",
            "The client asked for an unknown resource",
            "resource https://client.example/mcp is not known",
        ] {
            assert_eq!(said(words), "resource_unknown", "{words}");
        }
    }

    #[test]
    fn a_parameter_that_was_sent_and_is_called_missing() {
        let with = |said| {
            let mut run = refused("invalid_request", said);
            run.ask("code_challenge_method", Some("S256"));
            run.finding("A30")
        };
        let finding = with("Missing parameter: code_challenge_method");
        assert_eq!(finding.variant, "lost");
        assert!(finding.title.contains("code_challenge_method"));
        for other in [
            "Missing parameter: nonce",
            "code_challenge_method is not plain",
            "https is required for redirect_uri",
        ] {
            assert_eq!(with(other).variant, "default", "{other}");
        }
        let mut run = refused("invalid_request", "nonce is required");
        run.ask("nonce", None);
        assert_eq!(run.finding("A30").variant, "default");
    }

    #[test]
    fn is_silent_about_a_code() {
        assert!(Run::healthy().is_silent("A30"));
    }
}
