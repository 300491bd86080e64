use std::collections::HashSet;

use serde_json::Value;
use trace::{Grant, Jwt};

use crate::finding::{Finding, Part};
use crate::reading::{Reading, access_token, jwt, object, text};
use crate::rule::{Findings, rule};
use crate::spec::{
    OIDC_ID_TOKEN, RFC6749_REFRESH_SCOPE, RFC6749_SCOPE_GRANTED, RFC6749_SCOPE_LIST,
};
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// The scope asked for next to the scope granted: `scope` of the token answer, or, when that is
    /// left out, the `scope` in the access token itself. What a refresh grants next to what was
    /// granted before it, and whether an ID token came where `openid` was granted.
    ///
    /// # Why it matters
    /// An authorization server may grant less than was asked for, and then has to say so. When it
    /// does not, the client takes the token for one with all of it, and calls fail later for a
    /// reason that it cannot see: no refresh token, or 403 from the MCP server.
    ///
    /// # How to fix
    /// Put `scope` with what was granted into the token answer. To be granted all of it, allow the
    /// scopes for the client.
    ///
    /// # References
    /// RFC 6749 sections 3.3 and 5.1.
    "A20" "scope_narrowed" Error AuthorizationServer Likely since None,
    title: "Less scope was granted than asked for, and the answer does not say so",
    variants: [
        WIDENED: Warning AuthorizationServer Certain
            "A refresh grants a scope that was not granted before",
        REFRESHED_TO_NOTHING: Warning AuthorizationServer Certain
            "A refresh gives a token and grants no scope",
        NO_ID_TOKEN: Warning AuthorizationServer Certain
            "No ID token came though openid was granted",
        SAID_SO: Note Nobody Certain "Less scope was granted than asked for",
        COMMAS: Warning AuthorizationServer Likely
            "scope in the token answer is separated by commas",
        OTHER_CASE: Warning AuthorizationServer Certain
            "scope in the token answer is written in capital and small letters of its own",
        EMPTY: Note AuthorizationServer Certain "scope in the token answer is empty",
        ANOTHER: Note AuthorizationServer Likely
            "Another scope was granted than the one asked for",
    ],
    spec: [RFC6749_SCOPE_GRANTED, RFC6749_REFRESH_SCOPE, RFC6749_SCOPE_LIST, OIDC_ID_TOKEN],
    looks_at: [TokenAnswer, ScopeAskedFor],
}

/// Scopes that are about the ID token, or userinfo: an access token need not show them.
const OF_OPENID: [&str; 5] = ["openid", "profile", "email", "address", "phone"];

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    refreshed(reading, findings);
    no_id_token(reading)
        .into_iter()
        .for_each(|finding| findings.add(finding));
    let exchange = reading
        .tokens
        .iter()
        .rev()
        .find(|(_, grant)| *grant == Grant::AuthorizationCode);
    let Some((seen, _)) = exchange else { return };
    let Some((token, answer)) = seen
        .response()
        .and_then(|response| Some((access_token(response)?, object(response)?)))
    else {
        return;
    };
    let Some(asked) = reading.scope_asked_for(seen.seq) else {
        return;
    };
    let told = text(&answer, "scope");
    let in_token = || jwt(&token).ok().and_then(|jwt| scope_of(&jwt));
    let Some(granted) = told.map(str::to_owned).or_else(in_token) else {
        return;
    };
    let has_refresh_token = answer.contains_key("refresh_token");
    let there: HashSet<&str> = granted.split_whitespace().collect();
    let lacking: Vec<&str> = asked
        .split_whitespace()
        .filter(|scope| !there.contains(scope))
        // With a refresh token it was granted, whatever the list says.
        .filter(|scope| !(*scope == "offline_access" && has_refresh_token))
        .filter(|scope| told.is_some() || !OF_OPENID.contains(scope))
        .collect();
    if lacking.is_empty() {
        return;
    }
    let lacking = excerpt(&lacking.join(" "));
    let (refresh, perhaps) = if lacking.contains("offline_access") {
        (
            " Without offline_access there is no refresh token, so the user has to log in again \
             when the access token expires.",
            "",
        )
    } else {
        (
            "",
            " The server may also grant it without writing it into the token.",
        )
    };
    if let Some(odd) = told.and_then(|told| misspelt(told, &asked)) {
        return findings.add(odd.at(seen.seq, Part::body("/scope")));
    }
    let finding = RULE
        .found(RFC6749_SCOPE_GRANTED)
        .expected(format!(
            "scope \"{}\", or a scope member that says what was granted",
            excerpt(&asked)
        ))
        .actual(format!("scope \"{}\"", excerpt(&granted)));
    findings.add(match told {
        Some(_) => finding
            .variant(&SAID_SO)
            .at(seen.seq, Part::body("/scope"))
            .message(format!(
                "{lacking} was not granted, and the answer says so, as it should. The user or a \
                 policy of the authorization server decided it.{refresh}"
            ))
            .fix(format!(
                "Nothing has to change. If {lacking} is needed, allow it for this client at the \
                 authorization server."
            )),
        None => finding
            .at(seen.seq, Part::body("/access_token"))
            .message(format!(
                "{lacking} was asked for and is not in the access token, and the answer has no \
                 scope that would say so.{perhaps}{refresh}"
            ))
            .fix(format!(
                "Put scope with what was granted into the token answer, and allow {lacking} for \
                 this client if it is to have it."
            )),
    });
}

/// A `scope` that does not say what was granted of what was asked for: names with commas between
/// them, no name at all, or only names that nobody asked for.
fn misspelt(told: &str, asked: &str) -> Option<Finding> {
    let asked_for: Vec<&str> = asked.split_whitespace().collect();
    let by_comma: Vec<&str> = told
        .split([',', ' '])
        .filter(|name| !name.is_empty())
        .collect();
    let has = |names: &[&str]| asked_for.iter().any(|name| names.contains(name));
    let with_spaces = excerpt(&by_comma.join(" "));
    if told.contains(',') && has(&by_comma) {
        let finding = RULE
            .found(RFC6749_SCOPE_LIST)
            .variant(&COMMAS)
            .message(
                "Scopes are separated by spaces, so clients read this as one scope with commas in its \
                 name. They take what they asked for as not granted, and stop or ask once more.",
            )
            .expected(format!("scope \"{with_spaces}\""))
            .actual(format!("scope \"{}\"", excerpt(told)))
            .fix(format!(
                "Put spaces between the scopes of the token answer: \"scope\": \"{with_spaces}\"."
            ));
        return Some(finding);
    }
    let in_other_case = |name: &&str| by_comma.iter().any(|told| told.eq_ignore_ascii_case(name));
    if !by_comma.is_empty() && !has(&by_comma) && asked_for.iter().all(in_other_case) {
        let finding = RULE
            .found(RFC6749_SCOPE_LIST)
            .variant(&OTHER_CASE)
            .message(
                "Names of scopes are compared with their case, so this is another scope. Clients \
                 take what they asked for as not granted, and stop or ask once more.",
            )
            .expected(format!("scope \"{}\"", excerpt(asked)))
            .actual(format!("scope \"{}\"", excerpt(told)))
            .fix(format!(
                "Write the scopes of the token answer as they were asked for: \"scope\": \"{}\".",
                excerpt(asked)
            ));
        return Some(finding);
    }
    if by_comma.is_empty() {
        let finding = RULE
            .found(RFC6749_SCOPE_LIST)
            .variant(&EMPTY)
            .message(
                "An empty scope says that nothing was granted, and there is a token all the same. \
                 Clients that compare it with what they asked for take the login for refused.",
            )
            .expected(format!("scope \"{}\", or no scope", excerpt(asked)))
            .actual("scope \"\"")
            .fix(
                "Write into scope what was granted, or leave scope out where it is what was asked for.",
            );
        return Some(finding);
    }
    // Scopes of OpenID Connect beside others are granted in part.
    if has(&by_comma) || asked_for.iter().any(|name| OF_OPENID.contains(name)) {
        return None;
    }
    let finding = RULE
        .found(RFC6749_SCOPE_GRANTED)
        .variant(&ANOTHER)
        .message(format!(
            "Nothing of what was asked for was granted; {}, which nobody asked for, came in its place. \
             The request may have lost its scope on the way, and these are the server's defaults; or \
             the client is set to these.",
            excerpt(&list(&by_comma))
        ))
        .expected(format!("scope \"{}\"", excerpt(asked)))
        .actual(format!("scope \"{}\"", excerpt(told)))
        .fix(format!(
            "Allow {} for this client at the authorization server, and let nothing in front of it take \
             scope out of the request.",
            excerpt(asked)
        ));
    Some(finding)
}

/// A refresh answer whose `scope` has more than the answer before it, or nothing.
fn refreshed(reading: &Reading<'_>, findings: &mut Findings) {
    let mut granted: Option<String> = None;
    for (seen, grant) in &reading.tokens {
        let Some(answer) = seen
            .response()
            .filter(|response| access_token(*response).is_some())
            .and_then(object)
        else {
            continue;
        };
        let told = text(&answer, "scope");
        if *grant != Grant::RefreshToken {
            // Left out, it is what was asked for.
            granted = told
                .map(str::to_owned)
                .or_else(|| reading.scope_asked_for(seen.seq));
            continue;
        }
        let (Some(told), Some(before)) = (told, &granted) else {
            continue;
        };
        let before: HashSet<&str> = before.split_whitespace().collect();
        let new: Vec<&str> = told
            .split_whitespace()
            .filter(|scope| !before.contains(scope))
            .collect();
        if new.is_empty() {
            if let Some(finding) = refreshed_to_nothing(told, &before) {
                return findings.add(finding.at(seen.seq, Part::body("/scope")));
            }
            continue;
        }
        let new = excerpt(&new.join(" "));
        findings.add(
            RULE.found(RFC6749_REFRESH_SCOPE)
                .variant(&WIDENED)
                .at(seen.seq, Part::body("/scope"))
                .message(format!(
                    "The user agreed to less: {new} was not in what the login granted. A refresh \
                     may give the same scope or less of it."
                ))
                .expected("no scope beyond the one granted at the login")
                .actual(format!("scope \"{}\"", excerpt(told)))
                .fix(format!(
                    "Leave {new} out of the answer to a refresh, and let the client ask for it with \
                     a new authorization request."
                )),
        );
        return;
    }
}

/// A refresh that gives a token and says that nothing was granted.
fn refreshed_to_nothing(told: &str, before: &HashSet<&str>) -> Option<Finding> {
    if !told.trim().is_empty() || before.is_empty() {
        return None;
    }
    let mut all: Vec<&str> = before.iter().copied().collect();
    all.sort_unstable();
    Some(
        RULE.found(RFC6749_REFRESH_SCOPE)
            .variant(&REFRESHED_TO_NOTHING)
            .message(
                "An empty scope says that nothing is left of what was granted. Clients take the new \
                 token for one without rights, and send the user to log in again.",
            )
            .expected(format!("scope \"{}\", or no scope", excerpt(&all.join(" "))))
            .actual("scope \"\"")
            .fix(
                "Answer a refresh that names no scope with the scope of the login, or leave scope out.",
            ),
    )
}

/// A login that was asked for `openid`, at a provider that issues ID tokens, and brought none.
fn no_id_token(reading: &Reading<'_>) -> Option<Finding> {
    let (attempt, _) = reading.server_metadata()?;
    let metadata = object(attempt.seen.response()?)?;
    metadata.get("id_token_signing_alg_values_supported")?;
    let has_openid = |scope: &str| scope.split_whitespace().any(|one| one == "openid");
    let (seen, answer) = reading.tokens.iter().find_map(|(seen, grant)| {
        let response = seen.response_with_body()?;
        access_token(response)?;
        let answer = object(response)?;
        let by_code = *grant == Grant::AuthorizationCode;
        (by_code && !answer.contains_key("id_token")).then_some((*seen, answer))
    })?;
    let asked = reading.scope_asked_for(seen.seq)?;
    // Left out, it is what was asked for.
    let granted = text(&answer, "scope").unwrap_or(&asked);
    (has_openid(&asked) && has_openid(granted)).then(|| {
        RULE.found(OIDC_ID_TOKEN)
            .variant(&NO_ID_TOKEN)
            .at(seen.seq, Part::body("/id_token"))
            .message(
                "Clients that ask for openid wait for an ID token and stop without it. This client \
                 does not need one.",
            )
            .expected("id_token in the token answer")
            .actual("no id_token")
            .fix(
                "Answer with id_token where openid is granted, or leave openid out of scope in the \
                 answer.",
            )
    })
}

/// The scope of an access token: `scope` (RFC 9068 section 2.2.3), or `scp` as some servers call
/// it.
fn scope_of(jwt: &Jwt) -> Option<String> {
    if let Some(scope) = jwt.text("scope").or_else(|| jwt.text("scp")) {
        return Some(scope.to_owned());
    }
    let list = jwt
        .claims
        .get("scope")
        .or_else(|| jwt.claims.get("scp"))?
        .as_array()?;
    let names: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    Some(names.join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::finding::Level;
    use crate::sample::{AS, MCP, Run, jwt, token_answer};

    fn granted(asked: &str, in_token: &str) -> Run {
        let mut run = Run::healthy();
        run.ask("scope", Some(asked));
        let claims = json!({"iss": AS, "aud": MCP, "exp": 4_000_000_000_u64, "scope": in_token});
        run.token = token_answer(&jwt(&claims), "refresh-1");
        run
    }

    #[test]
    fn what_is_kept_back_silently_is_an_error_and_what_is_told_a_note() {
        let mut run = granted("read write", "read");
        let finding = run.finding("A20");
        assert_eq!(finding.level, Level::Error);
        assert!(
            finding.message.starts_with("write was asked for"),
            "{}",
            finding.message
        );
        run.token.edit(|token| token["scope"] = json!("read"));
        assert_eq!(run.finding("A20").level, Level::Note);
    }

    #[test]
    fn a_scope_that_does_not_say_what_was_granted() {
        let told = |scope: &str| {
            let mut run = granted("read", "read");
            run.token.edit(|token| token["scope"] = json!(scope));
            run
        };
        assert_eq!(told("read,write").finding("A20").variant, "commas");
        assert_eq!(told("").finding("A20").variant, "empty");
        assert_eq!(told("READ").finding("A20").variant, "other_case");
        assert_eq!(told("profile email").finding("A20").variant, "another");
        for lawful in ["read", "write read", "read a,b"] {
            assert!(told(lawful).is_silent("A20"), "{lawful}");
        }
    }

    #[test]
    fn offline_access_counts_without_a_refresh_token() {
        let mut run = granted("read offline_access", "read");
        assert!(run.is_silent("A20"));
        run.token.edit(|token| {
            token.as_object_mut().unwrap().remove("refresh_token");
        });
        assert!(run.finding("A20").message.contains("log in again"));
    }

    #[test]
    fn is_silent_about_openid_scopes_more_scope_and_tokens_that_say_nothing() {
        assert!(granted("openid read", "read").is_silent("A20"));
        assert!(granted("read", "read write").is_silent("A20"));
        let mut run = Run::healthy();
        run.ask("scope", Some("read"));
        assert!(run.is_silent("A20"));
    }

    #[test]
    fn a_refresh_may_grant_the_same_or_less_and_not_more() {
        let refreshed = |scope: &str| {
            let mut run = Run::healthy_with_refresh();
            run.ask("scope", Some("read write"));
            run.token.edit(|token| token["scope"] = json!("read write"));
            let mut answer = token_answer("fresh", "refresh-2");
            answer.edit(|token| token["scope"] = json!(scope));
            run.refresh = Some(answer);
            run
        };
        let finding = refreshed("read write admin").finding("A20");
        assert_eq!(finding.variant, "widened");
        assert!(finding.fix.contains("admin"), "{}", finding.fix);
        assert_eq!(refreshed("").finding("A20").variant, "refreshed_to_nothing");
        assert!(refreshed("write").is_silent("A20"));
        assert!(refreshed("write read").is_silent("A20"));
    }

    #[test]
    fn an_id_token_that_does_not_come() {
        let asked = |scope: &str, metadata: bool| {
            let mut run = Run::healthy();
            run.ask("scope", Some(scope));
            if metadata {
                let answer = run.server_tries.last_mut().unwrap();
                answer.2.edit(|document| {
                    document["id_token_signing_alg_values_supported"] = json!(["RS256"]);
                });
            }
            run
        };
        assert_eq!(
            asked("openid read", true).finding("A20").variant,
            "no_id_token"
        );
        assert!(asked("read", true).is_silent("A20"));
        assert!(asked("openid read", false).is_silent("A20"));
        let mut run = asked("openid read", true);
        run.token.edit(|token| token["scope"] = json!("read"));
        assert_eq!(run.finding("A20").variant, "said_so");
    }
}
