//! What the user asks for besides the flow.

pub(crate) mod calls;
pub(crate) mod cross_origin;
pub(crate) mod keys;
pub(crate) mod management;
pub(crate) mod refreshes;
pub(crate) mod request;
pub(crate) mod tokens;
