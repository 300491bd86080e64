use crate::finding::Part;
use crate::reading::{Reading, access_token, object, text};
use crate::rule::{Findings, rule};
use crate::spec::RFC9449_TOKEN_TYPE;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A token request with a proof of possession (DPoP), whose answer has a `token_type` other
    /// than DPoP.
    ///
    /// # Why it matters
    /// The token is not bound to the client's key: whoever has it may use it. A client that relies
    /// on the binding must throw it away, and an MCP server that demands DPoP refuses it.
    ///
    /// # How to fix
    /// Enable DPoP at the authorization server, for this client if it is set per client. If it is
    /// not supported, leave `dpop_signing_alg_values_supported` out of the metadata.
    ///
    /// # References
    /// RFC 9449 section 5.
    "DP1" "dpop_ignored" Warning AuthorizationServer Likely since None,
    title: "The authorization server ignores the proof of possession",
    variants: [
        OWN_OPTION: Warning Client Likely "This run's own {option} binds no token here",
        NOT_OFFERED: Warning AuthorizationServer Likely
            "The authorization server does not know the proof of possession",
    ],
    spec: [RFC9449_TOKEN_TYPE],
    looks_at: [TokenAnswer, Dpop],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let ignored = reading.tokens.iter().find_map(|(seen, _)| {
        seen.request().header_value("dpop")?;
        let response = seen.response()?;
        access_token(response)?;
        // An answer without a type is another rule's matter, and a token that is not an access
        // token has no type (RFC 8693).
        let answer = object(response)?;
        let kind = text(&answer, "token_type")?.to_owned();
        let other = !kind.eq_ignore_ascii_case("dpop") && !kind.eq_ignore_ascii_case("n_a");
        other.then_some((seen.seq, kind))
    });
    let Some((seq, kind)) = ignored else { return };
    let offered = reading
        .server_metadata_before(seq)
        .is_some_and(|(_, metadata)| metadata.dpop_signing_alg_values_supported.is_some());
    let finding = RULE
        .found(RFC9449_TOKEN_TYPE)
        .at(seq, Part::body("/token_type"))
        .expected("token_type DPoP")
        .actual(format!("token_type {}", excerpt(&kind)));
    findings.add(if offered {
        finding
            .message(
                "The metadata lists dpop_signing_alg_values_supported and the request had a proof, \
                 but the token is not bound to its key. DPoP may be off for this client, or a proxy \
                 in front drops the DPoP header.",
            )
            .fix(
                "Bind the token to the key of the proof and answer token_type DPoP; turn DPoP on for \
                 this client where that is set per client, and let proxies pass the DPoP header on.",
            )
    } else {
        finding
            .variant(&NOT_OFFERED)
            .message(
                "The metadata has no dpop_signing_alg_values_supported, so most likely this server \
                 does not know DPoP. The token is not bound to the key.",
            )
            .fix("Enable DPoP at the authorization server, or do without it in this run.")
    });
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;
    use trace::{Grant, OwnOption, Purpose, Trace};

    use crate::finding::Owner;

    use crate::sample::{
        AS, MCP, Run, dpop_proof, found_in, jwt, post, push_to_server, token_answer,
    };

    /// A run with one more token, asked for with a proof.
    pub fn bound(token_type: &str, cnf: serde_json::Value) -> Trace {
        bound_in(&Run::healthy(), token_type, cnf)
    }

    fn bound_in(run: &Run, token_type: &str, cnf: serde_json::Value) -> Trace {
        let mut trace = run.trace();
        let mut claims = json!({"iss": AS, "aud": MCP, "iat": 1_800_000_000, "exp": 1_800_003_600});
        if !cnf.is_null() {
            claims["cnf"] = cnf;
        }
        let mut answer = token_answer(&jwt(&claims), "refresh-9");
        answer.edit(|answer| answer["token_type"] = token_type.into());
        let grant = Grant::ClientCredentials;
        let form = [("grant_type", "client_credentials"), ("resource", MCP)];
        let request = post("/token", &form).header("DPoP", dpop_proof());
        push_to_server(&mut trace, Purpose::Token { grant }, request, &answer);
        trace
    }

    #[test]
    fn a_bearer_token_for_a_proof() {
        let finding = found_in(&bound("Bearer", json!(null)), "DP1").unwrap();
        assert_eq!(finding.variant, "not_offered");
        let mut run = Run::healthy();
        run.server_tries[0].2.edit(|metadata| {
            metadata["dpop_signing_alg_values_supported"] = json!(["ES256"]);
        });
        let offered = found_in(&bound_in(&run, "Bearer", json!(null)), "DP1").unwrap();
        assert_eq!(offered.variant, "default");
        assert!(offered.message.contains("proxy"), "{}", offered.message);
    }

    #[test]
    fn who_asks_for_it_where_it_is_not_offered_is_told_so() {
        let mut trace = bound("Bearer", json!(null));
        trace.own_options = vec![OwnOption {
            id: "dpop".into(),
            title: "DPoP".into(),
            flag: Some("--dpop".into()),
            value: None,
        }];
        let finding = found_in(&trace, "DP1").unwrap();
        assert_eq!(finding.owner, Owner::Client);
    }

    #[test]
    fn is_silent_without_a_proof_and_when_it_is_bound() {
        assert_eq!(found_in(&bound("dpop", json!({"jkt": "x"})), "DP1"), None);
        assert!(Run::healthy().is_silent("DP1"));
    }
}
