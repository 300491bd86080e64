use trace::{Grant, Purpose};

use crate::conduct::{with_workaround, without_workaround};
use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, access_token, bearer, object, text};
use crate::rule::{Findings, rule};
use crate::spec::MCP_CLIENT_EVERY_REQUEST;

rule! {
    /// # What it looks at
    /// What a client that was watched or recorded does with the access token that it was given:
    /// whether its next calls carry it, and whether any call comes at all.
    ///
    /// # Why it matters
    /// The user has logged in, the token is there, and the client says that it is not connected. On
    /// the server's side nothing is wrong, and nothing shows in its log.
    ///
    /// # How to fix
    /// In the client: send the token in `Authorization` with every request to the MCP server. When
    /// no request comes at all, the client's own log says why; a firewall in front of the server
    /// may also drop its requests before they are seen.
    ///
    /// # References
    /// MCP authorization, "Token Requirements".
    "K07" "token_not_sent" Error Client Likely since None,
    title: "A token was issued, and no request with it followed",
    variants: [
        LEFT_OUT: Error Client Certain "The client calls without the token that it was given",
    ],
    spec: [MCP_CLIENT_EVERY_REQUEST],
    follows: ["T42", "T45", "T46"],
    looks_at: [AnotherClient, TokenAnswer],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.is_of_another_client() {
        return;
    }
    let mut answers = reading.tokens.iter().rev().filter(|(seen, grant)| {
        *grant != Grant::TokenExchange && seen.response().and_then(access_token).is_some()
    });
    let Some((issued, grant)) = answers.next() else {
        return;
    };
    // A call that was refused because its proof names the proxy carried it, too.
    let later = || {
        let all = reading.all.iter().chain(&reading.unjudged);
        all.filter(|seen| seen.seq > issued.seq)
    };
    // Streams that are opened carry it as well; what was not recorded may have.
    let may_carry = |seen: &&ExchangeRef<'_>| {
        let to_server = matches!(
            seen.exchange.purpose,
            Purpose::Challenge { .. } | Purpose::Mcp { .. } | Purpose::Unknown | Purpose::Unrelated
        );
        let hidden = to_server && !seen.request().header("authorization").is_recorded();
        bearer(seen.request()).is_some() || hidden
    };
    if later().any(|seen| may_carry(&seen)) {
        return;
    }
    let mut without = reading.first_calls.iter();
    let refused =
        without.find(|call| call.seq > issued.seq && matches!(call.status(), Some(401 | 403)));
    let why = "it has no say in what the client sends";
    if let Some(call) = refused {
        let said = "The client was given a token and went on calling without it, so it is refused \
                    as it was before the login.";
        let finding = RULE
            .found(MCP_CLIENT_EVERY_REQUEST)
            .variant(&LEFT_OUT)
            .at(
                call.seq,
                Part::RequestHeader {
                    name: "Authorization".into(),
                },
            )
            .message(without_workaround(said, why))
            .expected("Authorization: Bearer with the token")
            .actual("no Authorization")
            .fix("In the client: send the access token with every request to the MCP server.");
        return findings.add(finding);
    }
    let Some(at) = issued.time() else {
        return;
    };
    let waited = reading.ended.since(at);
    if is_ahead_of_need(reading, issued, *grant) {
        return;
    }
    // A client that compares the issuer of such an ID token with the one that it asked has to stop.
    if waited < reading.patience() || names_another_issuer(*issued) {
        return;
    }
    let said = format!(
        "{} seconds passed after the token answer, and no request with the token came. The client \
         gave up on something in the answer or after it, or what stands in front of the MCP \
         server dropped its request before it was seen here.",
        waited.as_secs()
    );
    let workaround = "answering the token request with all that clients expect: token_type, \
                      expires_in, a scope, and no member that is null";
    let finding = RULE
        .found(MCP_CLIENT_EVERY_REQUEST)
        .at(issued.seq, Part::body("/access_token"))
        .message(with_workaround(&said, workaround))
        .expected("a call to the MCP server with the token")
        .actual("none")
        .fix(
            "In the client: look into its log for what it does after the token answer. In front \
             of the MCP server: look for requests that were dropped, by the client's User-Agent.",
        );
    findings.add(finding);
}

/// Whether a token was refreshed that still worked: nobody has to call just because a new one is
/// there.
fn is_ahead_of_need(reading: &Reading<'_>, issued: &ExchangeRef<'_>, grant: Grant) -> bool {
    let before = reading.mcp_calls.iter().rev();
    let mut before = before.filter(|call| call.seq < issued.seq);
    let is_refused = |call: &ExchangeRef<'_>| matches!(call.status(), Some(401 | 403));
    grant == Grant::RefreshToken && !before.next().is_none_or(is_refused)
}

/// Whether the token answer went through a proxy that stood for the issuer, with an ID token that
/// names the real one.
fn names_another_issuer(issued: ExchangeRef<'_>) -> bool {
    let answer = issued.response().and_then(object);
    let holds = answer.is_some_and(|answer| text(&answer, "id_token").is_some());
    holds && issued.exchange.client_side.is_some()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use trace::{EntryKind, OwnOption, Purpose, Side};

    use crate::sample::{
        Answer, MCP, Run, call, end_after, found_in, id_token, push, refresh, watched,
    };

    fn without_calls() -> Run {
        let mut run = Run::of_another_client();
        run.calls.clear();
        run.refresh = None;
        run
    }

    #[test]
    fn nothing_came_for_a_minute() {
        let mut trace = watched(&without_calls().trace());
        end_after(&mut trace, 30);
        assert_eq!(found_in(&trace, "K07"), None);
        end_after(&mut trace, 31);
        let finding = found_in(&trace, "K07").unwrap();
        assert!(
            finding.message.contains("61 seconds"),
            "{}",
            finding.message
        );
    }

    #[test]
    fn an_id_token_that_went_through_a_proxy_says_nothing_of_the_client() {
        let mut run = without_calls();
        let token = id_token(|_| {});
        run.token.edit(|answer| answer["id_token"] = token.into());
        let mut trace = watched(&run.trace());
        end_after(&mut trace, 61);
        assert_eq!(found_in(&trace, "K07").unwrap().variant, "default");
        for entry in trace.entries.iter_mut().map(Arc::make_mut) {
            if let EntryKind::Exchange(exchange) = &mut entry.kind {
                exchange.client_side = Some(Box::new(Side {
                    request: exchange.request.clone(),
                    outcome: exchange.outcome.clone(),
                }));
            }
        }
        assert_eq!(found_in(&trace, "K07"), None);
    }

    #[test]
    fn a_call_that_was_refused_because_of_the_proxy_carried_it() {
        let mut trace = watched(&without_calls().trace());
        let request = trace::Request::new("POST", MCP).header("authorization", "DPoP opaque");
        push(&mut trace, Purpose::Unrelated, request, &Answer::bare(401));
        Arc::make_mut(trace.entries.last_mut().unwrap()).flow = None;
        end_after(&mut trace, 600);
        assert_eq!(found_in(&trace, "K07"), None);
    }

    #[test]
    fn a_token_that_was_refreshed_ahead_of_need_may_wait() {
        let run = Run::of_another_client();
        let mut trace = watched(&run.trace());
        refresh(&mut trace, "refresh-2", &run.token);
        end_after(&mut trace, 600);
        assert_eq!(found_in(&trace, "K07"), None);
        // A call that was refused still waits for it.
        let mut trace = watched(&run.trace());
        let expired =
            Answer::bare(401).header("www-authenticate", "Bearer error=\"invalid_token\"");
        call(&mut trace, &expired, "opaque");
        refresh(&mut trace, "refresh-2", &run.token);
        end_after(&mut trace, 600);
        assert_eq!(found_in(&trace, "K07").unwrap().variant, "default");
    }

    #[test]
    fn how_long_a_client_may_take_is_the_user_s_to_say() {
        let mut trace = watched(&without_calls().trace());
        trace.own_options = vec![OwnOption::patience(120)];
        end_after(&mut trace, 119);
        assert_eq!(found_in(&trace, "K07"), None);
        end_after(&mut trace, 2);
        assert!(found_in(&trace, "K07").is_some());
    }

    #[test]
    fn calls_come_without_it() {
        let run = without_calls();
        let mut trace = watched(&run.trace());
        let request = trace::Request::new("POST", MCP);
        let purpose = Purpose::Challenge {
            method: "initialize".into(),
        };
        push(&mut trace, purpose, request, &run.challenge);
        assert_eq!(found_in(&trace, "K07").unwrap().variant, "left_out");
    }

    #[test]
    fn is_silent_where_it_is_used_and_where_a_server_needs_none() {
        let mut trace = watched(&Run::of_another_client().trace());
        end_after(&mut trace, 600);
        assert_eq!(found_in(&trace, "K07"), None);
        let mut trace = watched(&without_calls().trace());
        let request = trace::Request::new("POST", MCP);
        let purpose = Purpose::Challenge {
            method: "ping".into(),
        };
        push(&mut trace, purpose, request, &Answer::bare(202));
        assert_eq!(found_in(&trace, "K07"), None);
    }
}
