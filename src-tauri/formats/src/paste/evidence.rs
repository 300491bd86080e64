//! What was found in a pasted text so far.

use std::collections::HashMap;

use trace::{Header, Purpose, Recorded, Timestamp};

use super::piece::{Piece, PieceKind};

/// Where a request went, as far as the text says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Target {
    Url(String),
    /// Without the scheme, or without the host too.
    Path {
        secure: Option<bool>,
        host: Option<String>,
        path: String,
    },
    #[default]
    Unknown,
}

/// A request or its answer, or both.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub target: Target,
    pub method: Option<String>,
    pub request_headers: Part<Vec<Header>>,
    pub request_body: Part<Vec<u8>>,
    pub status: Option<u16>,
    pub response_headers: Part<Vec<Header>>,
    pub response_body: Part<Vec<u8>>,
    /// What the text says why no answer came.
    pub failure: Option<String>,
    pub started: Option<Timestamp>,
    /// What it was for, where the text says that.
    pub purpose: Option<Purpose>,
}

/// A part of a message, and how much of it the text has.
#[derive(Debug, Clone)]
pub struct Part<T> {
    pub value: T,
    pub recorded: Recorded,
}

impl<T: Default> Default for Part<T> {
    fn default() -> Self {
        Self {
            value: T::default(),
            recorded: Recorded::NotRecorded,
        }
    }
}

impl<T> Part<T> {
    pub fn new(value: T, recorded: Recorded) -> Self {
        Self { value, recorded }
    }
}

impl Seen {
    /// Whether anything of an answer was found.
    pub fn is_answered(&self) -> bool {
        self.status.is_some() || self.has_body() || self.failure.is_some() || self.has_fields()
    }

    pub fn has_body(&self) -> bool {
        !self.response_body.value.is_empty()
    }

    fn has_fields(&self) -> bool {
        !self.response_headers.value.is_empty()
    }

    /// The first value of a response header.
    pub fn response_header(&self, name: &str) -> Option<&str> {
        field(&self.response_headers.value, name)
    }
}

/// The first value of a header, by name in any case.
pub fn field<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    let mut named = headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case(name));
    named.next().map(|header| header.value.as_str())
}

/// One half of an exchange that a log tells in two objects.
pub enum Half {
    Asked(Box<Seen>),
    Answered(u16, Part<Vec<Header>>),
}

/// What was found so far.
#[derive(Debug, Default)]
pub struct Evidence {
    pub seen: Vec<Seen>,
    pub pieces: Vec<Piece>,
    /// What is left of the text: what a client printed, or what somebody wrote.
    pub words: Vec<String>,
    /// URLs that are named without a request.
    pub urls: Vec<String>,
    /// There was more than is taken in.
    pub is_full: bool,
    /// An answer that comes next is of the last request.
    open: bool,
    /// The block ended in which the head of an answer stands, and with it its body.
    block_ended: bool,
    /// Bytes that were read without finding the end of a quotation or a document.
    in_vain: usize,
    /// Requests that a log told before their answers, by what both have in common.
    asked: HashMap<String, Seen>,
}

impl Evidence {
    /// How many bytes of a text may be read for one piece, so that a text in which nothing ends
    /// is not read over and over: after many vain attempts, no more than its line.
    pub fn reach(&self, text: &str) -> usize {
        let most = if self.in_vain < PATIENCE {
            LONGEST
        } else {
            text.find('\n').unwrap_or(text.len())
        };
        let mut reach = most.min(text.len());
        while !text.is_char_boundary(reach) {
            reach -= 1;
        }
        reach
    }

    /// So many bytes were read without success.
    pub fn tried(&mut self, bytes: usize) {
        self.in_vain = self.in_vain.saturating_add(bytes);
    }

    /// Takes in a piece of these lines.
    pub fn piece(&mut self, kind: PieceKind, lines: (usize, usize)) {
        // Lines of a log, or of prose, are one piece.
        let joined = [
            PieceKind::AccessLog,
            PieceKind::RequestRow,
            PieceKind::Words,
            PieceKind::Transcript,
        ];
        if let Some(last) = self.pieces.last_mut()
            && last.kind == kind
            && joined.contains(&kind)
        {
            last.lines.1 = lines.1;
            return;
        }
        self.pieces.push(Piece { kind, lines });
    }

    /// Takes in words that belong to nothing.
    pub fn words(&mut self, text: &str, lines: (usize, usize)) {
        let follows = self
            .pieces
            .last()
            .is_some_and(|last| last.kind == PieceKind::Words);
        let last = self.words.last_mut().filter(|_| follows);
        if let Some(last) = last.filter(|last| last.len() + text.len() < LONGEST_WORDS) {
            last.push('\n');
            *last += text.trim_end();
        } else if self.words.len() < MOST_WORDS {
            let text: String = text.trim_end().chars().take(LONGEST_WORDS).collect();
            self.words.push(text);
        } else {
            self.is_full = true;
        }
        self.piece(PieceKind::Words, lines);
    }

    /// Takes in a URL that is named without a request.
    pub fn url(&mut self, url: String) {
        if self.urls.len() < MOST_WORDS && !self.urls.contains(&url) {
            self.urls.push(url);
        }
    }

    /// A block of the text, such as one between fences, ended.
    pub fn end_block(&mut self) {
        self.block_ended = true;
    }

    /// Whether text that comes next may be the body of an answer whose head was just read.
    pub fn awaits_text(&mut self) -> bool {
        if self.block_ended {
            return false;
        }
        self.open().is_some_and(|open| {
            let has_head = open.status.is_some() && open.has_fields() && !open.has_body();
            let announced = open.response_header("content-length").map(str::trim);
            let typed = open.response_header("content-type").is_some();
            let may_have = !matches!(open.status, Some(204 | 205 | 304));
            has_head && may_have && announced != Some("0") && (announced.is_some() || typed)
        })
    }

    /// Takes in a request whose answer may follow.
    pub fn request(&mut self, seen: Seen) {
        self.push(seen);
        self.open = true;
        self.block_ended = false;
    }

    /// Takes in an exchange that is told whole.
    pub fn exchange(&mut self, seen: Seen) {
        self.push(seen);
        self.open = false;
    }

    /// Takes in a request whose answer a log tells later.
    pub fn asked(&mut self, id: String, seen: Seen) {
        if self.asked.len() < MOST {
            self.asked.insert(id, seen);
        }
    }

    /// Whether it is such a request, or the answer to one.
    pub fn is_half(&self, (id, half): &(String, Half)) -> bool {
        matches!(half, Half::Asked(_)) || self.asked.contains_key(id)
    }

    /// Takes in the answer to such a request.
    pub fn answered(&mut self, id: &str, status: u16, headers: Part<Vec<Header>>) {
        if let Some(mut seen) = self.asked.remove(id) {
            seen.status = Some(status);
            seen.response_headers = headers;
            self.exchange(seen);
        }
    }

    /// The last request, while its answer may follow.
    pub fn open(&mut self) -> Option<&mut Seen> {
        self.seen.last_mut().filter(|_| self.open)
    }

    /// What follows is no answer to the last request.
    pub fn close(&mut self) {
        self.open = false;
    }

    /// The last request if it has no answer yet, or else a new exchange of which nothing is known.
    pub fn unanswered(&mut self) -> &mut Seen {
        let is_open = self.open && self.seen.last().is_some_and(|last| !last.is_answered());
        if !is_open {
            self.push(Seen::default());
            self.open = true;
        }
        self.block_ended = false;
        self.last()
    }

    /// The answer that a body belongs to: the last one while it has none, or else a new one.
    pub fn without_body(&mut self) -> &mut Seen {
        let fits = self.open
            && self
                .seen
                .last()
                .is_some_and(|last| !last.has_body() && last.failure.is_none());
        if !fits {
            self.push(Seen::default());
        }
        self.open = true;
        self.last()
    }

    fn last(&mut self) -> &mut Seen {
        if self.seen.is_empty() {
            self.seen.push(Seen::default());
        }
        let last = self.seen.len() - 1;
        &mut self.seen[last]
    }

    fn push(&mut self, seen: Seen) {
        if self.seen.len() < MOST {
            self.seen.push(seen);
        } else {
            self.is_full = true;
            // What comes for it goes with it.
            if let Some(last) = self.seen.last_mut() {
                *last = seen;
            }
        }
    }
}

/// Whether a text was cut, or a value in it replaced, before it was pasted.
pub fn is_cut(text: &str) -> bool {
    const SIGNS: [&str; 9] = [
        "...", "\u{2026}", "***", "REDACTED", "redacted", "<snip", "[snip", "xxxx", "XXXX",
    ];
    SIGNS.iter().any(|sign| text.contains(sign)) || has_placeholder(text)
}

/// A name in angle brackets stands for a value.
fn has_placeholder(text: &str) -> bool {
    let mut parts = text.split('<').skip(1);
    parts.any(|part| {
        let Some((name, _)) = part.split_once('>') else {
            return false;
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_- ".contains(&byte);
        (2..40).contains(&name.len())
            && name.starts_with(|one: char| one.is_ascii_alphanumeric())
            && name.bytes().all(is_name)
            && !is_markup(name)
    })
}

/// Elements of HTML, which error pages are made of.
fn is_markup(name: &str) -> bool {
    const ELEMENTS: [&str; 24] = [
        "html", "head", "body", "title", "center", "h1", "h2", "h3", "hr", "br", "p", "a", "b",
        "pre", "div", "span", "script", "style", "meta", "link", "main", "header", "footer", "ul",
    ];
    let first = name.split(' ').next().unwrap_or(name);
    ELEMENTS.contains(&first.to_ascii_lowercase().as_str())
}

/// How much of a text was pasted, by whether it was cut.
pub fn recorded(text: &str) -> Recorded {
    if is_cut(text) {
        Recorded::Incomplete
    } else {
        Recorded::Whole
    }
}

/// Requests of one text.
const MOST: usize = 20_000;
/// Blocks of words, and characters of one.
const MOST_WORDS: usize = 200;
const LONGEST_WORDS: usize = 8 << 10;
/// Bytes of one piece.
const LONGEST: usize = 2 << 20;
/// Bytes that may be read in vain.
const PATIENCE: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_is_seen_and_a_page_is_not_cut() {
        for cut in ["Bearer eyJ...", "<access-token>", "a=<TOKEN>&b", "key: ***"] {
            assert!(is_cut(cut), "{cut}");
        }
        for whole in ["<html><body>no</body></html>", "a < b > c", "{\"a\":1}"] {
            assert!(!is_cut(whole), "{whole}");
        }
    }
}
