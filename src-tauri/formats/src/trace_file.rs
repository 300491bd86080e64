//! This program's own file, which holds the whole trace and can be read again.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use trace::{Entry, EntryKind, Trace};

use crate::format::{About, Export, Format, ReadError};
use crate::redact::Redactor;
use crate::visible::VisibleJson;

/// `.authscope`: see [`trace::from_json`].
pub struct TraceFile;

impl Format for TraceFile {
    fn about(&self) -> About {
        About {
            id: "authscope",
            title: "Authscope trace",
            extensions: &["authscope"],
            media_type: "application/json",
            can_read: true,
            can_write: true,
            holds_secrets: true,
            explanation: "Everything that was recorded, to be opened again with Authscope.",
        }
    }

    fn write(&self, export: &Export<'_>, to: &mut dyn Write) -> io::Result<()> {
        let (redactor, _) = export.redactor_if_asked();
        let mut to = BufWriter::with_capacity(1 << 16, to);
        let head = head(export.trace, redactor.as_ref())?;
        let mut json = serde_json::Serializer::new(VisibleJson(&mut to));
        let mut file = json.serialize_map(None)?;
        for (name, value) in &head {
            if name == ENTRIES {
                let entries = Entries(&export.trace.entries, redactor.as_ref());
                file.serialize_entry(name, &entries)?;
            } else {
                file.serialize_entry(name, value)?;
            }
        }
        file.end()?;
        to.flush()
    }

    fn read(&self, file: &[u8]) -> Result<Trace, ReadError> {
        let text = std::str::from_utf8(file).map_err(|error| {
            let at = error.valid_up_to();
            ReadError(format!("expected UTF-8 text, got other bytes at {at}"))
        })?;
        trace::from_json(text).map_err(|error| ReadError(error.to_string()))
    }
}

/// The file without its entries.
fn head(trace: &Trace, redactor: Option<&Redactor>) -> io::Result<Map<String, Value>> {
    let mut head = trace.clone();
    head.entries.clear();
    let head: Map<String, Value> = serde_json::from_str(&trace::to_json(&head))?;
    Ok(match redactor {
        None => head,
        Some(redactor) => head
            .iter()
            .map(|(name, value)| (name.clone(), redactor.events(value)))
            .collect(),
    })
}

/// Made one at a time, while they are written.
struct Entries<'a>(&'a [Arc<Entry>], Option<&'a Redactor>);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self(entries, redactor) = self;
        match redactor {
            None => to.collect_seq(entries.iter().map(Arc::as_ref)),
            Some(redactor) => to.collect_seq(entries.iter().map(|entry| without(entry, redactor))),
        }
    }
}

/// The entry without its secrets.
fn without(entry: &Entry, redactor: &Redactor) -> Value {
    // Every key is a string and every number finite, so this cannot fail.
    let json = |entry: &Entry| serde_json::to_value(entry).unwrap_or_default();
    match &entry.kind {
        EntryKind::Exchange(exchange) => json(&Entry {
            kind: EntryKind::Exchange(Box::new(redactor.exchange(exchange))),
            ..entry.clone()
        }),
        _ => redactor.events(&json(entry)),
    }
}

/// The name of the entries in the file.
const ENTRIES: &str = "entries";
