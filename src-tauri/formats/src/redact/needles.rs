//! Finding many secrets at once in a text.

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

/// One spelling of a secret.
#[derive(Clone)]
pub struct Needle {
    pub spelling: Vec<u8>,
    pub secret: Vec<u8>,
}

/// Needles, and what finds them.
#[derive(Clone)]
pub struct Batch {
    /// By spelling.
    pub needles: Vec<Needle>,
    /// A match gives the needle's place.
    search: AhoCorasick,
}

impl Batch {
    pub fn of(mut needles: Vec<Needle>) -> Self {
        needles.sort_by(|a, b| a.spelling.cmp(&b.spelling));
        needles.dedup_by(|a, b| a.spelling == b.spelling);
        let spellings = needles.iter().map(|needle| &needle.spelling);
        // The smaller of its automata: a long run has many secrets, each with many spellings.
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(spellings)
            .expect("there are fewer than 2^31 bytes of secrets");
        Self { needles, search }
    }

    pub fn next(&self, text: &[u8], mut from: usize, to: usize) -> Option<(usize, &Needle)> {
        loop {
            let found = self.search.find(Input::new(text).range(from..to))?;
            if stands_alone(text, found.start(), found.end()) {
                return Some((found.start(), &self.needles[found.pattern()]));
            }
            from = found.start() + 1;
        }
    }

    pub fn cut_off(&self, text: &[u8]) -> Option<(usize, &Needle)> {
        let longest = self
            .needles
            .iter()
            .map(|needle| needle.spelling.len())
            .max()?;
        (text.len().saturating_sub(longest)..text.len().saturating_sub(SHORT)).find_map(|at| {
            let rest = &text[at..];
            let next = self
                .needles
                .partition_point(|needle| needle.spelling.as_slice() < rest);
            let needle = self
                .needles
                .get(next)
                .filter(|needle| needle.spelling.starts_with(rest))?;
            Some((at, needle))
        })
    }
}

/// A short secret counts only as a word of its own: within longer words it is a coincidence.
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    if end - start >= LONG {
        return true;
    }
    let after = text
        .get(end)
        .is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let before = match start.checked_sub(1).map(|at| text[at]) {
        None => true,
        Some(byte) if !byte.is_ascii_alphanumeric() => true,
        // The end of a percent-encoded delimiter, as in `%3Dsecret`.
        Some(byte) => byte.is_ascii_hexdigit() && start >= 3 && text[start - 3] == b'%',
    };
    before && after
}

/// Bytes from which on a secret is no word that might stand anywhere.
const LONG: usize = 16;

const SHORT: usize = 4;
