//! Which browser there is to watch.

use std::path::{Path, PathBuf};

/// A browser that speaks the DevTools protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installed {
    pub program: PathBuf,
    /// What makes it write no cookies and no history.
    pub(crate) private: &'static str,
}

/// File names on the search path, the one that most people have first.
const NAMES: &[(&str, &str)] = &[
    ("google-chrome-stable", INCOGNITO),
    ("google-chrome", INCOGNITO),
    ("chromium", INCOGNITO),
    ("chromium-browser", INCOGNITO),
    ("microsoft-edge-stable", IN_PRIVATE),
    ("microsoft-edge", IN_PRIVATE),
];

/// Where macOS has them.
const PLACES: &[(&str, &str)] = &[
    (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        INCOGNITO,
    ),
    (
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        INCOGNITO,
    ),
    (
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        IN_PRIVATE,
    ),
];

const INCOGNITO: &str = "--incognito";
const IN_PRIVATE: &str = "--inprivate";

/// The first browser in these folders, or where macOS has them.
pub(crate) fn find(folders: impl Iterator<Item = PathBuf> + Clone) -> Option<Installed> {
    let on_path = NAMES
        .iter()
        .flat_map(|(name, private)| folders.clone().map(move |at| (at.join(name), *private)));
    let in_places = PLACES
        .iter()
        .filter(|_| cfg!(target_os = "macos"))
        .map(|(place, private)| (PathBuf::from(place), *private));
    let mut all = on_path.chain(in_places);
    all.find(|(program, _)| is_program(program))
        .map(|(program, private)| Installed { program, private })
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

    #[test]
    fn nothing_is_found_in_a_folder_without_one() {
        let empty = std::env::temp_dir().join("authscope-no-such-folder");
        let found = find(std::iter::once(empty));
        assert!(found.is_none() || cfg!(target_os = "macos"), "{found:?}");
    }
}
