//! Two documents side by side.

use std::sync::Arc;

use compare::{ComparedRun, Comparison};
use diagnosis::{Finding, RuleCheck};
use serde_json::{Value, json};
use session::{AppError, ErrorCode};
use trace::{FlowInfo, Secret, Trace};

use crate::document::Document;

/// One of two documents to compare.
#[derive(Clone, Copy)]
pub struct Compared<'a> {
    /// What sentences call it.
    pub name: &'a str,
    pub document: &'a Document,
    /// Which of its flows, counted from 1; `None` for the last one.
    pub flow: Option<u16>,
}

/// Compares two documents, or a flow of each.
///
/// # Errors
/// [`ErrorCode::Invalid`] where a document has no such flow.
pub fn compare_documents(a: Compared<'_>, b: Compared<'_>) -> Result<Comparison, AppError> {
    let (one, other) = (Judged::of(a)?, Judged::of(b)?);
    let compared = compare::compare(one.side(a.name), other.side(b.name));
    Ok(compared)
}

/// A document with what the rules say of the flow that is compared.
struct Judged {
    trace: Arc<Trace>,
    flow: Option<FlowInfo>,
    findings: Arc<[Finding]>,
    ledger: Arc<[RuleCheck]>,
    typed: Vec<(String, Secret)>,
}

impl Judged {
    fn of(compared: Compared<'_>) -> Result<Self, AppError> {
        let document = compared.document;
        let trace = document.trace();
        let flow = flow(compared, &trace)?;
        let (findings, ledger) = match &flow {
            // Findings about another flow are not a difference of this one.
            Some(flow) if trace.flows.len() > 1 => {
                let judged = diagnosis::judgement_of_flow(&trace, flow);
                (judged.findings.into(), judged.ledger.into())
            }
            _ => (document.findings(), document.ledger()),
        };
        Ok(Self {
            typed: document.typed_secrets(),
            trace,
            flow,
            findings,
            ledger,
        })
    }

    fn side<'a>(&'a self, name: &'a str) -> ComparedRun<'a> {
        ComparedRun {
            name,
            trace: &self.trace,
            flow: self.flow.as_ref().map(|flow| flow.id),
            findings: &self.findings,
            ledger: &self.ledger,
            typed: &self.typed,
        }
    }
}

/// The flow that is asked for, else the last one; `None` where the document has none.
fn flow(compared: Compared<'_>, trace: &Trace) -> Result<Option<FlowInfo>, AppError> {
    let Some(asked) = compared.flow else {
        return Ok(trace.flows.last().cloned());
    };
    let place = usize::from(asked).checked_sub(1);
    match place.and_then(|place| trace.flows.get(place)) {
        Some(flow) => Ok(Some(flow.clone())),
        None => Err(AppError {
            code: ErrorCode::Invalid,
            message: format!(
                "{}: expected a flow from 1 to {}, got {asked}",
                compared.name,
                trace.flows.len()
            ),
            hint: None,
        }),
    }
}

/// The shape of the report of a comparison. It only grows.
const SCHEMA: &str = "authscope-compare-1";

/// A comparison as JSON: what [`Comparison`] holds, and what each of the two is.
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
