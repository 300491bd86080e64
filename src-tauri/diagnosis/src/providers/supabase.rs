//! Supabase.

use crate::finding::Owner;

use super::provider::{Cannot, Host, Provider, Sign, Trait, audience, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Supabase",
    hosts: &[Host::Within("supabase.co")],
    traits: &[
        Trait::Own(Sign::InPath("token_endpoint", "/auth/v1/oauth/")),
        Trait::Shared(Sign::IssuerPath("/auth/v1")),
        Trait::Shared(Sign::Says("error_code: oauth_")),
        Trait::Shared(Sign::Says("error_code: ")),
        Trait::Shared(Sign::Claim("aud", "authenticated")),
    ],
    cannot: &[Cannot::FollowResource],
    usual: &["T15/taken", "S08"],
    texts: &[
        text(
            &["oauth_dynamic_client_registration_disabled"],
            "dynamic registration is off",
            Owner::AuthorizationServer,
            "The project lets no client register itself.",
            "In the Supabase dashboard, under Authentication, OAuth Server, allow \
              dynamic OAuth apps.",
        ),
        text(
            &["oauth server", "disabled|not enabled"],
            "its OAuth server is off",
            Owner::AuthorizationServer,
            "The OAuth server of a project is off by default.",
            "In the Supabase dashboard, under Authentication, OAuth Server, enable \
              the OAuth server and set the authorization path.",
        ),
        text(
            &["redirect_uri|redirect uri"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "Supabase compares redirect URIs with those that the client registered.",
            "In the Supabase dashboard, under Authentication, OAuth Apps, add \
              {redirect_uri} to the redirect URIs of this client.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In the Supabase dashboard, under Authentication, OAuth Server, allow \
              dynamic OAuth apps.",
        ),
        fix(
            "G03",
            "In the Supabase dashboard, under Authentication, OAuth Server, allow \
              dynamic OAuth apps.",
        ),
        fix(
            "S01",
            "In the Supabase dashboard, under Authentication, OAuth Server, enable \
              the OAuth server (it is off by default), and name \
              https://PROJECT.supabase.co/auth/v1 in authorization_servers.",
        ),
        fix(
            "S07",
            "In the Supabase dashboard, under Authentication, OAuth Apps, add \
              {redirect_uri} to the redirect URIs of this client.",
        ),
        audience(
            "Supabase puts \"authenticated\" into aud whatever resource is asked for.",
            "Make the MCP server expect the audience \"authenticated\" and check iss \
              and client_id instead.",
        ),
        because(
            "T40",
            "Supabase puts \"authenticated\" into aud whatever resource is asked for, \
              and projects with a shared secret sign with HS256, which nobody else can \
              check.",
            "Make the MCP server expect the audience \"authenticated\", and give the \
              project an asymmetric signing key (RS256 or ES256).",
        ),
        because(
            "A18",
            "Supabase has no consent page of its own: it sends the browser to the \
              authorization path of your site with authorization_id.",
            "Set the authorization path under Authentication, OAuth Server to a page \
              of your site that calls approveAuthorization or denyAuthorization.",
        ),
        because(
            "A31",
            "Supabase has no consent page of its own: it sends the browser to the \
              authorization path of your site with authorization_id.",
            "Set the authorization path under Authentication, OAuth Server to a page \
              of your site that calls approveAuthorization or denyAuthorization.",
        ),
    ],
};
