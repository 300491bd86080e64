//! What was found, for people: what the reports in Markdown and HTML have in common.

mod bug_report;
mod markdown;
mod message;
mod page;

use diagnosis::{Finding, Level, Owner};
use serde_json::Value;
use trace::{Decision, Purpose, RpcAnswer, Trace, rpc_answer};

use crate::format::{Export, Judged};
use crate::line::line;
use crate::redact::Redactor;

pub use bug_report::BugReport;
pub use markdown::Markdown;
pub use page::Page;

/// The findings that one owner has to act on, as they are told: the worst first.
struct ByOwner<'a> {
    owner: Owner,
    findings: Vec<&'a Finding>,
}

/// The owner of the root cause first; what nobody has to act on comes last.
fn by_owner(findings: &[Finding]) -> Vec<ByOwner<'_>> {
    let mut groups: Vec<ByOwner<'_>> = Vec::new();
    for finding in findings {
        let known = groups.iter_mut().find(|group| group.owner == finding.owner);
        match known {
            Some(group) => group.findings.push(finding),
            None => groups.push(ByOwner {
                owner: finding.owner,
                findings: vec![finding],
            }),
        }
    }
    groups.sort_by_key(|group| group.owner == Owner::Nobody);
    groups
}

/// What the report is about.
fn title(url: &str) -> String {
    match url {
        "" => "OAuth in a recording without an MCP server".into(),
        url => format!("OAuth of {url}"),
    }
}

/// The sign that stands before a verdict.
fn verdict_sign(judged: &Judged<'_>) -> &'static str {
    let errors = judged
        .findings
        .iter()
        .any(|finding| finding.level == Level::Error);
    match (judged.works, errors) {
        (true, false) => "✓",
        (true, true) => "▲",
        (false, _) => "✕",
    }
}

/// How it ended.
fn verdict_words(judged: &Judged<'_>, redactor: &Redactor) -> String {
    let verdict = judged.verdict.unwrap_or("The run did not come to an end.");
    redactor.text(verdict)
}

fn level_sign(level: Level) -> &'static str {
    match level {
        Level::Error => "✕",
        Level::Warning => "▲",
        Level::Note => "●",
    }
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

/// Whom an owner is in sentences.
fn owner_words(owner: Owner) -> &'static str {
    match owner {
        Owner::McpServer => "the MCP server",
        Owner::AuthorizationServer => "the authorization server",
        Owner::Network => "the network, or a proxy or gateway in it",
        Owner::Client => "the client",
        Owner::Nobody => "nobody",
    }
}

/// The owner by its address where the finding knows it.
fn owner_name(finding: &Finding, redactor: &Redactor) -> String {
    if finding.owner_name.is_empty() {
        owner_words(finding.owner).to_owned()
    } else {
        line(&finding.owner_name, redactor)
    }
}

/// The programs that took part and what they speak, each with its version as far as it is known.
fn versions(export: &Export<'_>, redactor: &Redactor) -> Vec<(&'static str, String)> {
    let trace = export.trace;
    let mut all = vec![("Authscope", export.version.to_owned())];
    let named = |name: &str, version: Option<&str>| {
        let text = format!("{name} {}", version.unwrap_or_default());
        line(text.trim_end(), redactor)
    };
    let client = &trace.client;
    if client.name != "Authscope" {
        all.push(("Client", named(&client.name, client.version.as_deref())));
    }
    let revision = trace.live().filter_map(|entry| match entry.decision()? {
        Decision::Revision { revision, .. } => Some(revision.as_str().to_owned()),
        _ => None,
    });
    all.extend(revision.last().map(|revision| ("MCP revision", revision)));
    if let Some(info) = server_info(trace) {
        let text = |name: &str| info.get(name).and_then(Value::as_str);
        let server = named(text("name").unwrap_or("unnamed"), text("version"));
        all.push(("MCP server", server));
    }
    if let Some(recognized) = diagnosis::provider_of(trace) {
        let provider = recognized.provider.name.to_owned();
        all.push(("Authorization server", provider));
    }
    all
}

/// What the MCP server says of itself in its answer to `initialize` or `server/discover`.
fn server_info(trace: &Trace) -> Option<Value> {
    trace.exchanges().find_map(|(_, exchange)| {
        let Purpose::Mcp { method } = &exchange.purpose else {
            return None;
        };
        if !matches!(method.as_str(), "initialize" | "server/discover") {
            return None;
        }
        let RpcAnswer::Result(result) = rpc_answer(exchange.response()?) else {
            return None;
        };
        let places = [
            &result["serverInfo"],
            &result["_meta"]["io.modelcontextprotocol/serverInfo"],
        ];
        places.into_iter().find(|info| info.is_object()).cloned()
    })
}
