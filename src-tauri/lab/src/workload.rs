//! A platform that gives each of its programs a token saying which one it is (MCP, Workload
//! Identity Federation).

use std::io;

use serde_json::json;

use crate::authorization_server::{Says, TrustedIssuer};
use crate::jwt::{SigningKey, random_text};

/// The platform's issuer. Nothing is served there: the lab's authorization servers have its key.
const ISSUER: &str = "https://workloads.lab.example";
/// The program.
const SUBJECT: &str = "spiffe://workloads.lab.example/ns/lab/sa/client";

/// Which token a program has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WorkloadJwt {
    /// One that the lab's authorization server takes.
    Valid,
    /// One that expired a minute ago.
    Expired,
    /// One for another authorization server.
    WrongAudience,
}

/// The platform.
pub(crate) struct Platform(SigningKey);

impl Platform {
    /// # Errors
    /// When the system gives no randomness.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(SigningKey::generate()?))
    }

    pub(crate) fn as_trusted(&self) -> TrustedIssuer {
        TrustedIssuer {
            issuer: ISSUER.to_owned(),
            key: self.0.public().clone(),
            says: Says::WhichWorkload,
        }
    }

    /// A token for the authorization server with this issuer; `now` in seconds since 1970.
    pub(crate) fn jwt(&self, kind: WorkloadJwt, issuer: &str, now: u64) -> Option<String> {
        let issued = match kind {
            WorkloadJwt::Expired => now - 660,
            _ => now,
        };
        let claims = json!({
            "iss": ISSUER,
            "sub": SUBJECT,
            "aud": match kind {
                WorkloadJwt::WrongAudience => "https://auth.another.example",
                _ => issuer,
            },
            "jti": random_text(),
            "iat": issued,
            "exp": issued + 600,
        });
        self.0.sign("JWT", &claims).ok()
    }
}
