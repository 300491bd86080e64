use trace::{Purpose, TokenKind};

use crate::finding::Part;
use crate::reading::{Reading, form, jwt, object, value};
use crate::rule::{Findings, rule};
use crate::spec::RFC7009_IMMEDIATELY;

rule! {
    /// # What it looks at
    /// A call with an access token that was revoked before, and that the MCP server answers all the
    /// same. "Revoke the access token and try it" does that.
    ///
    /// # Why it matters
    /// Who revokes a token wants it dead. A server that checks only signature and expiry of a JWT
    /// does not notice, and takes it until it expires.
    ///
    /// # How to fix
    /// Let access tokens live for minutes, or let the MCP server ask the authorization server about
    /// them (introspection).
    ///
    /// # References
    /// RFC 7009 sections 2.1 and 3.
    "V01" "revoked_token_accepted" Warning McpServer Likely since None,
    title: "A revoked access token is still taken",
    variants: [
        NO_EFFECT: Warning AuthorizationServer Likely "Revocation has no effect",
    ],
    spec: [RFC7009_IMMEDIATELY],
    follows: ["V02"],
    looks_at: [Revocation],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let token = TokenKind::AccessToken;
    let revoked = reading.sent_for(|purpose| *purpose == Purpose::Revocation { token });
    let taken = revoked
        .filter(|seen| seen.status() == Some(200))
        .find_map(|seen| {
            let token = value(form(seen.request()), "token")?;
            Some((seen, reading.accepted_after(token, seen.seq)?, token))
        });
    let Some((revocation, call, token)) = taken else {
        return;
    };
    let asked = reading.introspections_of(token);
    let active = asked
        .last()
        .filter(|seen| seen.seq > revocation.seq)
        .and_then(|seen| object(seen.response()?)?.get("active")?.as_bool());
    let finding = RULE
        .found(RFC7009_IMMEDIATELY)
        .at(call.seq, Part::Status)
        .expected("401 with invalid_token")
        .actual(call.status().unwrap_or_default().to_string());
    findings.add(match (active, jwt(token)) {
        (Some(true), _) => finding
            .variant(&NO_EFFECT)
            .message(
                "The revocation was answered 200, and introspection still says that the token is \
                 active. Most likely nothing was revoked; it may also take a moment to be known \
                 everywhere.",
            )
            .fix(
                "Let the revocation endpoint end the token's life, in a store that introspection \
                  reads as well.",
            ),
        (_, Ok(_)) => finding
            .message(
                "The token is a JWT, and most likely the MCP server checks its signature and \
                 expiry alone, so it takes it until it expires. Revocation may also take a moment \
                 to be known everywhere, or have no effect.",
            )
            .fix(
                "Keep the lifetime of access tokens short, or check them by introspection where \
                  that matters.",
            ),
        (_, Err(_)) => finding
            .message(
                "The token is opaque, so the MCP server asks somebody about it or remembers it. \
                 Most likely it keeps an old answer; revocation may also have no effect at the \
                 authorization server.",
            )
            .fix(
                "Keep answers about tokens for seconds only, and check that revocation ends the \
                  token's life.",
            ),
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Purpose, TokenKind, Trace};

    use crate::finding::Owner;
    use crate::sample::{Answer, Run, access_jwt, call, found_in, post, push_to_server};

    fn tried(answer: u16, active: Option<bool>) -> Trace {
        let run = Run::healthy();
        let mut trace = run.trace();
        let jwt = access_jwt(json!("https://mcp.example/mcp"));
        let token = TokenKind::AccessToken;
        let form = [("token", jwt.as_str()), ("client_id", "c1")];
        push_to_server(
            &mut trace,
            Purpose::Revocation { token },
            post("/revoke", &form),
            &Answer::bare(200),
        );
        if let Some(active) = active {
            let answer = Answer::json(200, json!({"active": active}));
            let request = post("/introspect", &form).header("authorization", "Basic YTpi");
            push_to_server(
                &mut trace,
                Purpose::Introspection { token },
                request,
                &answer,
            );
        }
        let refused =
            Answer::bare(401).header("www-authenticate", "Bearer error=\"invalid_token\"");
        call(
            &mut trace,
            if answer == 200 {
                &run.calls[1]
            } else {
                &refused
            },
            &jwt,
        );
        trace
    }

    #[test]
    fn the_owner_is_told_by_introspection() {
        assert_eq!(
            found_in(&tried(200, None), "V01").unwrap().owner,
            Owner::McpServer
        );
        assert_eq!(
            found_in(&tried(200, Some(false)), "V01").unwrap().owner,
            Owner::McpServer
        );
        assert_eq!(
            found_in(&tried(200, Some(true)), "V01").unwrap().owner,
            Owner::AuthorizationServer
        );
    }

    #[test]
    fn is_silent_when_it_is_refused() {
        assert_eq!(found_in(&tried(401, None), "V01"), None);
    }
}
