//! What the window is given to look at: files and pasted texts.

use std::fs::File;
use std::path::Path;

use diagnosis::ClientText;
use formats::{FORMATS, Opened};
use serde::{Deserialize, Serialize};
use session::{AppError, ErrorCode};
use trace::Origin;
use ts_rs::TS;

use crate::app::App;
use crate::evidence::{NextPiece, known_words, next_piece};
use crate::recording::open_recording;

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
            let lines = match first == last {
                true => format!("line {first}"),
                false => format!("lines {first} to {last}"),
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

impl App {
    /// Opens a file that was chosen, dropped, or given on the command line.
    ///
    /// # Errors
    /// [`ErrorCode::File`] when it cannot be read, or is nothing that can be judged.
    pub async fn open_file(&self, path: String) -> Result<RecordingView, AppError> {
        let open = move || {
            let path = Path::new(&path);
            let named = |error: String| {
                let name = path.file_name().unwrap_or(path.as_os_str());
                format!("{}: {error}", name.to_string_lossy())
            };
            let mut file = File::open(path).map_err(|error| named(error.to_string()))?;
            open_recording(Some(path), &mut file).map_err(|error| named(error.to_string()))
        };
        self.take(open).await
    }

    /// Opens a text that was pasted.
    ///
    /// # Errors
    /// [`ErrorCode::File`] when it is nothing that can be judged.
    pub async fn open_text(&self, text: String) -> Result<RecordingView, AppError> {
        let open =
            move || open_recording(None, &mut text.as_bytes()).map_err(|error| error.to_string());
        self.take(open).await
    }

    async fn take(
        &self,
        open: impl FnOnce() -> Result<Opened, String> + Send + 'static,
    ) -> Result<RecordingView, AppError> {
        let refused = |message: String| AppError {
            code: ErrorCode::File,
            message,
            hint: Some("A HAR file of the browser's network panel is the most telling.".into()),
        };
        let opened = tokio::task::spawn_blocking(open).await;
        let opened = opened.unwrap_or_else(|error| Err(error.to_string()));
        let opened = opened.map_err(refused)?;
        let recorded = RecordingView::of(&opened);
        // Words alone are explained, and there is nothing to draw.
        if !opened.trace.entries.is_empty() {
            self.show_recording(opened).await;
        }
        Ok(recorded)
    }
}

/// What is known of an error text that a client printed, the closest first.
pub fn explain(printed: &str) -> Vec<ClientText> {
    let known = diagnosis::explain(printed).into_iter();
    known.take(MOST_KNOWN).cloned().collect()
}

/// The extensions of files that can be read, and those of texts.
pub fn readable_extensions() -> Vec<&'static str> {
    let readable = FORMATS.iter().map(|format| format.about());
    let readable = readable.filter(|about| about.can_read);
    let extensions = readable.flat_map(|about| about.extensions.iter().copied());
    extensions.chain(["json", "txt", "log", "md"]).collect()
}

/// Pieces of a text that are listed.
const MOST_PIECES: usize = 50;
/// Meanings of a text that are listed.
const MOST_KNOWN: usize = 5;
