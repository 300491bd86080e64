//! Tokens and client credentials in the keychain of the operating system, keyed by issuer, resource
//! and client.
//!
//! Where there is no keychain that works, they are kept in memory until the program ends, and
//! [`Vault::status`] says why. There is no file with secrets in it, anywhere.

#![forbid(unsafe_code)]

mod error;
mod keychain;
mod platform;
mod token_set;
mod vault;

pub use error::VaultError;
pub use token_set::{ClientCredentials, Key, TokenSet};
pub use vault::{Vault, VaultStatus};
