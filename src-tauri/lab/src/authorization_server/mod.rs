//! The authorization server: one set of endpoints with one issuer and its own clients, grants and
//! tokens.
//!
//! | module | endpoint |
//! |---|---|
//! | `metadata` | the well-known documents and the JWK set |
//! | `registration` | dynamic registration and its management |
//! | `authorize`, `response`, `response_mode`, `page` | the authorization endpoint, its answers, and what a person sees there |
//! | `request`, `request_object`, `authorization_details`, `acr` | what an authorization request may be |
//! | `pushed` | the pushed authorization request endpoint |
//! | `token`, `token_request`, `grants`, `tokens` | the token endpoint, what can be exchanged there, and the tokens themselves |
//! | `device` | device authorization: endpoint, page, polling |
//! | `assertion_grant`, `token_exchange` | assertions of other issuers as grants; an identity provider's own |
//! | `inspect` | revocation, introspection, userinfo |
//! | `clients`, `client_document`, `client_authentication` | who may ask, and how it proves it |
//! | `server` | what it is made of, and what the endpoints share |
//! | `trust` | whose assertions count, and whom they are issued for |
//! | `store`, `authorization`, `device_codes`, `pushed_requests` | what was granted, what waits for a person or a client |
//! | `early` | which access tokens expire early, where that is what goes wrong |

mod acr;
mod assertion_grant;
mod authorization;
mod authorization_details;
mod authorize;
mod client_authentication;
mod client_document;
mod clients;
mod device;
mod device_codes;
mod early;
mod grants;
mod inspect;
mod metadata;
mod page;
mod pushed;
mod pushed_requests;
mod registration;
mod request;
mod request_object;
mod response;
mod response_mode;
mod server;
mod store;
mod token;
mod token_exchange;
mod token_request;
mod tokens;
mod trust;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::origin::allow_cross_origin;

pub(crate) use acr::MULTIPLE_FACTORS;
pub(crate) use clients::{ENTERPRISE_CLIENT, IDENTITY_CLIENT};
pub(crate) use server::{AuthorizationServer, Role, Setup};
pub(crate) use tokens::{Access, Refused};
pub(crate) use trust::{Partners, Says, TrustedIssuer};

impl AuthorizationServer {
    /// All endpoints, for the origin that `base` names.
    pub(crate) fn router(self: &Arc<Self>) -> Router {
        let for_programs = Router::new()
            .route(
                "/.well-known/oauth-authorization-server",
                get(metadata::oauth),
            )
            .route("/.well-known/openid-configuration", get(metadata::openid))
            .route("/jwks", get(metadata::jwks))
            .route("/register", post(registration::register))
            .route(
                "/register/{client_id}",
                get(registration::read)
                    .put(registration::update)
                    .delete(registration::delete),
            )
            .route("/par", post(pushed::push))
            .route("/device_authorization", post(device::authorization))
            .route("/token", post(token::token))
            .route("/revoke", post(inspect::revoke))
            .route("/introspect", post(inspect::introspect))
            .route("/userinfo", get(inspect::userinfo).post(inspect::userinfo))
            .merge(self.provider_routes())
            .with_state(self.clone());
        let for_people = Router::new()
            .route(
                "/authorize",
                get(authorize::from_query).post(authorize::from_form),
            )
            .route("/authorize/decision", post(authorize::decide))
            .route("/device", get(device::enter))
            .route("/device/decision", post(device::decide))
            .with_state(self.clone());
        allow_cross_origin(for_programs, self.misbehaviour).merge(for_people)
    }

    /// The endpoints of the provider that is played, where they are not at the usual paths.
    fn provider_routes(&self) -> Router<Arc<Self>> {
        let mut router = Router::new();
        let Some(setup) = self.options.provider else {
            return router;
        };
        let provider = setup.provider;
        let unusual = |path: &str, usual: &str| !path.is_empty() && path != usual;
        if unusual(&provider.authorize, "/authorize") {
            let page = get(authorize::from_query).post(authorize::from_form);
            router = router.route(&provider.authorize, page);
        }
        if unusual(&provider.token, "/token") {
            router = router.route(&provider.token, post(token::token));
        }
        if unusual(&provider.register, "/register") {
            router = router.route(&provider.register, post(registration::register));
        }
        if unusual(&provider.jwks, "/jwks") {
            router = router.route(&provider.jwks, get(metadata::jwks));
        }
        if !matches!(provider.issuer.as_str(), "" | "/") {
            for path in setup.well_known() {
                router = router.route(&path, get(metadata::of_provider));
            }
        }
        router
    }
}
