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
    /// The front-end in a browser.
    Browser,
    /// MCP servers from PyPI.
    Peers,
}

/// One Debian package.
struct Wanted {
    package: &'static str,
    purpose: Purpose,
    /// Any of these programs makes the package unnecessary: they come from other packages as well.
    or_program: &'static [&'static str],
}

const fn wanted(package: &'static str, purpose: Purpose) -> Wanted {
    Wanted {
        package,
        purpose,
        or_program: &[],
    }
}

const WANTED: &[Wanted] = &[
    wanted("libwebkit2gtk-4.1-dev", Purpose::Build),
    // Asked for by the D-Bus bindings under the file dialogs.
    wanted("libdbus-1-dev", Purpose::Build),
    Wanted {
        package: "build-essential",
        purpose: Purpose::Build,
        or_program: &["cc"],
    },
    Wanted {
        package: "pkg-config",
        purpose: Purpose::Build,
        or_program: &["pkg-config"],
    },
    wanted("dbus", Purpose::Keychain),
    wanted("gnome-keyring", Purpose::Keychain),
    Wanted {
        package: "libsecret-tools",
        purpose: Purpose::Keychain,
        or_program: &["secret-tool"],
    },
    wanted("webkit2gtk-driver", Purpose::Desktop),
    wanted("xvfb", Purpose::Desktop),
    wanted("xauth", Purpose::Desktop),
    Wanted {
        package: "chromium",
        purpose: Purpose::Browser,
        or_program: &BROWSERS,
    },
    Wanted {
        package: "python3",
        purpose: Purpose::Peers,
        or_program: &["python3"],
    },
    wanted("python3-venv", Purpose::Peers),
];

const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// The systems told apart here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Debian,
    Fedora,
    Arch,
    OtherLinux,
    NotLinux,
}

/// Sees to it that everything for these purposes is there.
///
/// # Errors
/// What is missing, and the line that installs it.
pub fn ensure(purposes: &[Purpose]) -> Outcome {
    match this_system() {
        System::NotLinux => Ok(()),
        System::Debian => ensure_debian(purposes),
        other if purposes.contains(&Purpose::Build) && !webkit_found() => Err(advice(other)),
        _ => Ok(()),
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

fn ensure_debian(purposes: &[Purpose]) -> Outcome {
    let listing = Command::new("dpkg-query")
        .args(["-W", "-f", "${Package} ${db:Status-Status}\\n"])
        .args(WANTED.iter().map(|wanted| wanted.package))
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
        .filter(|wanted| purposes.contains(&wanted.purpose))
        .filter(|wanted| !installed(wanted.package))
        .filter(|wanted| !wanted.or_program.iter().any(|program| has_program(program)))
        .map(|wanted| wanted.package)
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

fn advice(system: System) -> String {
    let how = match system {
        System::Fedora => "sudo dnf install webkit2gtk4.1-devel dbus-devel gcc pkgconf-pkg-config",
        System::Arch => "sudo pacman -S --needed webkit2gtk-4.1 dbus base-devel",
        _ => {
            "the development files of WebKitGTK 4.1 and D-Bus, a C compiler and pkg-config, by your package manager"
        }
    };
    format!(
        "WebKitGTK 4.1 or D-Bus are not found by pkg-config. Install:\n  {how}\nand start again."
    )
}

fn this_system() -> System {
    if !cfg!(target_os = "linux") {
        return System::NotLinux;
    }
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = system_of(&release);
    // A derivative may name Debian as its parent and bring another package manager.
    if system == System::Debian && process::find("apt-get").is_none() {
        System::OtherLinux
    } else {
        system
    }
}

/// Reads `ID` and `ID_LIKE` of os-release(5).
fn system_of(release: &str) -> System {
    let words: Vec<&str> = release
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(key, _)| matches!(*key, "ID" | "ID_LIKE"))
        .flat_map(|(_, value)| value.trim_matches(['"', '\'']).split(' '))
        .collect();
    let is = |names: &[&str]| words.iter().any(|word| names.contains(word));
    if is(&["debian", "ubuntu"]) {
        System::Debian
    } else if is(&["fedora", "rhel"]) {
        System::Fedora
    } else if is(&["arch"]) {
        System::Arch
    } else {
        System::OtherLinux
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_known_by_themselves_and_by_their_parents() {
        assert_eq!(
            system_of("NAME=\"Debian GNU/Linux\"\nID=debian\n"),
            System::Debian
        );
        assert_eq!(
            system_of("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"),
            System::Debian
        );
        assert_eq!(
            system_of("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"),
            System::Fedora
        );
        assert_eq!(system_of("ID=manjaro\nID_LIKE=arch\n"), System::Arch);
        assert_eq!(
            system_of("ID=nixos\nVARIANT_ID=debian\n"),
            System::OtherLinux
        );
    }

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
        let programs = ["cc", "pkg-config", "google-chrome"];
        let missing = missing(&[Purpose::Build, Purpose::Browser], "", |program| {
            programs.contains(&program)
        });
        assert_eq!(missing, ["libwebkit2gtk-4.1-dev", "libdbus-1-dev"]);
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

    #[test]
    fn advice_names_the_packages_of_the_system() {
        assert!(advice(System::Fedora).contains("webkit2gtk4.1-devel"));
        assert!(advice(System::Arch).contains("pacman"));
    }
}
