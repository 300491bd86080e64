//! This program's own file, which holds the whole trace and can be read again.

use std::collections::HashMap;
use std::io::{self, BufWriter, Read, Write};
use std::sync::Arc;

use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};
use trace::{Checked, Entry, EntryKind, Trace};

use crate::format::{About, Export, Format, Judged, Kind, Opened, ReadError, Secrets};
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
            kind: Kind::Recording,
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
                let entries = Entries {
                    entries: &export.trace.entries,
                    redactor: redactor.as_ref(),
                    checked: &export.checked(),
                };
                file.serialize_entry(name, &entries)?;
            } else {
                file.serialize_entry(name, value)?;
            }
        }
        let secrets = match export.secrets {
            Secrets::Redacted => REDACTED,
            Secrets::Included => "included",
        };
        file.serialize_entry(SECRETS, secrets)?;
        if let Some(Judged {
            findings, ledger, ..
        }) = export.judged
        {
            let judgement = json!({ "findings": findings, "rules": ledger });
            let judgement = match redactor.as_ref() {
                Some(redactor) => redactor.events(&judgement),
                None => judgement,
            };
            file.serialize_entry(JUDGEMENT, &judgement)?;
        }
        file.end()?;
        to.flush()
    }

    fn read(&self, file: &mut dyn Read) -> Result<Opened, ReadError> {
        let mut text = Vec::new();
        file.read_to_end(&mut text)
            .map_err(|error| ReadError(format!("the file could not be read: {error}")))?;
        let text = String::from_utf8(text).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            ReadError(format!("expected UTF-8 text, got other bytes at {at}"))
        })?;
        let trace = trace::from_json(&text).map_err(|error| ReadError(error.to_string()))?;
        let also: Also = serde_json::from_str(&text).unwrap_or_default();
        let redacted = also.secrets.as_deref() == Some(REDACTED);
        Ok(Opened {
            judgement: also.judgement.filter(|_| redacted),
            ..trace.into()
        })
    }
}

/// What is in the file besides the trace.
#[derive(Default, Deserialize)]
struct Also {
    secrets: Option<String>,
    judgement: Option<Value>,
}

/// The file without its entries.
pub fn head(trace: &Trace, redactor: Option<&Redactor>) -> io::Result<Map<String, Value>> {
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
struct Entries<'a> {
    entries: &'a [Arc<Entry>],
    redactor: Option<&'a Redactor>,
    checked: &'a HashMap<u32, Checked>,
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.redactor {
            None => to.collect_seq(self.entries.iter().map(Arc::as_ref)),
            Some(redactor) => {
                let checked = |entry: &Entry| self.checked.get(&entry.seq).copied();
                let without = |entry: &Arc<Entry>| without(entry, checked(entry), redactor);
                to.collect_seq(self.entries.iter().map(without))
            }
        }
    }
}

/// The entry without its secrets, and with what was found out from them.
pub fn without(entry: &Entry, checked: Option<Checked>, redactor: &Redactor) -> Value {
    // Every key is a string and every number finite, so this cannot fail.
    let json = |entry: &Entry| serde_json::to_value(entry).unwrap_or_default();
    match &entry.kind {
        EntryKind::Exchange(exchange) => {
            let mut exchange = redactor.exchange(exchange);
            exchange.recorded.checked = checked.unwrap_or(exchange.recorded.checked);
            json(&Entry {
                kind: EntryKind::Exchange(Box::new(exchange)),
                ..entry.clone()
            })
        }
        _ => redactor.events(&json(entry)),
    }
}

/// Names in the file.
const ENTRIES: &str = "entries";
const SECRETS: &str = "secrets";
const JUDGEMENT: &str = "judgement";
/// What `secrets` says of a file in which they are replaced.
const REDACTED: &str = "redacted";
