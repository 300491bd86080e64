//! Files and pasted texts that the window is given to open.

use std::fs::File;
use std::path::Path;

use diagnosis::ClientText;
use formats::{FORMATS, Opened};
use session::{AppError, ErrorCode};

use crate::app::App;
use crate::recording::open_recording;
use crate::recording_view::RecordingView;

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
        // A text without an exchange is explained, and there is nothing to draw.
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

/// Meanings of a text that are listed.
const MOST_KNOWN: usize = 5;
