//! HTTP Archive 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>).
//!
//! What the format asks for and other readers rely on, beyond its schema: `pages` and every entry's `cache` are always
//! there (Firefox reads them unasked), `redirectURL` is never null, and a request that got no response has status 0
//! and Chrome's `_error`. What HAR has no place for is under `_authscope`.

mod entry;
mod parts;
mod pass;

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
use serde_json::{Value, json};
use trace::{Entry, EntryKind, Trace};

use crate::redact::Quiet;
use crate::{Redactor, Secrets};
use entry::HarEntry;
use parts::rfc3339;
use pass::Pass;

/// How a HAR file is written.
#[derive(Debug, Clone, Default)]
pub struct HarOptions {
    pub secrets: Secrets,
    /// The version of the program, for `creator`.
    pub creator_version: String,
}

/// The trace as a HAR document. For files use [`write_har`], which does not hold the document in memory.
pub fn har(trace: &Trace, options: &HarOptions) -> Value {
    let (redactor, quiet) = redactor(trace, options);
    // Every key is a string and every number finite, so this cannot fail.
    serde_json::to_value(Har::new(trace, options, redactor.as_ref(), &quiet)).unwrap_or_default()
}

/// Writes the trace as a HAR document, entry by entry.
///
/// # Errors
/// What `to` answers to being written to.
pub fn write_har(trace: &Trace, options: &HarOptions, to: impl Write) -> io::Result<()> {
    let (redactor, quiet) = redactor(trace, options);
    let mut to = BufWriter::with_capacity(1 << 16, to);
    serde_json::to_writer(&mut to, &Har::new(trace, options, redactor.as_ref(), &quiet))?;
    to.flush()
}

fn redactor(trace: &Trace, options: &HarOptions) -> (Option<Redactor>, Vec<Quiet>) {
    match options.secrets {
        Secrets::Redacted => {
            let (redactor, quiet) = Redactor::with_quiet(trace);
            (Some(redactor), quiet)
        }
        Secrets::Included => (None, Vec::new()),
    }
}

#[derive(Serialize)]
struct Har<'a> {
    log: Log<'a>,
}

#[derive(Serialize)]
struct Log<'a> {
    version: &'static str,
    creator: Creator<'a>,
    pages: Vec<Page>,
    entries: Entries<'a>,
    comment: &'static str,
    _authscope: Value,
}

#[derive(Serialize)]
struct Creator<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    started_date_time: String,
    id: String,
    title: String,
    page_timings: PageTimings,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageTimings {
    on_content_load: i8,
    on_load: i8,
}

/// Each entry is made when it is written and dropped afterwards.
struct Entries<'a> {
    trace: &'a Trace,
    pass: Pass<'a>,
}

impl<'a> Har<'a> {
    fn new(
        trace: &'a Trace,
        options: &'a HarOptions,
        redactor: Option<&'a Redactor>,
        quiet: &'a [Quiet],
    ) -> Self {
        Self {
            log: Log {
                version: "1.2",
                creator: Creator {
                    name: "Authscope",
                    version: &options.creator_version,
                },
                pages: pages(trace, redactor),
                entries: Entries {
                    trace,
                    pass: Pass::new(redactor, quiet),
                },
                comment: match options.secrets {
                    Secrets::Redacted => REDACTED,
                    Secrets::Included => INCLUDED,
                },
                _authscope: own(trace, options, redactor),
            },
        }
    }
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut entries = to.serialize_seq(None)?;
        for (nth, (entry, exchange)) in self.trace.exchanges().enumerate() {
            entries.serialize_element(&HarEntry::new(self.trace, entry, (nth, exchange), &self.pass))?;
        }
        entries.end()
    }
}

/// A page per branch of the run: what was rewound over can be told from what came after.
fn pages(trace: &Trace, redactor: Option<&Redactor>) -> Vec<Page> {
    let title = redactor.map_or_else(
        || trace.server_url.clone(),
        |redactor| redactor.url(&trace.server_url),
    );
    let mut branches = vec![(0, trace.started)];
    for entry in &trace.entries {
        if branches.iter().all(|&(branch, _)| branch != entry.branch) {
            branches.push((entry.branch, entry.at));
        }
    }
    let page = |(branch, started)| Page {
        started_date_time: rfc3339(started),
        id: page_id(branch),
        title: match branch {
            0 => title.clone(),
            branch => format!("{title} (after going back, {branch})"),
        },
        page_timings: PageTimings {
            on_content_load: -1,
            on_load: -1,
        },
    };
    branches.into_iter().map(page).collect()
}

fn page_id(branch: trace::Branch) -> String {
    format!("branch_{branch}")
}

/// What is no exchange: browser visits, decisions, going back.
fn own(trace: &Trace, options: &HarOptions, redactor: Option<&Redactor>) -> Value {
    let event = |entry: &Entry| match &entry.kind {
        EntryKind::Exchange(_) => None,
        kind => Some(json!({
            "seq": entry.seq,
            "at": rfc3339(entry.at),
            "branch": entry.branch,
            "phase": entry.phase,
            "event": kind,
        })),
    };
    let events: Value = trace.entries.iter().filter_map(event).collect();
    json!({
        "secrets": match options.secrets {
            Secrets::Redacted => "redacted",
            Secrets::Included => "included",
        },
        "events": redactor.map_or_else(|| events.clone(), |redactor| redactor.events(&events)),
    })
}

const REDACTED: &str = "Secrets are replaced by pseudonyms, equal ones by equal ones. Sizes are those of the \
                        messages as they were sent and received.";
const INCLUDED: &str = "Contains secrets as recorded: tokens, codes, cookies, passwords. Do not share.";
