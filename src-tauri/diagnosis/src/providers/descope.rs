//! Descope.

use crate::finding::Owner;

use super::provider::{Host, Provider, Sign, Trait, UNKNOWN, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Descope",
    hosts: &[Host::Is("api.descope.com"), Host::Within("descope.com")],
    traits: &[
        Trait::Own(Sign::IssuerPath("/v1/apps/agentic/")),
        Trait::Own(Sign::InPath("token_endpoint", "/oauth2/v1/apps/")),
    ],
    texts: &[
        text(
            &["registration", "not enabled|disabled"],
            "registration is off for this MCP server",
            Owner::AuthorizationServer,
            "Each MCP server in Descope says how clients register.",
            "In the Descope console, under Agentic Identity Hub, MCP Servers, \
              Settings, Client registration, enable DCR or CIMD.",
        ),
        text(
            &["redirect_uri|redirect uri"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "The redirect URI is not among those of the client.",
            "In the Descope console, under Agentic Identity Hub, Clients, this \
              client, add {redirect_uri}.",
        ),
        text(
            &["invalid_target|resource parameter|invalid resource|unknown resource"],
            "it does not know this resource",
            Owner::AuthorizationServer,
            "The MCP Server URL in Descope is another one.",
            "In the Descope console, under Agentic Identity Hub, MCP Servers, \
              Settings, set MCP Server URL to {resource}.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In the Descope console, under Agentic Identity Hub, MCP Servers, \
              Settings, Client registration, enable DCR or CIMD, or create a client \
              under Clients.",
        ),
        fix(
            "G03",
            "In the Descope console, under Agentic Identity Hub, MCP Servers, \
              Settings, Client registration, enable DCR.",
        ),
        fix(
            "T15",
            "In the Descope console, under Agentic Identity Hub, MCP Servers, \
              Settings, set MCP Server URL to {resource}.",
        ),
        fix(
            "T40",
            "In the Descope console, under Agentic Identity Hub, MCP Servers, \
              Settings, set MCP Server URL to {resource}, and let the MCP server \
              expect the Issuer URL of Connection Information.",
        ),
        fix(
            "R10",
            "Write the Issuer URL of Connection Information in the Descope console \
              into authorization_servers, and not that of the project.",
        ),
        fix(
            "S01",
            "Write the Issuer URL of Connection Information in the Descope console \
              into authorization_servers, and not that of the project.",
        ),
        fix(
            "A30/scope_unknown",
            "In the Descope console, under Agentic Identity Hub, MCP Servers, \
              Settings, add the scopes {scope}.",
        ),
        fix(
            "S07",
            "In the Descope console, under Agentic Identity Hub, Clients, this \
              client, add {redirect_uri}.",
        ),
    ],
    ..UNKNOWN
};
