//! From the authorization server's name to its metadata, and on from there.

use trace::{Decision, Revision, ServerMetadata, StopCode, Verdict, origin_of};

use crate::plan::Env;
use crate::routes::actions::discovered;
use crate::routes::begin::{begin, forget};
use crate::routes::discovery::server_metadata_step;
use crate::setup::Setup;
use crate::state::Flow;
use crate::step::Step;
use crate::transition::Transition;

/// Goes on with this one of the authorization servers that the resource metadata names.
pub(crate) fn go_to_issuer(
    mut flow: Flow,
    setup: &Setup,
    issuer: &str,
    verdict: impl Into<Option<Verdict>>,
    env: &mut Env<'_>,
) -> Transition {
    let facts = &mut flow.facts;
    facts.at_issuer(issuer);
    let metadata = facts.resource_metadata.as_ref();
    let chosen = Decision::AuthorizationServer {
        issuer: issuer.into(),
        offered: metadata.map_or_else(Vec::new, |it| it.authorization_servers.clone()),
    };
    match server_metadata_step(facts, issuer, 0) {
        Some(step) => Transition::to(flow, step, verdict),
        None => without_metadata(
            flow,
            setup,
            issuer,
            "the issuer is not an http or https URL",
            env,
        ),
    }
    .after([chosen])
}

/// No metadata was found: stops, or takes the default endpoints of 2025-03-26.
pub(crate) fn without_metadata(
    mut flow: Flow,
    setup: &Setup,
    issuer: &str,
    why: &str,
    env: &mut Env<'_>,
) -> Transition {
    let facts = &mut flow.facts;
    let legacy = !facts.revision.at_least(Revision::R20250618);
    let (code, message) = if legacy {
        let message = "The MCP server asks for authorization, but neither its protected resource metadata nor \
                       authorization server metadata at its own origin is to be found.";
        (StopCode::NoResourceMetadata, message.to_owned())
    } else {
        let message = format!(
            "The authorization server \"{issuer}\" serves no metadata at any of the places to look."
        );
        (StopCode::NoServerMetadata, message)
    };
    // The default endpoints belong to 2025-03-26; when that was not asked for, it is only a guess
    // that the server is that old.
    let asked_for = legacy && setup.revision.is_some();
    if !asked_for && !facts.waives(code) {
        return Transition::refuse(flow, code, why, message);
    }
    let origin = origin_of(issuer).unwrap_or_default();
    facts.server_metadata = Some(ServerMetadata::default_endpoints(&origin));
    with_metadata(flow, setup, Verdict::moved_on(why), env)
        .after([Decision::DefaultEndpoints { origin }])
}

/// Refreshes when that is what is needed, else goes on to a new token.
pub(crate) fn with_metadata(
    mut flow: Flow,
    setup: &Setup,
    verdict: Verdict,
    env: &mut Env<'_>,
) -> Transition {
    if let Some(begun) = discovered(&flow, setup, &verdict) {
        return begun;
    }
    let facts = &mut flow.facts;
    // For a step-up the present tokens are good until there are better ones.
    if facts.step_up.resume.is_some() {
        return begin(flow, setup, verdict, env);
    }
    let usable = facts
        .tokens
        .as_ref()
        .filter(|tokens| tokens.issuer == facts.issuer && facts.client.is_some());
    let refresh = usable.and_then(|tokens| {
        let decision = Decision::StoredTokenUsed {
            expired: tokens.expired(env.now),
            issuer: tokens.issuer.clone(),
            resource: Some(setup.server_url.clone()),
        };
        let refresh_token = tokens.refresh_token.clone()?;
        Some((refresh_token, tokens.stored.then_some(decision)))
    });
    let Some((refresh_token, decision)) = refresh else {
        let forgotten = forget(facts);
        return begin(flow, setup, verdict, env).effect(forgotten);
    };
    match facts.endpoint(setup, "token_endpoint") {
        Ok(endpoint) => {
            let step = Step::ExpectRefresh {
                endpoint,
                refresh_token,
                then: Box::new(Step::ExpectServerInfo),
            };
            Transition::to(flow, step, verdict).decided(decision)
        }
        Err(missing) => Transition::missing_endpoint(flow, &missing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ISSUER, flow, setup, stopped, tokens, with_env, with_tokens};
    use crate::transition::Effect;

    fn judged(flow: Flow) -> Transition {
        with_env(|env| with_metadata(flow, &setup(), Verdict::accepted(""), env))
    }

    #[test]
    fn a_token_of_this_server_is_refreshed_and_one_of_another_forgotten() {
        let refresh = judged(with_tokens(Step::ExpectTools, Some("r1")));
        assert!(matches!(refresh.flow.step, Step::ExpectRefresh { .. }));
        let mut foreign = with_tokens(Step::ExpectTools, Some("r1"));
        foreign.facts.tokens.as_mut().unwrap().issuer = Some("https://b.example".into());
        let afresh = judged(foreign);
        assert_eq!(
            (afresh.flow.step, afresh.flow.facts.tokens),
            (Step::ExpectListener, None)
        );
        assert!(matches!(
            &afresh.effects[..],
            [Effect::Forget { issuer, .. }] if issuer == "https://b.example"
        ));
    }

    #[test]
    fn for_a_step_up_the_present_token_stays() {
        let mut flow = with_tokens(Step::ExpectTools, Some("r1"));
        flow.facts.step_up.resume = Some(Box::new(Step::ExpectTools));
        let further = judged(flow);
        assert_eq!(further.flow.step, Step::ExpectListener);
        assert_eq!(further.flow.facts.tokens, Some(tokens(Some("r1"))));
    }

    #[test]
    fn another_server_leaves_behind_what_belongs_to_the_first() {
        let flow = flow(Step::ExpectTools);
        let other = with_env(|env| go_to_issuer(flow, &setup(), "https://b.example", None, env));
        let facts = other.flow.facts;
        assert_eq!(
            (facts.server_metadata, facts.issuer.as_deref()),
            (None, Some("https://b.example"))
        );
        let same = with_env(|env| {
            go_to_issuer(
                crate::testing::flow(Step::ExpectTools),
                &setup(),
                ISSUER,
                None,
                env,
            )
        });
        assert!(same.flow.facts.server_metadata.is_some());
    }

    #[test]
    fn an_issuer_that_is_no_url_stops_without_a_request() {
        let flow = flow(Step::ExpectTools);
        let end = with_env(|env| go_to_issuer(flow, &setup(), "javascript:alert(1)", None, env));
        assert_eq!(stopped(&end), Some((StopCode::NoServerMetadata, true)));
    }
}
