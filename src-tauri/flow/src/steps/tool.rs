//! The call of a tool that the setup names: the end of the flow.

use serde_json::{Value, json};
use trace::{Outcome, Phase, Purpose, RpcAnswer, StopCode, Verdict, rpc_answer};

use crate::facts::{Facts, Tool};
use crate::flow::Flow;
use crate::judged::Judged;
use crate::mcp_request::mcp_request;
use crate::mirrored::{header_value, parameter_headers};
use crate::options::ToolCall;
use crate::setup::Setup;
use crate::step::{Hand, Plan, Step};
use crate::steps::mcp;

pub(crate) fn request(flow: &Flow, setup: &Setup) -> Plan {
    match &setup.call {
        Some(call) => plan(flow, setup, call, Phase::Mcp),
        None => mcp::tools_request(flow, setup),
    }
}

/// A `tools/call` with its headers.
pub(crate) fn plan(flow: &Flow, setup: &Setup, call: &ToolCall, phase: Phase) -> Plan {
    let name = name(&flow.facts, call);
    let params = json!({ "name": name, "arguments": call.arguments });
    let mut request = mcp_request(&flow.facts, setup, "tools/call", params, false, true);
    if flow.facts.revision.is_modern() {
        request = request.header("mcp-name", header_value(&name));
        let schema =
            listed(&flow.facts, &name).map_or(Value::Null, |tool| tool.input_schema.clone());
        for (name, value) in parameter_headers(&schema, &call.arguments).unwrap_or_default() {
            request = request.header(&name, value);
        }
    }
    Plan {
        phase,
        purpose: Purpose::Mcp {
            method: "tools/call".into(),
        },
        title: format!("Call the tool {name}"),
        why: "A call that does something for a user may need more than the list did.".into(),
        label: format!("tools/call {name}"),
        request,
        not_before: None,
        credentials: Vec::new(),
    }
}

pub(crate) fn judge(flow: Flow, setup: &Setup, outcome: &Outcome, hand: &mut Hand<'_>) -> Judged {
    let (flow, response) = match mcp::answered(flow, setup, outcome, hand) {
        Ok(answered) => answered,
        Err(judged) => return *judged,
    };
    let tools = flow.facts.server.tools.len() as u32;
    match rpc_answer(response) {
        RpcAnswer::Result(result) => {
            let verdict = Verdict::accepted(words(&result));
            mcp::done(flow, setup, "tools/call", Some(tools), verdict)
        }
        RpcAnswer::Error { code, message, .. } => {
            let words = format!("error {code}");
            let message = format!("tools/call is answered with JSON-RPC error {code}: {message}");
            Judged::stop(flow, StopCode::McpError, &words, message)
        }
        RpcAnswer::Other(what) => {
            let message = format!(
                "tools/call is answered with status {} and {what}.",
                response.status
            );
            Judged::stop(flow, StopCode::McpError, "no JSON-RPC answer", message)
        }
    }
}

/// After the list of tools: the call, where the setup names one that there is.
pub(crate) fn call_next(flow: &Flow, setup: &Setup) -> Option<Step> {
    let call = setup.call.as_ref()?;
    let exists = call.tool.is_some() || !flow.facts.server.tools.is_empty();
    exists.then_some(Step::ExpectToolResult)
}

/// What a tool said, in a few words. An error of the tool is an answer, too.
pub(crate) fn words(result: &Value) -> String {
    match result["isError"].as_bool() {
        Some(true) => "the tool reports an error".into(),
        _ => "the tool answers".into(),
    }
}

fn name(facts: &Facts, call: &ToolCall) -> String {
    let first = || facts.server.tools.first().map(|tool| tool.name.clone());
    call.tool.clone().or_else(first).unwrap_or_default()
}

fn listed<'a>(facts: &'a Facts, name: &str) -> Option<&'a Tool> {
    facts.server.tools.iter().find(|tool| tool.name == name)
}
