//! FusionAuth.

use crate::finding::Owner;

use super::provider::{Cannot, Host, Provider, Sign, Trait, audience, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "FusionAuth",
    hosts: &[Host::Within("fusionauth.io")],
    traits: &[
        Trait::Own(Sign::Claim("applicationId", "")),
        Trait::Own(Sign::Says("error_reason: ")),
        Trait::Own(Sign::Path(
            "device_authorization_endpoint",
            "",
            "/oauth2/device_authorize",
        )),
        Trait::Shared(Sign::Claim("authenticationType", "")),
    ],
    cannot: &[Cannot::Register, Cannot::FollowResource],
    usual: &["T15/taken"],
    texts: &[
        text(
            &["redirect_uri"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "The redirect URI is not among those of the application.",
            "In FusionAuth, under Applications, this application, OAuth, add \
              {redirect_uri} to Authorized redirect URLs.",
        ),
        text(
            &["invalid_client_id"],
            "it does not know this client",
            Owner::Client,
            "There is no application with this client ID.",
            "Give this run the client ID of an application of this FusionAuth \
              (--client-id).",
        ),
        text(
            &["client_authentication"],
            "it wants the client's secret",
            Owner::AuthorizationServer,
            "The application requires client authentication.",
            "In FusionAuth, under Applications, this application, OAuth, set Client \
              authentication to Not required when using PKCE.",
        ),
        text(
            &["invalid_target|resource parameter|invalid resource|authorized resource"],
            "it does not know this resource",
            Owner::AuthorizationServer,
            "FusionAuth takes resources that are listed in the application.",
            "In FusionAuth, under Applications, this application, OAuth, add \
              {resource} to Authorized resource URIs.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In FusionAuth, under Applications, create an application with a public \
              client and the authorization code grant, and give its client ID to this \
              run (--client-id).",
        ),
        fix(
            "G03",
            "In FusionAuth, under Applications, create an application with a public \
              client and the authorization code grant, and give its client ID to this \
              run (--client-id).",
        ),
        audience(
            "FusionAuth puts the application ID into aud unless the resource is listed.",
            "Make the MCP server expect the application ID as audience, or add \
              {resource} to Authorized resource URIs of the application.",
        ),
        fix(
            "T40/other_issuer",
            "In FusionAuth, under Tenants, General, set Issuer to {issuer}.",
        ),
        because(
            "T40",
            "FusionAuth puts the application ID into aud, and its issuer is what the \
              tenant's settings say.",
            "Make the MCP server expect the application ID as audience, and the \
              issuer that the tenant has under General.",
        ),
        fix(
            "R10",
            "In FusionAuth, under Tenants, General, set Issuer to {issuer}.",
        ),
        because(
            "A07",
            "Releases of FusionAuth before 2026 take S256 and do not say so.",
            "Update FusionAuth, or put an OAuth proxy in front on the MCP server's \
              side that says \"code_challenge_methods_supported\": [\"S256\"].",
        ),
        fix(
            "S07",
            "In FusionAuth, under Applications, this application, OAuth, add \
              {redirect_uri} to Authorized redirect URLs.",
        ),
    ],
};
