//! What a session reports: what was recorded, and where the run stands.

use std::sync::Arc;

use diagnosis::{PartMeaning, StepGuide};
use flow::Tool;
use flow::options::RegistrationWay;
use serde::{Deserialize, Serialize};
use trace::{
    ActionKind, Entry, HowOpened, Outcome, Participant, Phase, Request, Revision, Secret, StopCode,
    Timestamp, Trace,
};
use ts_rs::TS;

use crate::breakpoints::Breakpoint;

/// What happened since the event before, in one message. All events together are the whole run.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// New entries of the trace, in order.
    pub entries: Vec<Arc<Entry>>,
    /// All participants, when there is a new one.
    pub participants: Option<Vec<Participant>>,
    /// Where the run stands, when that changed.
    pub state: Option<Arc<RunState>>,
}

/// Called with everything that is recorded so far and the secrets that were typed, whenever there
/// is more of it and before anything else happens.
pub type Keep = Box<dyn FnMut(&Trace, &[(String, Secret)]) + Send>;

/// Where a run stands.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    pub status: Status,
    /// Goes on without asking at each request.
    pub running: bool,
    pub breakpoints: Vec<Breakpoint>,
    /// The one at which the run waits.
    pub at_breakpoint: Option<Breakpoint>,
    /// The phase of the step that comes next or is under way.
    pub phase: Option<Phase>,
    /// What happens when "Next" is pressed; `None` while something is under way or all is done.
    pub next: Option<NextStep>,
    /// The revision in use, once it is known.
    pub revision: Option<Revision>,
    pub tokens: Vec<TokenView>,
    pub vault: VaultView,
    /// "http://127.0.0.1:43117/callback" while the listener is open.
    pub listening: Option<String>,
    /// What the MCP server said of itself.
    pub server: Option<ServerView>,
    /// The authorization servers the resource metadata names.
    pub authorization_servers: Vec<String>,
    /// The authorization server in use.
    pub issuer: Option<String>,
    /// What can be asked for now.
    pub actions: Vec<ActionKind>,
    /// When the flow stopped because it could not register: the other ways that are open.
    pub registrations: Vec<RegistrationWay>,
    /// How many clients this session registered and can delete again.
    pub registrations_left: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Status {
    /// Waits for "Next": `next` says what for.
    Ready,
    /// A request is under way.
    Sending,
    /// An answer has come and waits at a breakpoint: the flow has not seen it.
    AnswerHeld {
        /// "Register this client"
        title: String,
        request: Request,
        outcome: Outcome,
    },
    /// Copies of an earlier request are being sent.
    Resending {
        /// The row they are copies of.
        seq: u32,
        /// How many were sent before the one under way.
        sent: u32,
        times: u32,
    },
    /// The keychain was asked and has not answered yet: it may be asking for its password.
    AwaitingKeychain,
    /// The browser is with the user.
    AwaitingCallback {
        /// For the user to open or copy.
        authorization_url: String,
        how: HowOpened,
        deadline: Timestamp,
        /// There is a browser that can be watched in place of the one that stays away.
        can_watch: bool,
    },
    /// A code is to be entered in a browser (RFC 8628 section 3.3), while the token endpoint is
    /// polled.
    AwaitingDevice {
        user_code: String,
        verification_uri: String,
        /// With the code in it.
        verification_uri_complete: Option<String>,
        /// When the code ends.
        deadline: Timestamp,
        /// When the token endpoint is asked again.
        next_poll: Timestamp,
    },
    /// A client is being observed.
    Observing {
        /// What the client is given in place of the server's URL.
        url: String,
        /// Where it is listened on this machine: a tunnel has to lead there.
        port: u16,
    },
    /// The flow stopped where the specification or the traffic says so.
    Stopped {
        code: StopCode,
        message: String,
        /// "Go on anyway" is possible.
        can_go_on: bool,
    },
    /// An authenticated MCP answer was reached.
    Done { message: String },
    /// Ended by the user.
    Ended {
        /// What was under way then, as far as the trace shows it.
        message: String,
    },
}

impl Status {
    /// Something goes on, or waits for the user, that ends when the run does.
    pub fn goes_on(&self) -> bool {
        match self {
            Self::Sending
            | Self::AnswerHeld { .. }
            | Self::Resending { .. }
            | Self::AwaitingKeychain
            | Self::AwaitingCallback { .. }
            | Self::AwaitingDevice { .. }
            | Self::Observing { .. } => true,
            Self::Ready | Self::Stopped { .. } | Self::Done { .. } | Self::Ended { .. } => false,
        }
    }
}

/// The step that comes next, in words, with the request as it will be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct NextStep {
    pub phase: Phase,
    /// "Register this client"
    pub title: String,
    /// Why it is needed, in one sentence.
    pub why: String,
    /// The request, complete with all its headers. For the authorization step: the URL the browser
    /// will open, as a GET.
    pub request: Request,
    /// What stands in the request and is a secret: shown masked until asked for.
    pub secrets: Vec<String>,
    /// The step opens the browser instead of sending.
    pub browser: bool,
    pub edited: bool,
    /// What the step does and why, for those who do not know it.
    pub guide: Option<StepGuide>,
    /// What the known parts of the request mean.
    pub meanings: Vec<PartMeaning>,
}

/// A token set, without the secrets: those are asked for by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TokenView {
    /// Names the token set in commands.
    pub id: String,
    pub issuer: String,
    pub resource: String,
    pub client_id: String,
    pub scope: Option<String>,
    /// Masked: the first characters and the length.
    pub access_token: String,
    pub refresh_token: Option<String>,
    /// `None` when the server did not say.
    pub expires_at: Option<Timestamp>,
    /// The set this session is using.
    pub current: bool,
    /// Kept in the keychain, not only in memory.
    pub stored: bool,
}

/// Where tokens are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct VaultView {
    /// "GNOME Keyring", "macOS Keychain", "Memory only".
    pub name: String,
    pub persistent: bool,
    /// Why there is no keychain, when there is none, or why it was not read.
    pub problem: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ServerView {
    pub name: Option<String>,
    pub version: Option<String>,
    pub tools: Vec<Tool>,
}
