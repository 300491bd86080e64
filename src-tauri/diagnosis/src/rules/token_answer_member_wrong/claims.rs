//! Claims of a signed access token that resource servers refuse, or read in several ways.

use serde_json::Value;
use trace::Jwt;

use crate::members::{Form, Member, Problem, problems};
use crate::replaced::is_replaced;
use crate::spec::{RFC7519_NUMERIC_DATE, RFC8693_SCOPE, RFC9068_CLAIMS};

/// What is wrong with the claims of an access token.
pub(super) enum Claim {
    /// A claim of the wrong kind.
    Wrong(Problem),
    /// The value of `crit`: names of headers that servers have to understand.
    Critical(Value),
    /// A profile of tokens that end, and no `exp`.
    NoEnd,
    /// The client that the token says it was issued to.
    OtherClient(String),
    /// It is bound to a key, and the request had none.
    Bound,
}

const TIMES: &[Member] = &[
    claim("iat", Form::Time, RFC7519_NUMERIC_DATE),
    claim("nbf", Form::Time, RFC7519_NUMERIC_DATE),
];

/// Of tokens of the type `at+jwt`; others have scopes and clients as they like.
const OF_PROFILE: &[Member] = &[
    claim("scope", Form::Text, RFC8693_SCOPE),
    claim("client_id", Form::Name, RFC9068_CLAIMS),
];

const fn claim(name: &'static str, form: Form, spec: crate::spec::Spec) -> Member {
    Member {
        name,
        form,
        required: false,
        holds: None,
        level: crate::finding::Level::Warning,
        spec,
    }
}

/// All that is wrong with a token for this client, that came for a request with or without a proof.
pub(super) fn wrong(jwt: &Jwt, client: Option<&str>, proved: bool) -> Vec<Claim> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let kind = text(jwt.header.get("typ")).unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    let of_profile = kind.trim_start_matches("application/") == "at+jwt";
    let mut found = Vec::new();
    if let Some(critical) = jwt.header.get("crit") {
        found.push(Claim::Critical(critical.clone()));
    }
    let stands = |problem: &Problem| {
        let value = jwt.claims.get(problem.name).and_then(Value::as_str);
        !value.is_some_and(is_replaced)
    };
    let table = if of_profile { OF_PROFILE } else { &[] };
    let all = [TIMES, table].into_iter();
    let wrong = all.flat_map(|table| problems(table, &jwt.claims));
    found.extend(wrong.filter(stands).map(Claim::Wrong));
    if of_profile && !jwt.claims.contains_key("exp") {
        found.push(Claim::NoEnd);
    }
    let named = jwt.text("client_id").filter(|named| !is_replaced(named));
    if let (true, Some(named), Some(client)) = (of_profile, named, client)
        && named != client
        && !is_replaced(client)
    {
        found.push(Claim::OtherClient(named.to_owned()));
    }
    let key = jwt.claims.get("cnf").and_then(|cnf| cnf.get("jkt"));
    if key.is_some_and(Value::is_string) && !proved {
        found.push(Claim::Bound);
    }
    found
}
