use crate::finding::{Finding, Owner, Part};
use crate::preflights::{from_pages, is_redirect, preflights};
use crate::reading::{ExchangeRef, Reading};
use crate::rule::{Findings, rule};
use crate::spec::RFC9700_CORS;
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// The answers to what the check as a client in a browser sends: preflight requests, and the
    /// requests that a page sends itself. Each has to have `Access-Control-Allow-Origin`, errors
    /// too. Without that check nothing is said.
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
        ANSWER_OF_MCP_SERVER: Warning McpServer Certain
            "Clients in a browser cannot read what the MCP server answers",
        ANSWER_OF_AUTHORIZATION_SERVER: Warning AuthorizationServer Certain
            "Clients in a browser cannot read what the authorization server answers",
    ],
    spec: [RFC9700_CORS],
    follows: ["S04"],
    looks_at: [CrossOrigin],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    for owner in [Owner::McpServer, Owner::AuthorizationServer] {
        let missing: Vec<ExchangeRef<'_>> = preflights(reading, owner)
            .filter(|seen| is_missing(*seen))
            .collect();
        let Some(first) = missing.first() else {
            unreadable(reading, owner)
                .into_iter()
                .for_each(|it| findings.add(it));
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
                "{} {} from {}",
                first.status().unwrap_or_default(),
                instead(*first).unwrap_or_default(),
                list(&urls)
            ))
            .fix(
                "Answer OPTIONS at these URLs with 204 and Access-Control-Allow-Origin, before any \
                 check for a token, and send the header with all other answers too.",
            );
        findings.add(finding);
    }
}

/// Preflights are answered as they should be, and the requests that follow them are not.
fn unreadable(reading: &Reading<'_>, owner: Owner) -> Option<Finding> {
    // A server may refuse a page's origin, and 403 says so (2025-11-25 basic/transports, "Security
    // Warning").
    let refused = |seen: &ExchangeRef<'_>| seen.status() == Some(403);
    let missing: Vec<ExchangeRef<'_>> = from_pages(reading, owner)
        .filter(|seen| is_missing(*seen) && !refused(seen))
        .collect();
    let first = missing.first()?;
    let answers = missing.iter().map(|seen| {
        let status = seen.status().unwrap_or_default();
        format!("{status} from {}", seen.request().url())
    });
    let answers: Vec<String> = answers.collect();
    let part = Part::response_header("Access-Control-Allow-Origin");
    let finding = RULE
        .found(RFC9700_CORS)
        .variant(if owner == Owner::McpServer {
            &ANSWER_OF_MCP_SERVER
        } else {
            &ANSWER_OF_AUTHORIZATION_SERVER
        })
        .at(first.seq, part)
        .message(
            "The browser sends the request, and keeps the answer from the page: the page sees a \
             failed fetch, neither a status nor what the server says. Clients that do not run in a \
             browser are not affected.",
        )
        .expected("Access-Control-Allow-Origin: *")
        .actual(format!(
            "{} {}",
            list(&answers),
            instead(*first).unwrap_or_default()
        ))
        .fix(
            "Send Access-Control-Allow-Origin with every answer of these URLs, errors included, \
             as with the answers to OPTIONS.",
        );
    Some(finding)
}

fn is_missing(seen: ExchangeRef<'_>) -> bool {
    seen.response_with_headers()
        .is_some_and(|response| !is_redirect(&response) && instead(seen).is_some())
}

/// What an answer has in place of an `Access-Control-Allow-Origin` that lets a browser pass: one
/// value, which is `*` or the origin of the page.
fn instead(seen: ExchangeRef<'_>) -> Option<String> {
    const NAME: &str = "Access-Control-Allow-Origin";
    let response = seen.response_with_headers()?;
    let values: Vec<&str> = response.header_values(NAME).collect();
    let page = seen.request().header_value("origin");
    match values.as_slice() {
        [] => Some(format!("without {NAME}")),
        [value] if value.contains(',') => Some(format!("with several values of {NAME}: {value}")),
        [value] if value.trim() == "*" || Some(value.trim()) == page || page.is_none() => None,
        [value] => Some(format!("with {NAME}: {}", excerpt(value))),
        values => Some(format!(
            "with {NAME} more than once: {}",
            excerpt(&values.join(", "))
        )),
    }
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

    /// A page's requests of both servers, after preflights that were answered well.
    pub fn with_pages(mcp: Answer, server: Answer) -> Trace {
        let mut trace = with_preflights(allowed(), allowed());
        let token = format!("{AS}/token");
        let both = [
            (CrossOrigin::McpEndpoint, MCP, mcp),
            (CrossOrigin::Token, token.as_str(), server),
        ];
        for (of, url, answer) in both {
            let request = Request::new("POST", url).header("origin", "http://localhost:6274");
            push_to_server(&mut trace, Purpose::FromPage { of }, request, &answer);
        }
        trace
    }

    pub fn readable(status: u16) -> Answer {
        Answer::bare(status).header("access-control-allow-origin", "*")
    }

    #[test]
    fn an_error_that_a_page_cannot_read_is_named_where_preflights_are_well() {
        let found = |mcp, server| found_in(&with_pages(mcp, server), "S02");
        let mcp = found(Answer::bare(401), readable(400)).unwrap();
        assert_eq!(mcp.owner, Owner::McpServer);
        assert!(mcp.actual.unwrap().contains(&format!("401 from {MCP}")));
        let server = found(readable(401), Answer::bare(400)).unwrap();
        assert_eq!(server.variant, "answer_of_authorization_server");
        for mcp in [readable(401), Answer::bare(403), Answer::bare(307)] {
            assert_eq!(found(mcp, readable(400)), None);
        }
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
