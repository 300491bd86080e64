//! What comes next, and what was seen of it.

use jose::{DpopProof, SigningKey, client_assertion, dpop_proof, encode};
use serde_json::{Map, Value, json};
use trace::{Credential, Outcome, Phase, Purpose, Request, Secret, StopCode, Timestamp};

/// Stands in a request for a part that is signed when the request is sent.
pub const UNSIGNED: &str = "signed-when-sent";

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Send this request and give the outcome to [`crate::Flow::judge`].
    Send(Plan),
    /// Send both at the same time and give the outcomes to [`crate::Flow::judge`].
    SendBoth(Box<[Plan; 2]>),
    /// Open the listener for the callback and give its redirect URI to [`crate::Flow::judge`].
    Listen,
    /// Send the browser to the request's URL and give the callback to [`crate::Flow::judge`].
    Browse(Plan),
    Stopped {
        code: StopCode,
        message: String,
        can_go_on: bool,
    },
    Done {
        message: String,
    },
}

/// A request with the words that explain it. It is the same each time it is asked for: what has to
/// be new each time is made by [`Plan::sign`].
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub phase: Phase,
    pub purpose: Purpose,
    /// "Register this client"
    pub title: String,
    /// Why it is needed, in one sentence.
    pub why: String,
    /// A few words that say what the request carries.
    pub label: String,
    /// With [`UNSIGNED`] in the place of each of the `signatures`.
    pub request: Request,
    /// The credentials that the request carries, and where they may go.
    pub credentials: Vec<Credential>,
    /// What is signed when it is sent.
    pub signatures: Vec<ToSign>,
    /// It is not sent before this time (RFC 8628 section 3.5: the time between two polls).
    pub not_before: Option<Timestamp>,
}

/// A part of a request that is signed when the request is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum ToSign {
    /// The `DPoP` header (RFC 9449 section 4).
    Proof {
        key: SigningKey,
        /// The access token that the request carries.
        access_token: Option<Secret>,
        nonce: Option<String>,
    },
    /// The parameter `client_assertion` of the body (RFC 7523 section 2.2).
    ClientAssertion {
        key: SigningKey,
        client_id: String,
        audience: String,
    },
    /// The parameter `request` of the body or the query (RFC 9101); without a key it is not signed.
    RequestObject {
        key: Option<SigningKey>,
        /// The claims, without those that say the time and make it unique.
        claims: Map<String, Value>,
    },
}

/// What came of a step.
#[derive(Debug, Clone, Copy)]
pub enum StepOutcome<'a> {
    /// The request as it was sent, and what came back.
    Answer {
        request: &'a Request,
        outcome: &'a Outcome,
    },
    /// What came back to the two requests of [`Next::SendBoth`].
    Answers([&'a Outcome; 2]),
    /// The listener is open at this redirect URI.
    Listening { redirect_uri: &'a str },
    /// The browser came to the redirect URI with this request.
    Callback { request: &'a Request },
    /// The step failed: no listener, no callback, or no way through the pages.
    Failed { code: StopCode, message: &'a str },
}

/// The clock and the source of randomness, handed in.
pub struct Env<'a> {
    pub now: Timestamp,
    /// Fills the slice with random bytes.
    pub random: &'a mut dyn FnMut(&mut [u8]),
}

impl Env<'_> {
    /// `bytes` random bytes as base64url.
    pub(crate) fn secret(&mut self, bytes: usize) -> Secret {
        let mut random = vec![0; bytes];
        (self.random)(&mut random);
        Secret::new(encode(&random))
    }
}

impl Plan {
    pub(crate) fn new(
        phase: Phase,
        purpose: Purpose,
        (title, why): (&str, &str),
        label: impl Into<String>,
        request: Request,
    ) -> Self {
        Self {
            phase,
            purpose,
            title: title.into(),
            why: why.into(),
            label: label.into(),
            request,
            credentials: Vec::new(),
            signatures: Vec::new(),
            not_before: None,
        }
    }

    /// The request as it is sent now. Each call signs again.
    pub fn sign(&self, env: &mut Env<'_>) -> Request {
        self.sign_edited(self.request.clone(), env)
    }

    /// The request as the user changed it: what still says [`UNSIGNED`] in its place is signed.
    pub fn sign_edited(&self, mut request: Request, env: &mut Env<'_>) -> Request {
        for signature in &self.signatures {
            signature.put(&mut request, env);
        }
        request
    }
}

impl ToSign {
    fn put(&self, request: &mut Request, env: &mut Env<'_>) {
        let jti = env.secret(16);
        let now = env.now.seconds();
        match self {
            Self::Proof {
                key,
                access_token,
                nonce,
            } => {
                let proof = dpop_proof(
                    key,
                    &DpopProof {
                        method: &request.method,
                        url: &request.url,
                        jti: jti.expose(),
                        iat: now,
                        access_token: access_token.as_ref().map(Secret::expose),
                        nonce: nonce.as_deref(),
                    },
                );
                for header in &mut request.headers {
                    if header.name.eq_ignore_ascii_case("dpop") && header.value == UNSIGNED {
                        header.value.clone_from(&proof);
                    }
                }
            }
            Self::ClientAssertion {
                key,
                client_id,
                audience,
            } => {
                let assertion = client_assertion(key, client_id, audience, jti.expose(), now);
                replace(request, "client_assertion", &assertion);
            }
            Self::RequestObject { key, claims } => {
                let object = request_object(key.as_ref(), claims, jti.expose(), now);
                replace(request, "request", &object);
            }
        }
    }
}

/// RFC 9101 section 4, section 10.8 for `typ`.
fn request_object(
    key: Option<&SigningKey>,
    claims: &Map<String, Value>,
    jti: &str,
    now: u64,
) -> String {
    /// Seconds for which the request object is good.
    const LIFETIME: u64 = 300;
    const TYPE: &str = "oauth-authz-req+jwt";
    let mut claims = claims.clone();
    for (name, at) in [("iat", now), ("nbf", now), ("exp", now + LIFETIME)] {
        claims.insert(name.into(), at.into());
    }
    claims.insert("jti".into(), jti.into());
    let claims = Value::Object(claims);
    match key {
        Some(key) => key.sign(TYPE, false, &claims),
        None => {
            let header = json!({ "typ": TYPE, "alg": "none" });
            format!(
                "{}.{}.",
                encode(header.to_string()),
                encode(claims.to_string())
            )
        }
    }
}

/// Puts in the value of a parameter that is still to be signed. A signed value needs no encoding.
fn replace(request: &mut Request, name: &str, value: &str) {
    let replaced = |pairs: &str| {
        let put = |pair: &str| match pair.split_once('=') {
            Some((other, UNSIGNED)) if other == name => format!("{name}={value}"),
            _ => pair.to_owned(),
        };
        pairs.split('&').map(put).collect::<Vec<_>>().join("&")
    };
    if let Some((address, query)) = request.url.split_once('?') {
        request.url = format!("{address}?{}", replaced(query));
    }
    if let Some(body) = request.body.text().map(replaced) {
        request.body = trace::Body::new(body.into());
    }
}

#[cfg(test)]
mod tests {
    use trace::Jwt;

    use super::*;

    fn plan(request: Request, signature: ToSign) -> Plan {
        Plan {
            signatures: vec![signature],
            ..Plan::new(Phase::Token, Purpose::Jwks, ("", ""), "", request)
        }
    }

    fn signed(plan: &Plan, byte: u8) -> Request {
        let mut random = |bytes: &mut [u8]| bytes.fill(byte);
        plan.sign(&mut Env {
            now: Timestamp(1_000_000_000),
            random: &mut random,
        })
    }

    fn key() -> SigningKey {
        SigningKey::from_random(&[7; 32])
    }

    #[test]
    fn a_proof_is_for_the_request_as_it_is_sent_and_new_each_time() {
        let request = Request::new("POST", "https://as.example/token").header("DPoP", UNSIGNED);
        let plan = plan(
            request,
            ToSign::Proof {
                key: key(),
                access_token: None,
                nonce: Some("n".into()),
            },
        );
        let claims = |request: &Request| {
            Jwt::read(request.header_value("dpop").unwrap())
                .unwrap()
                .claims
        };
        let first = claims(&signed(&plan, 1));
        assert_eq!(
            (&first["htm"], &first["htu"]),
            (&json!("POST"), &json!("https://as.example/token"))
        );
        assert_eq!(
            (&first["nonce"], &first["iat"]),
            (&json!("n"), &json!(1_000))
        );
        assert_ne!(first["jti"], claims(&signed(&plan, 2))["jti"]);
        // The user sends it elsewhere: the proof is made for that URL.
        let mut random = |bytes: &mut [u8]| bytes.fill(3);
        let env = &mut Env {
            now: Timestamp(0),
            random: &mut random,
        };
        let edited = Request {
            url: "https://as.example/other".into(),
            ..plan.request.clone()
        };
        let sent = plan.sign_edited(edited, env);
        assert_eq!(claims(&sent)["htu"], "https://as.example/other");
        // A value that the user wrote is kept.
        let own = Request::new("POST", "https://as.example/token").header("dpop", "mine");
        assert_eq!(plan.sign_edited(own.clone(), env), own);
    }

    #[test]
    fn an_assertion_takes_its_place_in_the_body() {
        let body = format!("a=b&client_assertion={UNSIGNED}&c=client_assertion");
        let plan = plan(
            Request::new("POST", "https://as.example/token").body(body),
            ToSign::ClientAssertion {
                key: key(),
                client_id: "me".into(),
                audience: "https://as.example".into(),
            },
        );
        let sent = trace::pairs(signed(&plan, 1).body.text().unwrap());
        assert_eq!(
            (sent.len(), sent[0].value.as_str(), sent[2].value.as_str()),
            (3, "b", "client_assertion")
        );
        let claims = Jwt::read(&sent[1].value).unwrap().claims;
        assert_eq!(
            (&claims["iss"], &claims["aud"]),
            (&json!("me"), &json!("https://as.example"))
        );
    }

    #[test]
    fn a_request_object_is_good_for_a_while_whether_it_is_signed_or_not() {
        for key in [Some(key()), None] {
            let plan = plan(
                Request::new(
                    "GET",
                    format!("https://as.example/authorize?client_id=me&request={UNSIGNED}"),
                ),
                ToSign::RequestObject {
                    key,
                    claims: json!({ "client_id": "me" }).as_object().unwrap().clone(),
                },
            );
            let pairs = trace::query_pairs(&signed(&plan, 1).url);
            assert_eq!(pairs[0].value, "me");
            let jwt = Jwt::read(&pairs[1].value).unwrap();
            assert_eq!(jwt.header["typ"], "oauth-authz-req+jwt");
            assert_eq!(
                (&jwt.claims["iat"], &jwt.claims["exp"]),
                (&json!(1_000), &json!(1_300))
            );
            assert_eq!(jwt.claims["client_id"], "me");
        }
    }
}
