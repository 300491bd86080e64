//! Protected resource metadata: which authorization server is responsible (RFC 9728).

use trace::{
    Decision, MetadataSource, Outcome, Phase, Purpose, Request, ResourceMetadata, Revision,
    StopCode, Verdict,
};
use url::Url;

use crate::endpoint::Endpoint;
use crate::metadata_request::metadata_request;
use crate::plan::{Env, Plan};
use crate::proof;
use crate::routes::discovery::{resource_metadata_step, use_mcp_origin};
use crate::routes::issuer::go_to_issuer;
use crate::setup::Setup;
use crate::state::Flow;
use crate::transition::Transition;

pub(crate) fn request(flow: &Flow, source: MetadataSource, url: &Endpoint) -> Plan {
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
    Plan::new(
        Phase::ResourceMetadata,
        Purpose::ResourceMetadata { source },
        ("Read the protected resource metadata", why),
        "",
        metadata_request(&flow.facts, url),
    )
}

pub(crate) fn judge(
    mut flow: Flow,
    setup: &Setup,
    attempt: usize,
    request: &Request,
    outcome: &Outcome,
    env: &mut Env<'_>,
) -> Transition {
    let read = match outcome {
        Outcome::Response(response) => {
            ResourceMetadata::read(response).map_err(|error| error.to_string())
        }
        Outcome::Failure(failure) => Err(failure.message.clone()),
    };
    let metadata = match read {
        Ok(metadata) => metadata,
        Err(why) => return next_candidate(flow, setup, attempt, &why),
    };
    flow.facts.resource_metadata_from = Some(request.url.clone());
    let Some(first) = metadata.authorization_servers.first().cloned() else {
        let message = "The protected resource metadata names no authorization server: \
                       authorization_servers must hold at least one.";
        let code = StopCode::InvalidResourceMetadata;
        return Transition::stop(flow, code, "no authorization_servers", message);
    };
    let resource = metadata.resource.as_deref();
    if let Some(resource) = resource.filter(|resource| !covers(resource, &setup.server_url))
        && !flow.facts.waives(StopCode::ForeignResource)
    {
        let message = format!(
            "The metadata is for {resource}, not for {}. A client must not use it.",
            setup.server_url
        );
        let words = "resource of another server";
        return Transition::refuse(flow, StopCode::ForeignResource, words, message);
    }
    let wanted = setup.issuer.clone();
    let offered = &metadata.authorization_servers;
    let unknown = wanted.as_ref().filter(|wanted| !offered.contains(wanted));
    if let Some(wanted) = unknown
        && !flow.facts.waives(StopCode::NotPossible)
    {
        let message = format!(
            "issuer: expected one of the authorization servers that the resource metadata names ({}), got \"{wanted}\".",
            offered.join(", ")
        );
        return Transition::refuse(flow, StopCode::NotPossible, "no such issuer", message);
    }
    let issuer = wanted
        .filter(|wanted| offered.contains(wanted))
        .unwrap_or(first);
    accept(flow, setup, metadata, &issuer, env)
}

fn accept(
    mut flow: Flow,
    setup: &Setup,
    metadata: ResourceMetadata,
    issuer: &str,
    env: &mut Env<'_>,
) -> Transition {
    let words = match metadata.authorization_servers.len() {
        1 => "1 authorization server".to_owned(),
        count => format!("{count} authorization servers"),
    };
    let facts = &mut flow.facts;
    let mut decided = Vec::new();
    if metadata.dpop_bound_access_tokens_required {
        decided.extend(proof::bind(
            facts,
            setup,
            "the resource metadata demands it",
        ));
    }
    // Where the tokens came from another one, that has changed (2026-07-28
    // basic/authorization/client-registration, "Authorization Server Binding").
    let from = facts
        .tokens
        .as_ref()
        .and_then(|tokens| tokens.issuer.clone());
    if let Some(from) = from.filter(|from| from != issuer) {
        let to = issuer.to_owned();
        decided.push(Decision::AuthorizationServerChanged { from, to });
    }
    facts.resource_metadata = Some(metadata);
    go_to_issuer(flow, setup, issuer, Verdict::accepted(words), env).after(decided)
}

fn next_candidate(mut flow: Flow, setup: &Setup, attempt: usize, why: &str) -> Transition {
    let verdict = Verdict::moved_on(why);
    if let Some(next) = resource_metadata_step(&flow.facts, setup, attempt + 1) {
        return Transition::to(flow, next, verdict);
    }
    let code = StopCode::NoResourceMetadata;
    if setup.revision.is_some() && !flow.facts.waives(code) {
        let message = "The MCP server asks for authorization, but its protected resource metadata is nowhere to be \
                       found, so the authorization server is not known.";
        return Transition::refuse(flow, code, why, message);
    }
    let revision = Revision::R20250326;
    flow.facts.revision = revision;
    let why = "no protected resource metadata anywhere, as before 2025-06-18".to_owned();
    use_mcp_origin(flow, setup, verdict).after([Decision::Revision { revision, why }])
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
    use crate::facts::Facts;
    use crate::step::Step;
    use crate::testing::{ISSUER, SERVER, answer, endpoint, setup, stopped, with_env};

    fn judged(setup: &Setup, flow: Flow, attempt: usize, status: u16, body: &str) -> Transition {
        let request = Request::new("GET", "https://mcp.example/prm");
        let outcome = answer(status, body);
        with_env(|env| judge(flow, setup, attempt, &request, &outcome, env))
    }

    fn here(revision: Option<Revision>) -> Flow {
        let step = Step::ExpectResourceMetadata {
            source: MetadataSource::Root,
            url: endpoint("/prm"),
            attempt: 0,
        };
        Flow::at(step, Facts::new(revision))
    }

    fn document(resource: &str) -> String {
        format!(
            r#"{{"resource":"{resource}","authorization_servers":["{ISSUER}","https://b.example"]}}"#
        )
    }

    #[test]
    fn the_first_authorization_server_is_taken_or_the_one_chosen() {
        let issuer = |setup: &Setup| {
            let transition = judged(setup, here(None), 0, 200, &document(SERVER));
            transition.flow.facts.issuer
        };
        assert_eq!(issuer(&setup()).as_deref(), Some(ISSUER));
        let mut chosen = setup();
        chosen.issuer = Some("https://b.example".into());
        assert_eq!(issuer(&chosen).as_deref(), Some("https://b.example"));
        chosen.issuer = Some("https://c.example".into());
        let refused = judged(&chosen, here(None), 0, 200, &document(SERVER));
        assert_eq!(stopped(&refused), Some((StopCode::NotPossible, true)));
    }

    #[test]
    fn a_document_for_another_resource_is_refused_and_used_when_the_user_goes_on() {
        let refused = judged(
            &setup(),
            here(None),
            0,
            200,
            &document("https://evil.example"),
        );
        assert_eq!(stopped(&refused), Some((StopCode::ForeignResource, true)));
        assert_eq!(refused.flow.facts.issuer, None, "nothing of it is believed");
        let mut waived = here(None);
        waived.facts.waived.push(StopCode::ForeignResource);
        let used = judged(&setup(), waived, 0, 200, &document("https://evil.example"));
        assert_eq!(stopped(&used), None);
    }

    #[test]
    fn an_issuer_that_is_no_url_is_a_stop_and_never_a_request() {
        for issuer in ["", "as.example", "javascript:alert(1)", "urn:as"] {
            let body = format!(r#"{{"resource":"{SERVER}","authorization_servers":["{issuer}"]}}"#);
            let transition = judged(&setup(), here(None), 0, 200, &body);
            assert_eq!(
                stopped(&transition),
                Some((StopCode::NoServerMetadata, true)),
                "{issuer}"
            );
        }
        let none = format!(r#"{{"resource":"{SERVER}","authorization_servers":[]}}"#);
        let transition = judged(&setup(), here(None), 0, 200, &none);
        assert_eq!(
            stopped(&transition),
            Some((StopCode::InvalidResourceMetadata, false))
        );
    }

    #[test]
    fn hostile_documents_lead_to_the_next_candidate_and_then_to_2025_03_26() {
        for (status, body) in [
            (404, ""),
            (200, "<html>"),
            (200, "[]"),
            (200, r#"{"resource":7}"#),
        ] {
            let next = judged(&setup(), here(None), 0, status, body);
            assert!(
                matches!(
                    next.flow.step,
                    Step::ExpectResourceMetadata { attempt: 1, .. }
                ),
                "{body}"
            );
            let legacy = judged(&setup(), next.flow, 1, status, body);
            assert_eq!(legacy.flow.facts.revision, Revision::R20250326);
            assert_eq!(
                legacy.flow.facts.issuer.as_deref(),
                Some("https://mcp.example")
            );
        }
        let mut chosen = setup();
        chosen.revision = Some(Revision::R20251125);
        let end = judged(&chosen, here(chosen.revision), 1, 404, "");
        assert_eq!(stopped(&end), Some((StopCode::NoResourceMetadata, true)));
    }

    #[test]
    fn tokens_are_bound_where_the_metadata_demands_it() {
        let body = format!(
            r#"{{"resource":"{SERVER}","authorization_servers":["{ISSUER}"],"dpop_bound_access_tokens_required":true}}"#
        );
        assert!(
            judged(&setup(), here(None), 0, 200, &body)
                .flow
                .facts
                .dpop
                .is_some()
        );
    }

    #[test]
    fn a_parent_covers_and_a_sibling_or_another_origin_does_not() {
        assert!(covers("http://a.example", "http://a.example/mcp"));
        assert!(covers("http://a.example/mcp/", "http://a.example/mcp"));
        assert!(!covers("http://a.example/mc", "http://a.example/mcp"));
        assert!(!covers("http://b.example/mcp", "http://a.example/mcp"));
        assert!(!covers("urn:example:mcp", "http://a.example/mcp"));
    }
}
