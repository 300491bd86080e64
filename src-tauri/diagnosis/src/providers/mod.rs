//! Which authorization server it is: told by host names that are its own, and by what its metadata
//! has in common with others of its kind. One file for each provider.

mod auth0;
mod cognito;
mod entra;
mod fronts;
mod github;
mod google;
mod keycloak;
mod okta;
mod provider;
mod supabase;
mod workos;

use trace::{Evidence, Purpose, ServerMetadata, Trace};
use url::Url;

use crate::finding::Certainty;
pub(crate) use fronts::{access_proxy, answers_itself};
pub use provider::Provider;

const PROVIDERS: [&Provider; 9] = [
    &workos::PROVIDER,
    &auth0::PROVIDER,
    &supabase::PROVIDER,
    &entra::PROVIDER,
    &okta::PROVIDER,
    &cognito::PROVIDER,
    &google::PROVIDER,
    &github::PROVIDER,
    &keycloak::PROVIDER,
];

/// A provider, and what speaks for it.
#[derive(Debug)]
pub struct Recognized {
    pub provider: &'static Provider,
    pub evidence: Vec<Evidence>,
    /// Certain by a host name of its own, likely by traits.
    pub certainty: Certainty,
}

/// Whose authorization server this issuer is, as far as its name and its metadata show.
pub(crate) fn recognize(issuer: &str, metadata: Option<&ServerMetadata>) -> Option<Recognized> {
    let url = Url::parse(issuer).ok()?;
    let host = url.host_str()?;
    if let Some(provider) = PROVIDERS.iter().find(|one| (one.is_host)(host)) {
        return Some(Recognized {
            provider,
            evidence: vec![evidence(format!("host {host}"))],
            certainty: Certainty::Certain,
        });
    }
    let none = ServerMetadata::default();
    let metadata = metadata.unwrap_or(&none);
    let by_traits = PROVIDERS.iter().filter_map(|provider| {
        let fitting = provider
            .traits
            .iter()
            .filter(|one| (one.fits)(issuer, metadata));
        let evidence: Vec<Evidence> = fitting.map(|one| evidence(one.what.into())).collect();
        (!evidence.is_empty()).then_some(Recognized {
            provider,
            evidence,
            certainty: Certainty::Likely,
        })
    });
    // Of several the one with most on its side; the first of equals.
    by_traits.reduce(|best, other| {
        if other.evidence.len() > best.evidence.len() {
            other
        } else {
            best
        }
    })
}

fn evidence(what: String) -> Evidence {
    Evidence { entry: None, what }
}

/// The provider of the authorization server whose metadata a trace holds, if it is known.
pub fn provider_of(trace: &Trace) -> Option<Recognized> {
    let (entry, exchange, issuer) =
        trace
            .exchanges()
            .find_map(|(entry, exchange)| match &exchange.purpose {
                Purpose::ServerMetadata { issuer, .. } => Some((entry, exchange, issuer)),
                _ => None,
            })?;
    let document = exchange.response_with_body().map(ServerMetadata::read);
    let mut recognized = recognize(issuer, document.and_then(Result::ok).as_ref())?;
    for evidence in &mut recognized.evidence {
        evidence.entry = Some(entry.seq);
    }
    Some(recognized)
}

/// Whether a host is one of WorkOS AuthKit's own.
pub(crate) fn is_authkit_domain(issuer: &str) -> bool {
    let url = Url::parse(issuer).ok();
    let host = url.as_ref().and_then(Url::host_str);
    host.is_some_and(|host| host.ends_with(".authkit.app"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_known_by_host_and_lookalikes_are_not() {
        let name = |issuer| recognize(issuer, None).map(|found| found.provider.name);
        assert_eq!(name("https://tenant.eu.auth0.com/"), Some("Auth0"));
        assert_eq!(
            name("https://login.microsoftonline.com/common/v2.0"),
            Some("Microsoft Entra")
        );
        assert_eq!(name("https://sso.example/realms/main"), Some("Keycloak"));
        let pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x";
        assert_eq!(name(pool), Some("Amazon Cognito"));
        assert_eq!(name("https://auth0.com.example/"), None);
        assert_eq!(name("https://notauth0.com/"), None);
        assert_eq!(name("no url"), None);
        assert!(is_authkit_domain("https://tall-tree-12.authkit.app"));
        assert!(!is_authkit_domain("https://authkit.app.example"));
    }

    #[test]
    fn behind_a_customer_s_host_the_endpoints_tell() {
        let metadata = ServerMetadata {
            token_endpoint: Some("https://login.shop.example/oauth/token".into()),
            registration_endpoint: Some("https://login.shop.example/oidc/register".into()),
            ..ServerMetadata::default()
        };
        let found = recognize("https://login.shop.example/", Some(&metadata)).unwrap();
        assert_eq!(found.provider.name, "Auth0");
        assert_eq!(
            (found.certainty, found.evidence.len()),
            (Certainty::Likely, 2)
        );
        let plain = ServerMetadata::default_endpoints("https://as.example");
        assert!(recognize("https://as.example", Some(&plain)).is_none());
    }
}
