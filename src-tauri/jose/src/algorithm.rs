//! The signature algorithms known here (RFC 7518 section 3.1, RFC 8037 section 3.1).

/// What a JWS header calls `alg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Es256,
    Es384,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    EdDsa,
}

/// The kind of key an algorithm takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    P256,
    P384,
    Rsa,
    Ed25519,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 9] = [
        Self::Es256,
        Self::Es384,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::EdDsa,
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        // RFC 9864 section 2.2 gives EdDSA on this one curve a name of its own; the signatures are
        // the same.
        if name == "Ed25519" {
            return Some(Self::EdDsa);
        }
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Es256 => Kind::P256,
            Self::Es384 => Kind::P384,
            Self::EdDsa => Kind::Ed25519,
            _ => Kind::Rsa,
        }
    }

    /// Whether its signatures need no randomness, so that they can be made here.
    pub(crate) fn signs(self) -> bool {
        !matches!(self, Self::Ps256 | Self::Ps384 | Self::Ps512)
    }
}

impl Kind {
    /// In words, with its article.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::P256 => "a P-256 key",
            Self::P384 => "a P-384 key",
            Self::Rsa => "an RSA key",
            Self::Ed25519 => "an Ed25519 key",
        }
    }

    /// What a key of this kind signs with when nothing else was asked for.
    pub(crate) fn usual(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::Rsa => Algorithm::Rs256,
            Self::Ed25519 => Algorithm::EdDsa,
        }
    }

    /// `kty` and `crv` of its JWK (RFC 7518 section 6, RFC 8037 section 2).
    pub(crate) fn of_jwk(kty: &str, crv: Option<&str>) -> Option<Self> {
        match (kty, crv) {
            ("EC", Some("P-256")) => Some(Self::P256),
            ("EC", Some("P-384")) => Some(Self::P384),
            ("OKP", Some("Ed25519")) => Some(Self::Ed25519),
            ("RSA", _) => Some(Self::Rsa),
            _ => None,
        }
    }
}
