//! What the MCP server answers to the calls that clients read.

use std::collections::HashSet;

use serde_json::Value;
use trace::{Revision, RpcAnswer, rpc_answer};

use super::held::{Held, members_of};
use crate::answer_tables::{
    ANNOTATIONS, CAPABILITIES, CONTENT, DISCOVER, INITIALIZE, SERVER_INFO, STRUCTURED, TOOL,
    TOOL_LIST, TOOL_OUTPUT, TOOL_RESULT, content_of,
};
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, method};
use crate::wording::excerpt;

pub(super) fn of_result(seen: ExchangeRef<'_>, method: &str, revision: Revision) -> Vec<Held> {
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
            let abilities = result.get("capabilities").filter(|known| known.is_object());
            let abilities = abilities.cloned().map(|abilities| {
                let pointer = "/result/capabilities".into();
                held(
                    "the capabilities of the server",
                    CAPABILITIES,
                    members_of(abilities),
                    pointer,
                )
            });
            let whole = held(
                "the result of initialize",
                INITIALIZE,
                members_of(result),
                "/result".into(),
            );
            std::iter::once(whole)
                .chain(abilities)
                .chain(info)
                .collect()
        }
        // A server that wants input first, or a task that goes on, has no content yet.
        "tools/call" if result.get("content").is_none() && is_not_done(&result) => Vec::new(),
        "tools/call" => {
            let content = result.get("content").and_then(Value::as_array);
            let content = content.cloned().unwrap_or_default().into_iter();
            let parts = content.enumerate().filter(|(_, part)| part.is_object());
            let members = members_of(result);
            let tables = [
                TOOL_RESULT,
                if revision.is_modern() {
                    &[]
                } else {
                    STRUCTURED
                },
            ];
            let whole = tables.map(|table| {
                let document = "the result of tools/call";
                held(document, table, members.clone(), "/result".into())
            });
            let parts = parts.flat_map(|(at, part)| {
                let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
                let tables = [CONTENT, content_of(kind)];
                tables.map(|table| {
                    let document = "the content of a tool's result";
                    let pointer = format!("/result/content/{at}");
                    held(document, table, members_of(part.clone()), pointer)
                })
            });
            whole.into_iter().chain(parts).collect()
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
            let output = if revision.is_modern() {
                &[]
            } else {
                TOOL_OUTPUT
            };
            let tools = tools.flat_map(|(at, tool)| {
                let pointer = format!("/result/tools/{at}");
                let annotations = tool.get("annotations").filter(|hints| hints.is_object());
                let annotations = annotations.cloned().map(|hints| {
                    let pointer = format!("{pointer}/annotations");
                    held(
                        "the annotations of a tool",
                        ANNOTATIONS,
                        members_of(hints),
                        pointer,
                    )
                });
                let tables = [TOOL, output].map(|table| {
                    let document = "a tool in the list";
                    held(document, table, members_of(tool.clone()), pointer.clone())
                });
                tables.into_iter().chain(annotations)
            });
            std::iter::once(list).chain(tools).collect()
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

/// A draft as the answer to a released revision. Clients know no drafts but those they ask for.
pub(super) fn draft(reading: &Reading<'_>, finding: Finding) -> Option<Finding> {
    let is_draft = |name: &str| name.to_ascii_lowercase().starts_with("draft");
    let (seen, asked, answered) = reading
        .calls
        .iter()
        .filter_map(|call| revisions(*call))
        .find(|(_, asked, answered)| {
            is_draft(answered) && !asked.as_deref().is_some_and(is_draft)
        })?;
    let answered = excerpt(&answered);
    let right = excerpt(asked.as_deref().unwrap_or("2025-11-25"));
    Some(
        finding
            .title_with([answered.as_str()])
            .at(seen.seq, Part::body("/result/protocolVersion"))
            .message(
                "Clients go on with the revisions they know, and nobody ships a draft. They end the \
                 connection.",
            )
            .expected(format!("\"protocolVersion\": \"{right}\""))
            .actual(format!("\"protocolVersion\": \"{answered}\""))
            .fix(format!(
                "Answer \"protocolVersion\": \"{right}\" where the client asks for it, or the newest \
                 released revision that the server speaks."
            )),
    )
}

/// The revision that an `initialize` asks for, where it names one, and the revision it gets.
fn revisions(call: ExchangeRef<'_>) -> Option<(ExchangeRef<'_>, Option<String>, String)> {
    if method(call) != "initialize" {
        return None;
    }
    let asked: Value = serde_json::from_slice(&call.request().get().body.bytes).ok()?;
    let asked = asked.pointer("/params/protocolVersion");
    let asked = asked.and_then(Value::as_str);
    let response = call.response_with_body()?;
    let RpcAnswer::Result(result) = rpc_answer(&response) else {
        return None;
    };
    let answered = result.get("protocolVersion")?.as_str()?;
    Some((call, asked.map(str::to_owned), answered.to_owned()))
}
