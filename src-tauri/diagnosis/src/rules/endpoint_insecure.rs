use trace::{ServerMetadata, is_loopback, origin_of};

use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::MCP_HTTPS;
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// The endpoints in the authorization server metadata and its issuer: whether one is plain http
    /// on another machine than this one.
    ///
    /// # Why it matters
    /// Codes, secrets and tokens go there in the clear, and clients refuse such URLs. Most often
    /// the server is reached by https and does not know it: a proxy ends TLS, and the server writes
    /// URLs as it sees them.
    ///
    /// # How to fix
    /// Serve the endpoints over https. Behind a proxy, let the server take `X-Forwarded-Proto` into
    /// account or set its public URL.
    ///
    /// # References
    /// MCP authorization, "Communication Security".
    "M02" "endpoint_insecure" Error AuthorizationServer since None,
    title: "An endpoint of the authorization server is plain http",
    spec: [MCP_HTTPS],
    stops: [MissingEndpoint],
    looks_at: [ServerMetadata],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((attempt, metadata)) = reading.server_metadata() else {
        return;
    };
    let insecure: Vec<(&str, &str)> = endpoints(metadata)
        .into_iter()
        .filter_map(|(name, url)| Some((name, url?)).filter(|(_, url)| is_plain(url)))
        .collect();
    let Some((first, _)) = insecure.first() else {
        return;
    };
    let lines: Vec<String> = insecure
        .iter()
        .map(|(name, url)| format!("{name} {}", excerpt(url)))
        .collect();
    let names: Vec<&str> = insecure.iter().map(|(name, _)| *name).collect();
    let by_https = attempt.seen.request().url.starts_with("https:");
    let why = if by_https {
        "The metadata itself came over https, so most likely a proxy ends TLS and the server \
         writes its URLs as it sees them."
    } else {
        "The metadata itself came over plain http too."
    };
    let finding = RULE
        .found(MCP_HTTPS)
        .at(attempt.seen.seq, Part::body(&format!("/{first}")))
        .message(format!(
            "Clients have to refuse {}: what is sent there can be read on the way. {why}",
            list(&names)
        ))
        .expected("https URLs, but for this machine itself")
        .actual(lines.join("\n"))
        .fix(
            "Serve these endpoints over https and write them so. Behind a proxy, set the server's \
             public URL or let it take X-Forwarded-Proto into account.",
        );
    findings.add(finding);
}

fn endpoints(metadata: &ServerMetadata) -> [(&'static str, Option<&str>); 10] {
    [
        ("issuer", metadata.issuer.as_deref()),
        (
            "authorization_endpoint",
            metadata.authorization_endpoint.as_deref(),
        ),
        ("token_endpoint", metadata.token_endpoint.as_deref()),
        (
            "registration_endpoint",
            metadata.registration_endpoint.as_deref(),
        ),
        (
            "revocation_endpoint",
            metadata.revocation_endpoint.as_deref(),
        ),
        (
            "introspection_endpoint",
            metadata.introspection_endpoint.as_deref(),
        ),
        ("userinfo_endpoint", metadata.userinfo_endpoint.as_deref()),
        ("jwks_uri", metadata.jwks_uri.as_deref()),
        (
            "pushed_authorization_request_endpoint",
            metadata.pushed_authorization_request_endpoint.as_deref(),
        ),
        (
            "device_authorization_endpoint",
            metadata.device_authorization_endpoint.as_deref(),
        ),
    ]
}

/// Whether a URL is plain http on another machine: on this one there is nothing in between.
fn is_plain(url: &str) -> bool {
    origin_of(url).is_some_and(|origin| origin.starts_with("http:")) && !is_loopback(url)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::Run;

    fn with(name: &str, url: &str) -> Run {
        let mut run = Run::healthy();
        run.server_tries[0]
            .2
            .edit(|metadata| metadata[name] = json!(url));
        run
    }

    #[test]
    fn names_every_endpoint_and_the_usual_cause() {
        let finding = with("jwks_uri", "http://as.example/jwks").finding("M02");
        assert_eq!(
            finding.actual.as_deref(),
            Some("jwks_uri http://as.example/jwks")
        );
        assert!(finding.message.contains("a proxy ends TLS"));
    }

    #[test]
    fn is_silent_about_https_and_about_this_machine() {
        assert!(Run::healthy().is_silent("M02"));
        for url in [
            "http://localhost:9000/jwks",
            "http://127.0.0.1/jwks",
            "http://[::1]:1/jwks",
        ] {
            assert!(with("jwks_uri", url).is_silent("M02"), "{url}");
        }
    }
}
