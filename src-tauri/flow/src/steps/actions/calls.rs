//! Calls to the MCP server that the user asked for.

use trace::{Phase, Response, RpcAnswer, Verdict, rpc_answer};

use crate::facts::Facts;
use crate::plan::{Env, Plan};
use crate::queue::TokenTried;
use crate::routes::actions::{failed, go_on};
use crate::routes::step_up::step_up;
use crate::setup::Setup;
use crate::state::Flow;
use crate::steps::{mcp, tool};
use crate::transition::Transition;

/// A call to see whether the token is taken.
pub(crate) fn try_request(facts: &Facts, setup: &Setup, tried: &TokenTried) -> Plan {
    let mut facts = facts.clone();
    if let Some(tokens) = &mut facts.tokens {
        tokens.access_token.clone_from(&tried.token);
    }
    Plan {
        phase: Phase::Extra,
        title: "Call with the token".into(),
        why: "The answer shows whether the MCP server takes the token now.".into(),
        ..mcp::tools_request(&facts, setup)
    }
}

pub(crate) fn called(
    mut flow: Flow,
    setup: &Setup,
    response: &Response,
    env: &mut Env<'_>,
) -> Transition {
    flow.facts.rpc_id += 1;
    // More scope, another login: the flow authorizes once more and comes back to the call.
    if let Some(stepped_up) = step_up(&flow, setup, response, env) {
        return stepped_up;
    }
    let status = response.status;
    match rpc_answer(response) {
        RpcAnswer::Result(result) => {
            flow.facts.step_up.attempts = 0;
            let words = tool::words(&result);
            let sentence = format!("The call came through: {words}.");
            go_on(flow, setup, Verdict::accepted(words), sentence)
        }
        RpcAnswer::Error { code, message, .. } => {
            let message = format!("tools/call is answered with JSON-RPC error {code}: {message}");
            failed(flow, setup, &format!("error {code}"), message)
        }
        RpcAnswer::Other(what) => {
            let message = format!("tools/call is answered with status {status} and {what}.");
            failed(flow, setup, &format!("status {status}"), message)
        }
    }
}

pub(crate) fn tried(
    mut flow: Flow,
    setup: &Setup,
    TokenTried { token: _ }: &TokenTried,
    response: &Response,
) -> Transition {
    flow.facts.rpc_id += 1;
    let (verdict, message) = match response.status {
        200..=299 => (
            Verdict::accepted("token taken"),
            "The MCP server takes the token.",
        ),
        401 => (
            Verdict::moved_on("token not taken"),
            "The MCP server does not take the token.",
        ),
        status => (
            Verdict::moved_on(format!("status {status}")),
            "The MCP server's answer does not tell whether it takes the token.",
        ),
    };
    go_on(flow, setup, verdict, message)
}

#[cfg(test)]
mod tests {
    use trace::{ActionKind, Decision};

    use super::*;
    use crate::step::Step;
    use crate::testing::{response, setup, with_env, with_tokens};

    fn acting() -> Flow {
        let mut flow = with_tokens(Step::ExpectTools, None);
        flow.facts.queue.action = Some(ActionKind::CallTool);
        flow
    }

    fn current() -> TokenTried {
        TokenTried { token: "a1".into() }
    }

    fn message(transition: &Transition) -> &str {
        match transition.decisions.last() {
            Some(Decision::ActionDone { message, .. }) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_answer_shows_whether_the_token_is_taken() {
        for (status, words) in [
            (200, "takes the token."),
            (401, "does not take"),
            (500, "does not tell"),
        ] {
            let transition = tried(acting(), &setup(), &current(), &response(status, &[], ""));
            assert!(message(&transition).contains(words), "{status}");
        }
        let plan = try_request(&acting().facts, &setup(), &current());
        assert_eq!(
            plan.request.header_value("authorization"),
            Some("Bearer a1")
        );
    }

    #[test]
    fn a_call_ends_with_what_came_of_it() {
        for (status, body, words) in [
            (200, r#"{"result":{}}"#, "The call came through"),
            (
                200,
                r#"{"error":{"code":-1,"message":"m"}}"#,
                "JSON-RPC error -1: m",
            ),
            (502, "<html>", "status 502"),
        ] {
            let response = response(status, &[], body);
            let transition = with_env(|env| called(acting(), &setup(), &response, env));
            assert!(
                message(&transition).contains(words),
                "{}",
                message(&transition)
            );
        }
    }
}
