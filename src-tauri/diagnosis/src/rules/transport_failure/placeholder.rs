//! URLs that a document gives and in which a placeholder stands for a value.

use trace::{Failure, FailureKind, MetadataSource, Purpose};

use super::{PLACEHOLDER_MCP, PLACEHOLDER_SERVER, RULE, server, spec};
use crate::finding::{Finding, Part};
use crate::members::placeholder;
use crate::reading::{ExchangeRef, Reading};
use crate::rule::Variant;
use crate::wording::excerpt;

/// A URL of a document in which a value is missing.
pub(super) fn with_placeholder(
    reading: &Reading<'_>,
    seen: ExchangeRef<'_>,
    failure: &Failure,
) -> Option<Finding> {
    let by_url = matches!(
        failure.kind,
        FailureKind::Dns | FailureKind::Unreachable | FailureKind::InvalidRequest
    );
    let (variant, document) = named_in(seen).filter(|_| by_url && !seen.exchange.edited)?;
    let url = seen.request().url();
    let placeholder = excerpt(&placeholder(url)?);
    let server = server(&seen.exchange.purpose);
    Some(
        RULE.found(spec(reading, server, failure.kind))
            .at(seen.seq, Part::RequestUrl)
            .variant(variant)
            .title_with([server.name()])
            .message(format!(
                "The URL comes from {document}, and {placeholder} in it stands for a value: a \
                 template was served as it is, or a variable was not set where the server runs."
            ))
            .expected(format!("a URL without {placeholder}"))
            .actual(format!("{} ({})", excerpt(url), failure.message))
            .fix(format!(
                "Write the value that {placeholder} stands for into {document}: set the variable, \
                 or the public URL, in the server's settings."
            )),
    )
}

/// The document that named a URL, by whose fault it is wrong. None where the user did.
fn named_in(seen: ExchangeRef<'_>) -> Option<(&'static Variant, &'static str)> {
    Some(match seen.exchange.purpose {
        Purpose::ResourceMetadata {
            source: MetadataSource::Header,
        } => (&PLACEHOLDER_MCP, "resource_metadata of the challenge"),
        Purpose::ServerMetadata { .. } => (
            &PLACEHOLDER_MCP,
            "authorization_servers of the resource metadata",
        ),
        Purpose::Registration => (
            &PLACEHOLDER_SERVER,
            "registration_endpoint of the authorization server metadata",
        ),
        Purpose::Authorization | Purpose::AuthorizationProbe => (
            &PLACEHOLDER_SERVER,
            "authorization_endpoint of the authorization server metadata",
        ),
        Purpose::Token { .. } => (
            &PLACEHOLDER_SERVER,
            "token_endpoint of the authorization server metadata",
        ),
        Purpose::PushedAuthorization
        | Purpose::DeviceAuthorization
        | Purpose::Introspection { .. }
        | Purpose::Revocation { .. }
        | Purpose::Userinfo
        | Purpose::Jwks => (&PLACEHOLDER_SERVER, "the authorization server metadata"),
        _ => return None,
    })
}
