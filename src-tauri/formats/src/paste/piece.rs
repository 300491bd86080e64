//! What a part of a pasted text was taken for.

use serde::{Deserialize, Serialize};

/// A part of a pasted text, and what it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    pub kind: PieceKind,
    /// The first and the last of its lines, counted from 1.
    pub lines: (usize, usize),
}

/// Defines the kinds of pieces with their words.
macro_rules! kinds {
    ($($kind:ident $words:literal,)+) => {
        /// What a part of a pasted text can be.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum PieceKind {
            $(#[doc = $words] $kind,)+
        }

        impl PieceKind {
            /// With its article, in the singular.
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$kind => $words,)+
                }
            }
        }
    };
}

kinds! {
    Command "a command that sends a request",
    Transcript "a transcript of curl -v",
    Request "a request",
    Response "a response",
    RequestRow "a request with its status",
    AccessLog "a line of an access log",
    Challenge "a WWW-Authenticate field",
    ResourceMetadata "protected resource metadata",
    ServerMetadata "authorization server metadata",
    KeySet "a set of keys",
    ClientMetadata "client metadata",
    Registration "a registration answer",
    Token "a token answer",
    Jwt "a JWT",
    Claims "the claims of a token",
    Error "an error answer",
    Introspection "an introspection answer",
    DeviceAuthorization "a device authorization answer",
    PushedAuthorization "a pushed authorization answer",
    Message "a JSON-RPC message",
    AuthorizationUrl "an authorization URL",
    CallbackUrl "a callback URL",
    Url "a URL",
    Configuration "a client's configuration",
    Failure "a failure to connect",
    Json "JSON of no known kind",
    Words "words",
}
