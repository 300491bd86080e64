use serde_json::Value;
use trace::{Grant, Jwt, JwtError, Revision};

use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, TokenUse, access_token};
use crate::refused_token::{Cause, is_refused_for_its_issuer, reason};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_AUDIENCE, RFC8707_AUDIENCE};
use crate::wording::{differ_by_trailing_slash, excerpt};

rule! {
    /// # What it looks at
    /// The `aud` claim of a JWT access token, against the `resource` that was asked for, and what
    /// the MCP server made of the token. A token that is not a JWT cannot be checked, and the rule
    /// says so.
    ///
    /// # Why it matters
    /// An MCP server must refuse tokens that are not meant for it. So a token with a fixed, empty
    /// or foreign audience gets a 401 right after a login that seemed to work.
    ///
    /// # How to fix
    /// Make the authorization server honour the `resource` parameter: the access token's `aud` has
    /// to name the resource asked for. Some need an API or audience entry for it first, some a
    /// mapper or a claim template. If the server maps resources to names of its own, the MCP server
    /// has to expect that name.
    ///
    /// # References
    /// RFC 8707 section 2; MCP authorization, "Token Handling"; RFC 9068 section 4.
    "T15" "token_audience_wrong" Error AuthorizationServer since Some(Revision::R20250618),
    title: "The access token is not meant for this MCP server",
    variants: [
        OWN_OPTION: Error Client Likely
            "The token is meant for somebody else because of this run's own {option}",
        USE_NOT_RECORDED: Note AuthorizationServer NotChecked
            "Whether the MCP server accepts a token for another audience could not be checked",
        UNREADABLE: Note AuthorizationServer NotChecked
            "Whether the access token is meant for this server could not be checked",
        TAKEN: Note McpServer Likely
            "The access token names another audience, and the MCP server accepts it",
        UNSAID: Error AuthorizationServer Likely,
        LOST_AT_REFRESH: Error AuthorizationServer Likely
            "The refreshed access token is no longer meant for this MCP server",
        NOT_USED: Error AuthorizationServer Likely,
        PROVIDER_AUDIENCE: Error McpServer Likely
            "The access token has the audience that this provider gives, and not the MCP server's",
    ],
    spec: [RFC8707_AUDIENCE, MCP_AUDIENCE],
    supersedes: [DEFAULT "T40" anywhere, UNSAID "T40" anywhere, LOST_AT_REFRESH "T40" anywhere],
    follows: [DEFAULT "R02", DEFAULT "R01", UNSAID "R02", UNSAID "R01"],
    stops: [TokenNotAccepted],
    looks_at: [TokenAnswer],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let issued: Vec<Issued<'_>> = issued(reading).collect();
    let foreign = issued.iter().find(|issued| {
        issued.is_foreign() == Some(true) || is_refused_for_a_slash(reading, issued)
    });
    if let Some(foreign) = foreign {
        let before = issued
            .iter()
            .take_while(|it| it.seen.seq < foreign.seen.seq);
        let had_it = before.into_iter().any(|it| it.is_foreign() == Some(false));
        report(reading, foreign, had_it, findings);
    } else if let Some((opaque, error)) = issued
        .iter()
        .find_map(|issued| Some((issued, issued.jwt.as_ref().err()?)))
    {
        let finding = RULE
            .found(RFC8707_AUDIENCE)
            .variant(&UNREADABLE)
            .at(opaque.seen.seq, Part::body("/access_token"))
            .message(match error {
                JwtError::Encrypted => {
                    "The access token is encrypted, so only the MCP server can read its audience."
                }
                JwtError::NotAJwt => {
                    "The access token is opaque: only the authorization server knows its audience."
                }
                JwtError::Part(_) => "The access token looks like a JWT but cannot be read as one.",
            })
            .expected(format!("an audience of {}", opaque.resource))
            .fix(
                "Nothing has to change for that. If the MCP server refuses the token, ask the \
                 authorization server about it (introspection).",
            );
        findings.add(finding);
    }
}

/// Whether the audience differs from the resource by a slash at its end alone, which many MCP
/// servers forgive, and this one refuses the token for its audience.
fn is_refused_for_a_slash(reading: &Reading<'_>, issued: &Issued<'_>) -> bool {
    issued.is_near()
        && matches!(
            reading.use_of(&issued.token, issued.seen.seq),
            TokenUse::Refused(call) if reason(call) == Some(Cause::Audience)
        )
}

/// Tells of a token for somebody else. `had_it`: one before it was for this MCP server.
fn report(reading: &Reading<'_>, foreign: &Issued<'_>, had_it: bool, findings: &mut Findings) {
    let audience = foreign.audience();
    let finding = RULE
        .found(RFC8707_AUDIENCE)
        .at(foreign.seen.seq, Part::body("/access_token"))
        .expected(format!("aud with {}", foreign.resource))
        .actual(if audience.is_empty() {
            "no aud".into()
        } else {
            format!("aud {}", excerpt(&audience))
        })
        .fix(format!(
            "Make the authorization server put {} into aud when it is asked for by the resource \
             parameter, or make the MCP server expect the audience that is issued.",
            foreign.resource
        ));
    findings.add(match reading.use_of(&foreign.token, foreign.seen.seq) {
        // Another rule tells of that.
        TokenUse::Refused(call) if is_refused_for_its_issuer(reading, &foreign.token, call) => {
            return;
        }
        TokenUse::Refused(_) if had_it => finding
            .variant(&LOST_AT_REFRESH)
            .message(
                "The first access token of this run names the resource. The one that the refresh \
                 brought does not, and the MCP server refuses it: the login holds until the first \
                 token ends.",
            )
            .fix(format!(
                "Keep the resource with the grant, and put {} into aud of the tokens that a refresh \
                 brings as well.",
                foreign.resource
            )),
        TokenUse::Refused(call) => match reason(call) {
            Some(Cause::Audience) if foreign.is_near() => finding.message(
                "The audience of the access token differs from the resource that was asked for by a \
                 slash at its end, and the MCP server says that it refuses the token for its \
                 audience: it compares them letter by letter.",
            ),
            Some(Cause::Audience) => finding.message(
                "The access token does not name the resource that was asked for, and the MCP server \
                 says that it refuses the token for its audience.",
            ),
            _ => finding.variant(&UNSAID).message(
                "The access token does not name the resource that was asked for, and the MCP server \
                 refuses it with 401 right after the login. Most likely that is why. It may also not \
                 trust who issued or signed the token, or not get it whole.",
            ),
        },
        TokenUse::Accepted => Finding {
            spec: MCP_AUDIENCE.into(),
            ..finding
                .variant(&TAKEN)
                .message(
                    "Either the MCP server knows itself under this name as well, which is fine, or \
                     it does not check the audience at all, and then takes tokens that were issued \
                     for others.",
                )
                .fix("Make sure that the MCP server checks aud against the name it expects.")
        },
        TokenUse::NotRecorded => finding.variant(&USE_NOT_RECORDED).message(
            "The access token does not name the resource that was asked for, and the recording \
             does not show with which tokens the MCP server was called.",
        ),
        TokenUse::Unknown => finding.variant(&NOT_USED).message(
            "The access token does not name the resource that was asked for, so the MCP server \
             should refuse it. It may also know itself under the name that is there.",
        ),
    });
}

/// An access token that was issued for a resource.
struct Issued<'a> {
    pub seen: ExchangeRef<'a>,
    pub token: String,
    pub jwt: Result<std::rc::Rc<Jwt>, JwtError>,
    resource: String,
}

impl Issued<'_> {
    /// Whether the audience lacks the resource; none when it cannot be read.
    pub fn is_foreign(&self) -> Option<bool> {
        let jwt = self.jwt.as_ref().ok()?;
        let names = |audience: &&str| *audience == self.resource;
        let audience = jwt.audience();
        // A slash more or less is what some servers make of it and some MCP servers forgive.
        Some(
            !audience.iter().any(names)
                && !audience
                    .iter()
                    .any(|aud| differ_by_trailing_slash(aud, &self.resource)),
        )
    }

    /// Whether it lacks the resource, and names it but for a slash at its end.
    fn is_near(&self) -> bool {
        self.jwt.as_ref().is_ok_and(|jwt| {
            let audience = jwt.audience();
            !audience.contains(&self.resource.as_str())
                && audience
                    .iter()
                    .any(|aud| differ_by_trailing_slash(aud, &self.resource))
        })
    }

    fn audience(&self) -> String {
        match self.jwt.as_ref().ok().and_then(|jwt| jwt.claims.get("aud")) {
            None | Some(Value::Null) => String::new(),
            Some(audience) => audience.to_string(),
        }
    }
}

/// Every access token that was issued for a resource asked for.
fn issued<'a>(reading: &Reading<'a>) -> impl Iterator<Item = Issued<'a>> {
    // What a token exchange brings is for the authorization server, not for the MCP server.
    let for_mcp = reading
        .tokens
        .iter()
        .filter(|(_, grant)| *grant != Grant::TokenExchange);
    for_mcp.filter_map(|(seen, _)| {
        let response = seen.response()?;
        let token = access_token(response)?;
        let resource = reading.resource_asked_for(*seen)?;
        let jwt = response.read_access_token(&token);
        Some(Issued {
            seen: *seen,
            token,
            jwt,
            resource,
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::finding::{Certainty, Level, Owner};
    use crate::sample::{Answer, Run, access_jwt, token_answer};

    fn with_audience(audience: serde_json::Value) -> Run {
        let mut run = Run::healthy();
        run.token = token_answer(&access_jwt(audience), "refresh-1");
        run
    }

    #[test]
    fn is_certain_when_the_server_says_so_and_a_note_when_it_accepts() {
        let mut run = with_audience(json!("https://as.example"));
        assert_eq!(run.finding("T15").level, Level::Note);
        assert_eq!(run.finding("T15").owner, Owner::McpServer);
        let refused = |why: &str| {
            let challenge = format!("Bearer error=\"invalid_token\"{why}");
            vec![Answer::bare(401).header("www-authenticate", &challenge)]
        };
        run.calls = refused("");
        let unsaid = run.finding("T15");
        assert_eq!(
            (unsaid.level, unsaid.certainty),
            (Level::Error, Certainty::Likely)
        );
        run.calls = refused(", error_description=\"Invalid audience\"");
        assert_eq!(run.finding("T15").certainty, Certainty::Certain);
        assert!(run.is_silent("T40"));
        run.calls.clear();
        assert_eq!(run.finding("T15").certainty, Certainty::Likely);
    }

    #[test]
    fn an_absent_audience_counts_and_an_opaque_token_is_not_checked() {
        assert_eq!(
            with_audience(json!(null)).finding("T15").actual.as_deref(),
            Some("no aud")
        );
        let mut run = Run::healthy();
        run.token = token_answer("opaque", "refresh-1");
        let finding = run.finding("T15");
        assert_eq!(
            (finding.certainty, finding.level),
            (Certainty::NotChecked, Level::Note)
        );
    }

    #[test]
    fn is_silent_when_the_resource_is_among_several_and_when_none_was_asked_for() {
        assert!(
            with_audience(json!(["https://as.example", "https://mcp.example/mcp"]))
                .is_silent("T15")
        );
        assert!(with_audience(json!("https://mcp.example/mcp/")).is_silent("T15"));
    }

    #[test]
    fn a_slash_counts_where_the_mcp_server_refuses_the_audience() {
        let refused = |audience: &str, why: &str| {
            let mut run = with_audience(json!(audience));
            let challenge = format!("Bearer error=\"invalid_token\"{why}");
            run.calls = vec![Answer::bare(401).header("www-authenticate", &challenge)];
            run
        };
        let why = ", error_description=\"unexpected aud claim value\"";
        let finding = refused("https://mcp.example/mcp/", why).finding("T15");
        assert_eq!(finding.owner, Owner::AuthorizationServer);
        assert!(finding.message.contains("by a slash at its end"));
        assert!(refused("https://mcp.example/mcp/", "").is_silent("T15"));
        assert!(refused("https://mcp.example/mcp", why).is_silent("T15"));
    }
}
