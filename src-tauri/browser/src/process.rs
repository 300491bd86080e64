//! The process of a watched browser.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::installed::{Family, Installed};

/// What a browser is talked to over, or says its port over.
#[cfg(unix)]
pub(crate) type Pipe = tokio::net::UnixStream;
#[cfg(not(unix))]
pub(crate) type Pipe = tokio::io::DuplexStream;

/// The pipe is made of inherited handles, which the standard library passes on only on Unix.
pub(crate) const SUPPORTED: bool = cfg!(unix);

/// A browser with all its processes. They end when this is dropped.
pub(crate) struct Process(Child);

/// Starts it with an empty page. Without a display of its own it is for tests.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn start(
    installed: &Installed,
    folder: &Path,
    headless: bool,
) -> io::Result<(Process, Pipe)> {
    let mut command = Command::new(&installed.program);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    match installed.family {
        Family::Chromium { private } => {
            let mut data = std::ffi::OsString::from("--user-data-dir=");
            data.push(folder);
            command
                .arg(data)
                .arg(private)
                .args(CHROMIUM)
                // The sandbox does not start for root, and tests often run as root.
                .args(headless.then_some("--no-sandbox"))
                .stderr(Stdio::null());
        }
        Family::Firefox => {
            std::fs::write(folder.join("user.js"), FIREFOX_SETTINGS)?;
            command
                .arg("--profile")
                .arg(folder)
                // Otherwise a window of the user's own Firefox would be used.
                .args(["--no-remote", "--new-instance"])
                .args(["--remote-debugging-port", "0"])
                // A helper of its own outside of the group, which may outlive it.
                .env("MOZ_CRASHREPORTER_DISABLE", "1");
        }
    }
    command
        .args(headless.then_some("--headless"))
        .arg("about:blank");
    spawn(command, installed.family)
}

/// Switches off what the browser would do and send by itself, which is not part of the login.
const CHROMIUM: [&str; 12] = [
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-extensions",
    // Otherwise the user would be asked for the keychain's password, for a profile that is thrown
    // away.
    "--password-store=basic",
    "--use-mock-keychain",
];

/// All windows private, so that neither cookies nor history are written; no first page, no
/// questions, and nothing sent that is not part of the login. A URL with http is asked for as it
/// is.
const FIREFOX_SETTINGS: &str = r#"
user_pref("browser.privatebrowsing.autostart", true);
user_pref("browser.startup.page", 0);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.backup.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("dom.security.https_first", false);
user_pref("dom.security.https_first_pbm", false);
user_pref("extensions.autoDisableScopes", 15);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("signon.rememberSignons", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
"#;

#[cfg(unix)]
fn spawn(mut command: Command, family: Family) -> io::Result<(Process, Pipe)> {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::os::unix::process::CommandExt as _;

    use command_fds::{CommandFdExt as _, FdMapping};

    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    match family {
        // Its port is on the standard error, among warnings.
        Family::Firefox => drop(command.stderr(OwnedFd::from(theirs))),
        // It reads from 3 and writes to 4.
        Family::Chromium { .. } => {
            let mapped = |child_fd, fd: UnixStream| FdMapping {
                parent_fd: fd.into(),
                child_fd,
            };
            let mappings = vec![mapped(3, theirs.try_clone()?), mapped(4, theirs)];
            command.fd_mappings(mappings).map_err(io::Error::other)?;
        }
    }
    let child = command.process_group(0).spawn()?;
    // The command holds the other end; only the browser may.
    drop(command);
    Ok((Process(child), Pipe::from_std(ours)?))
}

#[cfg(not(unix))]
fn spawn(_: Command, _: Family) -> io::Result<(Process, Pipe)> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end_all();
        // It was killed, so this does not wait for long. Without it, the process would stay as a
        // zombie.
        let _ = self.0.wait();
    }
}

impl Process {
    #[cfg(unix)]
    fn end_all(&mut self) {
        use rustix::process::{Pid, Signal, kill_process_group};
        // Until it was waited for, no other process gets its number.
        let group = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    #[cfg(not(unix))]
    fn end_all(&mut self) {
        let _ = self.0.kill();
    }
}
