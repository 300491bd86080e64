//! What is known of one authorization server.

use trace::ServerMetadata;
use url::Url;

/// An authorization server that many people use. What is known of it only ever adds advice.
#[derive(Debug)]
pub struct Provider {
    pub name: &'static str,
    /// How a client comes to be known to it.
    pub registration: &'static str,
    /// Whether a host name is one of its own.
    pub(super) is_host: fn(&str) -> bool,
    /// What else shows it, under a host name of the customer.
    pub(super) traits: &'static [Trait],
}

/// Something in the metadata that this provider has and others hardly do.
#[derive(Debug)]
pub(super) struct Trait {
    pub what: &'static str,
    /// Whether an issuer and its metadata have it.
    pub fits: fn(&str, &ServerMetadata) -> bool,
}

/// Whether a host is a domain or below it.
pub(super) fn is_within(host: &str, domain: &str) -> bool {
    let above = host.strip_suffix(domain);
    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// Whether a URL's path has this in it.
pub(super) fn has(url: &Option<String>, part: &str) -> bool {
    path(url).is_some_and(|path| path.contains(part))
}

/// Whether a URL's path ends in this.
pub(super) fn ends(url: &Option<String>, part: &str) -> bool {
    path(url).is_some_and(|path| path.ends_with(part))
}

fn path(url: &Option<String>) -> Option<String> {
    Some(Url::parse(url.as_deref()?).ok()?.path().to_owned())
}
