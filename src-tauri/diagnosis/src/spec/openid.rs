//! Sentences of OpenID Connect.

use super::sentence::Spec;

pub(crate) const OIDC_UNSIGNED: Spec = Spec {
    title: "OpenID Connect Core 1.0 section 2",
    url: "https://openid.net/specs/openid-connect-core-1_0.html#IDToken",
    quote: "ID Tokens MUST NOT use none as the alg value unless the Response Type used returns no \
            ID Token from the Authorization Endpoint (such as when using the Authorization Code \
            Flow) and the Client explicitly requested the use of none at Registration time.",
};

pub(crate) const OIDC_AT_HASH: Spec = Spec {
    title: "OpenID Connect Core 1.0 section 3.1.3.6, at_hash",
    url: "https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken",
    quote: "Its value is the base64url encoding of the left-most half of the hash of the octets of \
            the ASCII representation of the access_token value, where the hash algorithm used is \
            the hash algorithm used in the alg Header Parameter of the ID Token's JOSE Header.",
};

pub(crate) const OIDC_ID_TOKEN: Spec = Spec {
    title: "OpenID Connect Core 1.0 section 3.1.3.3, id_token",
    url: "https://openid.net/specs/openid-connect-core-1_0.html#TokenResponse",
    quote: "ID Token value associated with the authenticated session.",
};

pub(crate) const OIDC_ISSUER: Spec = Spec {
    title: "OpenID Connect Core 1.0 section 3.1.3.7",
    url: "https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation",
    quote: "The Issuer Identifier for the OpenID Provider (which is typically obtained during \
            Discovery) MUST exactly match the value of the iss (issuer) Claim.",
};

pub(crate) const OIDC_AUDIENCE: Spec = Spec {
    title: "OpenID Connect Core 1.0 section 3.1.3.7",
    url: "https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation",
    quote: "The ID Token MUST be rejected if the ID Token does not list the Client as a valid \
            audience, or if it contains additional audiences not trusted by the Client.",
};

pub(crate) const OIDC_EXPIRY: Spec = Spec {
    title: "OpenID Connect Core 1.0 section 3.1.3.7",
    url: "https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation",
    quote: "The current time MUST be before the time represented by the exp Claim.",
};

pub(crate) const OIDC_NONCE: Spec = Spec {
    title: "OpenID Connect Core 1.0 section 3.1.3.7",
    url: "https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation",
    quote: "If a nonce value was sent in the Authentication Request, a nonce Claim MUST be present \
            and its value checked to verify that it is the same value as the one that was sent in \
            the Authentication Request.",
};

pub(crate) const OIDC_EMAIL_VERIFIED: Spec = Spec {
    title: "OpenID Connect Core 1.0 section 5.1, email_verified (boolean)",
    url: "https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims",
    quote: "True if the End-User's e-mail address has been verified; otherwise false.",
};

pub(crate) const OIDC_SUBJECT: Spec = Spec {
    title: "OpenID Connect Core 1.0 section 5.3.2",
    url: "https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse",
    quote: "The sub Claim in the UserInfo Response MUST be verified to exactly match the sub Claim \
            in the ID Token; if they do not match, the UserInfo Response values MUST NOT be used.",
};

pub(crate) const OIDC_REFRESHED: Spec = Spec {
    title: "OpenID Connect Core 1.0 section 12.2",
    url: "https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse",
    quote: "its sub Claim Value MUST be the same as in the ID Token issued when the original \
            authentication occurred,",
};

pub(crate) const OIDC_USERINFO_TYPE: Spec = Spec {
    title: "OpenID Connect Core 1.0 section 5.3.2",
    url: "https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse",
    quote: "The UserInfo Endpoint MUST return a content-type header to indicate which format is \
            being returned.",
};

pub(crate) const OIDC_USERINFO_SUB: Spec = Spec {
    title: "OpenID Connect Core 1.0 section 5.3.2",
    url: "https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse",
    quote: "The sub (subject) Claim MUST always be returned in the UserInfo Response.",
};
