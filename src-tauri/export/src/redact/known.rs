//! The secrets of a trace: their pseudonyms, and finding them again in any text.

use std::collections::HashMap;

use super::encoded::spellings;
use super::names::{CREDENTIALS, JWT, Kind, may_be_searched};

/// Every secret learnt so far.
#[derive(Clone, Default)]
pub struct Known {
    secrets: HashMap<Vec<u8>, Secret>,
    counts: HashMap<Kind, u32>,
    needles: Vec<Needle>,
    long: Filter,
    short: Filter,
}

#[derive(Clone)]
struct Secret {
    kind: Kind,
    pseudonym: String,
}

#[derive(Clone)]
struct Needle {
    spelling: Vec<u8>,
    secret: Vec<u8>,
    /// The longest other needle this one begins with.
    shorter: Option<usize>,
}

impl Known {
    /// Remembers a secret. What was found without a name takes the name it is later found under.
    pub fn learn(&mut self, kind: Kind, value: &[u8]) {
        if value.is_empty() || is_pseudonym(value) {
            return;
        }
        if let Some(known) = self.secrets.get(value)
            && (!is_nameless(known.kind) || is_nameless(kind))
        {
            return;
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let pseudonym = format!("{MARK}{kind}-{count}");
        let is_new = self
            .secrets
            .insert(value.to_vec(), Secret { kind, pseudonym })
            .is_none();
        if is_new && may_be_searched(kind, value) {
            let needle = |spelling| Needle {
                spelling,
                secret: value.to_vec(),
                shorter: None,
            };
            self.needles.extend(spellings(value).into_iter().map(needle));
        }
    }

    /// Makes what was learnt findable.
    pub fn index(&mut self) {
        self.needles.sort_by(|a, b| a.spelling.cmp(&b.spelling));
        self.needles.dedup_by(|a, b| a.spelling == b.spelling);
        let mut begun: Vec<usize> = Vec::new();
        for at in 0..self.needles.len() {
            while let Some(&last) = begun.last()
                && !self.needles[at]
                    .spelling
                    .starts_with(&self.needles[last].spelling)
            {
                begun.pop();
            }
            self.needles[at].shorter = begun.last().copied();
            begun.push(at);
        }
        let of = |long: bool| {
            self.needles
                .iter()
                .map(|needle| needle.spelling.as_slice())
                .filter(move |spelling| (spelling.len() >= LONG) == long)
        };
        self.long = Filter::new(of(true), LONG);
        self.short = Filter::new(of(false), SHORT);
    }

    /// What stands for this secret. One that was never learnt has no number.
    pub fn pseudonym(&self, kind: Kind, value: &[u8]) -> String {
        match self.secrets.get(value) {
            Some(known) => known.pseudonym.clone(),
            None if is_pseudonym(value) => String::from_utf8_lossy(value).into_owned(),
            None => format!("{MARK}{kind}"),
        }
    }

    /// Every pseudonym given, with what the secret is.
    pub fn pseudonyms(&self) -> impl Iterator<Item = (Kind, &str)> {
        self.secrets
            .values()
            .map(|secret| (secret.kind, secret.pseudonym.as_str()))
    }

    /// Calls `found(start, end, pseudonym)` for every secret in `text[from..to]`, first to last.
    pub fn find(&self, text: &[u8], from: usize, to: usize, mut found: impl FnMut(usize, usize, String)) {
        let window = &text[..to];
        let mut at = from;
        let mut no_jwt_before = from;
        while at + SHORT <= to {
            if at >= no_jwt_before
                && let Some(run) = jwt_at(window, at)
            {
                if run.is_jwt {
                    found(at, run.end, self.pseudonym(JWT, &window[at..run.end]));
                    at = run.end;
                    continue;
                }
                no_jwt_before = run.end;
            }
            let hit = (self.long.may_start(window, at) || self.short.may_start(window, at))
                .then(|| self.longest(&window[at..]))
                .flatten()
                .filter(|needle| stands_alone(text, at, at + needle.spelling.len()));
            match hit {
                Some(needle) => {
                    let end = at + needle.spelling.len();
                    found(at, end, self.pseudonym(JWT, &needle.secret));
                    at = end;
                }
                None => at += 1,
            }
        }
    }

    /// Where a secret begins that the end of `text` cuts off in the middle.
    pub fn cut_off(&self, text: &[u8]) -> Option<(usize, String)> {
        let longest = self.needles.iter().map(|needle| needle.spelling.len()).max()?;
        (text.len().saturating_sub(longest)..text.len().saturating_sub(SHORT)).find_map(|at| {
            let rest = &text[at..];
            let next = self
                .needles
                .partition_point(|needle| needle.spelling.as_slice() < rest);
            let needle = self
                .needles
                .get(next)
                .filter(|needle| needle.spelling.starts_with(rest))?;
            Some((at, self.pseudonym(JWT, &needle.secret)))
        })
    }

    /// The longest needle that `rest` starts with. It is the last one not after `rest`, or one that begins that.
    fn longest(&self, rest: &[u8]) -> Option<&Needle> {
        let after = self
            .needles
            .partition_point(|needle| needle.spelling.as_slice() <= rest);
        let mut needle = &self.needles[after.checked_sub(1)?];
        while !rest.starts_with(&needle.spelling) {
            needle = &self.needles[needle.shorter?];
        }
        Some(needle)
    }
}

/// Calls `found(start, end)` for every JWT, or beginning of one, in `text[from..to]`.
pub fn jwts(text: &[u8], from: usize, to: usize, mut found: impl FnMut(usize, usize)) {
    let mut at = from;
    while let Some(length) = text[at..to].iter().position(|&byte| byte == b'e') {
        at += length;
        at = match jwt_at(&text[..to], at) {
            None => at + 1,
            Some(Run { end, is_jwt: false }) => end,
            Some(Run { end, is_jwt: true }) => {
                found(at, end);
                end
            }
        };
    }
}

/// Characters of a JWT in a row.
struct Run {
    end: usize,
    is_jwt: bool,
}

/// What begins here the way a JWT does.
fn jwt_at(text: &[u8], at: usize) -> Option<Run> {
    // `{"` in base64: what every JOSE header begins with (RFC 7515 section 3.3).
    if text[at] != b'e' || !text[at..].starts_with(b"eyJ") {
        return None;
    }
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let mut end = at + text[at..].iter().take_while(|byte| is_part(byte)).count();
    let is_cut = end == text.len();
    while text[end - 1] == b'.' {
        end -= 1;
    }
    let run = &text[at..end];
    let is_jwt = (run.len() >= 20 && run.contains(&b'.')) || (is_cut && run.len() >= 400);
    Some(Run { end, is_jwt })
}

/// Says which places of a text cannot begin a secret, fast: a bit per hash of the first bytes.
#[derive(Clone, Default)]
struct Filter {
    bits: Vec<u64>,
    width: usize,
}

impl Filter {
    fn new<'a>(needles: impl Iterator<Item = &'a [u8]>, width: usize) -> Self {
        let mut filter = Self {
            bits: Vec::new(),
            width,
        };
        for needle in needles {
            filter.bits.resize(1 << (BITS - 6), 0);
            let hash = hash(&needle[..width]);
            filter.bits[hash >> 6] |= 1 << (hash & 63);
        }
        filter
    }

    #[inline]
    fn may_start(&self, text: &[u8], at: usize) -> bool {
        if self.bits.is_empty() {
            return false;
        }
        let Some(window) = text.get(at..at + self.width) else {
            return false;
        };
        let hash = hash(window);
        self.bits[hash >> 6] & (1 << (hash & 63)) != 0
    }
}

#[inline]
fn hash(window: &[u8]) -> usize {
    let word = match window.first_chunk::<LONG>() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => window
            .first_chunk::<SHORT>()
            .map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes))),
    };
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS)) as usize
}

/// A short secret counts only as a word of its own: within longer words it is chance.
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    if end - start >= 16 {
        return true;
    }
    let after = text.get(end).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let before = match start.checked_sub(1).map(|at| text[at]) {
        None => true,
        Some(byte) if !byte.is_ascii_alphanumeric() => true,
        // The end of a percent-encoded delimiter, as in `%3Dsecret`.
        Some(byte) => byte.is_ascii_hexdigit() && start >= 3 && text[start - 3] == b'%',
    };
    before && after
}

fn is_nameless(kind: Kind) -> bool {
    matches!(kind, JWT | CREDENTIALS)
}

fn is_pseudonym(value: &[u8]) -> bool {
    let Some(rest) = value.strip_prefix(MARK.as_bytes()) else {
        return false;
    };
    rest.len() < 40
        && rest
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-' | b'0'..=b'9'))
}

/// What every pseudonym begins with. Pseudonyms are made of unreserved characters (RFC 3986 section 2.3) alone, so
/// that they read the same in a URL, a header, JSON, HTML and a shell.
const MARK: &str = "redacted-";

const LONG: usize = 8;
const SHORT: usize = 4;
const BITS: u32 = 18;

#[cfg(test)]
mod tests {
    use super::*;

    fn known(secrets: &[&str]) -> Known {
        let mut known = Known::default();
        for secret in secrets {
            known.learn("access_token", secret.as_bytes());
        }
        known.index();
        known
    }

    fn found(known: &Known, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        known.find(text.as_bytes(), 0, text.len(), |start, end, as_| {
            found.push(format!("{}={as_}", &text[start..end]));
        });
        found
    }

    #[test]
    fn finds_the_longest_of_secrets_that_begin_alike() {
        let known = known(&["mcp_at_1234567890", "mcp_at_1234567890_more", "mcp_at_12"]);
        assert_eq!(
            found(&known, "x=mcp_at_1234567890_more mcp_at_1234567890! mcp_at_12"),
            [
                "mcp_at_1234567890_more=redacted-access_token-2",
                "mcp_at_1234567890=redacted-access_token-1",
                "mcp_at_12=redacted-access_token-3"
            ]
        );
    }

    #[test]
    fn a_short_secret_is_a_word_of_its_own() {
        let known = known(&["hunter2"]);
        assert_eq!(found(&known, "hunter2 %3Dhunter2 \"hunter2\"").len(), 3);
        assert_eq!(found(&known, "hunter22 bighunter2"), [""; 0]);
    }

    #[test]
    fn a_secret_cut_off_at_the_end_is_found() {
        let known = known(&["abcdefghijklmnopqrstuvwxyz"]);
        assert_eq!(known.cut_off(b"token: abcdefghijkl").map(|(at, _)| at), Some(7));
        assert_eq!(known.cut_off(b"token: abc"), None);
    }
}
