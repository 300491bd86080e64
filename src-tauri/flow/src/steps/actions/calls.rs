//! Calls to the MCP server that the user asked for.

use trace::{Phase, Response, Revision, RpcAnswer, Verdict, challenges, rpc_answer};

use crate::facts::Facts;
use crate::plan::{Env, Plan};
use crate::queue::TokenTried;
use crate::routes::actions::{failed, go_on};
use crate::routes::mcp::ToolAnswer;
use crate::routes::step_up::step_up;
use crate::setup::Setup;
use crate::state::Flow;
use crate::steps::mcp;
use crate::transition::Transition;

/// A call to see whether the token is taken.
pub(crate) fn try_request(facts: &Facts, setup: &Setup, tried: &TokenTried) -> Plan {
    let mut facts = facts.clone();
    if let Some(tokens) = &mut facts.tokens {
        tokens.access_token.clone_from(&tried.token);
    }
    let (title, why) = if tried.garbled {
        (
            "Call with an invalid token",
            "The server must refuse it, and its challenge shows whether clients learn what to do then.",
        )
    } else {
        (
            "Call with the token",
            "The answer shows whether the MCP server accepts the token now.",
        )
    };
    Plan {
        phase: Phase::Extra,
        title: title.into(),
        why: why.into(),
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
            let words = ToolAnswer::of(&result).words();
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
    tried: &TokenTried,
    response: &Response,
) -> Transition {
    flow.facts.rpc_id += 1;
    if tried.garbled {
        return tried_garbled(flow, setup, response);
    }
    let (verdict, message) = match response.status {
        200..=299 => (
            Verdict::accepted("token taken"),
            "The MCP server accepts the token.",
        ),
        401 => (
            Verdict::moved_on("token not accepted"),
            "The MCP server does not accept the token.",
        ),
        status => (
            Verdict::moved_on(format!("status {status}")),
            "The MCP server's answer does not show whether it accepts the token.",
        ),
    };
    go_on(flow, setup, verdict, message)
}

/// A client learns from `invalid_token` that it needs another token (RFC 6750 section 3.1), and
/// from `resource_metadata` where to get one (RFC 9728 section 5.1).
fn tried_garbled(flow: Flow, setup: &Setup, response: &Response) -> Transition {
    let (verdict, message) = match response.status {
        401 => match unsaid(&flow.facts, response) {
            None => (
                Verdict::accepted("refused"),
                "The invalid token is refused, and the challenge says what clients need."
                    .to_owned(),
            ),
            Some(unsaid) => (
                Verdict::moved_on(format!("refused without {unsaid}")),
                format!("The invalid token is refused, but the challenge lacks {unsaid}."),
            ),
        },
        200..=299 => (
            Verdict::moved_on("invalid token taken"),
            "The MCP server accepts a token that nobody issued.".to_owned(),
        ),
        status => (
            Verdict::moved_on(format!("status {status}")),
            format!("The answer to an invalid token: expected status 401, got {status}."),
        ),
    };
    go_on(flow, setup, verdict, message)
}

/// What the challenge of an invalid token should say and does not.
fn unsaid(facts: &Facts, response: &Response) -> Option<String> {
    let all = challenges(response).unwrap_or_default();
    let says = |name: &str, wanted: Option<&str>| {
        all.iter().any(|challenge| match challenge.parameter(name) {
            Some(value) => wanted.is_none_or(|wanted| wanted == value),
            None => false,
        })
    };
    let has_metadata = facts.revision.at_least(Revision::R20250618);
    let lacking = [
        (!says("error", Some("invalid_token"))).then_some("error=\"invalid_token\""),
        (has_metadata && !says("resource_metadata", None)).then_some("resource_metadata"),
    ];
    let lacking: Vec<&str> = lacking.into_iter().flatten().collect();
    (!lacking.is_empty()).then(|| lacking.join(" and "))
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
        TokenTried {
            token: "a1".into(),
            garbled: false,
        }
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
            (200, "accepts the token."),
            (401, "does not accept"),
            (500, "does not show"),
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
    fn an_invalid_token_is_refused_with_what_clients_need() {
        let metadata = "resource_metadata=\"https://mcp.example/m\"";
        for (status, challenge, words) in [
            (
                401,
                format!("Bearer error=\"invalid_token\", {metadata}"),
                "says what clients need",
            ),
            (
                401,
                format!("Bearer {metadata}"),
                "lacks error=\"invalid_token\".",
            ),
            (
                401,
                "Bearer error=\"invalid_token\"".into(),
                "lacks resource_metadata.",
            ),
            (
                401,
                "Basic".into(),
                "lacks error=\"invalid_token\" and resource_metadata.",
            ),
            (200, String::new(), "accepts a token that nobody issued"),
            (403, String::new(), "expected status 401, got 403"),
        ] {
            let flow = acting();
            let tokens = flow.facts.tokens.clone();
            let garbled = TokenTried::garbled(&"a1".into());
            let response = response(status, &[("www-authenticate", &challenge)], "");
            let transition = tried(flow, &setup(), &garbled, &response);
            assert!(
                message(&transition).contains(words),
                "{}",
                message(&transition)
            );
            assert_eq!(transition.flow.facts.tokens, tokens);
            assert!(transition.effects.is_empty());
        }
        let garbled = TokenTried::garbled(&"a1".into());
        let plan = try_request(&acting().facts, &setup(), &garbled);
        assert_eq!(
            plan.request.header_value("authorization"),
            Some("Bearer xx")
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
