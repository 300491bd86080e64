//! The hashes that OAuth makes of one value to put it into another place.

use std::mem::discriminant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use trace::{Checked, Trace};

use super::values::Seen;
use super::{Computed, places};
use crate::proof::thumbprint;
use crate::replaced::is_replaced;

/// A value that is the hash of another.
struct Hash {
    /// What the hashed value is called, wherever it stands.
    from: &'static [&'static str],
    /// What the hash is called.
    to: &'static [&'static str],
    formula: &'static str,
    source: &'static str,
    hash: fn(&str) -> Vec<String>,
    /// Whether the second has to be the hash of the first. Only then may it be called wrong: a run
    /// has many tokens and keys, and each hash belongs to one of them.
    belong: fn(&Seen, &Seen) -> bool,
    /// What was found out before secrets were replaced, where that is kept.
    known: fn(&Checked) -> Option<bool>,
}

const HASHES: &[Hash] = &[
    Hash {
        from: &["code_verifier"],
        to: &["code_challenge"],
        formula: "code_challenge = BASE64URL(SHA-256(code_verifier))",
        source: "RFC 7636 section 4.2",
        hash: |text| vec![whole(text)],
        belong: |verifier, challenge| {
            challenge.flow == verifier.flow && challenge.entry < verifier.entry
        },
        known: |checked| checked.pkce,
    },
    Hash {
        from: &["access_token"],
        to: &["at_hash"],
        formula: "at_hash = BASE64URL(left half of the hash of access_token, by the ID token's alg)",
        source: "OpenID Connect Core 1.0 section 3.1.3.6",
        hash: halves,
        // Both in one answer.
        belong: |token, hash| {
            token.entry == hash.entry && discriminant(&token.part) == discriminant(&hash.part)
        },
        known: |checked| checked.at_hash,
    },
    Hash {
        from: &["code"],
        to: &["c_hash"],
        formula: "c_hash = BASE64URL(left half of the hash of code, by the ID token's alg)",
        source: "OpenID Connect Core 1.0 section 3.3.2.11",
        hash: halves,
        belong: |code, hash| code.entry == hash.entry,
        known: |checked| checked.c_hash,
    },
    Hash {
        from: &["access_token"],
        to: &["ath"],
        formula: "ath = BASE64URL(SHA-256(access_token))",
        source: "RFC 9449 section 4.2",
        hash: |text| vec![whole(text)],
        // The token is sent beside the proof.
        belong: |token, hash| {
            token.entry == hash.entry && discriminant(&token.part) == discriminant(&hash.part)
        },
        known: |_| None,
    },
    Hash {
        from: &["jwk"],
        to: &["cnf.jkt", "dpop_jkt"],
        formula: "jkt = BASE64URL(SHA-256(the key's required members, in order of their names))",
        source: "RFC 9449 section 6.1, RFC 7638 section 3",
        hash: |text| {
            let key = serde_json::from_str(text).ok();
            key.and_then(|key| thumbprint(&key)).into_iter().collect()
        },
        // The proof's key is that of the access token in the same exchange.
        belong: |key, hash| {
            let of_token = ["claim of access_token", "claim of authorization"];
            key.entry == hash.entry
                && key.how.as_deref() == Some("header of dpop")
                && hash
                    .how
                    .as_deref()
                    .is_some_and(|how| of_token.contains(&how))
        },
        known: |_| None,
    },
];

/// What is computed from a value, or what it was computed from. `own` is where the value stands.
pub(crate) fn of(trace: &Trace, all: &[Seen], value: &str, own: &[&Seen]) -> Vec<Computed> {
    let mut computed = Vec::new();
    for hash in HASHES {
        let named = |names| {
            own.iter()
                .copied()
                .filter(move |seen| is_named(seen, names))
        };
        let as_source: Vec<&Seen> = named(hash.from).collect();
        let as_hash: Vec<&Seen> = named(hash.to).collect();
        if !as_source.is_empty() {
            computed.extend(hash.forward(trace, all, value, &as_source));
        }
        if !as_hash.is_empty() {
            computed.extend(hash.back(trace, all, value, &as_hash));
        }
    }
    computed
}

impl Hash {
    /// From the hashed value to its hash: wherever it stands, or to what stands where it should.
    /// None when there is neither.
    fn forward(&self, trace: &Trace, all: &[Seen], value: &str, own: &[&Seen]) -> Option<Computed> {
        let results = (self.hash)(value);
        let targets = || all.iter().filter(|seen| is_named(seen, self.to));
        let made = |seen: &&Seen| results.contains(&seen.value);
        if let Some(found) = targets().find(made) {
            let there = targets().filter(|seen| seen.value == found.value);
            return Some(self.right(&found.value, there));
        }
        let belongs = |hash: &&Seen| own.iter().any(|source| (self.belong)(source, hash));
        let hash = targets().rfind(belongs)?;
        let source = own.iter().find(|source| (self.belong)(source, hash))?;
        let there = targets().filter(|seen| seen.value == hash.value);
        Some(self.not_right(trace, (source, hash), results.into_iter().next(), there))
    }

    /// From a hash to what was hashed, or to what should have been.
    fn back(&self, trace: &Trace, all: &[Seen], value: &str, own: &[&Seen]) -> Option<Computed> {
        let sources = || all.iter().filter(|seen| is_named(seen, self.from));
        let makes = |seen: &&Seen| (self.hash)(&seen.value).iter().any(|hash| hash == value);
        if let Some(found) = sources().find(makes) {
            let there = sources().filter(|seen| seen.value == found.value);
            return Some(self.right(value, there));
        }
        let belongs = |source: &&Seen| own.iter().any(|hash| (self.belong)(source, hash));
        // A challenge is for the first verifier after it.
        let source = sources().find(belongs)?;
        let hash = own.iter().find(|hash| (self.belong)(source, hash))?;
        let is_last = !all.iter().any(|other| {
            is_named(other, self.to)
                && other.entry > hash.entry
                && other.value != hash.value
                && (self.belong)(source, other)
        });
        let result = (self.hash)(&source.value).into_iter().next();
        let there = sources().filter(|seen| seen.value == source.value);
        is_last.then(|| self.not_right(trace, (source, hash), result, there))
    }

    fn right<'a>(&self, result: &str, there: impl Iterator<Item = &'a Seen>) -> Computed {
        Computed {
            formula: self.formula.into(),
            source: self.source.into(),
            result: result.to_owned(),
            matches: Some(true),
            note: None,
            instead: None,
            places: places(there),
        }
    }

    /// A source and a hash that belong together and do not fit, as far as one can say: what a
    /// recorder has replaced fits nothing.
    fn not_right<'a>(
        &self,
        trace: &Trace,
        (source, hash): (&Seen, &Seen),
        result: Option<String>,
        there: impl Iterator<Item = &'a Seen>,
    ) -> Computed {
        let is_unknown = result.is_none() || is_replaced(&source.value) || is_replaced(&hash.value);
        let known = [source.entry, hash.entry].into_iter().find_map(|entry| {
            let exchange = trace.entry(entry)?.exchange()?;
            (self.known)(&exchange.recorded.checked)
        });
        let note = match known {
            _ if !is_unknown => None,
            Some(true) => Some("The value was replaced in this recording. Before that, it fitted."),
            Some(false) => {
                Some("The value was replaced in this recording. Before that, it did not fit.")
            }
            None => Some("It cannot be computed: the value was replaced in this recording."),
        };
        Computed {
            formula: self.formula.into(),
            source: self.source.into(),
            matches: if is_unknown { known } else { Some(false) },
            note: note.map(str::to_owned),
            instead: (!is_unknown).then(|| hash.value.clone()),
            places: places(there),
            result: result.filter(|_| !is_unknown).unwrap_or_default(),
        }
    }
}

fn is_named(seen: &Seen, names: &[&str]) -> bool {
    // The access token is sent under the name of its header.
    let name = match seen.name.as_str() {
        name if name.eq_ignore_ascii_case("authorization") => "access_token",
        name => name,
    };
    names.contains(&name)
}

fn whole(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// The left half of each hash that a signature's algorithm can name.
pub(crate) fn halves(text: &str) -> Vec<String> {
    let half = |octets: &[u8]| URL_SAFE_NO_PAD.encode(&octets[..octets.len() / 2]);
    vec![
        half(&Sha256::digest(text)),
        half(&Sha384::digest(text)),
        half(&Sha512::digest(text)),
    ]
}
