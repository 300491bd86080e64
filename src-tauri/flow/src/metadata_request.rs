//! Builds requests for metadata documents.

use trace::Request;

use crate::endpoint::Endpoint;
use crate::facts::Facts;

/// A GET for a metadata document.
pub(crate) fn metadata_request(facts: &Facts, url: &Endpoint) -> Request {
    Request::new("GET", url.url())
        .header("accept", "application/json")
        .header("mcp-protocol-version", facts.revision.as_str())
}
