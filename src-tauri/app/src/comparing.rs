//! Two documents side by side.

use compare::{Comparison, Side};
use serde_json::{Value, json};

use crate::document::Document;

/// Compares two documents, each with the name that sentences have for it.
pub fn compare_documents(a: (&str, &Document), b: (&str, &Document)) -> Comparison {
    let traces = [a.1.trace(), b.1.trace()];
    let findings = [a.1.findings(), b.1.findings()];
    let ledgers = [a.1.ledger(), b.1.ledger()];
    let typed = [a.1.typed_secrets(), b.1.typed_secrets()];
    let side = |at: usize, name| Side {
        name,
        trace: &traces[at],
        flow: None,
        findings: &findings[at],
        ledger: &ledgers[at],
        typed: &typed[at],
    };
    compare::compare(side(0, a.0), side(1, b.0))
}

/// The shape of the report of a comparison. It only grows.
const SCHEMA: &str = "authscope-compare-1";

/// A comparison as JSON: what [`Comparison`] holds, with a word on each of the two.
pub fn comparison_report(comparison: &Comparison, a: &Document, b: &Document) -> Value {
    let about = |document: &Document| {
        let trace = document.trace();
        let redactor = formats::Redactor::of(&trace, &document.typed_secrets());
        let view = document.view();
        let verdict = view.and_then(|view| view.verdict.clone());
        json!({
            "server_url": redactor.url(&trace.server_url),
            "started": trace.started,
            "origin": trace.origin,
            "client": trace.client.name,
            "verdict": verdict.map(|verdict| redactor.text(&verdict.text)),
        })
    };
    let mut report = json!({
        "schema": SCHEMA,
        "authscope": env!("CARGO_PKG_VERSION"),
        "a": about(a),
        "b": about(b),
    });
    if let (Some(report), Value::Object(rest)) = (report.as_object_mut(), json!(comparison)) {
        report.extend(rest);
    }
    report
}
