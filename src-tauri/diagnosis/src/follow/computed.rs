//! The hashes that OAuth makes of one value to put it into another place.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::values::Seen;
use super::{Computed, places};
use crate::proof::thumbprint;

/// A value that is the hash of another.
struct Hash {
    /// What the hashed value is called, wherever it stands.
    from: &'static [&'static str],
    /// What the hash is called.
    to: &'static [&'static str],
    formula: &'static str,
    source: &'static str,
    hash: fn(&str) -> Vec<String>,
}

const HASHES: &[Hash] = &[
    Hash {
        from: &["code_verifier"],
        to: &["code_challenge"],
        formula: "code_challenge = BASE64URL(SHA-256(code_verifier))",
        source: "RFC 7636 section 4.2",
        hash: |text| vec![whole(text)],
    },
    Hash {
        from: &["access_token"],
        to: &["at_hash"],
        formula: "at_hash = BASE64URL(left half of the hash of access_token, by the ID token's alg)",
        source: "OpenID Connect Core 1.0 section 3.1.3.6",
        hash: halves,
    },
    Hash {
        from: &["code"],
        to: &["c_hash"],
        formula: "c_hash = BASE64URL(left half of the hash of code, by the ID token's alg)",
        source: "OpenID Connect Core 1.0 section 3.3.2.11",
        hash: halves,
    },
    Hash {
        from: &["access_token"],
        to: &["ath"],
        formula: "ath = BASE64URL(SHA-256(access_token))",
        source: "RFC 9449 section 4.2",
        hash: |text| vec![whole(text)],
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
    },
];

/// What is computed from a value, or what it was computed from. `own` is where the value stands.
pub(super) fn of(all: &[Seen], value: &str, own: &[&Seen]) -> Vec<Computed> {
    let named = |names: &[&str]| own.iter().any(|seen| is_named(seen, names));
    let mut computed = Vec::new();
    for hash in HASHES {
        if named(hash.from) {
            computed.extend(hash.forward(all, value));
        }
        if named(hash.to) {
            computed.extend(hash.back(all, value));
        }
    }
    computed
}

impl Hash {
    /// From the hashed value to where its hash stands. None when no such hash is in the trace.
    fn forward(&self, all: &[Seen], value: &str) -> Option<Computed> {
        let targets: Vec<&Seen> = all.iter().filter(|seen| is_named(seen, self.to)).collect();
        let last = targets.last()?;
        let results = (self.hash)(value);
        let found = results
            .iter()
            .find(|result| targets.iter().any(|seen| seen.value == **result));
        let (result, stands) = match found {
            Some(result) => (result.clone(), result.as_str()),
            None => (results.first()?.clone(), last.value.as_str()),
        };
        let there = targets.iter().filter(|seen| seen.value == stands).copied();
        Some(Computed {
            formula: self.formula.into(),
            source: self.source.into(),
            matches: found.is_some(),
            instead: found.is_none().then(|| stands.to_owned()),
            places: places(there),
            result,
        })
    }

    /// From a hash to what was hashed; where nothing in the trace has this hash, to what should.
    fn back(&self, all: &[Seen], value: &str) -> Option<Computed> {
        let sources: Vec<&Seen> = all
            .iter()
            .filter(|seen| is_named(seen, self.from))
            .collect();
        let makes = |seen: &&&Seen| (self.hash)(&seen.value).iter().any(|hash| hash == value);
        let found = sources.iter().find(makes).copied();
        let source = found.or_else(|| sources.last().copied())?;
        let result = match found {
            Some(_) => value.to_owned(),
            None => (self.hash)(&source.value).into_iter().next()?,
        };
        let there = sources
            .iter()
            .filter(|seen| seen.value == source.value)
            .copied();
        Some(Computed {
            formula: self.formula.into(),
            source: self.source.into(),
            matches: found.is_some(),
            instead: found.is_none().then(|| value.to_owned()),
            places: places(there),
            result,
        })
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
pub(super) fn halves(text: &str) -> Vec<String> {
    let half = |octets: &[u8]| URL_SAFE_NO_PAD.encode(&octets[..octets.len() / 2]);
    vec![
        half(&Sha256::digest(text)),
        half(&Sha384::digest(text)),
        half(&Sha512::digest(text)),
    ]
}
