//! The signature of a JWS against a JWK set (RFC 7515 section 5.2, RFC 7517).

use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::base64url::decode;
use crate::checked::Signature;
use crate::public_key::{PublicKey, kind};
use crate::words::{quoted, shown};

/// How many keys are tried, so that a set of thousands does not cost minutes.
const MOST_TRIED: usize = 64;

/// How many keys a message names.
const MOST_NAMED: usize = 8;

/// `jwt`: three parts, of which `header` is the first.
pub(crate) fn check(jwt: &str, header: &Map<String, Value>, jwks: &Value) -> Signature {
    match checked(jwt, header, jwks) {
        Ok(()) => Signature::Valid,
        Err(outcome) => outcome,
    }
}

fn checked(jwt: &str, header: &Map<String, Value>, jwks: &Value) -> Result<(), Signature> {
    let alg = algorithm(header)?;
    if let Some(names) = header.get("crit") {
        let names = shown(Some(names));
        return Err(Signature::Invalid(format!(
            "the header's crit is {names}, and none of it is understood here (RFC 7515 section 4.1.11)"
        )));
    }
    let keys = usable_keys(alg, header, jwks)?;

    let (signed, signature) = jwt.rsplit_once('.').unwrap_or((jwt, ""));
    let Some(signature) = decode(signature) else {
        return Err(Signature::Invalid(
            "the signature is not base64url without padding".into(),
        ));
    };
    let made = |key: &PublicKey| key.verifies(alg, signed.as_bytes(), &signature);
    if keys.iter().take(MOST_TRIED).any(made) {
        return Ok(());
    }
    Err(Signature::Invalid(why_invalid(
        alg, header, &keys, &signature,
    )))
}

fn algorithm(header: &Map<String, Value>) -> Result<Algorithm, Signature> {
    let why = match header.get("alg") {
        Some(Value::String(name)) => match Algorithm::named(name) {
            Some(alg) => return Ok(alg),
            None if name == "none" => "alg is \"none\": it is not signed".into(),
            None if name.starts_with("HS") => format!(
                "alg is {}, a MAC with a shared secret: no published key can verify it",
                quoted(name)
            ),
            None => {
                let known = Algorithm::ALL.map(Algorithm::name).join(", ");
                format!(
                    "alg is {}, and what can be verified here is {known}",
                    quoted(name)
                )
            }
        },
        other => format!("alg in the header is {}, not a string", shown(other)),
    };
    Err(Signature::NotChecked(why))
}

/// The keys that may have signed it, at least one.
fn usable_keys(
    alg: Algorithm,
    header: &Map<String, Value>,
    jwks: &Value,
) -> Result<Vec<PublicKey>, Signature> {
    let not_checked = |why: String| Err(Signature::NotChecked(why));
    let Some(all) = jwks.get("keys").and_then(Value::as_array) else {
        return not_checked("the JWK set has no array \"keys\" (RFC 7517 section 5)".into());
    };
    if all.is_empty() {
        return not_checked("the JWK set is empty".into());
    }
    let kid = header.get("kid");
    let named: Vec<&Value> = match kid {
        None => all.iter().collect(),
        Some(kid) => all
            .iter()
            .filter(|key| key.get("kid") == Some(kid))
            .collect(),
    };
    if named.is_empty() {
        let kids = listed(all.iter().map(|key| shown(key.get("kid"))));
        return not_checked(format!(
            "no key of the set has the kid {}; their kids are: {kids}",
            shown(kid)
        ));
    }
    let mut usable = Vec::new();
    let mut unusable = Vec::new();
    for key in named {
        match usable_key(alg, key) {
            Ok(key) => usable.push(key),
            Err(why) => unusable.push(why),
        }
        if usable.len() > MOST_TRIED {
            break;
        }
    }
    if !usable.is_empty() {
        return Ok(usable);
    }
    let alg = alg.name();
    let why = listed(unusable.into_iter());
    not_checked(match kid {
        Some(kid) => format!(
            "the key with the kid {} cannot verify {alg}: {why}",
            shown(Some(kid))
        ),
        None => format!("no key of the set can verify {alg}: {why}"),
    })
}

/// # Errors
/// Why this key does not go with the algorithm (RFC 7517 sections 4.1 to 4.4), or is none.
fn usable_key(alg: Algorithm, key: &Value) -> Result<PublicKey, String> {
    let Value::Object(jwk) = key else {
        return Err(format!("{} is not a JSON object", shown(Some(key))));
    };
    if kind(jwk)? != alg.kind() {
        return Err(format!("it is {}", kind(jwk)?.words()));
    }
    match jwk.get("use") {
        None => {}
        Some(purpose) if purpose == "sig" => {}
        other => return Err(format!("its use is {}, not \"sig\"", shown(other))),
    }
    match jwk.get("key_ops") {
        None => {}
        Some(Value::Array(operations)) if operations.iter().any(|one| one == "verify") => {}
        other => {
            return Err(format!(
                "its key_ops are {}, without \"verify\"",
                shown(other)
            ));
        }
    }
    match jwk.get("alg") {
        None => {}
        Some(Value::String(name)) if Algorithm::named(name) == Some(alg) => {}
        other => return Err(format!("its alg is {}", shown(other))),
    }
    PublicKey::from_jwk(jwk)
}

fn why_invalid(
    alg: Algorithm,
    header: &Map<String, Value>,
    keys: &[PublicKey],
    signature: &[u8],
) -> String {
    let got = signature.len();
    if got == 0 {
        return "there is no signature".into();
    }
    if keys.iter().all(|key| key.signature_length() != got) {
        let wanted = keys.first().map_or(0, PublicKey::signature_length);
        // A SEQUENCE: what most libraries make of ECDSA when nobody asks for r and s.
        let der =
            matches!(alg, Algorithm::Es256 | Algorithm::Es384) && signature.first() == Some(&0x30);
        let form = if der {
            ": it is in DER, where RFC 7518 section 3.4 wants r and s next to each other"
        } else {
            ""
        };
        return format!(
            "the signature has {got} octets, and {} with this key {wanted}{form}",
            alg.name()
        );
    }
    let alg = alg.name();
    match (header.get("kid"), keys.len()) {
        (Some(kid), _) => format!(
            "the key with the kid {} did not sign this",
            shown(Some(kid))
        ),
        (None, 1) => format!("the one key that can verify {alg} did not sign this"),
        (None, 2..=MOST_TRIED) => format!(
            "none of the {} keys that can verify {alg} signed this",
            keys.len()
        ),
        (None, _) => {
            format!("none of the first {MOST_TRIED} keys that can verify {alg} signed this")
        }
    }
}

fn listed(mut items: impl ExactSizeIterator<Item = String>) -> String {
    let more = items.len().saturating_sub(MOST_NAMED);
    let mut listed = items
        .by_ref()
        .take(MOST_NAMED)
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        listed.push_str(&format!(" and {more} more"));
    }
    listed
}
