//! The call of a tool: the end of the flow, or something the user asked for.

use serde_json::{Value, json};
use trace::{Outcome, Phase, Purpose, RpcAnswer, Verdict, rpc_answer};

use crate::facts::Facts;
use crate::mcp_request::mcp_request;
use crate::mirrored::{header_value, parameter_headers};
use crate::options::ToolCall;
use crate::plan::{Env, Plan};
use crate::routes::mcp::{Reached, ToolAnswer, done, past_the_token};
use crate::setup::Setup;
use crate::state::Flow;
use crate::steps::mcp::no_result;
use crate::transition::Transition;

/// A `tools/call` with its headers.
pub(crate) fn request(facts: &Facts, setup: &Setup, call: &ToolCall, phase: Phase) -> Plan {
    let name = call.tool.clone().unwrap_or_default();
    let params = json!({ "name": name, "arguments": call.arguments });
    let mut request = mcp_request(facts, setup, "tools/call", params, false, true);
    if facts.revision.is_modern() {
        request = request.header("mcp-name", header_value(&name));
        let listed = facts.server.tools.iter().find(|tool| tool.name == name);
        let schema = listed.map_or(Value::Null, |tool| tool.input_schema.clone());
        for (name, value) in parameter_headers(&schema, &call.arguments).unwrap_or_default() {
            request = request.header(&name, value);
        }
    }
    let purpose = Purpose::Mcp {
        method: "tools/call".into(),
    };
    let title = format!("Call the tool {name}");
    let why = "A call that does something for a user may need more than the list did.";
    Plan::new(
        phase,
        purpose,
        (&title, why),
        format!("tools/call {name}"),
        request,
    )
}

pub(crate) fn judge(flow: Flow, setup: &Setup, outcome: &Outcome, env: &mut Env<'_>) -> Transition {
    let (flow, response) = match past_the_token(flow, setup, outcome, env) {
        Ok(answered) => answered,
        Err(transition) => return *transition,
    };
    match rpc_answer(response) {
        RpcAnswer::Result(result) => {
            let answer = ToolAnswer::of(&result);
            let verdict = Verdict::accepted(answer.words());
            done(flow, setup, &Reached::ToolAnswer(answer), verdict)
        }
        answer => no_result(flow, "tools/call", response.status, &answer),
    }
}

#[cfg(test)]
mod tests {
    use trace::{Revision, StopCode};

    use super::*;
    use crate::step::Step;
    use crate::testing::{answer, response, setup, stopped, with_env, with_tokens};
    use crate::tool_pages::Tool;

    fn call() -> ToolCall {
        ToolCall {
            tool: Some("säge".into()),
            arguments: json!({ "region": "eu" }).as_object().unwrap().clone(),
        }
    }

    fn judged(outcome: &Outcome) -> Transition {
        let flow = with_tokens(Step::ExpectToolResult { call: call() }, None);
        with_env(|env| judge(flow, &setup(), outcome, env))
    }

    #[test]
    fn parts_of_the_call_are_mirrored_into_headers_from_2026_07_28_on() {
        let mut facts = with_tokens(Step::ExpectTools, None).facts;
        facts.server.tools = vec![Tool {
            name: "säge".into(),
            title: None,
            description: None,
            input_schema: json!({ "properties": { "region": { "type": "string", "x-mcp-header": "Region" } } }),
        }];
        let old = request(&facts, &setup(), &call(), Phase::Mcp).request;
        assert_eq!(
            (
                old.header_value("mcp-name"),
                old.header_value("mcp-param-region")
            ),
            (None, None)
        );
        facts.revision = Revision::R20260728;
        let new = request(&facts, &setup(), &call(), Phase::Mcp).request;
        assert_eq!(new.header_value("mcp-name"), Some("=?base64?c8OkZ2U=?="));
        assert_eq!(new.header_value("mcp-param-region"), Some("eu"));
    }

    #[test]
    fn an_error_of_the_tool_is_an_answer_and_one_of_the_protocol_is_none() {
        let end = judged(&answer(200, r#"{"result":{"isError":true}}"#));
        assert_eq!(end.verdict.unwrap().text, "the tool reports an error");
        assert!(matches!(
            end.flow.step,
            Step::Done { message } if message.contains("reports an error")
        ));
        for outcome in [
            answer(200, r#"{"error":{"code":-32602,"message":"m"}}"#),
            answer(200, "<html>"),
            answer(404, ""),
        ] {
            assert_eq!(
                stopped(&judged(&outcome)),
                Some((StopCode::McpError, false))
            );
        }
    }

    #[test]
    fn a_call_that_needs_more_scope_is_tried_again_with_it() {
        let challenge = [(
            "www-authenticate",
            "Bearer error=\"insufficient_scope\", scope=\"w\"",
        )];
        let transition = judged(&Outcome::Response(response(403, &challenge, "")));
        assert_eq!(transition.flow.step, Step::ExpectListener);
        let resume = transition.flow.facts.step_up.resume.unwrap();
        assert_eq!(*resume, Step::ExpectToolResult { call: call() });
    }
}
