//! An open document with what it needs to be stepped again, and the lab it may run against.

use std::sync::Arc;

use lab::{Lab, LabOptions};
use session::{AppError, ErrorCode, Options};

use crate::document::Document;
use crate::history::Keeping;
use crate::lab_scenarios::{self, Scenario};
use crate::observed::Observation;

/// An open document, with what it needs to be stepped again.
#[derive(Clone)]
pub(crate) struct Open {
    pub document: Arc<Document>,
    /// What the run was started with; `None` for a document that was never run here.
    pub options: Option<Options>,
    /// What is observed, or was.
    pub observation: Option<Observation>,
    /// The lab it runs against; it serves as long as a document needs it.
    pub lab: Option<Arc<RunningLab>>,
    /// What keeps the run.
    pub keeping: Option<Arc<Keeping>>,
    /// The past run that it was opened from.
    pub past: Option<String>,
}

/// A lab that serves, and the title of its scenario.
pub(crate) struct RunningLab {
    _lab: Lab,
    pub title: String,
}

impl Open {
    /// Whether it is the past run of this id.
    pub fn is_run(&self, id: &str) -> bool {
        let kept = self.keeping.as_ref().and_then(|keeping| keeping.id());
        kept.as_deref() == Some(id) || self.past.as_deref() == Some(id)
    }
}

/// Starts the lab's scenario of this name, and points the options at it.
///
/// # Errors
/// When the scenario is unknown, or the lab finds no free port.
pub(crate) async fn running_lab(
    slug: &str,
    options: &mut Options,
) -> Result<Arc<RunningLab>, AppError> {
    let scenario = lab_scenarios::scenario(slug).ok_or_else(|| no_scenario(slug))?;
    let lab = start_lab(scenario).await?;
    options.server_url = lab.mcp_url().to_owned();
    (scenario.way.run)(&lab, options);
    let title = lab_scenarios::title(slug).unwrap_or_else(|| slug.to_owned());
    Ok(Arc::new(RunningLab { _lab: lab, title }))
}

async fn start_lab(scenario: Scenario) -> Result<Lab, AppError> {
    let mut options = LabOptions {
        misbehaviour: scenario.misbehaviour,
        provider: scenario.provider,
        ..LabOptions::default()
    };
    (scenario.way.lab)(&mut options);
    Lab::start(options).await.map_err(|error| AppError {
        code: ErrorCode::Listen,
        message: format!("The lab could not open a port on 127.0.0.1: {error}"),
        hint: None,
    })
}

pub(crate) fn no_scenario(slug: &str) -> AppError {
    AppError {
        code: ErrorCode::Invalid,
        message: format!("lab: expected the name of a scenario, got \"{slug}\""),
        hint: None,
    }
}
