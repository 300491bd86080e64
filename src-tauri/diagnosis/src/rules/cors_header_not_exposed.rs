use crate::finding::{Owner, Part};
use crate::preflights::{from_pages, names};
use crate::reading::{ExchangeRef, Reading};
use crate::rule::{Findings, rule};
use crate::spec::FETCH_EXPOSE_HEADERS;
use crate::wording::{excerpt, list};

/// What a client has to read in answers, beside what a browser always shows to a page.
const READ: [&str; 3] = ["WWW-Authenticate", "Mcp-Session-Id", "DPoP-Nonce"];

rule! {
    /// # What it looks at
    /// The answers to the requests that the check as a client in a browser sends: whether
    /// `Access-Control-Expose-Headers` names the header fields that a client has to read
    /// (`WWW-Authenticate`, `Mcp-Session-Id`, `DPoP-Nonce`), where the answer has them.
    ///
    /// # Why it matters
    /// A browser shows a page of another origin only a few header fields. The page sees a 401 and
    /// no challenge, so it does not learn where the resource metadata is; or an `initialize` that
    /// works and no session, so the next call fails.
    ///
    /// # How to fix
    /// Send `Access-Control-Expose-Headers: WWW-Authenticate, Mcp-Session-Id` with every answer.
    ///
    /// # References
    /// Fetch Standard, "CORS protocol", HTTP responses.
    "S20" "cors_header_not_exposed" Warning McpServer since None,
    title: "Clients in a browser cannot read a header field that they need",
    variants: [
        CHALLENGE: Warning McpServer Certain "Clients in a browser cannot read the challenge",
        AUTHORIZATION_SERVER: Warning AuthorizationServer Certain,
    ],
    spec: [FETCH_EXPOSE_HEADERS],
    looks_at: [CrossOrigin],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    for owner in [Owner::McpServer, Owner::AuthorizationServer] {
        let mut hidden = from_pages(reading, owner).map(|seen| (seen, hidden(seen)));
        let Some((seen, names)) = hidden.find(|(_, names)| !names.is_empty()) else {
            continue;
        };
        let exposed = seen
            .response()
            .and_then(|response| response.header_value("access-control-expose-headers"));
        let first = names[0];
        let names = list(&names);
        let finding = RULE
            .found(FETCH_EXPOSE_HEADERS)
            .variant(match owner {
                Owner::McpServer if first == "WWW-Authenticate" => &CHALLENGE,
                Owner::McpServer => RULE.default_variant(),
                _ => &AUTHORIZATION_SERVER,
            })
            .at(seen.seq, Part::response_header(first))
            .message(format!(
                "The answer has {names}, and the browser does not show it to a page of another \
                 origin. Clients that do not run in a browser are not affected."
            ))
            .expected(format!("Access-Control-Expose-Headers with {names}"))
            .actual(match exposed {
                Some(exposed) => format!("Access-Control-Expose-Headers: {}", excerpt(exposed)),
                None => "no Access-Control-Expose-Headers".into(),
            })
            .fix(format!(
                "Add {names} to Access-Control-Expose-Headers in the answers of {}.",
                seen.request().url
            ));
        findings.add(finding);
    }
}

/// The header fields of an answer that a page may read the rest of.
fn hidden(seen: ExchangeRef<'_>) -> Vec<&'static str> {
    let Some(response) = seen.response_with_headers() else {
        return Vec::new();
    };
    let readable = response.header_value("access-control-allow-origin");
    if readable.is_none() {
        return Vec::new();
    }
    let exposed = names(&response, "access-control-expose-headers");
    let any = exposed.iter().any(|name| name == "*");
    let shown = |name: &str| any || exposed.contains(&name.to_ascii_lowercase());
    let needed = READ.into_iter();
    needed
        .filter(|name| response.header_value(name).is_some() && !shown(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::cors_missing::tests::{readable, with_pages};
    use crate::finding::{Finding, Owner};
    use crate::sample::{Answer, found_in};

    fn found(mcp: Answer, server: Answer) -> Option<Finding> {
        found_in(&with_pages(mcp, server), "S20")
    }

    fn challenge() -> Answer {
        readable(401).header("www-authenticate", "Bearer")
    }

    #[test]
    fn names_what_the_browser_keeps_from_the_page() {
        let finding = found(challenge(), readable(400)).unwrap();
        assert_eq!(
            (finding.variant.as_str(), finding.owner),
            ("challenge", Owner::McpServer)
        );
        let session = readable(200).header("mcp-session-id", "s1");
        let finding = found(session, readable(400)).unwrap();
        assert!(
            finding.fix.starts_with("Add Mcp-Session-Id to"),
            "{}",
            finding.fix
        );
        let nonce = readable(400).header("dpop-nonce", "n");
        let finding = found(readable(200), nonce).unwrap();
        assert_eq!(finding.owner, Owner::AuthorizationServer);
    }

    #[test]
    fn is_silent_where_it_is_exposed_and_where_there_is_nothing_to_read() {
        for exposed in ["WWW-Authenticate", "mcp-session-id, www-authenticate", "*"] {
            let mcp = challenge().header("access-control-expose-headers", exposed);
            assert_eq!(found(mcp, readable(400)), None, "{exposed}");
        }
        assert_eq!(found(readable(200), readable(400)), None);
        // The page sees nothing of it at all: that is told by another rule.
        let bare = Answer::bare(401).header("www-authenticate", "Bearer");
        assert_eq!(found(bare, readable(400)), None);
    }
}
