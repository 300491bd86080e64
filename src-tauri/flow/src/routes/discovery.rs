//! Where metadata is looked for.

use trace::{
    Decision, MetadataSource, Revision, Verdict, WellKnown, origin_of, resource_metadata_urls,
    server_metadata_urls,
};

use crate::endpoint::Endpoint;
use crate::facts::Facts;
use crate::played;
use crate::setup::Setup;
use crate::state::Flow;
use crate::step::Step;
use crate::transition::Transition;

/// On to the documents that say where to authorize.
pub(crate) fn to_metadata(
    flow: Flow,
    setup: &Setup,
    verdict: impl Into<Option<Verdict>>,
) -> Transition {
    // 2025-03-26 has no resource metadata: the MCP server's origin is the authorization server.
    let candidate = flow
        .facts
        .revision
        .at_least(Revision::R20250618)
        .then(|| resource_metadata_step(&flow.facts, setup, 0));
    match candidate.flatten() {
        Some(step) => Transition::to(flow, step, verdict),
        None => use_mcp_origin(flow, setup, verdict),
    }
}

/// The MCP server's origin is the authorization server (2025-03-26 basic/authorization,
/// "Authorization Base URL").
pub(crate) fn use_mcp_origin(
    mut flow: Flow,
    setup: &Setup,
    verdict: impl Into<Option<Verdict>>,
) -> Transition {
    let origin = origin_of(&setup.server_url).unwrap_or_default();
    flow.facts.at_issuer(&origin);
    flow.facts.resource_metadata = None;
    let chosen = Decision::AuthorizationServer {
        issuer: origin.clone(),
        offered: vec![origin.clone()],
    };
    // An http URL has an origin, and an origin has well-known URLs.
    match server_metadata_step(&flow.facts, &origin, 0) {
        Some(step) => Transition::to(flow, step, verdict).decided(chosen),
        None => Transition::nothing(flow).decided(chosen),
    }
}

/// The resource metadata document of this number: the challenge's URL, then the well-known ones,
/// each once. `None` after the last.
pub(crate) fn resource_metadata_step(facts: &Facts, setup: &Setup, attempt: usize) -> Option<Step> {
    let challenge = facts.challenge.as_ref();
    let named = challenge.and_then(|challenge| challenge.resource_metadata.clone());
    let mut all: Vec<(MetadataSource, Endpoint)> = Vec::new();
    all.extend(named.map(|url| (MetadataSource::Header, url)));
    for (source, url) in resource_metadata_urls(&setup.server_url) {
        if let Ok(url) = Endpoint::read("resource_metadata", Some(&url))
            && !all.iter().any(|(_, other)| *other == url)
        {
            all.push((source, url));
        }
    }
    let all = played::in_its_order(setup, all);
    let (source, url) = all.into_iter().nth(attempt)?;
    Some(Step::ExpectResourceMetadata {
        source,
        url,
        attempt,
    })
}

/// The metadata document of this number of an authorization server: RFC 8414 only before
/// 2025-11-25. `None` after the last, and for an issuer that is not a URL.
pub(crate) fn server_metadata_step(facts: &Facts, issuer: &str, attempt: usize) -> Option<Step> {
    if attempt > 0 && !facts.revision.at_least(Revision::R20251125) {
        return None;
    }
    let (well_known, url) = well_known_url(issuer, attempt)?;
    Some(Step::ExpectServerMetadata {
        issuer: issuer.into(),
        well_known,
        url,
        attempt,
    })
}

/// The metadata document of this number of an identity provider.
pub(crate) fn identity_provider_step(issuer: &str, attempt: usize) -> Option<Step> {
    let (well_known, url) = well_known_url(issuer, attempt)?;
    Some(Step::ExpectIdentityProvider {
        issuer: issuer.into(),
        well_known,
        url,
        attempt,
    })
}

fn well_known_url(issuer: &str, attempt: usize) -> Option<(WellKnown, Endpoint)> {
    let (well_known, url) = server_metadata_urls(issuer).into_iter().nth(attempt)?;
    Some((well_known, Endpoint::read("issuer", Some(&url)).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::ChallengeFacts;
    use crate::setup::Seed;

    fn setup() -> Setup {
        Setup::new("https://mcp.example/mcp", Seed([7; 32]))
    }

    #[test]
    fn the_challenges_url_comes_first_and_none_comes_twice() {
        let mut facts = Facts::new(None);
        let urls = |facts: &Facts| -> Vec<String> {
            let steps = (0..).map_while(|attempt| resource_metadata_step(facts, &setup(), attempt));
            let url = |step| match step {
                Step::ExpectResourceMetadata { url, .. } => url.to_string(),
                other => panic!("{other:?}"),
            };
            steps.map(url).collect()
        };
        let path = "https://mcp.example/.well-known/oauth-protected-resource/mcp";
        let root = "https://mcp.example/.well-known/oauth-protected-resource";
        assert_eq!(urls(&facts), [path, root]);
        let named = |url| {
            Some(ChallengeFacts {
                resource_metadata: Endpoint::read("resource_metadata", Some(url)).ok(),
                scope: None,
            })
        };
        facts.challenge = named(root);
        assert_eq!(urls(&facts), [root, path]);
        facts.challenge = named("https://elsewhere.example/prm");
        assert_eq!(urls(&facts), ["https://elsewhere.example/prm", path, root]);
    }

    #[test]
    fn openid_documents_are_looked_for_from_2025_11_25_on() {
        let count = |revision, issuer| {
            let facts = Facts::new(Some(revision));
            (0..)
                .map_while(|attempt| server_metadata_step(&facts, issuer, attempt))
                .count()
        };
        assert_eq!(count(Revision::R20250618, "https://as.example/tenant"), 1);
        assert_eq!(count(Revision::R20251125, "https://as.example/tenant"), 3);
        assert_eq!(count(Revision::R20251125, "https://as.example"), 2);
        for nowhere in ["", "as.example", "urn:as", "javascript:alert(1)"] {
            assert_eq!(count(Revision::R20251125, nowhere), 0, "{nowhere}");
        }
    }

    #[test]
    fn before_2025_06_18_the_mcp_servers_origin_is_the_authorization_server() {
        let flow = Flow::at(Step::ExpectTools, Facts::new(Some(Revision::R20250326)));
        let transition = to_metadata(flow, &setup(), None);
        let facts = &transition.flow.facts;
        assert_eq!(facts.issuer.as_deref(), Some("https://mcp.example"));
        assert!(matches!(
            &transition.flow.step,
            Step::ExpectServerMetadata { url, .. }
                if url.url() == "https://mcp.example/.well-known/oauth-authorization-server"
        ));
        assert!(matches!(
            transition.decisions[..],
            [Decision::AuthorizationServer { .. }]
        ));
    }
}
