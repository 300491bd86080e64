use crate::finding::{Finding, Owner, Part};
use crate::reading::{ExchangeRef, Reading, challenge_error, oauth_error};
use crate::rule::{Findings, rule};
use crate::spec::RFC9449_NONCE;

rule! {
    /// # What it looks at
    /// An answer with the error `use_dpop_nonce` and without a `DPoP-Nonce` header, or with two
    /// that differ, from the token endpoint or the MCP server.
    ///
    /// # Why it matters
    /// The error tells the client to come back with a nonce, and the header is the only place to
    /// get it from. So there is no way on.
    ///
    /// # How to fix
    /// Send `DPoP-Nonce` with that error. If the server does, a proxy drops it; for clients in a
    /// browser it also has to be in `Access-Control-Expose-Headers`.
    ///
    /// # References
    /// RFC 9449 sections 8 and 9.
    "DP3" "dpop_nonce_missing" Error AuthorizationServer since None,
    title: "A nonce is demanded and not given",
    variants: [
        MCP_SERVER: Error McpServer Certain,
        SEVERAL: Error AuthorizationServer Certain "A nonce is demanded and two are given",
        SEVERAL_BY_MCP: Error McpServer Certain "A nonce is demanded and two are given",
    ],
    spec: [RFC9449_NONCE],
    supersedes: ["T41", "T40"],
    looks_at: [Request],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let tokens = reading
        .tokens
        .iter()
        .map(|(seen, _)| (*seen, Owner::AuthorizationServer));
    let others = reading
        .others
        .iter()
        .map(|seen| (*seen, Owner::AuthorizationServer));
    let calls = reading.first_calls.iter().chain(&reading.calls);
    let calls = calls.map(|seen| (*seen, Owner::McpServer));
    let mut all = tokens.chain(others).chain(calls);
    let without = |seen: &ExchangeRef<'_>| seen.exchange.response_header("dpop-nonce").is_absent();
    // The last one is what the flow stopped at.
    let found = all.rfind(|(seen, _)| demands(*seen) && (without(seen) || has_several(*seen)));
    let Some((seen, owner)) = found else {
        return;
    };
    if !without(&seen) {
        return findings.add(several(seen, owner));
    }
    let finding = RULE
        .found(RFC9449_NONCE)
        .variant(if owner == Owner::McpServer {
            &MCP_SERVER
        } else {
            RULE.default_variant()
        })
        .at(seen.seq, Part::response_header("DPoP-Nonce"))
        .message("The client has to put a nonce into its next proof, and nothing tells it which.")
        .expected("DPoP-Nonce in the answer")
        .actual("use_dpop_nonce without DPoP-Nonce")
        .fix("Send a DPoP-Nonce header with every use_dpop_nonce, and let proxies pass it on.");
    findings.add(finding);
}

fn has_several(seen: ExchangeRef<'_>) -> bool {
    seen.response_with_headers().is_some_and(|response| {
        let mut nonces = response.header_values("dpop-nonce");
        let first = nonces.next();
        nonces.any(|nonce| Some(nonce) != first)
    })
}

fn several(seen: ExchangeRef<'_>, owner: Owner) -> Finding {
    RULE.found(RFC9449_NONCE)
        .variant(if owner == Owner::McpServer {
            &SEVERAL_BY_MCP
        } else {
            &SEVERAL
        })
        .at(seen.seq, Part::response_header("DPoP-Nonce"))
        .message(
            "Clients put one of them into the next proof, or both as one text, and the server knows \
             only one. A proxy or a second instance may add its own.",
        )
        .expected("DPoP-Nonce once")
        .actual("DPoP-Nonce with different values in one answer")
        .fix("Send DPoP-Nonce once in each answer, and share nonces between all instances.")
}

/// Whether an answer says that the next proof has to hold a nonce.
fn demands(seen: ExchangeRef<'_>) -> bool {
    let Some(response) = seen.response().filter(|response| response.status >= 400) else {
        return false;
    };
    let in_body = oauth_error(response).is_some_and(|answer| answer.error == "use_dpop_nonce");
    in_body || challenge_error(seen).as_deref() == Some("use_dpop_nonce")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::finding::Owner;
    use crate::sample::{Answer, Run, call, found_in, refresh};

    #[test]
    fn either_server_may_forget_it() {
        let mut trace = Run::healthy().trace();
        refresh(
            &mut trace,
            "refresh-1",
            &Answer::json(400, json!({"error": "use_dpop_nonce"})),
        );
        assert_eq!(
            found_in(&trace, "DP3").unwrap().owner,
            Owner::AuthorizationServer
        );
        let mut trace = Run::healthy().trace();
        let challenge = "DPoP error=\"use_dpop_nonce\"";
        call(
            &mut trace,
            &Answer::bare(401).header("www-authenticate", challenge),
            "token",
        );
        assert_eq!(found_in(&trace, "DP3").unwrap().owner, Owner::McpServer);
    }

    #[test]
    fn two_that_differ_are_one_too_many() {
        let with = |nonces: [&str; 2]| {
            let mut trace = Run::healthy().trace();
            let answer = Answer::json(400, json!({"error": "use_dpop_nonce"}))
                .header("DPoP-Nonce", nonces[0])
                .header("DPoP-Nonce", nonces[1]);
            refresh(&mut trace, "refresh-1", &answer);
            found_in(&trace, "DP3")
        };
        assert_eq!(with(["a", "b"]).unwrap().variant, "several");
        let mut trace = Run::healthy().trace();
        let answer = Answer::bare(401)
            .header("www-authenticate", "DPoP error=\"use_dpop_nonce\"")
            .header("DPoP-Nonce", "a")
            .header("DPoP-Nonce", "b");
        call(&mut trace, &answer, "token");
        assert_eq!(found_in(&trace, "DP3").unwrap().variant, "several_by_mcp");
        assert_eq!(with(["a", "a"]), None);
    }

    #[test]
    fn is_silent_when_it_is_there() {
        let mut trace = Run::healthy().trace();
        let answer =
            Answer::json(400, json!({"error": "use_dpop_nonce"})).header("DPoP-Nonce", "n");
        refresh(&mut trace, "refresh-1", &answer);
        assert_eq!(found_in(&trace, "DP3"), None);
    }
}
