//! The one table of formats.

use std::io::{self, Read, Write};
use std::path::Path;

use diagnosis::Owner;
use flate2::read::MultiGzDecoder;

use crate::format::{Export, Format, Opened, ReadError};
use crate::har::Har;
use crate::journal::{JOURNAL, Journal};
use crate::mermaid::Mermaid;
use crate::mitmproxy::{Mitmproxy, begins_as_flow};
use crate::paste;
use crate::report::{BugReport, Markdown, Page};
use crate::svg::Svg;
use crate::text::Text;
use crate::trace_file::TraceFile;

/// Every format, in the order they are offered. The window's dialog, its file filter and the
/// command read this table; nothing else names a format.
pub static FORMATS: &[&dyn Format] = &[
    &Har,
    &TraceFile,
    &Markdown,
    &Page,
    &Svg,
    &Mermaid,
    &Text,
    &Mitmproxy,
    &BugReport(Owner::McpServer),
    &BugReport(Owner::AuthorizationServer),
    &BugReport(Owner::Client),
    &BugReport(Owner::Network),
];

/// The format of this id.
pub fn format(id: &str) -> Option<&'static dyn Format> {
    all().find(|format| format.about().id == id)
}

/// The format that files of this name have, by the longest extension that fits:
/// `run.mcp-server.md` is a bug report, `run.md` is not.
pub fn format_of(path: &Path) -> Option<&'static dyn Format> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let fits = |extension: &str| {
        let stem = name.strip_suffix(extension);
        stem.is_some_and(|stem| stem.len() > 1 && stem.ends_with('.'))
    };
    let found = all().filter_map(|format| {
        let extensions = format.about().extensions.iter();
        let longest = extensions
            .filter(|one| fits(one))
            .map(|one| one.len())
            .max();
        Some((longest?, format))
    });
    found
        .max_by_key(|(length, _)| *length)
        .map(|(_, format)| format)
}

/// Reads a file of any format that can be read: what it begins with says which, then its name.
///
/// # Errors
/// [`ReadError`] says what was expected and what came.
pub fn open(name: Option<&Path>, file: &mut dyn Read) -> Result<Opened, ReadError> {
    let mut start = Vec::new();
    file.take(LOOKED_AT)
        .read_to_end(&mut start)
        .map_err(|error| ReadError(format!("the file could not be read: {error}")))?;
    // No format of the table: a run has it only until it is over.
    if start.starts_with(format!("{{\"{JOURNAL}\"").as_bytes()) {
        return Journal::read(&mut start.as_slice().chain(file));
    }
    let by_name = || format_of(name?).filter(|format| format.about().can_read);
    if is_gzip(&start) {
        let mut unzipped = MultiGzDecoder::new(start.as_slice().chain(file));
        return open_unzipped(name, &mut unzipped);
    }
    open_plain(start, by_name, file)
}

/// The same for a file that was compressed as a whole: `run.har.gz`.
fn open_unzipped(name: Option<&Path>, file: &mut dyn Read) -> Result<Opened, ReadError> {
    let mut start = Vec::new();
    file.take(LOOKED_AT)
        .read_to_end(&mut start)
        .map_err(|error| ReadError(format!("the file could not be unpacked: {error}")))?;
    let name = name.map(|name| name.with_extension(""));
    let by_name = || format_of(name.as_deref()?).filter(|format| format.about().can_read);
    open_plain(start, by_name, file)
}

fn open_plain(
    start: Vec<u8>,
    by_name: impl Fn() -> Option<&'static dyn Format>,
    file: &mut dyn Read,
) -> Result<Opened, ReadError> {
    if is_archive(&start) {
        return Err(ReadError(
            "expected a recording, got a ZIP archive: unpack it, and open the file in it whose \
             name ends in .har or .flow"
                .into(),
        ));
    }
    if is_utf16(&start) {
        return open_utf16(start, by_name, file);
    }
    match by_content(&start).or_else(by_name) {
        Some(format) => format.read(&mut Bounded {
            file: &mut start.as_slice().chain(file),
            left: MOST_BYTES,
        }),
        None => open_text(start, file),
    }
}

/// What PowerShell wrote into a file: the same in UTF-8.
fn open_utf16(
    mut bytes: Vec<u8>,
    by_name: impl Fn() -> Option<&'static dyn Format>,
    file: &mut dyn Read,
) -> Result<Opened, ReadError> {
    file.take(LONGEST_UTF16)
        .read_to_end(&mut bytes)
        .map_err(|error| ReadError(format!("the file could not be read: {error}")))?;
    let text = decoded(bytes)?;
    let start = &text.as_bytes()[..text.len().min(LOOKED_AT as usize)];
    match by_content(start).or_else(by_name) {
        Some(format) => format.read(&mut text.as_bytes()),
        None => open_text(text.into_bytes(), &mut io::empty()),
    }
}

fn is_utf16(start: &[u8]) -> bool {
    start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff])
}

fn is_gzip(start: &[u8]) -> bool {
    start.starts_with(&[0x1f, 0x8b])
}

fn is_archive(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04")
}

/// A longer file is not opened: a pipe or a device may have no end.
const MOST_BYTES: u64 = 1 << 30;

/// A file up to some size; more of it is an error.
struct Bounded<'a> {
    file: &'a mut dyn Read,
    left: u64,
}

impl Read for Bounded<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(to)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            let most = MOST_BYTES >> 20;
            io::Error::other(format!("expected at most {most} MiB, got more"))
        })?;
        Ok(read)
    }
}

/// The format that a file of another program begins like.
fn by_content(start: &[u8]) -> Option<&'static dyn Format> {
    if begins_as_flow(start) {
        return Some(&Mitmproxy);
    }
    let has = |text: &str| memchr::memmem::find(start, text.as_bytes());
    let mark = "\u{feff}".as_bytes();
    let text = start.strip_prefix(mark).unwrap_or(start).trim_ascii_start();
    if !text.starts_with(b"{") {
        return None;
    }
    if has("\"authscope_trace\"").is_some() {
        return Some(&TraceFile);
    }
    let log = has("\"log\"")?;
    // In the log of a container it is a text.
    let after = start[log + b"\"log\"".len()..].trim_ascii_start();
    let after = after.strip_prefix(b":").unwrap_or(after).trim_ascii_start();
    (!after.starts_with(b"\"")).then_some(&Har as &dyn Format)
}

/// A file that is not of a known format may be pasted evidence.
fn open_text(mut text: Vec<u8>, file: &mut dyn Read) -> Result<Opened, ReadError> {
    let left = LONGEST_TEXT.saturating_sub(text.len() as u64);
    file.take(left + 1)
        .read_to_end(&mut text)
        .map_err(|error| ReadError(format!("the file could not be read: {error}")))?;
    let is_longer = text.len() as u64 > LONGEST_TEXT;
    text.truncate(LONGEST_TEXT as usize);
    let mut opened = paste::read(&decoded(text)?);
    if is_longer {
        let most = LONGEST_TEXT >> 20;
        opened
            .notes
            .push(format!("Only the first {most} MB of the text were read."));
    }
    Ok(opened)
}

/// UTF-8, or UTF-16 as PowerShell writes it into files.
fn decoded(bytes: Vec<u8>) -> Result<String, ReadError> {
    let units = |read: fn([u8; 2]) -> u16| -> String {
        let units = bytes[2..]
            .chunks_exact(2)
            .map(|pair| read([pair[0], pair[1]]));
        char::decode_utf16(units)
            .map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    };
    if bytes.starts_with(&[0xff, 0xfe]) {
        return Ok(units(u16::from_le_bytes));
    }
    if bytes.starts_with(&[0xfe, 0xff]) {
        return Ok(units(u16::from_be_bytes));
    }
    // A character may be cut where the reading ended.
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        Err(error) if error.utf8_error().error_len().is_none() => {
            Ok(String::from_utf8_lossy(error.as_bytes()).into_owned())
        }
        _ => Err(unknown()),
    }
}

/// No format can read it, and it is not a text.
pub fn unknown() -> ReadError {
    let known = all().map(|format| format.about());
    let known: Vec<&str> = known
        .filter(|about| about.can_read)
        .map(|about| about.title)
        .collect();
    let known = known.join(", ");
    ReadError(format!(
        "expected a file of one of these: {known}; or a text with commands, transcripts, log lines, \
         documents or an error of a client; got another"
    ))
}

/// Bytes at the start of a file that say of which format it is.
const LOOKED_AT: u64 = 4096;
/// Bytes of a file in UTF-16.
const LONGEST_UTF16: u64 = 64 << 20;
/// Bytes of a pasted text.
const LONGEST_TEXT: u64 = 8 << 20;

fn all() -> impl Iterator<Item = &'static dyn Format> {
    FORMATS.iter().copied()
}

/// The first lines that the format would write, at most `bytes` of them.
pub fn preview(format: &dyn Format, export: &Export<'_>, bytes: usize) -> String {
    let mut start = Start {
        bytes: Vec::new(),
        most: bytes,
    };
    // An error means that enough was written.
    let _ = format.write(export, &mut start);
    let text = String::from_utf8_lossy(&start.bytes);
    // A character that was cut is left out.
    text.trim_end_matches(char::REPLACEMENT_CHARACTER).into()
}

/// Takes the start of what is written, and fails then so that no more is made.
struct Start {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Start {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.most - self.bytes.len();
        if left == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        let taken = bytes.len().min(left);
        self.bytes.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use trace::Trace;

    use super::*;
    use crate::format::Secrets;

    #[test]
    fn a_file_without_end_is_not_read_for_ever() {
        let mut file = Bounded {
            file: &mut io::repeat(b' '),
            left: 10_000,
        };
        let error = io::copy(&mut file, &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("1024 MiB"), "{error}");
        let mut short = Bounded {
            file: &mut &b"abc"[..],
            left: 3,
        };
        assert_eq!(io::read_to_string(&mut short).unwrap(), "abc");
    }

    #[test]
    fn ids_and_extensions_are_each_of_one_format() {
        let all: Vec<_> = all().map(|format| format.about()).collect();
        for (at, about) in all.iter().enumerate() {
            assert!(about.can_read || about.can_write, "{}", about.id);
            assert!(about.explanation.ends_with('.'), "{}", about.id);
            assert_eq!(format(about.id).map(|format| format.about()), Some(*about));
            for extension in about.extensions {
                let others = all[at + 1..].iter();
                let clash = others.filter(|other| other.extensions.contains(extension));
                assert_eq!(clash.count(), 0, ".{extension} is of two formats");
                let path = format!("/tmp/run.{}", extension.to_uppercase());
                let found = format_of(Path::new(&path)).map(|format| format.about());
                assert_eq!(found, Some(*about));
            }
        }
        assert!(format("no such").is_none() && format_of(Path::new("har")).is_none());
    }

    #[test]
    fn each_does_what_its_row_says() {
        let trace = Trace::new("https://mcp.example/mcp", trace::Timestamp(5));
        let export = Export {
            secrets: Secrets::Included,
            ..Export::redacted(&trace, "0.0.0")
        };
        for format in all() {
            let about = format.about();
            let mut file = Vec::new();
            let written = format.write(&export, &mut file);
            assert_eq!(written.is_ok(), about.can_write, "{}", about.id);
            if about.can_write {
                let read = format.read(&mut file.as_slice());
                // Only our own file holds a trace without exchanges.
                let is_own = about.id == "authscope";
                assert_eq!(read.ok(), is_own.then(|| trace.clone().into()));
            }
        }
    }

    #[test]
    fn a_preview_is_the_start_of_the_file() {
        let trace = Trace::new("https://mcp.example/mcp", trace::Timestamp(5));
        let export = Export::redacted(&trace, "0.0.0");
        for format in all().filter(|format| format.about().can_write) {
            let mut file = Vec::new();
            format.write(&export, &mut file).unwrap();
            let whole = String::from_utf8(file).unwrap();
            let start = preview(format, &export, 40);
            assert!(start.len() <= 40 && !start.is_empty());
            assert!(whole.starts_with(&start), "{start}");
        }
    }
}
