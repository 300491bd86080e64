//! The parts of a JWT, with times a person can read.

use serde_json::{Map, Value};
use trace::{Jwt, JwtError, rfc3339};

use super::field::{explain, field, group};
use super::json::printed;
use super::meanings::{Table, meaning};
use crate::decoded::{Decoded, DecodedField};

/// Header and claims of a token called `name`, judged at `now` (seconds since 1970). Of a token
/// that is not a JWT, a note says so when `or_say` is set.
pub(super) fn parts(name: &str, token: &str, now: u64, or_say: bool) -> Vec<Decoded> {
    match Jwt::read(token) {
        Ok(jwt) => {
            let header = group(
                &format!("{name}, header"),
                None,
                members(&jwt.header, Table::JwtHeader),
            );
            let note = lifetime(&jwt, now);
            let claims = group(
                &format!("{name}, claims"),
                Some(note),
                members(&jwt.claims, Table::Claims),
            );
            vec![header, claims]
        }
        Err(_) if !or_say => Vec::new(),
        Err(JwtError::NotAJwt) => {
            let note = "Opaque: it is not a JWT, so only its issuer can say what it stands for.";
            vec![group(name, Some(note.into()), Vec::new())]
        }
        Err(error) => vec![group(
            name,
            Some(format!("It cannot be read: {error}.")),
            Vec::new(),
        )],
    }
}

/// The same of a JWT whose claims are parameters of a request.
pub(super) fn parts_of(name: &str, token: &str, now: u64, claims: Table) -> Vec<Decoded> {
    let mut all = parts(name, token, now, true);
    if let [_, group] = all.as_mut_slice() {
        for field in &mut group.fields {
            if meaning(claims, &field.name).is_some() {
                explain(field, claims);
            }
        }
    }
    all
}

/// The same of a proof, of which a note says more than its lifetime does.
pub(super) fn proof(name: &str, token: &str, note: &str) -> Vec<Decoded> {
    let mut all = parts(name, token, 0, true);
    if let [_, claims] = all.as_mut_slice() {
        claims.note = Some(note.into());
    }
    all
}

/// Header and claims, without a note on the lifetime.
pub(crate) fn groups(jwt: &Jwt) -> Vec<Decoded> {
    vec![
        group("Header", None, members(&jwt.header, Table::JwtHeader)),
        group("Claims", None, members(&jwt.claims, Table::Claims)),
    ]
}

pub(super) fn members(object: &Map<String, Value>, table: Table) -> Vec<DecodedField> {
    let times = ["exp", "iat", "nbf", "auth_time", "updated_at"];
    object
        .iter()
        .map(|(name, value)| {
            let text = match value
                .as_f64()
                .filter(|seconds| *seconds >= 0.0 && times.contains(&name.as_str()))
            {
                Some(seconds) => format!("{value} ({})", rfc3339(seconds as i64)),
                None => printed(value),
            };
            field(name, text, table)
        })
        .collect()
}

fn lifetime(jwt: &Jwt, now: u64) -> String {
    let state = match jwt.seconds("exp") {
        Some(expiry) if expiry <= now => {
            format!("It had expired {} before this.", span(now - expiry))
        }
        Some(expiry) => format!("It was valid for another {} then.", span(expiry - now)),
        None => "It says nothing of when it expires.".into(),
    };
    let early = jwt
        .seconds("nbf")
        .filter(|begin| *begin > now)
        .map(|_| " It was not valid yet (nbf).");
    format!(
        "{state}{} The signature is not checked here.",
        early.unwrap_or_default()
    )
}

/// "3 minutes": as short as it stays true enough.
pub(crate) fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..=119 => (seconds, "second"),
        120..=7_199 => (seconds / 60, "minute"),
        7_200..=172_799 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn says_how_long_a_token_lives_and_what_is_no_jwt() {
        let token = crate::sample::jwt(&json!({"exp": 1_000, "aud": ["a", "b"], "nbf": 2_000.5}));
        let all = parts("ID token", &token, 900, true);
        assert_eq!(all[1].title, "ID token, claims");
        let note = all[1].note.as_deref().unwrap();
        assert!(
            note.starts_with("It was valid for another 100 seconds then. It was not valid yet"),
            "{note}"
        );
        assert_eq!(all[1].fields[1].value, "a, b");
        assert!(
            parts("Access token", &token, 1_060, true)[1]
                .note
                .as_deref()
                .unwrap()
                .contains("60 seconds before")
        );
        assert!(
            parts("Access token", "opaque", 0, true)[0]
                .note
                .as_deref()
                .unwrap()
                .starts_with("Opaque")
        );
        assert_eq!(parts("Refresh token", "opaque", 0, false), []);
        assert!(
            parts("T", "a.b.c.d.e", 0, true)[0]
                .note
                .as_deref()
                .unwrap()
                .contains("JWE")
        );
        // A number no calendar has must not bring the reader down.
        let absurd = crate::sample::jwt(&json!({"exp": 1e300, "iat": -5}));
        assert_eq!(parts("T", &absurd, 0, true).len(), 2);
    }
}
