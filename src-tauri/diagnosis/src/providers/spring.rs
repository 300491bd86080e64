//! Spring Authorization Server.

use crate::finding::Owner;

use super::provider::{Cannot, Provider, Sign, Trait, UNKNOWN, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Spring Authorization Server",
    traits: &[
        Trait::Own(Sign::Path("registration_endpoint", "", "/connect/register")),
        Trait::Own(Sign::Says("OAuth 2.0 Parameter: ")),
        Trait::Own(Sign::Says("whitelabel error page")),
        Trait::Shared(Sign::Path("token_endpoint", "", "/oauth2/token")),
        Trait::Shared(Sign::Path("jwks_uri", "", "/oauth2/jwks")),
    ],
    cannot: &[Cannot::FollowResource],
    usual: &["T15/taken"],
    texts: &[
        text(
            &["oauth 2.0 parameter: redirect_uri"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "The redirect URI is not among those of the registered client.",
            "Add {redirect_uri} to the RegisteredClient (redirectUri).",
        ),
        text(
            &["oauth 2.0 parameter: client_id"],
            "it does not know this client",
            Owner::Client,
            "There is no RegisteredClient with this ID.",
            "Give this run the client ID of a RegisteredClient (--client-id).",
        ),
        text(
            &["oauth 2.0 parameter: scope"],
            "the client may not ask for this scope",
            Owner::AuthorizationServer,
            "The scope is not among those of the RegisteredClient.",
            "Add {scope} to the RegisteredClient (scope).",
        ),
        text(
            &["whitelabel error page"],
            "it shows its error page",
            Owner::AuthorizationServer,
            "The page names neither client nor parameter, but most often the redirect \
              URI or the client is not registered.",
            "Look into the server's log for this request, and add {redirect_uri} to \
              the RegisteredClient (redirectUri).",
        ),
    ],
    recipes: &[
        because(
            "S06",
            "Spring's registration endpoint takes callers with a token with the scope \
              client.create only.",
            "Turn on open registration (mcp-authorization-server of \
              spring-ai-community/mcp-security), or configure a RegisteredClient and \
              give its client ID to this run (--client-id).",
        ),
        fix(
            "G03",
            "Turn on open registration (mcp-authorization-server of \
              spring-ai-community/mcp-security), or configure a RegisteredClient and \
              give its client ID to this run (--client-id).",
        ),
        because(
            "T15",
            "Spring Authorization Server puts the client ID into aud unless it is \
              customised.",
            "Set aud to {resource} in an OAuth2TokenCustomizer<JwtEncodingContext> \
              bean, or make the MCP server expect the client ID.",
        ),
        because(
            "T40",
            "Spring Authorization Server puts the client ID into aud unless it is \
              customised.",
            "Set aud to {resource} in an OAuth2TokenCustomizer<JwtEncodingContext> \
              bean, or make the MCP server expect the client ID.",
        ),
        fix(
            "S07",
            "Add {redirect_uri} to the RegisteredClient (redirectUri).",
        ),
        because(
            "A07",
            "Spring's OpenID document lacked the member for long while its OAuth \
              document has it.",
            "Serve /.well-known/oauth-authorization-server, or update Spring \
              Authorization Server.",
        ),
    ],
    ..UNKNOWN
};
