//! Starting programs: plainly, or watched with a log and a time limit.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::outcome::Outcome;

/// How a watched program ended.
#[derive(Debug)]
pub enum Ending {
    Exited(ExitStatus),
    /// It said nothing for its limit and was ended, with everything it had started.
    Hung,
}

/// How long a program may take to end when it is asked to, and its last output to arrive.
const GRACE: Duration = Duration::from_secs(5);
/// How often an ended program is looked for; output is passed on at once.
const POLL: Duration = Duration::from_millis(100);

/// Runs a program on this terminal.
///
/// # Errors
/// That it could not be started, or its exit code.
pub fn run(mut command: Command) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(error) => Err(format!(
            "{} cannot be started: {error}",
            command.get_program().to_string_lossy()
        )),
    }
}

/// A program, to be given arguments.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    // Cargo's variables about xtask's own package would reach every build script below, and some
    // scripts run again whenever one of these variables changes.
    let ours = |name: &OsStr| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    };
    for (name, _) in std::env::vars_os().filter(|(name, _)| ours(name)) {
        command.env_remove(name);
    }
    command
}

/// The cargo that runs this.
pub fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The program's file, if it is on `PATH`.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = [program.to_owned(), format!("{program}.exe")];
    std::env::split_paths(&path)
        .flat_map(|folder| {
            names
                .iter()
                .map(move |name| folder.join(name))
                .collect::<Vec<_>>()
        })
        .find(|file| file.is_file())
}

/// Runs a program, shows what it says, writes that to `log`, hands every line to `see`, and ends it
/// when it has said nothing for `silence`: a slow program is not a failed one, a silent one hangs.
/// Nothing it started outlives it, nor an interrupted xtask.
///
/// # Errors
/// The program or the log could not be opened.
pub fn watch(
    mut command: Command,
    silence: Duration,
    log: &Path,
    mut see: impl FnMut(&str),
) -> io::Result<Ending> {
    let mut log = File::create(log)?;
    let (reader, writer) = io::pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut group = Group::start(&mut command)?;
    // With it go this process's own ends of the pipe.
    drop(command);
    let lines = lines(reader);
    let mut heard = Instant::now();
    let mut show = |line: &[u8]| -> io::Result<()> {
        let text = String::from_utf8_lossy(line);
        // A closed terminal is no reason to lose the log.
        let _ = io::stdout().write_all(line);
        log.write_all(line)?;
        see(text.trim_end());
        Ok(())
    };

    let ending = loop {
        match lines.recv_timeout(POLL) {
            Ok(line) => {
                heard = Instant::now();
                show(&line)?;
            }
            Err(RecvTimeoutError::Timeout) => {}
            // Both ends closed, the program may still be at work: it is asked below, and not in a
            // busy loop.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(POLL),
        }
        if let Some(status) = group.child.try_wait()? {
            break Ending::Exited(status);
        }
        if heard.elapsed() >= silence {
            break Ending::Hung;
        }
    };
    group.end()?;
    let last_words = Instant::now() + GRACE;
    while let Ok(line) = lines.recv_timeout(last_words.saturating_duration_since(Instant::now())) {
        show(&line)?;
    }
    // Ends what ignored the first signal.
    group.signal("KILL");
    Ok(ending)
}

/// A program and everything it starts.
struct Group {
    child: Child,
    #[cfg(unix)]
    guard: Child,
}

impl Group {
    #[cfg(unix)]
    fn start(command: &mut Command) -> io::Result<Group> {
        use std::os::unix::process::CommandExt;
        let child = command.process_group(0).spawn()?;
        // In a group of its own the program does not hear an interrupt at the terminal. The guard
        // reads from this process and notices its end, however it ends.
        let guard = Command::new("sh")
            .args([
                "-c",
                r#"read -r _ || { kill -TERM "-$0"; sleep 2; kill -KILL "-$0"; }"#,
            ])
            .arg(child.id().to_string())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Group { child, guard })
    }

    #[cfg(not(unix))]
    fn start(command: &mut Command) -> io::Result<Group> {
        Ok(Group {
            child: command.spawn()?,
        })
    }

    /// Ends what is left of the group: with SIGTERM first, then with SIGKILL.
    fn end(&mut self) -> io::Result<()> {
        self.signal("TERM");
        let deadline = Instant::now() + GRACE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() >= deadline {
                self.signal("KILL");
                self.child.wait()?;
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    #[cfg(unix)]
    fn signal(&self, signal: &str) {
        // `sh` has kill built in; the program of that name is a package of its own.
        let line = format!("kill -{signal} -{}", self.child.id());
        let _ = Command::new("sh")
            .args(["-c", &line])
            .stderr(Stdio::null())
            .status();
    }

    #[cfg(not(unix))]
    fn signal(&self, _signal: &str) {
        let id = self.child.id().to_string();
        let _ = Command::new("taskkill")
            .args(["/T", "/F", "/PID", &id])
            .stderr(Stdio::null())
            .status();
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        if let Some(mut stdin) = self.guard.stdin.take() {
            let _ = stdin.write_all(b"done\n");
        }
        let _ = self.guard.wait();
    }
}

/// Whole lines, as they come.
fn lines(from: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if !line.ends_with(b"\n") {
                line.push(b'\n');
            }
            if sender.send(std::mem::take(&mut line)).is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn log(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("authscope-xtask-{name}-{}.log", std::process::id()))
    }

    fn watched(name: &str, script: &str, silence: Duration) -> (Ending, Vec<String>, String) {
        let log = log(name);
        let mut seen = Vec::new();
        let ending =
            watch(sh(script), silence, &log, |line| seen.push(line.to_owned())).expect("sh starts");
        let written = std::fs::read_to_string(&log).unwrap_or_default();
        let _ = std::fs::remove_file(&log);
        (ending, seen, written)
    }

    #[test]
    fn both_channels_are_seen_and_logged() {
        let (ending, mut seen, written) = watched(
            "both",
            "echo one; echo two >&2; printf three; exit 3",
            Duration::from_secs(20),
        );
        assert!(matches!(ending, Ending::Exited(status) if status.code() == Some(3)));
        seen.sort();
        assert_eq!(seen, ["one", "three", "two"]);
        assert!(
            written.contains("one\n") && written.contains("two\n") && written.contains("three")
        );
    }

    #[test]
    fn a_slow_program_that_goes_on_speaking_is_not_ended() {
        let (ending, seen, _) = watched(
            "slow",
            "for word in 1 2 3 4 5 6 7 8; do sleep 1; echo $word; done",
            Duration::from_secs(6),
        );
        assert!(matches!(ending, Ending::Exited(status) if status.success()));
        assert_eq!(seen.len(), 8);
    }

    #[test]
    fn a_silent_program_is_ended_with_what_it_started() {
        let started = Instant::now();
        let (ending, seen, _) = watched(
            "silent",
            "sleep 600 & echo up; wait",
            Duration::from_secs(2),
        );
        assert!(matches!(ending, Ending::Hung));
        assert_eq!(seen, ["up"]);
        assert!(started.elapsed() < Duration::from_secs(300));
    }

    #[test]
    fn what_is_left_behind_does_not_hold_the_run_up() {
        let started = Instant::now();
        let (ending, seen, _) = watched("left", "sleep 600 & echo gone", Duration::from_secs(500));
        assert!(matches!(ending, Ending::Exited(status) if status.success()));
        assert_eq!(seen, ["gone"]);
        assert!(started.elapsed() < Duration::from_secs(300));
    }

    #[test]
    fn programs_are_found_by_path() {
        assert!(find("sh").is_some());
        assert!(find("no-such-program-of-anybody").is_none());
    }
}
