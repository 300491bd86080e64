//! The files that a run is written to besides the report.

use std::path::{Path, PathBuf};

use app::HandedOn;
use formats::{FORMATS, Format, Fresh, Secrets};

/// A value of `--export`.
#[derive(Debug, Clone)]
pub struct ExportTo {
    pub format: &'static dyn Format,
    pub path: PathBuf,
}

/// The files asked for, opened.
pub struct Exports {
    files: Vec<(ExportTo, Fresh)>,
    secrets: Secrets,
}

impl Exports {
    /// Opens the file of `--har` and those of `--export`.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn open(
        har: Option<&Path>,
        exports: &[ExportTo],
        include_secrets: bool,
    ) -> Result<Self, String> {
        let har = har.map(|path| ExportTo {
            format: &formats::Har,
            path: path.to_owned(),
        });
        let secrets = if include_secrets {
            Secrets::Included
        } else {
            Secrets::Redacted
        };
        let open = |to: ExportTo| match formats::create(&to.path, to.format, secrets) {
            Ok(file) => Ok((to, file)),
            Err(error) => Err(format!(
                "{}: expected a file that can be written, got: {error}",
                to.path.display()
            )),
        };
        let files = har.into_iter().chain(exports.iter().cloned()).map(open);
        Ok(Self {
            files: files.collect::<Result<_, _>>()?,
            secrets,
        })
    }

    /// # Errors
    /// Names the file that could not be written.
    pub fn write(self, handed_on: &HandedOn) -> Result<(), String> {
        let export = handed_on.export(self.secrets);
        for (to, mut file) in self.files {
            let written = to.format.write(&export, &mut file);
            written
                .and_then(|()| file.finish())
                .map_err(|error| format!("{} could not be written: {error}", to.path.display()))?;
        }
        Ok(())
    }
}

/// Refuses two outputs in one file: the second would replace the first.
///
/// # Errors
/// Names the file.
pub fn check_different<'a>(files: impl IntoIterator<Item = &'a Path>) -> Result<(), String> {
    let mut seen: Vec<PathBuf> = Vec::new();
    for file in files {
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let whole = file.canonicalize().or_else(|_| {
            let folder = folder.canonicalize()?;
            Ok::<_, std::io::Error>(folder.join(file.file_name().unwrap_or_default()))
        });
        let whole = whole.unwrap_or_else(|_| file.to_owned());
        let is_device = file.metadata().is_ok_and(|there| !there.is_file());
        if seen.contains(&whole) && !is_device {
            let file = file.display();
            return Err(format!(
                "{file}: expected a file for each output, got it twice"
            ));
        }
        seen.push(whole);
    }
    Ok(())
}

/// Reads `FILE`, whose extension says the format, or `FORMAT=FILE`.
pub fn export_to(value: &str) -> Result<ExportTo, String> {
    let named = value.split_once('=').and_then(|(id, path)| {
        let format = formats::format(id)?;
        Some((format, PathBuf::from(path)))
    });
    let (format, path) = match named {
        Some(named) => named,
        None => {
            let path = PathBuf::from(value);
            let format = formats::format_of(&path).ok_or_else(|| {
                let known: Vec<String> = writable()
                    .map(|about| format!("{} (.{})", about.id, about.extensions.join(", .")))
                    .collect();
                format!(
                    "expected a file with the extension of a format, or FORMAT=FILE; formats: {}",
                    known.join(", ")
                )
            })?;
            (format, path)
        }
    };
    if format.about().can_write {
        Ok(ExportTo { format, path })
    } else {
        Err(format!("{} files can be read only", format.about().title))
    }
}

/// The help of `--export`.
pub fn help() -> String {
    let known: Vec<&str> = writable().map(|about| about.id).collect();
    format!(
        "Write the run to a file as {}, by its extension or as FORMAT=FILE; secrets replaced. May be given several times",
        known.join(", ")
    )
}

fn writable() -> impl Iterator<Item = formats::About> {
    FORMATS
        .iter()
        .map(|format| format.about())
        .filter(|about| about.can_write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_or_a_name_says_the_format() {
        let id = |value: &str| export_to(value).map(|to| (to.format.about().id, to.path));
        assert_eq!(id("a/run.HAR"), Ok(("har", "a/run.HAR".into())));
        assert_eq!(id("har=a=b.txt"), Ok(("har", "a=b.txt".into())));
        assert_eq!(
            id("x=y.authscope"),
            Ok(("authscope", "x=y.authscope".into()))
        );
        let error = id("run.docx").unwrap_err();
        for format in writable() {
            assert!(error.contains(format.id), "{error}");
        }
        assert!(!error.contains("mitmproxy"), "{error}");
    }
}
