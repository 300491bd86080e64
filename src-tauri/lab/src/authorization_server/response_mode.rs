//! The ways an authorization response can take.

use crate::web::Params;

/// How the answer gets to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResponseMode {
    /// Parameters in the query of a redirect.
    Query,
    /// A form that the browser posts (OAuth 2.0 Form Post Response Mode, section 2).
    FormPost,
}

impl ResponseMode {
    /// `None` for one that is not supported.
    pub(super) fn asked(params: &Params) -> Option<Self> {
        match params.get("response_mode") {
            None | Some("query") => Some(Self::Query),
            Some("form_post") => Some(Self::FormPost),
            Some(_) => None,
        }
    }
}
