use trace::{Document, is_word_for_nothing};

use crate::finding::{Finding, Level, Part};
use crate::members::{Form, Member, problems};
use crate::reading::{ExchangeRef, Reading, access_token, object};
use crate::rule::{Findings, rule};
use crate::spec::{
    RFC6749_EXPIRES_IN, RFC6749_SCOPE_GRANTED, RFC6749_TOKEN_OK, RFC6749_TOKEN_TYPE,
    RFC9449_TOKEN_TYPE,
};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// The members of a token answer with an access token: `expires_in` (a number of seconds that a
    /// token can live), `scope`, `refresh_token` and `id_token` (strings), and a `token_type` that
    /// clients know.
    ///
    /// # Why it matters
    /// Strict clients check the answer against a schema and refuse all of it for one member. Others
    /// read a wrong lifetime as they can: the token counts as expired at once, or never.
    ///
    /// # How to fix
    /// Write the member as RFC 6749 has it: `expires_in` as a JSON number of seconds, `scope` as
    /// one string with blanks.
    ///
    /// # References
    /// RFC 6749 section 5.1.
    "T46" "token_answer_member_wrong" Warning AuthorizationServer since None,
    title: "{member} in the token answer is not valid",
    variants: [
        UNKNOWN_TYPE: Error AuthorizationServer Certain "The token is of a type that MCP clients do not know",
        UNPROVED: Warning AuthorizationServer Certain
            "The token is said to be bound to a key, and the request proved none",
        UNSENDABLE: Error AuthorizationServer Certain
            "The access token cannot be written into the Authorization header",
        NOTHING: Error AuthorizationServer Certain
            "The access token is a program's word for nothing",
        NOTHING_TO_REFRESH: Warning AuthorizationServer Certain
            "The refresh token is a program's word for nothing",
    ],
    spec: [RFC6749_EXPIRES_IN, RFC6749_SCOPE_GRANTED, RFC6749_TOKEN_OK, RFC6749_TOKEN_TYPE, RFC9449_TOKEN_TYPE],
    supersedes: ["J05"],
    looks_at: [TokenAnswer],
}

const TABLE: &[Member] = &[
    member("expires_in", Form::Seconds, RFC6749_EXPIRES_IN),
    member("scope", Form::Text, RFC6749_SCOPE_GRANTED),
    member("refresh_token", Form::Name, RFC6749_TOKEN_OK),
    member("id_token", Form::Text, RFC6749_TOKEN_OK),
];

const fn member(name: &'static str, form: Form, spec: crate::spec::Spec) -> Member {
    Member {
        name,
        form,
        required: false,
        holds: None,
        level: Level::Warning,
        spec,
    }
}

/// RFC 6750 and RFC 9449; `N_A` is for tokens that are no access tokens (RFC 8693 section 2.2.1).
const KNOWN_TYPES: [&str; 3] = ["bearer", "dpop", "n_a"];

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut told: Vec<&str> = Vec::new();
    for (seen, _) in &reading.tokens {
        let Some(response) = seen.response_with_body() else {
            continue;
        };
        let Some(answer) = object(response).filter(|_| access_token(response).is_some()) else {
            continue;
        };
        for problem in problems(TABLE, &answer) {
            // A lifetime that is not a number is a rule of its own.
            let is_number = |name| answer.get(name).is_some_and(|value| value.is_number());
            if told.contains(&problem.name)
                || problem.name == "expires_in" && !is_number("expires_in")
            {
                continue;
            }
            told.push(problem.name);
            if let Some(word) = word_for_nothing(&answer, problem.name) {
                findings.add(nothing(*seen, problem.name, &word).variant(&NOTHING_TO_REFRESH));
                continue;
            }
            let finding = RULE
                .found(problem.spec)
                .title_with([problem.name])
                .at(seen.seq, Part::body(&format!("/{}", problem.name)))
                .message(
                    "This client reads the answer leniently. Clients with a strict schema refuse \
                     all of it, and those that read it as they can take the lifetime or scope for \
                     something else.",
                )
                .fix(format!(
                    "Send {} instead of {}.",
                    problem.expected, problem.actual
                ))
                .expected(problem.expected)
                .actual(problem.actual);
            findings.add(finding);
        }
        if let Some(word) = word_for_nothing(&answer, "access_token")
            && !told.contains(&"access_token")
        {
            told.push("access_token");
            findings.add(nothing(*seen, "access_token", &word));
        }
        if let Some(token) = access_token(response).filter(|token| !is_sendable(token))
            && !told.contains(&"access_token")
        {
            told.push("access_token");
            findings.add(unsendable(*seen, &token));
        }
        let kind = answer.get("token_type").and_then(|kind| kind.as_str());
        let bound = kind.is_some_and(|kind| kind.eq_ignore_ascii_case("dpop"));
        let unproved_here = seen.exchange.request_header("dpop").is_absent();
        if bound && unproved_here && !told.contains(&"token_type") {
            told.push("token_type");
            findings.add(unproved(*seen));
        }
        let unknown = kind.filter(|kind| {
            !kind.is_empty() && !KNOWN_TYPES.contains(&kind.to_ascii_lowercase().as_str())
        });
        if let Some(kind) = unknown.filter(|_| !told.contains(&"token_type")) {
            told.push("token_type");
            let finding = RULE
                .found(RFC6749_TOKEN_TYPE)
                .variant(&UNKNOWN_TYPE)
                .at(seen.seq, Part::body("/token_type"))
                .message(
                    "A client must not use a token whose type it does not understand. MCP clients \
                     send bearer tokens, or tokens bound by DPoP.",
                )
                .expected("\"token_type\": \"Bearer\"")
                .actual(excerpt(&format!("\"token_type\": \"{kind}\"")))
                .fix("Send \"token_type\": \"Bearer\" where the token is used as a bearer token.");
            findings.add(finding);
        }
    }
}

/// The value of a member that holds what a program writes where it has no value.
fn word_for_nothing(answer: &Document, member: &str) -> Option<String> {
    let value = answer.get(member)?.as_str()?;
    is_word_for_nothing(value).then(|| value.to_owned())
}

fn nothing(seen: ExchangeRef<'_>, member: &str, word: &str) -> Finding {
    RULE.found(RFC6749_TOKEN_OK)
        .variant(&NOTHING)
        .at(seen.seq, Part::body(&format!("/{member}")))
        .message(
            "The server has no token and writes the word that its program has for that into the \
             answer. Clients take it for a token, send it, and are refused.",
        )
        .expected(format!("a token in {member}, or an error"))
        .actual(excerpt(&format!("\"{member}\": \"{word}\"")))
        .fix(format!(
            "Find out why the authorization server has no value for {member}, and answer an error \
             where it has none; leave refresh_token out where none is issued."
        ))
}

/// Whether a token stays one word in a header. Some have characters besides those of RFC 6750
/// section 2.1, and work: servers take everything up to the end of the word.
fn is_sendable(token: &str) -> bool {
    let in_quotes = token.len() > 1 && token.starts_with('"') && token.ends_with('"');
    token.bytes().all(|byte| byte.is_ascii_graphic()) && !in_quotes
}

fn unsendable(seen: ExchangeRef<'_>, token: &str) -> Finding {
    let odd = token
        .chars()
        .find(|character| !is_sendable(&character.to_string()));
    let odd = match odd {
        _ if token
            .get(..7)
            .is_some_and(|start| start.eq_ignore_ascii_case("bearer ")) =>
        {
            "the word Bearer and a space".to_owned()
        }
        None => "quotation marks around it and".to_owned(),
        Some(' ') => "a space".to_owned(),
        Some(odd) => format!("the character {}", odd.escape_default()),
    };
    let actual = match odd.strip_suffix(" and") {
        Some(odd) => format!("an access_token with {odd}"),
        None => format!("an access_token with {odd} in it"),
    };
    RULE.found(RFC6749_TOKEN_OK)
        .variant(&UNSENDABLE)
        .at(seen.seq, Part::body("/access_token"))
        .message(
            "A header ends a token at such a character, or cannot carry it at all, so the MCP \
             server gets another token than was issued.",
        )
        .expected("an access_token of letters, digits and - . _ ~ + / =")
        .actual(actual)
        .fix("Issue access tokens in base64url or hexadecimal.")
}

fn unproved(seen: ExchangeRef<'_>) -> Finding {
    RULE.found(RFC9449_TOKEN_TYPE)
        .variant(&UNPROVED)
        .at(seen.seq, Part::body("/token_type"))
        .message(
            "The token request carried no proof (DPoP), so there is no key that the token could be \
             bound to. Clients that go by token_type cannot use it.",
        )
        .expected("\"token_type\": \"Bearer\"")
        .actual("\"token_type\": \"DPoP\", for a request without a proof")
        .fix(
            "Send \"token_type\": \"Bearer\" for a request without a proof, or refuse it with \
             invalid_dpop_proof.",
        )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::Run;

    fn with(member: &str, value: serde_json::Value) -> Run {
        let mut run = Run::healthy();
        run.token.edit(|token| token[member] = value);
        run
    }

    #[test]
    fn members_of_the_wrong_kind() {
        for (member, value) in [
            ("expires_in", json!(0)),
            ("expires_in", json!(-1)),
            ("expires_in", json!(1_790_000_000_000_u64)),
            ("scope", json!(["mcp:read"])),
            ("refresh_token", json!(7)),
            ("token_type", json!("mac")),
            ("token_type", json!("DPoP")),
            ("expires_in", json!(3599.7)),
            ("access_token", json!("abc def")),
            ("access_token", json!("abc\n")),
        ] {
            let found = with(member, value.clone()).finding("T46");
            let said = format!("{} {}", found.title, found.actual.unwrap_or_default());
            assert!(said.contains(member), "{member} {value}: {said}");
        }
    }

    #[test]
    fn is_silent_about_what_is_right_or_left_out() {
        for (member, value) in [
            ("expires_in", json!(3600)),
            ("expires_in", json!(3600.0)),
            ("expires_in", json!("3600")),
            ("token_type", json!("bearer")),
            ("access_token", json!("7|abc:d%2F!,\"e\"")),
            ("scope", json!("mcp")),
        ] {
            assert!(
                with(member, value.clone()).is_silent("T46"),
                "{member} {value}"
            );
        }
    }

    #[test]
    fn a_word_for_nothing_is_no_token() {
        for word in ["undefined", "null", "[object Object]"] {
            let found = with("access_token", json!(word)).finding("T46");
            assert_eq!(found.variant, "nothing", "{word}");
            let found = with("refresh_token", json!(word)).finding("T46");
            assert_eq!(found.variant, "nothing_to_refresh", "{word}");
        }
        assert!(with("access_token", json!("nullable")).is_silent("T46"));
    }
}
