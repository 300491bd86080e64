//! The process of a watched browser.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::installed::Installed;
use crate::messages::Pipe;

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
    let mut data = std::ffi::OsString::from("--user-data-dir=");
    data.push(folder);
    command
        .arg(data)
        .args([
            installed.private,
            "--remote-debugging-pipe",
            "--no-first-run",
            "--no-default-browser-check",
            // What it would do and send for itself is not part of the login.
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-breakpad",
            "--disable-crash-reporter",
            "--disable-default-apps",
            "--disable-extensions",
            // A password to the system's keychain would be asked for, for a profile that ends.
            "--password-store=basic",
            "--use-mock-keychain",
        ])
        .args(headless.then_some("--headless"))
        // The sandbox does not start for root, and tests often run as root.
        .args(headless.then_some("--no-sandbox"))
        .arg("about:blank")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    spawn(command)
}

#[cfg(unix)]
fn spawn(mut command: Command) -> io::Result<(Process, Pipe)> {
    use std::os::unix::net::UnixStream;
    use std::os::unix::process::CommandExt as _;

    use command_fds::{CommandFdExt as _, FdMapping};

    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    // It reads from 3 and writes to 4.
    let mapped = |child_fd, fd: UnixStream| FdMapping {
        parent_fd: fd.into(),
        child_fd,
    };
    let mappings = vec![mapped(3, theirs.try_clone()?), mapped(4, theirs)];
    command.fd_mappings(mappings).map_err(io::Error::other)?;
    let child = command.process_group(0).spawn()?;
    // The command holds the other end; only the browser may.
    drop(command);
    Ok((Process(child), Pipe::from_std(ours)?))
}

#[cfg(not(unix))]
fn spawn(_: Command) -> io::Result<(Process, Pipe)> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end_all();
        // It was killed, so this does not wait for long; else it would stay as a zombie.
        let _ = self.0.wait();
    }
}

impl Process {
    #[cfg(unix)]
    fn end_all(&mut self) {
        use rustix::process::{Pid, Signal, kill_process_group};
        // Until it was waited for, the number is its own.
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
