//! The sentences that rules cite: title, address and wording of each, in one place.

mod client;
mod extensions;
mod json;
mod mcp;
mod openid;
mod rfc;
mod rfc_later;
mod sentence;
pub(crate) mod source;
mod steps;

pub(crate) use client::*;
pub(crate) use extensions::*;
pub(crate) use json::*;
pub(crate) use mcp::*;
pub(crate) use openid::*;
pub(crate) use rfc::*;
pub(crate) use rfc_later::*;
pub(crate) use sentence::Spec;
pub(crate) use steps::*;
