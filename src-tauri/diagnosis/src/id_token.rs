//! The ID tokens of a run, and what they have to say.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use trace::{Grant, Jwt, JwtError};

use crate::reading::{ExchangeRef, Reading, access_token, form, jwt, object, text, value};

/// An ID token that came with an access token.
pub(crate) struct IdToken<'a> {
    pub seen: ExchangeRef<'a>,
    pub jwt: Result<std::rc::Rc<Jwt>, JwtError>,
    pub access_token: String,
    /// Whether it came with the first tokens of a grant, and not with a refresh.
    pub first: bool,
    by_code: bool,
}

impl IdToken<'_> {
    /// The `nonce` that it has to hold: that of the authorization request, when there was one.
    pub fn nonce(&self, reading: &Reading<'_>) -> Option<String> {
        let (_, asked) = reading
            .authorization_before(self.seen.seq)
            .filter(|_| self.by_code)?;
        value(asked, "nonce").map(str::to_owned)
    }

    /// What `at_hash` has to be; `None` when the algorithm does not say by which hash.
    pub fn at_hash(&self) -> Option<String> {
        self.half_hash(&self.access_token)
    }

    /// Whether it has the `at_hash` that it has to have; none where it has none.
    pub fn at_hash_fits(&self) -> Option<bool> {
        let known = self.seen.exchange.recorded.checked.at_hash;
        known.or_else(|| Some(self.at_hash()? == self.jwt.as_ref().ok()?.text("at_hash")?))
    }

    /// Whether it has the `c_hash` of the code that it was got for; none where it has none.
    pub fn c_hash_fits(&self) -> Option<bool> {
        let known = self.seen.exchange.recorded.checked.c_hash;
        let code = value(form(self.seen.request()), "code");
        known.or_else(|| Some(self.half_hash(code?)? == self.jwt.as_ref().ok()?.text("c_hash")?))
    }

    /// The left half of the hash that goes with the algorithm.
    fn half_hash(&self, of: &str) -> Option<String> {
        let alg = self
            .jwt
            .as_ref()
            .ok()?
            .header
            .get("alg")?
            .as_str()?
            .to_owned();
        let half = |digest: &[u8]| URL_SAFE_NO_PAD.encode(&digest[..digest.len() / 2]);
        match alg.get(2..) {
            Some("256") => Some(half(&Sha256::digest(of))),
            Some("384") => Some(half(&Sha384::digest(of))),
            Some("512") => Some(half(&Sha512::digest(of))),
            _ => None,
        }
    }
}

/// Every ID token that was issued.
pub(crate) fn id_tokens<'a>(reading: &Reading<'a>) -> Vec<IdToken<'a>> {
    let issued = reading.tokens.iter().filter_map(|(seen, grant)| {
        let response = seen.response()?;
        let access_token = access_token(response)?;
        let jwt = jwt(text(&*object(response)?, "id_token")?);
        Some(IdToken {
            seen: *seen,
            jwt,
            access_token,
            first: *grant != Grant::RefreshToken,
            by_code: *grant == Grant::AuthorizationCode,
        })
    });
    issued.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Run, id_token};

    #[test]
    fn the_hash_follows_the_algorithm() {
        let mut run = Run::healthy();
        run.token
            .edit(|answer| answer["id_token"] = id_token(|_| {}).into());
        let trace = run.trace();
        let snapshot = crate::snapshot::Snapshot::of(&trace);
        let token = id_tokens(&Reading::of(&snapshot)).remove(0);
        let hash = token.at_hash().unwrap();
        assert_eq!(hash.len(), 22);
        let mut other = token;
        std::rc::Rc::make_mut(other.jwt.as_mut().unwrap()).header["alg"] = "RS512".into();
        assert_eq!(other.at_hash().unwrap().len(), 43);
        std::rc::Rc::make_mut(other.jwt.as_mut().unwrap()).header["alg"] = "EdDSA".into();
        assert_eq!(other.at_hash(), None);
    }
}
