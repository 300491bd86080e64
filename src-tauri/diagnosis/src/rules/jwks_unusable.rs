use serde_json::Value;
use trace::Purpose;

use crate::by_status::by_status;
use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, object};
use crate::rule::{Findings, rule};
use crate::spec::{RFC7517_DISCLOSURE, RFC8414_JWKS};
use crate::wording::{answer_in_words, excerpt};

rule! {
    /// # What it looks at
    /// What `jwks_uri` answers: a JWK set with `keys` is expected.
    ///
    /// # Why it matters
    /// MCP servers fetch the keys there to check access tokens. Without them every token is
    /// refused, or taken unchecked.
    ///
    /// # How to fix
    /// Serve the JWK set at `jwks_uri` with status 200, without a login in front of it.
    ///
    /// # References
    /// RFC 8414 section 2; RFC 7517 section 5.
    "J03" "jwks_unusable" Error AuthorizationServer since None,
    title: "The authorization server's keys cannot be fetched",
    variants: [
        BY_NETWORK: Error Network Likely "The authorization server's keys cannot be reached",
        FAILS: Error AuthorizationServer Likely,
        PRIVATE: Error AuthorizationServer Certain
            "The authorization server publishes a private key",
    ],
    spec: [RFC8414_JWKS, RFC7517_DISCLOSURE],
    supersedes: ["O05/default" anywhere],
    stops: [IdTokenInvalid],
    looks_at: [KeySet],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut fetched = reading.sent_for(|purpose| *purpose == Purpose::Jwks);
    let unusable = fetched.find(|seen| {
        let Some(response) = seen.response_with_body() else {
            return false;
        };
        let set = object(response).filter(|_| response.status == 200);
        !set.is_some_and(|set| set.get("keys").is_some_and(Value::is_array))
    });
    let Some(seen) = unusable else {
        return private(reading, findings);
    };
    let ok = seen.status() == Some(200);
    let finding = RULE
        .found(RFC8414_JWKS)
        .at(
            seen.seq,
            if ok {
                Part::body("/keys")
            } else {
                Part::Status
            },
        )
        .message(NO_SIGNATURES)
        .expected(format!(
            "200 with a JWK set, whose keys are an array, from {}",
            seen.request().url
        ))
        .actual(shown(seen))
        .fix("Serve the JWK set at jwks_uri, or correct jwks_uri in the metadata.");
    let response = seen.response_with_body();
    let decided = response.and_then(|response| by_status(&response, "the authorization server"));
    let Some(decided) = decided else {
        return findings.add(finding);
    };
    let finding = if decided.is_of_network() {
        finding.variant(&BY_NETWORK)
    } else {
        // What fails may be there at other times.
        finding.variant(&FAILS)
    };
    findings.add(
        finding
            .message(format!("{NO_SIGNATURES} {}", decided.why))
            .fix(decided.fix),
    );
}

fn shown(seen: ExchangeRef<'_>) -> String {
    let set = seen
        .response_with_body()
        .filter(|response| response.status == 200)
        .and_then(object);
    match set.as_ref().map(|set| set.get("keys")) {
        Some(None) => "200 without keys".into(),
        Some(Some(keys)) => excerpt(&format!("200 with \"keys\": {keys}")),
        None => answer_in_words(seen.exchange),
    }
}

const NO_SIGNATURES: &str = "No signature can be checked: not here, and not by an MCP server that \
                             looks for the keys there.";

/// What only the owner of a key may know (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1).
const PRIVATE_MEMBERS: [&str; 4] = ["d", "p", "q", "k"];

fn private(reading: &Reading<'_>, findings: &mut Findings) {
    let mut fetched = reading.sent_for(|purpose| *purpose == Purpose::Jwks);
    let shown = fetched.find_map(|seen| {
        let set = object(seen.response_with_body()?)?;
        let keys = set.get("keys")?.as_array()?;
        let mut keys = keys.iter().enumerate().filter_map(|(at, key)| {
            let mut members = PRIVATE_MEMBERS.iter();
            let member = members.find(|member| key.get(**member).is_some_and(Value::is_string))?;
            Some((at, *member))
        });
        Some((seen.seq, keys.next()?))
    });
    let Some((seq, (at, member))) = shown else {
        return;
    };
    let finding = RULE
        .found(RFC7517_DISCLOSURE)
        .variant(&PRIVATE)
        .at(seq, Part::body(&format!("/keys/{at}/{member}")))
        .message(
            "Anybody who reads the key set can sign tokens with this key, and every server that \
             trusts it takes them.",
        )
        .expected("public members alone")
        .actual(format!("{member}, the private part, in key {at}"))
        .fix(
            "Take the key out of use now: make a new one, publish its public members alone, and \
             let no token of the old one be good.",
        );
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Purpose, Request, Trace};

    use crate::sample::{AS, Answer, Run, found_in, push_to_server};

    fn fetched(answer: &Answer) -> Trace {
        let mut trace = Run::healthy().trace();
        let request = Request::new("GET", format!("{AS}/jwks"));
        push_to_server(&mut trace, Purpose::Jwks, request, answer);
        trace
    }

    #[test]
    fn nothing_there_a_page_and_another_document() {
        for answer in [
            Answer::bare(404),
            Answer::html(200, "Login"),
            Answer::json(200, json!({"issuer": AS})),
        ] {
            assert!(found_in(&fetched(&answer), "J03").is_some());
        }
    }

    #[test]
    fn a_gateway_a_limit_and_a_private_key() {
        let of = |answer| found_in(&fetched(&answer), "J03").unwrap();
        assert_eq!(of(Answer::bare(502)).variant, "by_network");
        assert!(of(Answer::bare(429)).message.contains("limit"));
        let key = json!({"kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": "c"});
        assert_eq!(
            of(Answer::json(200, json!({"keys": [key]}))).variant,
            "private"
        );
    }

    #[test]
    fn is_silent_about_a_set() {
        assert_eq!(
            found_in(&fetched(&Answer::json(200, json!({"keys": []}))), "J03"),
            None
        );
    }
}
