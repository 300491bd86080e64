//! Amazon Cognito.

use crate::finding::Owner;

use super::provider::{Cannot, Host, Provider, Sign, Trait, because, fix, pkce, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Amazon Cognito",
    hosts: &[
        Host::Within("amazoncognito.com"),
        Host::Below("cognito-idp.", "amazonaws.com"),
    ],
    traits: &[
        Trait::Own(Sign::Says("redirect_mismatch")),
        Trait::Own(Sign::Claim("token_use", "access")),
        Trait::Own(Sign::Claim("cognito:groups", "")),
        Trait::Own(Sign::Holds("authorization_endpoint", "amazoncognito.com")),
        Trait::Own(Sign::Holds("token_endpoint", "amazoncognito.com")),
    ],
    cannot: &[
        Cannot::Register,
        Cannot::AdvertisePkce,
        Cannot::ServeOauthDocument,
    ],
    usual: &["S08", "M03", "T15/taken"],
    texts: &[
        text(
            &["redirect_mismatch"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "Cognito compares callback URLs as a whole; http is taken for localhost \
              only.",
            "In the Amazon Cognito console, under Login pages of the app client, add \
              {redirect_uri} to Allowed callback URLs, and fix the port of this run \
              (--redirect-port).",
        ),
        text(
            &["invalid_scope"],
            "the app client may not ask for this scope",
            Owner::AuthorizationServer,
            "An app client may ask for the scopes that are chosen on its login pages.",
            "In the Amazon Cognito console, under Login pages of the app client, add \
              {scope} to the scopes (custom ones come from a resource server).",
        ),
        text(
            &["unauthorized_client"],
            "the app client may not use the authorization code grant",
            Owner::AuthorizationServer,
            "The grant is chosen on the login pages of the app client.",
            "In the Amazon Cognito console, under Login pages of the app client, \
              choose Authorization code grant.",
        ),
        text(
            &["invalid_grant", "resource"],
            "there is no resource server for this resource",
            Owner::AuthorizationServer,
            "Cognito reports a resource that it does not know as invalid_grant.",
            "In the Amazon Cognito console, under Branding, Domain, create a resource \
              server with the identifier {resource}.",
        ),
        text(
            &["invalid_client"],
            "it does not know this client, or wants its secret",
            Owner::AuthorizationServer,
            "The app client does not exist in this pool, or it has a secret.",
            "In the Amazon Cognito console, create an app client without a secret, or \
              give its secret to this run (--client-secret).",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In the Amazon Cognito console, under Applications, App clients, create a \
              public client (no secret) with the authorization code grant, and give \
              its client ID to this run (--client-id).",
        ),
        pkce(
            "Cognito takes PKCE with S256, but its metadata does not say so, and \
              nobody can make it.",
        ),
        because(
            "T15",
            "Cognito puts the identifier of a resource server into aud; without one \
              there is no aud.",
            "In the Amazon Cognito console, under Branding, Domain, create a resource \
              server with the identifier {resource}; or make the MCP server check \
              client_id instead of aud.",
        ),
        because(
            "T40",
            "Cognito's access tokens have no aud without a resource server.",
            "In the Amazon Cognito console, under Branding, Domain, create a resource \
              server with the identifier {resource}; or make the MCP server check \
              client_id instead of aud.",
        ),
        fix(
            "S07",
            "In the Amazon Cognito console, under Login pages of the app client, add \
              {redirect_uri} to Allowed callback URLs, and fix the port of this run \
              (--redirect-port).",
        ),
        because(
            "T41/refused",
            "A resource that Cognito does not know is reported as invalid_grant.",
            "In the Amazon Cognito console, under Branding, Domain, create a resource \
              server with the identifier {resource}.",
        ),
        fix(
            "S01",
            "Write https://cognito-idp.REGION.amazonaws.com/POOL into \
              authorization_servers: the domain of the login pages has no metadata.",
        ),
    ],
};
