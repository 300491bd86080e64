use std::collections::HashSet;

use serde_json::Value;
use trace::{Grant, Jwt};

use crate::finding::Part;
use crate::reading::{Reading, access_token, jwt, object, text};
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_SCOPE_GRANTED;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// The scope asked for next to the scope granted: `scope` of the token answer, or, when that is
    /// left out, the `scope` in the access token itself.
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
        SAID_SO: Note Nobody Certain "Less scope was granted than asked for",
    ],
    spec: [RFC6749_SCOPE_GRANTED],
    looks_at: [TokenAnswer, ScopeAskedFor],
}

/// Scopes that are about the ID token, or userinfo: an access token need not show them.
const OF_OPENID: [&str; 5] = ["openid", "profile", "email", "address", "phone"];

fn check(reading: &Reading<'_>, findings: &mut Findings) {
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
    let finding = RULE
        .found(RFC6749_SCOPE_GRANTED)
        .expected(format!(
            "scope \"{}\", or word of what is lacking",
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
}
