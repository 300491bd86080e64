//! A flow being run: joins flow, wire, trace, diagnosis and vault, and decides about pausing.

mod contract;
mod options;
mod view;

pub use contract::*;
pub use options::{Browser, Callback, CallbackHost, Network, Options, Registration};
pub use view::*;
