use trace::{FailureKind, Outcome, Response, WellKnown};

use crate::conduct::{with_workaround, without_workaround};
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, form, response_fields, value};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_CLIENT_METADATA_ORDER, MCP_CLIENT_UNAUTHORIZED, RFC6749_CODE};
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// Where a client that was watched or recorded left off: a request that it broke off before the
    /// answer came, a 401 after which it did not log in, a well-known URL after which it tried no
    /// other, or a callback whose code it never redeemed.
    ///
    /// # Why it matters
    /// Hosted clients have limits of their own, of a few seconds at times. What a server answers
    /// after that nobody reads, and the user is told that the server cannot be reached.
    ///
    /// # How to fix
    /// In the client: wait longer, and say in its own log what it waited for. The server can answer
    /// sooner.
    ///
    /// # References
    /// MCP authorization, "Protected Resource Metadata Discovery Requirements"; RFC 6749 section
    /// 4.1.3.
    "K17" "gave_up" Warning Client Likely since None,
    title: "The client gave up on a request",
    variants: [
        NOT_REDEEMED: Error Client Likely "The client did not redeem the code that it was given",
        NO_LOGIN: Warning Client Likely "The client does not log in after the 401",
        ONE_PLACE: Warning Client Likely
            "The client tries only some of the places where server metadata may be",
    ],
    spec: [MCP_CLIENT_UNAUTHORIZED, MCP_CLIENT_METADATA_ORDER, RFC6749_CODE],
    follows: [NOT_REDEEMED "R12", NOT_REDEEMED "R13", NOT_REDEEMED "A05"],
    looks_at: [AnotherClient, Request],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.is_of_another_client() {
        return;
    }
    // A text that somebody pasted may leave the answer out.
    let mut all = reading.all.iter().rev().filter(|_| !reading.is_pasted);
    let broken_off = all.find(|seen| {
        let failure = seen.exchange.failure();
        // A stream is open until somebody closes it.
        failure.is_some_and(|it| it.kind == FailureKind::Cancelled)
            && seen.request().method != "GET"
    });
    if let Some(seen) = broken_off.filter(|_| !went_on(reading, broken_off.map_or(0, |it| it.seq)))
    {
        let waited = seen.exchange.timings.total.as_millis();
        let said = format!(
            "The client broke off its request after {waited} ms, before an answer had come, and \
             did not go on."
        );
        let finding = RULE
            .found(MCP_CLIENT_UNAUTHORIZED)
            .at(seen.seq, Part::RequestUrl)
            .message(with_workaround(&said, "answering sooner than that"))
            .expected("to wait for the answer")
            .actual(format!("broken off after {waited} ms"))
            .fix("In the client: wait longer. At the server: find out what takes so long.");
        return findings.add(finding);
    }
    if let Some(finding) = no_login(reading).or_else(|| one_place(reading)) {
        return findings.add(finding);
    }
    let Some(callback) = reading.callbacks.last() else {
        return;
    };
    let fields = response_fields(callback.request());
    let Some(code) = value(&fields, "code") else {
        return;
    };
    // A token request whose form was not recorded may be the one; and so may one that was refused
    // because its signature names the proxy.
    let tokens = reading.tokens.iter().map(|(seen, _)| seen);
    let redeemed = tokens.chain(&reading.unjudged).any(|seen| {
        seen.seq > callback.seq
            && (!seen.request().has_body() || value(form(seen.request()), "code") == Some(code))
    });
    let waited = callback.time().map(|at| reading.ended.since(at));
    if let Some(waited) = waited.filter(|waited| !redeemed && *waited >= reading.patience()) {
        let said = format!(
            "The browser came back with a code, and no token request followed in {} seconds. The \
             client did not take the answer: its state, iss or redirect URI may not be what it \
             expects, or the browser came to an address where it does not listen.",
            waited.as_secs()
        );
        let workaround = "sending state and iss exactly as the client expects them";
        let finding = RULE
            .found(RFC6749_CODE)
            .variant(&NOT_REDEEMED)
            .at(callback.seq, Part::RequestUrl)
            .message(with_workaround(&said, workaround))
            .expected("a token request with the code")
            .actual("none")
            .fix("In the client: look into its log for what it makes of the callback.");
        findings.add(finding);
    }
}

/// A 401 that says where to log in, and nothing after it.
fn no_login(reading: &Reading<'_>) -> Option<Finding> {
    // A client that was given the secret path of a tunnel may have asked at the root.
    let mut unjudged = reading.unjudged.iter();
    let at_root = unjudged.any(|seen| seen.exchange.request.url.contains("/.well-known/"));
    if at_root || !reading.calls.is_empty() {
        return None;
    }
    let call = *reading.first_calls.last()?;
    let waited = waited_at_the_end(reading, call)?;
    let names = |response: &Response| {
        let all = trace::challenges(response).ok()?;
        let mut urls = all
            .iter()
            .filter_map(|one| one.parameter("resource_metadata"));
        urls.next().map(str::to_owned)
    };
    let named = names(call.response()?.get()).filter(|_| call.status() == Some(401))?;
    // Where the client was sent past the proxy, what it asked there was not seen.
    let Outcome::Response(seen) = &call.exchange.client_side.as_deref()?.outcome else {
        return None;
    };
    names(seen).filter(|seen| *seen != named)?;
    let said = format!(
        "The 401 names the place of the resource metadata, and nothing more came in {waited} \
         seconds. The client does not log in by OAuth, or it waits until somebody asks it to."
    );
    let finding = RULE
        .found(MCP_CLIENT_UNAUTHORIZED)
        .variant(&NO_LOGIN)
        .at(call.seq, Part::Status)
        .message(without_workaround(
            &said,
            "its 401 says all that a client needs",
        ))
        .expected(format!("GET {}", excerpt(&named)))
        .actual("no further request")
        .fix(
            "In the client: look for the button or command that logs in to this server. Where \
             there is none, give the client a token in its settings, or use one that knows OAuth.",
        );
    Some(finding)
}

/// Server metadata that was not where the client looked, and no look at the other places.
fn one_place(reading: &Reading<'_>) -> Option<Finding> {
    let last = reading.server_tries.last()?;
    let waited = waited_at_the_end(reading, last.seen)?;
    last.seen.exchange.client_side.as_deref()?;
    let refused = last
        .seen
        .status()
        .is_some_and(|it| (400..500).contains(&it));
    if !refused || reading.server_metadata().is_some() {
        return None;
    }
    let asked = |place: &WellKnown| {
        let mut tries = reading.server_tries.iter();
        tries.any(|one| one.issuer == last.issuer && one.well_known == *place)
    };
    let places = trace::server_metadata_urls(last.issuer).into_iter();
    let left: Vec<String> = places
        .filter(|(place, _)| !asked(place))
        .map(|(_, url)| excerpt(&url))
        .collect();
    if left.is_empty() {
        return None;
    }
    let asked = excerpt(&last.seen.exchange.request.url);
    let said = format!(
        "There is no metadata at {asked}, and the client did not ask for {} in {waited} seconds. \
         Authorization servers that speak OpenID Connect may have it there only.",
        list(&left)
    );
    let workaround = "letting the authorization server serve its metadata there as well";
    let finding = RULE
        .found(MCP_CLIENT_METADATA_ORDER)
        .variant(&ONE_PLACE)
        .at(last.seen.seq, Part::RequestUrl)
        .message(with_workaround(&said, workaround))
        .expected(format!("GET {}", list(&left)))
        .actual("no further request")
        .fix("In the client: try every well-known URL before giving up.");
    Some(finding)
}

/// For how many seconds nothing came after this exchange, where the client had time enough.
fn waited_at_the_end(reading: &Reading<'_>, seen: ExchangeRef<'_>) -> Option<u64> {
    if went_on(reading, seen.seq) {
        return None;
    }
    let waited = reading.ended.since(seen.time()?);
    (waited >= reading.patience()).then_some(waited.as_secs())
}

/// Whether the client sent anything after this entry.
fn went_on(reading: &Reading<'_>, seq: u32) -> bool {
    let last = [reading.all.last(), reading.unjudged.last()];
    last.iter().flatten().any(|last| last.seq > seq)
        || reading.visits.last().is_some_and(|visit| visit.seq > seq)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use trace::{
        EntryKind, FailureKind, Outcome, OwnOption, Phase, Purpose, Side, StopCode, Trace,
        WellKnown,
    };

    use crate::sample::{AS, Answer, Run, end_after, found_in, watched};

    #[test]
    fn a_request_that_was_broken_off() {
        let mut run = Run::of_another_client();
        run.token = Answer::failed(FailureKind::Cancelled);
        run.calls.clear();
        run.refresh = None;
        let finding = run.finding_of_client("K17");
        assert!(
            finding.message.contains("after 0 ms"),
            "{}",
            finding.message
        );
        let mut trace = watched(&run.trace());
        crate::sample::call(&mut trace, &Run::healthy().calls[0], "opaque");
        assert_eq!(found_in(&trace, "K17"), None);
    }

    #[test]
    fn a_code_that_was_not_redeemed() {
        let mut run = Run::of_another_client();
        run.stop(Phase::Authorization, StopCode::IssMismatch);
        let mut trace = watched(&run.trace());
        end_after(&mut trace, 59);
        assert_eq!(found_in(&trace, "K17"), None);
        end_after(&mut trace, 2);
        assert_eq!(found_in(&trace, "K17").unwrap().variant, "not_redeemed");
    }

    /// The first entries of a run, seen through a proxy for two minutes; `name` is what the client
    /// gets in place of the server's host.
    fn begun(run: &Run, entries: usize, name: &str) -> Trace {
        let mut trace = watched(&run.trace());
        trace.entries.truncate(entries);
        for entry in trace.entries.iter_mut().map(Arc::make_mut) {
            let EntryKind::Exchange(exchange) = &mut entry.kind else {
                continue;
            };
            let mut outcome = exchange.outcome.clone();
            if let Outcome::Response(response) = &mut outcome {
                for header in &mut response.headers {
                    header.value = header.value.replace("mcp.example", name);
                }
            }
            let request = exchange.request.clone();
            exchange.client_side = Some(Box::new(Side { request, outcome }));
        }
        end_after(&mut trace, 120);
        trace
    }

    #[test]
    fn is_silent_when_the_redemption_was_refused_because_of_the_proxy() {
        let mut run = Run::of_another_client();
        run.token = Answer::json(400, json!({"error": "invalid_dpop_proof"}));
        run.calls.clear();
        run.refresh = None;
        let mut trace = watched(&run.trace());
        for entry in trace.entries.iter_mut().map(Arc::make_mut) {
            if let EntryKind::Exchange(exchange) = &mut entry.kind
                && matches!(exchange.purpose, Purpose::Token { .. })
            {
                exchange.purpose = Purpose::Unrelated;
                entry.flow = None;
            }
        }
        end_after(&mut trace, 600);
        assert_eq!(found_in(&trace, "K17"), None);
    }

    #[test]
    fn a_client_that_does_not_log_in() {
        let run = Run::of_another_client();
        let found = found_in(&begun(&run, 1, "127.0.0.1"), "K17").unwrap();
        assert_eq!(found.variant, "no_login");
        // What it asks past the proxy is not seen.
        assert_eq!(found_in(&begun(&run, 1, "mcp.example"), "K17"), None);
        // It asked for the metadata.
        assert_eq!(found_in(&begun(&run, 2, "127.0.0.1"), "K17"), None);
        let mut trace = begun(&run, 1, "127.0.0.1");
        trace.own_options = vec![OwnOption::patience(600)];
        assert_eq!(found_in(&trace, "K17"), None);
        let mut vague = run.clone();
        vague.challenge.drop_header("www-authenticate");
        assert_eq!(found_in(&begun(&vague, 1, "127.0.0.1"), "K17"), None);
    }

    #[test]
    fn a_client_that_tries_one_place_for_server_metadata() {
        let mut run = Run::of_another_client();
        assert_eq!(found_in(&begun(&run, 3, "127.0.0.1"), "K17"), None);
        run.server_tries[0].2 = Answer::bare(404);
        let found = found_in(&begun(&run, 3, "127.0.0.1"), "K17").unwrap();
        assert_eq!(found.variant, "one_place");
        let oidc = format!("{AS}/.well-known/openid-configuration");
        let other = (WellKnown::OidcInserted, oidc, Answer::bare(404));
        run.server_tries.push(other);
        assert_eq!(found_in(&begun(&run, 4, "127.0.0.1"), "K17"), None);
    }

    #[test]
    fn is_silent_on_a_whole_run() {
        let mut trace = watched(&Run::of_another_client().trace());
        end_after(&mut trace, 600);
        assert_eq!(found_in(&trace, "K17"), None);
    }
}
