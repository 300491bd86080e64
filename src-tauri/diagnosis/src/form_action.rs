//! What a page's Content-Security-Policy says of where its forms may lead. Chromium holds the
//! redirects that follow a form to it as well.

use trace::Response;
use url::Url;

/// The sources of each `form-action` that a page comes with, in its headers or in the page itself.
pub(crate) fn form_actions(response: &Response) -> Vec<String> {
    let headers = response.headers.iter();
    let in_headers = headers
        .filter(|header| header.name.eq_ignore_ascii_case(NAME))
        .map(|header| header.value.clone());
    let page = response.body.text().unwrap_or_default();
    let policies: Vec<String> = in_headers.chain(in_page(page)).collect();
    // Several policies may stand in one header.
    let policies = policies.iter().flat_map(|policy| policy.split(','));
    policies
        .filter_map(|policy| {
            policy.split(';').find_map(|directive| {
                let (name, sources) = directive.trim().split_once(' ').unwrap_or((directive, ""));
                let is_it = name.trim().eq_ignore_ascii_case("form-action");
                is_it.then(|| sources.trim().to_owned())
            })
        })
        .collect()
}

const NAME: &str = "content-security-policy";

/// The policies in `meta` elements.
fn in_page(page: &str) -> Vec<String> {
    // Lower case of ASCII alone keeps every byte in its place.
    let lower = page.to_ascii_lowercase();
    let mut found = Vec::new();
    for (at, _) in lower.match_indices("<meta") {
        let end = lower[at..].find('>').map_or(lower.len(), |end| at + end);
        let Some(content) = lower[at..end].find("content=").map(|place| at + place + 8) else {
            continue;
        };
        let quote = lower[content..end].chars().next().unwrap_or_default();
        if !lower[at..end].contains(NAME) || !matches!(quote, '"' | '\'') {
            continue;
        }
        let value = &page[content + 1..end];
        let value = value.split(quote).next().unwrap_or_default();
        found.push(
            value
                .replace("&#39;", "'")
                .replace("&#x27;", "'")
                .replace("&apos;", "'"),
        );
    }
    found
}

/// Whether a form on this page may lead to a place. Paths are left out of it: they do not count
/// after a redirect.
pub(crate) fn may_lead_to(sources: &str, page: &Url, place: &Url) -> bool {
    sources
        .split_whitespace()
        .any(|source| allows(&source.to_ascii_lowercase(), page, place))
}

fn allows(source: &str, page: &Url, place: &Url) -> bool {
    let scheme_fits =
        |wanted: &str| wanted == place.scheme() || wanted == "http" && place.scheme() == "https";
    match source {
        "'none'" => false,
        "'self'" => page.origin() == place.origin(),
        "*" => matches!(place.scheme(), "http" | "https") || scheme_fits(page.scheme()),
        _ if source.ends_with(':') => scheme_fits(source.trim_end_matches(':')),
        _ => {
            let (scheme, rest) = source.split_once("://").unwrap_or((page.scheme(), source));
            let host = rest.split('/').next().unwrap_or_default();
            let (host, port) = match host.rsplit_once(':') {
                Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
                _ => (host, None),
            };
            let port_fits = match port {
                Some("*") => true,
                Some(port) => {
                    place
                        .port_or_known_default()
                        .map(|it| it.to_string())
                        .as_deref()
                        == Some(port)
                }
                None => place.port().is_none(),
            };
            let actual = place.host_str().unwrap_or_default();
            let host_fits = match host.strip_prefix('*') {
                Some(end) => actual.ends_with(end),
                None => actual == host,
            };
            scheme_fits(scheme) && host_fits && port_fits
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Answer;
    use trace::Outcome;

    fn actions(answer: &Answer) -> Vec<String> {
        match answer.outcome() {
            Outcome::Response(response) => form_actions(&response),
            Outcome::Failure(_) => Vec::new(),
        }
    }

    #[test]
    fn policies_are_found_in_headers_and_pages() {
        let page = "<META http-equiv=Content-Security-Policy content=\"form-action &#39;self&#39; https:\">";
        assert_eq!(actions(&Answer::html(200, page)), ["'self' https:"]);
        let header = Answer::html(200, "").header(
            "content-security-policy",
            "default-src 'none'; form-action 'self', script-src 'self'",
        );
        assert_eq!(actions(&header), ["'self'"]);
        let without = Answer::html(200, "<meta charset=utf-8>")
            .header("content-security-policy", "default-src 'none'");
        assert!(actions(&without).is_empty());
    }

    #[test]
    fn each_kind_of_source() {
        let page = Url::parse("https://as.example/consent").unwrap();
        let leads =
            |sources: &str, place: &str| may_lead_to(sources, &page, &Url::parse(place).unwrap());
        for (sources, place, allowed) in [
            ("'self'", "https://as.example/next", true),
            ("'self'", "http://127.0.0.1:4711/callback", false),
            ("'none'", "https://as.example/next", false),
            (
                "'self' http://127.0.0.1:4711",
                "http://127.0.0.1:4711/callback",
                true,
            ),
            (
                "'self' http://127.0.0.1:*",
                "http://127.0.0.1:4711/callback",
                true,
            ),
            ("http://localhost", "http://localhost:4711/callback", false),
            ("https:", "http://localhost:4711/callback", false),
            ("http:", "http://localhost:4711/callback", true),
            ("*", "http://localhost:4711/callback", true),
            ("*", "cursor://host/callback", false),
            ("cursor:", "cursor://host/callback", true),
            ("*.example", "https://idp.example/login", true),
            ("idp.example/path", "https://idp.example/login", true),
        ] {
            assert_eq!(leads(sources, place), allowed, "{sources} {place}");
        }
    }
}
