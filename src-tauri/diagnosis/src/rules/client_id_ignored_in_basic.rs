use trace::Grant;

use crate::code_exchange::basic_client_id;
use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading};
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_BASIC;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A token request whose client authenticates by Basic, and an error that says that `client_id`
    /// is missing, although it is in the header.
    ///
    /// # Why it matters
    /// By Basic, `client_id` and secret are in the `Authorization` header and need not be in the
    /// body. A server that reads the body alone turns away every client that does as its metadata
    /// says.
    ///
    /// # How to fix
    /// Read `client_id` from the Basic credentials as well. Until then take `client_secret_basic`
    /// out of `token_endpoint_auth_methods_supported`, so that clients choose `client_secret_post`.
    ///
    /// # References
    /// RFC 6749 section 2.3.1.
    "G09" "client_id_ignored_in_basic" Error AuthorizationServer Likely since None,
    title: "The token endpoint does not see the client_id in the Authorization header",
    spec: [RFC6749_BASIC],
    supersedes: ["T41"],
    stops: [TokenRejected],
    looks_at: [BasicAuthentication],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((seen, grant)) = ignored(reading) else {
        return;
    };
    let offered = reading
        .server_metadata()
        .and_then(|(_, metadata)| metadata.token_endpoint_auth_methods_supported.clone());
    let advertised = match offered {
        Some(methods) if methods.iter().any(|method| method == "client_secret_basic") => {
            " The metadata lists client_secret_basic, so clients may use it."
        }
        None => " The metadata lists no methods, and then client_secret_basic is the one to use.",
        Some(_) => "",
    };
    let response = seen.response();
    let body = response
        .and_then(|response| response.text())
        .unwrap_or_default();
    let what = match grant {
        Grant::RefreshToken => "refresh",
        Grant::AuthorizationCode => "code exchange",
        _ => "token request",
    };
    let finding = RULE
        .found(RFC6749_BASIC)
        .at(seen.seq, Part::body(""))
        .message(format!(
            "The {what} names its client in the Authorization header, as Basic has it, and is told \
             that client_id is missing: the token endpoint looks for it in the body \
             alone.{advertised}"
        ))
        .expected("client_id read from the Basic credentials")
        .actual(format!(
            "{}: {}",
            seen.status().unwrap_or_default(),
            excerpt(body)
        ))
        .fix(
            "Take client_id from the Authorization header when the client authenticates by Basic. \
             Until then offer client_secret_post alone in token_endpoint_auth_methods_supported.",
        );
    findings.add(finding);
}

/// The first token request that was refused so.
fn ignored<'a>(reading: &Reading<'a>) -> Option<(ExchangeRef<'a>, Grant)> {
    reading.tokens.iter().copied().find(|(seen, _)| {
        seen.status().is_some_and(|status| status >= 400)
            && basic_client_id(seen.request()).is_some()
            && seen.request().field("client_id").is_absent()
            && says_missing(*seen)
    })
}

fn says_missing(seen: ExchangeRef<'_>) -> bool {
    let body = seen
        .response()
        .and_then(|response| response.text())
        .unwrap_or_default();
    let body = body.to_ascii_lowercase().replace("client id", "client_id");
    let missing = [
        "missing",
        "required",
        "not provided",
        "no client_id",
        "must provide",
    ];
    body.contains("client_id") && missing.iter().any(|word| body.contains(word))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;
    use trace::{Phase, StopCode};

    use crate::sample::{Answer, Run};

    fn by_basic(description: &str) -> Run {
        let mut run = Run::healthy();
        run.exchange.retain(|(name, _)| *name != "client_id");
        run.client_authentication = Some(format!("Basic {}", STANDARD.encode("c1:pass")));
        run.token = Answer::json(
            401,
            json!({"error": "invalid_client", "error_description": description}),
        );
        run.stop(Phase::Token, StopCode::TokenRejected);
        run
    }

    #[test]
    fn tells_it_from_a_wrong_secret() {
        let finding = by_basic("Missing client_id").finding("G09");
        assert!(finding.message.contains("lists no methods"));
        assert_eq!(by_basic("Client ID is required").found(), ["G09"]);
        assert!(by_basic("The secret is wrong").is_silent("G09"));
    }

    #[test]
    fn is_silent_when_the_body_or_nothing_names_the_client() {
        let mut run = by_basic("Missing client_id");
        run.exchange.push(("client_id", "c1".into()));
        assert!(run.is_silent("G09"));
        run.client_authentication = None;
        assert!(run.is_silent("G09"));
    }
}
