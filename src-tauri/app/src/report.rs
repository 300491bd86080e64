//! The JSON report. Secrets are replaced in all of it.

use diagnosis::{Finding, Level, RuleCheck};
use formats::{Opened, Redactor};
use serde_json::{Value, json};
use session::Status;
use trace::{Client, Entry, EntryKind, FlowInfo, Origin, Secret, Trace, sentence};

use crate::evidence;
use crate::recording::{flow_status, recorded_status};
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
        Status::Stopped { message, .. } | Status::Ended { message } => ("failed", message.clone()),
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

/// The report of a recording: as of a run, with what is known of the recording. Where it holds
/// several flows, `flows` has the report of each; the numbers are the same in both.
///
/// `typed` are secrets that are not in the recording by a name, with their names.
pub fn recording_report(
    opened: &Opened,
    typed: &[(String, Secret)],
    findings: &[Finding],
    ledger: &[RuleCheck],
) -> Value {
    let trace = &opened.trace;
    let mut report = report(trace, typed, &recorded_status(trace), findings, ledger);
    let redactor = Redactor::of(trace, typed);
    let mut client = json!(trace.client);
    replace_secrets(&mut client, &redactor);
    report["client"] = client;
    report["client_profile"] = json!(known_client(&trace.client));
    report["recording"] = json!({
        "origin": trace.origin,
        "unrelated": replay::unrelated(trace),
        "notes": opened.notes,
    });
    if trace.origin == Origin::Pasted {
        let mut evidence = evidence::report(opened);
        replace_secrets(&mut evidence, &redactor);
        report["recording"]["evidence"] = evidence;
    }
    if trace.flows.len() > 1 {
        let flows = trace.flows.iter();
        report["flows"] = flows
            .map(|flow| flow_report(trace, typed, flow, findings))
            .collect();
    }
    report
}

/// What is known of a client that was recognised: its profile, and what servers trip over with it.
fn known_client(client: &Client) -> Option<Value> {
    let profile = clients::profiles()
        .iter()
        .find(|one| one.name == client.name)?;
    Some(json!({
        "id": profile.id,
        "version": profile.version,
        "evidence": profile.grade,
        "facts": profile.facts,
        "weaknesses": profile.weaknesses,
    }))
}

fn flow_report(
    trace: &Trace,
    typed: &[(String, Secret)],
    flow: &FlowInfo,
    findings: &[Finding],
) -> Value {
    let of_flow = |seq: u32| {
        trace
            .entry(seq)
            .is_some_and(|entry| entry.flow == Some(flow.id))
    };
    let findings: Vec<Finding> = findings
        .iter()
        .filter(|finding| finding.exchange.is_none_or(of_flow))
        .cloned()
        .collect();
    let mut one = trace.clone();
    one.server_url = flow.server_url.clone().unwrap_or_default();
    one.entries.retain(|entry| entry.flow == Some(flow.id));
    let ledger = diagnosis::judgement_of_flow(trace, flow).ledger;
    report(
        &one,
        typed,
        &flow_status(trace, Some(flow)),
        &findings,
        &ledger,
    )
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
