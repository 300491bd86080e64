use trace::{Decision, Grant, StopCode};

use crate::by_status::of_token_answer;
use crate::code_exchange::{ClientAuthentication, Comparison, wants_a_nonce};
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, access_token, form, object, text, value};
use crate::redirect_uris::names_resource;
use crate::rule::{Findings, rule};
use crate::spec::{
    RFC6749_INVALID_CLIENT, RFC6749_INVALID_GRANT, RFC6749_INVALID_SCOPE, RFC6749_TOKEN_ERROR,
    RFC6749_TOKEN_OK, RFC6749_UNAUTHORIZED_CLIENT, RFC8707_INVALID_TARGET, RFC9449_PROOF, Spec,
};
use crate::wording::{excerpt, list, says_missing};

rule! {
    /// # What it looks at
    /// A token request that is refused with an OAuth error and ends the run. A code exchange is
    /// held against the authorization request and the callback before it, to say what is certainly
    /// not the cause.
    ///
    /// # Why it matters
    /// The user has logged in and agreed, and there is no token all the same. Clients show the
    /// error code at best, and one code stands for several causes.
    ///
    /// # How to fix
    /// Go through the causes that are left. The log of the authorization server names the one that
    /// it is.
    ///
    /// # References
    /// RFC 6749 section 5.2; RFC 8707 section 2.
    "T41" "token_request_refused" Error AuthorizationServer since None,
    title: "The token endpoint refuses the request",
    variants: [
        OWN_OPTION: Error Client Likely
            "The token request is refused because of this run's own {option}",
        OTHER_STATUS: Error AuthorizationServer Certain "The token answer does not have status 200",
        REFUSED: Error AuthorizationServer Likely
            "The token endpoint refuses the {request}: {error}",
        REQUEST_WRONG: Error Client Likely "The token endpoint refuses the {request}: {error}",
        PROVIDER_SAYS_AUTHORIZATION_SERVER: Error AuthorizationServer Likely
            "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_MCP_SERVER: Error McpServer Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_CLIENT: Error Client Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_NOBODY: Note Nobody Likely "{provider} refuses the request: {cause}",
    ],
    spec: [
        RFC6749_INVALID_GRANT, RFC6749_INVALID_CLIENT, RFC6749_UNAUTHORIZED_CLIENT, RFC6749_INVALID_SCOPE,
        RFC8707_INVALID_TARGET, RFC6749_TOKEN_ERROR, RFC6749_TOKEN_OK, RFC9449_PROOF,
    ],
    follows: ["X01", "X02", "M06/sets_parameter", "G21", "A32/repeated"],
    stops: [TokenRejected],
    looks_at: [TokenRequest],
}

/// The first of the requests with this code, where all of them were refused: clients send a code
/// that was refused again, and what is wrong shows in the first. Where no request has a body in the
/// recording, all of them count as the same.
fn first_refusal<'a>(
    reading: &Reading<'a>,
    last: ExchangeRef<'a>,
    grant: Grant,
) -> ExchangeRef<'a> {
    let code = value(form(last.request()), "code");
    if grant != Grant::AuthorizationCode || code.is_none() && last.request().is_whole() {
        return last;
    }
    let is_refused = |seen: &ExchangeRef<'a>| {
        let response = seen.response();
        response.is_some_and(|response| matches!(response.status, 400 | 401 | 403))
    };
    let with_this_code = |&(seen, its): &(ExchangeRef<'a>, Grant)| {
        let is_same = its == grant && value(form(seen.request()), "code") == code;
        (is_same && seen.seq <= last.seq && !wants_a_nonce(seen)).then_some(seen)
    };
    let mut sent = reading.tokens.iter().filter_map(with_this_code);
    match sent.next() {
        Some(first) if is_refused(&first) && sent.all(|seen| is_refused(&seen)) => first,
        _ => last,
    }
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(stopped) = reading.stopped(StopCode::TokenRejected) else {
        let odd = reading.tokens.iter().find(|(seen, _)| {
            let response = seen.response();
            response.is_some_and(|it| it.status != 200 && access_token(it).is_some())
        });
        let odd = odd.map(|(seen, _)| wrong_status(*seen));
        return odd.into_iter().for_each(|finding| findings.add(finding));
    };
    let requests = reading.tokens.iter().rev();
    let Some(&(last, grant)) = requests.clone().find(|(seen, _)| seen.seq < stopped) else {
        return;
    };
    let seen = first_refusal(reading, last, grant);
    let Some(response) = seen.response() else {
        return;
    };
    if (200..300).contains(&response.status) {
        if access_token(response).is_some() {
            findings.add(wrong_status(seen));
        }
        return;
    }
    let answer = object(response).unwrap_or_default();
    let Some(error) = text(&answer, "error") else {
        return;
    };
    // A limit or a gateway: T03.
    if of_token_answer(seen.request(), &response, true).is_some() {
        return;
    }
    let description = text(&answer, "error_description").unwrap_or_default();
    let refused = Refused {
        reading,
        seen,
        grant,
        error,
        description,
    };
    findings.add(refused.finding());
}

/// A token came, with a status that no client takes for success.
fn wrong_status(seen: ExchangeRef<'_>) -> Finding {
    RULE.found(RFC6749_TOKEN_OK)
        .at(seen.seq, Part::Status)
        .variant(&OTHER_STATUS)
        .message(
            "There is an access token in the answer, but clients take tokens from a 200 alone.",
        )
        .expected("200")
        .actual(seen.status().unwrap_or_default().to_string())
        .fix("Answer a successful token request with status 200.")
}

struct Refused<'r, 'a> {
    reading: &'r Reading<'a>,
    seen: ExchangeRef<'a>,
    grant: Grant,
    error: &'r str,
    description: &'r str,
}

impl Refused<'_, '_> {
    fn finding(&self) -> Finding {
        let what = what(self.grant);
        let compared = match self.grant {
            Grant::AuthorizationCode => Comparison::of(self.reading, self.seen),
            _ => Comparison::default(),
        };
        let (spec, means, fix) = self.by_code();
        let mut message = means;
        if !compared.right.is_empty() {
            message.push_str(&format!(
                " Certainly not the cause: {}.",
                list(&compared.right)
            ));
        }
        let status = self.seen.status().unwrap_or_default();
        if self.error == "invalid_grant" && (401..500).contains(&status) {
            message.push_str(&format!(
                " It comes with {status} in place of 400, and many clients take that for a client \
                 that is refused."
            ));
        }
        if self.error == "invalid_grant" && self.may_want_a_certificate() {
            message.push_str(
                " The server binds tokens to client certificates where a client is set to that, and \
                 this run showed none: such a client is refused like this as well (--cert, --key).",
            );
        }
        if let Some(age) = compared.age.filter(|_| self.error == "invalid_grant") {
            message.push_str(&format!(" The code was {age} s old."));
        }
        let finding = RULE
            .found(spec)
            .variant(&REFUSED)
            .at(self.seen.seq, Part::body("/error"))
            .title_with([what, &excerpt(self.error)])
            .expected("200 with an access token")
            .actual(self.quoted());
        if compared.wrong.is_empty() && !self.seen.exchange.edited {
            return finding.message(message).fix(fix);
        }
        let changed = match compared.wrong.as_slice() {
            [] => "The request was changed by hand before it was sent.".to_owned(),
            wrong => format!("This request is wrong: {}.", list(wrong)),
        };
        finding
            .variant(&REQUEST_WRONG)
            .title_with([what, &excerpt(self.error)])
            .message(format!("{changed} Most likely that is why it was refused."))
            .fix(
                "Send the request once more as the flow has it: rewind to the request for the \
                  grant.",
            )
    }

    /// Whether the server knows tokens that are bound to a certificate, and the run has none.
    fn may_want_a_certificate(&self) -> bool {
        let metadata = self.reading.server_metadata();
        let document = metadata.and_then(|(attempt, _)| object(attempt.seen.response()?));
        let bound = document.is_some_and(|document| {
            let member = document.get("tls_client_certificate_bound_access_tokens");
            member.and_then(serde_json::Value::as_bool) == Some(true)
        });
        let mut decisions = self.reading.decisions.iter();
        bound && !decisions.any(|(_, one)| matches!(one, Decision::ClientCertificate { .. }))
    }

    fn quoted(&self) -> String {
        let status = self.seen.status().unwrap_or_default();
        match self.description {
            "" => format!("{status}: {}, without a description", excerpt(self.error)),
            description => format!(
                "{status}: {}: {}",
                excerpt(self.error),
                excerpt(description)
            ),
        }
    }

    /// What the error code means here as a rule, and what to look at.
    fn by_code(&self) -> (Spec, String, String) {
        let log = "Look into the authorization server's log for this request";
        let status = self.seen.status().unwrap_or_default();
        match self.error {
            _ if self.not_read().is_some() => (
                RFC6749_TOKEN_ERROR,
                format!(
                    "The server says that {} is missing, and the request has it in its body, as \
                     application/x-www-form-urlencoded. So the body is not read as a form (a JSON \
                     body parser is the usual cause), or something in front takes it away.",
                    self.not_read().unwrap_or_default()
                ),
                "Read the token request as application/x-www-form-urlencoded, and let nothing in \
                 front change its body or its Content-Type."
                    .into(),
            ),
            "invalid_grant" if self.has_bare_plus() => (
                RFC6749_INVALID_GRANT,
                "The code came with a + in the redirect that is not percent-encoded. In a query + \
                 stands for a space, so the client has a space where the server has its +."
                    .into(),
                "Percent-encode the code where it is put into the redirect (+ is %2B), or make \
                 codes of letters, digits, - and _ alone (base64url)."
                    .into(),
            ),
            "invalid_grant" => self.invalid_grant(log),
            "invalid_client" => self.invalid_client(),
            "unauthorized_client" => (
                RFC6749_UNAUTHORIZED_CLIENT,
                format!(
                    "The client is known, but not for the grant type {}.",
                    self.grant_type()
                ),
                format!(
                    "Allow {} for this client at the authorization server; a registration has to \
                     list it in grant_types.",
                    self.grant_type()
                ),
            ),
            "unsupported_grant_type" => (
                RFC6749_TOKEN_ERROR,
                format!(
                    "The request says grant_type={}. Either the server does not offer it, or it \
                     did not read the form in the body (a JSON body parser is the usual cause).",
                    self.grant_type()
                ),
                "Read the token request as application/x-www-form-urlencoded, and enable the grant \
                 type.".into(),
            ),
            "invalid_scope" => (
                RFC6749_INVALID_SCOPE,
                match value(form(self.seen.request()), "scope") {
                    Some(scope) => format!("The request asks for {}.", excerpt(scope)),
                    None => format!(
                        "The token request carries no scope, so it is about the one of the request \
                         before it: {}.",
                        self.reading
                            .scope_asked_for(self.seen.seq)
                            .map_or_else(|| "none".into(), |scope| excerpt(&scope))
                    ),
                },
                "Allow these scopes for the client, or let the MCP server ask for others in its \
                 challenge.".into(),
            ),
            "invalid_target" => {
                let resource = self.reading.resource_asked_for(self.seen).unwrap_or_default();
                (
                    RFC8707_INVALID_TARGET,
                    format!("The authorization server does not know the resource {}.", excerpt(&resource)),
                    format!(
                        "Register {} as a resource (audience, API) at the authorization server, \
                         byte for byte.",
                        excerpt(&resource)
                    ),
                )
            }
            "use_dpop_nonce" | "invalid_dpop_proof" if self.seen.request().header_value("dpop").is_some() => (
                RFC9449_PROOF,
                "The request carries a proof of possession (DPoP), and the authorization server \
                 does not accept it. Behind a proxy it may compare htu with a URL that it sees \
                 otherwise; or the clocks differ (iat), or it does not know the algorithm."
                    .into(),
                "Compare htm, htu, iat and alg of the decoded proof with what the authorization \
                 server expects, and set its public URL."
                    .into(),
            ),
            "use_dpop_nonce" | "invalid_dpop_proof" => (
                RFC6749_TOKEN_ERROR,
                "The authorization server demands a proof of possession (DPoP), and the request \
                 had none that it takes."
                    .into(),
                "Turn on DPoP for this run, or allow bearer tokens for this client at the \
                 authorization server."
                    .into(),
            ),
            "invalid_request" if names_resource(self.description) => (
                RFC6749_TOKEN_ERROR,
                "The server does not accept the parameter resource, which MCP clients have to \
                 send. A server that does not know a parameter has to ignore it."
                    .into(),
                "Ignore resource where it is not known, or bind the token to it. Until then run \
                 with --resource off."
                    .into(),
            ),
            "invalid_request" => (
                RFC6749_TOKEN_ERROR,
                "A parameter is missing or is not accepted. Servers that do not know resource or \
                 code_verifier have to ignore them, and some refuse them instead."
                    .into(),
                format!("{log}, and let unknown parameters be ignored."),
            ),
            _ if status >= 500 || matches!(self.error, "server_error" | "temporarily_unavailable") => (
                RFC6749_TOKEN_ERROR,
                "The authorization server itself failed.".into(),
                format!("{log}."),
            ),
            _ => (
                RFC6749_TOKEN_ERROR,
                "The error code is none of those that RFC 6749 section 5.2 has, so clients cannot \
                 act on it.".into(),
                format!("{log}, and answer with one of the standard codes."),
            ),
        }
    }

    fn invalid_grant(&self, log: &str) -> (Spec, String, String) {
        let (means, left) = match self.grant {
            Grant::AuthorizationCode => (
                "The authorization server does not accept the code: it expired, was not stored (or \
                 in the memory of another instance), or the server compares something else with \
                 what it remembers.",
                "how long a code lives, whether all instances share their codes, and how \
                 redirect_uri and code_challenge are stored",
            ),
            Grant::RefreshToken => (
                "The refresh token is no longer good, and there was no way to authorize afresh.",
                "how long refresh tokens live, and whether this one was used or revoked before",
            ),
            Grant::DeviceCode => (
                "The authorization server does not accept the device code: it does not know it, or \
                 not for this client, or it was used before.",
                "whether all instances share their device codes, and whether the client is the \
                 same in both requests",
            ),
            Grant::JwtBearer => (
                "The authorization server does not accept the assertion: it does not trust its \
                 issuer or key, or aud, exp, typ, resource or client_id in it are not what it \
                 expects.",
                "which issuers it trusts and where it finds their keys, and whether aud of the \
                 decoded assertion is its own issuer",
            ),
            Grant::TokenExchange | Grant::ClientCredentials => (
                "The server does not accept what was sent.",
                "whether the subject token was issued to this client and is still good",
            ),
        };
        (
            RFC6749_INVALID_GRANT,
            means.into(),
            format!("{log}. What is left: {left}."),
        )
    }

    fn invalid_client(&self) -> (Spec, String, String) {
        let sent = ClientAuthentication::of(self.seen.request());
        let method = sent.method();
        let metadata = self.reading.server_metadata();
        let listed = metadata
            .and_then(|(_, metadata)| metadata.token_endpoint_auth_methods_supported.clone());
        let offered = listed.is_some_and(|methods| methods.iter().any(|known| known == method));
        let agreed = self.agreed();
        let mut means = format!(
            "The authorization server does not know the client, or does not accept the way it \
             authenticates: {method}."
        );
        if agreed.as_deref() == Some(method) {
            means.push_str(" The registration answer says that very method.");
        } else if let Some(agreed) = &agreed {
            means.push_str(&format!(
                " The registration answer says {}.",
                excerpt(agreed)
            ));
        }
        if offered {
            means.push_str(" The metadata lists it as supported.");
        }
        let fix = match sent {
            ClientAuthentication::None | ClientAuthentication::Unknown => {
                "Accept public clients (token_endpoint_auth_method none) at the token endpoint, or \
                 give the client a secret when it registers. A client arranged by hand needs its \
                 secret in this run's settings, when it has one."
            }
            ClientAuthentication::Basic | ClientAuthentication::Post => {
                "Compare client ID and secret with what the authorization server has for this \
                 client, and which method it is set to: client_secret_basic or client_secret_post."
            }
            ClientAuthentication::Assertion => {
                "Compare the key and the aud of the client assertion with what the authorization \
                 server expects."
            }
        };
        (RFC6749_INVALID_CLIENT, means, fix.into())
    }

    /// A parameter of the form that the server says is missing although it was sent.
    fn not_read(&self) -> Option<&'static str> {
        let words = self.description.to_ascii_lowercase();
        let sent = form(self.seen.request());
        let is_sent = |name: &str| value(sent, name).is_some_and(|value| !value.is_empty());
        // Only the shortest words: "a valid redirect_uri is required" is about its value.
        let about_value = ["valid", "match", "correct", "unknown", "wrong"];
        if !says_missing(&words) || about_value.iter().any(|word| words.contains(word)) {
            return None;
        }
        let mut names = words.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        names.find_map(|name| {
            let known = FORM.iter().find(|known| **known == name);
            known.copied().filter(|known| is_sent(known))
        })
    }

    /// Whether the code was mangled in the redirect: what was a + came as a space.
    fn has_bare_plus(&self) -> bool {
        let code = value(form(self.seen.request()), "code").unwrap_or_default();
        self.grant == Grant::AuthorizationCode && code.contains(' ')
    }

    /// The method that the registration answered with.
    fn agreed(&self) -> Option<String> {
        let registration = self
            .reading
            .registrations
            .last()?
            .response()
            .and_then(object)?;
        text(&registration, "token_endpoint_auth_method").map(str::to_owned)
    }

    fn grant_type(&self) -> String {
        let sent = form(self.seen.request());
        excerpt(value(sent, "grant_type").unwrap_or("none"))
    }
}

/// Parameters of a token request that a server may miss.
const FORM: [&str; 6] = [
    "grant_type",
    "code",
    "client_id",
    "code_verifier",
    "redirect_uri",
    "refresh_token",
];

/// What was to be exchanged.
fn what(grant: Grant) -> &'static str {
    match grant {
        Grant::AuthorizationCode => "code",
        Grant::RefreshToken => "refresh",
        Grant::ClientCredentials => "client's own request",
        Grant::DeviceCode => "device code",
        Grant::TokenExchange => "token exchange",
        Grant::JwtBearer => "assertion",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Decision, Phase, StopCode};

    use crate::finding::{Certainty, Owner};
    use crate::sample::{Answer, Run, decide, found_in};

    fn refused(status: u16, error: &str) -> Run {
        let mut run = Run::healthy();
        run.token = Answer::json(status, json!({"error": error})).header("dpop-nonce", "n");
        run.stop(Phase::Token, StopCode::TokenRejected);
        run
    }

    #[test]
    fn a_certificate_that_was_not_shown_may_be_why() {
        let mut run = refused(400, "invalid_grant");
        assert!(!run.finding("T41").message.contains("--cert"));
        run.server_tries[0].2.edit(|metadata| {
            metadata["tls_client_certificate_bound_access_tokens"] = true.into();
        });
        assert!(run.finding("T41").message.contains("--cert"));
        let thumbprint = "ours".into();
        let mut trace = run.trace();
        decide(&mut trace, Decision::ClientCertificate { thumbprint });
        let shown = found_in(&trace, "T41").unwrap();
        assert!(!shown.message.contains("--cert"), "{}", shown.message);
    }

    #[test]
    fn every_code_is_explained_and_what_is_right_is_ruled_out() {
        let codes = [
            "invalid_grant",
            "invalid_client",
            "invalid_request",
            "unauthorized_client",
            "unsupported_grant_type",
            "invalid_scope",
            "invalid_target",
            "use_dpop_nonce",
            "server_error",
            "whatever",
        ];
        for error in codes {
            let run = refused(400, error);
            let finding = run.finding("T41");
            assert_eq!(finding.certainty, Certainty::Likely);
            assert!(finding.title.ends_with(error));
            assert!(
                finding
                    .message
                    .contains("code_verifier fits code_challenge")
            );
            assert_eq!(run.found(), ["T41"], "{error}");
        }
        let client = refused(401, "invalid_client").finding("T41").message;
        assert!(client.contains("says that very method"), "{client}");
        let target = refused(400, "invalid_target").finding("T41").fix;
        assert!(target.contains("https://mcp.example/mcp"), "{target}");
    }

    #[test]
    fn what_was_changed_by_hand_is_named() {
        let mut run = refused(400, "invalid_grant");
        run.exchange.retain(|(name, _)| *name != "redirect_uri");
        let finding = run.finding("T41");
        assert_eq!(finding.owner, Owner::Client);
        assert!(finding.message.contains("redirect_uri differs"));
    }

    #[test]
    fn a_refresh_that_is_refused_for_another_reason_is_told_too() {
        let mut run = Run::healthy_with_refresh();
        run.refresh = Some(Answer::json(401, json!({"error": "invalid_client"})));
        run.stop(Phase::Refresh, StopCode::TokenRejected);
        assert!(run.finding("T41").title.contains("refresh"));
        run.refresh = Some(Answer::json(400, json!({"error": "invalid_request"})));
        assert_eq!(run.found(), ["S11"]);
    }

    #[test]
    fn a_parameter_that_was_sent_and_is_missed() {
        let told = |error: &str, words: &str| {
            let mut run = refused(400, error);
            let body = json!({"error": error, "error_description": words});
            run.token = Answer::json(400, body);
            run.finding("T41").message
        };
        for (error, words) in [
            ("invalid_request", "Missing form parameter: grant_type"),
            ("unsupported_grant_type", "grant_type is required"),
            ("invalid_grant", "code is required"),
        ] {
            let message = told(error, words);
            assert!(message.contains("not read as a form"), "{words}: {message}");
        }
        for words in [
            "client_secret is required",
            "A valid redirect_uri is required",
            "no",
        ] {
            let message = told("invalid_request", words);
            assert!(!message.contains("not read as a form"), "{words}");
        }
        let message = told("invalid_request", "Unknown parameter: resource");
        assert!(message.contains("does not accept the parameter resource"));
    }

    #[test]
    fn a_plus_that_came_as_a_space() {
        let mut run = refused(400, "invalid_grant");
        run.callback.retain(|(name, _)| *name != "code");
        run.callback.push(("code", "a b".into()));
        run.exchange.retain(|(name, _)| *name != "code");
        run.exchange.push(("code", "a b".into()));
        let finding = run.finding("T41");
        assert!(finding.fix.contains("%2B"), "{}", finding.fix);
    }

    #[test]
    fn a_token_with_another_status_than_200() {
        let mut run = Run::healthy();
        run.token.status = 201;
        run.stop(Phase::Token, StopCode::TokenRejected);
        assert_eq!(run.finding("T41").actual.as_deref(), Some("201"));
    }

    #[test]
    fn is_silent_without_a_stop_and_without_an_oauth_error() {
        assert!(Run::healthy().is_silent("T41"));
        let mut run = Run::healthy();
        run.token = Answer::json(400, json!({"message": "no"}));
        run.stop(Phase::Token, StopCode::TokenRejected);
        assert_eq!(run.found(), ["T03"]);
    }
}
