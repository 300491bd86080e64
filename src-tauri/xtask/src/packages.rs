//! What the system has to provide, what of it is missing, and how it gets here.

use std::fs;
use std::process::{Command, Stdio};

use crate::outcome::Outcome;
use crate::process;

/// What a package is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Building the desktop program, and running it.
    Build,
    /// A keychain of the tests' own.
    Keychain,
    /// The real window on a screen in memory.
    Desktop,
    /// The front-end and exports in a browser.
    Browser,
    /// MCP servers from PyPI.
    Peers,
}

/// Debian packages: the name, what it is for, and programs any of which makes it unnecessary,
/// because they come from other packages as well.
#[rustfmt::skip]
const WANTED: &[(&str, Purpose, &[&str])] = &[
    ("libwebkit2gtk-4.1-dev", Purpose::Build, &[]),
    // The D-Bus bindings under the file dialogs need it.
    ("libdbus-1-dev", Purpose::Build, &[]),
    ("build-essential", Purpose::Build, &["cc"]),
    ("pkg-config", Purpose::Build, &["pkg-config"]),
    ("dbus", Purpose::Keychain, &[]),
    ("gnome-keyring", Purpose::Keychain, &[]),
    ("libsecret-tools", Purpose::Keychain, &["secret-tool"]),
    ("webkit2gtk-driver", Purpose::Desktop, &[]),
    ("xvfb", Purpose::Desktop, &[]),
    ("xauth", Purpose::Desktop, &[]),
    ("chromium", Purpose::Browser, &BROWSERS),
    ("firefox-esr", Purpose::Browser, &FIREFOXES),
    ("libxml2-utils", Purpose::Browser, &["xmllint"]),
    ("python3", Purpose::Peers, &["python3"]),
    ("python3-venv", Purpose::Peers, &[]),
];

/// The variable that names the browser for what is in `tests/ui`.
pub const CHROMIUM: &str = "CHROMIUM";

const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

const FIREFOXES: [&str; 2] = ["firefox-esr", "firefox"];

/// Installs what is missing for these purposes (Debian and Ubuntu).
///
/// # Errors
/// What is missing, and the line that installs it.
pub fn ensure(purposes: &[Purpose]) -> Outcome {
    if !cfg!(target_os = "linux") {
        Ok(())
    } else if process::find("apt-get").is_some() && process::find("dpkg-query").is_some() {
        ensure_debian(purposes)
    } else if purposes.contains(&Purpose::Build) && !webkit_found() {
        Err(advice())
    } else {
        Ok(())
    }
}

/// Where a Chromium or Chrome is, for the tests in a browser.
pub fn browser() -> Option<String> {
    const ELSEWHERE: [&str; 3] = [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    ];
    let installed = BROWSERS.iter().find_map(|name| process::find(name));
    let installed = installed.map(|path| path.to_string_lossy().into_owned());
    installed.or_else(|| {
        ELSEWHERE
            .iter()
            .find(|path| fs::exists(path).unwrap_or(false))
            .map(|path| (*path).to_owned())
    })
}

/// Where a Firefox is, for the logins that are watched in one.
pub fn firefox() -> Option<String> {
    let installed = FIREFOXES.iter().find_map(|name| process::find(name));
    installed.map(|path| path.to_string_lossy().into_owned())
}

fn ensure_debian(purposes: &[Purpose]) -> Outcome {
    let listing = Command::new("dpkg-query")
        .args(["-W", "-f", "${Package} ${db:Status-Status}\\n"])
        .args(WANTED.iter().map(|(package, ..)| package))
        .stderr(Stdio::null())
        .output()
        .map_err(|error| format!("dpkg-query cannot be started: {error}"))?;
    let listing = String::from_utf8_lossy(&listing.stdout);
    let missing = missing(purposes, &listing, |program| {
        process::find(program).is_some()
    });
    if missing.is_empty() {
        return Ok(());
    }
    let root = is_root();
    let line = install_line(&missing, root);
    println!("These Debian packages are missing; installing them:\n  {line}\n");
    if !root && process::find("sudo").is_none() {
        return Err(format!(
            "packages are missing, and there is no sudo here. As root:\n  {line}"
        ));
    }
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &line])
        .env("DEBIAN_FRONTEND", "noninteractive");
    process::run(shell)
        .map_err(|reason| format!("packages could not be installed ({reason}):\n  {line}"))
}

/// The packages for `purposes` that dpkg's listing (`name state` lines) does not call installed.
fn missing(
    purposes: &[Purpose],
    listing: &str,
    has_program: impl Fn(&str) -> bool,
) -> Vec<&'static str> {
    let installed = |package: &str| {
        listing
            .lines()
            .filter_map(|line| line.split_once(' '))
            .any(|(name, state)| name == package && state.trim() == "installed")
    };
    WANTED
        .iter()
        .filter(|(_, purpose, _)| purposes.contains(purpose))
        .filter(|(package, ..)| !installed(package))
        .filter(|(_, _, programs)| !programs.iter().any(|program| has_program(program)))
        .map(|(package, ..)| *package)
        .collect()
}

/// An index that cannot be refreshed whole (one broken source) may still hold what is needed: hence
/// `;`.
fn install_line(packages: &[&str], root: bool) -> String {
    let sudo = if root { "" } else { "sudo " };
    format!(
        "{sudo}apt-get update; {sudo}apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    )
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

fn webkit_found() -> bool {
    Command::new("pkg-config")
        .args(["--exists", "webkit2gtk-4.1", "dbus-1"])
        .status()
        .is_ok_and(|status| status.success())
}

/// What to install where there is no apt.
fn advice() -> String {
    let how = if process::find("dnf").is_some() {
        "sudo dnf install webkit2gtk4.1-devel dbus-devel gcc pkgconf-pkg-config"
    } else if process::find("pacman").is_some() {
        "sudo pacman -S --needed webkit2gtk-4.1 dbus base-devel"
    } else {
        "the development files of WebKitGTK 4.1 and D-Bus, a C compiler and pkg-config"
    };
    format!("pkg-config does not find WebKitGTK 4.1 or D-Bus. Install:\n  {how}\nand start again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_installed_is_missing() {
        let listing =
            "libwebkit2gtk-4.1-dev installed\nlibdbus-1-dev config-files\nxvfb installed\n";
        let missing = missing(&[Purpose::Build, Purpose::Desktop], listing, |_| false);
        assert_eq!(
            missing,
            [
                "libdbus-1-dev",
                "build-essential",
                "pkg-config",
                "webkit2gtk-driver",
                "xauth"
            ]
        );
    }

    #[test]
    fn a_program_from_elsewhere_will_do() {
        let programs = ["cc", "pkg-config", "google-chrome", "firefox"];
        let missing = missing(&[Purpose::Build, Purpose::Browser], "", |program| {
            programs.contains(&program)
        });
        assert_eq!(
            missing,
            ["libwebkit2gtk-4.1-dev", "libdbus-1-dev", "libxml2-utils"]
        );
    }

    #[test]
    fn nothing_is_installed_for_what_is_not_done() {
        assert!(missing(&[], "", |_| false).is_empty());
    }

    #[test]
    fn the_line_can_be_typed_as_it_stands() {
        assert_eq!(
            install_line(&["xvfb", "xauth"], false),
            "sudo apt-get update; sudo apt-get install -y --no-install-recommends xvfb xauth"
        );
        assert!(install_line(&["xvfb"], true).starts_with("apt-get update; apt-get install"));
    }
}
