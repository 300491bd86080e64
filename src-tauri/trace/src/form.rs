//! `application/x-www-form-urlencoded` pairs, in order, duplicates kept.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Pair {
    pub name: String,
    pub value: String,
}

/// The pairs of a form body or a query (without `?`).
pub fn pairs(text: &str) -> Vec<Pair> {
    url::form_urlencoded::parse(text.as_bytes())
        .map(|(name, value)| Pair {
            name: name.into_owned(),
            value: value.into_owned(),
        })
        .collect()
}

/// The pairs of a URL's query; the URL may be relative.
pub fn query_pairs(url: &str) -> Vec<Pair> {
    let without_fragment = url.split('#').next().unwrap_or(url);
    without_fragment
        .split_once('?')
        .map(|(_, query)| pairs(query))
        .unwrap_or_default()
}

pub fn encode_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// The URL with these pairs added to its query. What it already has stays (RFC 6749 section 3.1).
pub fn with_query<'a>(url: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let joint = match url.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, query)) if query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{url}{joint}{}", encode_pairs(pairs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_endpoint_has_in_its_query_stays() {
        let url = with_query("https://as.example/authorize?tenant=a", [("scope", "a b")]);
        assert_eq!(url, "https://as.example/authorize?tenant=a&scope=a+b");
        assert_eq!(query_pairs(&url).len(), 2);
        assert_eq!(
            query_pairs(&url)[1],
            Pair {
                name: "scope".into(),
                value: "a b".into()
            }
        );
    }
}
