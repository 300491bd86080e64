//! A flow being run: joins flow, wire, trace, diagnosis and vault, and decides about pausing.
//!
//! It emits events; whoever holds the run as a document keeps the trace from them and judges it.
//!
//! # The way of one click
//!
//! 1. [`Session::next`] puts a command into the inbox of the session's task and waits for the
//!    answer.
//! 2. `Runner::live` takes it out. `Runner::command_at_rest` says whether it fits where the flow
//!    stands; the answer goes back, and `Runner::step` begins.
//! 3. The flow says what comes next, and `Runner::send`, `send_both` or `browse` does it. The
//!    request is signed then. What is under way is reported before.
//! 4. The flow judges what came back. The journal keeps the exchange and the decisions, and the
//!    vault the tokens.
//! 5. `Runner::take` remembers where the flow stands now, to come back to, and reports the change.
//!
//! A command that comes in the middle goes to `Runner::command_while_busy`.
//!
//! # What always holds
//!
//! - A stop ends every wait. The runner waits in `Runner::attend` or in a `select!` with the inbox,
//!   and a stop is the error of all of them (`inbox::Stop`).
//! - Every request that was sent is in the trace, also one that was broken off.
//! - A stop loses no tokens: what the keychain was asked for is carried through.
//! - Only the runner moves the flow and appends to the trace.
//! - A state is reported once.

#![forbid(unsafe_code)]

mod breakpoints;
mod browse;
mod commands;
mod documents;
mod ended;
mod env;
mod error;
mod holding;
mod inbox;
mod journal;
mod lookout;
mod played;
mod report;
mod resend;
mod runner;
mod secrets;
mod sending;
mod session;
mod setup;
mod state;
mod tokens;
mod typed_secrets;
mod visit;
mod watched;

pub use breakpoints::{BreakOn, Breakpoint};
pub use ended::ended_message;
pub use error::{AppError, ErrorCode};
pub use flow::options::{
    AuthorizationExtras, Browser, Callback, CallbackHost, ClientCertificate, ClientMetadata,
    GrantChoice, IdentityProvider, Network, Options, Registration, RegistrationWay, ResourceChoice,
    ResponseMode, TokenAuthMethod, ToolCall,
};
pub use flow::{Action, Tool};
pub use inbox::Resend;
pub use report::vault_view;
pub use resend::MOST_COPIES;
pub use session::Session;
pub use setup::wire_of;
pub use state::{Event, Keep, NextStep, RunState, ServerView, Status, TokenView, VaultView};
pub use tokens::token_id;
pub use wire::BrowserMemory;
