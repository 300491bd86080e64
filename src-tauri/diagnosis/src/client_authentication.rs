//! How a client says who it is (RFC 6749 section 2.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::fields::{form, value};
use crate::snapshot::RequestRef;

/// How a client said who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientAuthentication {
    Basic,
    Post,
    Assertion,
    None,
    /// The recording does not hold all of the request, and what it holds shows no way.
    Unknown,
}

impl ClientAuthentication {
    pub fn of(request: RequestRef<'_>) -> Self {
        let sent = form(request);
        if basic_client_id(request).is_some() {
            Self::Basic
        } else if value(sent, "client_secret").is_some() {
            Self::Post
        } else if value(sent, "client_assertion").is_some() {
            Self::Assertion
        } else if request.is_whole() {
            Self::None
        } else {
            Self::Unknown
        }
    }

    /// As in `token_endpoint_auth_methods_supported`.
    pub fn method(self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::Assertion => "private_key_jwt",
            Self::None => "none",
            Self::Unknown => "in a way that was not recorded",
        }
    }
}

/// The client identifier in the Basic credentials (RFC 6749 section 2.3.1), decoded.
pub(crate) fn basic_client_id(request: RequestRef<'_>) -> Option<String> {
    let (scheme, credentials) = request.header_value("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, _) = text.split_once(':')?;
    let decoded = trace::pairs(&format!("id={id}"));
    value(&decoded, "id").map(str::to_owned)
}
