//! What one request brought.

use serde::Serialize;
use ts_rs::TS;
use wire::Wire;

/// How the server answers one request with one `User-Agent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct EdgeAnswer {
    pub request: String,
    /// Whose `User-Agent` it is.
    pub client: String,
    pub user_agent: String,
    /// The status, or why there is none.
    pub answer: String,
    /// It is not the answer that Authscope gets.
    pub differs: bool,
    /// The header that names what stands in front, where there is one.
    pub in_front: Option<String>,
}

/// The metadata document of a known client, as it is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ClientDocument {
    pub client: String,
    pub url: String,
    /// What an authorization server would object to; empty where there is nothing.
    pub problems: Vec<String>,
}

/// One request, sent.
pub(super) async fn sent(wire: &Wire, request: &trace::Request) -> wire::Sent {
    wire.send(wire.complete(request), &[]).await
}
