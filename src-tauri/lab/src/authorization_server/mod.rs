//! The authorization server: one set of endpoints with one issuer and its own clients, grants and
//! tokens.
//!
//! | module | endpoint |
//! |---|---|
//! | `metadata` | the well-known documents and the JWK set |
//! | `registration` | dynamic registration and its management |
//! | `authorize`, `response`, `page` | the authorization endpoint, its answers, and what a person sees there |
//! | `request`, `request_object`, `authorization_details`, `acr` | what an authorization request may be |
//! | `pushed` | the pushed authorization request endpoint |
//! | `token`, `grants`, `tokens` | the token endpoint, what can be exchanged there, and the tokens themselves |
//! | `device` | device authorization: endpoint, page, polling |
//! | `assertion_grant`, `token_exchange` | assertions of other issuers as grants; an identity provider's own |
//! | `inspect` | revocation, introspection, userinfo |
//! | `clients`, `client_document`, `client_authentication` | who may ask, and how it proves it |
//! | `store` | what was granted |
//! | `early` | which access tokens expire early, where that is what goes wrong |

mod acr;
mod assertion_grant;
mod authorization_details;
mod authorize;
mod client_authentication;
mod client_document;
mod clients;
mod device;
mod early;
mod grants;
mod inspect;
mod metadata;
mod page;
mod pushed;
mod registration;
mod request;
mod request_object;
mod response;
mod store;
mod token;
mod token_exchange;
mod tokens;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{get, post};

use crate::dpop::{ProofGate, Proven, Unproven};
use crate::jwt::{PublicKey, SigningKey};
use crate::origin::allow_cross_origin;
use crate::web::OAuthError;
use crate::{LabOptions, Misbehaviour};

use clients::{GRANT_TYPES, IDENTITY_GRANT_TYPES, JWT_BEARER, of_identity_provider, preregistered};
use store::Store;

pub(crate) use acr::MULTIPLE_FACTORS;
pub(crate) use assertion_grant::{Says, TrustedIssuer};
pub(crate) use clients::{ENTERPRISE_CLIENT, IDENTITY_CLIENT};
pub(crate) use token_exchange::Partners;
pub(crate) use tokens::{Access, Refused};

/// The scopes that can be asked for. The MCP server knows the two `mcp:` ones.
const SCOPES: &[&str] = &[
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
    base: String,
    /// What it calls itself: in its metadata, in `iss` and in tokens.
    issuer: String,
    /// The resource identifiers it issues tokens for; the first is the default.
    resources: Vec<String>,
    /// The base URL of the lab's separate authorization server.
    as_url: String,
    /// The second one's, where there is one.
    second_as_url: Option<String>,
    misbehaviour: Option<Misbehaviour>,
    options: LabOptions,
    key: Arc<SigningKey>,
    /// Whose assertions it takes.
    trusted: Vec<TrustedIssuer>,
    /// Whom it issues ID-JAGs for, when it is an identity provider.
    partners: Option<Partners>,
    proofs: ProofGate,
    userinfo_proofs: ProofGate,
    store: Mutex<Store>,
}

/// What an authorization server is made of.
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

/// What an authorization server is there for.
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

    /// All endpoints, for the origin that `base` names.
    pub(crate) fn router(self: &Arc<Self>) -> Router {
        let for_programs = Router::new()
            .route(
                "/.well-known/oauth-authorization-server",
                get(metadata::oauth),
            )
            .route("/.well-known/openid-configuration", get(metadata::openid))
            .route("/jwks", get(metadata::jwks))
            .route("/register", post(registration::register))
            .route(
                "/register/{client_id}",
                get(registration::read)
                    .put(registration::update)
                    .delete(registration::delete),
            )
            .route("/par", post(pushed::push))
            .route("/device_authorization", post(device::authorization))
            .route("/token", post(token::token))
            .route("/revoke", post(inspect::revoke))
            .route("/introspect", post(inspect::introspect))
            .route("/userinfo", get(inspect::userinfo).post(inspect::userinfo))
            .with_state(self.clone());
        let for_people = Router::new()
            .route(
                "/authorize",
                get(authorize::from_query).post(authorize::from_form),
            )
            .route("/authorize/decision", post(authorize::decide))
            .route("/device", get(device::enter))
            .route("/device/decision", post(device::decide))
            .with_state(self.clone());
        allow_cross_origin(for_programs, self.misbehaviour).merge(for_people)
    }

    /// An identity provider knows its clients.
    fn offers_registration(&self) -> bool {
        self.partners.is_none() && !self.is(Misbehaviour::RegistrationNotOffered)
    }

    fn is(&self, misbehaviour: Misbehaviour) -> bool {
        self.misbehaviour == Some(misbehaviour)
    }

    /// The scopes that can be asked for here; the first is the default.
    fn scopes(&self) -> &'static [&'static str] {
        match self.partners {
            Some(_) => &SCOPES[2..],
            None => SCOPES,
        }
    }

    /// The grants that can be used here.
    fn grant_types(&self) -> Vec<&'static str> {
        let known = match self.partners {
            Some(_) => IDENTITY_GRANT_TYPES,
            None => GRANT_TYPES,
        };
        let possible = |grant: &&&str| **grant != JWT_BEARER || !self.trusted.is_empty();
        known.iter().filter(possible).copied().collect()
    }

    /// Seconds.
    fn access_token_lifetime(&self) -> u64 {
        self.options.access_token_lifetime.as_secs()
    }

    /// The thumbprint of the key that a request to one of the endpoints is bound to, if it is.
    ///
    /// # Errors
    /// `invalid_dpop_proof` or `use_dpop_nonce` (RFC 9449 sections 5 and 8).
    fn proven_key(&self, headers: &HeaderMap, path: &str) -> Result<Option<String>, OAuthError> {
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

    fn store(&self) -> MutexGuard<'_, Store> {
        // The store has no state that a panic could leave half-written and that matters in a lab.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The resources asked for, each one known; none asked for means the default one.
    ///
    /// # Errors
    /// `invalid_target` (RFC 8707 section 2) for a resource that is not in `known`.
    fn resources_of<'a>(
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

/// Seconds since 1970, the unit of JWT times.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|since| since.as_secs())
        .unwrap_or_default()
}

/// Text of a request, with what `error_description` may not hold replaced (RFC 6749 section 5.2),
/// and cut short.
fn plain(text: &str) -> String {
    let allowed = |c: char| {
        if matches!(c, ' '..='~') && c != '"' && c != '\\' {
            c
        } else {
            '?'
        }
    };
    text.chars().take(200).map(allowed).collect()
}
