//! The secrets of a trace: their pseudonyms, and finding them again in any text.

use std::cmp::Reverse;

use foldhash::{HashMap, HashSet};
use memchr::{memchr, memmem};

use super::encoded::{encodings, spellings};
use super::jwt::Token;
use super::names::{CREDENTIALS, JWT, Kind, may_be_searched};
use super::needles::{Batch, Needle};
use super::pseudonym::{MARK, is_pseudonym, parsed, pseudonym_of_token};

/// Every secret learnt so far.
#[derive(Clone, Default)]
pub struct Known {
    secrets: HashMap<Vec<u8>, Secret>,
    counts: HashMap<Kind, u32>,
    /// Values that are not looked for, since they have a public meaning too.
    public: HashSet<Vec<u8>>,
    /// Pseudonyms that what was read holds already, with what they stand for.
    given: Vec<(Kind, String)>,
    /// What stands for a JWT where its header and public claims stay; `None` where nothing of a JWT
    /// does.
    tokens: Option<HashMap<Vec<u8>, String>>,
    /// Learnt, and not findable yet.
    new: Vec<Needle>,
    /// Each less than half as large as the one before it, so that learning one secret after the
    /// other stays cheap.
    batches: Vec<Batch>,
}

#[derive(Clone)]
struct Secret {
    kind: Kind,
    pseudonym: String,
}

impl Known {
    /// Remembers a secret. What was found without a name takes the name it is later found under.
    pub fn learn(&mut self, kind: Kind, value: &[u8]) {
        if value.is_empty() || is_pseudonym(value) {
            return;
        }
        if let Some(pseudonym) = pseudonym_of_token(value) {
            let pseudonym = pseudonym.to_owned();
            self.secrets
                .insert(value.to_vec(), Secret { kind, pseudonym });
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
        if !is_new || !may_be_searched(kind, value) || self.public.contains(value) {
            return;
        }
        let needle = |spelling| Needle {
            spelling,
            secret: value.to_vec(),
        };
        // A JWT is found by its form, however many there are.
        let is_jwt = next_jwt(value, 0, value.len()) == Some((0, value.len()));
        if !is_jwt {
            self.new.extend(spellings(value).into_iter().map(needle));
        }
        self.new.extend(encodings(value).into_iter().map(needle));
    }

    /// Takes in a pseudonym that stands in what is read, so that no other secret gets the same. To
    /// be called before anything is learnt.
    pub fn reserve(&mut self, value: &[u8]) {
        let pseudonym = if is_pseudonym(value) {
            std::str::from_utf8(value).ok()
        } else {
            pseudonym_of_token(value)
        };
        let Some((pseudonym, kind, number)) = pseudonym.and_then(parsed) else {
            return;
        };
        let count = self.counts.entry(kind).or_default();
        *count = number.max(*count);
        if !self.given.iter().any(|(_, given)| given == pseudonym) {
            self.given.push((kind, pseudonym.to_owned()));
        }
    }

    /// From now on the header and the public claims of JWTs stay.
    pub fn keep_claims(&mut self) {
        let mut tokens = HashMap::default();
        for value in self.secrets.keys() {
            if let Some(written) = self.with_claims(value) {
                tokens.insert(value.clone(), written);
            }
        }
        self.tokens = Some(tokens);
    }

    /// The JWT without its secrets; `None` when it is no JWT that can be read.
    fn with_claims(&self, value: &[u8]) -> Option<String> {
        let token = Token::read(value)?;
        let signature = self.short(JWT, value);
        let replacement = |kind: Kind, value: &[u8]| self.short(kind, value);
        let written = token.written(&signature, &replacement);
        // A known secret may stand in what is kept, too: then nothing of it is.
        let kept = Token::read(written.as_bytes())?.text();
        let is_clean = self.next(kept.as_bytes(), 0, kept.len()).is_none();
        is_clean.then_some(written)
    }

    /// Does not look for this value, even if it turns out to be a secret as well.
    pub fn leave(&mut self, value: &[u8]) {
        self.public.insert(value.to_vec());
    }

    /// Something was learnt that is not findable yet.
    pub fn has_new(&self) -> bool {
        !self.new.is_empty()
    }

    /// Whether something of that is in this text.
    pub fn finds_new(&self, text: &[u8]) -> bool {
        self.has_new()
            && Batch::of(self.new.clone())
                .next(text, 0, text.len())
                .is_some()
    }

    /// Makes what was learnt findable.
    pub fn index(&mut self) {
        let mut needles = std::mem::take(&mut self.new);
        if needles.is_empty() {
            return;
        }
        while let Some(batch) = self
            .batches
            .pop_if(|batch| batch.needles.len() <= 2 * needles.len())
        {
            needles.extend(batch.needles);
        }
        self.batches.push(Batch::of(needles));
    }

    /// What stands for this secret: its pseudonym, or of a JWT what stays of it with the pseudonym
    /// in the place of the signature.
    pub fn pseudonym(&self, kind: Kind, value: &[u8]) -> String {
        let with_claims = self
            .tokens
            .as_ref()
            .and_then(|tokens| match tokens.get(value) {
                Some(written) => Some(written.clone()),
                None => self.with_claims(value),
            });
        with_claims.unwrap_or_else(|| self.short(kind, value))
    }

    /// The pseudonym of this secret. One that was never learnt has no number.
    fn short(&self, kind: Kind, value: &[u8]) -> String {
        match self.secrets.get(value) {
            Some(known) => known.pseudonym.clone(),
            None if is_pseudonym(value) => String::from_utf8_lossy(value).into_owned(),
            None => match pseudonym_of_token(value) {
                Some(pseudonym) => pseudonym.to_owned(),
                None => format!("{MARK}{kind}"),
            },
        }
    }

    /// Every pseudonym given, with what the secret is.
    pub fn pseudonyms(&self) -> impl Iterator<Item = (Kind, &str)> {
        let own = self.secrets.values();
        let own = own.map(|secret| (secret.kind, secret.pseudonym.as_str()));
        let given = self.given.iter();
        own.chain(given.map(|(kind, given)| (*kind, given.as_str())))
    }

    /// Calls `found(start, end, pseudonym)` for every secret in `text[from..to]`, first to last.
    pub fn find(
        &self,
        text: &[u8],
        from: usize,
        to: usize,
        mut found: impl FnMut(usize, usize, String),
    ) {
        let mut at = from;
        let mut jwt = next_jwt(text, at, to);
        let mut whole = self.next_whole(text, at, to);
        let mut broken_off = self.next_broken_off(text, at, to);
        loop {
            let first_jwt = jwt.map_or(to, |(start, _)| start);
            let needles = whole.into_iter().chain(broken_off);
            let needle = needles.min_by_key(|(start, end, _)| (*start, Reverse(*end)));
            match (jwt, needle) {
                (_, Some((start, end, needle))) if start < first_jwt => {
                    at = end;
                    found(start, at, self.short(JWT, &needle.secret));
                }
                (Some((start, end)), _) => {
                    at = end;
                    found(start, end, self.pseudonym(JWT, &text[start..end]));
                }
                (None, _) => return,
            }
            // What is behind is looked for again; what is not there at all is not.
            if jwt.is_some_and(|(start, _)| start < at) {
                jwt = next_jwt(text, at, to);
            }
            if whole.is_some_and(|(start, ..)| start < at) {
                whole = self.next_whole(text, at, to);
            }
            if broken_off.is_some_and(|(start, ..)| start < at) {
                broken_off = self.next_broken_off(text, at, to);
            }
        }
    }

    fn next_whole(&self, text: &[u8], from: usize, to: usize) -> Option<(usize, usize, &Needle)> {
        let (at, needle) = self.next(text, from, to)?;
        Some((at, at + needle.spelling.len(), needle))
    }

    /// The beginning of a secret in `text[from..to]` that an ellipsis stands behind: what is quoted
    /// of an answer is cut where it gets long, whatever stands there.
    fn next_broken_off(
        &self,
        text: &[u8],
        from: usize,
        to: usize,
    ) -> Option<(usize, usize, &Needle)> {
        let mut begin = from;
        memmem::find_iter(&text[from..to], ELLIPSIS).find_map(|length| {
            let end = from + length;
            let quoted = begin.max(end.saturating_sub(LONGEST_QUOTATION));
            begin = end + ELLIPSIS.len();
            let (at, needle) = self.cut_at_end(&text[quoted..end])?;
            Some((quoted + at, end, needle))
        })
    }

    /// The first secret in `text[from..to]`, and the longest that begins there.
    fn next(&self, text: &[u8], from: usize, to: usize) -> Option<(usize, &Needle)> {
        let found = self
            .batches
            .iter()
            .filter_map(|batch| batch.next(text, from, to));
        found.min_by_key(|(start, needle)| (*start, Reverse(needle.spelling.len())))
    }

    /// Where a secret begins that the end of `text` cuts off in the middle.
    pub fn cut_off(&self, text: &[u8]) -> Option<(usize, String)> {
        let (at, needle) = self.cut_at_end(text)?;
        Some((at, self.short(JWT, &needle.secret)))
    }

    fn cut_at_end(&self, text: &[u8]) -> Option<(usize, &Needle)> {
        let found = self.batches.iter().filter_map(|batch| batch.cut_off(text));
        found.min_by_key(|(at, _)| *at)
    }
}

/// Where the next JWT, or beginning of one, in `text[from..to]` begins and ends.
pub fn next_jwt(text: &[u8], from: usize, to: usize) -> Option<(usize, usize)> {
    let window = &text[..to];
    let mut at = from;
    // `{"` in base64 is what every JOSE header begins with (RFC 7515 section 3.3). The rarest of
    // its letters is looked for.
    while let Some(length) = memchr(b'J', &window[at..]) {
        let start = (at + length).checked_sub(2).filter(|start| *start >= from);
        at += length + 1;
        if let Some(start) = start
            && let Some(run) = jwt_at(window, start)
        {
            if run.is_jwt {
                return Some((start, run.end));
            }
            at = at.max(run.end);
        }
    }
    None
}

/// Characters of a JWT in a row.
struct Run {
    end: usize,
    is_jwt: bool,
}

/// What begins here the way a JWT does.
fn jwt_at(text: &[u8], at: usize) -> Option<Run> {
    if !text[at..].starts_with(b"eyJ") {
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

fn is_nameless(kind: Kind) -> bool {
    matches!(kind, JWT | CREDENTIALS)
}

/// What a text ends with that was cut off.
const ELLIPSIS: &[u8] = "…".as_bytes();
/// More bytes than are quoted of anything.
const LONGEST_QUOTATION: usize = 1_024;

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
            found(
                &known,
                "x=mcp_at_1234567890_more mcp_at_1234567890! mcp_at_12"
            ),
            [
                "mcp_at_1234567890_more=redacted-access_token-2",
                "mcp_at_1234567890=redacted-access_token-1",
                "mcp_at_12=redacted-access_token-3"
            ]
        );
    }

    #[test]
    fn secrets_learnt_one_after_the_other_are_found_as_if_learnt_at_once() {
        let secret = |number: u32| format!("secret-{number:05}-{number:x}");
        let mut known = Known::default();
        for number in 0..500 {
            known.learn("cookie", secret(number).as_bytes());
            known.index();
        }
        assert!(known.batches.len() < 12, "{} batches", known.batches.len());
        for number in 0..500 {
            let text = format!("a={}; b", secret(number));
            let expected = format!("{}=redacted-cookie-{}", secret(number), number + 1);
            assert_eq!(found(&known, &text), [expected]);
        }
        // The longest counts, whichever batch it is in.
        known.learn("cookie", b"secret-00007-7-and-more");
        known.index();
        assert_eq!(found(&known, "secret-00007-7-and-more").len(), 1);
        assert!(
            found(&known, "secret-00007-7-and-more")[0].starts_with("secret-00007-7-and-more=")
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
        assert_eq!(
            known.cut_off(b"token: abcdefghijkl").map(|(at, _)| at),
            Some(7)
        );
        assert_eq!(known.cut_off(b"token: abc"), None);
    }

    #[test]
    fn a_secret_that_a_quotation_breaks_off_is_found_in_whatever_spelling() {
        let secret = "abc+defghij/klmnopqr=stuvwxyz";
        let known = known(&[secret, "abc+defgh"]);
        let spelled = [spellings(secret.as_bytes()), encodings(secret.as_bytes())];
        for spelling in spelled.concat() {
            let spelling = String::from_utf8(spelling).unwrap();
            for length in (10..spelling.len()).step_by(13) {
                let text = format!("it says: {}… and more", &spelling[..length]);
                let found = found(&known, &text);
                assert_eq!(found.len(), 1, "{text}");
                let place = found[0].split("=redacted-").next().unwrap();
                assert_eq!(place, &spelling[..length], "{text}");
            }
        }
        let twice = found(&known, "abc+defghij/k… abc+defgh abc+defghij… it… abcd…");
        assert_eq!(
            twice,
            [
                "abc+defghij/k=redacted-access_token-1",
                "abc+defgh=redacted-access_token-2",
                "abc+defghij=redacted-access_token-1",
            ]
        );
        assert_eq!(found(&known, "abc+defghij/k and… abcd… …"), [""; 0]);
    }
}
