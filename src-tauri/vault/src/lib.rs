//! Tokens and client credentials in the keychain of the operating system, keyed by issuer, resource
//! and client.
//!
//! Where there is no keychain that works, they are kept in memory until the program ends, and
//! [`Vault::status`] says why. There is no file with secrets in it, anywhere.

mod keychain;
mod platform;
mod token_set;
mod vault;

pub use token_set::{ClientCredentials, Key, TokenSet};
pub use vault::{Vault, VaultStatus};

/// Why the keychain did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// In its own words.
    #[error("the keychain refused: {0}")]
    Refused(String),
    #[error("the keychain did not answer within {0} seconds; it may be asking for its password")]
    Timeout(u64),
    /// An earlier call broke it.
    #[error("the keychain cannot be reached any more; start the program again to use it")]
    Gone,
}
