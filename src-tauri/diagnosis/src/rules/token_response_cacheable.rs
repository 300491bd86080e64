use crate::finding::Part;
use crate::reading::{Reading, access_token};
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_NO_STORE;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A token answer without `Cache-Control: no-store`.
    ///
    /// # Why it matters
    /// A cache on the way may keep the tokens and hand them to someone else.
    ///
    /// # How to fix
    /// Send `Cache-Control: no-store` with every answer of the token endpoint.
    ///
    /// # References
    /// RFC 6749 section 5.1.
    "C01" "token_response_cacheable" Warning AuthorizationServer since None,
    title: "The token answer may be cached",
    spec: [RFC6749_NO_STORE],
    looks_at: [TokenAnswer],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let cacheable = reading.tokens.iter().find_map(|(seen, _)| {
        let response = seen.response_with_headers()?;
        access_token(response)?;
        let mut directives = response
            .header_values("cache-control")
            .flat_map(|value| value.split(','));
        let forbidden =
            directives.any(|directive| directive.trim().eq_ignore_ascii_case("no-store"));
        (!forbidden).then_some((seen, response))
    });
    let Some((seen, response)) = cacheable else {
        return;
    };
    let finding = RULE
        .found(RFC6749_NO_STORE)
        .at(seen.seq, Part::response_header("Cache-Control"))
        .message(
            "A cache on the way may keep this answer with its tokens. This client does not, and \
             nothing breaks.",
        )
        .expected("Cache-Control: no-store")
        .actual(match response.header_value("cache-control") {
            Some(value) => format!("Cache-Control: {}", excerpt(value)),
            None => "no Cache-Control".into(),
        })
        .fix("Send Cache-Control: no-store with every answer of the token endpoint.");
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use crate::sample::Run;

    fn with_cache_control(value: &str) -> Run {
        let mut run = Run::healthy();
        run.token.drop_header("cache-control");
        run.token = run.token.header("Cache-Control", value);
        run
    }

    #[test]
    fn fires_without_and_with_another_directive() {
        let mut run = Run::healthy();
        run.token.drop_header("cache-control");
        assert_eq!(
            run.finding("C01").actual.as_deref(),
            Some("no Cache-Control")
        );
        assert!(!with_cache_control("no-cache, private").is_silent("C01"));
    }

    #[test]
    fn is_silent_when_no_store_is_among_others() {
        assert!(with_cache_control("private, No-Store").is_silent("C01"));
    }
}
