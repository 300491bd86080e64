//! What a browser asks before a page may send a request of this client.

use trace::{CrossOrigin, Revision};

use crate::facts::Facts;

/// Whether a browser asks before it sends this request. A form with nothing but safelisted header
/// fields is sent at once (Fetch Standard, "CORS-safelisted request-header"). A call with the token
/// asks what the one without asked.
pub(crate) fn asks_first(facts: &Facts, of: CrossOrigin) -> bool {
    of != CrossOrigin::McpCall && !unsafe_headers(facts, of).is_empty()
}

/// The names of the header fields that need a browser's question, in its order: those of this
/// client's own requests that are not safelisted.
pub(crate) fn unsafe_headers(facts: &Facts, of: CrossOrigin) -> Vec<&'static str> {
    let modern = facts.revision.is_modern();
    let proof = facts.dpop.is_some();
    let client = facts.client.as_ref();
    let basic = client.is_some_and(|client| client.auth_method == "client_secret_basic");
    let all = match of {
        CrossOrigin::ResourceMetadata | CrossOrigin::ServerMetadata => {
            vec![("mcp-protocol-version", true)]
        }
        CrossOrigin::Registration => vec![("content-type", true)],
        CrossOrigin::Token => vec![("authorization", basic), ("dpop", proof)],
        CrossOrigin::McpEndpoint | CrossOrigin::McpCall => vec![
            ("authorization", true),
            ("content-type", true),
            ("dpop", proof),
            ("mcp-method", modern),
            ("mcp-name", modern),
            (
                "mcp-protocol-version",
                facts.revision.at_least(Revision::R20250618),
            ),
            ("mcp-session-id", !modern && facts.session_id.is_some()),
        ],
    };
    let sent = all.into_iter().filter(|(_, sent)| *sent);
    sent.map(|(name, _)| name).collect()
}
