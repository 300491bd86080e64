//! The record of a run.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::actions::ActionKind;
use crate::exchange::Exchange;
use crate::origin::{Client, FlowId, FlowInfo, Origin, OwnOption};
use crate::participant::{Participant, ParticipantId, Role};
use crate::phase::{Grant, Phase, TokenKind};
use crate::revision::Revision;
use crate::time::Timestamp;

/// The append-only record of a run. Rewinding appends too: what was abandoned stays.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The MCP server's URL as it was typed.
    pub server_url: String,
    pub started: Timestamp,
    /// How the trace came about.
    #[serde(default)]
    pub origin: Origin,
    /// Whose traffic it is.
    #[serde(default = "Client::ours")]
    pub client: Client,
    /// The attempts it holds; a live run is one.
    #[serde(default)]
    pub flows: Vec<FlowInfo>,
    /// The options of the run that depart from their defaults; none are known of a recording.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_options: Vec<OwnOption>,
    pub participants: Vec<Participant>,
    /// Shared, so that a copy of a trace costs a pointer for each entry.
    #[serde(with = "shared")]
    pub entries: Vec<Arc<Entry>>,
}

/// Without the URL as it was typed, which may have a key in it.
impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace")
            .field("origin", &self.origin)
            .field("participants", &self.participants)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

impl Trace {
    /// An empty trace of a run of this program.
    pub fn new(server_url: impl Into<String>, started: Timestamp) -> Self {
        let server_url = server_url.into();
        let flow = FlowInfo {
            id: FlowId::FIRST,
            server_url: Some(server_url.clone()),
        };
        let mut trace = Self::recorded(Origin::Live, Client::ours(), server_url, started);
        trace.flows.push(flow);
        trace
    }

    /// An empty trace of another client's traffic, which holds no flow yet.
    pub fn recorded(
        origin: Origin,
        client: Client,
        server_url: impl Into<String>,
        started: Timestamp,
    ) -> Self {
        let line = |id, role, name: &str| Participant {
            id,
            role,
            origin: None,
            name: name.into(),
        };
        Self {
            server_url: server_url.into(),
            started,
            participants: vec![
                line(ParticipantId::CLIENT, Role::Client, &client.name),
                line(ParticipantId::BROWSER, Role::Browser, "Browser"),
            ],
            origin,
            client,
            flows: Vec::new(),
            own_options: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// Appends an entry of the first flow and gives it the next number.
    pub fn push(
        &mut self,
        at: Timestamp,
        branch: Branch,
        phase: Phase,
        kind: EntryKind,
    ) -> Arc<Entry> {
        let flow = self.flows.first().map(|flow| flow.id);
        self.push_to(flow, at, branch, phase, kind)
    }

    /// Appends an entry of this flow, or of none, and gives it the next number.
    pub fn push_to(
        &mut self,
        flow: Option<FlowId>,
        at: Timestamp,
        branch: Branch,
        phase: Phase,
        kind: EntryKind,
    ) -> Arc<Entry> {
        let seq = self.entries.len() as u32 + 1;
        let entry = Arc::new(Entry {
            seq,
            at,
            branch,
            flow,
            phase,
            kind,
        });
        self.entries.push(entry.clone());
        entry
    }

    /// The entry with this number.
    pub fn entry(&self, seq: u32) -> Option<&Entry> {
        let entry = self.entries.get((seq as usize).checked_sub(1)?)?;
        Some(entry)
    }

    /// The participant of this role and origin, made when it is new.
    pub fn participant(&mut self, role: Role, origin: &str) -> ParticipantId {
        let known = self
            .participants
            .iter()
            .find(|p| p.role == role && p.origin.as_deref() == Some(origin));
        if let Some(known) = known {
            return known.id;
        }
        let id = ParticipantId(self.participants.len() as u16);
        let name = match role {
            Role::Client => self.client.name.as_str(),
            Role::Browser => "Browser",
            Role::McpServer => "MCP server",
            Role::AuthorizationServer => "Authorization server",
            Role::IdentityProvider => "Identity provider",
            Role::Other => "Other",
        };
        let name = name.to_owned();
        self.participants.push(Participant {
            id,
            role,
            origin: Some(origin.into()),
            name,
        });
        id
    }

    /// The entries that led to the present: those of abandoned branches are left out.
    pub fn live(&self) -> impl Iterator<Item = &Entry> {
        self.live_first(self.entries.len())
    }

    /// [`Trace::live`] as it was when there were this many entries.
    pub fn live_first(&self, entries: usize) -> impl Iterator<Item = &Entry> {
        let entries = &self.entries[..entries.min(self.entries.len())];
        // From the end: the smallest `to` of the rewinds that come later.
        let mut cut = u32::MAX;
        let mut live = vec![true; entries.len()];
        for (entry, live) in entries.iter().zip(&mut live).rev() {
            *live = entry.seq < cut;
            if let EntryKind::Rewound { to } = entry.kind {
                cut = cut.min(to);
            }
        }
        let live = entries.iter().zip(live).filter(|(_, live)| *live);
        live.map(|(entry, _)| entry.as_ref())
    }

    /// Every exchange with its entry, abandoned ones too.
    pub fn exchanges(&self) -> impl Iterator<Item = (&Entry, &Exchange)> {
        self.entries
            .iter()
            .filter_map(|entry| entry.exchange().map(|exchange| (entry.as_ref(), exchange)))
    }
}

/// Writes shared entries as the entries themselves.
mod shared {
    use super::*;
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(entries: &[Arc<Entry>], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(entries.iter().map(Arc::as_ref))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Arc<Entry>>, D::Error> {
        let entries = Vec::<Entry>::deserialize(from)?;
        Ok(entries.into_iter().map(Arc::new).collect())
    }
}

/// Counts the rewinds so far: entries of one branch belong together.
pub type Branch = u32;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Entry {
    /// 1 for the first entry; the number the diagram shows.
    pub seq: u32,
    pub at: Timestamp,
    pub branch: Branch,
    /// The flow it belongs to; `None` for traffic that belongs to no flow.
    #[serde(default = "FlowId::first")]
    #[ts(optional = nullable)]
    pub flow: Option<FlowId>,
    pub phase: Phase,
    pub kind: EntryKind,
}

impl Entry {
    pub fn exchange(&self) -> Option<&Exchange> {
        match &self.kind {
            EntryKind::Exchange(exchange) => Some(exchange),
            _ => None,
        }
    }

    pub fn decision(&self) -> Option<&Decision> {
        match &self.kind {
            EntryKind::Decision(decision) => Some(decision),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum EntryKind {
    Exchange(Box<Exchange>),
    /// The browser was sent to the authorization endpoint. What it does there is not seen, unless
    /// it is watched, or an approver plays the browser: then each hop is an exchange.
    BrowserOpened(BrowserVisit),
    Decision(Decision),
    /// The user went back: the entries from `to` up to this one are abandoned.
    Rewound {
        to: u32,
    },
}

#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct BrowserVisit {
    pub url: String,
    pub how: HowOpened,
}

/// Without the query, which has a state: a log may show it.
impl fmt::Debug for BrowserVisit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.url.split('?').next().unwrap_or(&self.url);
        write!(f, "BrowserVisit {path} {:?}", self.how)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HowOpened {
    /// The system browser.
    System,
    /// Shown to be copied, since no browser could be started or none was wanted.
    Shown,
    /// The headless approver follows the redirects and fills in the forms itself.
    Approver,
    /// A browser of its own, whose pages are recorded.
    Watched,
}

/// What a browser shows that was sent to the authorization endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BrowserShows {
    Login,
    Error,
    Success,
    Nothing,
}

impl BrowserShows {
    /// "a login page"
    pub fn words(self) -> &'static str {
        match self {
            Self::Login => "a login page",
            Self::Error => "an error page",
            Self::Success => "a success page",
            Self::Nothing => "nothing",
        }
    }
}

/// What the flow decided, with the facts that rules need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Decision {
    /// The revision the flow follows from here on.
    Revision {
        revision: Revision,
        why: String,
    },
    /// The MCP server answers without a token.
    NoAuthorizationNeeded,
    /// 2025-03-26: no metadata; the default endpoints of the MCP origin are used.
    DefaultEndpoints {
        origin: String,
    },
    /// The authorization server the flow goes on with, byte for byte as the metadata names it.
    AuthorizationServer {
        issuer: String,
        offered: Vec<String>,
    },
    /// The client the flow acts as.
    Client {
        client_id: String,
        how: String,
        auth_method: String,
        /// The issuer that knows it; `None` when it was arranged by hand without naming one.
        #[serde(default)]
        #[ts(optional = nullable)]
        issuer: Option<String>,
    },
    /// The scope of the authorization request; `None` when the parameter is left out.
    Scope {
        scope: Option<String>,
        source: ScopeSource,
    },
    /// How a token is to be got, when it is not by the authorization code; `why` in a few words.
    Grant {
        grant: Grant,
        why: String,
    },
    /// The tokens are bound to this key (RFC 9449); `thumbprint` as RFC 7638 has it.
    SenderConstrained {
        thumbprint: String,
        why: String,
    },
    /// This certificate is shown to servers that ask for one; `thumbprint` as `x5t#S256` has it
    /// (RFC 8705 section 3.1).
    ClientCertificate {
        thumbprint: String,
    },
    /// The MCP server wants more than the token gives: the flow authorizes once more, for `scope`.
    StepUp {
        /// The scope that is asked for now.
        scope: Option<String>,
        /// `acr_values` and `max_age` of the challenge (RFC 9470 section 3).
        acr_values: Option<String>,
        max_age: Option<String>,
        /// 1 for the first.
        attempt: u32,
    },
    /// The resource metadata names another authorization server than the tokens came from.
    AuthorizationServerChanged {
        from: String,
        to: String,
    },
    /// The browser could not be watched as the user wanted, so the system's was used.
    BrowserNotWatched {
        why: String,
    },
    /// The browser was watched. Requests for images, scripts and the like are not recorded but
    /// counted.
    BrowserWatched {
        browser: String,
        left_out: u32,
    },
    /// The user has to enter the code there (RFC 8628 section 3.3).
    DeviceCodeShown {
        verification_uri: String,
    },
    /// What came of checking a token's signature and claims against the issuer's keys.
    TokenChecked {
        token: TokenKind,
        /// `alg` and `kid` of its header.
        alg: Option<String>,
        kid: Option<String>,
        signature: SignatureCheck,
        problems: Vec<ClaimProblem>,
    },
    /// What the user says the browser shows, which this program cannot look into.
    BrowserShows {
        shows: BrowserShows,
    },
    /// What the user asked for: everything up to the next [`Decision::ActionDone`] belongs to it.
    Action {
        action: ActionKind,
    },
    /// How an action ended, in one sentence.
    ActionDone {
        action: ActionKind,
        message: String,
    },
    /// A token from the keychain was used.
    StoredTokenUsed {
        expired: bool,
        /// The issuer it came from.
        #[serde(default)]
        #[ts(optional = nullable)]
        issuer: Option<String>,
        /// The MCP server it was issued for.
        #[serde(default)]
        #[ts(optional = nullable)]
        resource: Option<String>,
    },
    TokensStored {
        place: String,
    },
    /// The stored tokens were forgotten; `why` in a few words.
    TokensForgotten {
        why: String,
    },
    /// The flow stopped; `can_go_on` when the user may insist.
    Stopped {
        code: StopCode,
        message: String,
        can_go_on: bool,
    },
    /// The user insisted on going on where the specification says to stop.
    WentOnAnyway {
        code: StopCode,
    },
    /// An authenticated MCP answer was reached.
    Reached {
        method: String,
        tools: Option<u32>,
    },
    /// The run was ended by the user.
    Ended,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum SignatureCheck {
    Valid,
    Invalid { why: String },
    NotChecked { why: String },
}

/// A claim that is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClaimProblem {
    pub claim: String,
    pub expected: String,
    pub got: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ScopeSource {
    /// The user named it.
    Given,
    /// `scope` of the challenge.
    Challenge,
    /// `scopes_supported` of the protected resource metadata.
    ScopesSupported,
    /// Neither names one.
    Omitted,
    /// A challenge for more scope, together with what was asked for before.
    StepUp,
}

/// Why the flow stopped. A code exists because the window or the command treats it differently, or
/// a rule reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StopCode {
    /// No response at all to a request the flow cannot do without.
    Transport,
    /// A challenge that comes with another status than 401.
    WrongChallengeStatus,
    /// The answer is not one of an MCP server.
    NotAnMcpServer,
    /// Neither a challenge nor metadata leads anywhere.
    NoResourceMetadata,
    /// The resource metadata cannot be used (no `authorization_servers`, not JSON, …).
    InvalidResourceMetadata,
    /// `resource` names something else than the URL used (RFC 9728 section 3.3).
    ForeignResource,
    /// No candidate answers with metadata.
    NoServerMetadata,
    /// `issuer` is not the issuer asked for (RFC 8414 section 3.3).
    IssuerMismatch,
    /// `code_challenge_methods_supported` is absent or lacks S256.
    PkceUnsupported,
    /// A needed endpoint is missing in the metadata, or is no http(s) URL.
    MissingEndpoint,
    /// A credential would go to an origin that nobody who is trusted named.
    CredentialsElsewhere,
    /// A secret was entered without the authorization server that it is for.
    IssuerNotConfirmed,
    /// There is no way to become a client of this authorization server.
    NoRegistration,
    RegistrationRejected,
    /// The authorization server answered with an error at the redirect URI.
    AuthorizationError,
    StateMismatch,
    IssMismatch,
    /// The callback carries neither `code` nor `error`.
    NoCode,
    /// The callback did not come in time.
    CallbackTimeout,
    /// The browser that was watched was closed before the callback.
    BrowserClosed,
    /// The listener for the callback could not be opened.
    ListenerFailed,
    /// The headless approver came to a page it cannot pass.
    ApproverStuck,
    TokenRejected,
    InvalidTokenResponse,
    /// The pushed authorization request was refused (RFC 9126 section 2.3).
    PushedAuthorizationRejected,
    /// The user did not approve the device, or not in time (RFC 8628 section 3.5).
    DeviceNotApproved,
    /// The ID token is not what it must be (OpenID Connect Core 1.0 section 3.1.3.7).
    IdTokenInvalid,
    /// The authorization server does not list the grant that was chosen.
    GrantNotOffered,
    /// Something that was asked for needs what the setup or the metadata does not have.
    NotPossible,
    /// The MCP server refuses the fresh token.
    TokenNotAccepted,
    /// The MCP server wants more scope than was granted.
    InsufficientScope,
    /// The MCP call itself failed after authorization.
    McpError,
    /// The login is not gone through: the code would go to the client that is played, or the run is
    /// to end there.
    EndsBeforeLogin,
    /// The user cancelled.
    Cancelled,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_leaves_out_what_was_rewound_over_and_the_trace_keeps_it() {
        let now = Timestamp(0);
        let mut trace = Trace::new("https://mcp.example/mcp", now);
        for _ in 0..3 {
            trace.push(
                now,
                0,
                Phase::Challenge,
                EntryKind::Decision(Decision::NoAuthorizationNeeded),
            );
        }
        trace.push(now, 1, Phase::Challenge, EntryKind::Rewound { to: 2 });
        trace.push(
            now,
            1,
            Phase::Challenge,
            EntryKind::Decision(Decision::Ended),
        );
        assert_eq!(
            trace.live().map(|entry| entry.seq).collect::<Vec<_>>(),
            [1, 4, 5]
        );
        assert_eq!(trace.entries.len(), 5);
    }

    #[test]
    fn one_origin_in_two_roles_is_two_participants() {
        let mut trace = Trace::new("https://mcp.example/mcp", Timestamp(0));
        let resource = trace.participant(Role::McpServer, "https://mcp.example");
        let server = trace.participant(Role::AuthorizationServer, "https://mcp.example");
        assert_ne!(resource, server);
        assert_eq!(
            trace.participant(Role::McpServer, "https://mcp.example"),
            resource
        );
    }
}
