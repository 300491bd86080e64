//! Scalekit.

use crate::finding::Owner;

use super::provider::{Cannot, Host, Provider, Recipe, Sign, Trait, audience, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Scalekit",
    hosts: &[Host::Within("scalekit.dev"), Host::Within("scalekit.com")],
    traits: &[
        Trait::Own(Sign::IssuerPath("/resources/res_")),
        Trait::Own(Sign::Claim("aud", "res_")),
        Trait::Own(Sign::InPath("authorization_endpoint", "/resources/res_")),
    ],
    cannot: &[Cannot::FollowResource],
    usual: &["T15/taken"],
    texts: &[
        text(
            &[
                "registration",
                "disabled|not enabled|not allowed|switched off|turned off",
            ],
            "dynamic registration is off for this MCP server",
            Owner::AuthorizationServer,
            "Each MCP server in Scalekit says how clients register.",
            "In the Scalekit dashboard, under MCP Servers, this server, allow dynamic \
              client registration.",
        ),
        text(
            &["redirect_uri|redirect uri"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "The redirect URI is not among those of the client.",
            "In the Scalekit dashboard, under MCP Servers, this server, Clients, add \
              {redirect_uri}.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In the Scalekit dashboard, under MCP Servers, this server, allow dynamic \
              client registration or client ID metadata documents.",
        ),
        fix(
            "G03",
            "In the Scalekit dashboard, under MCP Servers, this server, allow dynamic \
              client registration.",
        ),
        audience(
            "Scalekit puts the ID of the resource (res_…) into aud.",
            "Make the MCP server expect res_ID as audience, as the Scalekit dashboard \
              has it under MCP Servers.",
        ),
        Recipe {
            rule: "T40/other_issuer",
            becomes: Some("wrong_signature"),
            why: "Scalekit's tokens have the environment as iss, and its metadata the resource.",
            fix: "Make the MCP server expect the environment's URL as issuer of tokens, and res_ID \
                  as audience.",
        },
        because(
            "T40",
            "Scalekit's tokens have the environment as iss and the ID of the resource \
              (res_…) as aud.",
            "Make the MCP server expect res_ID as audience and the environment's URL \
              as issuer.",
        ),
        fix(
            "R10",
            "Write ENVIRONMENT/resources/res_ID into authorization_servers, as the \
              Scalekit dashboard has it.",
        ),
        fix(
            "S01",
            "Write ENVIRONMENT/resources/res_ID into authorization_servers, as the \
              Scalekit dashboard has it.",
        ),
        fix(
            "S07",
            "In the Scalekit dashboard, under MCP Servers, this server, Clients, add \
              {redirect_uri}.",
        ),
    ],
};
