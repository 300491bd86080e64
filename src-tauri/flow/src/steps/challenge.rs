//! The first call: who are you, and may I?

use serde_json::{Value, json};
use trace::{
    Decision, Outcome, Phase, Purpose, Response, Revision, RpcAnswer, StopCode, Verdict, rpc_answer,
};

use crate::mcp_request::{initialize_params, mcp_request};
use crate::plan::Plan;
use crate::routes::challenged::{challenged, token_challenge};
use crate::routes::mcp::{earlier_era, server_info};
use crate::setup::Setup;
use crate::state::Flow;
use crate::transition::Transition;

/// HeaderMismatch, MissingRequiredClientCapability, UnsupportedProtocolVersion: errors that only a
/// server of 2026-07-28 or later knows (2026-07-28 basic/transports/streamable-http, "Backward
/// Compatibility").
const MODERN_ERRORS: [i64; 3] = [-32020, -32021, -32022];

pub(crate) fn request(flow: &Flow, setup: &Setup, with_token: bool) -> Plan {
    let facts = &flow.facts;
    let (method, params) = if facts.revision.is_modern() {
        ("server/discover", json!({}))
    } else {
        ("initialize", initialize_params(facts, setup))
    };
    let request = mcp_request(facts, setup, method, params, false, with_token);
    let named = method.to_owned();
    let (purpose, words) = if with_token {
        let why = "A token from an earlier run is still valid; if the server accepts it, nothing \
                   else is needed.";
        let title = "Call the MCP server with the stored token";
        (Purpose::Mcp { method: named }, (title, why))
    } else {
        let why = "A protected server answers 401 and says where its metadata is.";
        let title = "Call the MCP server without a token";
        (Purpose::Challenge { method: named }, (title, why))
    };
    Plan::new(Phase::Challenge, purpose, words, method, request)
}

pub(crate) fn judge(flow: Flow, setup: &Setup, with_token: bool, outcome: &Outcome) -> Transition {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return Transition::no_response(flow, failure),
    };
    let status = response.status;
    let answer = match (status, rpc_answer(response)) {
        (401, _) => return challenged(flow, setup, response),
        (403 | 400, _) if token_challenge(response).is_some() => {
            return challenged_otherwise(flow, setup, response);
        }
        (200..=299, RpcAnswer::Result(result)) => {
            if let Some((revision, why)) = earlier_era(&flow.facts, setup, &result) {
                return try_initialize(flow, revision, why);
            }
            return open(flow, setup, with_token, response, &result);
        }
        (_, answer) => answer,
    };
    match answer {
        RpcAnswer::Error {
            code,
            message,
            data,
        } => wrong_version(flow, setup, status, code, &message, &data),
        RpcAnswer::Result(_) => not_mcp(flow, setup, status, "a JSON-RPC result"),
        RpcAnswer::Other(what) => not_mcp(flow, setup, status, &what),
    }
}

fn challenged_otherwise(flow: Flow, setup: &Setup, response: &Response) -> Transition {
    let code = StopCode::WrongChallengeStatus;
    if flow.facts.waives(code) {
        return challenged(flow, setup, response);
    }
    let message = format!(
        "The MCP server challenges with status {}; clients begin to authorize at 401 only.",
        response.status
    );
    Transition::refuse(flow, code, "challenge with the wrong status", message)
}

fn open(
    mut flow: Flow,
    setup: &Setup,
    with_token: bool,
    response: &Response,
    result: &Value,
) -> Transition {
    if let Some(tokens) = flow.facts.tokens.as_mut().filter(|_| with_token) {
        tokens.accepted = true;
    }
    let decision = (!with_token).then_some(Decision::NoAuthorizationNeeded);
    server_info(flow, setup, response, result).decided(decision)
}

/// Goes on with another version, or says that the server's error stands.
fn wrong_version(
    mut flow: Flow,
    setup: &Setup,
    status: u16,
    code: i64,
    message: &str,
    data: &Value,
) -> Transition {
    if !MODERN_ERRORS.contains(&code) {
        let what = format!("JSON-RPC error {code}: {message}");
        return not_mcp(flow, setup, status, &what);
    }
    let offered: Vec<&str> = data["supported"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let facts = &mut flow.facts;
    let newest = offered
        .iter()
        .filter_map(|version| version.parse::<Revision>().ok())
        .max();
    let supported = format!("supports {}", offered.join(", "));
    match newest {
        // The server may name the very version that was sent; it is believed once.
        Some(revision) if revision == facts.revision && !facts.version_retried => {
            facts.version_retried = true;
            facts.rpc_id += 1;
            let verdict = Verdict::moved_on(format!("{supported}, which was sent"));
            Transition::stay(flow, verdict)
        }
        Some(revision) if revision != facts.revision && setup.revision.is_none() => {
            facts.revision = revision;
            facts.era_known = true;
            let why = format!("the server {supported}");
            Transition::stay(flow, Verdict::moved_on(supported))
                .decided(Decision::Revision { revision, why })
        }
        _ => {
            let message = format!("The MCP server answers JSON-RPC error {code}: {message}");
            Transition::stop(flow, StopCode::McpError, &format!("error {code}"), message)
        }
    }
}

/// The answer is none of an MCP server of this era: tries the other era, then says so
/// (2026-07-28 basic/versioning, "Backward Compatibility with Initialization-Based Versions").
fn not_mcp(flow: Flow, setup: &Setup, status: u16, what: &str) -> Transition {
    if !flow.facts.era_known && flow.facts.revision.is_modern() {
        let why = format!(
            "server/discover was answered {status} with {what}, so it is tried with initialize"
        );
        return try_initialize(flow, Revision::LATEST_LEGACY, why);
    }
    let message = format!(
        "{} answers {status} with {what}, which no MCP server does.",
        setup.server_url
    );
    Transition::stop(flow, StopCode::NotAnMcpServer, "not an MCP server", message)
}

/// The same call in the words of an earlier era.
fn try_initialize(mut flow: Flow, revision: Revision, why: String) -> Transition {
    flow.facts.revision = revision;
    flow.facts.era_known = true;
    flow.attempt.redirect = None;
    Transition::stay(flow, Verdict::moved_on("no answer of 2026-07-28"))
        .decided(Decision::Revision { revision, why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::Step;
    use crate::testing::{refused_connection, response, setup, stopped, with_tokens};

    fn first_call(revision: Option<Revision>) -> Flow {
        let facts = crate::facts::Facts::new(revision);
        Flow::at(Step::ExpectChallenge { with_token: false }, facts)
    }

    fn judged(flow: Flow, status: u16, headers: &[(&str, &str)], body: &str) -> Transition {
        let outcome = Outcome::Response(response(status, headers, body));
        judge(flow, &setup(), false, &outcome)
    }

    #[test]
    fn the_call_is_the_one_of_the_revision() {
        let method = |revision| {
            let plan = request(&first_call(revision), &setup(), false);
            assert_eq!(plan.request.header_value("authorization"), None);
            match plan.purpose {
                Purpose::Challenge { method } => method,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(method(None), "server/discover");
        assert_eq!(method(Some(Revision::R20251125)), "initialize");
    }

    #[test]
    fn a_stored_token_is_sent_along() {
        let flow = with_tokens(Step::ExpectChallenge { with_token: true }, None);
        let plan = request(&flow, &setup(), true);
        assert_eq!(
            plan.request.header_value("authorization"),
            Some("Bearer a1")
        );
        assert!(matches!(plan.purpose, Purpose::Mcp { .. }));
    }

    #[test]
    fn a_401_leads_to_metadata_and_another_status_only_when_the_user_goes_on() {
        let challenge = [("www-authenticate", "Bearer")];
        let to_metadata = |transition: Transition| {
            matches!(
                transition.flow.step,
                Step::ExpectResourceMetadata { attempt: 0, .. }
            )
        };
        assert!(to_metadata(judged(first_call(None), 401, &challenge, "")));
        assert!(to_metadata(judged(first_call(None), 401, &[], "<html>")));
        let refused = judged(first_call(None), 403, &challenge, "");
        assert_eq!(
            stopped(&refused),
            Some((StopCode::WrongChallengeStatus, true))
        );
        let mut waived = first_call(None);
        waived.facts.waived.push(StopCode::WrongChallengeStatus);
        assert!(to_metadata(judged(waived, 403, &challenge, "")));
    }

    #[test]
    fn what_is_no_mcp_server_is_tried_with_the_other_era_once() {
        for (status, body) in [(404, "<html>"), (200, "{}"), (500, ""), (403, "no")] {
            let other = judged(first_call(None), status, &[], body);
            assert_eq!(
                other.flow.facts.revision,
                Revision::LATEST_LEGACY,
                "{status} {body}"
            );
            let end = judged(other.flow, status, &[], body);
            assert_eq!(stopped(&end), Some((StopCode::NotAnMcpServer, false)));
        }
        let silent = judge(first_call(None), &setup(), false, &refused_connection());
        assert_eq!(stopped(&silent), Some((StopCode::Transport, false)));
    }

    #[test]
    fn a_version_the_server_names_is_taken_and_its_own_believed_once() {
        let error = |versions: &str| {
            format!(
                r#"{{"error":{{"code":-32022,"message":"no","data":{{"supported":[{versions}]}}}}}}"#
            )
        };
        let older = judged(
            first_call(None),
            400,
            &[],
            &error(r#""2025-11-25","2024-11-05","x",7"#),
        );
        assert_eq!(older.flow.facts.revision, Revision::R20251125);
        let same = error(&format!("\"{}\"", Revision::LATEST.as_str()));
        let again = judged(first_call(None), 400, &[], &same);
        assert_eq!(stopped(&again), None);
        let end = judged(again.flow, 400, &[], &same);
        assert_eq!(stopped(&end), Some((StopCode::McpError, false)));
        // A revision that the user chose is not changed.
        let mut chosen = setup();
        chosen.revision = Some(Revision::LATEST);
        let outcome = Outcome::Response(response(400, &[], &error("\"2025-11-25\"")));
        let end = judge(first_call(chosen.revision), &chosen, false, &outcome);
        assert_eq!(stopped(&end), Some((StopCode::McpError, false)));
    }

    #[test]
    fn a_result_without_its_versions_is_none_of_2026_07_28() {
        let revision = |chosen, result: &str| {
            let body = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
            let mut setup = setup();
            setup.revision = chosen;
            let outcome = Outcome::Response(response(200, &[], &body));
            let next = judge(first_call(chosen), &setup, false, &outcome).flow;
            (next.facts.revision, next.step == Step::ExpectTools)
        };
        let modern = (Revision::LATEST, true);
        assert_eq!(
            revision(None, r#"{"supportedVersions":["2026-07-28"]}"#),
            modern
        );
        // An error that only later servers know is not a reason to go back.
        assert_eq!(
            revision(None, r#"{"supportedVersions":["2027-01-01"]}"#),
            modern
        );
        for result in [
            "{}",
            r#"{"supportedVersions":"2026-07-28"}"#,
            r#"{"tools":[]}"#,
        ] {
            assert_eq!(
                revision(None, result),
                (Revision::LATEST_LEGACY, false),
                "{result}"
            );
            assert_eq!(revision(Some(Revision::LATEST), result), modern, "{result}");
        }
        let older = revision(None, r#"{"supportedVersions":["2025-03-26","2025-06-18"]}"#);
        assert_eq!(older, (Revision::R20250618, false));
    }

    #[test]
    fn an_open_server_needs_no_authorization() {
        let body = r#"{"jsonrpc":"2.0","id":1,"result":{"serverInfo":{"name":"s"},"protocolVersion":"2025-06-18"}}"#;
        let transition = judged(first_call(Some(Revision::R20251125)), 200, &[], body);
        assert_eq!(transition.flow.step, Step::ExpectInitialized);
        assert_eq!(transition.flow.facts.revision, Revision::R20250618);
        assert!(
            transition
                .decisions
                .contains(&Decision::NoAuthorizationNeeded)
        );
    }
}
