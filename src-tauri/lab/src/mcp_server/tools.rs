//! The tools, and what scope each needs.

use serde_json::{Value, json};

use super::McpServer;
use crate::authorization_server::MULTIPLE_FACTORS;

/// The scope that a call of this tool needs; an unknown tool is refused later.
pub(super) fn scope(tool: &str) -> &'static str {
    match tool {
        "write_note" => "mcp:write",
        _ => "mcp:read",
    }
}

/// How strongly and how lately the person has to have logged in for a call of this tool: `acr`, and
/// seconds.
pub(super) fn authentication(tool: &str) -> Option<(&'static str, u64)> {
    (tool == "transfer").then_some((MULTIPLE_FACTORS, 300))
}

/// The tool definitions.
pub(super) fn list(server: &McpServer) -> Value {
    let mut tools = json!([
        {
            "name": "echo",
            "title": "Echo",
            "description": "Says the text again.",
            "inputSchema": {
                "type": "object",
                "properties": { "text": { "type": "string", "description": "What to say." } },
                "required": ["text"],
            },
            "annotations": { "readOnlyHint": true },
        },
        {
            "name": "add",
            "title": "Add",
            "description": "Adds two integers.",
            "inputSchema": {
                "type": "object",
                "properties": { "a": { "type": "integer" }, "b": { "type": "integer" } },
                "required": ["a", "b"],
            },
            "annotations": { "readOnlyHint": true },
        },
        {
            "name": "write_note",
            "title": "Write a note",
            "description": "Keeps a note for as long as the lab runs. Needs the scope mcp:write.",
            "inputSchema": {
                "type": "object",
                "properties": { "text": { "type": "string", "description": "The note." } },
                "required": ["text"],
            },
            "annotations": { "readOnlyHint": false, "destructiveHint": false },
        },
    ]);
    if let (Some(tools), true) = (tools.as_array_mut(), server.options.transfer_tool) {
        tools.push(json!({
            "name": "transfer",
            "title": "Transfer money",
            "description": "Moves no money. Needs a login with a second factor, no longer than five minutes ago.",
            "inputSchema": {
                "type": "object",
                "properties": { "amount": { "type": "integer", "minimum": 1 } },
            },
            "annotations": { "readOnlyHint": true },
        }));
    }
    tools
}

/// Calls a tool. Wrong arguments are a result with `isError`, so that a model can see and mend
/// them.
///
/// # Errors
/// For a tool that is not there.
pub(super) fn call(server: &McpServer, params: &Value) -> Result<Value, String> {
    let arguments = &params["arguments"];
    let text = || arguments["text"].as_str();
    let said = match params["name"].as_str() {
        Some("echo") => text().map(str::to_owned).ok_or("text has to be a string"),
        Some("add") => match (arguments["a"].as_i64(), arguments["b"].as_i64()) {
            (Some(a), Some(b)) => a
                .checked_add(b)
                .map(|sum| sum.to_string())
                .ok_or("the sum is out of range"),
            _ => Err("a and b have to be integers"),
        },
        Some("write_note") => text()
            .map(|note| keep(server, note))
            .ok_or("text has to be a string"),
        Some("transfer") if server.options.transfer_tool => Ok(format!(
            "transferred {}",
            arguments["amount"].as_i64().unwrap_or(1)
        )),
        Some(unknown) => return Err(format!("Unknown tool: {unknown}")),
        None => return Err("params.name is missing".to_owned()),
    };
    let is_error = said.is_err();
    let said = said.unwrap_or_else(str::to_owned);
    Ok(json!({ "content": [{ "type": "text", "text": said }], "isError": is_error }))
}

fn keep(server: &McpServer, note: &str) -> String {
    let mut memory = server.memory();
    memory.notes.push(note.to_owned());
    format!("kept as note {}", memory.notes.len())
}
