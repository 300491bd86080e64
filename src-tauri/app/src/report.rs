//! The JSON report. Secrets are replaced in all of it.

use diagnosis::{Finding, Level, RuleCheck};
use formats::Redactor;
use serde_json::{Value, json};
use session::Status;
use trace::{Entry, EntryKind, Secret, Trace, sentence};

use crate::verdict::RunVerdict;

/// The shape of the report. It only grows; the number is for what would have to change.
const SCHEMA: &str = "authscope-run-1";

/// `{"schema", "outcome", "message", "verdict", "steps", "exchanges", "findings", "rules"}`;
/// `outcome` is "reached" or "failed", `verdict` is null for a run that did not come to an end, and
/// `rules` says what became of every rule.
///
/// `typed` are secrets that were typed in, with their names.
pub fn report(
    trace: &Trace,
    typed: &[(String, Secret)],
    status: &Status,
    findings: &[Finding],
    ledger: &[RuleCheck],
) -> Value {
    let redactor = Redactor::of(trace, typed);
    let (outcome, message) = match status {
        Status::Done { message } => ("reached", message.clone()),
        Status::Stopped { message, .. } => ("failed", message.clone()),
        _ => ("failed", "The run did not come to an end.".to_owned()),
    };
    let exchanges: Vec<Value> = trace
        .exchanges()
        .map(|(entry, exchange)| {
            let mut value = json!(redactor.exchange(exchange));
            value["exchange"] = json!(entry.seq);
            value["phase"] = json!(entry.phase);
            value
        })
        .collect();
    let mut report = json!({
        "schema": SCHEMA,
        "authscope": env!("CARGO_PKG_VERSION"),
        "server_url": trace.server_url,
        "outcome": outcome,
        "message": message,
        "verdict": RunVerdict::of(trace, status, findings),
        "steps": trace.entries.iter().map(|entry| step(entry, findings, &redactor)).collect::<Vec<_>>(),
        "exchanges": [],
        "findings": findings.iter().map(finding).collect::<Vec<_>>(),
        "rules": ledger.iter().map(rule).collect::<Vec<_>>(),
    });
    replace_secrets(&mut report, &redactor);
    report["exchanges"] = Value::Array(exchanges);
    report
}

/// In every text, by the secrets that the trace holds. The names of members are the report's own.
fn replace_secrets(value: &mut Value, redactor: &Redactor) {
    match value {
        Value::String(text) => *text = redactor.text(text),
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| replace_secrets(value, redactor)),
        Value::Object(members) => members
            .values_mut()
            .for_each(|value| replace_secrets(value, redactor)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn step(entry: &Entry, findings: &[Finding], redactor: &Redactor) -> Value {
    let codes: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.exchange == Some(entry.seq))
        .map(|finding| finding.code.as_str())
        .collect();
    let mut step = json!({ "number": entry.seq, "phase": entry.phase });
    match &entry.kind {
        EntryKind::Exchange(exchange) => {
            step["what"] = json!(format!(
                "{} {}",
                exchange.request.method,
                redactor.url(&exchange.request.url)
            ));
            step["label"] = json!(exchange.label);
            step["status"] = json!(exchange.status());
            step["failure"] = json!(exchange.failure());
            step["duration_ms"] = json!(exchange.timings.total.as_secs_f64() * 1000.0);
            step["verdict"] = json!(exchange.verdict);
            step["exchange"] = json!(entry.seq);
        }
        EntryKind::BrowserOpened(visit) => {
            step["what"] = json!(format!("open {}", redactor.url(&visit.url)))
        }
        EntryKind::Decision(decision) => {
            step["what"] = json!(sentence(decision));
            step["decision"] = json!(decision);
        }
        EntryKind::Rewound { to } => step["what"] = json!(format!("back to {to}")),
    }
    step["findings"] = json!(codes);
    step
}

fn finding(finding: &Finding) -> Value {
    let mut value = json!(finding);
    value["level"] = json!(level_word(finding.level));
    value
}

fn rule(check: &RuleCheck) -> Value {
    json!({
        "code": check.code,
        "status": check.status,
        "reason": check.reason,
        "exchange": check.exchange,
    })
}

/// "error", "warning" or "note".
pub fn level_word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}
