use trace::StopCode;

use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, bearer, challenge_error, challenges, jwt};
use crate::rule::{Findings, rule};
use crate::spec::RFC9470_INSUFFICIENT;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A call that is answered `insufficient_user_authentication` at the end: which kind of login
    /// is wanted, and what the access token says of the login.
    ///
    /// # Why it matters
    /// The MCP server wants a stronger or a fresher login (a second factor). If the authorization
    /// server does not honour `acr_values` and `max_age`, the client can ask as often as it likes.
    ///
    /// # How to fix
    /// Let the authorization server honour both parameters, put `acr` and `auth_time` into the
    /// access token, and refuse the request when it cannot meet them. Let the MCP server ask for
    /// values that are in `acr_values_supported`.
    ///
    /// # References
    /// RFC 9470 sections 3 to 6.
    "T44" "login_not_sufficient" Error AuthorizationServer Likely since None,
    title: "The login is not what the MCP server wants",
    variants: [
        NOT_ASKED_FOR: Error Client Likely,
        SHOWN_AND_REFUSED: Error McpServer Likely,
        NOT_SAID: Error McpServer Likely
            "The MCP server wants another login and does not say which",
    ],
    spec: [RFC9470_INSUFFICIENT],
    stops: [TokenNotAccepted, InsufficientScope, WrongChallengeStatus, NotPossible],
    looks_at: [CallWithToken],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let stops = [
        StopCode::TokenNotAccepted,
        StopCode::InsufficientScope,
        StopCode::WrongChallengeStatus,
        StopCode::NotPossible,
    ];
    let stopped = reading.stopped_or_call_ended(&stops);
    let call = stopped.and_then(|stopped| refused(reading.call_before(stopped)?));
    let Some(call) = call else { return };
    let all = call
        .response()
        .and_then(|response| challenges(response).ok())
        .unwrap_or_default();
    let parameter = |name: &str| {
        all.iter()
            .find_map(|challenge| challenge.parameter(name))
            .unwrap_or_default()
    };
    let (acr, age) = (parameter("acr_values"), parameter("max_age"));
    let claims = bearer(call.request()).and_then(|token| jwt(token).ok());
    let has = claims
        .as_ref()
        .and_then(|jwt| jwt.text("acr"))
        .map(str::to_owned);
    let met = has
        .as_ref()
        .is_some_and(|has| acr.split_whitespace().any(|wanted| wanted == has));
    let finding = RULE
        .found(RFC9470_INSUFFICIENT)
        .at(call.seq, Part::response_header("WWW-Authenticate"))
        .expected(excerpt(&format!(
            "a login with acr {} and max_age {}",
            or_any(acr),
            or_any(age)
        )))
        .actual(match (&has, &claims) {
            (Some(has), _) => format!("acr {} in the access token", excerpt(has)),
            (None, Some(_)) => "no acr in the access token".into(),
            (None, None) => "an access token that cannot be read".into(),
        });
    findings.add(match (reading.step_ups_before(call.seq), met) {
        (0, _) => finding
            .variant(&NOT_ASKED_FOR)
            .message(
                "The call needs a stronger or fresher login, and this run could not ask the \
                      user for one.",
            )
            .fix("Use a grant with a user, so that the run can authorize once more."),
        (_, false) if acr.is_empty() && age.is_empty() => finding
            .variant(&NOT_SAID)
            .message(
                "The challenge has neither acr_values nor max_age. The client can only repeat the \
                 request it made before, and gets the same kind of login.",
            )
            .fix(
                "Put acr_values or max_age into every challenge with \
                 insufficient_user_authentication.",
            ),
        (_, true) => finding
            .variant(&SHOWN_AND_REFUSED)
            .message(
                "The user logged in once more and the token says so, but it is refused all the \
                 same. The login may be too old for max_age by the time of the call, or the server \
                 looks elsewhere.",
            )
            .fix(
                "Compare acr and auth_time of the decoded token with what the MCP server wants, \
                  and the clocks.",
            ),
        (_, false) => finding
            .message(
                "The authorization request asked for it and the new token does not show it: the \
                 authorization server does not honour acr_values or max_age, or does not put acr \
                 and auth_time into access tokens.",
            )
            .fix(
                "Honour acr_values and max_age at the authorization server and put acr and \
                 auth_time into the access token, or let the MCP server ask for what it has in \
                 acr_values_supported.",
            ),
    });
}

fn refused(call: ExchangeRef<'_>) -> Option<ExchangeRef<'_>> {
    (challenge_error(call).as_deref() == Some("insufficient_user_authentication")).then_some(call)
}

fn or_any(wanted: &str) -> &str {
    if wanted.is_empty() { "(any)" } else { wanted }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Decision, StopCode, Trace};

    use crate::finding::Owner;
    use crate::sample::{AS, Answer, MCP, Run, call, decide, found_in, jwt, stop};

    fn refused(step_up: bool, acr: &str) -> Trace {
        let mut trace = Run::healthy().trace();
        if step_up {
            let step_up = Decision::StepUp {
                scope: None,
                acr_values: Some("mfa".into()),
                max_age: None,
                attempt: 1,
            };
            decide(&mut trace, step_up);
        }
        let challenge = "Bearer error=\"insufficient_user_authentication\", acr_values=\"mfa\"";
        let token = jwt(&json!({"iss": AS, "aud": MCP, "exp": 4_000_000_000_u64, "acr": acr}));
        call(
            &mut trace,
            &Answer::bare(401).header("www-authenticate", challenge),
            &token,
        );
        stop(&mut trace, StopCode::TokenNotAccepted);
        trace
    }

    #[test]
    fn the_owner_is_who_did_not_do_its_part() {
        let owner = |trace| found_in(&trace, "T44").unwrap().owner;
        assert_eq!(owner(refused(false, "password")), Owner::Client);
        assert_eq!(owner(refused(true, "password")), Owner::AuthorizationServer);
        assert_eq!(owner(refused(true, "mfa")), Owner::McpServer);
        assert_eq!(found_in(&refused(true, "password"), "T40"), None);
    }

    #[test]
    fn a_challenge_that_does_not_say_which_login() {
        let mut trace = refused(true, "password");
        for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
            let trace::EntryKind::Exchange(exchange) = &mut entry.kind else {
                continue;
            };
            if let trace::Outcome::Response(response) = &mut exchange.outcome {
                for header in &mut response.headers {
                    header.value = header.value.replace(", acr_values=\"mfa\"", "");
                }
            }
        }
        let finding = found_in(&trace, "T44").unwrap();
        assert_eq!(
            (finding.owner, &*finding.variant),
            (Owner::McpServer, "not_said")
        );
    }

    #[test]
    fn is_silent_when_it_goes_on() {
        let mut trace = refused(true, "password");
        trace.entries.pop();
        assert_eq!(found_in(&trace, "T44"), None);
    }
}
