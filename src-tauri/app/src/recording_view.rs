//! What a window shows of a recording besides its traffic.

use diagnosis::ClientText;
use formats::Opened;
use serde::{Deserialize, Serialize};
use trace::Origin;
use ts_rs::TS;

use crate::evidence::{NextPiece, known_words, next_piece};

/// What is known of a recording besides its traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RecordingView {
    /// Who recorded it: "Playwright 1.65.1", "Pasted text".
    pub by: String,
    /// Whose traffic it is.
    pub client: String,
    /// What the parts of a pasted text were taken for, with their lines.
    pub pieces: Vec<String>,
    /// What could not be read, in whole sentences.
    pub notes: Vec<String>,
    /// How many exchanges it holds; without any there is nothing to draw.
    pub exchanges: u32,
    /// How many of them belong to no flow.
    pub unrelated: u32,
    /// Errors that a client printed, as far as they are known.
    pub known: Vec<ClientText>,
    /// What to add, so that more can be judged.
    pub next: Option<NextPiece>,
}

impl RecordingView {
    pub(crate) fn of(opened: &Opened) -> Self {
        let trace = &opened.trace;
        let by = match &trace.origin {
            Origin::File { tool, version } => {
                let tool = tool.as_deref().unwrap_or("an unknown program");
                let version = version.as_deref().unwrap_or_default();
                format!("{tool} {version}").trim_end().to_owned()
            }
            Origin::Pasted => "Pasted text".into(),
            Origin::Live => "Authscope".into(),
            Origin::Observed => "Authscope, watching".into(),
        };
        let version = trace.client.version.as_deref().unwrap_or_default();
        let pieces = opened.pieces.iter().map(|piece| {
            let (first, last) = piece.lines;
            let lines = if first == last {
                format!("line {first}")
            } else {
                format!("lines {first} to {last}")
            };
            format!("{} ({lines})", piece.kind.words())
        });
        let known = known_words(opened).into_iter();
        Self {
            by,
            client: format!("{} {version}", trace.client.name)
                .trim_end()
                .to_owned(),
            pieces: pieces.take(MOST_PIECES).collect(),
            notes: opened.notes.clone(),
            exchanges: u32::try_from(trace.exchanges().count()).unwrap_or(u32::MAX),
            unrelated: u32::try_from(replay::unrelated(trace)).unwrap_or(u32::MAX),
            known: known.flat_map(|(_, known)| known).cloned().collect(),
            next: next_piece(opened),
        }
    }
}

/// Pieces of a text that are listed.
const MOST_PIECES: usize = 50;
