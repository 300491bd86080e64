use trace::{Decision, Grant};

use crate::finding::Part;
use crate::reading::{Reading, access_jwt, object};
use crate::rule::{Findings, rule};
use crate::spec::{RFC8705_MATCH, RFC8705_MEMBER};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// In a run with a client certificate, a JWT access token: its `cnf` with `x5t#S256` next to
    /// the thumbprint of the certificate. It has to be there when the server metadata says
    /// `tls_client_certificate_bound_access_tokens`.
    ///
    /// # Why it matters
    /// The MCP server compares the thumbprint in the token with the certificate that it is shown: a
    /// token for another certificate is refused in every call. A token without any is good for
    /// whoever has it.
    ///
    /// # How to fix
    /// Behind a proxy that ends TLS, pass the client's own certificate on to the authorization
    /// server. Turn on certificate-bound access tokens for this client.
    ///
    /// # References
    /// RFC 8705 sections 3 and 3.1.
    "MT1" "certificate_binding_wrong" Error AuthorizationServer Likely since None,
    title: "The access token is bound to another certificate",
    variants: [
        UNBOUND: Note AuthorizationServer Likely
            "The access token is not bound to the certificate",
    ],
    spec: [RFC8705_MATCH, RFC8705_MEMBER],
    looks_at: [TokenAnswer, ClientCertificate],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let shown = reading
        .decisions
        .iter()
        .find_map(|(_, decision)| match decision {
            Decision::ClientCertificate { thumbprint } => Some(thumbprint.as_str()),
            _ => None,
        });
    let Some(shown) = shown else { return };
    let issued = reading
        .tokens
        .iter()
        .filter(|(_, grant)| *grant != Grant::TokenExchange);
    let wrong = issued.into_iter().find_map(|(seen, _)| {
        let jwt = access_jwt(seen.response()?)?.ok()?;
        let cnf = jwt.claims.get("cnf");
        let bound = cnf.and_then(|cnf| cnf.get("x5t#S256")?.as_str());
        match bound {
            Some(other) => (other != shown).then(|| (seen.seq, Some(other.to_owned()))),
            // A token that is bound to a key needs no certificate.
            None if cnf.is_some_and(|cnf| cnf.get("jkt").is_some()) => None,
            None => promised(reading, seen.seq).then_some((seen.seq, None)),
        }
    });
    let Some((seq, bound)) = wrong else { return };
    let part = Part::body("/access_token");
    let expected = format!("cnf x5t#S256 {shown}");
    findings.add(match bound {
        Some(other) => RULE
            .found(RFC8705_MATCH)
            .at(seq, part)
            .message(
                "Its thumbprint is not that of the certificate of this run, so a server that \
                 compares the two has to refuse every call. Often a proxy that ends TLS shows its \
                 own certificate to the server behind it.",
            )
            .expected(expected)
            .actual(format!("cnf x5t#S256 {}", excerpt(&other)))
            .fix(
                "Bind the token to the certificate that the client shows; make the proxy pass \
                  that one on.",
            ),
        None => RULE
            .found(RFC8705_MEMBER)
            .variant(&UNBOUND)
            .at(seq, part)
            .message(
                "The server metadata says tls_client_certificate_bound_access_tokens, and a \
                 certificate was ready to be shown. Most likely binding is off for this client, as \
                 it is unless its registration asks for it; or the token endpoint does not ask for \
                 a certificate, as behind a proxy that ends TLS; or the binding is kept where only \
                 introspection tells it.",
            )
            .expected(expected)
            .actual("no x5t#S256 in the token")
            .fix(
                "If tokens are meant to be bound, turn certificate-bound access tokens on for this \
                 client, and ask for its certificate at the token endpoint (or name another under \
                 mtls_endpoint_aliases).",
            ),
    });
}

/// Whether the server metadata says that tokens are bound.
fn promised(reading: &Reading<'_>, seq: u32) -> bool {
    let metadata = reading.server_metadata_before(seq);
    let document = metadata.and_then(|(attempt, _)| object(attempt.seen.response()?));
    document.is_some_and(|document| {
        let member = document.get("tls_client_certificate_bound_access_tokens");
        member.and_then(serde_json::Value::as_bool) == Some(true)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::finding::Certainty;
    use crate::finding::Level;
    use crate::sample::{AS, MCP, Run, jwt, token_answer};

    /// A run with a certificate, whose token has this `cnf`.
    fn bound(cnf: Value, promised: bool) -> Run {
        let mut run = Run::healthy();
        let mut claims = json!({"iss": AS, "aud": MCP, "exp": 4_000_000_000_u64});
        if !cnf.is_null() {
            claims["cnf"] = cnf;
        }
        run.token = token_answer(&jwt(&claims), "refresh-1");
        run.server_tries[0].2.edit(|metadata| {
            metadata["tls_client_certificate_bound_access_tokens"] = promised.into();
        });
        run.decisions = vec![Decision::ClientCertificate {
            thumbprint: "ours".into(),
        }];
        run
    }

    #[test]
    fn another_certificate_and_none_where_one_is_promised() {
        let other = bound(json!({"x5t#S256": "another"}), false).finding("MT1");
        assert_eq!(
            (other.level, other.certainty),
            (Level::Error, Certainty::Likely)
        );
        let none = bound(json!(null), true).finding("MT1");
        assert_eq!(
            (none.level, none.certainty),
            (Level::Note, Certainty::Likely)
        );
    }

    #[test]
    fn is_silent_about_ours_no_promise_a_key_and_runs_without_a_certificate() {
        assert!(bound(json!({"x5t#S256": "ours"}), true).is_silent("MT1"));
        assert!(bound(json!(null), false).is_silent("MT1"));
        assert!(bound(json!({"jkt": "key"}), true).is_silent("MT1"));
        let mut run = bound(json!({"x5t#S256": "another"}), true);
        run.decisions.clear();
        assert!(run.is_silent("MT1"));
    }
}
