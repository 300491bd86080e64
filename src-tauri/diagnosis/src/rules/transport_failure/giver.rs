//! Which server gave the value that makes a request impossible.

use serde_json::{Map, Value};
use trace::{Failure, query_pairs};

use super::server::{Server, server};
use crate::reading::{ExchangeRef, Reading};

/// Which server gave what makes a request impossible; none where it was not seen to come from one.
pub(super) fn giver(
    reading: &Reading<'_>,
    seen: ExchangeRef<'_>,
    failure: &Failure,
    redirected: bool,
) -> Option<Server> {
    if seen.exchange.edited {
        return None;
    }
    if redirected {
        return Some(server(&seen.exchange.purpose));
    }
    let request = seen.request();
    let header = failure
        .message
        .strip_prefix("header ")
        .and_then(|rest| rest.split_once('(')?.1.split_once(')'));
    match header {
        // Of its own event stream.
        Some(("last-event-id", _)) => Some(Server::Mcp),
        Some((name, _)) => {
            let value = request.header_value(name)?;
            let value = value.split_once(' ').map_or(value, |(_, token)| token);
            gave(reading, seen, value)
        }
        None => {
            let values = query_pairs(request.url());
            let longest = values.iter().max_by_key(|pair| pair.value.len())?;
            gave(reading, seen, &longest.value)
        }
    }
}

/// Who answered with this value before, in JSON.
fn gave(reading: &Reading<'_>, seen: ExchangeRef<'_>, value: &str) -> Option<Server> {
    let mut before = reading.all.iter().filter(|other| other.seq < seen.seq);
    let given = before.find(|other| {
        let answer = other.response_with_body();
        let body = answer.and_then(|answer| serde_json::from_slice(&answer.get().body.bytes).ok());
        let members: Option<Map<String, Value>> = body;
        members.is_some_and(|members| members.values().any(|it| it.as_str() == Some(value)))
    })?;
    Some(server(&given.exchange.purpose))
}

#[cfg(test)]
mod tests {
    use trace::{FailureKind, Phase, StopCode};

    use crate::finding::Owner;
    use crate::sample::{Answer, Run};

    #[test]
    fn who_gave_what_cannot_be_sent_has_to_change_it() {
        let call = |words: &str| {
            let mut run = Run::healthy();
            run.calls = vec![Answer::failed_with(FailureKind::InvalidRequest, words)];
            run.stop(Phase::Mcp, StopCode::Transport);
            run.finding("N01")
        };
        let token = "header 3 (authorization): expected a value without line breaks, got one";
        assert_eq!(call(token).variant, "given_by_server");
        let own = "header 2 (content-type): expected a value without line breaks, got one";
        assert_eq!(call(own).owner, Owner::Client, "no server gave it");
        let event = "header 5 (last-event-id): expected a value without line breaks, got one";
        let finding = call(event);
        assert_eq!(finding.variant, "given_by_mcp");
        assert_eq!(finding.owner, Owner::McpServer);
        assert!(finding.fix.contains("a header without line breaks"));
        assert_eq!(call("URL: expected, got none").owner, Owner::Client);
        // A redirect to what is no web address.
        let mut run = Run::healthy();
        let (well_known, url, _) = run.server_tries[0].clone();
        let elsewhere = "https://user:pass@as.example/";
        let redirect = Answer::bare(302).header("location", elsewhere);
        let unsent = Answer::failed_with(FailureKind::InvalidRequest, "URL: expected one without");
        run.server_tries = vec![
            (well_known, url, redirect),
            (well_known, elsewhere.into(), unsent),
        ];
        run.stop(Phase::ServerMetadata, StopCode::Transport);
        assert_eq!(run.finding("N01").variant, "given_by_server");
    }
}
