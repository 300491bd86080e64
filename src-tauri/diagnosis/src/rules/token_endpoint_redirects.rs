use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::{RFC6749_TOKEN_POST, RFC9110_POST_BECOMES_GET};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A token request that is answered with a redirect.
    ///
    /// # Why it matters
    /// Many HTTP clients turn a redirected POST into a GET without a body, and the token endpoint
    /// then answers with an error that has nothing to do with the code. Others do not follow at
    /// all, since the request carries credentials. The first login may work by luck, and the
    /// refresh an hour later does not.
    ///
    /// # How to fix
    /// Put the URL that answers into `token_endpoint`: with or without the slash at its end, with
    /// https, with the host that serves it.
    ///
    /// # References
    /// RFC 6749 section 3.2; RFC 9110 section 15.4.
    "T04" "token_endpoint_redirects" Error AuthorizationServer Likely since None,
    title: "The token endpoint redirects instead of answering",
    spec: [RFC6749_TOKEN_POST, RFC9110_POST_BECOMES_GET],
    stops: [TokenRejected, InvalidTokenResponse],
    looks_at: [TokenRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let redirected = reading.tokens.iter().find_map(|(seen, _)| {
        let response = seen.response()?;
        (300..400)
            .contains(&response.status)
            .then_some((*seen, response))
    });
    let Some((seen, response)) = redirected else {
        return;
    };
    let url = &seen.request().url;
    let location = response.header_value("location").unwrap_or_default();
    let target = match location {
        "" => "nowhere: there is no Location".into(),
        location => excerpt(location.split('?').next().unwrap_or(location)),
    };
    let keeps_method = matches!(response.status, 307 | 308);
    let finding = RULE
        .found(if keeps_method {
            RFC6749_TOKEN_POST
        } else {
            RFC9110_POST_BECOMES_GET
        })
        .at(seen.seq, Part::Status)
        .message(if keeps_method {
            "The request carries a code and perhaps a secret, so clients that are careful do \
                 not send it on to another URL, and stop."
        } else {
            "Clients that follow this send a GET without a body, and those that are careful do \
                 not follow. Neither gets a token."
        })
        .expected(format!("an answer from {url}"))
        .actual(format!("{} to {target}", response.status))
        .fix(format!(
            "Write the URL that answers without a redirect into token_endpoint of the metadata{}. \
             When a proxy redirects (a slash at the end, http to https), let it leave the token \
             endpoint alone.",
            hint(url, location)
        ));
    findings.add(finding);
}

/// What the two URLs differ by, when it is a slash or the scheme.
fn hint(url: &str, location: &str) -> String {
    let Some(target) = url::Url::parse(url).and_then(|url| url.join(location)).ok() else {
        return String::new();
    };
    let target = target.as_str();
    if !location.is_empty()
        && target != url
        && target.trim_end_matches('/') == url.trim_end_matches('/')
    {
        return ": they differ by a slash at the end".into();
    }
    match (url.strip_prefix("http://"), target.strip_prefix("https://")) {
        (Some(one), Some(other)) if one == other => ": it has to begin with https".into(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use trace::{Phase, StopCode};

    use crate::sample::{Answer, Run};

    fn redirected(status: u16, location: &str) -> Run {
        let mut run = Run::healthy();
        run.token = Answer::bare(status).header("location", location);
        run.stop(Phase::Token, StopCode::TokenRejected);
        run
    }

    #[test]
    fn says_where_to_and_what_differs() {
        let finding = redirected(301, "/token/").finding("T04");
        assert_eq!(finding.actual.as_deref(), Some("301 to /token/"));
        assert!(finding.fix.contains("slash at the end"), "{}", finding.fix);
        assert!(finding.spec.title.starts_with("RFC 9110"));
        let kept = redirected(308, "https://other.example/token").finding("T04");
        assert!(kept.message.contains("careful"));
    }

    #[test]
    fn no_other_rule_explains_it_too_and_an_error_is_none() {
        assert_eq!(redirected(302, "/login").found(), ["T04"]);
        let mut run = Run::healthy();
        run.token = Answer::json(400, serde_json::json!({"error": "invalid_grant"}));
        assert!(run.is_silent("T04"));
    }
}
