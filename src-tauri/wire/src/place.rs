//! Whether a URL leads to the redirect URI, and whether a path can be ours.

use url::Url;

/// Scheme, host, port and path are the redirect URI's; what the authorization server added in the
/// query or the fragment does not count (RFC 6749 section 4.1.2).
pub(crate) fn is_at(url: &str, redirect_uri: &str) -> bool {
    let bare = |text: &str| text.split(['?', '#']).next().unwrap_or(text).to_string();
    if bare(url) == bare(redirect_uri) {
        return true;
    }
    match (Url::parse(url), Url::parse(redirect_uri)) {
        (Ok(url), Ok(wanted)) => {
            url.scheme() == wanted.scheme()
                && url.host() == wanted.host()
                && url.port_or_known_default() == wanted.port_or_known_default()
                && url.path() == wanted.path()
                && url.username().is_empty()
                && url.password().is_none()
        }
        _ => false,
    }
}

/// Begins with `/`, and stays as it is in a URL: without query and fragment, nothing to encode, no
/// dots to resolve.
pub(crate) fn is_plain_path(path: &str) -> bool {
    let unchanged = Url::parse(&format!("http://127.0.0.1{path}"))
        .is_ok_and(|url| url.path() == path && url.query().is_none() && url.fragment().is_none());
    path.starts_with('/') && unchanged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_same_place_counts() {
        let redirect = "http://127.0.0.1:4000/callback";
        for there in [
            "http://127.0.0.1:4000/callback",
            "http://127.0.0.1:4000/callback?code=a",
            "HTTP://127.0.0.1:4000/callback#code=a",
        ] {
            assert!(is_at(there, redirect), "{there}");
        }
        for elsewhere in [
            "http://127.0.0.1:40001/callback?code=a",
            "http://127.0.0.1:4000/callback/",
            "http://127.0.0.1:4000/callbackx",
            "https://127.0.0.1:4000/callback",
            "http://127.0.0.1:4000@evil.example/callback",
            "http://u@127.0.0.1:4000/callback",
            "/callback?code=a",
            "",
        ] {
            assert!(!is_at(elsewhere, redirect), "{elsewhere}");
        }
        assert!(is_at("com.example.app:/cb?code=a", "com.example.app:/cb"));
    }
}
