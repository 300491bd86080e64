//! Where secrets stand: whether a value is one depends on its place, not on its name alone.
//!
//! `code` is a secret in an authorization response and in a token request, and the name of an
//! error in an error body. A reader that knows the purpose of an exchange asks [`secret_at`]; of
//! traffic whose purpose is unknown it has to go by names.

use crate::phase::Purpose;

/// The part of an exchange in which a name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessagePart {
    /// A parameter of the request's URL.
    RequestQuery,
    /// A field of the request's form, or a member of its JSON body.
    RequestBody,
    RequestHeader,
    /// A parameter of the `Location` of a redirect.
    ResponseLocation,
    /// A member of the response's JSON body, at its top level.
    ResponseBody,
    ResponseHeader,
}

/// Which exchanges a place belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exchanges {
    All,
    /// The authorization request, pushed or sent by the browser, and its hops.
    AuthorizationRequest,
    /// The authorization response: the callback, and the redirect that leads to it.
    AuthorizationResponse,
    Token,
    DeviceAuthorization,
    /// Registration, and its management (RFC 7592).
    Registration,
    /// Introspection and revocation.
    TokenManagement,
    Userinfo,
    Jwks,
}

/// A place whose value is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretPlace {
    pub exchanges: Exchanges,
    pub part: MessagePart,
    /// In lower case. Header names and parameters are compared without regard to case.
    pub name: &'static str,
}

const fn at(exchanges: Exchanges, part: MessagePart, name: &'static str) -> SecretPlace {
    SecretPlace {
        exchanges,
        part,
        name,
    }
}

use Exchanges::{
    All, AuthorizationRequest, AuthorizationResponse, DeviceAuthorization, Jwks, Registration,
    Token, TokenManagement, Userinfo,
};
use MessagePart::{
    RequestBody, RequestHeader, RequestQuery, ResponseBody, ResponseHeader, ResponseLocation,
};

/// Every place, with the section that puts the secret there.
pub const SECRET_PLACES: &[SecretPlace] = &[
    // RFC 6750 section 2.1, RFC 9449 section 4.1, RFC 6265.
    at(All, RequestHeader, "authorization"),
    at(All, RequestHeader, "proxy-authorization"),
    at(All, RequestHeader, "dpop"),
    at(All, RequestHeader, "cookie"),
    at(All, ResponseHeader, "set-cookie"),
    // MCP: whoever has it can speak in the session.
    at(All, RequestHeader, "mcp-session-id"),
    at(All, ResponseHeader, "mcp-session-id"),
    // RFC 6750 section 2.3: a token in the URL.
    at(All, RequestQuery, "access_token"),
    // RFC 6749 section 4.1.1, RFC 7636 section 4.3, OpenID Connect Core section 3.1.2.1.
    at(AuthorizationRequest, RequestQuery, "state"),
    at(AuthorizationRequest, RequestQuery, "nonce"),
    at(AuthorizationRequest, RequestQuery, "code_challenge"),
    at(AuthorizationRequest, RequestQuery, "login_hint"),
    at(AuthorizationRequest, RequestQuery, "id_token_hint"),
    at(AuthorizationRequest, RequestQuery, "request"),
    at(AuthorizationRequest, RequestQuery, "request_uri"),
    at(AuthorizationRequest, RequestBody, "state"),
    at(AuthorizationRequest, RequestBody, "nonce"),
    at(AuthorizationRequest, RequestBody, "code_challenge"),
    at(AuthorizationRequest, RequestBody, "login_hint"),
    at(AuthorizationRequest, RequestBody, "id_token_hint"),
    at(AuthorizationRequest, RequestBody, "request"),
    at(AuthorizationRequest, RequestBody, "client_secret"),
    at(AuthorizationRequest, RequestBody, "client_assertion"),
    at(AuthorizationRequest, RequestBody, "username"),
    at(AuthorizationRequest, RequestBody, "password"),
    at(AuthorizationRequest, ResponseBody, "request_uri"),
    // RFC 6749 section 4.1.2 and 4.2.2, OpenID Connect Core section 3.3.2.5.
    at(AuthorizationResponse, RequestQuery, "code"),
    at(AuthorizationResponse, RequestQuery, "state"),
    at(AuthorizationResponse, RequestQuery, "session_state"),
    at(AuthorizationResponse, RequestQuery, "id_token"),
    at(AuthorizationResponse, RequestQuery, "response"),
    at(AuthorizationResponse, RequestBody, "code"),
    at(AuthorizationResponse, RequestBody, "state"),
    at(AuthorizationResponse, RequestBody, "id_token"),
    at(AuthorizationResponse, RequestBody, "access_token"),
    at(AuthorizationResponse, RequestBody, "response"),
    at(AuthorizationResponse, ResponseLocation, "code"),
    at(AuthorizationResponse, ResponseLocation, "state"),
    at(AuthorizationResponse, ResponseLocation, "session_state"),
    at(AuthorizationResponse, ResponseLocation, "id_token"),
    at(AuthorizationResponse, ResponseLocation, "access_token"),
    at(AuthorizationResponse, ResponseLocation, "response"),
    // RFC 6749 sections 2.3.1, 4.1.3, 4.3.2 and 6, RFC 7636 section 4.5, RFC 7523 section 2,
    // RFC 8628 section 3.4, RFC 8693 section 2.1.
    at(Token, RequestBody, "code"),
    at(Token, RequestBody, "code_verifier"),
    at(Token, RequestBody, "refresh_token"),
    at(Token, RequestBody, "client_secret"),
    at(Token, RequestBody, "client_assertion"),
    at(Token, RequestBody, "assertion"),
    at(Token, RequestBody, "device_code"),
    at(Token, RequestBody, "subject_token"),
    at(Token, RequestBody, "actor_token"),
    at(Token, RequestBody, "username"),
    at(Token, RequestBody, "password"),
    // RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3.
    at(Token, ResponseBody, "access_token"),
    at(Token, ResponseBody, "refresh_token"),
    at(Token, ResponseBody, "id_token"),
    at(Token, ResponseBody, "device_secret"),
    // RFC 8628 section 3.2.
    at(DeviceAuthorization, RequestBody, "client_secret"),
    at(DeviceAuthorization, RequestBody, "client_assertion"),
    at(DeviceAuthorization, ResponseBody, "device_code"),
    at(DeviceAuthorization, ResponseBody, "user_code"),
    at(
        DeviceAuthorization,
        ResponseBody,
        "verification_uri_complete",
    ),
    // RFC 7591 section 3.2.1.
    at(Registration, RequestBody, "software_statement"),
    at(Registration, RequestBody, "client_secret"),
    at(Registration, ResponseBody, "client_secret"),
    at(Registration, ResponseBody, "registration_access_token"),
    at(Registration, ResponseBody, "software_statement"),
    // RFC 7662 section 2.1, RFC 7009 section 2.1.
    at(TokenManagement, RequestBody, "token"),
    at(TokenManagement, RequestBody, "client_secret"),
    at(TokenManagement, RequestBody, "client_assertion"),
    // OpenID Connect Core section 5.1.
    at(Userinfo, ResponseBody, "email"),
    at(Userinfo, ResponseBody, "phone_number"),
    at(Userinfo, ResponseBody, "preferred_username"),
    // RFC 7518 section 6: a set that holds private keys by mistake. At the top level of a key.
    at(Jwks, ResponseBody, "d"),
    at(Jwks, ResponseBody, "k"),
];

/// Whether this name, in this part of an exchange of this purpose, holds a secret. `None` when the
/// purpose does not say which places there are; then only the name can tell.
pub fn secret_at(purpose: &Purpose, part: MessagePart, name: &str) -> Option<bool> {
    let of = exchanges_of(purpose)?;
    Some(SECRET_PLACES.iter().any(|place| {
        place.part == part
            && (place.exchanges == All || of.contains(&place.exchanges))
            && place.name.eq_ignore_ascii_case(name)
    }))
}

/// Which of the places belong to exchanges of this purpose.
fn exchanges_of(purpose: &Purpose) -> Option<&'static [Exchanges]> {
    Some(match purpose {
        Purpose::Unknown | Purpose::Unrelated => return None,
        // The approver fills in forms whose fields nobody knows beforehand.
        Purpose::Authorization | Purpose::WithinPage | Purpose::AuthorizationProbe => return None,
        // What a tool takes and answers may be anything.
        Purpose::Mcp { .. } => return None,
        Purpose::Callback => &[AuthorizationResponse],
        Purpose::PushedAuthorization => &[AuthorizationRequest],
        Purpose::Token { .. } => &[Token],
        Purpose::DeviceAuthorization => &[DeviceAuthorization],
        Purpose::Registration
        | Purpose::RegistrationRead
        | Purpose::RegistrationUpdate
        | Purpose::RegistrationDeletion => &[Registration],
        Purpose::Introspection { .. } | Purpose::Revocation { .. } => &[TokenManagement],
        Purpose::Userinfo => &[Userinfo],
        Purpose::Jwks => &[Jwks],
        Purpose::Challenge { .. }
        | Purpose::ResourceMetadata { .. }
        | Purpose::ServerMetadata { .. }
        | Purpose::IdentityProviderMetadata { .. }
        | Purpose::ClientMetadata
        | Purpose::Preflight { .. }
        | Purpose::FromPage { .. } => &[],
        Purpose::Copy { of } => return exchanges_of(of),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::Grant;

    #[test]
    fn a_name_is_a_secret_in_one_place_and_none_in_another() {
        let token = Purpose::Token {
            grant: Grant::AuthorizationCode,
        };
        assert_eq!(secret_at(&token, RequestBody, "code"), Some(true));
        assert_eq!(secret_at(&token, ResponseBody, "code"), Some(false));
        assert_eq!(secret_at(&token, ResponseBody, "access_token"), Some(true));
        assert_eq!(secret_at(&token, ResponseBody, "scope"), Some(false));
        assert_eq!(
            secret_at(&Purpose::Callback, RequestQuery, "code"),
            Some(true)
        );
        let refused = secret_at(&Purpose::Registration, ResponseBody, "code");
        assert_eq!(refused, Some(false));
        assert_eq!(
            secret_at(&token, RequestHeader, "Authorization"),
            Some(true)
        );
        assert_eq!(secret_at(&Purpose::Unknown, RequestQuery, "code"), None);
    }

    #[test]
    fn every_place_stands_there_once_and_in_lower_case() {
        for (index, place) in SECRET_PLACES.iter().enumerate() {
            assert_eq!(place.name, place.name.to_ascii_lowercase());
            assert!(!SECRET_PLACES[..index].contains(place), "{place:?}");
        }
    }
}
