use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::{MCP_HTTPS, RFC8414_AUTHORIZATION_ENDPOINT, RFC8414_TOKEN_ENDPOINT};
use crate::wording::{excerpt, is_http_url};

rule! {
    /// # What it looks at
    /// `authorization_endpoint` and `token_endpoint` of the authorization server metadata: whether
    /// they are there, and are http or https URLs.
    ///
    /// # Why it matters
    /// Without them there is nowhere to send the user or to redeem the code. Clients do not guess,
    /// and must not open a URL of another scheme.
    ///
    /// # How to fix
    /// Put both endpoints into the metadata as absolute https URLs.
    ///
    /// # References
    /// RFC 8414 section 2; MCP authorization, "Communication Security".
    "M01" "missing_endpoint" Error AuthorizationServer since None,
    title: "An endpoint that is needed is missing in the metadata",
    variants: [
        NOT_A_URL: Error AuthorizationServer Certain "{endpoint} is not an http or https URL",
        ABSENT: Error AuthorizationServer Certain "The metadata has no {endpoint}",
    ],
    spec: [RFC8414_AUTHORIZATION_ENDPOINT, RFC8414_TOKEN_ENDPOINT, MCP_HTTPS],
    stops: [MissingEndpoint],
    looks_at: [ServerMetadata],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((attempt, metadata)) = reading.server_metadata() else {
        return;
    };
    // What names nothing at all is another rule's matter.
    if metadata.is_blank() {
        return;
    }
    let endpoints = [
        (
            "authorization_endpoint",
            &metadata.authorization_endpoint,
            RFC8414_AUTHORIZATION_ENDPOINT,
        ),
        (
            "token_endpoint",
            &metadata.token_endpoint,
            RFC8414_TOKEN_ENDPOINT,
        ),
    ];
    let odd = metadata
        .registration_endpoint
        .as_ref()
        .filter(|url| !is_http_url(url));
    let registration = odd.map(|_| {
        (
            "registration_endpoint",
            &metadata.registration_endpoint,
            MCP_HTTPS,
        )
    });
    for (name, endpoint, spec) in endpoints.into_iter().chain(registration) {
        let finding = match endpoint {
            Some(url) if is_http_url(url) => continue,
            Some(url) => RULE
                .found(MCP_HTTPS)
                .variant(&NOT_A_URL)
                .title_with([name])
                .message(format!(
                    "Clients must not use {name} as it stands: only absolute https URLs are safe \
                     to open."
                ))
                .actual(excerpt(url)),
            None => RULE
                .found(spec)
                .variant(&ABSENT)
                .title_with([name])
                .message(format!(
                    "Clients do not guess endpoints; without {name} they stop."
                ))
                .actual(format!("no {name}")),
        };
        findings.add(
            finding
                .at(attempt.seen.seq, Part::body(&format!("/{name}")))
                .expected("an absolute https URL")
                .fix(format!(
                    "Put {name} into the metadata as an absolute https URL."
                )),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::Run;

    fn with_endpoint(name: &str, value: serde_json::Value) -> Run {
        let mut run = Run::healthy();
        run.server_tries[0]
            .2
            .edit(|metadata| metadata[name] = value);
        run
    }

    #[test]
    fn tells_missing_and_dangerous_apart() {
        let missing = with_endpoint("token_endpoint", json!(null)).finding("M01");
        assert_eq!(missing.title, "The metadata has no token_endpoint");
        let script =
            with_endpoint("authorization_endpoint", json!("javascript:alert(1)")).finding("M01");
        assert_eq!(script.actual.as_deref(), Some("javascript:alert(1)"));
        assert!(!with_endpoint("token_endpoint", json!("/token")).is_silent("M01"));
    }

    #[test]
    fn a_registration_endpoint_may_be_absent_but_not_of_another_scheme() {
        assert!(!with_endpoint("registration_endpoint", json!("file:///etc")).is_silent("M01"));
    }

    #[test]
    fn is_silent_about_http_and_about_other_endpoints() {
        assert!(
            with_endpoint("token_endpoint", json!("http://127.0.0.1:9000/token")).is_silent("M01")
        );
        assert!(with_endpoint("registration_endpoint", json!(null)).is_silent("M01"));
    }
}
