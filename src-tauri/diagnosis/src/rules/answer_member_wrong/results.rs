//! What the MCP server answers to the calls that clients read.

use std::collections::HashSet;

use serde_json::Value;
use trace::{RpcAnswer, rpc_answer};

use super::held::{Held, members_of};
use crate::answer_tables::{
    CONTENT, DISCOVER, INITIALIZE, SERVER_INFO, TOOL, TOOL_LIST, TOOL_RESULT,
};
use crate::finding::{Finding, Part};
use crate::reading::ExchangeRef;
use crate::wording::excerpt;

pub(super) fn of_result(seen: ExchangeRef<'_>, method: &str) -> Vec<Held> {
    if !matches!(
        method,
        "initialize" | "server/discover" | "tools/list" | "tools/call"
    ) {
        return Vec::new();
    }
    let response = seen.response_with_body();
    let Some(response) = response.filter(|response| response.status == 200) else {
        return Vec::new();
    };
    let RpcAnswer::Result(result) = rpc_answer(&response) else {
        return Vec::new();
    };
    // A result that is not an object is reported with the JSON-RPC message around it.
    if !result.is_object() {
        return Vec::new();
    }
    let held = |document, table, members, pointer: String| Held {
        document,
        table,
        members,
        pointer,
        by_mcp_server: true,
    };
    match method {
        "initialize" => {
            let info = result.get("serverInfo").filter(|info| info.is_object());
            let info = info.cloned().map(|info| {
                let pointer = "/result/serverInfo".into();
                held("serverInfo", SERVER_INFO, members_of(info), pointer)
            });
            let whole = held(
                "the result of initialize",
                INITIALIZE,
                members_of(result),
                "/result".into(),
            );
            std::iter::once(whole).chain(info).collect()
        }
        // A server that wants input first, or a task that goes on, has no content yet.
        "tools/call" if result.get("content").is_none() && is_not_done(&result) => Vec::new(),
        "tools/call" => {
            let content = result.get("content").and_then(Value::as_array);
            let content = content.cloned().unwrap_or_default().into_iter();
            let parts = content.enumerate().filter(|(_, part)| part.is_object());
            let whole = held(
                "the result of tools/call",
                TOOL_RESULT,
                members_of(result),
                "/result".into(),
            );
            std::iter::once(whole)
                .chain(parts.map(|(at, part)| {
                    let pointer = format!("/result/content/{at}");
                    held(
                        "the content of a tool's result",
                        CONTENT,
                        members_of(part),
                        pointer,
                    )
                }))
                .collect()
        }
        "server/discover" => vec![held(
            "the result of server/discover",
            DISCOVER,
            members_of(result),
            "/result".into(),
        )],
        _ => {
            let tools = result.get("tools").and_then(Value::as_array);
            let tools = tools.cloned().unwrap_or_default();
            let odd = tools.iter().find(|tool| !tool.is_object()).cloned();
            let tools = tools.into_iter().enumerate();
            let tools = tools.filter(|(_, tool)| tool.is_object());
            let mut result = result.clone();
            if let Some(members) = result.as_object_mut() {
                members.remove("tools");
                if let Some(odd) = odd {
                    members.insert("tools".into(), Value::Array(vec![odd]));
                }
            }
            let list = held(
                "the list of tools",
                TOOL_LIST,
                members_of(result),
                "/result".into(),
            );
            std::iter::once(list)
                .chain(tools.map(|(at, tool)| {
                    let pointer = format!("/result/tools/{at}");
                    held("a tool in the list", TOOL, members_of(tool), pointer)
                }))
                .collect()
        }
    }
}

/// Whether a tool's result says itself that more has to come.
fn is_not_done(result: &Value) -> bool {
    let kind = result.get("resultType").and_then(Value::as_str);
    kind.is_some_and(|kind| kind != "complete") || result.get("task").is_some()
}

/// Two tools that clients cannot tell apart.
pub(super) fn two_of_a_name(
    seen: ExchangeRef<'_>,
    method: &str,
    finding: Finding,
) -> Option<Finding> {
    let response = seen
        .response_with_body()
        .filter(|_| method == "tools/list")?;
    let RpcAnswer::Result(result) = rpc_answer(&response) else {
        return None;
    };
    let tools = result.get("tools")?.as_array()?;
    let mut names = HashSet::new();
    let mut named = tools
        .iter()
        .enumerate()
        .filter_map(|(at, tool)| Some((at, tool.get("name")?.as_str()?)));
    let (at, name) = named.find(|(_, name)| !name.is_empty() && !names.insert(*name))?;
    let name = excerpt(name);
    Some(
        finding
            .title_with(["name", "a tool in the list"])
            .at(seen.seq, Part::body(&format!("/result/tools/{at}/name")))
            .message(
                "A tool is called by its name. Of two tools of the same name clients show one, or \
                 refuse the list.",
            )
            .expected("a name of its own for each tool")
            .actual(format!("two tools with the name {name}"))
            .fix(format!(
                "Give each tool a name of its own; {name} is there twice."
            )),
    )
}
