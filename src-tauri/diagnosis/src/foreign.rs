//! Identifiers in metadata that are not the ones that were asked for.

use trace::{MetadataSource, origin_of};
use url::{Host, Url};

use crate::finding::{Finding, Part};
use crate::providers::by_host;
use crate::reading::{ExchangeRef, Reading, response_fields, value};
use crate::spec::{RFC9728_FROM_CHALLENGE, RFC9728_WELL_KNOWN, Spec};
use crate::wording::identifier;

/// Metadata whose `issuer` is not the one asked for.
pub(crate) struct ForeignIssuer<'a> {
    seen: ExchangeRef<'a>,
    pub asked: &'a str,
    pub named: String,
    /// The endpoints of the document.
    endpoints: Vec<String>,
}

/// The first readable document that names another issuer, or none.
pub(crate) fn foreign_issuer<'a>(reading: &Reading<'a>) -> Option<ForeignIssuer<'a>> {
    reading.server_tries.iter().find_map(|attempt| {
        let document = attempt.document.as_ref()?.as_ref().ok()?;
        // A document that names no issuer at all is another rule's matter.
        if document.is_blank() {
            return None;
        }
        let named = document.issuer.clone().unwrap_or_default();
        (named != attempt.issuer).then_some(ForeignIssuer {
            seen: attempt.seen,
            asked: attempt.issuer,
            named,
            endpoints: [&document.authorization_endpoint, &document.token_endpoint]
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
        })
    })
}

impl ForeignIssuer<'_> {
    /// Whether it is the MCP server that names it wrongly: elsewhere the server calls itself as in
    /// its metadata, or its provider is known to.
    pub(crate) fn is_misnamed(&self, reading: &Reading<'_>) -> bool {
        let consistent = reading.callbacks.iter().any(|callback| {
            value(&response_fields(callback.request()), "iss") == Some(&self.named)
        });
        !self.named.is_empty() && (consistent || by_host(&self.named).is_some())
    }

    /// Whether the document is right in itself and was asked for under another name of its server:
    /// all its endpoints are where its issuer is. A name that is known only inside a network does
    /// not count as right.
    pub(crate) fn is_alias(&self) -> bool {
        let origin = origin_of(&self.named);
        let is_inner = |url: &str| Url::parse(url).is_ok_and(|url| is_inner(&url));
        let inner = is_inner(&self.named) && !is_inner(self.asked);
        origin.is_some()
            && origin != origin_of(self.asked)
            && !inner
            && !self.endpoints.is_empty()
            && self.endpoints.iter().all(|url| origin_of(url) == origin)
    }

    /// Fills in what was expected, what came, and what most likely has to change.
    pub(crate) fn finding(&self, finding: Finding, reading: &Reading<'_>) -> Finding {
        let named = match self.named.as_str() {
            "" => "no issuer".to_owned(),
            named => identifier(named),
        };
        let finding = finding
            .at(self.seen.seq, Part::body("/issuer"))
            .expected(self.asked)
            .actual(named.clone());
        if self.is_misnamed(reading) || self.is_alias() {
            finding.fix(format!(
                "Write {named} into authorization_servers of the resource metadata, exactly as the \
                 authorization server spells it."
            ))
        } else {
            finding.fix(format!(
                "Make the authorization server's issuer {}. If {named} is how it is meant to be, \
                 write that into authorization_servers of the MCP server's resource metadata \
                 instead.",
                self.asked
            ))
        }
    }
}

/// Whether a URL's host means something only on this machine or inside a network: a bare name, a
/// name of a cluster, a private address.
pub(crate) fn is_inner(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let inner = [
                ".local",
                ".internal",
                ".lan",
                ".svc",
                ".docker",
                ".localhost",
            ];
            !name.contains('.') || inner.iter().any(|end| name.ends_with(end))
        }
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_private(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unique_local(),
        None => false,
    }
}

/// Metadata whose `resource` is not the URL it has to be.
pub(crate) struct ForeignResource<'a> {
    pub seen: ExchangeRef<'a>,
    pub resource: String,
    pub spec: Spec,
}

/// The first readable document whose `resource` is not the URL used.
pub(crate) fn foreign_resource<'a>(reading: &Reading<'a>) -> Option<ForeignResource<'a>> {
    let origin = origin_of(reading.server_url);
    let documents = reading.resource_tries.iter().filter_map(|attempt| {
        let resource = attempt.document.as_ref()?.as_ref().ok()?.resource.clone()?;
        Some((attempt, resource))
    });
    let mut foreign = documents.filter(|(attempt, resource)| {
        // The document at the root describes the origin as well as what was asked for.
        let of_origin = attempt.source == MetadataSource::Root
            && origin.as_deref() == Some(resource.strip_suffix('/').unwrap_or(resource));
        let used = resource == reading.server_url
            || reading
                .first_calls
                .iter()
                .any(|call| call.request().url == *resource);
        !(of_origin || used)
    });
    let (attempt, resource) = foreign.next()?;
    let spec = match attempt.source {
        MetadataSource::Header => RFC9728_FROM_CHALLENGE,
        MetadataSource::PathInserted | MetadataSource::Root => RFC9728_WELL_KNOWN,
    };
    Some(ForeignResource {
        seen: attempt.seen,
        resource,
        spec,
    })
}
