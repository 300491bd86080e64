//! The only place that sends.
//!
//! [`Wire`] sends one request and says what came back, one hop at a time: it follows no redirect,
//! keeps no cookie, unpacks no body, and what it records is what left. [`callback`] listens for the
//! browser's way back, [`browser`] starts the browser, and [`approver`] stands in for it where
//! there is no screen. [`Wire::pass_on`] sends what another client asks. [`document`] shows a
//! client's metadata to the authorization server that asks for it. Decisions are not made here.

#![forbid(unsafe_code)]

pub mod approver;
pub mod browser;
pub mod callback;
mod client_certificate;
mod coding;
mod credentials;
pub mod document;
mod failure;
mod outgoing;
mod pass;
mod place;
mod probe;
mod pulse;
mod receive;
mod route;
mod send;
mod settings;
mod tls;

pub use approver::{Approver, BrowserMemory, Stuck};
pub use browser::{OpenError, may_be_opened, open_browser};
pub use callback::{
    CallbackEnd, CallbackHost, CallbackListener, CallbackMethod, CallbackSettings, ListenerError,
    PasteError, Received, parse_pasted,
};
pub use document::{DocumentHost, DocumentHostError, DocumentHostSettings, Fetched};
pub use outgoing::{check, check_response_headers, recorded};
pub use pass::{Chunks, Passed, Passing};
pub use receive::undone_body;
pub use send::{Sent, Wire};
pub use settings::{ClientCertificate, Settings, SettingsError};
