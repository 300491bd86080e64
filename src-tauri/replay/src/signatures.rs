//! Whether recorded tokens are signed with the recorded keys of their issuer.
//!
//! Nothing is said of a token unless its issuer's metadata, in the same flow, names the key set.
//! An access token is looked at only where its type says that clients of the profile may read it:
//! others are signed for a server of their own, in ways that nobody else can check.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jose::{Expected, Signature, verify};
use serde_json::{Map, Value};
use trace::{Decision, Exchange, Jwt, Purpose, Recorded, SignatureCheck, TokenKind};

use crate::message::{answer, text};

/// RFC 9068 section 2.1.
const ACCESS_TOKEN_TYPES: [&str; 2] = ["at+jwt", "application/at+jwt"];

/// The octets of the shortest signature that can be checked (ES256 and Ed25519). Less is what a
/// recorder put in its place.
const SHORTEST: usize = 64;

/// What one flow has shown so far.
#[derive(Default)]
pub struct Signatures {
    /// Issuers with their key sets, from metadata.
    key_sets: Vec<(String, String)>,
    tokens: Vec<(TokenKind, String)>,
}

impl Signatures {
    /// What comes of the tokens that are known, once the keys follow. Keys that were read before a
    /// token was issued may have been changed since, so only later ones count.
    pub fn take(&mut self, exchange: &Exchange) -> Vec<Decision> {
        if exchange.recorded.response_body != Recorded::Whole {
            return Vec::new();
        }
        let Some(answer) = answer(exchange) else {
            return Vec::new();
        };
        match exchange.purpose {
            Purpose::ServerMetadata { .. } | Purpose::IdentityProviderMetadata { .. } => {
                let named = text(&answer, "issuer").zip(text(&answer, "jwks_uri"));
                let named = named.map(|(issuer, keys)| (issuer.to_owned(), keys.to_owned()));
                self.key_sets.extend(named);
                Vec::new()
            }
            Purpose::Token { .. } => {
                self.issued(&answer);
                Vec::new()
            }
            Purpose::Jwks => self.checked(&exchange.request.url, &Value::Object(answer)),
            _ => Vec::new(),
        }
    }

    /// The latest tokens: those before them may be of keys that are gone.
    fn issued(&mut self, answer: &Map<String, Value>) {
        for (kind, member) in [
            (TokenKind::AccessToken, "access_token"),
            (TokenKind::IdToken, "id_token"),
        ] {
            if let Some(token) = text(answer, member) {
                self.tokens.retain(|(known, _)| *known != kind);
                self.tokens.push((kind, token.to_owned()));
            }
        }
    }

    fn checked(&self, url: &str, set: &Value) -> Vec<Decision> {
        let all = self.tokens.iter();
        all.filter_map(|(kind, token)| {
            let jwt = Jwt::read(token).ok()?;
            let issuer = jwt.text("iss")?;
            let named = |(of, keys): &(String, String)| of == issuer && keys == url;
            let is_of_profile = || {
                let typ = jwt.header.get("typ").and_then(Value::as_str);
                let typ = typ.unwrap_or_default().to_ascii_lowercase();
                ACCESS_TOKEN_TYPES.contains(&typ.as_str())
            };
            let can_be_read = *kind == TokenKind::IdToken || is_of_profile();
            (can_be_read && self.key_sets.iter().any(named)).then(|| check(*kind, token, set))?
        })
        .collect()
    }
}

/// The signature alone: rules read the claims themselves.
fn check(kind: TokenKind, token: &str, set: &Value) -> Option<Decision> {
    let expected = Expected {
        issuer: None,
        audience: None,
        now: trace::Timestamp(0),
        leeway_seconds: 0,
        nonce: None,
        access_token: None,
    };
    let checked = verify(token, set, &expected).ok()?;
    let signature = match checked.signature {
        Signature::Valid => SignatureCheck::Valid,
        Signature::Invalid(_) if !is_whole(token) => SignatureCheck::NotChecked {
            why: "the recording does not hold the signature".into(),
        },
        Signature::Invalid(why) => SignatureCheck::Invalid { why },
        Signature::NotChecked(why) => SignatureCheck::NotChecked { why },
    };
    Some(Decision::TokenChecked {
        token: kind,
        alg: checked.alg,
        kid: checked.kid,
        signature,
        problems: Vec::new(),
    })
}

/// Whether the last part can be a signature at all.
fn is_whole(token: &str) -> bool {
    let signature = token.rsplit('.').next().unwrap_or_default();
    URL_SAFE_NO_PAD
        .decode(signature)
        .is_ok_and(|octets| octets.len() >= SHORTEST)
}

#[cfg(test)]
mod tests {
    use jose::SigningKey;
    use serde_json::json;
    use trace::{Body, Grant, Outcome, ParticipantId, Request, Response};

    use super::*;

    const ISSUER: &str = "https://as.example";
    const KEYS: &str = "https://as.example/jwks";

    fn exchange(purpose: Purpose, url: &str, answer: &Value) -> Exchange {
        Exchange {
            purpose,
            from: ParticipantId::CLIENT,
            to: ParticipantId::CLIENT,
            label: String::new(),
            request: Request::new("GET", url),
            edited: false,
            answer_edited: false,
            outcome: Outcome::Response(Response {
                status: 200,
                headers: Vec::new(),
                body: Body::new(answer.to_string().into_bytes()),
            }),
            started: trace::Timestamp(0),
            timings: trace::Timings::default(),
            connection: None,
            verdict: None,
            recorded: trace::Recording::default(),
            client_side: None,
            server_side: None,
        }
    }

    fn token(typ: &str) -> String {
        SigningKey::from_random(&[7; 32]).sign(typ, false, &json!({ "iss": ISSUER }))
    }

    fn set(seed: u8) -> Value {
        json!({ "keys": [SigningKey::from_random(&[seed; 32]).public_jwk()] })
    }

    /// What the keys say of an access token, whose issuer's metadata names this address of them.
    fn said(access_token: &str, jwks_uri: &str, set: &Value) -> Vec<SignatureCheck> {
        let mut signatures = Signatures::default();
        let metadata = json!({ "issuer": ISSUER, "jwks_uri": jwks_uri });
        let purpose = Purpose::IdentityProviderMetadata {
            issuer: ISSUER.into(),
            well_known: trace::WellKnown::OidcAppended,
        };
        let metadata = exchange(purpose, ISSUER, &metadata);
        let grant = Grant::AuthorizationCode;
        let issued = json!({ "access_token": access_token });
        let issued = exchange(Purpose::Token { grant }, ISSUER, &issued);
        let keys = exchange(Purpose::Jwks, KEYS, set);
        let mut all = Vec::new();
        for exchange in [metadata, issued, keys] {
            all.extend(signatures.take(&exchange));
        }
        let signature = |decision| match decision {
            Decision::TokenChecked { signature, .. } => signature,
            other => panic!("{other:?}"),
        };
        all.into_iter().map(signature).collect()
    }

    #[test]
    fn a_token_is_checked_with_the_keys_of_its_issuer() {
        let token = token("at+jwt");
        assert_eq!(said(&token, KEYS, &set(7)), [SignatureCheck::Valid]);
        let wrong = said(&token, KEYS, &set(8));
        assert!(
            matches!(wrong[..], [SignatureCheck::Invalid { .. }]),
            "{wrong:?}"
        );
        let missing = said(&token, KEYS, &json!({ "keys": [] }));
        assert!(
            matches!(missing[..], [SignatureCheck::NotChecked { .. }]),
            "{missing:?}"
        );
    }

    #[test]
    fn nothing_is_said_of_what_nobody_else_can_check() {
        let theirs = "https://as.example/other-keys";
        assert_eq!(said(&token("at+jwt"), theirs, &set(8)), []);
        assert_eq!(said(&token("JWT"), KEYS, &set(8)), []);
        assert_eq!(said("opaque", KEYS, &set(8)), []);
    }

    #[test]
    fn a_signature_that_a_recorder_replaced_is_not_wrong() {
        let token = token("at+jwt");
        let (signed, _) = token.rsplit_once('.').unwrap();
        for put_in in ["redacted-access_token-1", "***", "", "REDACTED"] {
            let said = said(&format!("{signed}.{put_in}"), KEYS, &set(8));
            assert!(
                matches!(said[..], [SignatureCheck::NotChecked { .. }]),
                "{said:?}"
            );
        }
    }
}
