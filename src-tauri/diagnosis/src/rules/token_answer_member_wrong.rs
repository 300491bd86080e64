mod claims;

use trace::{Document, is_word_for_nothing};

use crate::finding::{Finding, Level, Part};
use crate::members::{Form, Member, problems};
use crate::reading::{ExchangeRef, Reading, access_jwt, access_token, object};
use crate::rule::{Findings, rule};
use crate::spec::{
    RFC6749_EXPIRES_IN, RFC6749_SCOPE_GRANTED, RFC6749_TOKEN_OK, RFC6749_TOKEN_TYPE,
    RFC7515_CRITICAL, RFC7519_NUMERIC_DATE, RFC8693_SCOPE, RFC9068_CLAIMS, RFC9449_TOKEN_TYPE,
};
use crate::wording::{critical_names, excerpt};
use claims::Claim;

rule! {
    /// # What it looks at
    /// Claims of a signed access token (times, a header with `crit`, a key that it is bound to),
    /// and the members of a token answer with an access token: `expires_in` (a number of seconds
    /// that a token can live), `scope`, `refresh_token` and `id_token` (strings), and a
    /// `token_type` that clients know.
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
        CLAIM: Warning AuthorizationServer Certain "{claim} in the access token is not valid",
        CRITICAL: Warning AuthorizationServer Likely
            "The access token says that servers must understand {name}",
        NO_END: Warning AuthorizationServer Certain "The access token has no {claim}",
        OTHER_CLIENT: Warning AuthorizationServer Likely
            "{claim} in the access token is another client's",
        UNSENDABLE: Error AuthorizationServer Certain
            "The access token cannot be written into the Authorization header",
        NOTHING: Error AuthorizationServer Certain
            "The access token is a program's word for nothing",
        NOTHING_TO_REFRESH: Warning AuthorizationServer Certain
            "The refresh token is a program's word for nothing",
    ],
    spec: [RFC6749_EXPIRES_IN, RFC6749_SCOPE_GRANTED, RFC6749_TOKEN_OK, RFC6749_TOKEN_TYPE, RFC9449_TOKEN_TYPE, RFC7515_CRITICAL, RFC7519_NUMERIC_DATE, RFC8693_SCOPE, RFC9068_CLAIMS],
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
        let proved = !seen.exchange.request_header("dpop").is_absent();
        if let Some(Ok(jwt)) = access_jwt(response)
            && !told.contains(&"claims")
        {
            let client = reading.client_before(seen.seq).map(|(id, _)| id);
            let wrong = claims::wrong(&jwt, client, proved);
            if !wrong.is_empty() {
                told.push("claims");
            }
            for claim in wrong {
                findings.add(of_claim(*seen, claim, client));
            }
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
        if bound && !proved && !told.contains(&"token_type") {
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

fn of_claim(seen: ExchangeRef<'_>, claim: Claim, client: Option<&str>) -> Finding {
    let found = |spec| RULE.found(spec).at(seen.seq, Part::body("/access_token"));
    match claim {
        Claim::Wrong(problem) => found(problem.spec)
            .variant(&CLAIM)
            .title_with([problem.name])
            .message(
                "MCP servers check the claims of a token. Strict ones refuse the token for this \
                 one; others read it as they can, or pass over it.",
            )
            .fix(format!("Write {} into the access token.", problem.expected))
            .expected(problem.expected)
            .actual(problem.actual),
        Claim::Critical(critical) => found(RFC7515_CRITICAL)
            .variant(&CRITICAL)
            .title_with([critical_names(&critical).as_str()])
            .message(
                "crit in the header of a token lists what a reader has to understand. MCP servers \
                 that check signatures refuse a token with a crit that they do not know.",
            )
            .expected("no crit in the header")
            .actual(excerpt(&format!("\"crit\": {critical}")))
            .fix("Take crit, and what it names, out of the header of access tokens."),
        Claim::NoEnd => found(RFC9068_CLAIMS)
            .variant(&NO_END)
            .title_with(["exp"])
            .message(
                "A token of the type at+jwt has to have it. MCP servers that follow the profile \
                 refuse the token; for the others it never ends.",
            )
            .expected("exp as a number of seconds since 1970")
            .actual("no exp")
            .fix("Put exp into access tokens: the time of issue and expires_in together."),
        Claim::OtherClient(named) => found(RFC9068_CLAIMS)
            .variant(&OTHER_CLIENT)
            .title_with(["client_id"])
            .message(
                "The token says that it was issued to somebody else. MCP servers that keep what \
                 belongs to a client by this claim mix two of them up. A token that another \
                 authorization server issued and this one passes on looks the same.",
            )
            .expected(format!(
                "client_id {}",
                client.map(excerpt).unwrap_or_default()
            ))
            .actual(format!("client_id {}", excerpt(&named)))
            .fix("Write the client that asked for the token into client_id."),
        Claim::Bound => found(RFC9449_TOKEN_TYPE)
            .variant(&UNPROVED)
            .message(
                "cnf in the token names a key, and the token request carried no proof (DPoP) of \
                 one. MCP servers that check cnf refuse the token from everybody.",
            )
            .expected("no cnf with jkt for a request without a proof")
            .actual("\"cnf\": {\"jkt\": …}")
            .fix("Leave cnf out of tokens for requests without a proof."),
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
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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

    fn signed(typ: &str, claims: serde_json::Value) -> Run {
        headed(json!({"alg": "RS256", "typ": typ}), claims)
    }

    fn headed(header: serde_json::Value, claims: serde_json::Value) -> Run {
        let mut run = Run::healthy();
        let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let header = part(header);
        let token = format!("{header}.{}.c2ln", part(claims));
        run.token
            .edit(|answer| answer["access_token"] = json!(token));
        run
    }

    #[test]
    fn claims_that_servers_refuse() {
        for (typ, claims, variant) in [
            ("JWT", json!({"iat": 1_795_000_000_000_u64}), "claim"),
            ("JWT", json!({"nbf": "2026-01-01"}), "claim"),
            (
                "at+jwt",
                json!({"exp": 2_000_000_000, "scope": ["a"]}),
                "claim",
            ),
            ("at+jwt", json!({}), "no_end"),
            (
                "at+jwt",
                json!({"exp": 2_000_000_000, "client_id": "x"}),
                "other_client",
            ),
            ("JWT", json!({"cnf": {"jkt": "k"}}), "unproved"),
        ] {
            assert_eq!(
                signed(typ, claims.clone()).finding("T46").variant,
                variant,
                "{claims}"
            );
        }
        let critical = json!({"alg": "RS256", "crit": ["own"], "own": 1});
        assert_eq!(
            headed(critical, json!({})).finding("T46").variant,
            "critical"
        );
        let nameless = json!({"alg": "RS256", "crit": []});
        let title = headed(nameless, json!({})).finding("T46").title;
        assert!(
            title.ends_with("something that it does not name"),
            "{title}"
        );
        for claims in [
            json!({"scope": ["a"], "client_id": "x"}),
            json!({"iat": 1_795_000_000, "nbf": 1_795_000_000.5}),
        ] {
            assert!(signed("JWT", claims.clone()).is_silent("T46"), "{claims}");
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
