use trace::{Decision, Grant, StopCode};

use crate::by_status::of_token_answer;
use crate::code_exchange::{Comparison, wants_a_nonce};
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, access_token, form, object, text, value};
use crate::rule::{Findings, rule};
use crate::spec::{
    RFC6749_INVALID_CLIENT, RFC6749_INVALID_GRANT, RFC6749_INVALID_SCOPE, RFC6749_TOKEN_ERROR,
    RFC6749_TOKEN_OK, RFC6749_UNAUTHORIZED_CLIENT, RFC8707_INVALID_TARGET, RFC9449_PROOF,
};
use crate::wording::{error_in_words, excerpt, list};
use by_code::Refused;

mod by_code;

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
    follows: [
        "X01", "X02", "M06/sets_parameter", "M06/key_needed", "G07/secret_wanted", "G21", "A32/repeated",
    ],
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

impl Refused<'_, '_> {
    fn finding(&self) -> Finding {
        let what = self.grant.handed_in();
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
        error_in_words(status, self.error, self.description)
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
