//! Runs an attack against its target, and checks the result against the promises of `SECURITY.md`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command};
use std::sync::Mutex;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::case::{Case, Front};
use crate::client;
use crate::front::{self, Files};
use crate::stage::{Stage, marks};

/// A request may take one second here, and no attack makes a run of more than some twenty.
pub const MOST_TIME: Duration = Duration::from_secs(40);
/// With the limits that the command has by default.
const MOST_MEMORY: u64 = 150 * 1024 * 1024;

/// The result of a case.
pub struct Played {
    pub complaints: Vec<String>,
    #[allow(dead_code, reason = "for the benchmark")]
    pub took: Duration,
    #[allow(dead_code, reason = "for the benchmark")]
    pub memory: u64,
}

pub fn play(case: &Case) -> Played {
    let stage = Stage::of(case);
    let files = Files::new();
    let mut process = front::process(case, &stage, &files);
    let begun = Instant::now();
    let child = process.spawn().expect("the program can be run");
    let observed = case.front == Front::Observe;
    let id = child.id();
    let complaints = Mutex::new(Vec::new());
    let ended = watch(child, |line| {
        if observed {
            let went = client::talk(line);
            complaints
                .lock()
                .expect("nobody panics with it")
                .extend(went);
            // The user has seen enough.
            let _ = Command::new("kill")
                .args(["-TERM", &id.to_string()])
                .status();
        }
        true
    });
    let took = begun.elapsed();
    let mut judged = Judged {
        stage: &stage,
        complaints: complaints.into_inner().expect("nobody panics with it"),
    };
    judged.ended(case, &ended, took);
    if case.front != Front::Window {
        judged.files(case, &files, &ended);
    }
    Played {
        complaints: judged.complaints,
        took,
        memory: ended.memory,
    }
}

struct Judged<'a> {
    stage: &'a Stage,
    complaints: Vec<String>,
}

impl Judged<'_> {
    fn complain(&mut self, complaint: impl Into<String>) {
        self.complaints.push(complaint.into());
    }

    fn ended(&mut self, case: &Case, ended: &Ended, took: Duration) {
        let exit = ended.exit;
        match (exit, case.expect.exit) {
            (None, _) => self.complain(format!("it did not end by itself ({took:?})")),
            (_, Some(expected)) if exit != Some(expected) => {
                self.complain(format!("exit code {exit:?}, expected {expected}"));
            }
            // Whatever came, the file itself is a good one.
            (Some(2), _) if case.front == Front::Check => self.complain("it was not read"),
            (Some(0..=2), _) => {}
            (Some(other), _) => self.complain(format!("exit code {other}")),
        }
        self.complaints.extend(broken_promises(ended));
        // An observed client sends by itself what it sends, and a proxy passes it on.
        if case.front != Front::Observe {
            for leaked in self.stage.leaked() {
                self.complain(format!("went to another origin: {leaked}"));
            }
        }
    }

    fn files(&mut self, case: &Case, files: &Files, ended: &Ended) {
        let mut written = String::from_utf8_lossy(&ended.output).into_owned();
        let har = Some(&files.har).filter(|_| case.front.writes_har());
        for file in [&files.report].into_iter().chain(har) {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            if serde_json::from_str::<Value>(&text).is_err() {
                self.complain(format!("{} is not JSON", file.display()));
            }
            if let Some(near) = secret_in(&text) {
                self.complain(format!("a secret in {}: {near}", file.display()));
            }
            if let Some(c) = text.chars().find(|c| *c != '\n' && is_hidden(*c)) {
                self.complain(format!("{c:?} in {}", file.display()));
            }
            if *file == files.report {
                written += &text;
            }
        }
        let says = &case.expect.says;
        let says: Vec<String> = says
            .iter()
            .map(|words| words.replace("{evil}", &self.stage.evil))
            .collect();
        if !says.is_empty() && !says.iter().any(|words| written.contains(words)) {
            let said = String::from_utf8_lossy(&ended.output);
            self.complain(format!("it does not say {says:?}:\n{said}"));
        }
    }
}

/// What holds of every process, whatever it met.
pub fn broken_promises(ended: &Ended) -> Vec<String> {
    let mut broken = Vec::new();
    if ended.memory > MOST_MEMORY {
        broken.push(format!("{} MB of memory", ended.memory >> 20));
    }
    for (name, text) in [("output", &ended.output), ("errors", &ended.errors)] {
        match std::str::from_utf8(text) {
            Ok(text) => {
                if let Some(c) = text.chars().find(|c| *c != '\n' && is_hidden(*c)) {
                    broken.push(format!("{c:?} in its {name}"));
                }
                if text.contains("panicked") {
                    broken.push(format!("a panic: {text}"));
                }
                if let Some(near) = secret_in(text) {
                    broken.push(format!("a secret in its {name}: {near}"));
                }
            }
            Err(error) => broken.push(format!("{name} that are no UTF-8: {error}")),
        }
    }
    broken
}

/// What stands around a secret, whichever way that is spelled.
fn secret_in(text: &str) -> Option<String> {
    let at = marks().iter().find_map(|mark| text.find(mark.as_str()))?;
    let before = text[..at].char_indices().rev().take(80).last();
    let begin = before.map_or(at, |(begin, _)| begin);
    Some(text[begin..].chars().take(200).collect())
}

/// What a terminal, or the eye, takes for something else.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

pub struct Ended {
    /// None when it had to be killed.
    pub exit: Option<i32>,
    pub output: Vec<u8>,
    pub errors: Vec<u8>,
    /// The most it had at once.
    pub memory: u64,
}

/// Waits for the end of the command, with its memory measured meanwhile. `each` is called with its
/// lines, beside, until it has what it waited for.
pub fn watch(mut child: Child, mut each: impl FnMut(&str) -> bool + Send) -> Ended {
    let id = child.id();
    let output = child.stdout.take().expect("it is piped");
    let mut errors = child.stderr.take().expect("it is piped");
    let reading = thread::spawn(move || {
        let mut read = Vec::new();
        let _ = errors.read_to_end(&mut read);
        read
    });
    let (done, ended) = channel();
    let (say, said) = channel();
    let writing = thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut read = Vec::new();
        loop {
            let before = read.len();
            let line = output.read_until(b'\n', &mut read).unwrap_or_default();
            let said = String::from_utf8_lossy(&read[before..]).into_owned();
            if line == 0 || say.send(said).is_err() {
                break;
            }
        }
        let _ = output.read_to_end(&mut read);
        // Its output ends with the command.
        let _ = done.send(());
        read
    });
    let begun = Instant::now();
    let mut memory = 0;
    let mut killed = false;
    thread::scope(|scope| {
        scope.spawn(move || said.iter().any(|line| each(&line)));
        while ended.recv_timeout(Duration::from_millis(10)) == Err(RecvTimeoutError::Timeout) {
            memory = memory.max(most_memory(id));
            if begun.elapsed() > MOST_TIME {
                killed = true;
                let _ = child.kill();
            }
        }
    });
    let status = child.wait().expect("it was started");
    Ended {
        exit: status.code().filter(|_| !killed),
        output: writing.join().expect("it only reads"),
        errors: reading.join().expect("it only reads"),
        memory,
    }
}

/// The most memory that a process had so far, where the system tells.
fn most_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}
