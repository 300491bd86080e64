//! The one place that writes to the standard output and the standard error.
//!
//! Servers choose much of what is printed. Characters that move the cursor, start escape sequences,
//! hide or reorder text are therefore shown as escapes: a server cannot forge a line of ours. Only
//! this module writes colours, and only to a terminal.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write};

use formats::{is_hidden, visible_json};
use serde_json::Value;

/// The parameter of an SGR sequence ("31" for red).
pub type Style = &'static str;

pub const RED: Style = "31";
pub const GREEN: Style = "32";
pub const YELLOW: Style = "33";
pub const BLUE: Style = "34";
pub const BOLD: Style = "1";
pub const DIM: Style = "2";

/// Why the command ends with exit code 2, in lines for the standard error.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure(pub Vec<String>);

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self(vec![message])
    }
}

/// One line to print, in pieces that may each have a style.
#[derive(Debug, Default)]
pub struct Line(Vec<(Option<Style>, String)>);

impl Line {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn plain(mut self, text: impl Into<String>) -> Self {
        self.0.push((None, text.into()));
        self
    }

    pub fn styled(mut self, style: Style, text: impl Into<String>) -> Self {
        self.0.push((Some(style), text.into()));
        self
    }

    pub fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// As it is written: pieces escaped, then styled. Space at the end is left out.
    fn text(&self, colour: bool) -> String {
        let mut text = String::new();
        for (style, piece) in &self.0 {
            match style {
                Some(style) if colour => {
                    let _ = write!(text, "\x1b[{style}m{}\x1b[0m", visible(piece));
                }
                _ => text.push_str(&visible(piece)),
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self::new().plain(text)
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::new().plain(text)
    }
}

/// The standard output or the standard error.
pub struct Terminal {
    name: &'static str,
    to: fn(&[u8]) -> io::Result<()>,
    colour: bool,
    reader_gone: Cell<bool>,
}

impl Terminal {
    pub fn standard_output() -> Self {
        Self {
            name: "standard output",
            to: |bytes| write_to(io::stdout().lock(), bytes),
            colour: colour_wanted() && io::stdout().is_terminal(),
            reader_gone: Cell::new(false),
        }
    }

    pub fn standard_error() -> Self {
        Self {
            name: "standard error",
            to: |bytes| write_to(io::stderr().lock(), bytes),
            colour: colour_wanted() && io::stderr().is_terminal(),
            reader_gone: Cell::new(false),
        }
    }

    /// Prints one line.
    ///
    /// # Errors
    /// When it cannot be written, as on a full disk. A reader that has closed its end of a pipe is
    /// no error: what follows goes nowhere, silently.
    pub fn line(&self, line: impl Into<Line>) -> Result<(), Failure> {
        let mut text = line.into().text(self.colour);
        text.push('\n');
        self.write(&text)
    }

    /// Prints JSON over several lines, the same value in plain characters only.
    ///
    /// # Errors
    /// As for [`Terminal::line`].
    pub fn json(&self, value: &Value) -> Result<(), Failure> {
        self.write(&format!("{}\n", visible_json(&format!("{value:#}"))))
    }

    /// Prints JSON on one line.
    ///
    /// # Errors
    /// As for [`Terminal::line`].
    pub fn json_line(&self, value: &Value) -> Result<(), Failure> {
        self.write(&format!("{}\n", visible_json(&value.to_string())))
    }

    /// Nobody reads what is printed any more.
    pub fn reader_gone(&self) -> bool {
        self.reader_gone.get()
    }

    fn write(&self, text: &str) -> Result<(), Failure> {
        if self.reader_gone() {
            return Ok(());
        }
        match (self.to)(text.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.reader_gone.set(true);
                Ok(())
            }
            Err(error) => Err(format!("the {} cannot be written: {error}", self.name).into()),
            Ok(()) => Ok(()),
        }
    }
}

/// The standard error for log lines. Each line is written at once.
pub struct Log;

impl Write for Log {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        // A log that cannot be written must not end the command.
        let _ = Terminal::standard_error().line(text);
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_to(mut stream: impl Write, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)?;
    stream.flush()
}

/// NO_COLOR is a convention of many programs.
fn colour_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The text with everything that is not plainly visible written as an escape: `\n`, `\u{1b}`.
fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Erases the screen, overwrites and forges a line, reverses and hides.
    const HOSTILE: &str = "a\x1b[2J\rb\n✓ The flow works\u{9b}c\u{7f}\u{202e}d\u{200b}\u{feff}é\t";

    #[test]
    fn hidden_characters_become_escapes_and_others_stay() {
        assert_eq!(
            visible(HOSTILE),
            "a\\u{1b}[2J\\rb\\n✓ The flow works\\u{9b}c\\u{7f}\\u{202e}d\\u{200b}\\u{feff}é\\t"
        );
        assert!(matches!(
            visible("Grüße, 日本 🎉"),
            Cow::Borrowed("Grüße, 日本 🎉")
        ));
    }

    #[test]
    fn a_style_surrounds_the_escaped_text_and_is_left_out_without_colour() {
        let line = Line::new().styled(RED, HOSTILE).plain("  ").plain("");
        let coloured = line.text(true);
        assert_eq!(coloured.matches('\x1b').count(), 2, "{coloured:?}");
        assert!(coloured.starts_with("\x1b[31ma\\u{1b}"), "{coloured:?}");
        assert!(!line.text(false).contains(is_hidden));
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({ HOSTILE: [HOSTILE, "\u{e0041}"] });
        let shown = visible_json(&format!("{value:#}"));
        assert!(!shown.contains(|c| c != '\n' && is_hidden(c)), "{shown:?}");
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
    }

    #[test]
    fn a_closed_pipe_is_silent_and_a_full_disk_is_an_error() {
        let failing = |to| Terminal {
            name: "standard output",
            to,
            colour: false,
            reader_gone: Cell::new(false),
        };
        let closed = failing(|_| Err(io::ErrorKind::BrokenPipe.into()));
        assert_eq!(closed.line("x"), Ok(()));
        assert!(closed.reader_gone());
        let full = failing(|_| Err(io::ErrorKind::StorageFull.into()));
        let Failure(lines) = full.line("x").unwrap_err();
        assert!(
            lines[0].starts_with("the standard output cannot be written"),
            "{lines:?}"
        );
    }
}
