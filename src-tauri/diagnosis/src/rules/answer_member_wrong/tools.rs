//! Names of tools, and what a tool promises about its result.

use serde_json::Value;
use trace::{RpcAnswer, rpc_answer};

use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading};
use crate::wording::excerpt;

/// The first tool whose name has characters that no name of a tool should have. A slash was allowed
/// before names were settled.
pub(super) fn odd_name(seen: ExchangeRef<'_>, method: &str, finding: Finding) -> Option<Finding> {
    const LONGEST: usize = 128;
    let is_odd = |name: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
        !name.is_empty() && (name.chars().count() > LONGEST || !name.chars().all(fits))
    };
    if method != "tools/list" {
        return None;
    }
    let result = result(seen)?;
    let mut tools = result.get("tools")?.as_array()?.iter().enumerate();
    let (at, name) = tools.find_map(|(at, tool)| {
        let name = tool.get("name")?.as_str()?;
        is_odd(name).then(|| (at, excerpt(name)))
    })?;
    Some(
        finding
            .at(seen.seq, Part::body(&format!("/result/tools/{at}/name")))
            .message(
                "Clients hand the names of tools to a language model, and its interface takes \
                 letters, digits, _ and -. They leave the tool out, rename it, or refuse the list.",
            )
            .expected("a name of 1 to 128 letters A to Z, digits, _, - and .")
            .actual(format!("\"name\": \"{name}\""))
            .fix(format!(
                "Rename the tool \"{name}\" with letters, digits, _ and - alone, and put the \
                 readable name into title."
            )),
    )
}

/// The first call of a tool that has an output schema, and whose result has nothing structured.
pub(super) fn not_structured(reading: &Reading<'_>, finding: Finding) -> Option<Finding> {
    let (seq, name) = broken_promise(reading)?;
    Some(
        finding
            .title_with([name.as_str()])
            .at(seq, Part::body("/result"))
            .message(
                "The list gives this tool an outputSchema, so clients look for structuredContent. \
                 The SDKs of TypeScript and Python treat a result without it as an error, and the \
                 user sees no result.",
            )
            .expected("structuredContent that fits the outputSchema of the tool")
            .actual("content without structuredContent")
            .fix(format!(
                "Send structuredContent in the result of {name}, or take outputSchema out of the \
                 list."
            )),
    )
}

/// The exchange and the name of the tool.
fn broken_promise(reading: &Reading<'_>) -> Option<(u32, String)> {
    let all = || {
        reading
            .calls
            .iter()
            .filter_map(|call| Some((call, asked(*call)?)))
    };
    let promised: Vec<String> = all()
        .filter(|(_, asked)| {
            asked
                .get("method")
                .is_some_and(|method| method == "tools/list")
        })
        .filter_map(|(call, _)| result(*call)?.get("tools")?.as_array().cloned())
        .flatten()
        .filter(|tool| tool.get("outputSchema").is_some_and(Value::is_object))
        .filter_map(|tool| Some(tool.get("name")?.as_str()?.to_owned()))
        .collect();
    if promised.is_empty() {
        return None;
    }
    all().find_map(|(call, asked)| {
        let name = asked.pointer("/params/name")?.as_str()?;
        let result = result(*call)?;
        let is_flag = |flag: &Value| flag == true;
        let is_missing = result.get("content").is_some_and(Value::is_array)
            && result.get("structuredContent").is_none()
            && !result.get("isError").is_some_and(is_flag);
        (is_missing && promised.iter().any(|known| known == name))
            .then(|| (call.seq, excerpt(name)))
    })
}

fn asked(seen: ExchangeRef<'_>) -> Option<Value> {
    serde_json::from_slice(&seen.request().get().body.bytes).ok()
}

fn result(seen: ExchangeRef<'_>) -> Option<Value> {
    let response = seen.response_with_body()?;
    match rpc_answer(&response) {
        RpcAnswer::Result(result) => Some(result),
        _ => None,
    }
}
