//! What each step of the flow does and why, with a sentence of the specification. The compiler sees
//! to it that no kind of request is left out.

use serde::{Deserialize, Serialize};
use trace::{Grant, Purpose};
use ts_rs::TS;

use crate::finding::SpecReference;
use crate::spec::{self, Spec};

/// A step of the flow, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StepGuide {
    /// What it is called within a sentence: "the token request with an authorization code".
    pub name: String,
    /// What it does, in one sentence.
    pub does: String,
    /// Why it is needed, in one sentence.
    pub why: String,
    /// What the specification says of it.
    pub spec: SpecReference,
}

/// What a request of this kind does and why; none where it is not known what it was for.
pub fn step_guide(purpose: &Purpose) -> Option<StepGuide> {
    let (name, does, why, spec) = words(purpose.original())?;
    Some(StepGuide {
        name: name.into(),
        does: does.into(),
        why: why.into(),
        spec: spec.into(),
    })
}

type Words = (&'static str, &'static str, &'static str, Spec);

fn words(purpose: &Purpose) -> Option<Words> {
    Some(match purpose {
        Purpose::Challenge { .. } => (
            "the first call to the MCP server",
            "The client calls the MCP server as if no token were needed.",
            "A server that wants a token answers 401, and its answer says where the client can \
             learn how to get one.",
            spec::MCP_CLIENT_UNAUTHORIZED,
        ),
        Purpose::ResourceMetadata { .. } => (
            "the request for the protected resource metadata",
            "The client fetches the document in which the MCP server describes itself.",
            "It names the authorization servers that issue tokens for this MCP server; a client \
             must not guess them.",
            spec::MCP_CLIENT_METADATA_URL,
        ),
        Purpose::ServerMetadata { .. } => (
            "the request for the authorization server metadata",
            "The client fetches the document in which the authorization server describes itself.",
            "It holds the addresses of all endpoints that follow, and says whether PKCE and \
             registration are offered.",
            spec::MCP_CLIENT_DISCOVERY,
        ),
        Purpose::IdentityProviderMetadata { .. } => (
            "the request for the identity provider's metadata",
            "The client fetches the document in which the company's identity provider describes \
             itself.",
            "It says where the client can exchange the user's login for an assertion.",
            spec::RFC8414_WELL_KNOWN,
        ),
        Purpose::Registration => (
            "the registration",
            "The client tells the authorization server its name and its redirect URIs, and gets a \
             client id.",
            "Authorization servers deal with clients that they know only, and an MCP client \
             meets servers that have never heard of it.",
            spec::RFC7591_REGISTERS,
        ),
        Purpose::Authorization => (
            "the authorization request",
            "The client sends the browser to the authorization server, with what it asks for in \
             the URL.",
            "The user logs in and agrees there, so that the client never sees a password.",
            spec::RFC6749_AUTHORIZES,
        ),
        Purpose::WithinPage => (
            "the request within a login page",
            "A frame of the page is loaded, or its script sends something to its server.",
            "Many login pages are programs: what goes wrong there the page itself may not say.",
            spec::RFC6749_AUTHENTICATES,
        ),
        Purpose::AuthorizationProbe => (
            "the look at the authorization page",
            "Authscope asks for the authorization URL once, without the browser's cookies.",
            "It cannot look into your browser; what the page answers may say why nothing comes \
             back.",
            spec::RFC6749_NO_REDIRECT,
        ),
        Purpose::Callback => (
            "the callback",
            "The authorization server sends the browser back to the redirect URI, with a code or \
             an error in the URL.",
            "Thus the client learns what the user decided; the code is good for one exchange \
             only.",
            spec::RFC6749_WAY_BACK,
        ),
        Purpose::Token { grant } => token(*grant),
        Purpose::Mcp { .. } => (
            "the call to the MCP server",
            "The client calls the MCP server with the access token in the Authorization header.",
            "The token shows with each call that the user agreed; the server checks that it was \
             issued for it.",
            spec::MCP_CLIENT_EVERY_REQUEST,
        ),
        Purpose::PushedAuthorization => (
            "the pushed authorization request",
            "The client hands the whole authorization request to the authorization server itself, \
             and gets a short name for it.",
            "The browser then carries that name alone, so that nobody can read or change the \
             request on the way.",
            spec::RFC9126_PUSHES,
        ),
        Purpose::DeviceAuthorization => (
            "the device authorization request",
            "The client asks for a code that the user types in on another device.",
            "A client without a browser cannot be sent back to, so it shows a code and then asks \
             whether it was used.",
            spec::RFC8628_BEGINS,
        ),
        Purpose::ClientMetadata => (
            "the fetch of the client metadata document",
            "The authorization server fetches the document at the URL that the client gave as \
             its client id.",
            "It learns the client's name and redirect URIs from there, so that nobody has to \
             register.",
            spec::MCP_FETCH_DOCUMENT,
        ),
        Purpose::Introspection { .. } => (
            "the introspection",
            "The authorization server is asked what a token stands for.",
            "A token that cannot be read may still be good, and only its issuer knows.",
            spec::RFC7662_TELLS,
        ),
        Purpose::Revocation { .. } => (
            "the revocation",
            "The authorization server is told that a token is not needed any more.",
            "From then on nobody can use it, even if it was copied.",
            spec::RFC7009_REVOKES,
        ),
        Purpose::Userinfo => (
            "the request for the claims of the user",
            "The client asks who the user is, with the access token.",
            "It shows whether the token is good at the authorization server, and whom it is for.",
            spec::OIDC_USERINFO,
        ),
        Purpose::Jwks => (
            "the request for the signing keys",
            "The public keys of the issuer are fetched.",
            "With them it can be checked that a token was signed by its issuer and not changed.",
            spec::RFC8414_JWKS,
        ),
        Purpose::RegistrationRead => (
            "the reading of the registration",
            "The client asks what the authorization server has written down about it.",
            "A server may have changed what was asked for, such as the redirect URIs.",
            spec::RFC7592_READS,
        ),
        Purpose::RegistrationUpdate => (
            "the change of the registration",
            "The client sends its registration again, changed.",
            "So it can name another redirect URI without becoming another client.",
            spec::RFC7592_UPDATES,
        ),
        Purpose::RegistrationDeletion => (
            "the deletion of the registration",
            "The client has its registration deleted.",
            "A client that only wanted to try something leaves nothing behind.",
            spec::RFC7592_DELETES,
        ),
        Purpose::Preflight { .. } => (
            "the preflight",
            "It asks, as a browser does, whether a page of another origin may send a request.",
            "A client that runs in a browser cannot reach a server that does not allow it.",
            spec::RFC9700_CORS,
        ),
        Purpose::FromPage { .. } => (
            "the request of a page",
            "It sends what a page of another origin would send.",
            "A browser hides the answer from the page unless its headers allow it to be read.",
            spec::FETCH_EXPOSE_HEADERS,
        ),
        Purpose::Unrelated | Purpose::Unknown | Purpose::Copy { .. } => return None,
    })
}

fn token(grant: Grant) -> Words {
    match grant {
        Grant::AuthorizationCode => (
            "the token request with an authorization code",
            "The client exchanges the code, together with its PKCE verifier, for an access token.",
            "The code came through the browser, where others may have seen it; without the \
             verifier it is worth nothing.",
            spec::RFC6749_REDEEMS,
        ),
        Grant::RefreshToken => (
            "the token request with a refresh token",
            "The client exchanges its refresh token for a new access token.",
            "Access tokens are good for a short time only, and the user is not to be asked each \
             time.",
            spec::RFC6749_REFRESHES,
        ),
        Grant::ClientCredentials => (
            "the token request with client credentials",
            "The client gets an access token for itself, with its own secret or key.",
            "There is no user who could be asked, such as in a job that runs at night.",
            spec::RFC6749_FOR_ITSELF,
        ),
        Grant::DeviceCode => (
            "the token request with a device code",
            "The client asks whether the user has typed in the code yet.",
            "Nothing can be sent to a device, so it asks again and again until there is an answer.",
            spec::RFC8628_POLLS,
        ),
        Grant::TokenExchange => (
            "the token exchange",
            "The client hands in one token and gets another.",
            "The identity provider's word on who the user is becomes an assertion that the \
             authorization server takes.",
            spec::RFC8693_ISSUED_TYPE,
        ),
        Grant::JwtBearer => (
            "the token request with an assertion",
            "The client exchanges an assertion that somebody else signed for an access token.",
            "The authorization server trusts the signer, so the user need not agree again.",
            spec::RFC7523_ASSERTS,
        ),
    }
}

#[cfg(test)]
mod tests {
    use trace::{CrossOrigin, MetadataSource, TokenKind, WellKnown};

    use super::*;

    fn one_of_each() -> Vec<Purpose> {
        let token = TokenKind::AccessToken;
        let of = CrossOrigin::Token;
        let (issuer, well_known) = (String::new(), WellKnown::OauthInserted);
        let mut all = vec![
            Purpose::Challenge {
                method: "initialize".into(),
            },
            Purpose::ResourceMetadata {
                source: MetadataSource::Root,
            },
            Purpose::ServerMetadata {
                issuer: issuer.clone(),
                well_known,
            },
            Purpose::IdentityProviderMetadata { issuer, well_known },
            Purpose::Registration,
            Purpose::Authorization,
            Purpose::WithinPage,
            Purpose::AuthorizationProbe,
            Purpose::Callback,
            Purpose::Mcp {
                method: "tools/list".into(),
            },
            Purpose::PushedAuthorization,
            Purpose::DeviceAuthorization,
            Purpose::ClientMetadata,
            Purpose::Introspection { token },
            Purpose::Revocation { token },
            Purpose::Userinfo,
            Purpose::Jwks,
            Purpose::RegistrationRead,
            Purpose::RegistrationUpdate,
            Purpose::RegistrationDeletion,
            Purpose::Preflight { of },
            Purpose::FromPage { of },
        ];
        all.extend(
            [
                Grant::AuthorizationCode,
                Grant::RefreshToken,
                Grant::ClientCredentials,
                Grant::DeviceCode,
                Grant::TokenExchange,
                Grant::JwtBearer,
            ]
            .map(|grant| Purpose::Token { grant }),
        );
        all
    }

    #[test]
    fn each_step_has_two_short_sentences_and_one_of_a_specification() {
        let mut names = Vec::new();
        for purpose in one_of_each() {
            let guide = step_guide(&purpose).unwrap();
            for sentence in [&guide.does, &guide.why] {
                assert!(sentence.ends_with('.'), "{sentence}");
                assert!(!sentence.contains(". "), "one sentence: {sentence}");
                assert!(sentence.len() < 150, "short: {sentence}");
            }
            assert!(guide.name.starts_with("the "), "{}", guide.name);
            assert!(!guide.spec.quote.is_empty() && guide.spec.url.starts_with("https://"));
            assert!(!names.contains(&guide.name), "{}", guide.name);
            names.push(guide.name);
        }
    }

    #[test]
    fn a_copy_is_what_it_is_a_copy_of_and_a_stranger_is_nothing() {
        let of = Box::new(Purpose::Registration);
        assert_eq!(
            step_guide(&Purpose::Copy { of }),
            step_guide(&Purpose::Registration)
        );
        assert_eq!(step_guide(&Purpose::Unknown), None);
        assert_eq!(step_guide(&Purpose::Unrelated), None);
    }
}
