use serde_json::Value;
use trace::{Purpose, StopCode};

use crate::finding::{Finding, Level, Part};
use crate::id_token::{IdToken, id_tokens};
use crate::members::{Form, Member, problems};
use crate::reading::Reading;
use crate::replaced::is_replaced;
use crate::rule::{Findings, rule};
use crate::spec::{OIDC_EXPIRY, OIDC_ISSUER, OIDC_REFRESHED, OIDC_UNSIGNED, RFC7515_CRITICAL};
use crate::wording::{critical_names, excerpt};

rule! {
    /// # What it looks at
    /// Whether the ID token is a JWT that is signed (`alg` other than none, no `crit`), not
    /// expired, and has
    /// `iss`, `sub`, `aud`, `exp` and `iat`. And whether one that came with a refresh has the
    /// `sub` of the one from the login.
    ///
    /// # Why it matters
    /// Clients that asked for `openid` stop at an ID token that they cannot trust.
    ///
    /// # How to fix
    /// Sign ID tokens with a key of `jwks_uri`, and put all of these claims into them.
    ///
    /// # References
    /// OpenID Connect Core 1.0 sections 2 and 3.1.3.7.
    "O05" "id_token_unusable" Error AuthorizationServer since None,
    title: "The ID token cannot be used",
    variants: [
        UNSIGNED: Error AuthorizationServer Certain "The ID token is not signed",
        SHARED_SECRET: Error AuthorizationServer Certain
            "The ID token is signed with a secret that this client does not have",
        CLAIM_MISSING: Error AuthorizationServer Certain "The ID token has no {claim}",
        CLAIM_WRONG: Error AuthorizationServer Certain
            "{claim} in the ID token is not valid",
        EXPIRED: Error AuthorizationServer Likely "The ID token had expired when it came",
        REFRESHED: Error AuthorizationServer Certain
            "The ID token of a refresh is about another user than the login",
        CRITICAL: Error AuthorizationServer Likely
            "The ID token says that clients must understand {name}",
    ],
    spec: [OIDC_UNSIGNED, OIDC_EXPIRY, OIDC_ISSUER, RFC7515_CRITICAL, OIDC_REFRESHED],
    stops: [IdTokenInvalid],
    looks_at: [IdToken],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let tokens = id_tokens(reading);
    if let Some(finding) = tokens.iter().find_map(|token| judge(reading, token)) {
        return findings.add(finding);
    }
    if let Some(finding) = refreshed(&tokens) {
        return findings.add(finding);
    }
    // The flow may have seen more than can be told here; its stop must not be left without a
    // reason.
    let Some((stopped, said)) = reading.stopped_saying(StopCode::IdTokenInvalid) else {
        return;
    };
    let keys = reading.sent_for(|purpose| *purpose == Purpose::Jwks);
    let mut sources = reading.tokens.iter().map(|(seen, _)| *seen).chain(keys);
    let unread = sources.any(|seen| seen.response().is_some_and(|response| !response.has_body()));
    if unread {
        return;
    }
    let seq = tokens.last().map_or(stopped, |token| token.seen.seq);
    let finding = RULE
        .found(OIDC_ISSUER)
        .at(seq, Part::body("/id_token"))
        .message("It is not what an ID token has to be, so clients of OpenID Connect stop here.")
        .expected("an ID token that passes every check")
        .actual(excerpt(said))
        .fix(
            "Compare the decoded ID token with what was expected of it, and correct it at the \
              authorization server.",
        );
    findings.add(finding);
}

const CLAIMS: &[Member] = &[
    claim("iss", Form::Name),
    claim("sub", Form::Name),
    claim("exp", Form::Time),
    claim("iat", Form::Time),
    claim("auth_time", Form::Time),
    claim("nonce", Form::Text),
    claim("azp", Form::Text),
];

const fn claim(name: &'static str, form: Form) -> Member {
    Member {
        name,
        form,
        required: false,
        holds: None,
        level: Level::Error,
        spec: OIDC_ISSUER,
    }
}

fn judge(reading: &Reading<'_>, token: &IdToken<'_>) -> Option<Finding> {
    // A recorder may have put something else in its place.
    let is_whole = token.seen.response_with_body().is_some();
    if token.jwt.is_err() && !is_whole {
        return None;
    }
    let found = |spec| RULE.found(spec).at(token.seen.seq, Part::body("/id_token"));
    let jwt = match &token.jwt {
        Ok(jwt) => jwt,
        // An encrypted one is for a client that registered a key for it.
        Err(error) => {
            let finding = found(OIDC_UNSIGNED)
                .message("What is in id_token cannot be read as a signed JWT.")
                .expected("a signed JWT")
                .actual(excerpt(&error.to_string()))
                .fix(
                    "Answer with a signed JWT in id_token, or leave openid out of what is granted.",
                );
            return Some(finding);
        }
    };
    if jwt
        .header
        .get("alg")
        .and_then(|alg| alg.as_str())
        .is_none_or(|alg| alg.eq_ignore_ascii_case("none"))
    {
        let finding = found(OIDC_UNSIGNED)
            .variant(&UNSIGNED)
            .message("Anybody could have written it, so clients throw it away.")
            .expected("an alg other than none")
            .actual("alg none")
            .fix("Sign ID tokens, and publish the key at jwks_uri.");
        return Some(finding);
    }
    // A public client shares no secret with the server.
    let alg = jwt.header.get("alg").and_then(Value::as_str);
    let is_public = reading
        .client_before(token.seen.seq)
        .is_some_and(|(_, method)| method == Some("none"));
    if let Some(alg) = alg.filter(|alg| is_public && alg.starts_with("HS")) {
        let finding = found(OIDC_UNSIGNED)
            .variant(&SHARED_SECRET)
            .message(
                "HMAC takes the client's secret for the key, and a public client has none. Nobody \
                 can check the signature, so clients throw the ID token away.",
            )
            .expected("a signature with a key of jwks_uri, such as RS256 or ES256")
            .actual(format!("alg {}", excerpt(alg)))
            .fix("Sign the ID tokens of public clients with RS256 or ES256 and a key of jwks_uri.");
        return Some(finding);
    }
    if let Some(critical) = jwt.header.get("crit") {
        let finding = found(RFC7515_CRITICAL)
            .variant(&CRITICAL)
            .title_with([critical_names(critical).as_str()])
            .message(
                "crit in the header of a token lists what a reader has to understand, and nothing that \
                 OpenID Connect has is among it. Clients refuse a token with a crit that they do not \
                 know.",
            )
            .expected("no crit in the header")
            .actual(excerpt(&format!("\"crit\": {critical}")))
            .fix("Take crit, and what it names, out of the header of ID tokens.");
        return Some(finding);
    }
    let missing = ["iss", "sub", "aud", "exp", "iat"];
    if let Some(claim) = missing
        .into_iter()
        .find(|claim| !jwt.claims.contains_key(*claim))
    {
        let finding = found(OIDC_ISSUER)
            .variant(&CLAIM_MISSING)
            .title_with([claim])
            .message("Clients of OpenID Connect need this claim and stop without it.")
            .expected("iss, sub, aud, exp and iat")
            .actual(format!("no {claim}"))
            .fix(format!("Put {claim} into the ID token."));
        return Some(finding);
    }
    let stands = |claim: &str| match jwt.claims.get(claim).and_then(Value::as_str) {
        Some(text) => text.is_empty() || !is_replaced(text),
        None => true,
    };
    let mut problems = problems(CLAIMS, &jwt.claims).into_iter();
    if let Some(problem) = problems.find(|problem| stands(problem.name)) {
        let finding = found(problem.spec)
            .variant(&CLAIM_WRONG)
            .title_with([problem.name])
            .message("Clients of OpenID Connect check this claim and refuse the ID token.")
            .fix(format!("Write {} into the ID token.", problem.expected))
            .expected(problem.expected)
            .actual(problem.actual);
        return Some(finding);
    }
    let (exp, now) = (jwt.seconds("exp")?, token.seen.time()?.seconds());
    (token.first && exp <= now).then(|| {
        found(OIDC_EXPIRY)
            .variant(&EXPIRED)
            .message(
                "By this machine's clock it is too old. If the clocks differ, that is the reason.",
            )
            .expected(format!("exp after {now}"))
            .actual(format!("exp {exp}"))
            .fix("Set exp some minutes ahead, and check the clock of the authorization server.")
    })
}

/// An ID token from a refresh that is about another user than the one from the login.
fn refreshed(tokens: &[IdToken<'_>]) -> Option<Finding> {
    let mut first: Option<&IdToken<'_>> = None;
    for token in tokens {
        let Some(login) = first.filter(|_| !token.first) else {
            first = Some(token);
            continue;
        };
        let (before, now) = (login.jwt.as_ref().ok()?, token.jwt.as_ref().ok()?);
        let (Some(before), Some(now)) = (before.text("sub"), now.text("sub")) else {
            continue;
        };
        if before == now || is_replaced(before) || is_replaced(now) {
            continue;
        }
        return Some(
            RULE.found(OIDC_REFRESHED)
                .variant(&REFRESHED)
                .at(token.seen.seq, Part::body("/id_token"))
                .message(
                    "A refresh goes on with the login of one user at one issuer. Clients end the \
                     session, or show the account of somebody else.",
                )
                .expected(format!("sub {}", excerpt(before)))
                .actual(format!("sub {}", excerpt(now)))
                .fix(format!(
                    "Issue the ID token of a refresh with the sub of the login, here {}.",
                    excerpt(before)
                )),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trace::{Phase, StopCode};

    use crate::sample::{Run, found_in, id_token, jwt_with, refresh, token_answer};

    fn with(token: String) -> Run {
        let mut run = Run::healthy();
        run.token.edit(|answer| answer["id_token"] = token.into());
        run
    }

    #[test]
    fn opaque_unsigned_incomplete_and_expired() {
        assert!(
            with("opaque".into())
                .finding("O05")
                .actual
                .unwrap()
                .contains("not a JWT")
        );
        let unsigned = jwt_with(
            &json!({"alg": "none"}),
            &json!({"iss": "https://as.example", "aud": "c1"}),
        );
        assert_eq!(
            with(unsigned).finding("O05").actual.as_deref(),
            Some("alg none")
        );
        let without = id_token(|claims| {
            claims.as_object_mut().unwrap().remove("sub");
        });
        assert_eq!(
            with(without).finding("O05").actual.as_deref(),
            Some("no sub")
        );
        let old = id_token(|claims| claims["exp"] = 1_000.into());
        assert!(with(old).finding("O05").title.contains("expired"));
    }

    #[test]
    fn a_stop_for_another_reason_is_told_once() {
        let mut run = with(id_token(|_| {}));
        run.stop(Phase::Token, StopCode::IdTokenInvalid);
        assert_eq!(run.finding("O05").actual.as_deref(), Some("stopped"));
        let mut run = with(id_token(|claims| claims["aud"] = "other".into()));
        run.stop(Phase::Token, StopCode::IdTokenInvalid);
        assert_eq!(run.found(), ["O02"]);
    }

    #[test]
    fn is_silent_about_a_good_one() {
        assert_eq!(with(id_token(|_| {})).found(), [""; 0]);
    }

    #[test]
    fn a_header_that_clients_have_to_understand() {
        let claims = json!({"iss": "https://as.example", "sub": "u", "aud": "c1", "iat": 1, "exp": 4_000_000_000_u64});
        let critical = |names: serde_json::Value| {
            let header = json!({"alg": "RS256", "crit": names, "b64x": true});
            with(jwt_with(&header, &claims)).finding("O05")
        };
        let finding = critical(json!(["b64x"]));
        assert_eq!(finding.variant, "critical");
        assert!(finding.title.ends_with("b64x"), "{}", finding.title);
        assert_eq!(critical(json!([])).variant, "critical");
    }

    #[test]
    fn claims_that_are_not_what_they_have_to_be() {
        for (claim, value) in [
            ("sub", json!("")),
            ("sub", json!(7)),
            ("exp", json!("2030-01-01")),
            ("exp", json!(4_000_000_000_000_u64)),
            ("auth_time", json!("now")),
        ] {
            let finding = with(id_token(|claims| claims[claim] = value)).finding("O05");
            assert_eq!(finding.variant, "claim_wrong");
            assert!(finding.title.starts_with(claim), "{}", finding.title);
        }
        for (claim, value) in [
            ("amr", json!(["pwd"])),
            ("auth_time", json!("redacted-claim-1")),
        ] {
            let run = with(id_token(|claims| claims[claim] = value));
            assert!(run.is_silent("O05"));
        }
    }

    #[test]
    fn a_public_client_has_no_secret_to_check_with() {
        let with_alg = |alg: &str| {
            let token = id_token(|_| {});
            let claims = crate::reading::jwt(&token).unwrap().claims.clone();
            with(jwt_with(&json!({"alg": alg}), &json!(claims)))
        };
        assert_eq!(with_alg("HS256").finding("O05").variant, "shared_secret");
        assert!(with_alg("RS256").is_silent("O05"));
    }

    #[test]
    fn an_id_token_of_a_refresh_goes_on_with_the_login() {
        let refreshed = |change: fn(&mut Value)| {
            let mut run = Run::healthy();
            run.token
                .edit(|answer| answer["id_token"] = id_token(|_| {}).into());
            let mut trace = run.trace();
            let mut answer = token_answer("fresh", "refresh-2");
            answer.edit(|answer| answer["id_token"] = id_token(change).into());
            refresh(&mut trace, "refresh-1", &answer);
            found_in(&trace, "O05").map(|finding| finding.title)
        };
        let other = refreshed(|claims| claims["sub"] = json!("bob"));
        assert!(other.unwrap().contains("another user"));
        assert_eq!(
            refreshed(|claims| claims["iat"] = json!(1_900_000_000)),
            None
        );
    }
}
