//! The parts of a JWT.

use super::rows::Rows;

pub(super) const JWT_HEADER: Rows = &[
    ("alg", "How it is signed."),
    (
        "typ",
        "The kind of JWT: at+jwt is an access token, dpop+jwt a proof, oauth-id-jag+jwt an \
         identity assertion.",
    ),
    ("jwk", "The public key that belongs to the signature."),
    ("x5c", "The signer's certificates."),
    ("x5t#S256", "The fingerprint of the signer's certificate."),
    ("crit", "What a reader has to understand, or refuse."),
    ("kid", "Which of the issuer's keys signed it."),
    ("jku", "A URL of keys; do not trust it."),
    ("x5t", "The fingerprint of the signer's certificate."),
    ("cty", "What is inside."),
];

pub(super) const CLAIMS: Rows = &[
    ("iss", "Who issued it."),
    ("sub", "Whom it is about."),
    (
        "aud",
        "Whom it is meant for; an MCP server must find itself here.",
    ),
    ("exp", "When it expires."),
    ("nbf", "From when on it is valid."),
    ("iat", "When it was issued."),
    ("jti", "Its own number."),
    ("client_id", "The client it was issued to."),
    ("azp", "The client it was issued to (OpenID Connect)."),
    ("scope", "What it is good for."),
    (
        "scp",
        "What it is good for, in Microsoft's and Okta's spelling.",
    ),
    ("auth_time", "When the user logged in."),
    ("acr", "How well the user logged in."),
    ("amr", "By which means the user logged in."),
    ("nonce", "Ties it to the authorization request."),
    ("at_hash", "Ties an ID token to the access token."),
    (
        "cnf",
        "The key it is bound to: jkt is the thumbprint of a DPoP key, x5t#S256 that of a \
         certificate.",
    ),
    ("c_hash", "Ties an ID token to the authorization code."),
    ("htm", "The method of the request that it proves."),
    ("htu", "The URL of the request that it proves."),
    ("ath", "The hash of the access token that it is sent with."),
    ("active", "Whether the token is good now."),
    ("username", "A name of the user, for people."),
    ("token_type", "How the token is used: Bearer or DPoP."),
    ("resource", "The resource that it is meant for."),
    (
        "authorization_details",
        "What exactly it is good for (RFC 9396).",
    ),
    ("email_verified", "Whether the e-mail address was checked."),
    ("given_name", "The user's first name."),
    ("family_name", "The user's last name."),
    ("picture", "A picture of the user."),
    ("sid", "The session at the authorization server."),
    ("act", "Who acts for the subject."),
    ("tid", "The tenant, at Microsoft."),
    ("roles", "Roles of the user or the client."),
    ("email", "The user's e-mail address."),
    ("name", "The user's name."),
    ("preferred_username", "The name the user goes by."),
];

pub(super) const KEY: Rows = &[
    (
        "kty",
        "The kind of key: EC, RSA or OKP; oct would be a shared secret.",
    ),
    ("use", "What it is for: sig signs, enc encrypts."),
    ("key_ops", "What may be done with it."),
    ("alg", "The algorithm that it is for."),
    ("kid", "Its name; tokens say by it which key signed them."),
    ("crv", "The curve of an EC or OKP key."),
    ("x", "The first half of the public point."),
    ("y", "The second half of the public point."),
    ("n", "The modulus of an RSA key."),
    ("e", "The public exponent of an RSA key."),
    ("x5c", "Its certificates."),
    ("x5t", "The fingerprint of its certificate."),
    (
        "x5t#S256",
        "The fingerprint of its certificate, by SHA-256.",
    ),
    ("d", "The private half. It must not be here."),
];
