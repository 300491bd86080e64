use trace::{Decision, Grant};

use crate::code_exchange::ClientAuthentication;
use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, access_token, jwt, object, text};
use crate::rule::{Findings, rule};
use crate::spec::RFC9700_ROTATION;

rule! {
    /// # What it looks at
    /// A successful refresh of a client without authentication, certificate or proof of possession,
    /// whose answer has no new refresh token.
    ///
    /// # Why it matters
    /// A public client proves nothing when it refreshes: whoever copies its refresh token has
    /// access for as long as that lives. A new one at every refresh makes the theft show, and
    /// short.
    ///
    /// # How to fix
    /// Turn on refresh token rotation for public clients, or bind their refresh tokens to a key
    /// (DPoP).
    ///
    /// # References
    /// RFC 9700 sections 2.2.2 and 4.14; MCP authorization, "Token Theft".
    "C02" "refresh_not_rotated" Warning AuthorizationServer Likely since None,
    title: "The refresh token of a public client is not replaced",
    spec: [RFC9700_ROTATION],
    looks_at: [Refresh],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut refreshes = reading
        .tokens
        .iter()
        .filter(|(_, grant)| *grant == Grant::RefreshToken);
    let kept = refreshes.find(|(seen, _)| {
        let Some(response) = seen
            .response()
            .filter(|response| access_token(*response).is_some())
        else {
            return false;
        };
        let public = ClientAuthentication::of(seen.request()) == ClientAuthentication::None
            && seen.request().header_value("dpop").is_none();
        let sent = crate::reading::form(seen.request());
        let old = crate::reading::value(sent, "refresh_token").unwrap_or_default();
        let new =
            object(response).and_then(|answer| text(&answer, "refresh_token").map(str::to_owned));
        public && !authenticates_by_certificate(reading, *seen) && new.is_none_or(|new| new == old)
    });
    let kept = kept.filter(|_| !shows_a_certificate(reading));
    let Some((seen, _)) = kept else { return };
    let finding = RULE
        .found(RFC9700_ROTATION)
        .at(seen.seq, Part::body("/refresh_token"))
        .message(
            "The client does not authenticate, and the answer brings no other refresh token, so \
             the old one most likely stays good. A server may also rotate only now and then, or \
             tell clients apart by a certificate.",
        )
        .expected("another refresh_token in the answer")
        .actual("no new refresh_token")
        .fix("Turn on refresh token rotation for public clients, or demand DPoP of them.");
    findings.add(finding);
}

/// Whether a client certificate is shown, which happens below HTTP: the run says so, or a token is
/// bound to it (RFC 8705 section 3).
fn shows_a_certificate(reading: &Reading<'_>) -> bool {
    let mut decisions = reading.decisions.iter();
    let mut tokens = reading.tokens.iter();
    let is_bound = |token: &str| {
        let jwt = jwt(token).ok();
        let confirmed = jwt.as_ref().and_then(|jwt| jwt.claims.get("cnf"));
        confirmed.is_some_and(|confirmed| confirmed.get("x5t#S256").is_some())
    };
    decisions.any(|(_, one)| matches!(one, Decision::ClientCertificate { .. }))
        || tokens.any(|(seen, _)| {
            let token = seen.response().and_then(access_token);
            token.is_some_and(|token| is_bound(&token))
        })
}

/// Whether the client's method of authentication is a certificate (RFC 8705 section 2).
fn authenticates_by_certificate(reading: &Reading<'_>, refresh: ExchangeRef<'_>) -> bool {
    let method = reading
        .client_before(refresh.seq)
        .and_then(|(_, method)| method);
    method.is_some_and(|method| method.contains("tls_client_auth"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::Decision;

    use crate::sample::{AS, MCP, Run, dpop_proof, found_in, jwt, token_answer};

    #[test]
    fn an_answer_without_or_with_the_same_refresh_token() {
        let mut run = Run::healthy_with_refresh();
        run.refresh.as_mut().unwrap().edit(|answer| {
            answer.as_object_mut().unwrap().remove("refresh_token");
        });
        assert_eq!(run.found(), ["C02"]);
        run.refresh
            .as_mut()
            .unwrap()
            .edit(|answer| answer["refresh_token"] = "refresh-1".into());
        assert_eq!(run.found(), ["C02"]);
    }

    #[test]
    fn a_client_with_a_certificate_is_not_public() {
        let kept = || {
            let mut run = Run::healthy_with_refresh();
            let answer = run.refresh.as_mut().unwrap();
            answer.edit(|answer| answer["refresh_token"] = "refresh-1".into());
            run
        };
        assert_eq!(kept().found(), ["C02"]);
        let mut shown = kept();
        let thumbprint = "ours".into();
        shown.decisions = vec![Decision::ClientCertificate { thumbprint }];
        assert!(found_in(&shown.trace(), "C02").is_none());
        let mut bound = kept();
        let cnf = json!({"x5t#S256": "ours"});
        let claims = json!({"iss": AS, "aud": MCP, "exp": 4_000_000_000_u64, "cnf": cnf});
        bound.token = token_answer(&jwt(&claims), "refresh-1");
        assert!(found_in(&bound.trace(), "C02").is_none());
    }

    #[test]
    fn is_silent_about_rotation_and_bound_clients() {
        let mut run = Run::healthy_with_refresh();
        assert!(run.is_silent("C02"));
        run.refresh.as_mut().unwrap().edit(|answer| {
            answer.as_object_mut().unwrap().remove("refresh_token");
        });
        let mut trace = run.trace();
        for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
            if let trace::EntryKind::Exchange(exchange) = &mut entry.kind {
                let request = std::mem::replace(&mut exchange.request, trace::Request::new("", ""));
                exchange.request = request.header("DPoP", dpop_proof());
            }
        }
        assert_eq!(found_in(&trace, "C02"), None);
    }
}
