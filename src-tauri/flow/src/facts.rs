//! What a flow knows so far, and every later step may need.

use trace::{Grant, Phase, ResourceMetadata, Revision, ServerMetadata, StopCode};

use crate::client::Client;
use crate::consent::Consent;
use crate::endpoint::{Endpoint, MissingEndpoint};
use crate::grant::RedeemedCode;
use crate::options::ResourceChoice;
use crate::queue::ActionQueue;
use crate::setup::Setup;
use crate::step::Step;
use crate::tokens::{Dpop, Tokens};
use crate::tool_pages::Tool;

/// What a flow knows so far. Identifiers are the text that was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The revision whose rules apply; the latest until something says otherwise.
    pub revision: Revision,
    /// The server's era is known, so that no other one is tried.
    pub era_known: bool,
    /// The version that the server asks for was tried once.
    pub version_retried: bool,
    /// The next JSON-RPC id.
    pub rpc_id: u32,
    /// `Mcp-Session-Id` (2025-11-25 basic/transports, "Session Management").
    pub session_id: Option<String>,
    pub server: ServerFacts,
    /// The latest 401.
    pub challenge: Option<ChallengeFacts>,
    pub resource_metadata: Option<ResourceMetadata>,
    /// The URLs the two metadata documents were read from.
    pub resource_metadata_from: Option<String>,
    pub server_metadata_from: Option<String>,
    /// The issuer chosen, byte for byte as the resource metadata names it.
    pub issuer: Option<String>,
    pub server_metadata: Option<ServerMetadata>,
    /// How the token is got: decided when the authorization server is known.
    pub grant: Grant,
    /// The redirect URI of the latest listener.
    pub redirect_uri: Option<String>,
    pub client: Option<Client>,
    /// Clients registered in this run that can be deleted again (RFC 7592).
    pub registered: Vec<Client>,
    /// The scope of the latest authorization request.
    pub requested_scope: Option<String>,
    /// The code that the present tokens were got with.
    pub redeemed: Option<Box<RedeemedCode>>,
    pub tokens: Option<Tokens>,
    /// The key the tokens are bound to (RFC 9449).
    pub dpop: Option<Dpop>,
    /// Tokens obtained since the flow last reached its end: a server that takes none of them must
    /// not keep it going.
    pub renewals: u8,
    /// A refreshed token was refused, and the metadata was looked at once more.
    pub looked_again: bool,
    pub step_up: StepUp,
    pub queue: ActionQueue,
    /// The refusals that the user chose to ignore.
    pub waived: Vec<StopCode>,
    /// Where the user let credentials go.
    pub consents: Vec<Consent>,
}

/// What a 401 said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChallengeFacts {
    /// `resource_metadata`, when it is an absolute http or https URL.
    pub resource_metadata: Option<Endpoint>,
    pub scope: Option<String>,
}

/// What the MCP server wanted beyond the token it got.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepUp {
    /// How often the flow authorized once more.
    pub attempts: u32,
    /// While the flow authorizes again: the step that is repeated with the new token.
    pub resume: Option<Box<Step>>,
    /// The scope asked for from now on.
    pub scope: Option<String>,
    /// RFC 9470 section 3.
    pub acr_values: Option<String>,
    pub max_age: Option<String>,
}

/// What the MCP server said of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerFacts {
    pub name: Option<String>,
    pub version: Option<String>,
    pub tools: Vec<Tool>,
}

impl Facts {
    pub(crate) fn new(revision: Option<Revision>) -> Self {
        let assumed = revision.unwrap_or(Revision::LATEST);
        Self {
            revision: assumed,
            era_known: revision.is_some() || !assumed.at_least(Revision::R20250618),
            version_retried: false,
            rpc_id: 1,
            session_id: None,
            server: ServerFacts::default(),
            challenge: None,
            resource_metadata: None,
            resource_metadata_from: None,
            server_metadata_from: None,
            issuer: None,
            server_metadata: None,
            grant: Grant::AuthorizationCode,
            redirect_uri: None,
            client: None,
            registered: Vec::new(),
            requested_scope: None,
            redeemed: None,
            tokens: None,
            dpop: None,
            renewals: 0,
            looked_again: false,
            step_up: StepUp::default(),
            queue: ActionQueue::default(),
            waived: Vec::new(),
            consents: Vec::new(),
        }
    }

    /// The resource indicator: as chosen, else what the metadata says, else the server's URL (RFC
    /// 8707 section 2). `None` before 2025-06-18, which has no such parameter.
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

    /// An endpoint of the authorization server, by its name in the metadata. Requests that this
    /// client makes itself go to the alias for clients with a certificate where there is one (RFC
    /// 8705 section 5).
    ///
    /// # Errors
    /// When the metadata is not known, or names no URL that can be used.
    pub(crate) fn endpoint(
        &self,
        setup: &Setup,
        name: &'static str,
    ) -> Result<Endpoint, MissingEndpoint> {
        let Some(metadata) = &self.server_metadata else {
            return Endpoint::read(name, None);
        };
        let with_certificate =
            setup.certificate_thumbprint.is_some() && name != "authorization_endpoint";
        let alias = metadata
            .mtls_endpoint_aliases
            .iter()
            .find(|(alias, _)| alias == name && with_certificate);
        if let Some((_, url)) = alias {
            return Endpoint::read(name, Some(url));
        }
        let url = match name {
            "authorization_endpoint" => &metadata.authorization_endpoint,
            "token_endpoint" => &metadata.token_endpoint,
            "registration_endpoint" => &metadata.registration_endpoint,
            "revocation_endpoint" => &metadata.revocation_endpoint,
            "introspection_endpoint" => &metadata.introspection_endpoint,
            "userinfo_endpoint" => &metadata.userinfo_endpoint,
            "pushed_authorization_request_endpoint" => {
                &metadata.pushed_authorization_request_endpoint
            }
            "device_authorization_endpoint" => &metadata.device_authorization_endpoint,
            "jwks_uri" => &metadata.jwks_uri,
            _ => &None,
        };
        Endpoint::read(name, url.as_deref())
    }

    /// The phase of a request that leads to a token: the step-up, if it is made for one.
    pub(crate) fn phase(&self, otherwise: Phase) -> Phase {
        if self.step_up.resume.is_some() {
            Phase::StepUp
        } else {
            otherwise
        }
    }

    /// Drops what belongs to another authorization server than `issuer`.
    pub(crate) fn at_issuer(&mut self, issuer: &str) {
        if self.issuer.as_deref() != Some(issuer) {
            self.server_metadata = None;
            self.requested_scope = None;
            if let Some(dpop) = &mut self.dpop {
                dpop.server_nonce = None;
            }
        }
        self.issuer = Some(issuer.into());
    }

    pub(crate) fn waives(&self, code: StopCode) -> bool {
        self.waived.contains(&code)
    }
}
