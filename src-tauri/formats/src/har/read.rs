//! Reads a HAR file entry by entry, so that a large one is never held in memory as a whole.
//!
//! Programs differ in what they write, so little is demanded: a list of entries, and of each entry
//! a URL. What else is missing was not recorded. A file that ends early, or is damaged, is read up
//! to there.

use std::cell::RefCell;
use std::fmt;
use std::io::{BufReader, Read};

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};
use trace::{Client, EntryKind, Exchange, Origin, Phase, Timestamp, Trace};

use super::producer::Producer;
use super::{order, read_entry};
use crate::format::{Opened, ReadError};

/// The members of an entry that are looked at.
const KEPT: [&str; 11] = [
    "startedDateTime",
    "time",
    "request",
    "response",
    "timings",
    "serverIPAddress",
    "connection",
    "_error",
    "_serverPort",
    "_failureText",
    "_authscope",
];

/// # Errors
/// When not a single entry can be read: [`ReadError`] names the field.
pub fn read(file: &mut dyn Read) -> Result<Opened, ReadError> {
    let mut start = Vec::new();
    let read = |error: std::io::Error| ReadError(format!("the file could not be read: {error}"));
    let ended = file.take(IN_MEMORY).read_to_end(&mut start);
    // What came before the end of a file that cannot be unpacked to its own is read.
    if start.is_empty() {
        ended.map_err(read)?;
    }
    let whole = (start.len() as u64) < IN_MEMORY;
    let text = start.strip_prefix(MARK).unwrap_or(&start);
    let seen = RefCell::new(Seen::default());
    let ended = if whole {
        let mut json = serde_json::Deserializer::from_slice(text);
        documents(&seen, &mut json)
    } else {
        let rest = BufReader::with_capacity(1 << 20, file);
        let mut json = serde_json::Deserializer::from_reader(text.chain(rest));
        documents(&seen, &mut json)
    };
    seen.into_inner().opened(ended)
}

/// Reads the file, or several that were put into one.
fn documents<'de, R: serde_json::de::Read<'de>>(
    seen: &RefCell<Seen>,
    json: &mut serde_json::Deserializer<R>,
) -> Result<(), serde_json::Error> {
    loop {
        Member("log", seen).deserialize(&mut *json)?;
        let Err(more) = json.end() else { return Ok(()) };
        let mut seen = seen.borrow_mut();
        // Data after the end of a file is not a sign of damage if it is another file.
        if !seen.has_entries || more.is_io() {
            return Err(more);
        }
        seen.files += 1;
    }
}

/// What was read so far.
#[derive(Default)]
struct Seen {
    creator: Map<String, Value>,
    browser: Map<String, Value>,
    exchanges: Vec<Exchange>,
    /// Entries, those that could not be used too.
    entries: usize,
    has_log: bool,
    has_entries: bool,
    /// Files that follow the first one.
    files: usize,
    /// Where in the file the reading is.
    place: String,
    /// Entries that were left out, and why.
    left_out: Vec<String>,
}

impl Seen {
    fn take(&mut self, entry: &Map<String, Value>) {
        let place = format!("log.entries[{}]", self.entries);
        self.entries += 1;
        match read_entry::exchange(entry) {
            Ok(exchange) => self.exchanges.push(exchange),
            Err(ReadError(why)) => self.left_out.push(format!("{place}.{why}")),
        }
    }

    fn opened(mut self, ended: Result<(), serde_json::Error>) -> Result<Opened, ReadError> {
        let mut notes = Vec::new();
        if let Err(error) = ended {
            let what = match self.place.as_str() {
                "" => format!("no JSON ({error})"),
                place => format!("{place}: {error}"),
            };
            if self.exchanges.is_empty() {
                return Err(ReadError(what));
            }
            let count = self.exchanges.len();
            let read = match count {
                1 => "1 entry was read".to_owned(),
                more => format!("{more} entries were read"),
            };
            notes.push(format!(
                "The file is damaged or ends early at {what}; {read}."
            ));
        } else if self.files > 0 {
            let count = self.files + 1;
            notes.push(format!(
                "{count} HAR files were put into this one; all were read."
            ));
        } else if !self.has_log {
            let what = "log: expected the object of a HAR file, got none";
            return Err(ReadError(what.into()));
        } else if !self.has_entries {
            return Err(ReadError("log.entries: expected a list, got none".into()));
        } else if self.exchanges.is_empty() {
            let why = self.left_out.first();
            let why = why.map_or(
                "log.entries: expected entries, got an empty list",
                String::as_str,
            );
            return Err(ReadError(why.into()));
        }
        if let Some(first) = self.left_out.first() {
            let count = self.left_out.len();
            notes.push(format!(
                "{count} of {} entries cannot be used, the first because of {first}.",
                self.entries
            ));
        }
        if self.exchanges.iter().all(is_message) {
            notes.push(
                "The file holds MCP messages without the HTTP that carried them, so that nothing of \
                 authorization is in it. `authscope-cli observe` records that."
                    .into(),
            );
        }
        let producer = Producer::of(&self.creator, &self.browser);
        producer.judge(&mut self.exchanges);
        order::restore(&mut self.exchanges);
        Ok(Opened {
            notes,
            ..self.trace().into()
        })
    }

    fn trace(self) -> Trace {
        let text = |object: &Map<String, Value>, name: &str| {
            let value = object.get(name).and_then(Value::as_str);
            value.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let origin = Origin::File {
            tool: text(&self.creator, "name"),
            version: text(&self.creator, "version"),
        };
        let started = self.exchanges.iter().map(|exchange| exchange.started).min();
        let started = started.unwrap_or(Timestamp(0));
        let mut trace = Trace::recorded(origin, Client::unknown(), "", started);
        for exchange in self.exchanges {
            let at = exchange.started.plus(exchange.timings.total);
            trace.push(at, 0, Phase::Extra, EntryKind::Exchange(Box::new(exchange)));
        }
        trace
    }
}

/// mcpsnoop gives each message a URL and a status of its own making.
fn is_message(exchange: &Exchange) -> bool {
    exchange.request.url.starts_with("mcp://")
}

/// One named member of an object, which is read; the others are passed over.
struct Member<'a>(&'static str, &'a RefCell<Seen>);

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(wanted, seen) = self;
        let inside_log = wanted != "log";
        while let Some(name) = map.next_key::<String>()? {
            if !inside_log {
                seen.borrow_mut().place.clone_from(&name);
                if name == wanted {
                    seen.borrow_mut().has_log = true;
                    map.next_value_seed(Member("entries", seen))?;
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
                continue;
            }
            seen.borrow_mut().place = format!("log.{name}");
            match name.as_str() {
                "entries" => {
                    seen.borrow_mut().has_entries = true;
                    map.next_value_seed(Entries(seen))?;
                }
                "creator" | "browser" => {
                    let value = map.next_value::<Value>()?;
                    let object = value.as_object().cloned().unwrap_or_default();
                    let mut seen = seen.borrow_mut();
                    if name == "creator" {
                        seen.creator = object;
                    } else {
                        seen.browser = object;
                    }
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct Entries<'a>(&'a RefCell<Seen>);

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        loop {
            {
                let mut seen = self.0.borrow_mut();
                seen.place = format!("log.entries[{}]", seen.entries);
            }
            match list.next_element_seed(Entry(self.0))? {
                Some(entry) => self.0.borrow_mut().take(&entry),
                None => return Ok(()),
            }
        }
    }
}

/// The members of an entry that are looked at.
struct Entry<'a>(&'a RefCell<Seen>);

impl<'de> DeserializeSeed<'de> for Entry<'_> {
    type Value = Map<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entry<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut kept = Map::new();
        let place = self.0.borrow().place.clone();
        while let Some(name) = map.next_key::<String>()? {
            if KEPT.contains(&name.as_str()) {
                self.0.borrow_mut().place = format!("{place}.{name}");
                let value = if matches!(name.as_str(), "request" | "response") {
                    map.next_value_seed(Part(Depth::Message))
                } else {
                    map.next_value()
                };
                kept.insert(name, value.map_err(A::Error::custom)?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(kept)
    }
}

/// A request or a response, or its body: one that is large and cannot be of a flow is passed over.
struct Part(Depth);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Message,
    Body,
}

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut kept = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let is_body = matches!(name.as_str(), "content" | "postData");
            if self.0 == Depth::Message && is_body {
                kept.insert(name, map.next_value_seed(Part(Depth::Body))?);
            } else if self.0 == Depth::Body && name == "text" && stays_in_file(&kept) {
                map.next_value::<IgnoredAny>()?;
            } else {
                kept.insert(name, map.next_value()?);
            }
        }
        Ok(Value::Object(kept))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Array(Vec::new()))
    }
}

/// Whether a body is not read, by what stands before it: pictures and the like above a size, and
/// anything above a much larger one.
fn stays_in_file(body: &Map<String, Value>) -> bool {
    let size = body.get("size").and_then(Value::as_f64).unwrap_or_default();
    let media = body
        .get("mimeType")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let is_other = OTHER_MEDIA.iter().any(|start| media.starts_with(start));
    size > LARGEST || is_other && size > LARGE
}

/// Media types of what is no document of a flow.
const OTHER_MEDIA: [&str; 7] = [
    "image/",
    "video/",
    "audio/",
    "font/",
    "text/css",
    "application/wasm",
    "application/zip",
];
/// Bytes of a body of such a type, and of any type.
const LARGE: f64 = 65_536.0;
const LARGEST: f64 = 16_777_216.0;
/// What some programs on Windows begin a text file with.
const MARK: &[u8] = "\u{feff}".as_bytes();
/// A file up to this size is read at once, which is quicker.
const IN_MEMORY: u64 = 32 << 20;
