//! Identifiers in metadata that are not the ones that were asked for.

use trace::{MetadataSource, origin_of};
use url::{Host, Url};

use crate::finding::{Finding, Part};
use crate::providers::by_host;
use crate::reading::{ExchangeRef, Reading, access_jwt, response_fields, value};
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
        let in_callback = reading.callbacks.iter().any(|callback| {
            value(&response_fields(callback.request()), "iss") == Some(&self.named)
        });
        let in_token = reading.tokens.iter().any(|(seen, _)| {
            let token = seen.response().and_then(access_jwt);
            token.is_some_and(|jwt| jwt.is_ok_and(|jwt| jwt.text("iss") == Some(&self.named)))
        });
        let is_consistent = (in_callback || in_token) && !self.is_out_of_reach(reading);
        !self.named.is_empty() && (is_consistent || by_host(&self.named).is_some())
    }

    /// Whether the run asked the address that the server calls itself by and got no answer there,
    /// while the one that it was asked under answers.
    pub(crate) fn is_out_of_reach(&self, reading: &Reading<'_>) -> bool {
        let origin = origin_of(&self.named);
        let mut there = reading
            .all
            .iter()
            .filter(|seen| origin_of(&seen.request().url) == origin)
            .peekable();
        origin.is_some()
            && there.peek().is_some()
            && there.all(|seen| seen.exchange.failure().is_some())
    }

    /// Whether the document is right in itself and was asked for under another name of its server:
    /// all its endpoints are where its issuer is. A name that is known only inside a network, or
    /// does not answer, does not count as right.
    pub(crate) fn is_alias(&self, reading: &Reading<'_>) -> bool {
        (self.is_of_another_origin() || self.is_below()) && !self.is_out_of_reach(reading)
    }

    /// Whether the issuer is a path below what was asked for, and all its endpoints are there: what
    /// was asked for lacks the path.
    fn is_below(&self) -> bool {
        let below = |url: &str, above: &str| {
            let rest = url.strip_prefix(above.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
        };
        below(&self.named, self.asked)
            && !self.endpoints.is_empty()
            && self.endpoints.iter().all(|url| below(url, &self.named))
    }

    fn is_of_another_origin(&self) -> bool {
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
        if self.is_misnamed(reading) || self.is_alias(reading) {
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
