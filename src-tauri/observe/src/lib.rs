//! The recording proxy between a real client and an MCP server.
//!
//! The client is given our URL instead of the server's. What it asks is passed on, what comes back
//! is handed on, as it comes, and both are recorded. So that the client keeps talking to us, the
//! addresses in challenges and metadata are replaced by ours and back; nothing else is changed.
//! Login pages never pass: an authorization request is sent on to the real server.
//!
//! | module | what |
//! |---|---|
//! | `settings` | what is observed, and within which limits |
//! | `places` | which of our addresses stands for which server |
//! | `messages` | replaces addresses in messages |
//! | `callbacks` | the way back from the authorization server through us |
//! | `known` | which request is for what |
//! | `serve` | takes connections |
//! | `proxy` | one request: what is to be done with it |
//! | `call` | passes on calls to the MCP server |
//! | `message` | passes on what names addresses |
//! | `head` | the heads of messages as they go on |
//! | `stream` | bodies that pass as they come |
//! | `record` | what passed |
//! | `limits` | what a proxy in between cannot do |

#![forbid(unsafe_code)]

mod call;
mod callbacks;
mod head;
mod known;
mod limits;
mod message;
mod messages;
mod observer;
mod places;
mod port;
mod proxy;
mod record;
mod serve;
mod settings;
mod stream;

pub use observer::Observer;
pub use settings::{Limits, Port, Rewriting, Settings, StartError, Tunnel, usual_port};
