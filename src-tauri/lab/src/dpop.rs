//! Checks proofs of possession (RFC 9449) on the server's side.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use axum::http::header::{self, HeaderMap};
use url::Url;

use crate::jwt::{ALGORITHM, Jws, PublicKey, random_text, s256};
use crate::once::Once;

/// Seconds after its `iat` that a proof is taken.
const LIFETIME: u64 = 300;
/// Seconds that a client's clock may be ahead.
const SKEW: u64 = 60;
/// Seconds until another nonce is wanted; the one before is taken until the next change.
const NONCE_LIFETIME: u64 = 300;

/// One server's check of proofs, and what it remembers of them.
#[derive(Debug)]
pub(crate) struct ProofGate {
    demands_nonce: bool,
    memory: Mutex<Memory>,
}

#[derive(Debug)]
struct Memory {
    used: Once,
    /// The current nonce and the one before.
    nonces: [String; 2],
    /// When the current one came.
    since: u64,
}

/// The request that a proof came with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proven<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// The access token that it is presented with, at a protected resource.
    pub(crate) access_token: Option<&'a str>,
}

/// Why a proof is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unproven {
    /// `invalid_dpop_proof`, with a description.
    Invalid(&'static str),
    /// `use_dpop_nonce`
    NonceWanted,
}

impl ProofGate {
    pub(crate) fn new(demands_nonce: bool) -> Self {
        Self {
            demands_nonce,
            memory: Mutex::new(Memory {
                used: Once::default(),
                nonces: [random_text(), random_text()],
                since: now(),
            }),
        }
    }

    /// The thumbprint of the key that the request's proof is for; `None` when it has no proof.
    ///
    /// # Errors
    /// By the checks of section 4.3.
    pub(crate) fn check(&self, request: Proven) -> Result<Option<String>, Unproven> {
        let mut proofs = request.headers.get_all("dpop").iter();
        let Some(proof) = proofs.next() else {
            return Ok(None);
        };
        if proofs.next().is_some() {
            return Err(Unproven::Invalid("There is more than one DPoP header"));
        }
        let proof = proof
            .to_str()
            .ok()
            .and_then(Jws::parse)
            .ok_or(Unproven::Invalid("The DPoP proof is not a JWT"))?;
        let key = signed_by(&proof).map_err(Unproven::Invalid)?;
        fits(&proof, request).map_err(Unproven::Invalid)?;
        self.check_nonce(&proof)?;
        let now = now();
        let issued = proof.time("iat").unwrap_or_default();
        if issued > now + SKEW || issued + LIFETIME < now {
            return Err(Unproven::Invalid(
                "The iat of the DPoP proof is too far from now",
            ));
        }
        let identity = format!("{} {}", key.thumbprint(), proof.identity());
        if !self
            .memory()
            .used
            .is_first(identity, issued + LIFETIME, now)
        {
            return Err(Unproven::Invalid("The DPoP proof was used before"));
        }
        Ok(Some(key.thumbprint().to_owned()))
    }

    /// The nonce that the next proof has to hold.
    pub(crate) fn nonce(&self) -> String {
        let mut memory = self.memory();
        if memory.since + NONCE_LIFETIME <= now() {
            memory.nonces = [random_text(), std::mem::take(&mut memory.nonces[0])];
            memory.since = now();
        }
        memory.nonces[0].clone()
    }

    fn check_nonce(&self, proof: &Jws) -> Result<(), Unproven> {
        if !self.demands_nonce {
            return Ok(());
        }
        let given = proof.text("nonce").unwrap_or_default();
        if self.memory().nonces.iter().any(|nonce| nonce == given) {
            Ok(())
        } else {
            Err(Unproven::NonceWanted)
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signed_by(proof: &Jws) -> Result<PublicKey, &'static str> {
    if proof.typ() != Some("dpop+jwt") {
        return Err("The typ of the DPoP proof is not dpop+jwt");
    }
    if proof.header["alg"] != ALGORITHM {
        return Err("The alg of the DPoP proof is not ES256");
    }
    let key = PublicKey::from_jwk(&proof.header["jwk"])?;
    if proof.is_signed_by(&key) {
        Ok(key)
    } else {
        Err("The key in the DPoP proof did not make its signature")
    }
}

fn fits(proof: &Jws, request: Proven) -> Result<(), &'static str> {
    if proof.text("jti").is_none_or(str::is_empty) || proof.time("iat").is_none() {
        return Err("The DPoP proof lacks jti or iat");
    }
    if proof.text("htm") != Some(request.method) {
        return Err("The htm of the DPoP proof is not the method of the request");
    }
    // The servers speak plain http, on loopback addresses and as localhost.
    let host = request
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let target = Url::parse(&format!("http://{host}{}", request.path)).ok();
    let claimed = proof.text("htu").and_then(|htu| Url::parse(htu).ok());
    let claimed = claimed.map(|mut claimed| {
        // "ignoring any query and fragment parts"
        claimed.set_query(None);
        claimed.set_fragment(None);
        claimed
    });
    if claimed.is_none() || claimed != target {
        return Err("The htu of the DPoP proof is not the URL of the request");
    }
    let hash = request.access_token.map(s256);
    if hash.is_some() && proof.text("ath") != hash.as_deref() {
        return Err("The ath of the DPoP proof is not the hash of the access token");
    }
    Ok(())
}

fn now() -> u64 {
    UNIX_EPOCH
        .elapsed()
        .map(|since| since.as_secs())
        .unwrap_or_default()
}
