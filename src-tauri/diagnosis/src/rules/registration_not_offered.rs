use trace::{Response, Revision, ServerMetadata, StopCode};

use crate::finding::Part;
use crate::providers::answers_itself;
use crate::reading::{ExchangeRef, Reading, challenges};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_REGISTRATION, MCP_REGISTRATION_2025_06};
use crate::wording::{answer_in_words, excerpt};

rule! {
    /// # What it looks at
    /// Whether the authorization server metadata has a `registration_endpoint`, and whether it
    /// answers a registration request with 401, 403, 404 or 405.
    ///
    /// # Why it matters
    /// A client that nobody has registered by hand cannot become known to the authorization server.
    /// Most MCP clients rely on dynamic registration and say no more than that they cannot connect.
    ///
    /// # How to fix
    /// Enable dynamic client registration or client ID metadata documents at the authorization
    /// server, or create a client there by hand and give its client ID to the MCP client.
    ///
    /// # References
    /// MCP authorization, "Client Registration Approaches"; RFC 7591 section 3.
    "S06" "registration_not_offered" Error AuthorizationServer since None,
    title: "The authorization server does not let clients register themselves",
    variants: [
        OWN_OPTION: Error Client Likely
            "There is no way to register because of this run's own {option}",
        CREDENTIALS_WANTED: Error AuthorizationServer Likely,
        FORBIDDEN: Error AuthorizationServer Likely,
        NOT_THERE: Error AuthorizationServer Likely,
        SWITCHED_OFF: Error AuthorizationServer Certain,
        PROVIDER_SAYS_AUTHORIZATION_SERVER: Error AuthorizationServer Likely
            "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_MCP_SERVER: Error McpServer Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_CLIENT: Error Client Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_NOBODY: Note Nobody Likely "{provider} refuses the request: {cause}",
    ],
    spec: [MCP_REGISTRATION, MCP_REGISTRATION_2025_06],
    supersedes: ["G03"],
    follows: ["N03/default", "M06/registration_endpoint"],
    stops: [NoRegistration, RegistrationRejected],
    looks_at: [WayToRegister],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let metadata = reading.server_metadata();
    let spec = if reading.revision.at_least(Revision::R20251125) {
        MCP_REGISTRATION
    } else {
        MCP_REGISTRATION_2025_06
    };
    let document = metadata.as_ref().map(|(_, document)| *document);
    let finding = RULE
        .found(spec)
        .expected("a registration_endpoint that answers 201 with a client_id")
        .fix(advice(document));
    if let Some(refused) = refused(reading) {
        findings.add(describe(
            finding.at(refused.seq, Part::Status),
            refused,
            reading.default_endpoints(),
        ));
    } else if let (true, Some((attempt, document))) = (cannot_register(reading), metadata)
        && document.registration_endpoint.is_none()
    {
        let finding = finding
            .at(attempt.seen.seq, Part::body(""))
            .message(format!(
                "Its metadata has no registration_endpoint, and there is no client for it in the \
                 settings of this run. {}",
                offer(document)
            ))
            .actual("no registration_endpoint in the metadata");
        findings.add(finding);
    }
}

/// Whether there is no client: the flow stopped for that, or before that for want of PKCE, and
/// would have.
fn cannot_register(reading: &Reading<'_>) -> bool {
    if reading.stopped(StopCode::NoRegistration).is_some() {
        return true;
    }
    let takes_documents = reading
        .server_metadata()
        .is_some_and(|(_, metadata)| metadata.client_id_metadata_document_supported);
    reading
        .stopped(StopCode::PkceUnsupported)
        .is_some_and(|seq| reading.client_before(seq).is_none() && !takes_documents)
}

/// The latest registration request, when it was turned away as such.
fn refused<'a>(reading: &Reading<'a>) -> Option<ExchangeRef<'a>> {
    let last = *reading.registrations.last()?;
    // Endpoints that were only guessed, since no metadata was found, prove nothing about a server
    // that may not be one.
    let guessed = reading.default_endpoints() && !reading.resource_tries.is_empty();
    let response = last.response()?;
    // A page of what stands in front of the server says nothing about the server.
    if guessed || answers_itself(&response).is_some() {
        return None;
    }
    if reading.endpoints_may_be_guessed() && matches!(response.status, 404 | 405) {
        return None;
    }
    let by_status = matches!(response.status, 401 | 403..=405 | 501);
    (by_status || is_switched_off(&response)).then_some(last)
}

/// Whether a refusal says that there is no registration, and not what is wrong with this one.
fn is_switched_off(response: &Response) -> bool {
    let body = response.body.text().unwrap_or_default();
    let body = excerpt(body).to_ascii_lowercase();
    let off = [
        "disabled",
        "not enabled",
        "not supported",
        "not available",
        "not permitted",
        "switched off",
        "turned off",
        "is off",
    ];
    let named = ["registration", "dynamic client", "register"];
    matches!(response.status, 400..=428 | 430..=499)
        && named.iter().any(|name| body.contains(name))
        && off.iter().any(|words| body.contains(words))
        // A single member that is not supported is another matter.
        && !["redirect_uri", "grant_type", "response_type", "auth_method", "scope"]
            .iter()
            .any(|member| body.contains(member))
}

/// Whether an error of the registration endpoint says that only some clients are taken.
fn refused_by_name(refused: ExchangeRef<'_>) -> bool {
    let Some(response) = refused.response_with_body() else {
        return false;
    };
    let body = response
        .body
        .text()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let listed = [
        "unapproved_client",
        "not on the approved list",
        "not on the allow",
        "not allowlisted",
        "not whitelisted",
        "not an approved client",
        "client is not approved",
    ];
    listed.iter().any(|words| body.contains(words))
}

/// Whether a refusal comes with a challenge for a bearer token.
fn wants_token(refused: ExchangeRef<'_>) -> bool {
    let challenges = refused
        .response()
        .and_then(|answer| challenges(answer).ok());
    let is_bearer = |one: &trace::Challenge| one.scheme.eq_ignore_ascii_case("bearer");
    challenges.is_some_and(|all| all.iter().any(is_bearer))
}

fn describe(finding: crate::Finding, refused: ExchangeRef<'_>, guessed: bool) -> crate::Finding {
    let status = refused.status().unwrap_or_default();
    let finding = finding.actual(answer_in_words(refused.exchange));
    match status {
        401 => finding.variant(&CREDENTIALS_WANTED).message(
            "The registration endpoint asks for credentials: it takes only callers with an initial \
             access token. A gateway in front of it may ask for them as well.",
        )
        .fix(
            "Let clients register without a token at the authorization server. Or get an initial \
             access token there and give it to this run (--initial-access-token), or register a \
             client by hand and give its client ID to this run.",
        ),
        403 if refused_by_name(refused) => finding
            .variant(&FORBIDDEN)
            .message(
                "The registration endpoint has a list of clients that it takes, and this one is not \
                 on it. The request itself is as it should be.",
            )
            .fix(
                "Ask the operator of the authorization server to allow this client, or to register \
                 it by hand, and give its client ID to this run.",
            ),
        403 if wants_token(refused) => finding
            .variant(&CREDENTIALS_WANTED)
            .message(
                "The registration endpoint answers as one that needs an access token with a scope \
                 of its own (WWW-Authenticate: Bearer): it takes only callers with an initial \
                 access token.",
            )
            .fix(
                "Let clients register without a token at the authorization server. Or get an \
                 initial access token there and give it to this run (--initial-access-token), or \
                 register a client by hand and give its client ID to this run.",
            ),
        403 => finding.variant(&FORBIDDEN).message(
            "The registration endpoint forbids the request. A policy there lets only some callers \
             or redirect URIs through; a firewall in front of it may also be the one who says no.",
        ),
        400 | 406..=500 => finding.variant(&SWITCHED_OFF).message(
            "The metadata names a registration endpoint, and the endpoint itself says that clients \
             cannot register there.",
        ),
        _ if guessed => finding.variant(&NOT_THERE).message(
            "There is no authorization server metadata, so the default registration endpoint was \
             tried, and it is not there.",
        ),
        _ => finding.variant(&NOT_THERE).message(format!(
            "The metadata names a registration endpoint, but it answers {status}: registration is \
             announced and switched off, or the URL is wrong."
        )),
    }
}

fn offer(metadata: &ServerMetadata) -> &'static str {
    if metadata.client_id_metadata_document_supported {
        "It takes client ID metadata documents instead: an https URL as client_id."
    } else {
        "It offers no client ID metadata documents either, so a client has to be registered there \
         by hand."
    }
}

fn advice(metadata: Option<&ServerMetadata>) -> String {
    let by_document =
        metadata.is_some_and(|metadata| metadata.client_id_metadata_document_supported);
    let other = if by_document {
        "use a client ID metadata document"
    } else {
        "register a client by hand"
    };
    format!(
        "Enable dynamic client registration at the authorization server and publish its \
         registration_endpoint, or {other} and give the client ID to this run (--client-id)."
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Phase, StopCode};

    use crate::finding::Certainty;
    use crate::sample::{Answer, Run};

    fn unoffered() -> Run {
        let mut run = Run::healthy();
        run.server_tries[0].2.edit(|metadata| {
            metadata
                .as_object_mut()
                .unwrap()
                .remove("registration_endpoint");
        });
        run.registration = None;
        run
    }

    #[test]
    fn says_what_is_offered_instead() {
        let mut run = unoffered();
        run.stop(Phase::Registration, StopCode::NoRegistration);
        assert!(run.finding("S06").message.contains("by hand"));
        run.server_tries[0]
            .2
            .edit(|metadata| metadata["client_id_metadata_document_supported"] = json!(true));
        assert!(
            run.finding("S06")
                .message
                .contains("client ID metadata documents instead")
        );
    }

    #[test]
    fn knows_where_registration_is_enabled() {
        let mut run = unoffered();
        run.stop(Phase::Registration, StopCode::NoRegistration);
        run.issuer = "https://tenant.eu.auth0.com/".into();
        assert!(run.finding("S06").fix.starts_with("In the Auth0 dashboard"));
    }

    #[test]
    fn a_refused_request_is_quoted() {
        let mut run = Run::healthy();
        run.registration.as_mut().unwrap().1 =
            Answer::json(403, json!({"error": "Policy 'Trusted Hosts' rejected"}));
        run.stop(Phase::Registration, StopCode::NoRegistration);
        let finding = run.finding("S06");
        assert_eq!(finding.certainty, Certainty::Likely);
        assert!(finding.actual.unwrap().contains("Trusted Hosts"));
    }

    #[test]
    fn a_list_of_clients_is_told_from_a_policy() {
        let mut run = Run::healthy();
        let error = json!({"error": "unapproved_client", "error_description": "not on the list"});
        run.registration.as_mut().unwrap().1 = Answer::json(403, error);
        run.stop(Phase::Registration, StopCode::NoRegistration);
        let finding = run.finding("S06");
        assert!(finding.fix.contains("allow this client"), "{}", finding.fix);
    }

    #[test]
    fn what_the_endpoint_says_of_itself_counts_with_any_status() {
        let answered = |body| {
            let mut run = Run::healthy();
            run.registration.as_mut().unwrap().1 = Answer::json(400, body);
            run.stop(Phase::Registration, StopCode::RegistrationRejected);
            run
        };
        let off = answered(json!({"message": "dynamic client registration is disabled"}));
        assert_eq!(off.finding("S06").variant, "switched_off");
        let member = json!({"error_description": "grant_types: not supported at registration"});
        assert!(answered(member).is_silent("S06"));
    }

    #[test]
    fn is_silent_for_a_client_arranged_by_hand_and_for_a_request_refused_for_what_it_says() {
        assert!(unoffered().is_silent("S06"));
        let mut run = Run::healthy();
        run.registration.as_mut().unwrap().1 =
            Answer::json(400, json!({"error": "invalid_client_metadata"}));
        run.stop(Phase::Registration, StopCode::RegistrationRejected);
        assert!(run.is_silent("S06"));
    }

    #[test]
    fn a_challenge_asks_for_an_initial_access_token() {
        let with = |answer: Answer| {
            let mut run = Run::healthy();
            run.registration.as_mut().unwrap().1 = answer;
            run.stop(Phase::Registration, StopCode::RegistrationRejected);
            run.finding("S06").variant
        };
        let challenge = "Bearer error=\"insufficient_scope\"";
        let asks = Answer::bare(403).header("www-authenticate", challenge);
        assert_eq!(with(asks), "credentials_wanted");
        assert_eq!(with(Answer::bare(403)), "forbidden");
    }
}
