//! What the flow decided, and why it stopped.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::actions::ActionKind;
use crate::phase::{Grant, TokenKind};
use crate::revision::Revision;

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
