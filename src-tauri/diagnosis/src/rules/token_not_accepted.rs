use trace::StopCode;

use crate::finding::{Finding, Part};
use crate::reading::{
    ExchangeRef, Reading, TokenUse, access_token, bearer, challenge_error, challenges, jwt,
};
use crate::rule::{Findings, rule};
use crate::spec::{RFC6749_VALIDATE_TOKEN, RFC9449_PROOF, RFC9449_SCHEME};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// An access token that was just issued and gets 401 from the MCP server at its first use,
    /// although its audience is right or cannot be read; and tokens that one call takes and the
    /// next refuses.
    ///
    /// # Why it matters
    /// The login worked and the server refuses all the same: it checks the token against another
    /// issuer, another key or another audience than the authorization server uses, or the token
    /// never reaches it. A token that is bound to a key (DPoP) is also refused where the server
    /// knows bearer tokens alone.
    ///
    /// # How to fix
    /// Compare the token's claims with the server's settings: `iss`, `aud`, the JWKS URL, the
    /// algorithm, the clock. Look into the server's log for the reason, and make sure that a proxy
    /// passes `Authorization` on. Take tokens that are bound to a key under the scheme DPoP, or
    /// have none bound.
    ///
    /// # References
    /// RFC 6749 section 7; RFC 6750 section 3.1; RFC 9449 section 7.1.
    "T40" "token_not_accepted" Error McpServer Likely since None,
    title: "The MCP server refuses the access token it was just issued",
    variants: [
        PROOF_REFUSED: Error McpServer Likely
            "The MCP server does not take the proof of possession (DPoP)",
        BEARER_ONLY: Error McpServer Likely
            "The MCP server does not take an access token that is bound to a key (DPoP)",
        REFUSED_LATER: Error McpServer Likely
            "The MCP server takes the access token in one call and refuses it in another",
    ],
    spec: [RFC6749_VALIDATE_TOKEN, RFC9449_PROOF, RFC9449_SCHEME],
    follows: ["J01", "J03", "J04", "J02", "MT1", "DP2"],
    stops: [TokenNotAccepted],
    looks_at: [CallWithToken],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let refused = reading.tokens.iter().find_map(|(seen, _)| {
        let token = access_token(seen.response()?)?;
        let TokenUse::Refused(call) = reading.use_of(&token, seen.seq) else {
            return None;
        };
        if reading.killed_on_the_way(seen.seq, call.seq) {
            return None;
        }
        Some((call, token))
    });
    let Some((call, token)) = refused else {
        return match refused_proof(reading) {
            Some(call) => findings.add(proof(call)),
            None => refused_later(reading, findings),
        };
    };
    if is_bearer_only(call) {
        return findings.add(bearer_only(call));
    }
    let mut message = String::from(
        "The token is fresh, so most likely the server checks it against another issuer, key or \
         audience than the authorization server uses. A proxy that drops or replaces the \
         Authorization header looks the same.",
    );
    if let Some(clock) = clock(&token, call.at.seconds()) {
        message = format!("{clock} {message}");
    }
    let finding = RULE
        .found(RFC6749_VALIDATE_TOKEN)
        .at(call.seq, Part::Status)
        .message(message)
        .expected("an MCP answer")
        .actual(refusal(call))
        .fix(
            "Look into the MCP server's log for the reason. Compare iss, aud, key and algorithm of \
             the decoded token with the server's settings, and check that the Authorization header \
             reaches it.",
        );
    findings.add(finding);
}

/// The call at which the flow stopped because its proof of possession is not taken.
fn refused_proof<'a>(reading: &Reading<'a>) -> Option<ExchangeRef<'a>> {
    let call = reading.call_before(reading.stopped(StopCode::TokenNotAccepted)?)?;
    let error = challenge_error(call).filter(|_| call.status() == Some(401))?;
    matches!(error.as_str(), "invalid_dpop_proof" | "use_dpop_nonce").then_some(call)
}

fn proof(call: ExchangeRef<'_>) -> Finding {
    RULE.found(RFC9449_PROOF)
        .at(call.seq, Part::response_header("WWW-Authenticate"))
        .variant(&PROOF_REFUSED)
        .message(
            "It is not about the token itself. Behind a proxy the server may compare htu with a \
             URL that it sees otherwise; or the clocks differ (iat), or it does not know the \
             algorithm, or wants another nonce each time.",
        )
        .expected("an MCP answer")
        .actual(refusal(call))
        .fix(
            "Compare htm, htu, iat, ath and alg of the decoded proof with what the MCP server \
             expects, and set its public URL.",
        )
}

/// Whether a token was sent as one that is bound to a key, and the server speaks of other schemes
/// only.
fn is_bearer_only(call: ExchangeRef<'_>) -> bool {
    let sent = call
        .request()
        .header_value("authorization")
        .unwrap_or_default();
    let bound = sent
        .split_once(' ')
        .is_some_and(|(scheme, _)| is_dpop(scheme));
    let offered = call
        .response()
        .and_then(|response| challenges(response).ok());
    let others = offered.is_some_and(|all| {
        let mut schemes = all.iter().map(|challenge| challenge.scheme.as_str());
        !all.is_empty() && !schemes.any(is_dpop)
    });
    bound && others
}

fn is_dpop(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("dpop")
}

fn bearer_only(call: ExchangeRef<'_>) -> Finding {
    RULE.found(RFC9449_SCHEME)
        .at(call.seq, Part::response_header("WWW-Authenticate"))
        .variant(&BEARER_ONLY)
        .message(
            "The token was sent under the scheme DPoP, as one that is bound to a key has to be, \
             and the challenge offers no such scheme: most likely the server looks for bearer \
             tokens alone. It may also have refused the token for another reason; then its \
             challenge should name DPoP all the same.",
        )
        .expected("the token taken under the scheme DPoP, or a challenge with that scheme")
        .actual(refusal(call))
        .fix(
            "Take tokens and proofs under the scheme DPoP (RFC 9449 section 7.1); or have the \
             authorization server bind no tokens for this client, which then starts without DPoP \
             (without --dpop).",
        )
}

/// The flow stopped because tokens are taken by one call and refused by another, each time anew.
fn refused_later(reading: &Reading<'_>, findings: &mut Findings) {
    let stopped = reading.stopped(StopCode::TokenNotAccepted);
    let Some(call) = stopped.and_then(|stopped| reading.call_before(stopped)) else {
        return;
    };
    let Some(token) = bearer(call.request()).filter(|_| call.status() == Some(401)) else {
        return;
    };
    if challenge_error(call).as_deref() == Some("insufficient_user_authentication") {
        return;
    }
    if !matches!(reading.use_of(token, 0), TokenUse::Accepted) {
        return;
    }
    let finding = RULE
        .found(RFC6749_VALIDATE_TOKEN)
        .at(call.seq, Part::Status)
        .variant(&REFUSED_LATER)
        .message(
            "Every new token is taken at first and refused by a later call. Most likely only some \
             of the server's instances or routes can check it; or the token lives for seconds \
             only, or the clocks differ.",
        )
        .expected("an MCP answer")
        .actual(refusal(call))
        .fix(
            "Check the token in the same way for every method and on every instance, and compare \
             expires_in with the time between the calls.",
        );
    findings.add(finding);
}

/// "401: invalid_token, bad signature".
fn refusal(call: ExchangeRef<'_>) -> String {
    reason(call).map_or_else(
        || "401 without a reason".into(),
        |reason| format!("401: {reason}"),
    )
}

/// What the challenge says of the reason.
fn reason(call: ExchangeRef<'_>) -> Option<String> {
    let all = challenges(call.response()?).ok()?;
    let parameter = |name: &str| all.iter().find_map(|challenge| challenge.parameter(name));
    match (parameter("error"), parameter("error_description")) {
        (Some(error), Some(description)) => Some(excerpt(&format!("{error}, {description}"))),
        (one, other) => one.or(other).map(excerpt),
    }
}

/// What the token's times say, when they would explain a refusal.
fn clock(token: &str, now: u64) -> Option<String> {
    let jwt = jwt(token).ok()?;
    let later = |claim: &str| jwt.seconds(claim).filter(|seconds| *seconds > now + 5);
    if jwt.seconds("exp").is_some_and(|seconds| seconds <= now) {
        return Some(
            "By this machine's clock the token had expired already when it was sent.".into(),
        );
    }
    let claim = ["nbf", "iat"]
        .into_iter()
        .find(|claim| later(claim).is_some())?;
    Some(format!(
        "By this machine's clock the token's {claim} lies in the future: the clocks differ."
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{EntryKind, Phase, StopCode, Trace};

    use crate::finding::{Certainty, Finding, Owner};
    use crate::sample::{AS, Answer, MCP, Run, found_in, jwt, token_answer};

    fn refused(token: &str) -> Run {
        let mut run = Run::healthy();
        run.token = token_answer(token, "refresh-1");
        let challenge = "Bearer error=\"invalid_token\", error_description=\"bad signature\"";
        run.calls = vec![Answer::bare(401).header("www-authenticate", challenge)];
        run
    }

    #[test]
    fn quotes_the_reason_and_looks_at_the_clock() {
        let claims = json!({"iss": AS, "aud": MCP, "exp": 1_000});
        let finding = refused(&jwt(&claims)).finding("T40");
        assert_eq!(finding.certainty, Certainty::Likely);
        assert_eq!(
            finding.actual.as_deref(),
            Some("401: invalid_token, bad signature")
        );
        assert!(finding.message.starts_with("By this machine's clock"));
        assert!(
            refused("opaque")
                .finding("T40")
                .message
                .starts_with("The token is fresh")
        );
    }

    #[test]
    fn a_token_that_is_taken_and_then_refused_again_and_again() {
        let mut run = Run::healthy();
        run.calls[1] =
            Answer::bare(401).header("www-authenticate", "Bearer error=\"invalid_token\"");
        run.stop(Phase::Mcp, StopCode::TokenNotAccepted);
        let finding = run.finding("T40");
        assert!(finding.title.contains("in one call"));
        assert_eq!(finding.actual.as_deref(), Some("401: invalid_token"));
    }

    /// A run whose calls carry their tokens as bound ones.
    fn bound(run: &Run) -> Trace {
        let mut trace = run.trace();
        for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
            let EntryKind::Exchange(exchange) = &mut entry.kind else {
                continue;
            };
            let headers = &mut exchange.request.headers;
            for header in headers
                .iter_mut()
                .filter(|header| header.name == "authorization")
            {
                header.value = header.value.replace("Bearer", "DPoP");
            }
        }
        trace
    }

    #[test]
    fn a_bound_token_at_a_server_that_speaks_of_bearer_tokens_alone() {
        let mut run = refused("opaque");
        let finding = found_in(&bound(&run), "T40").unwrap();
        assert_eq!(finding.certainty, Certainty::Likely);
        assert_eq!(finding.owner, Owner::McpServer);
        assert!(
            finding.title.contains("bound to a key"),
            "{}",
            finding.title
        );
        let other = |finding: &Finding| !finding.title.contains("bound to a key");
        assert!(other(&run.finding("T40")));
        let challenges = "Bearer scope=\"mcp\", DPoP error=\"invalid_token\", algs=\"ES256\"";
        run.calls = vec![Answer::bare(401).header("www-authenticate", challenges)];
        assert!(other(&found_in(&bound(&run), "T40").unwrap()));
        assert_eq!(found_in(&bound(&Run::healthy()), "T40"), None);
    }

    #[test]
    fn is_silent_about_a_token_that_was_accepted_before() {
        assert!(Run::healthy_with_refresh().is_silent("T40"));
    }
}
