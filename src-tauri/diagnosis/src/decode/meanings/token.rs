//! The parts of a JWT.

use super::Rows;

pub(super) const JWT_HEADER: Rows = &[
    ("alg", "How it is signed."),
    ("typ", "The kind of JWT; at+jwt is an access token (RFC 9068)."),
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
    ("scp", "What it is good for, in Microsoft's and Okta's spelling."),
    ("auth_time", "When the user logged in."),
    ("acr", "How well the user logged in."),
    ("amr", "By which means the user logged in."),
    ("nonce", "Ties it to the authorization request."),
    ("at_hash", "Ties an ID token to the access token."),
    ("cnf", "The key it is bound to."),
    ("act", "Who acts for the subject."),
    ("tid", "The tenant, at Microsoft."),
    ("roles", "Roles of the user or the client."),
    ("email", "The user's e-mail address."),
    ("name", "The user's name."),
    ("preferred_username", "The name the user goes by."),
];
