//! Which browser is started is a matter of the environment, so it happens in a process with one of
//! its own.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use wire::{OpenError, open_browser};

/// A folder with nothing but, maybe, a launcher.
struct Launchers(PathBuf);

impl Launchers {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("wire-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn with(self, launcher: &str, script: &str) -> Self {
        let path = self.0.join(launcher);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn open(&self, url: &str) -> Output {
        Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "browser::opens_by_the_environment"])
            .env("PATH", &self.0)
            .env("WIRE_TEST_URL", url)
            .env("WIRE_TEST_ARGUMENTS", self.arguments())
            .output()
            .unwrap()
    }

    fn arguments(&self) -> PathBuf {
        self.0.join("arguments")
    }
}

impl Drop for Launchers {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_launcher_gets_the_url_as_its_one_argument() {
    let launchers = Launchers::new("launcher").with(
        "xdg-open",
        "#!/bin/sh\necho \"$#\" \"$1\" > \"$WIRE_TEST_ARGUMENTS.new\"\n/bin/mv \"$WIRE_TEST_ARGUMENTS.new\" \"$WIRE_TEST_ARGUMENTS\"\n",
    );
    for (url, argument) in [
        (
            "https://as.example/authorize?a=1&b=$(id)",
            "https://as.example/authorize?a=1&b=$(id)",
        ),
        (
            "https://as.example/?a='`id`'\"",
            "https://as.example/?a=%27`id`%27%22",
        ),
    ] {
        let output = launchers.open(url);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        let arguments = std::fs::read_to_string(launchers.arguments()).unwrap();
        assert_eq!(arguments.trim_end(), format!("1 {argument}"));
        std::fs::remove_file(launchers.arguments()).unwrap();
    }
    for refused in ["file:///etc/passwd", "--help", "javascript:alert(1)"] {
        assert!(!launchers.open(refused).status.success());
        assert!(!launchers.arguments().exists(), "{refused}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn where_no_browser_starts_it_is_said() {
    let none = Launchers::new("none");
    let fails = Launchers::new("fails").with("xdg-open", "#!/bin/sh\nexit 3\n");
    for launchers in [none, fails] {
        let output = launchers.open("https://as.example/");
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("no browser could be started"), "{said}");
    }
}

#[test]
#[ignore = "run by the others in a process of its own"]
fn opens_by_the_environment() {
    let url = std::env::var("WIRE_TEST_URL").unwrap();
    match open_browser(&url) {
        Ok(()) => {}
        Err(error @ (OpenError::Refused { .. } | OpenError::NoBrowser(_))) => panic!("{error}"),
    }
}
