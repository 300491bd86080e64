use trace::{Grant, StopCode};

use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::{
    MCP_HTTPS, RFC8414_AUTHORIZATION_ENDPOINT, RFC8414_TOKEN_ENDPOINT, RFC8628_METADATA,
};
use crate::wording::{excerpt, is_http_url};

rule! {
    /// # What it looks at
    /// `authorization_endpoint` and `token_endpoint` of the authorization server metadata: whether
    /// they are there, and are http or https URLs. The same of `device_authorization_endpoint` in a
    /// run that ends for want of it.
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
        OWN_OPTION: Error Client Likely
            "The metadata lacks the endpoint that this run's own {option} needs",
        NOT_A_URL: Error AuthorizationServer Certain "{endpoint} is not an http or https URL",
        ABSENT: Error AuthorizationServer Certain "The metadata has no {endpoint}",
        DEVICE_LISTED: Error AuthorizationServer Certain
            "The metadata lists the device grant and has no {endpoint}",
    ],
    spec: [RFC8414_AUTHORIZATION_ENDPOINT, RFC8414_TOKEN_ENDPOINT, MCP_HTTPS, RFC8628_METADATA],
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
    // Only who chose the device grant needs its endpoint, and then the run ends for want of it.
    let stopped = reading.stopped_saying(StopCode::MissingEndpoint);
    let device = stopped.filter(|(_, said)| said.contains("device_authorization_endpoint"));
    let mut grants = metadata.grant_types_supported.iter().flatten();
    let is_listed = grants.any(|grant| grant == Grant::DeviceCode.grant_type());
    let device = device.map(|_| {
        (
            "device_authorization_endpoint",
            &metadata.device_authorization_endpoint,
            RFC8628_METADATA,
        )
    });
    // Without a grant that uses it there need be no authorization endpoint (RFC 8414 section 2).
    let grants = metadata.grant_types_supported.as_deref();
    let unused = grants.is_some_and(|grants| {
        let with_page =
            |grant: &String| matches!(grant.as_str(), "authorization_code" | "implicit");
        !grants.is_empty() && !grants.iter().any(with_page)
    });
    for (name, endpoint, spec) in endpoints.into_iter().chain(registration).chain(device) {
        if unused && name == "authorization_endpoint" && endpoint.is_none() {
            continue;
        }
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
            // The document contradicts itself, whoever chose the grant.
            None if is_listed && spec == RFC8628_METADATA => RULE
                .found(spec)
                .variant(&DEVICE_LISTED)
                .title_with([name])
                .message(format!(
                    "{} is in grant_types_supported, and the document does not say where it begins. \
                     Clients cannot ask for a code.",
                    Grant::DeviceCode.grant_type()
                ))
                .actual(format!("no {name}")),
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
    use trace::{Phase, StopCode};

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
    fn without_a_grant_with_a_page_there_need_be_no_authorization_endpoint() {
        let mut run = with_endpoint("authorization_endpoint", json!(null));
        let mut grants = |grants: serde_json::Value| {
            let metadata = &mut run.server_tries[0].2;
            metadata.edit(|metadata| metadata["grant_types_supported"] = grants);
            run.is_silent("M01")
        };
        assert!(grants(json!(["client_credentials"])));
        assert!(!grants(json!(["client_credentials", "authorization_code"])));
        assert!(!grants(json!(null)));
    }

    #[test]
    fn the_device_grant_needs_an_endpoint_of_its_own() {
        let mut run = with_endpoint("device_authorization_endpoint", json!(null));
        run.stop(Phase::ServerMetadata, StopCode::MissingEndpoint);
        assert!(run.is_silent("M01"));
        run.stop_message = "device_authorization_endpoint: expected an http or https URL";
        let finding = run.finding("M01");
        assert_eq!(
            finding.actual.as_deref(),
            Some("no device_authorization_endpoint")
        );
    }

    #[test]
    fn the_device_grant_that_is_listed_without_its_endpoint() {
        let device = "urn:ietf:params:oauth:grant-type:device_code";
        let mut run = with_endpoint(
            "grant_types_supported",
            json!(["authorization_code", device]),
        );
        assert!(run.is_silent("M01"));
        run.stop(Phase::ServerMetadata, StopCode::MissingEndpoint);
        run.stop_message = "device_authorization_endpoint: expected an http or https URL";
        assert_eq!(run.finding("M01").variant, "device_listed");
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
