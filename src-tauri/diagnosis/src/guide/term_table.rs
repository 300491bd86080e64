//! The words of the field. A recipe in CONTRIBUTING.md says how one is added.

use crate::spec::source::{
    CLIENT_DOCUMENTS, ENTERPRISE, FETCH, STEP_UP, Source, core, json_rpc, rfc,
};

/// The name, how else it is written, the sentence, and where it is defined.
pub(super) type Row = (&'static str, &'static [&'static str], &'static str, Source);

pub(super) const TERMS: &[Row] = &[
    (
        "access token",
        &["access tokens"],
        "What a client sends with every call to show that it may make it.",
        rfc(6749, "1.4"),
    ),
    (
        "audience",
        &["audiences"],
        "The server that a token is meant for: a server takes only tokens that name it.",
        rfc(7519, "4.1.3"),
    ),
    (
        "authorization code",
        &["authorization codes"],
        "What the browser brings back after the login: good once and briefly, to be exchanged for \
         tokens.",
        rfc(6749, "1.3.1"),
    ),
    (
        "authorization endpoint",
        &[],
        "The address of the authorization server that the browser is sent to for login and consent.",
        rfc(6749, "3.1"),
    ),
    (
        "authorization server",
        &["authorization servers"],
        "The server that logs the user in, asks whether the client may, and issues the tokens.",
        rfc(6749, "1.1"),
    ),
    (
        "authorization server metadata",
        &["server metadata"],
        "The document in which an authorization server says where its endpoints are and what it can \
         do.",
        rfc(8414, "2"),
    ),
    (
        "bearer token",
        &["bearer tokens"],
        "A token that works for whoever has it, so nobody else may get it.",
        rfc(6750, "1.2"),
    ),
    (
        "challenge",
        &["challenges", "challenged"],
        "The WWW-Authenticate header of an answer, by which a server says what it wants to see \
         first.",
        rfc(9110, "11.6.1"),
    ),
    (
        "client authentication",
        &[],
        "How a client proves to the authorization server that it is the one it says it is.",
        rfc(6749, "2.3"),
    ),
    (
        "client certificate",
        &["client certificates", "mutual TLS", "mTLS"],
        "A certificate that the client shows when the connection is made; tokens can be bound to it.",
        rfc(8705, "1"),
    ),
    (
        "client credentials",
        &["client credentials grant"],
        "The way to a token without a user: the client asks for itself, with its own secret or key.",
        rfc(6749, "4.4"),
    ),
    (
        "client id",
        &["client ids", "client identifier"],
        "The name by which an authorization server knows a client.",
        rfc(6749, "2.2"),
    ),
    (
        "client metadata document",
        &[
            "client metadata documents",
            "client ID metadata document",
            "client ID metadata documents",
            "metadata document",
            "metadata documents",
            "CIMD",
        ],
        "A document about the client at an https URL that is its client id, so that it need not \
         register.",
        CLIENT_DOCUMENTS,
    ),
    (
        "client secret",
        &["client secrets"],
        "The client's password at the authorization server.",
        rfc(6749, "2.3.1"),
    ),
    (
        "code challenge",
        &["code challenges"],
        "The hash that a client sends ahead under PKCE; the code is given only to who has the \
         verifier.",
        rfc(7636, "4.2"),
    ),
    (
        "code verifier",
        &["verifier"],
        "The secret of PKCE, made for one login and shown when the code is exchanged.",
        rfc(7636, "4.1"),
    ),
    (
        "confidential client",
        &["confidential clients"],
        "A client that can keep a secret, such as one that runs on a server.",
        rfc(6749, "2.1"),
    ),
    (
        "CORS",
        &["cross-origin"],
        "The rules by which a browser lets a page read the answers of another server.",
        FETCH,
    ),
    (
        "device grant",
        &["device code", "device codes", "device authorization"],
        "The way to a token without a browser at hand: the user types in a code elsewhere.",
        rfc(8628, "1"),
    ),
    (
        "DPoP",
        &["DPoP proof", "DPoP proofs"],
        "Binds tokens to a key: each request carries a signed proof that the client has it.",
        rfc(9449, "1"),
    ),
    (
        "dynamic client registration",
        &[
            "dynamic registration",
            "registers itself",
            "register itself",
            "DCR",
        ],
        "A client introduces itself to an authorization server and gets a client id, without a \
         human.",
        rfc(7591, "1"),
    ),
    (
        "ID token",
        &["ID tokens"],
        "A signed token that tells the client who logged in; it is never sent to an MCP server.",
        core("2"),
    ),
    (
        "identity assertion",
        &["identity assertions", "ID-JAG"],
        "A company's identity provider vouches for its user at another authorization server.",
        ENTERPRISE,
    ),
    (
        "identity provider",
        &["identity providers"],
        "The service at which the user logs in.",
        core("1.2"),
    ),
    (
        "introspection",
        &["introspection endpoint"],
        "Asking the issuer of a token what it stands for.",
        rfc(7662, "2"),
    ),
    (
        "issuer",
        &["issuers", "issuer identifier"],
        "The URL that names an authorization server; it is compared letter for letter.",
        rfc(8414, "2"),
    ),
    (
        "JSON-RPC",
        &[],
        "The form of the messages of MCP: a method with parameters, and a result or an error.",
        json_rpc("1"),
    ),
    (
        "JWK set",
        &["JWKS", "key set"],
        "The public keys of an issuer, by which its signatures can be checked.",
        rfc(7517, "5"),
    ),
    (
        "JWT",
        &["JWTs"],
        "A signed piece of JSON that anybody can read and only its issuer can make.",
        rfc(7519, "1"),
    ),
    (
        "loopback redirect",
        &[
            "loopback redirect URI",
            "loopback redirect URIs",
            "loopback",
        ],
        "A redirect URI on the user's own machine, where the client listens; its port differs each \
         time.",
        rfc(8252, "7.3"),
    ),
    (
        "nonce",
        &["nonces"],
        "A value that is good once, so that an old message cannot be used again.",
        core("3.1.2.1"),
    ),
    (
        "OpenID Connect",
        &["OpenID", "OIDC"],
        "A layer on OAuth that tells clients who the user is.",
        core("1"),
    ),
    (
        "PKCE",
        &[],
        "A secret that the client makes for one login and shows at its end, so that a stolen code is \
         worth nothing.",
        rfc(7636, "1"),
    ),
    (
        "preflight",
        &["preflights"],
        "What a browser asks a server first, before a page of another origin may send a request.",
        FETCH,
    ),
    (
        "protected resource metadata",
        &["resource metadata"],
        "The document in which an MCP server says which authorization servers issue its tokens.",
        rfc(9728, "2"),
    ),
    (
        "public client",
        &["public clients"],
        "A client that cannot keep a secret, such as a program on the user's machine.",
        rfc(6749, "2.1"),
    ),
    (
        "pushed authorization request",
        &["pushed authorization requests", "PAR"],
        "The authorization request is handed to the server beforehand, and the browser carries only \
         its name.",
        rfc(9126, "1"),
    ),
    (
        "redirect URI",
        &["redirect URIs", "redirection URI"],
        "The address that the browser comes back to after the login; it has to be registered.",
        rfc(6749, "3.1.2"),
    ),
    (
        "refresh token",
        &["refresh tokens"],
        "Brings the client a new access token without asking the user again.",
        rfc(6749, "1.5"),
    ),
    (
        "refresh token rotation",
        &["rotation", "rotates", "rotated"],
        "Each refresh brings a new refresh token, and the one before is worth nothing any more.",
        rfc(9700, "4.14.2"),
    ),
    (
        "request object",
        &["request objects"],
        "The authorization request as a signed JWT, so that nobody can change it on the way.",
        rfc(9101, "4"),
    ),
    (
        "resource indicator",
        &["resource indicators", "resource parameter"],
        "The parameter resource, by which a client says which MCP server its token shall be for.",
        rfc(8707, "2"),
    ),
    (
        "revocation",
        &["revoked", "revocation endpoint"],
        "Telling the authorization server that a token must not work any more.",
        rfc(7009, "2"),
    ),
    (
        "scope",
        &["scopes"],
        "What a token is good for, as words that the server defines.",
        rfc(6749, "3.3"),
    ),
    (
        "step-up",
        &["step-up authorization", "steps up"],
        "Authorizing once more when a call needs more scope than the token has.",
        STEP_UP,
    ),
    (
        "token endpoint",
        &[],
        "The address of the authorization server where codes and refresh tokens become access \
         tokens.",
        rfc(6749, "3.2"),
    ),
    (
        "token exchange",
        &[],
        "Handing in one token and getting another, for another server.",
        rfc(8693, "1"),
    ),
    (
        "well-known URI",
        &["well-known URIs", "well-known path", "well-known document"],
        "An address that every server of a kind has, below /.well-known/.",
        rfc(8615, "3"),
    ),
];
