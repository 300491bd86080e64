//! What each phase of the flow is for.

use trace::Phase;

/// What happens in a phase and what it is good for, in one sentence.
pub fn phase_in_a_sentence(phase: Phase) -> &'static str {
    match phase {
        Phase::Challenge => {
            "The client calls the MCP server without a token, to be told that it needs one and \
             where to begin."
        }
        Phase::ResourceMetadata => {
            "The MCP server says in a document which authorization servers issue its tokens."
        }
        Phase::ServerMetadata => {
            "The authorization server says in a document where its endpoints are and what it can do."
        }
        Phase::Registration => {
            "The client gets a client id, by which the authorization server knows it."
        }
        Phase::Authorization => {
            "The user logs in and agrees in the browser, which brings a code back to the client."
        }
        Phase::Token => "The client exchanges what it was granted for an access token.",
        Phase::Mcp => "The client calls the MCP server again, this time with the access token.",
        Phase::Refresh => {
            "The client gets a new access token with its refresh token, without asking the user."
        }
        Phase::StepUp => {
            "The token does not allow enough for a call, so the client authorizes once more."
        }
        Phase::Extra => "What was asked for by hand, besides the flow.",
    }
}
