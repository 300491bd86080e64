//! Keycloak.

use crate::finding::Owner;

use super::provider::{Provider, Sign, Trait, UNKNOWN, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Keycloak",
    traits: &[
        Trait::Own(Sign::InPath("token_endpoint", "/protocol/openid-connect/")),
        Trait::Own(Sign::InPath(
            "registration_endpoint",
            "/clients-registrations/openid-connect",
        )),
        Trait::Shared(Sign::IssuerPath("/realms/")),
        Trait::Own(Sign::Says(
            "rejected request to client-registration service",
        )),
        Trait::Shared(Sign::Says("Policy 'Trusted Hosts'")),
    ],
    usual: &["T15/taken"],
    texts: &[
        text(
            &["trusted hosts|host not trusted"],
            "the policy Trusted Hosts forbids the registration",
            Owner::AuthorizationServer,
            "Anonymous registration is let through only from hosts that the policy \
              Trusted Hosts knows, and for client URIs of such hosts.",
            "In the Keycloak admin console, under Clients, Client registration, \
              Client registration policies, Anonymous access, change Trusted Hosts so \
              that the host that sends the request is let through; or create a public \
              client by hand and give its client ID to this run (--client-id).",
        ),
        text(
            &["allowed client scopes"],
            "the policy Allowed Client Scopes forbids the registration",
            Owner::AuthorizationServer,
            "The client asks for scopes that anonymous registration does not allow.",
            "In the Keycloak admin console, under Clients, Client registration, \
              Client registration policies, Anonymous access, Allowed Client Scopes, \
              add the scopes that the client registers with.",
        ),
        text(
            &["allowed registration web origins"],
            "the policy Allowed Registration Web Origins forbids the registration",
            Owner::AuthorizationServer,
            "A client in a browser may register only from origins that this policy \
              knows.",
            "In the Keycloak admin console, under Clients, Client registration, \
              Client registration policies, Anonymous access, Allowed Registration Web \
              Origins, add the client's origin.",
        ),
        text(
            &["consent required"],
            "a registration policy forbids it",
            Owner::AuthorizationServer,
            "A policy for anonymous registration refuses the client.",
            "In the Keycloak admin console, under Clients, Client registration, \
              Client registration policies, Anonymous access, change the policy that \
              the answer names.",
        ),
        text(
            &["invalid parameter: redirect_uri"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "The redirect URI is not among the Valid redirect URIs of the client.",
            "In the Keycloak admin console, under Clients, this client, Settings, add \
              {redirect_uri} to Valid redirect URIs.",
        ),
        text(
            &["https required"],
            "the realm wants HTTPS",
            Owner::AuthorizationServer,
            "The realm takes plain http from some addresses only.",
            "In the Keycloak admin console, under Realm settings, General, set \
              Require SSL, or serve Keycloak over https.",
        ),
        text(
            &["client not found"],
            "it does not know this client",
            Owner::Client,
            "There is no client with this ID in the realm.",
            "Give this run the client ID of a client of this realm (--client-id).",
        ),
        text(
            &["invalid scopes|invalid_scope"],
            "the client does not have this scope",
            Owner::AuthorizationServer,
            "A client may ask for the scopes that are assigned to it.",
            "In the Keycloak admin console, under Client scopes, create the scope \
              {scope}, and add it as Optional to the client.",
        ),
        text(
            &["standard flow is disabled"],
            "the client may not use the authorization code grant",
            Owner::AuthorizationServer,
            "Standard flow is what Keycloak calls that grant, and it is off for this client.",
            "In the Keycloak admin console, under Clients, this client, Settings, Capability \
              config, turn on Standard flow.",
        ),
        text(
            &["invalid_target"],
            "no client has this resource",
            Owner::AuthorizationServer,
            "With the feature resource-indicators Keycloak looks for a client whose \
              attribute resource_url is the resource.",
            "In the Keycloak admin console, give the client of the MCP server the \
              attribute resource_url with {resource}.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In the Keycloak admin console, under Clients, Client registration, \
              Client registration policies, Anonymous access, change Trusted Hosts so \
              that the host that sends the request is let through; or create a public \
              client by hand and give its client ID to this run (--client-id).",
        ),
        fix(
            "G03",
            "In the Keycloak admin console, under Clients, Client registration, \
              Client registration policies, Anonymous access, change Trusted Hosts so \
              that the host that sends the request is let through; or create a public \
              client by hand and give its client ID to this run (--client-id).",
        ),
        because(
            "T15",
            "Keycloak puts no audience into the token for resource unless it is told \
              to.",
            "In the Keycloak admin console, add a client scope with a mapper of type \
              Audience, Included Custom Audience {resource}, and assign it to the \
              client.",
        ),
        because(
            "T40",
            "Keycloak puts no audience into the token for resource unless it is told \
              to.",
            "In the Keycloak admin console, add a client scope with a mapper of type \
              Audience, Included Custom Audience {resource}, and assign it to the \
              client.",
        ),
        fix(
            "S07",
            "In the Keycloak admin console, under Clients, this client, Settings, add \
              {redirect_uri} to Valid redirect URIs.",
        ),
        fix(
            "S01",
            "Write https://HOST/realms/REALM into authorization_servers, with the \
              realm's name.",
        ),
        fix(
            "R10",
            "Set Keycloak's hostname (--hostname) to the URL by which clients reach \
              it: {issuer} has to be its issuer.",
        ),
    ],
    ..UNKNOWN
};
