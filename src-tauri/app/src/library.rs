//! Settings, in a file of the user's configuration folder.
//!
//! A file that cannot be read is set aside under another name with a notice, never overwritten.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use formats::Fresh;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::contract::{AppError, ErrorCode, Settings};
use crate::observed::Kept;
use crate::plain_file;

/// The folder of the window's settings, which the command shares for what is to stay the same.
/// `None` on a system that has no such folder.
pub fn usual_folder() -> Option<PathBuf> {
    Some(dirs::config_dir()?.join(IDENTIFIER))
}

const MOST_OBSERVED: usize = 100;

/// Where settings and the list of observed servers are kept.
#[derive(Debug)]
pub struct Library {
    folder: PathBuf,
    pub settings: Settings,
    /// Where clients were observed, so that the URL that they were given stays the same.
    pub observed: Vec<Kept>,
    /// Problems with the files, for the user.
    pub notices: Vec<String>,
}

#[derive(Default, Serialize, Deserialize)]
struct ObservedServers {
    servers: Vec<Kept>,
}

impl Library {
    /// Reads what is there. Never fails: what cannot be read is set aside, with a notice.
    pub fn open(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        let mut notices = Vec::new();
        let settings: Option<Settings> =
            read(&folder.join("settings.json"), "settings", &mut notices);
        let observed: Option<ObservedServers> = read(
            &folder.join("observed.json"),
            "list of observed servers",
            &mut notices,
        );
        Self {
            folder,
            settings: settings.unwrap_or_default(),
            observed: observed.unwrap_or_default().servers,
            notices,
        }
    }

    /// Keeps where a server is observed, in place of what was kept of it before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep_observed(&mut self, kept: Kept) -> Result<(), AppError> {
        if self.observed.contains(&kept) {
            return Ok(());
        }
        self.observed
            .retain(|other| other.server_url != kept.server_url);
        self.observed.insert(0, kept);
        self.observed.truncate(MOST_OBSERVED);
        let servers = self.observed.clone();
        self.write("observed.json", &ObservedServers { servers })
    }

    /// Keeps the settings, without client secrets, assertions and what a form is filled with:
    /// secrets are for the keychain. A grant that needs them is not kept either.
    ///
    /// # Errors
    /// When the file cannot be written; the settings still hold for this run of the program.
    pub fn save_settings(&mut self, settings: Settings) -> Result<(), AppError> {
        self.settings = settings;
        let mut kept = self.settings.clone();
        kept.options = kept.options.without_secrets();
        self.write("settings.json", &kept)
    }

    /// Forgets the settings and the observed servers, with files that were set aside.
    ///
    /// # Errors
    /// When a file cannot be deleted.
    pub fn forget(&mut self) -> Result<(), AppError> {
        self.settings = Settings::default();
        self.observed.clear();
        self.notices.clear();
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_ours = OURS.iter().any(|ours| name.starts_with(ours));
            if is_ours && path.is_file() {
                fs::remove_file(&path).map_err(|error| AppError {
                    code: ErrorCode::File,
                    message: format!("{} could not be deleted: {error}", path.display()),
                    hint: None,
                })?;
            }
        }
        Ok(())
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<(), AppError> {
        let path = self.folder.join(name);
        let write = || -> io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let mut file = Fresh::create(&path, true)?;
            file.write_all(&serde_json::to_vec_pretty(value)?)?;
            file.finish()
        };
        write().map_err(|error| AppError {
            code: ErrorCode::File,
            message: format!("{} could not be written: {error}", path.display()),
            hint: Some("It still holds until the program is closed.".into()),
        })
    }
}

/// What the names of the files begin with.
const OURS: [&str; 3] = ["settings.", "observed.", "history."];

/// As `tauri.conf.json` has it.
const IDENTIFIER: &str = "dev.authscope.desktop";

fn read<T: DeserializeOwned>(path: &Path, what: &str, notices: &mut Vec<String>) -> Option<T> {
    let text = match plain_file::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            notices.push(format!(
                "The {what} could not be read ({error}); the defaults hold."
            ));
            return None;
        }
    };
    let error = match serde_json::from_slice(&text) {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    let aside = free_name(path);
    notices.push(match fs::rename(path, &aside) {
        Ok(()) => format!(
            "The {what} could not be read ({error}). The file was set aside as {}.",
            aside.display()
        ),
        Err(moving) => format!("The {what} could not be read ({error}) nor set aside ({moving})."),
    });
    None
}

/// `settings.damaged-1.json`, with the first number that is free.
fn free_name(path: &Path) -> PathBuf {
    let free = (1..u32::MAX).map(|number| path.with_extension(format!("damaged-{number}.json")));
    free.into_iter()
        .find(|name| !name.exists())
        .unwrap_or_else(|| path.with_extension("damaged.json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow::options::{GrantChoice, Registration};

    use crate::contract::Theme;

    fn folder(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("authscope-library-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn keeps_settings_without_the_client_secret() {
        let folder = folder("secret");
        let mut library = Library::open(&folder);
        assert!(library.notices.is_empty());
        let mut settings = Settings {
            theme: Theme::Dark,
            ..Settings::default()
        };
        settings.options.registration = Registration::Preregistered {
            client_id: "me".into(),
            client_secret: Some("hush".into()),
            private_key_file: None,
            alg: None,
        };
        settings.options.grant = GrantChoice::JwtBearer {
            assertion: "hush".into(),
        };
        library.save_settings(settings).unwrap();
        assert!(
            !fs::read_to_string(folder.join("settings.json"))
                .unwrap()
                .contains("hush")
        );
        let again = Library::open(&folder);
        assert_eq!(again.settings.theme, Theme::Dark);
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_told() {
        // Cut off, of another kind, of another version, no text, a folder: never fatal.
        for damaged in [
            "",
            "{\"runs\":[{\"server_url\":",
            "7",
            "{\"theme\":7}",
            "\u{0}\u{1}",
        ] {
            let folder = self::folder("odd");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("settings.json"), damaged).unwrap();
            let opened = Library::open(&folder);
            assert_eq!(opened.settings, Settings::default(), "{damaged}");
            assert!(opened.notices[0].contains("set aside as"), "{damaged}");
            let kept = fs::read_to_string(folder.join("settings.damaged-1.json")).unwrap();
            assert_eq!(kept, damaged);
        }
        let odd = self::folder("odd");
        fs::create_dir_all(odd.join("settings.json")).unwrap();
        let mut opened = Library::open(&odd);
        assert!(
            opened.notices[0].contains("the defaults hold"),
            "{:?}",
            opened.notices
        );
        assert!(opened.save_settings(Settings::default()).is_err());
    }

    #[test]
    fn settings_that_are_cut_anywhere_are_set_aside_and_told() {
        let folder = folder("cut");
        Library::open(&folder)
            .save_settings(Settings::default())
            .unwrap();
        let path = folder.join("settings.json");
        let whole = fs::read(&path).unwrap();
        for end in (0..whole.len()).step_by(5) {
            fs::write(&path, &whole[..end]).unwrap();
            let mut opened = Library::open(&folder);
            assert_eq!(opened.settings, Settings::default(), "{end}");
            assert_eq!(opened.notices.len(), 1, "{end}");
            opened.save_settings(Settings::default()).unwrap();
            assert_eq!(fs::read(&path).unwrap(), whole, "{end}");
            assert!(Library::open(&folder).notices.is_empty(), "told once");
            fs::remove_file(folder.join("settings.damaged-1.json")).unwrap();
        }
        // A later version may write more.
        let mut later: serde_json::Value = serde_json::from_slice(&whole).unwrap();
        later["from_the_future"] = serde_json::json!({ "a": [1] });
        fs::write(&path, later.to_string()).unwrap();
        let opened = Library::open(&folder);
        assert_eq!(opened.settings, Settings::default());
    }

    #[test]
    fn the_window_and_the_command_use_the_same_folder() {
        let conf = include_str!("../../../tauri.conf.json");
        assert!(conf.contains(&format!("\"identifier\": \"{IDENTIFIER}\"")));
    }
}
