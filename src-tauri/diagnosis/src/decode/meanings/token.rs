//! The parts of a JWT.

use super::rows::Rows;
use crate::spec::source::{NO_STANDARD, backchannel, core, rfc};

pub(super) const JWT_HEADER: Rows = &[
    ("alg", "How it is signed.", rfc(7515, "4.1.1")),
    (
        "typ",
        "The kind of JWT: at+jwt is an access token, dpop+jwt a proof, oauth-id-jag+jwt an \
         identity assertion.",
        rfc(7515, "4.1.9"),
    ),
    (
        "jwk",
        "The public key that belongs to the signature.",
        rfc(7515, "4.1.3"),
    ),
    ("x5c", "The signer's certificates.", rfc(7515, "4.1.6")),
    (
        "x5t#S256",
        "The fingerprint of the signer's certificate.",
        rfc(7515, "4.1.8"),
    ),
    (
        "crit",
        "What a reader has to understand, or refuse.",
        rfc(7515, "4.1.11"),
    ),
    (
        "kid",
        "Which of the issuer's keys signed it.",
        rfc(7515, "4.1.4"),
    ),
    ("jku", "A URL of keys; do not trust it.", rfc(7515, "4.1.2")),
    (
        "x5t",
        "The fingerprint of the signer's certificate.",
        rfc(7515, "4.1.7"),
    ),
    ("cty", "What is inside.", rfc(7515, "4.1.10")),
    (
        "enc",
        "How the content is encrypted: this is not a signed token but an encrypted one.",
        rfc(7516, "4.1.2"),
    ),
];

pub(super) const CLAIMS: Rows = &[
    ("iss", "Who issued it.", rfc(7519, "4.1.1")),
    ("sub", "Whom it is about.", rfc(7519, "4.1.2")),
    (
        "aud",
        "Whom it is meant for; an MCP server must find itself here.",
        rfc(7519, "4.1.3"),
    ),
    ("exp", "When it expires.", rfc(7519, "4.1.4")),
    ("nbf", "From when on it is valid.", rfc(7519, "4.1.5")),
    ("iat", "When it was issued.", rfc(7519, "4.1.6")),
    ("jti", "Its own number.", rfc(7519, "4.1.7")),
    (
        "client_id",
        "The client it was issued to.",
        rfc(8693, "4.3"),
    ),
    (
        "azp",
        "The client it was issued to (OpenID Connect).",
        core("2"),
    ),
    ("scope", "What it is good for.", rfc(8693, "4.2")),
    (
        "scp",
        "What it is good for, in Microsoft's and Okta's spelling.",
        NO_STANDARD,
    ),
    ("auth_time", "When the user logged in.", core("2")),
    ("acr", "How well the user logged in.", core("2")),
    ("amr", "By which means the user logged in.", core("2")),
    ("nonce", "Ties it to the authorization request.", core("2")),
    (
        "at_hash",
        "Ties an ID token to the access token.",
        core("3.1.3.6"),
    ),
    (
        "cnf",
        "The key it is bound to: jkt is the thumbprint of a DPoP key, x5t#S256 that of a \
         certificate.",
        rfc(7800, "3.1"),
    ),
    (
        "c_hash",
        "Ties an ID token to the authorization code.",
        core("3.3.2.11"),
    ),
    (
        "htm",
        "The method of the request that it proves.",
        rfc(9449, "4.2"),
    ),
    (
        "htu",
        "The URL of the request that it proves.",
        rfc(9449, "4.2"),
    ),
    (
        "ath",
        "The hash of the access token that it is sent with.",
        rfc(9449, "4.2"),
    ),
    ("active", "Whether the token is good now.", rfc(7662, "2.2")),
    (
        "username",
        "A name of the user, for people.",
        rfc(7662, "2.2"),
    ),
    (
        "token_type",
        "How the token is used: Bearer or DPoP.",
        rfc(7662, "2.2"),
    ),
    (
        "resource",
        "The resource that it is meant for.",
        rfc(8707, "2"),
    ),
    (
        "authorization_details",
        "What exactly it is good for (RFC 9396).",
        rfc(9396, "9.1"),
    ),
    (
        "email_verified",
        "Whether the e-mail address was checked.",
        core("5.1"),
    ),
    ("given_name", "The user's first name.", core("5.1")),
    ("family_name", "The user's last name.", core("5.1")),
    ("picture", "A picture of the user.", core("5.1")),
    (
        "sid",
        "The session at the authorization server.",
        backchannel("2.1"),
    ),
    ("act", "Who acts for the subject.", rfc(8693, "4.1")),
    ("tid", "The tenant, at Microsoft.", NO_STANDARD),
    (
        "roles",
        "Roles of the user or the client.",
        rfc(9068, "2.2.3.1"),
    ),
    ("email", "The user's e-mail address.", core("5.1")),
    ("name", "The user's name.", core("5.1")),
    (
        "preferred_username",
        "The name the user goes by.",
        core("5.1"),
    ),
    ("may_act", "Who may act for the subject.", rfc(8693, "4.4")),
    ("groups", "Groups of the user.", rfc(9068, "2.2.3.1")),
    (
        "entitlements",
        "What the user is entitled to.",
        rfc(9068, "2.2.3.1"),
    ),
    ("middle_name", "The user's middle name.", core("5.1")),
    ("nickname", "The user's nickname.", core("5.1")),
    ("profile", "A page about the user.", core("5.1")),
    ("website", "The user's home page.", core("5.1")),
    ("gender", "The user's gender.", core("5.1")),
    ("birthdate", "The user's birthday.", core("5.1")),
    ("zoneinfo", "The user's time zone.", core("5.1")),
    ("locale", "The user's language and country.", core("5.1")),
    ("phone_number", "The user's telephone number.", core("5.1")),
    (
        "phone_number_verified",
        "Whether the telephone number was checked.",
        core("5.1"),
    ),
    ("address", "The user's postal address.", core("5.1")),
    (
        "updated_at",
        "When these claims were last changed.",
        core("5.1"),
    ),
];

pub(super) const CONFIRMATION: Rows = &[
    (
        "jkt",
        "The thumbprint of the DPoP key that the token is bound to.",
        rfc(9449, "6.1"),
    ),
    (
        "x5t#S256",
        "The fingerprint of the client certificate that the token is bound to.",
        rfc(8705, "3.1"),
    ),
    (
        "jwk",
        "The public key that the token is bound to.",
        rfc(7800, "3.2"),
    ),
    (
        "kid",
        "The name of the key that the token is bound to.",
        rfc(7800, "3.4"),
    ),
];

pub(super) const KEY: Rows = &[
    (
        "kty",
        "The kind of key: EC, RSA or OKP; oct would be a shared secret.",
        rfc(7517, "4.1"),
    ),
    (
        "use",
        "What it is for: sig signs, enc encrypts.",
        rfc(7517, "4.2"),
    ),
    ("key_ops", "What may be done with it.", rfc(7517, "4.3")),
    ("alg", "The algorithm that it is for.", rfc(7517, "4.4")),
    (
        "kid",
        "Its name; tokens say by it which key signed them.",
        rfc(7517, "4.5"),
    ),
    (
        "crv",
        "The curve of an EC or OKP key.",
        rfc(7518, "6.2.1.1"),
    ),
    (
        "x",
        "The first half of the public point.",
        rfc(7518, "6.2.1.2"),
    ),
    (
        "y",
        "The second half of the public point.",
        rfc(7518, "6.2.1.3"),
    ),
    ("n", "The modulus of an RSA key.", rfc(7518, "6.3.1.1")),
    (
        "e",
        "The public exponent of an RSA key.",
        rfc(7518, "6.3.1.2"),
    ),
    ("x5c", "Its certificates.", rfc(7517, "4.7")),
    (
        "x5t",
        "The fingerprint of its certificate.",
        rfc(7517, "4.8"),
    ),
    (
        "x5t#S256",
        "The fingerprint of its certificate, by SHA-256.",
        rfc(7517, "4.9"),
    ),
    (
        "d",
        "The private half, which must not be here.",
        rfc(7518, "6.2.2.1"),
    ),
    ("keys", "The keys of the set.", rfc(7517, "5.1")),
];
