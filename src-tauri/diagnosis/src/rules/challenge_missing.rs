use crate::finding::Part;
use crate::providers::access_proxy;
use crate::reading::{ExchangeRef, Reading, challenges};
use crate::rule::{Findings, rule};
use crate::spec::{RFC6750_CHALLENGE, RFC9110_UNAUTHORIZED};
use crate::wording::{answer_in_words, excerpt, in_its_own_words, list};

rule! {
    /// # What it looks at
    /// A 401 of the MCP server without a `WWW-Authenticate` field, or with challenges of other
    /// schemes only, such as Basic.
    ///
    /// # Why it matters
    /// The header is how a client learns that OAuth is wanted and where to begin. Without it some
    /// clients say that the server does not implement OAuth, others guess well-known URLs.
    ///
    /// # How to fix
    /// Send `WWW-Authenticate: Bearer resource_metadata="…"` with every 401. A middleware that ends
    /// the request before the OAuth one, or a proxy that drops the field, are the usual causes.
    ///
    /// # References
    /// RFC 9110 section 11.6.1; RFC 6750 section 3; RFC 9728 section 5.1.
    "D01" "challenge_missing" Error McpServer Likely since None,
    title: "The 401 comes without WWW-Authenticate",
    variants: [
        RENAMED: Error Network Certain
            "The 401 carries its challenge under the name {header}",
        IN_FRONT: Error Network Likely
            "The 401 comes from {front}, in front of the MCP server",
        OTHER_SCHEME: Error McpServer Likely
            "The 401 asks for {scheme} and not for a bearer token",
    ],
    spec: [RFC9110_UNAUTHORIZED, RFC6750_CHALLENGE],
    supersedes: [OTHER_SCHEME "D02"],
    stops: [NoResourceMetadata],
    looks_at: [Unauthorized],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let bare = reading.mcp_calls.iter().find(|call| {
        let response = call
            .response_with_headers()
            .filter(|response| response.status == 401);
        response.is_some_and(|response| {
            response
                .header_values("www-authenticate")
                .all(|value| value.trim().is_empty())
        })
    });
    let Some(bare) = bare else {
        return other_scheme(reading, findings);
    };
    if let Some((name, value)) = renamed(*bare) {
        return findings.add(
            RULE.found(RFC9110_UNAUTHORIZED)
                .variant(&RENAMED)
                .title_with([name.as_str()])
                .at(bare.seq, Part::response_header(&name))
                .message(
                    "The server sends a challenge, and the gateway in front of it passes it on under \
                     another name, at which no client looks. So nothing says that OAuth is wanted.",
                )
                .expected("WWW-Authenticate: Bearer resource_metadata=\"…\"")
                .actual(format!("{name}: {value}"))
                .fix(
                    "Let the gateway send the header under its own name: in Amazon API Gateway map \
                     it in the integration response, or use an HTTP API in place of a REST API.",
                ),
        );
    }
    let front = bare
        .response_with_body()
        .and_then(|response| access_proxy(&response));
    if let Some(front) = front {
        return findings.add(
            RULE.found(RFC9110_UNAUTHORIZED)
                .variant(&IN_FRONT)
                .title_with([front])
                .at(bare.seq, Part::Status)
                .message(format!(
                    "{front} answers with a page of its own and wants a login that clients do not \
                     have. The call does not reach the MCP server."
                ))
                .expected("WWW-Authenticate: Bearer resource_metadata=\"…\"")
                .actual(answer_in_words(bare.exchange))
                .fix(format!(
                    "Let the MCP path and /.well-known/ pass {front} without a login."
                )),
        );
    }
    let finding = RULE
        .found(RFC9110_UNAUTHORIZED)
        .at(bare.seq, Part::Status)
        .message(
            "Nothing in the answer says that OAuth is wanted or where it begins. Clients that rely \
             on the header give up here.",
        )
        .expected("WWW-Authenticate: Bearer resource_metadata=\"…\"")
        .actual("401 without WWW-Authenticate")
        .fix(
            "Send WWW-Authenticate: Bearer with resource_metadata in every 401. If the server does \
             send it, a proxy in front of it drops it.",
        );
    findings.add(finding);
}

/// A challenge that a gateway has renamed, such as `x-amzn-remapped-www-authenticate`.
fn renamed(call: ExchangeRef<'_>) -> Option<(String, String)> {
    let response = call.response()?;
    let mut headers = response.headers.iter();
    let header = headers.find(|header| {
        let name = header.name.to_ascii_lowercase();
        name.ends_with("-www-authenticate")
    })?;
    Some((excerpt(&header.name), excerpt(&header.value)))
}

/// The schemes of a 401 that challenges, and not for a bearer token.
fn schemes_without_bearer(call: ExchangeRef<'_>) -> Option<Vec<String>> {
    let response = call.response_with_headers()?;
    if response.status != 401 {
        return None;
    }
    let all = challenges(response).ok()?;
    let known = ["Bearer", "DPoP"];
    let bearer = |scheme: &str| known.iter().any(|known| known.eq_ignore_ascii_case(scheme));
    let other = !all.is_empty() && !all.iter().any(|challenge| bearer(&challenge.scheme));
    other.then(|| {
        all.iter()
            .map(|challenge| excerpt(&challenge.scheme))
            .collect()
    })
}

fn other_scheme(reading: &Reading<'_>, findings: &mut Findings) {
    let found = reading
        .mcp_calls
        .iter()
        .find_map(|call| Some((*call, schemes_without_bearer(*call)?)));
    let Some((call, schemes)) = found else { return };
    let sent = call.response().map(|response| {
        let mut values = response.header_values("www-authenticate");
        values.next().map(excerpt).unwrap_or_default()
    });
    // Next to a challenge of their own, gateways say in the body what they want.
    let words = call.response_with_body().and_then(|response| {
        let said = in_its_own_words(&response);
        let body = !response.body.bytes.is_empty();
        body.then(|| format!(", {said}"))
    });
    let schemes = list(&schemes);
    let finding = RULE
        .found(RFC6750_CHALLENGE)
        .variant(&OTHER_SCHEME)
        .title_with([schemes.as_str()])
        .at(call.seq, Part::response_header("WWW-Authenticate"))
        .message(format!(
            "MCP clients have tokens and nothing for {schemes}. Either the server is not set up for \
             OAuth, or something in front of it asks for a login of its own and the call did not \
             reach the server."
        ))
        .expected("WWW-Authenticate: Bearer resource_metadata=\"…\"")
        .actual(format!(
            "WWW-Authenticate: {}{}",
            sent.unwrap_or_default(),
            words.unwrap_or_default()
        ))
        .fix(format!(
            "Send WWW-Authenticate: Bearer with resource_metadata in every 401. If a proxy asks for \
             {schemes}, let it pass the MCP path and /.well-known/."
        ));
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use crate::sample::{Answer, Run};

    #[test]
    fn fires_once_however_often_it_happens() {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        run.calls[1] = Answer::bare(401);
        assert_eq!(run.finding("D01").exchange, Some(2));
    }

    #[test]
    fn a_later_401_needs_the_challenge_as_well() {
        let mut run = Run::healthy_with_refresh();
        run.calls[1].drop_header("www-authenticate");
        assert!(!run.is_silent("D01"));
    }

    #[test]
    fn a_challenge_for_something_else_is_told_and_one_beside_bearer_is_not() {
        let challenged = |value: &str| {
            let mut run = Run::healthy();
            run.challenge.drop_header("www-authenticate");
            run.challenge = run.challenge.header("WWW-Authenticate", value);
            run
        };
        let basic = challenged("Basic realm=\"internal\"").finding("D01");
        assert!(basic.title.contains("Basic"), "{}", basic.title);
        assert!(challenged("Basic realm=\"x\", Bearer").is_silent("D01"));
        assert!(challenged("DPoP algs=\"ES256\"").is_silent("D01"));
    }

    #[test]
    fn is_silent_about_other_statuses() {
        let mut run = Run::healthy();
        run.challenge = Answer::bare(404);
        assert!(run.is_silent("D01"));
    }

    #[test]
    fn what_a_gateway_does_to_it_is_told() {
        let mut run = Run::healthy();
        let challenge = "Bearer resource_metadata=\"https://mcp.example/x\"";
        run.challenge = Answer::bare(401).header("x-amzn-remapped-www-authenticate", challenge);
        assert_eq!(run.finding("D01").variant, "renamed");
        run.challenge = Answer::html(401, "Authentication Required")
            .header("set-cookie", "_vercel_sso_nonce=x; Path=/");
        let finding = run.finding("D01");
        assert_eq!(finding.variant, "in_front");
        assert!(finding.title.contains("Vercel"), "{}", finding.title);
        run.challenge = Answer::html(401, "Log in").header("server", "Vercel");
        assert_eq!(run.finding("D01").variant, "default");
    }
}
