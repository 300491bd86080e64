//! Where a flow stands.

use trace::{MetadataSource, Secret, StopCode, Timestamp, WellKnown};

use crate::endpoint::Endpoint;
use crate::grant::{Authorization, TokenGrant};
use crate::options::ToolCall;
use crate::queue::ActionRequest;
use crate::tool_pages::ToolPages;

/// A place in the flow, named for what it awaits. It owns what its request needs.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// The answer to the first call.
    ExpectChallenge {
        /// The call is made with a token from an earlier run.
        with_token: bool,
    },
    /// A protected resource metadata document.
    ExpectResourceMetadata {
        source: MetadataSource,
        url: Endpoint,
        /// Counts the candidates from 0.
        attempt: usize,
    },
    /// An authorization server metadata document.
    ExpectServerMetadata {
        issuer: String,
        well_known: WellKnown,
        url: Endpoint,
        /// Counts the candidates from 0.
        attempt: usize,
    },
    /// The redirect URI, once the listener for it is open.
    ExpectListener,
    ExpectRegistration {
        endpoint: Endpoint,
        /// `None` for grants without a redirect.
        redirect_uri: Option<String>,
    },
    /// The `request_uri` of a pushed authorization request (RFC 9126).
    ExpectRequestUri {
        endpoint: Endpoint,
        authorization: Box<Authorization>,
    },
    ExpectCallback {
        authorization: Box<Authorization>,
        /// Of the request that was pushed.
        request_uri: Option<String>,
    },
    /// The code for the user and the one for the device (RFC 8628).
    ExpectDeviceCode {
        endpoint: Endpoint,
    },
    /// The identity provider's metadata.
    ExpectIdentityProvider {
        issuer: String,
        well_known: WellKnown,
        url: Endpoint,
        /// Counts the candidates from 0.
        attempt: usize,
    },
    /// The identity provider's assertion for the authorization server.
    ExpectAssertion {
        endpoint: Endpoint,
        /// The user named it, or metadata that the identity provider vouches for.
        vouched: bool,
    },
    ExpectToken {
        endpoint: Endpoint,
        grant: TokenGrant,
    },
    /// The answer to the first call with a token: `server/discover` or `initialize`.
    ExpectServerInfo,
    /// The acceptance of `notifications/initialized`.
    ExpectInitialized,
    ExpectTools,
    /// A further page of the list of tools.
    ExpectMoreTools(ToolPages),
    /// The answer of the tool that the setup names.
    ExpectToolResult {
        call: ToolCall,
    },
    /// The rest of a stream that ended before its answer.
    ExpectEventStream {
        last_event_id: String,
        not_before: Timestamp,
        /// 1 for the first time.
        attempt: u32,
        /// The step that waits for the answer.
        then: Box<Step>,
    },
    /// The answer to a refresh request.
    ExpectRefresh {
        endpoint: Endpoint,
        refresh_token: Secret,
        /// Where the flow goes on with the new token.
        then: Box<Step>,
    },
    /// The answer to something the user asked for besides the flow.
    ExpectAction(Box<ActionRequest>),
    /// Nothing more, unless the user goes on anyway, where that is possible.
    Stopped {
        code: StopCode,
        message: String,
        can_go_on: bool,
    },
    Done {
        message: String,
    },
}
