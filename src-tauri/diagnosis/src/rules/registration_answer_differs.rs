use serde_json::Value;
use trace::Document;

use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, object};
use crate::rule::{Findings, Variant, rule};
use crate::spec::{RFC7591_REGISTERED, RFC7591_SECRET_EXPIRES, Spec};
use crate::wording::{excerpt, from_cache};

rule! {
    /// # What it looks at
    /// A successful registration, held against what was asked for: the redirect URIs, the grant
    /// and response types, the authentication method, and when a client secret ends.
    ///
    /// # Why it matters
    /// The server may replace what a client asks for, but then the client has to notice. Most do
    /// not: they send the redirect URI or use the method that they asked for, and are refused a
    /// step later, for a reason that seems to have nothing to do with the registration.
    ///
    /// # How to fix
    /// Register what was asked for, or refuse the registration with `invalid_redirect_uri` or
    /// `invalid_client_metadata`.
    ///
    /// # References
    /// RFC 7591 sections 2 and 3.2.1.
    "G21" "registration_answer_differs" Warning AuthorizationServer since None,
    title: "The registration answers another {member} than was asked for",
    variants: [
        METHOD_UNKNOWN: Error AuthorizationServer Certain
            "The registration answers another {member} than was asked for",
        SECRET_WITHOUT_END: Warning AuthorizationServer Certain
            "The registration gives a client secret without {member}",
        FROM_CACHE: Warning Network Likely
            "The registration is answered by a cache, after {age} seconds",
        SECRET_ENDED: Error AuthorizationServer Certain
            "The registration gives a client secret that has expired, by {member}",
    ],
    spec: [RFC7591_REGISTERED, RFC7591_SECRET_EXPIRES],
    looks_at: [Registered],
}

/// The authentication methods that MCP clients have (RFC 7591 section 2, RFC 8705 section 2).
const KNOWN_METHODS: [&str; 6] = [
    "none",
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
];

/// A secret without an end may be written as a time as far away as this, in seconds since 1970.
const MILLISECONDS: f64 = 100_000_000_000.0;

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(seen) = reading.registrations.last().copied() else {
        return;
    };
    let Some(response) = seen.response_with_body() else {
        return;
    };
    if !(200..300).contains(&response.status) {
        return;
    }
    let (Some(answer), Some(asked)) = (object(response), asked(seen)) else {
        return;
    };
    // An answer without a client ID is not a registration, which is another rule's matter.
    if answer.get("client_id").is_none_or(|id| !id.is_string()) {
        return;
    }
    for member in ["redirect_uris", "grant_types", "response_types"] {
        if let Some((expected, actual)) = list_differs(member, &asked, &answer) {
            let finding = found(seen, RULE.default_variant(), member, RFC7591_REGISTERED)
                .message(
                    "The client goes on with what it asked for. Where it needs what is not \
                     registered, the authorization request or the token request is refused.",
                )
                .expected(expected)
                .actual(actual)
                .fix(format!(
                    "Register the {member} that the client asks for, or refuse the registration \
                     and say why."
                ));
            findings.add(finding);
        }
    }
    from_a_cache(seen, findings);
    method(seen, &asked, &answer, findings);
    secret(seen, &answer, findings);
}

/// An answer that was made for another client.
fn from_a_cache(seen: ExchangeRef<'_>, findings: &mut Findings) {
    let response = seen.response_with_headers();
    let Some(told) = response.and_then(|response| from_cache(&response)) else {
        return;
    };
    let age = response.and_then(|response| response.header_value("age").map(excerpt));
    let age = age.unwrap_or_default();
    findings.add(
        found(seen, &FROM_CACHE, &age, RFC7591_REGISTERED)
            .at(seen.seq, Part::response_header("Age"))
            .message(format!(
                "{told} Everybody who registers meanwhile gets the same client, with the redirect \
                 URIs and the secret of the first one."
            ))
            .expected("an answer of the authorization server to this registration")
            .actual(format!("Age: {age}"))
            .fix(
                "Send Cache-Control: no-store with every answer of the registration endpoint, and \
                 let no cache in front of it answer a POST.",
            ),
    );
}

fn found(
    seen: ExchangeRef<'_>,
    variant: &'static Variant,
    member: &str,
    spec: Spec,
) -> crate::finding::Finding {
    RULE.found(spec)
        .variant(variant)
        .title_with([member])
        .at(seen.seq, Part::body(&format!("/{member}")))
}

fn asked(seen: ExchangeRef<'_>) -> Option<Document> {
    serde_json::from_slice(&seen.request().get().body.bytes).ok()
}

/// What of a list is missing in the answer that has the list; one that is left out says nothing.
fn list_differs(member: &str, asked: &Document, answer: &Document) -> Option<(String, String)> {
    let asked = asked.get(member)?.as_array()?;
    let answered = answer.get(member)?;
    let kept = |wanted: &Value| match answered {
        Value::Array(items) => items.contains(wanted),
        _ => false,
    };
    // Without a refresh token a client logs in again, so this difference is not worth a finding.
    let needed = asked.iter().filter(|wanted| *wanted != "refresh_token");
    let missing: Vec<String> = needed
        .filter(|wanted| !kept(wanted))
        .map(Value::to_string)
        .collect();
    if missing.is_empty() {
        return None;
    }
    Some((
        excerpt(&if answered.is_array() {
            format!("{} in {member}", missing.join(", "))
        } else {
            format!("{member} as an array with {}", missing.join(", "))
        }),
        excerpt(&format!("\"{member}\": {answered}")),
    ))
}

fn method(seen: ExchangeRef<'_>, asked: &Document, answer: &Document, findings: &mut Findings) {
    const MEMBER: &str = "token_endpoint_auth_method";
    let (Some(wanted), Some(given)) = (
        asked.get(MEMBER).and_then(Value::as_str),
        answer.get(MEMBER).and_then(Value::as_str),
    ) else {
        return;
    };
    // A client that can use the other method goes on with it.
    if wanted == given || KNOWN_METHODS.contains(&given) {
        return;
    }
    let finding = found(seen, &METHOD_UNKNOWN, MEMBER, RFC7591_REGISTERED)
        .message(format!(
            "The client asked for {wanted} and is registered with {}, which MCP clients do not \
             have. The token request will be refused.",
            excerpt(given)
        ))
        .expected(format!("\"{MEMBER}\": \"{wanted}\""))
        .actual(excerpt(&format!("\"{MEMBER}\": \"{given}\"")))
        .fix(format!(
            "Register the client with {wanted}, or with one of none, client_secret_post, \
             client_secret_basic and private_key_jwt."
        ));
    findings.add(finding);
}

fn secret(seen: ExchangeRef<'_>, answer: &Document, findings: &mut Findings) {
    const MEMBER: &str = "client_secret_expires_at";
    if answer
        .get("client_secret")
        .is_none_or(|secret| !secret.is_string())
    {
        return;
    }
    let Some(end) = answer.get(MEMBER).filter(|end| !end.is_null()) else {
        let finding = found(seen, &SECRET_WITHOUT_END, MEMBER, RFC7591_SECRET_EXPIRES)
            .message(
                "A client cannot tell how long the secret is good for. Clients with a strict schema \
                 refuse the registration.",
            )
            .expected(format!("\"{MEMBER}\": 0, or the time at which it expires"))
            .actual(match answer.get(MEMBER) {
                Some(end) => format!("\"{MEMBER}\": {end}"),
                None => format!("no {MEMBER}"),
            })
            .fix(format!(
                "Add \"{MEMBER}\": 0 where the secret does not expire, else the time in seconds \
                 since 1970."
            ));
        findings.add(finding);
        return;
    };
    let now = seen.exchange.started.0 as f64 / 1_000_000.0;
    let ended = end
        .as_f64()
        .is_some_and(|end| end != 0.0 && end < now && end < MILLISECONDS);
    if ended {
        let finding = found(seen, &SECRET_ENDED, MEMBER, RFC7591_SECRET_EXPIRES)
            .message("By this the secret is of no use: the token request will be refused.")
            .expected(format!("\"{MEMBER}\": 0, or a time to come"))
            .actual(format!("\"{MEMBER}\": {end}"))
            .fix(format!(
                "Set {MEMBER} to 0 where the secret does not expire, else to a time to come in \
                 seconds since 1970."
            ));
        findings.add(finding);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::Run;

    fn answered(member: &str, value: serde_json::Value) -> Run {
        let mut run = Run::healthy();
        let (asked, answer) = run.registration.as_mut().unwrap();
        asked["grant_types"] = json!(["authorization_code", "refresh_token"]);
        answer.edit(|answer| answer[member] = value);
        run
    }

    #[test]
    fn what_differs() {
        for (member, value) in [
            ("redirect_uris", json!(["https://other.example/cb"])),
            ("redirect_uris", json!([])),
            ("grant_types", json!(["client_credentials"])),
            ("token_endpoint_auth_method", json!("client_secret_jwt")),
        ] {
            let found = answered(member, value).finding("G21");
            assert!(found.title.contains(member), "{}", found.title);
        }
    }

    #[test]
    fn an_answer_out_of_a_cache() {
        let aged = |age: &str| {
            let mut run = Run::healthy();
            let (_, answer) = run.registration.as_mut().unwrap();
            *answer = answer.clone().header("Age", age);
            run
        };
        assert_eq!(aged("86000").finding("G21").variant, "from_cache");
        assert!(aged("0").is_silent("G21"));
    }

    #[test]
    fn is_silent_about_more_than_asked_for_and_what_is_left_out() {
        for (member, value) in [
            (
                "redirect_uris",
                json!([crate::sample::REDIRECT, "https://other.example/cb"]),
            ),
            ("grant_types", json!(["authorization_code"])),
            ("token_endpoint_auth_method", json!("client_secret_post")),
            ("software_id", json!("x")),
        ] {
            assert!(answered(member, value).is_silent("G21"), "{member}");
        }
        let mut run = Run::healthy();
        let (_, answer) = run.registration.as_mut().unwrap();
        answer.edit(|answer| *answer = json!({"client_id": "c1"}));
        assert!(run.is_silent("G21"));
    }

    #[test]
    fn the_end_of_a_secret() {
        let with = |end: Option<serde_json::Value>| {
            let mut run = answered("client_secret", json!("kept"));
            let (_, answer) = run.registration.as_mut().unwrap();
            answer.edit(|answer| {
                if let Some(end) = end {
                    answer["client_secret_expires_at"] = end;
                }
            });
            run
        };
        assert!(with(None).finding("G21").title.contains("without"));
        assert!(
            with(Some(json!(1)))
                .finding("G21")
                .title
                .contains("expired")
        );
        assert!(with(Some(json!(0))).is_silent("G21"));
        assert!(with(Some(json!(99_000_000_000_u64))).is_silent("G21"));
    }
}
