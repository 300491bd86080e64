//! What to do about a redirect URI that is refused.

use url::Url;

use crate::wording::list;

/// What to do about a redirect URI that is not taken.
pub(crate) fn advice(uri: &str) -> String {
    let same_on = |host: &str| {
        let mut url = Url::parse(uri).ok()?;
        url.set_host(Some(host)).ok()?;
        Some(url.to_string())
    };
    let uris: Vec<String> = ["127.0.0.1", "localhost", "[::1]"]
        .into_iter()
        .filter_map(same_on)
        .collect();
    format!(
        "Let any port through for loopback redirect URIs. If the authorization server can only \
         compare whole URIs, choose a fixed host and port for the callback of this run and \
         register {}.",
        if uris.is_empty() {
            "that URI".into()
        } else {
            list(&uris)
        }
    )
}
