use crate::finding::{Owner, Part};
use crate::preflights::{names, preflights};
use crate::reading::{ExchangeRef, Reading};
use crate::rule::{Findings, rule};
use crate::spec::RFC9700_CORS;
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// `Access-Control-Allow-Headers` in the answers to preflight requests, next to the header
    /// fields that were asked for.
    ///
    /// # Why it matters
    /// A browser sends no request with a header field that is not allowed. MCP needs
    /// `Authorization`, `Content-Type` and `MCP-Protocol-Version`, which default settings of CORS
    /// libraries leave out.
    ///
    /// # How to fix
    /// Add the names to `Access-Control-Allow-Headers`. A `*` does not cover `Authorization`.
    ///
    /// # References
    /// RFC 9700 section 2.6; Fetch Standard, "CORS protocol".
    "S03" "cors_header_missing" Warning McpServer since None,
    title: "Clients in a browser may not send a header field that they need",
    variants: [
        AUTHORIZATION_SERVER: Warning AuthorizationServer Certain,
    ],
    spec: [RFC9700_CORS],
    follows: ["S04"],
    looks_at: [CrossOrigin],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    for owner in [Owner::McpServer, Owner::AuthorizationServer] {
        let mut lacking = preflights(reading, owner).map(|seen| (seen, lacking(seen)));
        let Some((seen, names)) = lacking.find(|(_, names)| !names.is_empty()) else {
            continue;
        };
        let allowed = seen
            .response()
            .and_then(|response| response.header_value("access-control-allow-headers"));
        let names = list(&names);
        let finding = RULE
            .found(RFC9700_CORS)
            .variant(if owner == Owner::McpServer {
                RULE.default_variant()
            } else {
                &AUTHORIZATION_SERVER
            })
            .at(
                seen.seq,
                Part::response_header("Access-Control-Allow-Headers"),
            )
            .message(format!(
                "The browser says that the request header field {names} is not allowed, and sends \
                 nothing. Clients that do not run in a browser are not affected."
            ))
            .expected(format!("Access-Control-Allow-Headers with {names}"))
            .actual(match allowed {
                Some(allowed) => format!("Access-Control-Allow-Headers: {}", excerpt(allowed)),
                None => "no Access-Control-Allow-Headers".into(),
            })
            .fix(format!(
                "Add {names} to Access-Control-Allow-Headers at {}.",
                seen.request().url
            ));
        findings.add(finding);
    }
}

/// The header fields that were asked for and are not allowed, where the origin is.
fn lacking(seen: ExchangeRef<'_>) -> Vec<String> {
    let Some(response) = seen.response_with_headers() else {
        return Vec::new();
    };
    if response
        .header_value("access-control-allow-origin")
        .is_none()
    {
        return Vec::new();
    }
    let allowed = names(&response, "access-control-allow-headers");
    let any = allowed.iter().any(|name| name == "*");
    let asked = seen
        .request()
        .header_value("access-control-request-headers");
    let asked = asked.into_iter().flat_map(|asked| asked.split(','));
    let covered = |name: &String| allowed.contains(name) || any && name != "authorization";
    let asked = asked.map(|name| name.trim().to_ascii_lowercase());
    asked
        .filter(|name| !name.is_empty() && !covered(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::cors_missing::tests::{allowed, with_preflights};
    use crate::sample::{Answer, found_in};

    #[test]
    fn names_what_is_lacking_and_a_star_is_not_all() {
        let other = |value| {
            Answer::bare(204)
                .header("access-control-allow-origin", "*")
                .header("access-control-allow-headers", value)
        };
        let finding = found_in(&with_preflights(other("content-type"), allowed()), "S03").unwrap();
        assert!(finding.message.contains("field authorization is"));
        let star = found_in(&with_preflights(other("*"), allowed()), "S03").unwrap();
        assert!(star.fix.contains("Add authorization to"));
    }

    #[test]
    fn is_silent_when_all_are_allowed_and_when_no_origin_is() {
        assert_eq!(
            found_in(&with_preflights(allowed(), allowed()), "S03"),
            None
        );
        assert_eq!(
            found_in(&with_preflights(Answer::bare(204), allowed()), "S03"),
            None
        );
    }
}
