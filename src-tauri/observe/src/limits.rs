//! What a proxy in between cannot do, reported where it mattered. None of it is the client's fault.

/// Something that a proxy in between cannot do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// The client talks to the authorization server by itself.
    ServerUnseen,
    /// The client tells the authorization server, unseen, that its token is for the proxy.
    ResourceIsOurs,
    /// Nothing is replaced.
    NothingReplaced,
    DpopProof,
    ClientAssertion,
    RequestObject,
    IdToken,
    /// The client names itself by the URL of its metadata document.
    MetadataDocument,
    /// The client was not registered through us, or not at this time.
    OwnRedirectUri,
    /// A client asked at the root of the tunnel's host, without the secret.
    RootAsked,
}

impl Limit {
    pub fn sentence(self) -> &'static str {
        match self {
            Self::ServerUnseen => {
                "The client talks to the authorization server directly: that part was not seen, and \
                 what is missing of it says nothing."
            }
            Self::ResourceIsOurs => {
                "The client names the proxy's URL to the authorization server, as the resource that \
                 its token is for. A server that checks it answers invalid_target, and the MCP \
                 server refuses a token for the proxy; such refusals were not judged."
            }
            Self::NothingReplaced => {
                "Addresses were not replaced: a client that follows the specification refuses \
                 metadata that names another resource than the URL it was given, and what it sends \
                 to the named servers was not seen."
            }
            Self::DpopProof => {
                "The client signs DPoP proofs, which name the proxy's URL (htu). A server that checks \
                 them refuses them; such refusals were not judged."
            }
            Self::ClientAssertion => {
                "The client signs an assertion to authenticate, which names the proxy as its audience. \
                 A server that checks it refuses it; such refusals were not judged. --mcp-only leaves \
                 the authorization server to the client."
            }
            Self::RequestObject => {
                "The client signs its authorization request, so that nothing in it could be replaced."
            }
            Self::IdToken => {
                "The authorization server issued an ID token. It names the real issuer, and a client \
                 that checks it against the proxy's refuses it."
            }
            Self::MetadataDocument => {
                "The client names itself by its metadata document, so that the browser goes straight \
                 back to it. An answer with iss names the real issuer, and a client that checks it \
                 against the proxy's refuses it; --mcp-only avoids that."
            }
            Self::OwnRedirectUri => {
                "The client was not registered through this proxy, so that the browser goes straight \
                 back to it. An answer with iss names the real issuer, and a client that checks it \
                 against the proxy's refuses it; --mcp-only avoids that."
            }
            Self::RootAsked => {
                "The client asked for metadata at the root of the tunnel's host, where nothing is \
                 answered: the secret is missing there. Without the tunnel the server would have been \
                 asked."
            }
        }
    }
}
