use crate::finding::{Owner, Part};
use crate::preflights::{is_redirect, preflights};
use crate::reading::{ExchangeRef, Reading};
use crate::rule::{Findings, rule};
use crate::spec::RFC9700_CORS;
use crate::wording::list;

rule! {
    /// # What it looks at
    /// The answers to preflight requests, which the check as a client in a browser sends: whether
    /// they have `Access-Control-Allow-Origin`. Without that check nothing is said.
    ///
    /// # Why it matters
    /// A browser lets a page of another origin neither send such requests nor read what comes back.
    /// Clients that run in a page (inspectors, playgrounds) see no more than a failed fetch; all
    /// others notice nothing.
    ///
    /// # How to fix
    /// Let the endpoint answer `OPTIONS` with 204 and `Access-Control-Allow-Origin: *` (no cookies
    /// are needed), before any check for a token, and send the header with every other answer as
    /// well, errors included. `Access-Control-Expose-Headers: WWW-Authenticate` lets such clients
    /// read the challenge.
    ///
    /// # References
    /// RFC 9700 section 2.6; Fetch Standard, "CORS protocol".
    "S02" "cors_missing" Warning McpServer since None,
    title: "Clients in a browser cannot reach this server",
    variants: [
        MCP_SERVER: Warning McpServer Certain "Clients in a browser cannot reach the MCP server",
        AUTHORIZATION_SERVER: Warning AuthorizationServer Certain
            "Clients in a browser cannot reach the authorization server",
    ],
    spec: [RFC9700_CORS],
    follows: ["S04"],
    looks_at: [Preflight],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    for owner in [Owner::McpServer, Owner::AuthorizationServer] {
        let missing: Vec<ExchangeRef<'_>> = preflights(reading, owner)
            .filter(|seen| is_missing(*seen))
            .collect();
        let Some(first) = missing.first() else {
            continue;
        };
        let urls: Vec<&str> = missing.iter().map(|seen| seen.request().url()).collect();
        let finding = RULE
            .found(RFC9700_CORS)
            .variant(if owner == Owner::McpServer {
                &MCP_SERVER
            } else {
                &AUTHORIZATION_SERVER
            })
            .at(
                first.seq,
                Part::response_header("Access-Control-Allow-Origin"),
            )
            .message(
                "The browser refuses to send the request and says \"No \
                 'Access-Control-Allow-Origin' header\". Clients that do not run in a browser are \
                 not affected.",
            )
            .expected("Access-Control-Allow-Origin: *")
            .actual(format!(
                "{} without Access-Control-Allow-Origin from {}",
                first.status().unwrap_or_default(),
                list(&urls)
            ))
            .fix(
                "Answer OPTIONS at these URLs with 204 and Access-Control-Allow-Origin, before any \
                 check for a token, and send the header with all other answers too.",
            );
        findings.add(finding);
    }
}

fn is_missing(seen: ExchangeRef<'_>) -> bool {
    seen.response_with_headers().is_some_and(|response| {
        !is_redirect(&response)
            && response
                .header_value("access-control-allow-origin")
                .is_none()
    })
}

#[cfg(test)]
pub(super) mod tests {
    use trace::{CrossOrigin, Purpose, Request, Trace};

    use crate::finding::Owner;
    use crate::sample::{AS, Answer, MCP, Run, found_in, push_to_server};

    /// A run with a preflight to both servers.
    pub fn with_preflights(mcp: Answer, server: Answer) -> Trace {
        let mut trace = Run::healthy().trace();
        let token = format!("{AS}/token");
        let both = [
            (CrossOrigin::McpEndpoint, MCP, mcp),
            (CrossOrigin::Token, token.as_str(), server),
        ];
        for (of, url, answer) in both {
            let request = Request::new("OPTIONS", url)
                .header("origin", "http://localhost:6274")
                .header("access-control-request-method", "POST")
                .header(
                    "access-control-request-headers",
                    "authorization,content-type",
                );
            push_to_server(&mut trace, Purpose::Preflight { of }, request, &answer);
        }
        trace
    }

    pub fn allowed() -> Answer {
        Answer::bare(204)
            .header("access-control-allow-origin", "*")
            .header(
                "access-control-allow-headers",
                "Authorization, Content-Type",
            )
    }

    #[test]
    fn names_the_server_whose_answer_lacks_it() {
        let mcp = found_in(&with_preflights(Answer::bare(401), allowed()), "S02").unwrap();
        assert_eq!(mcp.owner, Owner::McpServer);
        let server = found_in(&with_preflights(allowed(), Answer::bare(204)), "S02").unwrap();
        assert_eq!(server.owner, Owner::AuthorizationServer);
    }

    #[test]
    fn is_silent_when_it_is_there_and_about_redirects() {
        assert_eq!(
            found_in(&with_preflights(allowed(), allowed()), "S02"),
            None
        );
        assert_eq!(
            found_in(&with_preflights(Answer::bare(301), allowed()), "S02"),
            None
        );
        assert!(Run::healthy().is_silent("S02"));
    }
}
