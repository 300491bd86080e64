use trace::{Purpose, TokenKind};

use crate::finding::Part;
use crate::reading::{Reading, TokenUse, form, jwt, object, value};
use crate::rule::{Findings, rule};
use crate::spec::RFC7662_ACTIVE;

rule! {
    /// # What it looks at
    /// An access token that introspection calls inactive, while the MCP server takes it and nobody
    /// revoked it.
    ///
    /// # Why it matters
    /// Either the two do not agree about the token, and then servers that introspect refuse what
    /// others take; or the one who asked may not know about this token, which is answered in the
    /// same way.
    ///
    /// # How to fix
    /// Allow who asks to introspect tokens of this audience. Otherwise look at whether
    /// introspection knows JWT access tokens at all.
    ///
    /// # References
    /// RFC 7662 section 2.2.
    "V03" "introspection_disagrees" Warning AuthorizationServer Likely since None,
    title: "Introspection calls a token inactive that the MCP server takes",
    spec: [RFC7662_ACTIVE],
    looks_at: [Introspection],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let token = TokenKind::AccessToken;
    let mut asked = reading.sent_for(|purpose| *purpose == Purpose::Introspection { token });
    let differing = asked.find(|seen| {
        let active = seen
            .response()
            .filter(|response| response.status == 200)
            .and_then(object)
            .and_then(|answer| answer.get("active")?.as_bool());
        let sent = form(seen.request());
        let Some(token) = value(sent, "token").filter(|_| active == Some(false)) else {
            return false;
        };
        // Without a time it may have been.
        let expired = jwt(token)
            .ok()
            .and_then(|jwt| jwt.seconds("exp"))
            .is_some_and(|exp| seen.time().is_none_or(|at| exp <= at.seconds()));
        let dead = expired || reading.killed_on_the_way(0, seen.seq);
        let accepted = matches!(reading.use_of(token, 0), TokenUse::Accepted);
        // A later 401 shows that it died in between.
        let refused = reading.refused_before(token, seen.seq);
        accepted && !dead && !refused
    });
    let Some(seen) = differing else { return };
    let finding = RULE
        .found(RFC7662_ACTIVE)
        .at(seen.seq, Part::body("/active"))
        .message(
            "The MCP server took this very token. Most likely who asked may not introspect it, \
             which is answered active: false as well; or introspection knows other tokens than \
             those that are issued.",
        )
        .expected("active: true")
        .actual("active: false")
        .fix(
            "Allow this client to introspect tokens for the MCP server, or ask with the MCP \
             server's own credentials. If it may already, let introspection know the tokens that \
             are issued.",
        );
    findings.add(finding);
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};
    use trace::{ActionKind, Decision, Purpose, TokenKind, Trace};

    use crate::sample::{Answer, Run, access_jwt, decide, found_in, post, push_to_server};

    pub fn introspected(trace: &mut Trace, credentials: Option<&str>, body: Value) {
        let jwt = access_jwt(json!("https://mcp.example/mcp"));
        let token = TokenKind::AccessToken;
        let mut request = post("/introspect", &[("token", &jwt), ("client_id", "c1")]);
        if let Some(credentials) = credentials {
            request = request.header("authorization", credentials);
        }
        push_to_server(
            trace,
            Purpose::Introspection { token },
            request,
            &Answer::json(200, body),
        );
    }

    #[test]
    fn inactive_though_it_was_taken() {
        let mut trace = Run::healthy().trace();
        introspected(&mut trace, Some("Basic YTpi"), json!({"active": false}));
        assert!(found_in(&trace, "V03").is_some());
    }

    #[test]
    fn is_silent_after_a_revocation_and_when_it_is_active() {
        let mut trace = Run::healthy().trace();
        introspected(&mut trace, Some("Basic YTpi"), json!({"active": true}));
        let action = ActionKind::Revoke;
        decide(&mut trace, Decision::Action { action });
        introspected(&mut trace, Some("Basic YTpi"), json!({"active": false}));
        assert_eq!(found_in(&trace, "V03"), None);
    }
}
