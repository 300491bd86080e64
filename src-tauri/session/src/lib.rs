//! A flow being run: joins flow, wire, trace, diagnosis and vault, and decides about pausing.

mod browse;
mod commands;
mod contract;
mod course;
mod documents;
mod env;
mod error;
mod inbox;
mod journal;
mod judging;
mod library;
mod options;
mod report;
mod rows;
mod runner;
mod sending;
mod session;
mod setup;
mod tokens;
mod typed_secrets;
mod view;

pub use contract::*;
pub use library::Library;
pub use options::{
    Action, Authorization, Browser, Callback, CallbackHost, ClientCertificate, ClientMetadata,
    GrantChoice, Network, Options, Registration, ResourceChoice, ResponseMode, ToolCall,
};
pub use report::vault_view;
pub use session::Session;
pub use tokens::token_id;
pub use view::*;
