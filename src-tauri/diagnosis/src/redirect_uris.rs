//! Redirect URIs that are refused: how pages say it, and what to do about it.

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

/// What a firewall that refuses a request with this redirect URI may dislike, and a way around it:
/// rules against forged requests look for loopback addresses in queries and bodies.
pub(crate) fn to_a_firewall(uri: &str) -> Option<(String, String)> {
    let url = Url::parse(uri).ok()?;
    let host = url.host_str()?;
    matches!(host, "127.0.0.1" | "[::1]").then(|| {
        (
            format!(
                "Such rules often refuse a loopback address: the request has {host} in its redirect \
                 URI."
            ),
            "Let the firewall take loopback redirect URIs here. Until then try --redirect-host \
             localhost, which many of these rules let pass."
                .to_owned(),
        )
    })
}

/// Whether an error description is about the parameter `resource`.
pub(crate) fn names_resource(description: &str) -> bool {
    let mut words = description.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.any(|word| word.eq_ignore_ascii_case("resource"))
}

/// Whether the description of an `invalid_target` says that the resource is kept from this client,
/// and not that nobody knows it.
pub(crate) fn refuses_resource_to_client(description: &str, client_id: &str) -> bool {
    let description = description.to_ascii_lowercase();
    let mut words = description.split_whitespace();
    let of_client = words.any(|word| word == "client" || word == client_id.to_ascii_lowercase());
    let kept = [
        "not linked",
        "not allowed",
        "not authorized",
        "not authorised",
        "not permitted",
        "not assigned",
        "not granted",
        "no access",
        "may not",
    ];
    of_client && kept.iter().any(|words| description.contains(words))
}

/// Whether a page, in lower case, says in so many words that a redirect URI is refused.
pub(crate) fn refuses_redirect_uri(page: &str) -> bool {
    REFUSALS.iter().any(|words| page.contains(words))
}

const REFUSALS: [&str; 7] = [
    "redirect_uri_mismatch",
    "invalid redirect",
    "invalid parameter: redirect_uri",
    "redirect uri is not",
    "redirect_uri is not",
    "redirect uri does not match",
    "redirect_uri does not match",
];
