use trace::origin_of;

use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::{RFC8414_AUTHORIZATION_ENDPOINT, RFC8414_TOKEN_ENDPOINT};
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// Whether the endpoints in the authorization server metadata are on the origin of its issuer.
    ///
    /// # Why it matters
    /// It is allowed, and some large providers do it. But codes, secrets and tokens go to that
    /// other origin, and a host name that is left over from another environment looks just the
    /// same.
    ///
    /// # How to fix
    /// Nothing has to change when the other origin is meant. Otherwise set the authorization
    /// server's public URL.
    ///
    /// # References
    /// RFC 8414 section 2.
    "M03" "endpoint_of_another_origin" Note Nobody since None,
    title: "An endpoint is on another origin than the issuer",
    spec: [RFC8414_TOKEN_ENDPOINT, RFC8414_AUTHORIZATION_ENDPOINT],
    looks_at: [ServerMetadata],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((attempt, metadata)) = reading.server_metadata() else {
        return;
    };
    // Of providers that are known it is known, too, that they do this on purpose.
    let Some(own) = origin_of(attempt.issuer).filter(|_| reading.provider().is_none()) else {
        return;
    };
    let endpoints = [
        ("token_endpoint", &metadata.token_endpoint),
        ("authorization_endpoint", &metadata.authorization_endpoint),
        ("registration_endpoint", &metadata.registration_endpoint),
    ];
    let elsewhere: Vec<(&str, &String)> = endpoints
        .into_iter()
        .filter_map(|(name, url)| Some((name, url.as_ref()?)))
        .filter(|(_, url)| origin_of(url).is_some_and(|origin| origin != own))
        .collect();
    let Some((first, _)) = elsewhere.first() else {
        return;
    };
    let names: Vec<&str> = elsewhere.iter().map(|(name, _)| *name).collect();
    let lines: Vec<String> = elsewhere
        .iter()
        .map(|(name, url)| format!("{name} {}", excerpt(url)))
        .collect();
    let finding = RULE
        .found(match *first {
            "authorization_endpoint" => RFC8414_AUTHORIZATION_ENDPOINT,
            _ => RFC8414_TOKEN_ENDPOINT,
        })
        .at(attempt.seen.seq, Part::body(&format!("/{first}")))
        .message(format!(
            "{} {} on another origin than the issuer {own}. That is allowed; make sure that the \
             other origin is the authorization server's own.",
            list(&names),
            if names.len() == 1 { "is" } else { "are" }
        ))
        .actual(lines.join("\n"))
        .fix(
            "Nothing has to change when this origin is meant. Otherwise set the public URL of the \
              server.",
        );
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::Run;

    #[test]
    fn names_the_endpoints_that_are_elsewhere() {
        let mut run = Run::healthy();
        run.server_tries[0].2.edit(|metadata| {
            metadata["token_endpoint"] = json!("https://tokens.example/token");
        });
        let finding = run.finding("M03");
        assert!(
            finding
                .message
                .starts_with("token_endpoint is on another origin"),
            "{}",
            finding.message
        );
        assert_eq!(run.found(), ["M03"]);
    }

    #[test]
    fn is_silent_about_known_providers_and_about_one_origin() {
        assert!(Run::healthy().is_silent("M03"));
        let mut run = Run::healthy();
        run.issuer = "https://accounts.google.com".into();
        assert!(run.is_silent("M03"));
    }
}
