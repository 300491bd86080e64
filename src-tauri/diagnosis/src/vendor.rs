//! What is known of the larger authorization servers, told by host and path. It only ever adds
//! advice.

use url::Url;

/// An authorization server that many people use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vendor {
    pub name: &'static str,
    /// How a client comes to be known to it.
    pub registration: &'static str,
}

/// Whose authorization server this issuer is, when its name shows it.
pub(crate) fn vendor(issuer: &str) -> Option<Vendor> {
    let url = Url::parse(issuer).ok()?;
    let host = url.host_str()?;
    let within = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
    let known = |name, registration| Some(Vendor { name, registration });
    if within("authkit.app") || within("workos.com") {
        return known(
            "WorkOS AuthKit",
            "In the WorkOS dashboard, under Connect, Configuration, enable Client ID Metadata Document or \
             Dynamic Client Registration.",
        );
    }
    if within("auth0.com") {
        return known(
            "Auth0",
            "In the Auth0 dashboard, under Settings, Advanced, enable Dynamic Client Registration, or create \
             a native application and use its client ID.",
        );
    }
    if within("supabase.co") {
        return known(
            "Supabase",
            "In the Supabase dashboard, under Authentication, OAuth Server, allow dynamic client \
             registration, or register an OAuth app by hand and use its client ID.",
        );
    }
    if within("microsoftonline.com") || within("ciamlogin.com") {
        return known(
            "Microsoft Entra",
            "Entra has no dynamic registration: create an app registration, add the redirect URI for mobile \
             and desktop applications, and use its application (client) ID.",
        );
    }
    if within("okta.com") || within("oktapreview.com") {
        return known(
            "Okta",
            "Okta registers clients only for callers with an API token: create a native OIDC app integration \
             and use its client ID.",
        );
    }
    if within("amazoncognito.com") || (host.starts_with("cognito-idp.") && within("amazonaws.com"))
    {
        return known(
            "Amazon Cognito",
            "Cognito has no dynamic registration: create an app client without a secret in the user pool and \
             use its client ID.",
        );
    }
    if host == "accounts.google.com" {
        return known(
            "Google",
            "Google has no dynamic registration: create an OAuth client ID of type Desktop app in the Google \
             Cloud console and use it with its secret.",
        );
    }
    if host == "github.com" {
        return known(
            "GitHub",
            "GitHub has no dynamic registration: register an OAuth app under Settings, Developer settings, \
             and use its client ID and secret.",
        );
    }
    if url.path().contains("/realms/") {
        return known(
            "Keycloak",
            "In the Keycloak admin console, under Clients, Client registration, look at the anonymous access \
             policies: the Trusted Hosts policy must let the caller through. Or create a public client by \
             hand and use its client ID.",
        );
    }
    None
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
    fn vendors_are_told_by_host_or_path_and_lookalikes_are_not() {
        let name = |issuer| vendor(issuer).map(|vendor| vendor.name);
        assert_eq!(name("https://tenant.eu.auth0.com/"), Some("Auth0"));
        assert_eq!(
            name("https://login.microsoftonline.com/common/v2.0"),
            Some("Microsoft Entra")
        );
        assert_eq!(name("https://sso.example/realms/main"), Some("Keycloak"));
        let pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x";
        assert_eq!(name(pool), Some("Amazon Cognito"));
        assert_eq!(name("https://auth0.com.example/"), None);
        assert_eq!(name("no url"), None);
        assert!(is_authkit_domain("https://tall-tree-12.authkit.app"));
        assert!(!is_authkit_domain("https://authkit.app.example"));
    }
}
