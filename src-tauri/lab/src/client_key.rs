//! The key of the pre-registered client that authenticates with it.

/// The private key of the pre-registered client `lab-jwt`, unless the lab was started with another:
/// P-256, for ES256, in PEM (PKCS #8). It is public, and protects nothing.
pub const CLIENT_PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPJPnH8ddjq6mTkUR
4bzueJBqVNFIY9Asmtaux8Q8w+2hRANCAATPp3V9lyI/j0QwWY7mEeM+KNvuA/h2
b+SUU05C42/tbuG6aBffLofkyBwlNm0A5O45I9DHhuqYGHKcSRGKYm/h
-----END PRIVATE KEY-----
";
