//! Who takes part: the lifelines of the diagram.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Index into [`crate::Trace::participants`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub struct ParticipantId(pub u16);

impl ParticipantId {
    /// The client is always the first participant.
    pub const CLIENT: Self = Self(0);
    /// The browser is always the second.
    pub const BROWSER: Self = Self(1);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Client,
    Browser,
    /// The protected resource.
    McpServer,
    AuthorizationServer,
    /// Vouches for the user to the authorization server (enterprise-managed authorization).
    IdentityProvider,
    /// Any other origin that a redirect or an endpoint led to.
    Other,
}

/// One lifeline. An origin that is both MCP server and authorization server is two participants,
/// since the requirements on the two roles differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Participant {
    pub id: ParticipantId,
    pub role: Role,
    /// `scheme://host[:port]`; `None` for the client and the browser.
    pub origin: Option<String>,
    /// What the diagram writes in the head: "Authscope", "Browser", "MCP server", "Authorization
    /// server", "Identity provider", "Other".
    pub name: String,
}
