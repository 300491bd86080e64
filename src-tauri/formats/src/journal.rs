//! A run on disk as it grows, without its secrets.
//!
//! A line of JSON each: first the trace without its entries, then each entry and each change of the
//! participants. A later exchange may show that an earlier value is a secret; then the whole file
//! is rewritten before that exchange is added to it. What is on disk holds no secret at any time.

use std::fs::OpenOptions;
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use trace::{Entry, Participant, Secret, Trace};

use crate::faults;
use crate::format::{Opened, ReadError};
use crate::fresh::{Fresh, OnDisk};
use crate::redact::Redactor;
use crate::trace_file::{head, without};
use crate::visible::visible_json;

/// A file that grows with a run. Only its owner may read it.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: OnDisk,
    redactor: Redactor,
    /// How many of each are written.
    entries: usize,
    participants: usize,
    typed: usize,
    /// The last addition failed, so that the file may end in half a line.
    is_torn: bool,
}

impl Journal {
    /// Begins the journal of a run. What the trace holds already is written at once.
    ///
    /// # Errors
    /// What the system answers.
    pub fn create(path: &Path, trace: &Trace, typed: &[(String, Secret)]) -> io::Result<Self> {
        let redactor = Redactor::of(trace, typed);
        Ok(Self {
            path: path.to_owned(),
            file: write_whole(path, trace, &redactor)?,
            redactor,
            entries: trace.entries.len(),
            participants: trace.participants.len(),
            typed: typed.len(),
            is_torn: false,
        })
    }

    /// Reads a journal as far as it is whole: what was being written when the program ended is left
    /// out, with a note.
    ///
    /// # Errors
    /// When not even its first line can be read, or a later program wrote it.
    pub fn read(file: &mut dyn Read) -> Result<Opened, ReadError> {
        #[derive(Deserialize)]
        struct Line {
            entry: Option<Entry>,
            participants: Option<Vec<Participant>>,
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(|error| ReadError(format!("the file could not be read: {error}")))?;
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let first: Value = lines
            .next()
            .and_then(|line| serde_json::from_slice(line).ok())
            .unwrap_or_default();
        match first.get(JOURNAL).and_then(Value::as_u64) {
            Some(version) if version <= u64::from(VERSION) => {}
            Some(version) => {
                return Err(ReadError(format!(
                    "{JOURNAL}: expected at most {VERSION}, got {version}"
                )));
            }
            None => {
                return Err(ReadError(format!(
                    "{JOURNAL}: expected a version, got none"
                )));
            }
        }
        let mut whole = first;
        whole["entries"] = json!([]);
        let mut trace: Trace = serde_json::from_value(whole)
            .map_err(|error| ReadError(format!("not a readable journal: {error}")))?;
        let mut notes = Vec::new();
        for line in lines {
            let read: Result<Line, _> = serde_json::from_slice(line);
            let next = trace.entries.len() as u32 + 1;
            match read {
                Ok(Line {
                    entry: Some(entry), ..
                }) if entry.seq == next => {
                    trace.entries.push(Arc::new(entry));
                }
                Ok(Line {
                    participants: Some(participants),
                    entry: None,
                }) => {
                    trace.participants = participants;
                }
                _ => {
                    notes.push(
                        "The journal ends in the middle of an entry, which is left out.".into(),
                    );
                    break;
                }
            }
        }
        let count = trace.participants.len();
        let is_whole = |entry: &Arc<Entry>| {
            entry.exchange().is_none_or(|exchange| {
                usize::from(exchange.from.0) < count && usize::from(exchange.to.0) < count
            })
        };
        let whole = trace.entries.iter().take_while(|entry| is_whole(entry));
        let whole = whole.count();
        trace.entries.truncate(whole);
        Ok(Opened {
            notes,
            ..trace.into()
        })
    }

    /// Adds what is new in the trace, which only grows.
    ///
    /// # Errors
    /// What the system answers. What is missing then is written with the next addition.
    pub fn append(&mut self, trace: &Trace, typed: &[(String, Secret)]) -> io::Result<()> {
        let new = &trace.entries[self.entries.min(trace.entries.len())..];
        if self.is_torn || self.typed != typed.len() {
            let journal = Self::create(&self.path, trace, typed)?;
            *self = journal;
            return Ok(());
        }
        let mut is_shown = false;
        for entry in new {
            is_shown |= self.redactor.learn_and_find(entry, || on_disk(&self.path));
        }
        self.is_torn = true;
        if is_shown {
            self.file = write_whole(&self.path, trace, &self.redactor)?;
        } else {
            let mut lines = String::new();
            if self.participants != trace.participants.len() {
                lines += &participants_line(trace, &self.redactor);
            }
            lines.extend(new.iter().map(|entry| entry_line(entry, &self.redactor)));
            self.file.write_all(lines.as_bytes())?;
        }
        self.is_torn = false;
        self.entries = trace.entries.len();
        self.participants = trace.participants.len();
        Ok(())
    }
}

fn on_disk(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_default()
}

/// Puts the whole journal in the place of what is there, and opens it to add to it.
fn write_whole(path: &Path, trace: &Trace, redactor: &Redactor) -> io::Result<OnDisk> {
    let mut fresh = Fresh::create(path, true)?;
    let mut first = head(trace, Some(redactor))?;
    first.remove("authscope_trace");
    first.remove("entries");
    let mut line = json!({ JOURNAL: VERSION });
    if let Some(members) = line.as_object_mut() {
        members.extend(first);
    }
    fresh.write_all(as_line(&line).as_bytes())?;
    for entry in &trace.entries {
        fresh.write_all(entry_line(entry, redactor).as_bytes())?;
    }
    fresh.finish()?;
    faults::call()?;
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.seek(SeekFrom::End(0))?;
    Ok(OnDisk(file))
}

fn entry_line(entry: &Entry, redactor: &Redactor) -> String {
    as_line(&json!({ "entry": without(entry, None, redactor) }))
}

fn participants_line(trace: &Trace, redactor: &Redactor) -> String {
    let participants = redactor.events(&json!(trace.participants));
    as_line(&json!({ "participants": participants }))
}

fn as_line(value: &Value) -> String {
    visible_json(&value.to_string()) + "\n"
}

/// What a journal begins with, and its version.
pub const JOURNAL: &str = "authscope_journal";
const VERSION: u32 = 1;

#[cfg(test)]
pub mod tests {
    use trace::{
        Body, EntryKind, Exchange, Header, Outcome, ParticipantId, Phase, Purpose, Request,
        Response, Timestamp, Timings,
    };

    use super::*;

    pub fn exchange(url: &str, answer: &str) -> EntryKind {
        EntryKind::Exchange(Box::new(Exchange {
            purpose: Purpose::Unknown,
            from: ParticipantId::CLIENT,
            to: ParticipantId::BROWSER,
            label: String::new(),
            request: Request::new("GET", url),
            edited: false,
            answer_edited: false,
            outcome: Outcome::Response(Response {
                status: 200,
                headers: vec![Header::new("content-type", "application/json")],
                body: Body::new(answer.as_bytes().to_vec()),
            }),
            started: Timestamp(1),
            timings: Timings::default(),
            connection: None,
            verdict: None,
            recorded: trace::Recording::default(),
            server_side: None,
            client_side: None,
        }))
    }

    fn push(trace: &mut Trace, kind: EntryKind) {
        trace.push(Timestamp(1), 0, Phase::Token, kind);
    }

    fn file(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("journal-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder.join("run.journal")
    }

    #[test]
    fn a_value_that_turns_out_to_be_a_secret_is_gone_before_the_file_is_added_to() {
        let path = file("secret");
        let mut trace = Trace::new("https://mcp.example/mcp", Timestamp(5));
        let mut journal = Journal::create(&path, &trace, &[]).unwrap();
        // Nothing shows yet that it is a secret.
        let url = "https://mcp.example/mcp?ref=Zx81-9bQ7-uiop&x=tag-1234";
        push(&mut trace, exchange(url, r#"{"a":1}"#));
        journal.append(&trace, &[]).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().contains("Zx81"));
        let answer = r#"{"access_token":"Zx81-9bQ7-uiop"}"#;
        push(&mut trace, exchange("https://as.example/token", answer));
        journal.append(&trace, &[]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("Zx81"), "{text}");
        assert_eq!(text.matches("redacted-access_token-1").count(), 2, "{text}");
        let opened = Journal::read(&mut text.as_bytes()).unwrap();
        assert_eq!(opened.trace.entries.len(), 2);
        assert!(opened.notes.is_empty());
        // One that is typed later.
        let typed = [("password".to_owned(), Secret::new("tag-1234"))];
        journal.append(&trace, &typed).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("tag-1234"), "{text}");
    }

    #[test]
    fn a_journal_that_is_cut_anywhere_is_read_up_to_there() {
        let path = file("cut");
        let mut trace = Trace::new("https://mcp.example/mcp", Timestamp(5));
        let mut journal = Journal::create(&path, &trace, &[]).unwrap();
        for at in 0..5 {
            if at == 2 {
                trace.participant(trace::Role::Other, "https://other.example");
            }
            let url = format!("https://mcp.example/{at}");
            push(&mut trace, exchange(&url, "{}"));
            journal.append(&trace, &[]).unwrap();
        }
        let whole = std::fs::read(&path).unwrap();
        let first = whole.iter().position(|byte| *byte == b'\n').unwrap();
        let mut most = 0;
        for end in 0..=whole.len() {
            match Journal::read(&mut &whole[..end]) {
                Ok(opened) => {
                    assert!(opened.trace.entries.len() >= most);
                    most = opened.trace.entries.len();
                }
                Err(error) => assert!(end < first + 1, "{end}: {error}"),
            }
        }
        assert_eq!(most, 5);
        let all = Journal::read(&mut whole.as_slice()).unwrap();
        assert_eq!(all.trace.participants.len(), trace.participants.len());
        let newer = "{\"authscope_journal\":9}";
        for damaged in ["", "{}", "[]", newer, "\u{0}", "{\"authscope_journal\":1}"] {
            assert!(Journal::read(&mut damaged.as_bytes()).is_err(), "{damaged}");
        }
    }
}
