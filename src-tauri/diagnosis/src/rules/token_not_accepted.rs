use trace::{Grant, StopCode};

use crate::finding::{Finding, Part};
use crate::reading::{
    ExchangeRef, Reading, TokenUse, access_token, bearer, challenge_error, challenges, jwt,
};
use crate::refused_token::{
    Cause, cause, is_expired, other_issuer, refused_in_its_time, said, shared_secret,
    time_in_future,
};
use crate::rule::{Findings, rule};
use crate::spec::{
    RFC6749_VALIDATE_TOKEN, RFC6750_INSUFFICIENT_SCOPE, RFC9449_PROOF, RFC9449_SCHEME,
};
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
        OWN_OPTION: Error Client Likely
            "The MCP server refuses the token because of this run's own {option}",
        SAME_AS_WITHOUT: Error McpServer Likely
            "The MCP server answers a call with a token as if it carried none",
        AFTER_REFRESH: Error AuthorizationServer Likely
            "The MCP server refuses the access token that a refresh has issued",
        TOO_EARLY: Error McpServer Likely
            "The MCP server takes the access token for one that is not valid yet",
        EXPIRED: Error AuthorizationServer Likely
            "The MCP server takes the fresh access token for an expired one",
        WRONG_AUDIENCE: Error McpServer Likely
            "The MCP server says that the access token is meant for somebody else",
        REVOKED: Error AuthorizationServer Likely
            "The MCP server says that the fresh access token is revoked or unknown",
        WRONG_SIGNATURE: Error McpServer Likely
            "The MCP server does not trust who issued or signed the access token",
        NO_KEYS: Error McpServer Likely
            "The MCP server does not find the key of the access token",
        NO_JWT: Error AuthorizationServer Likely
            "The MCP server expects a signed token and cannot read the one that was issued",
        UNREADABLE: Error McpServer Likely
            "The MCP server refuses the fresh access token, which is no JWT",
        SCHEME: Error McpServer Likely
            "The MCP server does not take how the access token is written in the header",
        SCOPE_AS_401: Error McpServer Likely
            "The MCP server says insufficient_scope with 401 instead of 403",
        TOO_MANY: Error McpServer Likely
            "The MCP server refuses the call because there were too many",
        OTHER_ISSUER: Error AuthorizationServer Likely
            "The refused access token names another issuer than the authorization server has",
        SHARED_SECRET: Error AuthorizationServer Likely
            "The refused access token is signed with a shared secret, or not at all",
        PROOF_REFUSED: Error McpServer Likely
            "The MCP server does not take the proof of possession (DPoP)",
        BEARER_ONLY: Error McpServer Likely
            "The MCP server does not take an access token that is bound to a key (DPoP)",
        REFUSED_LATER: Error McpServer Likely
            "The MCP server takes the access token in one call and refuses it in another",
    ],
    spec: [RFC6749_VALIDATE_TOKEN, RFC6750_INSUFFICIENT_SCOPE, RFC9449_PROOF, RFC9449_SCHEME],
    follows: ["J01", "J03", "J04", "J02", "MT1", "DP2"],
    stops: [TokenNotAccepted],
    looks_at: [CallWithToken],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let refused = reading.tokens.iter().find_map(|(seen, grant)| {
        let token = access_token(seen.response()?)?;
        let TokenUse::Refused(call) = reading.use_of(&token, seen.seq) else {
            return None;
        };
        if reading.killed_on_the_way(seen.seq, call.seq) {
            return None;
        }
        Some((*seen, *grant, call, token))
    });
    let Some((issued, grant, call, token)) = refused else {
        return match refused_proof(reading) {
            Some(call) => findings.add(proof(call)),
            None => refused_later(reading, findings),
        };
    };
    if let Some(earlier) = refused_in_its_time(reading, issued.seq)
        && grant == Grant::RefreshToken
    {
        return findings.add(taken_once(earlier));
    }
    if is_bearer_only(call) {
        return findings.add(bearer_only(call));
    }
    let finding = match cause(reading, issued, grant, call, &token) {
        Cause::SameAsWithout => same_as_without(),
        Cause::AfterRefresh => after_refresh(),
        Cause::TooEarly => too_early(&token, call.at.seconds()),
        Cause::Expired => expired(&token, call.at.seconds()),
        Cause::Audience => wrong_audience(&token, reading.server_url),
        Cause::Revoked => revoked(),
        Cause::Signature => wrong_signature(),
        Cause::KeySet => no_keys(reading),
        Cause::NoJwt => no_jwt(&token),
        Cause::TooMany => too_many(),
        Cause::Scheme => scheme(),
        Cause::Issuer => issuer_differs(reading, &token),
        Cause::SharedSecret => with_shared_secret(&token),
        Cause::Unknown => for_no_reason(&token),
    };
    findings.add(
        finding
            .at(call.seq, Part::Status)
            .expected("an MCP answer")
            .actual(refusal(call)),
    );
}

fn same_as_without() -> Finding {
    RULE.found(RFC6749_VALIDATE_TOKEN)
        .variant(&SAME_AS_WITHOUT)
        .message(
            "The answer is the same, byte for byte, as to the call without a token, and it names \
             no error. So the Authorization header is most likely lost before it reaches the code \
             that checks it: in the web server or proxy in front, or in a framework.",
        )
        .fix(
            "Let the web server in front pass the Authorization header on to the application \
             (Apache: CGIPassAuth On; proxies: no rule that removes it), and log what arrives.",
        )
}

fn after_refresh() -> Finding {
    RULE.found(RFC6749_VALIDATE_TOKEN)
        .variant(&AFTER_REFRESH)
        .message(
            "The token before it, of the same issuer, was taken. So issuer, key and audience are \
             right, and most likely the refresh revoked the new access token together with the old \
             one, or did not store it. Users have to log in again whenever a token expires.",
        )
        .fix(
            "Let the refresh revoke the old tokens only, and store the new access token before \
             answering.",
        )
}

fn too_early(token: &str, now: u64) -> Finding {
    let shown = time_in_future(token, now).map_or_else(String::new, |claim| {
        format!(" By this machine's clock the token's {claim} lies in the future.")
    });
    RULE.found(RFC6749_VALIDATE_TOKEN)
        .variant(&TOO_EARLY)
        .message(format!(
            "The clocks of authorization server and MCP server differ, and the MCP server gives no \
             leeway; a while later the same token would be taken.{shown}"
        ))
        .fix(
            "Give the check of iat, nbf and exp a leeway of a minute or two, and set the clocks of \
             both servers by NTP.",
        )
}

fn expired(token: &str, now: u64) -> Finding {
    let finding = RULE.found(RFC6749_VALIDATE_TOKEN).variant(&EXPIRED);
    if is_expired(token, now) {
        return finding
            .message(
                "By this machine's clock the token had expired already when it was sent: the clock \
                 of the authorization server is behind, or the token lives for seconds only.",
            )
            .fix("Set the clock of the authorization server, and let access tokens live for minutes.");
    }
    finding
        .message(
            "The token was issued a moment ago. Either it lives for seconds only, or the clock of \
             the MCP server is ahead, or the authorization server handed out an old token again.",
        )
        .fix(
            "Compare the token's exp and expires_in with the clocks of both servers, and let access \
             tokens live for minutes.",
        )
}

fn wrong_audience(token: &str, server_url: &str) -> Finding {
    let aud = jwt(token)
        .ok()
        .and_then(|jwt| jwt.claims.get("aud").map(ToString::to_string));
    let has = aud.map_or_else(
        || "The token cannot be read, so its audience is not shown here.".into(),
        |aud| format!("The token's aud is {}.", excerpt(&aud)),
    );
    RULE.found(RFC6749_VALIDATE_TOKEN)
        .variant(&WRONG_AUDIENCE)
        .message(format!(
            "{has} The MCP server expects another audience; this client asked for a token for \
             {server_url}. Or the authorization server ignores the parameter resource."
        ))
        .fix(
            "Let the MCP server expect the audience that its authorization server writes, or have \
             the authorization server write what resource names.",
        )
}

fn revoked() -> Finding {
    RULE.found(RFC6749_VALIDATE_TOKEN)
        .variant(&REVOKED)
        .message(
            "The token was issued a moment ago. Most likely it was not stored where the MCP server \
             looks it up: another instance, another database, or another authorization server than \
             the one that the MCP server asks.",
        )
        .fix(
            "Ask the authorization server about the token (introspection), and make sure that the \
             MCP server asks the same one.",
        )
}

fn wrong_signature() -> Finding {
    RULE.found(RFC6749_VALIDATE_TOKEN)
        .variant(&WRONG_SIGNATURE)
        .message(
            "The MCP server's words name issuer, key or signature: it checks the token against \
             another issuer or other keys than the authorization server uses.",
        )
        .fix(
            "Set issuer and jwks_uri in the MCP server to those of the authorization server's \
             metadata, byte for byte, and let it fetch the keys again.",
        )
}

fn no_keys(reading: &Reading<'_>) -> Finding {
    let place = reading
        .server_metadata()
        .and_then(|(_, metadata)| metadata.jwks_uri.clone())
        .map_or_else(|| "jwks_uri".into(), |uri| excerpt(&uri));
    RULE.found(RFC6749_VALIDATE_TOKEN)
        .variant(&NO_KEYS)
        .message(format!(
            "By its words the MCP server looks for the key and does not get it: it asks another \
             place than {place}, the place does not answer it, or it keeps an old set after the keys \
             were changed."
        ))
        .fix(format!(
            "Let the MCP server fetch the keys from {place}, and fetch them anew when it meets an \
             unknown kid. Run with --check-signatures to see whether the set holds the key."
        ))
}

fn no_jwt(token: &str) -> Finding {
    let shape = match token.split('.').count() {
        5 => "It is encrypted (a JWE).",
        3 => "It has the form of a JWT.",
        _ => "It is opaque: only the authorization server can read it.",
    };
    RULE.found(RFC6749_VALIDATE_TOKEN)
        .variant(&NO_JWT)
        .message(format!(
            "The MCP server wants to check a signed JWT, and this token is none that it can read. \
             {shape} Some authorization servers issue a JWT only where an audience (an API) is asked \
             for."
        ))
        .fix(
            "Register the MCP server as an API (audience, resource) at the authorization server, so \
             that it gets signed JWTs; or let the MCP server ask about tokens by introspection.",
        )
}

fn scheme() -> Finding {
    RULE.found(RFC6749_VALIDATE_TOKEN)
        .variant(&SCHEME)
        .message(
            "By its words the server does not read the header. Clients write Authorization: Bearer \
             and the token; the name of a scheme may be written in capitals and small letters alike \
             (RFC 9110 section 11.1), and some servers compare it letter by letter.",
        )
        .fix(
            "Compare the scheme without regard to case, and let proxies pass the header on as it \
             is.",
        )
}

/// A token that one call takes and another refuses, while it is fresh.
fn taken_once(call: ExchangeRef<'_>) -> Finding {
    RULE.found(RFC6749_VALIDATE_TOKEN)
        .at(call.seq, Part::Status)
        .variant(&REFUSED_LATER)
        .message(
            "The token of the login was taken by one call and refused by another a moment later, \
             and the token that a refresh brought was refused as well. Most likely only some of the \
             server's instances or routes can check tokens.",
        )
        .expected("an MCP answer")
        .actual(refusal(call))
        .fix("Check the token in the same way for every method and on every instance.")
}

fn too_many() -> Finding {
    RULE.found(RFC6749_VALIDATE_TOKEN)
        .variant(&TOO_MANY)
        .message(
            "It speaks of a limit on requests, so nothing is wrong with the token. Clients take 401 \
             for a refused token and log in again, which makes it worse.",
        )
        .fix("Answer 429 with Retry-After where a limit is reached, and raise the limit.")
}

fn issuer_differs(reading: &Reading<'_>, token: &str) -> Finding {
    let named = other_issuer(reading, token).unwrap_or_default();
    let issuer = reading.issuer().unwrap_or_default();
    RULE.found(RFC6749_VALIDATE_TOKEN)
        .variant(&OTHER_ISSUER)
        .message(format!(
            "Its iss is {}, and the metadata says {}. A server that compares the two refuses it.",
            excerpt(&named),
            excerpt(issuer)
        ))
        .fix(format!(
            "Let the authorization server write {} into iss, byte for byte as in its metadata; or \
             let the MCP server expect {}.",
            excerpt(issuer),
            excerpt(&named)
        ))
}

fn with_shared_secret(token: &str) -> Finding {
    let alg = shared_secret(token).unwrap_or_default();
    RULE.found(RFC6749_VALIDATE_TOKEN)
        .variant(&SHARED_SECRET)
        .message(format!(
            "Its alg is {}. The MCP server can check that only with the authorization server's own \
             secret; with the published keys it cannot.",
            excerpt(&alg)
        ))
        .fix(
            "Let the authorization server sign with a private key (RS256 or ES256) and publish the \
             public one at jwks_uri.",
        )
}

/// Nothing says why, and nothing in the run explains it.
fn for_no_reason(token: &str) -> Finding {
    let finding = RULE.found(RFC6749_VALIDATE_TOKEN);
    if jwt(token).is_err() {
        return finding
            .variant(&UNREADABLE)
            .message(
                "The token is opaque or encrypted. An MCP server that expects a signed JWT refuses \
                 it, and some authorization servers issue one only where an audience is asked for. \
                 A proxy that drops or replaces the Authorization header looks the same.",
            )
            .fix(
                "Let the MCP server ask the authorization server about the token (introspection), \
                 or let the authorization server issue JWTs for this resource. If the server can \
                 read the token, look into its log for the reason, and check that the \
                 Authorization header reaches it.",
            );
    }
    finding
        .message(
            "The token is fresh, so most likely the server checks it against another issuer, key \
             or audience than the authorization server uses. A proxy that drops or replaces the \
             Authorization header looks the same.",
        )
        .fix(
            "Look into the MCP server's log for the reason. Compare iss, aud, key and algorithm of \
             the decoded token with the server's settings, and check that the Authorization header \
             reaches it.",
        )
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
    let stopped = reading
        .stopped(StopCode::TokenNotAccepted)
        .or_else(|| reading.stopped(StopCode::InsufficientScope));
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
    // What was done on the way may have ended its life.
    let issued = reading
        .tokens
        .iter()
        .find(|(seen, _)| seen.response().and_then(access_token).as_deref() == Some(token));
    if issued.is_some_and(|(seen, _)| reading.killed_on_the_way(seen.seq, call.seq)) {
        return;
    }
    if challenge_error(call).as_deref() == Some("insufficient_scope") {
        return findings.add(scope_as_401(call));
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

fn scope_as_401(call: ExchangeRef<'_>) -> Finding {
    RULE.found(RFC6750_INSUFFICIENT_SCOPE)
        .at(call.seq, Part::Status)
        .variant(&SCOPE_AS_401)
        .message(
            "Clients take 401 for a token that is no longer good: they refresh it or log in again \
             with the scope they had, and are refused again. On 403 with insufficient_scope they \
             ask for the scope that is lacking.",
        )
        .expected("403 with insufficient_scope and the scope that the call needs")
        .actual(refusal(call))
        .fix("Answer a call whose token lacks a scope with 403, not 401.")
}

/// "401: invalid_token, bad signature".
fn refusal(call: ExchangeRef<'_>) -> String {
    said(call).map_or_else(
        || "401 without a reason".into(),
        |reason| format!("401: {}", excerpt(&reason)),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{EntryKind, Phase, StopCode, Trace};

    use crate::finding::{Certainty, Finding, Owner};
    use crate::sample::{AS, Answer, MCP, Run, found_in, jwt, jwt_with, token_answer};

    fn refused(token: &str) -> Run {
        let mut run = Run::healthy();
        run.token = token_answer(token, "refresh-1");
        let challenge = "Bearer error=\"invalid_token\", error_description=\"bad signature\"";
        run.calls = vec![Answer::bare(401).header("www-authenticate", challenge)];
        run
    }

    #[test]
    fn quotes_the_reason_and_goes_by_it() {
        let finding = refused("opaque").finding("T40");
        assert_eq!(finding.certainty, Certainty::Likely);
        assert_eq!(
            finding.actual.as_deref(),
            Some("401: invalid_token, bad signature")
        );
        let said = |words: &str| {
            let mut run = refused("opaque");
            let challenge =
                format!("Bearer error=\"invalid_token\", error_description=\"{words}\"");
            run.calls = vec![Answer::bare(401).header("www-authenticate", &challenge)];
            run.finding("T40").variant
        };
        assert_eq!(said("bad signature"), "wrong_signature");
        assert_eq!(said("The token is not yet valid (iat)"), "too_early");
        assert_eq!(said("Token has expired"), "expired");
        assert_eq!(said("Invalid audience"), "wrong_audience");
        assert_eq!(said("token has been revoked"), "revoked");
        assert_eq!(
            said("no applicable key found in the JSON Web Key Set"),
            "no_keys"
        );
        assert_eq!(said("jwt malformed"), "no_jwt");
        assert_eq!(said("rate limit exceeded"), "too_many");
        assert_eq!(said("Unsupported scheme"), "scheme");
        assert_eq!(said("Authentication failed"), "unreadable");
    }

    #[test]
    fn the_times_of_the_token_count_where_the_server_says_nothing() {
        let with_token = refused;
        let refused = |claims| {
            let mut run = with_token(&jwt(&claims));
            run.calls = vec![
                Answer::bare(401).header("www-authenticate", "Bearer error=\"invalid_token\""),
            ];
            run.finding("T40")
        };
        let past = refused(json!({"iss": AS, "aud": MCP, "exp": 1_000}));
        assert_eq!(past.variant, "expired");
        assert!(past.message.starts_with("By this machine's clock"));
        let ahead = refused(json!({"iss": AS, "aud": MCP, "nbf": 9_000_000_000_u64}));
        assert_eq!(ahead.variant, "too_early");
        assert!(ahead.fix.contains("leeway"));
        assert_eq!(refused(json!({"iss": AS, "aud": MCP})).variant, "default");
        let other = refused(json!({"iss": "https://other.example", "aud": MCP}));
        assert_eq!(other.variant, "other_issuer");
        assert!(other.message.contains("https://other.example"));
        let mut run = with_token(&jwt_with(
            &json!({"alg": "HS256"}),
            &json!({"iss": AS, "aud": MCP}),
        ));
        run.calls =
            vec![Answer::bare(401).header("www-authenticate", "Bearer error=\"invalid_token\"")];
        assert_eq!(run.finding("T40").variant, "shared_secret");
    }

    #[test]
    fn an_answer_like_that_without_a_token_says_that_the_header_is_lost() {
        let mut run = refused("opaque");
        run.calls = vec![run.challenge.clone()];
        assert_eq!(run.finding("T40").variant, "same_as_without");
        let challenge = "Bearer realm=\"another\"";
        run.calls = vec![Answer::bare(401).header("www-authenticate", challenge)];
        assert_eq!(run.finding("T40").variant, "unreadable");
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
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"admin\"";
        run.calls[1] = Answer::bare(401).header("www-authenticate", challenge);
        assert_eq!(run.finding("T40").variant, "scope_as_401");
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
