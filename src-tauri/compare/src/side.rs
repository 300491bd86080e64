//! What is known of one of the two runs.

use diagnosis::{Finding, RuleCheck};
use trace::{FlowId, Secret, Trace};

/// One of the two that are compared.
#[derive(Clone, Copy)]
pub struct ComparedRun<'a> {
    /// As sentences name it: "A", "Run 1".
    pub name: &'a str,
    pub trace: &'a Trace,
    /// The flow that is compared; `None` for the last one of the trace.
    pub flow: Option<FlowId>,
    pub findings: &'a [Finding],
    pub ledger: &'a [RuleCheck],
    /// Secrets that were typed for the run, with their names: see [`formats::Redactor::of`].
    pub typed: &'a [(String, Secret)],
}
