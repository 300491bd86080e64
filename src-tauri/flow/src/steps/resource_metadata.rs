//! Protected resource metadata: which authorization server is responsible (RFC 9728).

use trace::{
    Decision, MetadataSource, Outcome, Phase, Purpose, Request, ResourceMetadata, Revision,
    StopCode, Verdict, origin_of, resource_metadata_urls,
};
use url::Url;

use crate::flow::Flow;
use crate::judged::Judged;
use crate::proof;
use crate::setup::Setup;
use crate::step::{Plan, Step};

pub(crate) fn request(flow: &Flow, setup: &Setup, attempt: usize) -> Plan {
    let candidates = candidates(flow, setup);
    let (source, url) = candidates
        .get(attempt)
        .cloned()
        .unwrap_or((MetadataSource::Root, setup.server_url.clone()));
    let why = match source {
        MetadataSource::Header => {
            "The challenge names this URL. It says which authorization server is responsible."
        }
        MetadataSource::PathInserted => {
            "The challenge names no usable URL, so the well-known one for this path is tried."
        }
        MetadataSource::Root => {
            "The last place where the metadata may be: the well-known URL at the root."
        }
    };
    Plan {
        phase: Phase::ResourceMetadata,
        purpose: Purpose::ResourceMetadata { source },
        title: "Read the protected resource metadata".into(),
        why: why.into(),
        label: String::new(),
        request: metadata_request(flow, url),
        not_before: None,
        credentials: Vec::new(),
    }
}

pub(crate) fn judge(
    mut flow: Flow,
    setup: &Setup,
    attempt: usize,
    request: &Request,
    outcome: &Outcome,
) -> Judged {
    let read = match outcome {
        Outcome::Response(response) => {
            ResourceMetadata::read(response).map_err(|error| error.to_string())
        }
        Outcome::Failure(failure) => Err(failure.message.clone()),
    };
    let metadata = match read {
        Ok(metadata) => metadata,
        Err(why) => return next_candidate(flow, setup, attempt, why),
    };
    flow.facts.resource_metadata_from = Some(request.url.clone());
    if metadata.authorization_servers.is_empty() {
        let message = "The protected resource metadata names no authorization server: \
                       authorization_servers must hold at least one.";
        return Judged::stop(
            flow,
            StopCode::InvalidResourceMetadata,
            "no authorization_servers",
            message,
        );
    }
    let foreign = metadata
        .resource
        .as_ref()
        .filter(|resource| !covers(resource, &setup.server_url))
        .cloned();
    let accepted = accept(flow.clone(), setup, metadata);
    match foreign {
        None => accepted,
        Some(resource) => Judged::stop_unless_waived(
            flow,
            StopCode::ForeignResource,
            "resource of another server",
            format!(
                "The metadata is for {resource}, not for {}. A client must not use it.",
                setup.server_url
            ),
            accepted,
        ),
    }
}

/// The MCP server's origin is the authorization server (2025-03-26 basic/authorization,
/// "Authorization Base URL").
pub(crate) fn use_mcp_origin(mut flow: Flow, setup: &Setup, verdict: Verdict) -> Judged {
    let origin = origin_of(&setup.server_url).unwrap_or_default();
    flow.facts.at_issuer(origin.clone());
    flow.facts.resource_metadata = None;
    Judged::go(flow, Step::ExpectServerMetadata { attempt: 0 }, verdict).decided(
        Decision::AuthorizationServer {
            issuer: origin.clone(),
            offered: vec![origin],
        },
    )
}

/// A GET for a metadata document.
pub(crate) fn metadata_request(flow: &Flow, url: String) -> Request {
    Request::new("GET", url)
        .header("accept", "application/json")
        .header("mcp-protocol-version", flow.facts.revision.as_str())
}

fn accept(flow: Flow, setup: &Setup, metadata: ResourceMetadata) -> Judged {
    let offered = metadata.authorization_servers.clone();
    let Some(wanted) = setup
        .issuer
        .as_ref()
        .filter(|wanted| !offered.contains(wanted))
    else {
        let issuer = setup.issuer.clone().unwrap_or_else(|| offered[0].clone());
        return go_to(flow, setup, metadata, issuer);
    };
    let message = format!(
        "issuer: expected one of the authorization servers that the resource metadata names ({}), got \"{wanted}\".",
        offered.join(", ")
    );
    let first = offered[0].clone();
    let otherwise = go_to(flow.clone(), setup, metadata, first);
    Judged::stop_unless_waived(
        flow,
        StopCode::NotPossible,
        "no such issuer",
        message,
        otherwise,
    )
}

fn go_to(mut flow: Flow, setup: &Setup, metadata: ResourceMetadata, issuer: String) -> Judged {
    let offered = metadata.authorization_servers.clone();
    let count = offered.len();
    let words = if count == 1 {
        "1 authorization server".into()
    } else {
        format!("{count} authorization servers")
    };
    let bound = metadata
        .dpop_bound_access_tokens_required
        .then(|| proof::bind(&mut flow.facts, setup, "the resource metadata demands it"));
    // Where the tokens came from another one, that has changed (2026-07-28
    // basic/authorization/client-registration, "Authorization Server Binding").
    let tokens = flow.facts.tokens.as_ref();
    let from = tokens
        .and_then(|tokens| tokens.issuer.clone())
        .filter(|from| *from != issuer);
    flow.facts.at_issuer(issuer.clone());
    flow.facts.resource_metadata = Some(metadata);
    let mut judged = Judged::go(
        flow,
        Step::ExpectServerMetadata { attempt: 0 },
        Verdict::accepted(words),
    );
    judged.decisions.extend(bound.flatten());
    judged
        .decisions
        .extend(from.map(|from| Decision::AuthorizationServerChanged {
            from,
            to: issuer.clone(),
        }));
    judged.decided(Decision::AuthorizationServer { issuer, offered })
}

fn next_candidate(mut flow: Flow, setup: &Setup, attempt: usize, why: String) -> Judged {
    flow.facts.redirect = None;
    if attempt + 1 < candidates(&flow, setup).len() {
        return Judged::go(
            flow,
            Step::ExpectResourceMetadata {
                attempt: attempt + 1,
            },
            Verdict::moved_on(why),
        );
    }
    let mut legacy = flow.clone();
    let revision = Revision::R20250326;
    legacy.facts.revision = revision;
    let why_legacy = "no protected resource metadata anywhere, as before 2025-06-18".to_owned();
    let mut otherwise = use_mcp_origin(legacy, setup, Verdict::moved_on(why.clone()));
    otherwise.decisions.insert(
        0,
        Decision::Revision {
            revision,
            why: why_legacy,
        },
    );
    if setup.revision.is_none() {
        return otherwise;
    }
    let message = "The MCP server asks for authorization, but its protected resource metadata is nowhere to be \
                   found, so the authorization server is not known.";
    Judged::stop_unless_waived(flow, StopCode::NoResourceMetadata, &why, message, otherwise)
}

/// The challenge's URL, then the well-known ones, each once.
fn candidates(flow: &Flow, setup: &Setup) -> Vec<(MetadataSource, String)> {
    let named = flow
        .facts
        .resource_metadata_url
        .clone()
        .map(|url| (MetadataSource::Header, url));
    let mut all: Vec<(MetadataSource, String)> = named.into_iter().collect();
    for candidate in resource_metadata_urls(&setup.server_url) {
        if !all.iter().any(|(_, url)| *url == candidate.1) {
            all.push(candidate);
        }
    }
    all
}

/// Whether metadata for `resource` may be used for `url`: the same, or a parent on the same origin.
/// RFC 9728 section 3.3 wants it identical; the official SDKs take a parent too, so that is left to
/// a finding.
fn covers(resource: &str, url: &str) -> bool {
    let (Ok(resource), Ok(url)) = (Url::parse(resource), Url::parse(url)) else {
        return false;
    };
    let parent = format!("{}/", resource.path().trim_end_matches('/'));
    let child = format!("{}/", url.path().trim_end_matches('/'));
    resource.origin() == url.origin() && child.starts_with(&parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_covers_and_a_sibling_or_another_origin_does_not() {
        assert!(covers("http://a.example", "http://a.example/mcp"));
        assert!(covers("http://a.example/mcp/", "http://a.example/mcp"));
        assert!(!covers("http://a.example/mc", "http://a.example/mcp"));
        assert!(!covers("http://b.example/mcp", "http://a.example/mcp"));
        assert!(!covers("urn:example:mcp", "http://a.example/mcp"));
    }
}
