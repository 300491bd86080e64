use trace::Grant;

use crate::finding::{Finding, Part};
use crate::foreign::foreign_resource;
use crate::reading::{
    ExchangeRef, Reading, TokenUse, access_token, challenge_error, challenges, jwt,
};
use crate::refused_token::{
    Cause, cause, is_both_servers, is_far_ahead, is_good_for_long, refusal, refused_in_its_time,
};
use crate::rule::{Findings, Variant, rule};
use crate::spec::{
    RFC6749_VALIDATE_TOKEN, RFC6750_INSUFFICIENT_SCOPE, RFC9449_PROOF, RFC9449_SCHEME,
};
use crate::step_up::{granted, without, words};
use crate::wording::from_cache;

mod bound;
mod by_cause;
mod later;

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
            "The MCP server says that the access token is not valid yet",
        FAR_AHEAD: Error AuthorizationServer Likely
            "The access token is dated so far ahead that the MCP server refuses it",
        TIME_WRONG: Error AuthorizationServer Likely
            "A time in the refused access token is not a number of seconds",
        EXPIRED: Error AuthorizationServer Likely
            "The MCP server says that the fresh access token has expired",
        CLOCK_AHEAD: Error McpServer Likely
            "The MCP server says that the fresh access token has expired",
        WRONG_AUDIENCE: Error McpServer Likely
            "The MCP server says that the access token is meant for somebody else",
        OTHER_RESOURCE: Error McpServer Likely
            "The MCP server refuses a token for the resource that its own metadata names",
        REVOKED: Error AuthorizationServer Likely
            "The MCP server says that the fresh access token is revoked or unknown",
        LOOKED_UP_ELSEWHERE: Error McpServer Likely
            "The MCP server says that the fresh access token is revoked or unknown",
        WRONG_SIGNATURE: Error McpServer Likely
            "The MCP server does not trust who issued or signed the access token",
        NO_KEYS: Error McpServer Likely
            "The MCP server does not find the key of the access token",
        NO_JWT: Error AuthorizationServer Likely
            "The MCP server expects a signed token and cannot read the one that was issued",
        UNREADABLE: Error McpServer Likely
            "The MCP server refuses the fresh access token, which is not a JWT",
        SCHEME: Error McpServer Likely
            "The MCP server cannot read the access token in the Authorization header",
        SCOPE_AS_401: Error McpServer Likely
            "The MCP server says insufficient_scope with 401 instead of 403",
        LACKS_SCOPE: Error AuthorizationServer Likely
            "The refused access token lacks a scope that the MCP server names",
        TOO_MANY: Error McpServer Likely
            "The MCP server refuses the call because there were too many",
        OTHER_ISSUER: Error AuthorizationServer Likely
            "The refused access token names another issuer than the authorization server has",
        SHARED_SECRET: Error AuthorizationServer Likely
            "The refused access token is signed with a shared secret, or not at all",
        PROOF_REFUSED: Error McpServer Likely
            "The MCP server rejects the proof of possession (DPoP)",
        BEARER_ONLY: Error McpServer Likely
            "The MCP server does not accept an access token that is bound to a key (DPoP)",
        SESSION_AS_401: Error McpServer Likely
            "The MCP server answers 401 to a session that it does not know",
        REFUSED_LATER: Error McpServer Likely
            "The MCP server accepts the access token in one call and refuses it in another",
        REFUSED_ONCE: Warning McpServer Likely
            "The MCP server refuses an access token that it accepted a moment before",
    ],
    spec: [RFC6749_VALIDATE_TOKEN, RFC6750_INSUFFICIENT_SCOPE, RFC9449_PROOF, RFC9449_SCHEME],
    follows: ["R10/misnamed", "J01", "J03", "J04", "J02", "MT1", "DP2", "T46", "D01/in_front", "D01/other_scheme",
        OTHER_RESOURCE "R02",
    ],
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
        return match bound::refused_proof(reading) {
            Some(call) => {
                let finding = RULE.found(RFC9449_PROOF).variant(&PROOF_REFUSED);
                findings.add(bound::proof(finding, call));
            }
            None => {
                let call = later::refused_call(reading);
                let once = later::refused_once(reading).filter(|_| call.is_none());
                call.into_iter()
                    .map(refused_later)
                    .chain(once.map(|call| later::once(of(&REFUSED_ONCE), call)))
                    .for_each(|one| findings.add(one));
            }
        };
    };
    if let Some(earlier) = refused_in_its_time(reading, issued.seq)
        && grant == Grant::RefreshToken
    {
        return findings.add(later::taken_once(of(&REFUSED_LATER), earlier));
    }
    if bound::is_bearer_only(call) {
        let finding = RULE.found(RFC9449_SCHEME).variant(&BEARER_ONLY);
        return findings.add(bound::bearer_only(finding, call));
    }
    if challenge_error(call).as_deref() == Some("insufficient_scope") {
        let finding = RULE
            .found(RFC6750_INSUFFICIENT_SCOPE)
            .variant(&SCOPE_AS_401);
        return findings.add(later::scope_as_401(finding, call));
    }
    let found = cause(reading, issued, grant, call, &token);
    let lacking = lacking_scope(reading, call).filter(|_| found == Cause::Unknown);
    if let Some(lacking) = lacking {
        let finding = by_cause::lacks_scope(of(&LACKS_SCOPE), &lacking);
        return findings.add(at(call, finding));
    }
    let other_resource = match found {
        Cause::Audience | Cause::Unknown => resource_of_metadata(reading, issued, &token),
        _ => None,
    };
    if let Some(resource) = other_resource {
        let finding = by_cause::for_other_resource(of(&OTHER_RESOURCE), reading, &resource);
        return findings.add(at(call, finding));
    }
    let finding = match found {
        Cause::SameAsWithout => by_cause::same_as_without(of(&SAME_AS_WITHOUT)),
        Cause::AfterRefresh => by_cause::after_refresh(of(&AFTER_REFRESH)),
        Cause::TooEarly if is_far_ahead(&token, call.at.seconds()) => {
            by_cause::far_ahead(of(&FAR_AHEAD), &token, call.at.seconds())
        }
        Cause::Time => by_cause::time_wrong(of(&TIME_WRONG), &token),
        Cause::TooEarly => by_cause::too_early(of(&TOO_EARLY), &token, call.at.seconds()),
        Cause::Expired if is_good_for_long(&token, call.at.seconds()) => {
            by_cause::clock_ahead(of(&CLOCK_AHEAD), &token, call.at.seconds())
        }
        Cause::Expired => by_cause::expired(of(&EXPIRED), &token, call.at.seconds()),
        Cause::Audience => by_cause::wrong_audience(of(&WRONG_AUDIENCE), reading, issued, &token),
        Cause::Revoked if is_both_servers(reading) => by_cause::revoked(of(&REVOKED)),
        Cause::Revoked => by_cause::looked_up_elsewhere(of(&LOOKED_UP_ELSEWHERE)),
        Cause::Signature => by_cause::wrong_signature(of(&WRONG_SIGNATURE)),
        Cause::KeySet => by_cause::no_keys(of(&NO_KEYS), reading),
        Cause::NoJwt => by_cause::no_jwt(of(&NO_JWT), &token),
        Cause::TooMany => by_cause::too_many(of(&TOO_MANY)),
        Cause::Scheme => by_cause::scheme(of(&SCHEME)),
        Cause::Issuer => by_cause::issuer_differs(of(&OTHER_ISSUER), reading, &token),
        Cause::SharedSecret => by_cause::with_shared_secret(of(&SHARED_SECRET), &token),
        Cause::Unknown if jwt(&token).is_err() => by_cause::unreadable(of(&UNREADABLE)),
        Cause::Unknown if is_both_servers(reading) => {
            by_cause::by_its_own_issuer(RULE.found(RFC6749_VALIDATE_TOKEN))
        }
        Cause::Unknown => by_cause::for_no_reason(RULE.found(RFC6749_VALIDATE_TOKEN)),
    };
    let cached = call.response().and_then(|response| from_cache(&response));
    let finding = match cached {
        Some(cached) => {
            let message = format!("{} {cached}", finding.message);
            finding.message(message)
        }
        None => finding,
    };
    findings.add(at(call, finding));
}

fn at(call: ExchangeRef<'_>, finding: Finding) -> Finding {
    finding
        .at(call.seq, Part::Status)
        .expected("an MCP answer")
        .actual(refusal(call))
}

/// The scopes that the challenge of the call names, or else that of the first 401, and the token of
/// the call lacks.
fn lacking_scope(reading: &Reading<'_>, call: ExchangeRef<'_>) -> Option<String> {
    let granted = granted(reading, call)?;
    let mut calls = std::iter::once(call).chain(reading.first_calls.iter().copied());
    let named = calls.find_map(|call| {
        let all = challenges(call.response()?).ok()?;
        let mut named = all.iter().filter_map(|one| one.parameter("scope"));
        named.next().map(str::to_owned)
    })?;
    let lacking = without(&words(&named), &granted).join(" ");
    (!lacking.is_empty()).then_some(lacking)
}

/// The resource that the MCP server's metadata names in the place of the URL used, where the token
/// was asked for that one and, as far as can be read, is for it.
fn resource_of_metadata(
    reading: &Reading<'_>,
    issued: ExchangeRef<'_>,
    token: &str,
) -> Option<String> {
    let resource = foreign_resource(reading)?.resource;
    let asked = reading.resource_asked_for(issued)?;
    let is_for_it = jwt(token).map_or(true, |jwt| {
        jwt.audience().iter().any(|one| *one == resource)
    });
    (asked == resource && is_for_it).then_some(resource)
}

fn of(variant: &Variant) -> Finding {
    RULE.found(RFC6749_VALIDATE_TOKEN).variant(variant)
}

fn refused_later(call: ExchangeRef<'_>) -> Finding {
    if challenge_error(call).as_deref() == Some("insufficient_scope") {
        let finding = RULE
            .found(RFC6750_INSUFFICIENT_SCOPE)
            .variant(&SCOPE_AS_401);
        return later::scope_as_401(finding, call);
    }
    if later::is_about_the_session(call) {
        return later::session_as_401(of(&SESSION_AS_401), call);
    }
    later::each_time_anew(of(&REFUSED_LATER), call)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{EntryKind, Header, Phase, StopCode, Trace};

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
    fn a_scope_that_is_lacking_may_be_why_where_nothing_else_is_said() {
        let answered = |challenge: &str, granted: &str| {
            let mut run = refused("opaque");
            run.calls = vec![Answer::bare(401).header("www-authenticate", challenge)];
            run.token.edit(|token| token["scope"] = granted.into());
            run.finding("T40").variant
        };
        let names = "Bearer error=\"invalid_token\", scope=\"read\"";
        assert_eq!(answered(names, "openid"), "lacks_scope");
        assert_eq!(answered(names, "read write"), "unreadable");
        let expired = format!("{names}, error_description=\"Token has expired\"");
        assert_eq!(answered(&expired, "openid"), "expired");
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
        assert_eq!(said("token has been revoked"), "looked_up_elsewhere");
        assert_eq!(
            said("no applicable key found in the JSON Web Key Set"),
            "no_keys"
        );
        assert_eq!(said("fetch failed"), "no_keys");
        assert_eq!(said("jwt malformed"), "no_jwt");
        assert_eq!(said("rate limit exceeded"), "too_many");
        assert_eq!(said("Unsupported scheme"), "scheme");
        assert_eq!(said("Authentication failed"), "unreadable");
    }

    #[test]
    fn a_clock_that_is_ahead_is_told_from_a_token_that_has_expired() {
        let said_of = |token: &str| {
            let mut run = refused(token);
            let challenge =
                "Bearer error=\"invalid_token\", error_description=\"Token has expired\"";
            run.calls = vec![Answer::bare(401).header("www-authenticate", challenge)];
            let found = run.finding("T40");
            (found.variant, found.owner)
        };
        let good = jwt(&json!({"iss": AS, "aud": MCP, "exp": 9_000_000_000_u64}));
        assert_eq!(said_of(&good), ("clock_ahead".into(), Owner::McpServer));
        let past = jwt(&json!({"iss": AS, "aud": MCP, "exp": 1_000}));
        assert_eq!(
            said_of(&past),
            ("expired".into(), Owner::AuthorizationServer)
        );
        assert_eq!(said_of("opaque").0, "expired");
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
        assert_eq!(ahead.variant, "far_ahead");
        assert_eq!(ahead.owner, Owner::AuthorizationServer);
        for odd in [json!(4_102_444_800_000_u64), json!("4102444800")] {
            let wrong = refused(json!({"iss": AS, "aud": MCP, "exp": odd}));
            assert_eq!(wrong.variant, "time_wrong");
        }
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
    fn the_token_shows_who_wrote_the_claim_that_the_words_name() {
        let said = |header, claims, words: &str| {
            let mut run = refused(&jwt_with(&header, &claims));
            let challenge =
                format!("Bearer error=\"invalid_token\", error_description=\"{words}\"");
            run.calls = vec![Answer::bare(401).header("www-authenticate", &challenge)];
            run.finding("T40")
        };
        let rs256 = || json!({"alg": "RS256"});
        let right = json!({"iss": AS, "aud": MCP});
        let words = "unexpected iss claim value";
        assert_eq!(said(rs256(), right.clone(), words).owner, Owner::McpServer);
        let other = json!({"iss": "https://staging.example", "aud": MCP});
        let other = said(rs256(), other, words);
        assert_eq!(other.owner, Owner::AuthorizationServer);
        assert!(other.message.contains("https://staging.example"));
        let none = said(rs256(), json!({"aud": MCP}), "missing required iss claim");
        assert_eq!(none.variant, "other_issuer");
        assert!(none.message.contains("no iss"));
        let unsigned = said(
            json!({"alg": "none"}),
            right.clone(),
            "Algorithm none is not allowed",
        );
        assert_eq!(unsigned.variant, "shared_secret");
        let soon = said(
            rs256(),
            json!({"iss": AS, "aud": MCP, "nbf": 1}),
            "nbf check failed",
        );
        assert_eq!(soon.variant, "too_early");
        assert!(soon.fix.contains("leeway"));
    }

    #[test]
    fn a_fresh_token_that_lacks_a_scope_is_not_a_bad_token() {
        let mut run = refused("opaque");
        let challenge = "Bearer error=\"insufficient_scope\", error_description=\"needs mcp\"";
        run.calls = vec![Answer::bare(401).header("www-authenticate", challenge)];
        assert_eq!(run.finding("T40").variant, "scope_as_401");
        run.calls = vec![Answer::bare(403).header("www-authenticate", challenge)];
        assert!(run.is_silent("T40"));
    }

    #[test]
    fn a_token_for_the_resource_that_the_metadata_names_by_mistake() {
        let told = |resource: &str| {
            let mut run = refused("opaque");
            run.calls = vec![
                Answer::bare(401).header("www-authenticate", "Bearer error=\"invalid_token\""),
            ];
            run.resource_tries[0]
                .2
                .edit(|document| document["resource"] = resource.into());
            run.exchange.retain(|(name, _)| *name != "resource");
            run.exchange.push(("resource", resource.into()));
            found_in(&run.trace(), "T40").map(|finding| finding.variant)
        };
        let base = "https://mcp.example";
        assert_eq!(told(base).as_deref(), Some("other_resource"));
        assert_eq!(told(MCP).as_deref(), Some("unreadable"));
    }

    #[test]
    fn a_fresh_token_that_is_unknown_was_looked_up_in_the_wrong_place() {
        let told = |issuer: &str| {
            let mut run = refused("opaque");
            let challenge =
                "Bearer error=\"invalid_token\", error_description=\"The token is not active\"";
            run.calls = vec![Answer::bare(401).header("www-authenticate", challenge)];
            run.issuer = issuer.into();
            run.server_tries[0]
                .2
                .edit(|metadata| metadata["issuer"] = issuer.into());
            let finding = run.finding("T40");
            (finding.variant, finding.owner)
        };
        let apart = ("looked_up_elsewhere".to_owned(), Owner::McpServer);
        assert_eq!(told(AS), apart);
        let itself = ("revoked".to_owned(), Owner::AuthorizationServer);
        assert_eq!(told("https://mcp.example"), itself);
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

    #[test]
    fn a_session_that_is_answered_401() {
        let told = |words: &str, in_session: bool| {
            let mut run = Run::healthy();
            let challenge =
                format!("Bearer error=\"invalid_token\", error_description=\"{words}\"");
            run.calls[1] = Answer::bare(401).header("www-authenticate", &challenge);
            run.stop(Phase::Mcp, StopCode::TokenNotAccepted);
            let mut trace = run.trace();
            for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
                if let EntryKind::Exchange(exchange) = &mut entry.kind
                    && in_session
                {
                    let headers = &mut exchange.request.headers;
                    headers.push(Header::new("mcp-session-id", "s1"));
                }
            }
            found_in(&trace, "T40").unwrap().variant
        };
        assert_eq!(told("Session not found", true), "session_as_401");
        assert_eq!(told("Session not found", false), "refused_later");
        assert_eq!(told("The token is not known", true), "refused_later");
    }

    #[test]
    fn a_server_that_is_both_shares_its_secret_with_itself() {
        let refused_at = |issuer: &str| {
            let claims = json!({"iss": issuer, "aud": MCP});
            let mut run = refused(&jwt_with(&json!({"alg": "HS256"}), &claims));
            let challenge = "Bearer error=\"invalid_token\"";
            run.calls = vec![Answer::bare(401).header("www-authenticate", challenge)];
            for (_, _, answer) in &mut run.server_tries {
                answer.edit(|metadata| metadata["issuer"] = issuer.into());
            }
            run.finding("T40")
        };
        assert_eq!(refused_at(AS).variant, "shared_secret");
        let own = refused_at("https://mcp.example/");
        assert_eq!(
            (own.variant.as_str(), own.owner),
            ("default", Owner::McpServer)
        );
        assert!(own.message.contains("at one origin"));
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

    #[test]
    fn a_token_that_one_call_refuses_and_others_take_is_told() {
        let with = |answer: Answer| {
            let mut run = Run::healthy();
            run.calls.push(answer);
            run
        };
        let challenge = "Bearer error=\"invalid_token\", error_description=\"no applicable key found in the JSON Web Key Set\"";
        let refused = Answer::bare(401).header("www-authenticate", challenge);
        let finding = with(refused).finding("T40");
        assert_eq!(finding.variant, "refused_once");
        let expired = "Bearer error=\"invalid_token\", error_description=\"Token has expired\"";
        let refused = Answer::bare(401).header("www-authenticate", expired);
        assert!(with(refused).is_silent("T40"));
    }
}
