//! Which installed browser can be watched.

use std::path::{Path, PathBuf};

/// A browser that can be watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installed {
    pub program: PathBuf,
    pub family: Family,
}

/// The protocol of a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// By the DevTools protocol.
    Chromium {
        /// What makes it write no cookies and no history.
        private: &'static str,
    },
    /// By WebDriver BiDi.
    Firefox,
}

/// File names on the search path, the one that most people have first. Firefox comes last: it is
/// slower to start, and is talked to over a port.
const NAMES: &[(&str, Family)] = &[
    ("google-chrome-stable", CHROME),
    ("google-chrome", CHROME),
    ("chromium", CHROME),
    ("chromium-browser", CHROME),
    ("microsoft-edge-stable", EDGE),
    ("microsoft-edge", EDGE),
    ("firefox", Family::Firefox),
    ("firefox-esr", Family::Firefox),
];

/// Where macOS has them.
const PLACES: &[(&str, Family)] = &[
    (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        CHROME,
    ),
    ("/Applications/Chromium.app/Contents/MacOS/Chromium", CHROME),
    (
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        EDGE,
    ),
    (
        "/Applications/Firefox.app/Contents/MacOS/firefox",
        Family::Firefox,
    ),
];

const CHROME: Family = Family::Chromium {
    private: "--incognito",
};
const EDGE: Family = Family::Chromium {
    private: "--inprivate",
};

/// The first browser in these folders, or where macOS has them.
pub(crate) fn find(folders: impl Iterator<Item = PathBuf> + Clone) -> Option<Installed> {
    let on_path = NAMES
        .iter()
        .flat_map(|(name, family)| folders.clone().map(move |at| (at.join(name), *family)));
    let in_places = PLACES
        .iter()
        .filter(|_| cfg!(target_os = "macos"))
        .map(|(place, family)| (PathBuf::from(place), *family));
    let mut all = on_path.chain(in_places);
    all.find(|(program, _)| is_program(program))
        .map(|(program, family)| Installed { program, family })
}

/// The browser that the user chose; what it is shows in its file's name.
pub(crate) fn chosen(program: &Path) -> Option<Installed> {
    let name = program.file_name()?.to_string_lossy().to_ascii_lowercase();
    let family = if name.contains("firefox") || name.contains("librewolf") {
        Family::Firefox
    } else if name.contains("edge") {
        EDGE
    } else {
        CHROME
    };
    is_program(program).then(|| Installed {
        program: program.to_owned(),
        family,
    })
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let about = std::fs::metadata(file);
    about.is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_chosen_one_is_known_by_its_name_and_firefox_comes_last() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("installed-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let family = |name: &str| {
            let program = folder.join(name);
            std::fs::write(&program, "").unwrap();
            let runs = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&program, runs).unwrap();
            chosen(&program).unwrap().family
        };
        assert_eq!(family("firefox"), Family::Firefox);
        let found = find(std::iter::once(folder.clone())).unwrap();
        assert_eq!(found.program, folder.join("firefox"));
        assert_eq!(family("microsoft-edge"), EDGE);
        let found = find(std::iter::once(folder.clone())).unwrap();
        assert_eq!(found.program, folder.join("microsoft-edge"));
        assert_eq!(
            chosen(&folder.join("google-chrome")),
            None,
            "it is not there"
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn nothing_is_found_in_a_folder_without_one() {
        let empty = std::env::temp_dir().join("authscope-no-such-folder");
        let found = find(std::iter::once(empty));
        assert!(found.is_none() || cfg!(target_os = "macos"), "{found:?}");
    }
}
