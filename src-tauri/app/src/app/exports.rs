//! The current document as a file or a text.

use std::path::{Path, PathBuf};

use formats::{Format, Secrets};
use session::{AppError, ErrorCode};

use super::App;
use crate::handed_on::HandedOn;

/// Bytes of a preview, which has to be large enough for a picture of a usual run.
const PREVIEW: usize = 256 << 10;

/// Bytes that are put into the clipboard, at most.
const LONGEST_TEXT: usize = 16 << 20;

impl App {
    /// Writes the current document to a file and gives its path.
    ///
    /// # Errors
    /// When the format cannot be written, the path is not absolute or the file cannot be written.
    pub async fn export(
        &self,
        format: &str,
        path: &str,
        secrets: bool,
    ) -> Result<String, AppError> {
        let format = export_format(format)?;
        let handed_on = HandedOn::of(&*self.document()?);
        let path = absolute(path)?;
        let target = path.clone();
        let write = move || -> std::io::Result<()> {
            let export = handed_on.export(wanted(secrets));
            let mut file = formats::create(&target, format, export.secrets)?;
            format.write(&export, &mut file)?;
            file.finish()
        };
        let written = tokio::task::spawn_blocking(write)
            .await
            .map_err(std::io::Error::other)
            .flatten();
        written.map_err(|error| AppError {
            code: ErrorCode::File,
            message: format!("file: {} could not be written: {error}", path.display()),
            hint: Some("Choose another folder.".into()),
        })?;
        Ok(path.display().to_string())
    }

    /// The first lines that [`App::export`] would write.
    ///
    /// # Errors
    /// When the format cannot be written.
    pub async fn export_preview(&self, format: &str, secrets: bool) -> Result<String, AppError> {
        self.export_start(format, secrets, PREVIEW).await
    }

    /// All that [`App::export`] would write of a format that is text, without secrets: for the
    /// clipboard.
    ///
    /// # Errors
    /// When the format cannot be written.
    pub async fn export_text(&self, format: &str) -> Result<String, AppError> {
        self.export_start(format, false, LONGEST_TEXT).await
    }

    async fn export_start(
        &self,
        format: &str,
        secrets: bool,
        bytes: usize,
    ) -> Result<String, AppError> {
        let format = export_format(format)?;
        let handed_on = HandedOn::of(&*self.document()?);
        let make = move || formats::preview(format, &handed_on.export(wanted(secrets)), bytes);
        let made = tokio::task::spawn_blocking(make).await;
        Ok(made.unwrap_or_default())
    }
}

/// The format of this id that can be written.
///
/// # Errors
/// [`ErrorCode::Invalid`] when there is none.
pub fn export_format(id: &str) -> Result<&'static dyn Format, AppError> {
    formats::format(id)
        .filter(|format| format.about().can_write)
        .ok_or_else(|| AppError {
            code: ErrorCode::Invalid,
            message: format!(
                "format: expected the id of a format that can be written, got \"{id}\""
            ),
            hint: None,
        })
}

fn wanted(secrets: bool) -> Secrets {
    if secrets {
        Secrets::Included
    } else {
        Secrets::Redacted
    }
}

pub(crate) fn absolute(path: &str) -> Result<PathBuf, AppError> {
    let path = Path::new(path.trim());
    if path.is_absolute() {
        Ok(path.to_owned())
    } else {
        Err(AppError {
            code: ErrorCode::Invalid,
            message: format!("file: expected a whole path, got \"{}\"", path.display()),
            hint: None,
        })
    }
}
