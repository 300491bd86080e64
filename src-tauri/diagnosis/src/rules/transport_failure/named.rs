//! The document that gave the URL of a request, and who wrote it.

use serde_json::Value;
use trace::{Grant, MetadataSource, Purpose};
use url::Url;

use super::server::Server;
use crate::reading::{ExchangeRef, Reading};

pub(super) struct Named<'a> {
    pub by: Server,
    /// What holds the member: "challenge".
    pub document: &'static str,
    pub member: &'static str,
    /// The answer that held it.
    pub at: ExchangeRef<'a>,
    /// Whether the server that named it is the one that it leads to.
    pub of_the_same_server: bool,
    /// How to write a public address into it.
    pub fix: &'static str,
}

/// Which document gave the URL of a request. `None` where none was seen to: the user did, it is a
/// default, or a page on the way led there.
pub(super) fn named<'a>(reading: &Reading<'a>, seen: ExchangeRef<'_>) -> Option<Named<'a>> {
    let endpoint = |member| {
        let (attempt, _) = reading.server_metadata_before(seen.seq)?;
        let document = attempt.seen.response()?.object()?;
        let aliases = document.get("mtls_endpoint_aliases");
        let mut urls = [
            document.get(member),
            aliases.and_then(|aliases| aliases.get(member)),
        ]
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
        let asked = without_query(seen.request().url());
        urls.any(|url| without_query(url) == asked).then_some(Named {
            by: Server::Authorization,
            document: "authorization server metadata",
            member,
            at: attempt.seen,
            of_the_same_server: true,
            fix: "Set the authorization server's public URL (its base URL or host name; behind a \
                  proxy let it go by X-Forwarded-Proto, -Host and -Port), so that the endpoints in \
                  its metadata have it.",
        })
    };
    match seen.exchange.purpose {
        Purpose::ResourceMetadata {
            source: MetadataSource::Header,
        } => Some(Named {
            by: Server::Mcp,
            document: "challenge",
            member: "resource_metadata",
            at: *reading
                .first_calls
                .iter()
                .rfind(|other| other.seq < seen.seq)?,
            of_the_same_server: true,
            fix: "Set the MCP server's public URL (its base URL or host name; behind a proxy let it \
                  go by X-Forwarded-Proto, -Host and -Port), so that resource_metadata has it.",
        }),
        Purpose::ServerMetadata { .. } => Some(Named {
            by: Server::Mcp,
            document: "resource metadata",
            member: "authorization_servers",
            at: reading.resource_metadata()?.0.seen,
            of_the_same_server: false,
            fix: "Write the authorization server's public URL into authorization_servers of the \
                  resource metadata: the issuer that clients outside can reach.",
        }),
        // It goes to the identity provider, whose metadata is another.
        Purpose::Token {
            grant: Grant::TokenExchange,
        } => None,
        Purpose::Registration => endpoint("registration_endpoint"),
        Purpose::Token { .. } => endpoint("token_endpoint"),
        Purpose::Authorization | Purpose::AuthorizationProbe => endpoint("authorization_endpoint"),
        Purpose::PushedAuthorization => endpoint("pushed_authorization_request_endpoint"),
        Purpose::DeviceAuthorization => endpoint("device_authorization_endpoint"),
        Purpose::Introspection { .. } => endpoint("introspection_endpoint"),
        Purpose::Revocation { .. } => endpoint("revocation_endpoint"),
        Purpose::Userinfo => endpoint("userinfo_endpoint"),
        Purpose::Jwks => endpoint("jwks_uri"),
        _ => None,
    }
}

fn without_query(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    Url::parse(url).map_or_else(|_| url.to_owned(), String::from)
}

#[cfg(test)]
mod tests {
    use trace::{FailureKind, Purpose, Request};

    use crate::sample::{Answer, Run, found_in, push_to_server};

    #[test]
    fn what_the_metadata_does_not_list_does_not_come_from_it() {
        let fix = |path: &str| {
            let mut trace = Run::healthy().trace();
            let request = Request::new("GET", format!("https://as.example{path}"));
            let failed = Answer::failed(FailureKind::Refused);
            push_to_server(&mut trace, Purpose::Authorization, request, &failed);
            found_in(&trace, "N01").unwrap().fix
        };
        let listed = "authorization_endpoint of the authorization server metadata";
        assert!(fix("/authorize?client_id=me").contains(listed));
        // The page at which a user types in the code of a device, or one behind a form.
        assert!(!fix("/device").contains("metadata"));
    }
}
