//! What an authorization server is made of and what its endpoints share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::clients::{
    GRANT_TYPES, IDENTITY_GRANT_TYPES, JWT_BEARER, of_identity_provider, preregistered,
};
use super::store::Store;
use super::trust::{Partners, TrustedIssuer};
use crate::dpop::{ProofGate, Proven, Unproven};
use crate::jwt::{PublicKey, SigningKey};
use crate::web::{OAuthError, answer, no_store, plain};
use crate::{Endpoint, LabOptions, Misbehaviour};

/// The scopes that can be asked for. The MCP server knows the two `mcp:` ones.
pub(super) const SCOPES: &[&str] = &[
    "mcp:read",
    "mcp:write",
    "openid",
    "profile",
    "email",
    "offline_access",
];

/// An authorization server and everything it remembers.
pub(crate) struct AuthorizationServer {
    /// Where its endpoints are, without a trailing slash.
    pub(super) base: String,
    /// What it calls itself: in its metadata, in `iss` and in tokens.
    pub(super) issuer: String,
    /// The resource identifiers it issues tokens for; the first is the default.
    pub(super) resources: Vec<String>,
    /// The base URL of the lab's separate authorization server.
    pub(super) as_url: String,
    /// The second one's, where there is one.
    pub(super) second_as_url: Option<String>,
    pub(super) misbehaviour: Option<Misbehaviour>,
    pub(super) options: LabOptions,
    pub(super) key: Arc<SigningKey>,
    /// Whose assertions it takes.
    pub(super) trusted: Vec<TrustedIssuer>,
    /// Whom it issues ID-JAGs for, when it is an identity provider.
    pub(super) partners: Option<Partners>,
    pub(super) proofs: ProofGate,
    pub(super) userinfo_proofs: ProofGate,
    pub(super) store: Mutex<Store>,
}

/// Everything needed to make an authorization server.
pub(crate) struct Setup<'a> {
    /// Where its endpoints are, without a trailing slash.
    pub(crate) base: &'a str,
    /// The base URL of the lab's separate authorization server.
    pub(crate) as_url: &'a str,
    /// That of the second one, where there is one.
    pub(crate) second_as_url: Option<&'a str>,
    /// The resource identifiers it issues tokens for; the first is the default.
    pub(crate) resources: Vec<String>,
    pub(crate) key: Arc<SigningKey>,
    pub(crate) role: Role,
    pub(crate) options: LabOptions,
}

/// The purpose of an authorization server.
pub(crate) enum Role {
    /// Issues tokens for the MCP server.
    ForMcp {
        /// The key of the pre-registered client that authenticates with one.
        client_key: PublicKey,
        trusted: Vec<TrustedIssuer>,
    },
    /// Knows the people of an enterprise, and issues ID-JAGs.
    IdentityProvider(Partners),
}

impl AuthorizationServer {
    pub(crate) fn new(setup: Setup) -> Self {
        let Setup {
            base,
            as_url,
            second_as_url,
            resources,
            key,
            role,
            options,
        } = setup;
        let (clients, trusted, partners) = match role {
            Role::ForMcp {
                client_key,
                trusted,
            } => (preregistered(client_key), trusted, None),
            Role::IdentityProvider(partners) => {
                (of_identity_provider(), Vec::new(), Some(partners))
            }
        };
        Self {
            base: base.to_owned(),
            issuer: match options.misbehaviour {
                _ if options.provider.is_some() => format!(
                    "{base}{}",
                    options.provider.map_or("", |setup| &setup.provider.issuer)
                ),
                Some(Misbehaviour::IssuerTrailingSlash) => format!("{base}/"),
                Some(Misbehaviour::IssuerMismatch) => "https://login.example".to_owned(),
                _ => base.to_owned(),
            },
            resources,
            as_url: as_url.to_owned(),
            second_as_url: second_as_url.map(str::to_owned),
            misbehaviour: options.misbehaviour,
            key,
            trusted,
            partners,
            proofs: ProofGate::new(options.dpop_nonce),
            userinfo_proofs: ProofGate::new(false),
            store: Mutex::new(Store::new(clients)),
            options,
        }
    }

    /// What it calls itself: in its metadata, in `iss` and in tokens.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// An identity provider knows its clients.
    pub(super) fn offers_registration(&self) -> bool {
        self.partners.is_none() && !self.is(Misbehaviour::RegistrationNotOffered)
    }

    /// What an endpoint of the provider that is played answers, where that is what goes wrong.
    pub(super) fn wrong_answer(&self, endpoint: Endpoint) -> Option<Response> {
        let (status, text) = self.options.provider?.answer_at(endpoint)?;
        let media_type = if text.starts_with('<') {
            "text/html"
        } else {
            "application/json"
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Some(no_store(answer(status, media_type, text.to_owned())))
    }

    pub(super) fn is(&self, misbehaviour: Misbehaviour) -> bool {
        self.misbehaviour == Some(misbehaviour)
    }

    /// The scopes that can be asked for here; the first is the default.
    pub(super) fn scopes(&self) -> &'static [&'static str] {
        match self.partners {
            Some(_) => &SCOPES[2..],
            None => SCOPES,
        }
    }

    /// The grants that can be used here.
    pub(super) fn grant_types(&self) -> Vec<&'static str> {
        let known = match self.partners {
            Some(_) => IDENTITY_GRANT_TYPES,
            None => GRANT_TYPES,
        };
        let possible = |grant: &&&str| **grant != JWT_BEARER || !self.trusted.is_empty();
        known.iter().filter(possible).copied().collect()
    }

    /// Seconds.
    pub(super) fn access_token_lifetime(&self) -> u64 {
        self.options.access_token_lifetime.as_secs()
    }

    /// The thumbprint of the key that a request to one of the endpoints is bound to, if it is.
    ///
    /// # Errors
    /// `invalid_dpop_proof` or `use_dpop_nonce` (RFC 9449 sections 5 and 8).
    pub(super) fn proven_key(
        &self,
        headers: &HeaderMap,
        path: &str,
    ) -> Result<Option<String>, OAuthError> {
        if self.is(Misbehaviour::DpopNonceMissing)
            && path == "/token"
            && headers.contains_key("dpop")
        {
            let text = "The DPoP proof has to hold a nonce";
            return Err(OAuthError::new("use_dpop_nonce", text));
        }
        let request = Proven {
            headers,
            method: "POST",
            path,
            access_token: None,
        };
        self.proofs
            .check(request)
            .map_err(|unproven| match unproven {
                Unproven::Invalid(text) => OAuthError::new("invalid_dpop_proof", text),
                Unproven::NonceWanted => OAuthError::use_dpop_nonce(self.proofs.nonce()),
            })
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        // The store has no state that a panic could leave half-written and that matters in a lab.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The resources asked for, each one known; none asked for means the default one.
    ///
    /// # Errors
    /// `invalid_target` (RFC 8707 section 2) for a resource that is not in `known`.
    pub(super) fn resources_of<'a>(
        asked: impl Iterator<Item = &'a str>,
        known: &[String],
        default: &[String],
    ) -> Result<Vec<String>, OAuthError> {
        let asked: Vec<String> = asked.map(str::to_owned).collect();
        if let Some(foreign) = asked.iter().find(|resource| !known.contains(resource)) {
            return Err(OAuthError::new(
                "invalid_target",
                format!("Unknown resource {}", plain(foreign)),
            ));
        }
        Ok(if asked.is_empty() {
            default.to_vec()
        } else {
            asked
        })
    }
}
