//! HTTP Archive 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>).
//!
//! What the format asks for and other readers rely on, beyond its schema: `pages` and every entry's
//! `cache` are always there (Firefox reads them unasked), `redirectURL` is never null, and a
//! request that got no response has status 0 and Chrome's `_error`. What HAR has no place for is
//! under `_authscope`.

mod entry;
mod parts;
mod pass;

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use serde_json::{Value, json};
use trace::{Entry, EntryKind, Trace};

use crate::parallel::{workers, write_parts};
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

/// The trace as a HAR document. For files use [`write_har`], which does not hold the document in
/// memory.
pub fn har(trace: &Trace, options: &HarOptions) -> Value {
    let mut text = Vec::new();
    // Memory takes everything, and what was just written as JSON can be read as JSON.
    let written = write_har(trace, options, &mut text).ok();
    written
        .and_then(|()| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

/// Writes the trace as a HAR document, a few entries at a time.
///
/// # Errors
/// What `to` answers to being written to.
pub fn write_har(trace: &Trace, options: &HarOptions, to: impl Write) -> io::Result<()> {
    let (redactor, quiet) = redactor(trace, options);
    let redactor = redactor.as_ref();
    let mut to = BufWriter::with_capacity(1 << 16, to);
    // The document but for its entries, without its last two braces.
    let frame = serde_json::to_vec(&Har {
        log: Log::new(trace, options, redactor),
    })?;
    to.write_all(frame.strip_suffix(b"}}").unwrap_or(&frame))?;
    to.write_all(b",\"entries\":[")?;
    let exchanges: Vec<_> = trace.exchanges().collect();
    let parts: Vec<_> = exchanges.chunks(PART).enumerate().collect();
    write_parts(&mut to, parts.len(), workers(exchanges.len()), || {
        let pass = Pass::new(redactor, &quiet);
        let parts = &parts;
        let mut size = 0;
        move |part| {
            let (part, exchanges) = parts[part];
            // About as large as the last one.
            let mut text = Vec::with_capacity(size + size / 8);
            for (nth, &(entry, exchange)) in (part * PART..).zip(exchanges) {
                if nth > 0 {
                    text.push(b',');
                }
                let entry = HarEntry::new(trace, entry, (nth, exchange), &pass);
                // Every key is a string and every number finite, so this cannot fail.
                let _ = serde_json::to_writer(&mut text, &entry);
            }
            size = text.len();
            text
        }
    })?;
    to.write_all(b"]}}")?;
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

/// All but the entries, which are written at its end.
#[derive(Serialize)]
struct Log<'a> {
    version: &'static str,
    creator: Creator<'a>,
    pages: Vec<Page>,
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

impl<'a> Log<'a> {
    fn new(trace: &Trace, options: &'a HarOptions, redactor: Option<&Redactor>) -> Self {
        Self {
            version: "1.2",
            creator: Creator {
                name: "Authscope",
                version: &options.creator_version,
            },
            pages: pages(trace, redactor),
            comment: match options.secrets {
                Secrets::Redacted => REDACTED,
                Secrets::Included => INCLUDED,
            },
            _authscope: own(trace, options, redactor),
        }
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
    let events: Value = trace.entries.iter().filter_map(|entry| event(entry)).collect();
    json!({
        "secrets": match options.secrets {
            Secrets::Redacted => "redacted",
            Secrets::Included => "included",
        },
        "events": redactor.map_or_else(|| events.clone(), |redactor| redactor.events(&events)),
    })
}

/// Entries that are made at a time.
const PART: usize = 32;
const REDACTED: &str = "Secrets are replaced by pseudonyms, equal ones by equal ones. Sizes are those of the \
                        messages as they were sent and received.";
const INCLUDED: &str =
    "Contains secrets as recorded: tokens, codes, cookies, passwords. Do not share.";
