//! HTTP Archive 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>).
//!
//! What the format asks for and other readers rely on, beyond its schema: `pages` and every entry's
//! `cache` are always there (Firefox reads them unasked), `redirectURL` is never null, and a
//! request that got no response has status 0 and Chrome's `_error`. What HAR has no place for is
//! under `_authscope`.

mod entry;
mod order;
mod parts;
mod pass;
mod producer;
mod read;
mod read_entry;

use std::io::{self, BufWriter, Read, Write};

use serde::Serialize;
use serde_json::{Value, json};
use trace::{Entry, EntryKind, Trace};

use crate::format::{About, Export, Format, Kind, Opened, ReadError, Secrets};
use crate::parallel::{workers, write_parts};
use crate::redact::Redactor;
use crate::visible::visible_json_bytes;
use entry::HarEntry;
use parts::page_id;
use pass::Pass;

pub use parts::{rfc3339, status_text};
pub(crate) use read_entry::{failure, forget_body};

/// `.har`, as browsers and proxies read it.
pub struct Har;

impl Format for Har {
    fn about(&self) -> About {
        About {
            id: "har",
            title: "HTTP Archive (HAR)",
            extensions: &["har"],
            media_type: "application/json",
            can_read: true,
            can_write: true,
            holds_secrets: true,
            kind: Kind::Recording,
            explanation: "All exchanges, as browsers, proxies and HTTP tools read them.",
        }
    }

    fn write(&self, export: &Export<'_>, to: &mut dyn Write) -> io::Result<()> {
        write_har(export, to)
    }

    fn read(&self, file: &mut dyn Read) -> Result<Opened, ReadError> {
        read::read(file)
    }
}

fn write_har(export: &Export<'_>, to: &mut dyn Write) -> io::Result<()> {
    let trace = export.trace;
    let (redactor, quiet) = export.redactor_if_asked();
    let redactor = redactor.as_ref();
    let checked = export.checked();
    let mut to = BufWriter::with_capacity(1 << 16, to);
    // The document but for its entries, without its last two braces.
    let frame = serde_json::to_vec(&Frame {
        log: Log::new(export, redactor),
    })?;
    let frame = visible_json_bytes(frame);
    to.write_all(frame.strip_suffix(b"}}").unwrap_or(&frame))?;
    to.write_all(b",\"entries\":[")?;
    let exchanges: Vec<_> = trace.exchanges().collect();
    let parts: Vec<_> = exchanges.chunks(PART).enumerate().collect();
    write_parts(&mut to, parts.len(), workers(exchanges.len()), || {
        let pass = Pass::new(redactor, &quiet, &checked);
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
            visible_json_bytes(text)
        }
    })?;
    to.write_all(b"]}}")?;
    to.flush()
}

#[derive(Serialize)]
struct Frame<'a> {
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
    fn new(export: &Export<'a>, redactor: Option<&Redactor>) -> Self {
        Self {
            version: "1.2",
            creator: Creator {
                name: "Authscope",
                version: export.version,
            },
            pages: pages(export.trace, redactor),
            comment: match export.secrets {
                Secrets::Redacted => REDACTED,
                Secrets::Included => INCLUDED,
            },
            _authscope: own(export, redactor),
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

/// What is no exchange: browser visits, decisions, going back.
fn own(export: &Export<'_>, redactor: Option<&Redactor>) -> Value {
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
    let events: Value = export
        .trace
        .entries
        .iter()
        .filter_map(|entry| event(entry))
        .collect();
    json!({
        "secrets": match export.secrets {
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
