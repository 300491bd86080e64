//! How far each phase of a trace has come.

use serde::{Deserialize, Serialize};
use session::Status;
use trace::{Decision, EntryKind, Phase, Trace, VerdictKind};
use ts_rs::TS;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PhaseState {
    pub phase: Phase,
    pub title: String,
    /// What happens in it and what it is good for, in one sentence.
    pub about: String,
    pub progress: Progress,
    /// Exchanges in it so far, abandoned ones left out.
    pub exchanges: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    Pending,
    Active,
    Passed,
    Failed,
    /// Not needed this time.
    Skipped,
}

/// The phases of every run, and the others once they have happened.
///
/// `step` is the phase of the step that comes next or is under way.
pub(crate) fn phases(trace: &Trace, status: &Status, step: Option<Phase>) -> Vec<PhaseState> {
    let live: Vec<_> = trace.live().collect();
    let current = step.or_else(|| match status {
        Status::Stopped { .. } => live.last().map(|entry| entry.phase),
        _ => None,
    });
    let seen = |phase: Phase| live.iter().filter(move |entry| entry.phase == phase);
    let farthest = live
        .iter()
        .filter(|entry| entry.exchange().is_some())
        .map(|entry| entry.phase)
        .max();
    let open = live
        .iter()
        .any(|entry| matches!(entry.decision(), Some(Decision::NoAuthorizationNeeded)));
    let extra = [Phase::Refresh, Phase::StepUp, Phase::Extra];
    let shown = Phase::MAIN.into_iter().chain(extra).filter(|phase| {
        Phase::MAIN.contains(phase) || seen(*phase).next().is_some() || current == Some(*phase)
    });
    let state = |phase: Phase| {
        let exchanges = seen(phase)
            .filter(|entry| matches!(entry.kind, EntryKind::Exchange(_)))
            .count() as u32;
        let done = matches!(status, Status::Done { .. });
        let refused = || {
            let last = seen(phase).filter_map(|entry| entry.exchange()).next_back();
            last.and_then(|exchange| exchange.verdict.as_ref())
                .is_some_and(|it| it.kind == VerdictKind::Rejected)
        };
        let progress = match status {
            Status::Stopped { .. } if current == Some(phase) => Progress::Failed,
            Status::Ended { .. } if exchanges == 0 => Progress::Pending,
            _ if current == Some(phase) => Progress::Active,
            _ if exchanges > 0 && refused() => Progress::Failed,
            _ if exchanges > 0 => Progress::Passed,
            _ if done || open || farthest.is_some_and(|farthest| farthest > phase) => {
                Progress::Skipped
            }
            _ => Progress::Pending,
        };
        PhaseState {
            phase,
            title: phase.title().into(),
            about: diagnosis::phase_in_a_sentence(phase).into(),
            progress,
            exchanges,
        }
    };
    shown.map(state).collect()
}
