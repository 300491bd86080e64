use trace::pairs;

use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, object, value};
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_TOKEN_JSON;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A token answer that is form-encoded (`access_token=…&token_type=…`) instead of JSON.
    ///
    /// # Why it matters
    /// Clients parse JSON and fail with a message about an unexpected token. Some authorization
    /// servers, GitHub's among them, answer so unless the request carries `Accept:
    /// application/json`.
    ///
    /// # How to fix
    /// Answer with `application/json`. A server that decides by `Accept` must take JSON when
    /// nothing else is asked for; a client can send `Accept: application/json` in the meantime.
    ///
    /// # References
    /// RFC 6749 sections 5.1 and 5.2.
    "T01" "token_response_form_encoded" Error AuthorizationServer since None,
    title: "The token answer is form-encoded instead of JSON",
    spec: [RFC6749_TOKEN_JSON],
    supersedes: ["T02", "T03"],
    stops: [TokenRejected, InvalidTokenResponse],
    looks_at: [TokenRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((seen, _)) = reading
        .tokens
        .iter()
        .find(|(seen, _)| is_form_encoded(*seen))
    else {
        return;
    };
    let media = seen.response().and_then(|response| response.media_type());
    let names: Vec<String> = seen
        .response()
        .and_then(|response| response.text())
        .map(|body| {
            pairs(body)
                .into_iter()
                .map(|pair| match pair.name.as_str() {
                    // What an error says is not a secret.
                    "error" | "error_description" => {
                        format!("{}={}", pair.name, excerpt(&pair.value))
                    }
                    name => format!("{name}=…"),
                })
                .collect()
        })
        .unwrap_or_default();
    let accept = seen
        .request()
        .header_value("accept")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let (message, fix) = if accept.contains("json") {
        (
            "Clients parse token answers as JSON and fail here. The request did ask for JSON with \
             its Accept header.",
            "Answer with Content-Type: application/json and a JSON object.",
        )
    } else {
        (
            "Clients parse token answers as JSON and fail here. The request carried no Accept: \
             application/json, which some authorization servers go by.",
            "Answer with Content-Type: application/json and a JSON object, whether or not the \
             request says Accept. Until then a client can send Accept: application/json.",
        )
    };
    let finding = RULE
        .found(RFC6749_TOKEN_JSON)
        .at(seen.seq, Part::response_header("Content-Type"))
        .message(message)
        .expected("application/json")
        .actual(format!(
            "{}: {}",
            media.unwrap_or_else(|| "no content-type".into()),
            names.join("&")
        ))
        .fix(fix);
    findings.add(finding);
}

/// Whether a token answer is not JSON, but makes sense as a form.
fn is_form_encoded(seen: ExchangeRef<'_>) -> bool {
    let Some(response) = seen
        .response()
        .filter(|response| object(*response).is_none())
    else {
        return false;
    };
    let Some(body) = response.text() else {
        return false;
    };
    let form = pairs(body.trim());
    value(&form, "access_token").is_some() || value(&form, "error").is_some()
}

#[cfg(test)]
mod tests {
    use crate::sample::{Answer, Run};

    fn answered(body: &str) -> Run {
        let mut run = Run::healthy();
        run.token = Answer::bare(200)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cache-control", "no-store");
        run.token.body = body.into();
        run
    }

    #[test]
    fn names_the_fields_and_not_their_values() {
        let finding = answered("access_token=secret-token&token_type=bearer").finding("T01");
        let actual = finding.actual.unwrap();
        assert_eq!(
            actual,
            "application/x-www-form-urlencoded: access_token=…&token_type=…"
        );
    }

    #[test]
    fn is_silent_about_json_with_a_wrong_media_type_and_about_other_text() {
        assert!(answered(r#"{"access_token":"x","token_type":"Bearer"}"#).is_silent("T01"));
        assert!(answered("Service unavailable").is_silent("T01"));
    }
}
