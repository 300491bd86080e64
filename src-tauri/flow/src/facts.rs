//! What a flow knows so far.

use serde::{Deserialize, Serialize};
use trace::{
    Grant, Phase, ResourceMetadata, Revision, Secret, ServerMetadata, StopCode, Timestamp,
};
use ts_rs::TS;

use crate::agenda::Agenda;
use crate::options::ResourceChoice;
use crate::setup::Setup;
use crate::step::Step;
use jose::SigningKey;

/// What a flow knows so far. Identifiers are the text that was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The revision whose rules apply; the latest until something tells otherwise.
    pub revision: Revision,
    /// The server's era is known: no other one is tried.
    pub era_known: bool,
    /// `resource_metadata` of the challenge, when it is an absolute http(s) URL.
    pub resource_metadata_url: Option<String>,
    /// `scope` of the latest challenge.
    pub challenged_scope: Option<String>,
    /// A 401 was seen.
    pub challenged: bool,
    pub resource_metadata: Option<ResourceMetadata>,
    /// The URLs the two metadata documents were read from.
    pub resource_metadata_from: Option<String>,
    pub server_metadata_from: Option<String>,
    /// The issuer chosen, byte for byte as the resource metadata names it.
    pub issuer: Option<String>,
    pub server_metadata: Option<ServerMetadata>,
    pub redirect_uri: Option<String>,
    pub client: Option<Client>,
    pub authorization: Option<Authorization>,
    pub code: Option<Secret>,
    /// The code that the present tokens were got with.
    pub redeemed_code: Option<Secret>,
    /// The version the server wants was tried once more.
    pub version_retried: bool,
    /// How the token is got: decided when the authorization server is known.
    pub grant: Grant,
    /// `request_uri` of the pushed authorization request (RFC 9126 section 2.2), until it was used.
    pub request_uri: Option<String>,
    pub device: Option<Device>,
    /// The identity provider's token endpoint, once it is known.
    pub idp_token_endpoint: Option<String>,
    /// What is used as a grant: the identity provider's assertion, or the one given.
    pub assertion: Option<Secret>,
    pub tokens: Option<Tokens>,
    /// The key the tokens are bound to (RFC 9449).
    pub dpop: Option<Dpop>,
    pub step_up: StepUp,
    /// The step at which the server wanted more than the token gave: it is tried again with the
    /// next one.
    pub resume: Option<Box<Step>>,
    /// `Mcp-Session-Id` (2025-11-25 basic/transports, "Session Management").
    pub session_id: Option<String>,
    pub server: ServerFacts,
    /// Clients registered in this run that can be deleted again (RFC 7592).
    pub registered: Vec<Client>,
    /// What is still to be done of what the user asked for.
    pub agenda: Agenda,
    /// The refusals the user passed by.
    pub waived: Vec<StopCode>,
    /// A redirect being followed.
    pub redirect: Option<Redirect>,
    /// Tokens obtained since the flow last reached its end: a server that takes none of them must
    /// not keep it going.
    pub renewals: u8,
    /// A refreshed token was refused, and the metadata was looked at once more.
    pub looked_again: bool,
    /// The next JSON-RPC id.
    pub rpc_id: u32,
}

/// A redirect being followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// Where to.
    pub url: String,
    /// How many there were, this one included.
    pub hops: u8,
    /// One of them led to another origin: no credential goes along from then on, not even when a
    /// later one leads back.
    pub left_origin: bool,
}

/// The client the flow acts as.
#[derive(Debug, Clone, PartialEq)]
pub struct Client {
    pub client_id: String,
    pub client_secret: Option<Secret>,
    /// For `private_key_jwt` and signed request objects.
    pub private_key: Option<SigningKey>,
    /// `none`, `client_secret_basic`, `client_secret_post`, `private_key_jwt` (RFC 7591 section 2).
    pub auth_method: String,
    /// The issuer it is known to: credentials are never used with another one (2026-07-28
    /// basic/authorization/client-registration). None when the user arranged it and did not say.
    pub issuer: Option<String>,
    pub by: RegisteredBy,
    /// The redirect URI it was registered with.
    pub redirect_uri: Option<String>,
    /// The whole registration answer (RFC 7591 section 3.2.1); it holds secrets.
    pub registration: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisteredBy {
    /// The user's own arrangement with the authorization server.
    Hand,
    Dcr,
    /// The client_id is the URL of our metadata document.
    Cimd,
}

/// An authorization request under way (2026-07-28 basic/authorization, "Authorization Response
/// Validation": the issuer is recorded with the verifier and the state).
#[derive(Debug, Clone, PartialEq)]
pub struct Authorization {
    pub state: Secret,
    pub code_verifier: Secret,
    pub issuer: Option<String>,
    pub scope: Option<String>,
    /// OpenID Connect Core 1.0 section 3.1.2.1; sent when `openid` is in the scope.
    pub nonce: Secret,
}

/// A device authorization under way (RFC 8628 section 3.2).
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    pub device_code: Secret,
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: Option<String>,
    pub expires_at: Timestamp,
    /// Seconds between two polls.
    pub interval: u64,
    pub next_poll: Timestamp,
}

/// Proof of possession under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Dpop {
    pub key: SigningKey,
    /// The nonces that the authorization server and the MCP server gave last (RFC 9449 sections 8
    /// and 9).
    pub server_nonce: Option<String>,
    pub resource_nonce: Option<String>,
    /// The present request was already repeated with a nonce: it is not repeated again.
    pub repeated: bool,
}

/// What the MCP server wanted beyond the token it got.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepUp {
    /// How often the flow authorized once more.
    pub attempts: u8,
    /// The present way through authorization and token request is for a step-up.
    pub under_way: bool,
    /// The scope asked for from now on.
    pub scope: Option<String>,
    /// RFC 9470 section 3.
    pub acr_values: Option<String>,
    pub max_age: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Tokens {
    pub access_token: Secret,
    pub refresh_token: Option<Secret>,
    pub id_token: Option<Secret>,
    pub token_type: String,
    pub scope: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub obtained_at: Timestamp,
    /// The MCP server has accepted the access token at least once.
    pub accepted: bool,
    /// It came by a refresh.
    pub refreshed: bool,
    /// It came from the keychain, not from this run.
    pub stored: bool,
    /// The issuer that issued it.
    pub issuer: Option<String>,
    /// The key it is bound to (RFC 9449).
    pub dpop_key: Option<SigningKey>,
}

impl Tokens {
    /// Whether the access token's time is over, as far as the server said when that is.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

/// What the MCP server said of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerFacts {
    pub name: Option<String>,
    pub version: Option<String>,
    pub tools: Vec<Tool>,
}

/// A tool as `tools/list` names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Tool {
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    /// Its `inputSchema`: a JSON schema, as it came.
    pub input_schema: serde_json::Value,
}

impl Facts {
    pub(crate) fn new(revision: Option<Revision>) -> Self {
        Self {
            revision: revision.unwrap_or(Revision::LATEST),
            era_known: revision.is_some(),
            resource_metadata_url: None,
            challenged_scope: None,
            challenged: false,
            resource_metadata: None,
            resource_metadata_from: None,
            server_metadata_from: None,
            issuer: None,
            server_metadata: None,
            redirect_uri: None,
            client: None,
            authorization: None,
            code: None,
            redeemed_code: None,
            version_retried: false,
            grant: Grant::AuthorizationCode,
            request_uri: None,
            device: None,
            idp_token_endpoint: None,
            assertion: None,
            tokens: None,
            dpop: None,
            step_up: StepUp::default(),
            resume: None,
            session_id: None,
            server: ServerFacts::default(),
            registered: Vec::new(),
            agenda: Agenda::default(),
            waived: Vec::new(),
            redirect: None,
            renewals: 0,
            looked_again: false,
            rpc_id: 1,
        }
    }

    /// The resource indicator: as chosen, else what the metadata says, else the server's URL (RFC
    /// 8707 section 2). None before 2025-06-18, which has no such parameter.
    pub(crate) fn resource(&self, setup: &Setup) -> Option<String> {
        match &setup.resource {
            ResourceChoice::Off => return None,
            ResourceChoice::Given { uri } => return Some(uri.clone()),
            ResourceChoice::Advertised => {}
        }
        if !self.revision.at_least(Revision::R20250618) {
            return None;
        }
        let named = self
            .resource_metadata
            .as_ref()
            .and_then(|metadata| metadata.resource.clone());
        Some(named.unwrap_or_else(|| setup.server_url.clone()))
    }

    /// An endpoint of the authorization server: the alias for clients with a certificate where
    /// there is both (RFC 8705 section 5).
    pub(crate) fn endpoint(&self, setup: &Setup, name: &str) -> Option<String> {
        let metadata = self.server_metadata.as_ref()?;
        let alias = metadata
            .mtls_endpoint_aliases
            .iter()
            .find(|(alias, _)| alias == name && setup.certificate_thumbprint.is_some());
        if let Some((_, url)) = alias {
            return Some(url.clone());
        }
        match name {
            "token_endpoint" => metadata.token_endpoint.clone(),
            "registration_endpoint" => metadata.registration_endpoint.clone(),
            "revocation_endpoint" => metadata.revocation_endpoint.clone(),
            "introspection_endpoint" => metadata.introspection_endpoint.clone(),
            "userinfo_endpoint" => metadata.userinfo_endpoint.clone(),
            "pushed_authorization_request_endpoint" => {
                metadata.pushed_authorization_request_endpoint.clone()
            }
            "device_authorization_endpoint" => metadata.device_authorization_endpoint.clone(),
            "jwks_uri" => metadata.jwks_uri.clone(),
            _ => None,
        }
    }

    /// The phase of a request that leads to a token: a step-up where that is what it is for.
    pub(crate) fn phase(&self, otherwise: Phase) -> Phase {
        if self.step_up.under_way {
            Phase::StepUp
        } else {
            otherwise
        }
    }

    /// Leaves behind what belongs to another authorization server than `issuer`.
    pub(crate) fn at_issuer(&mut self, issuer: String) {
        if self.issuer.as_ref() != Some(&issuer) {
            self.server_metadata = None;
            self.authorization = None;
            self.code = None;
            self.request_uri = None;
            self.device = None;
            if let Some(dpop) = &mut self.dpop {
                dpop.server_nonce = None;
            }
        }
        self.issuer = Some(issuer);
    }

    pub(crate) fn waives(&self, code: StopCode) -> bool {
        self.waived.contains(&code)
    }
}
