//! What can go wrong with a keychain.

/// Why the keychain did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The keychain's own words.
    #[error("the keychain refused: {0}")]
    Refused(String),
    #[error("the keychain did not answer within {0} seconds; it may be asking for its password")]
    Timeout(u64),
    /// An earlier call broke it.
    #[error("the keychain cannot be reached any more; start the program again to use it")]
    Gone,
}
