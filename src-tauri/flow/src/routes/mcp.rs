//! What an MCP server's answer means for the token, and the end of the flow.

use serde_json::Value;
use trace::{Decision, Outcome, Response, Revision, StopCode, Verdict};

use crate::facts::Facts;
use crate::plan::Env;
use crate::routes::actions::begin_next;
use crate::routes::begin::authorize_afresh;
use crate::routes::challenged::{challenged, token_challenge};
use crate::routes::step_up::step_up;
use crate::setup::Setup;
use crate::state::Flow;
use crate::step::Step;
use crate::transition::Transition;

/// How many tokens the MCP server may refuse in a row.
const MOST_RENEWALS: u8 = 3;

/// The answer to a call with the token, where it is not about the token. What it says of the token
/// is in the flow then.
///
/// # Errors
/// Where the flow goes instead: there is no answer, or the token is not enough.
pub(crate) fn past_the_token<'a>(
    mut flow: Flow,
    setup: &Setup,
    outcome: &'a Outcome,
    env: &mut Env<'_>,
) -> Result<(Flow, &'a Response), Box<Transition>> {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => {
            return Err(Box::new(Transition::no_response(flow, failure)));
        }
    };
    if let Some(transition) = about_token(&flow, setup, response, env) {
        return Err(Box::new(transition));
    }
    mark_accepted(&mut flow, response);
    Ok((flow, response))
}

/// Deals with answers about the token. `None` for the others.
pub(crate) fn about_token(
    flow: &Flow,
    setup: &Setup,
    response: &Response,
    env: &mut Env<'_>,
) -> Option<Transition> {
    if let Some(stepped_up) = step_up(flow, setup, response, env) {
        return Some(stepped_up);
    }
    (response.status == 401).then(|| unauthorized(flow.clone(), setup, response, env))
}

/// The server took the token, when the answer is good.
pub(crate) fn mark_accepted(flow: &mut Flow, response: &Response) {
    let good = (200..300).contains(&response.status);
    if let Some(tokens) = flow.facts.tokens.as_mut().filter(|_| good) {
        tokens.accepted = true;
        // The call that led to the last step-up came through, so the next step-up is a new one.
        flow.facts.step_up.attempts = 0;
    }
}

/// Takes in the answer to `initialize` or `server/discover`.
pub(crate) fn server_info(
    mut flow: Flow,
    setup: &Setup,
    response: &Response,
    result: &Value,
) -> Transition {
    let facts = &mut flow.facts;
    let modern = facts.revision.is_modern();
    let info = if modern {
        &result["_meta"]["io.modelcontextprotocol/serverInfo"]
    } else {
        &result["serverInfo"]
    };
    facts.server.name = info["name"].as_str().map(Into::into);
    facts.server.version = info["version"].as_str().map(Into::into);
    let words = facts
        .server
        .name
        .clone()
        .unwrap_or_else(|| "answered".into());
    let verdict = Verdict::accepted(words);
    let first_time = !facts.era_known;
    facts.era_known = true;
    facts.rpc_id += 1;
    if modern {
        let decision = first_time.then(|| Decision::Revision {
            revision: facts.revision,
            why: "the server answers server/discover".into(),
        });
        return Transition::to(flow, Step::ExpectTools, verdict).decided(decision);
    }
    facts.session_id = response.header_value("mcp-session-id").map(Into::into);
    let asked = facts.revision;
    let negotiated = result["protocolVersion"]
        .as_str()
        .and_then(|version| version.parse::<Revision>().ok())
        .filter(|negotiated| *negotiated != asked && !negotiated.is_modern());
    if let Some(revision) = negotiated {
        facts.revision = revision;
    }
    let told = negotiated.filter(|revision| setup.revision.is_none() || *revision < asked);
    let decision = told.map(|revision| Decision::Revision {
        revision,
        why: format!("the server negotiated it when asked for {asked}"),
    });
    Transition::to(flow, Step::ExpectInitialized, verdict).decided(decision)
}

/// The revision to go on with, and why, where a result to `server/discover` is none of a server of
/// 2026-07-28: it lacks the versions that a DiscoverResult has to name, or names earlier ones alone
/// (2026-07-28 server/discover, "DiscoverResult").
pub(crate) fn earlier_era(
    facts: &Facts,
    setup: &Setup,
    result: &Value,
) -> Option<(Revision, String)> {
    if facts.era_known || !facts.revision.is_modern() || setup.revision.is_some() {
        return None;
    }
    let Some(named) = result["supportedVersions"].as_array() else {
        let why = "server/discover was answered without supportedVersions, so it is tried with \
                   initialize";
        return Some((Revision::LATEST_LEGACY, why.into()));
    };
    let named = named.iter().filter_map(Value::as_str);
    let newest = named.filter_map(|version| version.parse::<Revision>().ok());
    let newest = newest.max().filter(|newest| !newest.is_modern())?;
    Some((
        newest,
        format!("the server supports {newest} and no later one"),
    ))
}

/// What the last call of a flow that works has brought.
pub(crate) enum Reached {
    /// That the server has no tools.
    NoTools,
    /// This many tools.
    Tools(u32),
    /// The answer of a tool, which may report an error of its own.
    ToolAnswer(ToolAnswer),
}

/// What a tool's result says of its call (`isError`). An error of the tool is an answer, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ToolAnswer {
    Result,
    ReportsError,
}

impl ToolAnswer {
    pub fn of(result: &Value) -> Self {
        if result["isError"].as_bool() == Some(true) {
            Self::ReportsError
        } else {
            Self::Result
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Result => "the tool answers",
            Self::ReportsError => "the tool reports an error",
        }
    }
}

/// The flow's end; what the user asked for besides comes after it.
pub(crate) fn done(
    mut flow: Flow,
    setup: &Setup,
    reached: &Reached,
    verdict: Verdict,
) -> Transition {
    let facts = &mut flow.facts;
    facts.renewals = 0;
    facts.looked_again = false;
    facts.rpc_id += 1;
    let message = if facts.tokens.is_none() {
        "The MCP server answers without authorization.".to_owned()
    } else {
        let end = match reached {
            Reached::NoTools => ". It offers no tools.".to_owned(),
            Reached::Tools(0) if setup.call.is_some() => {
                " and listed no tool, so there was none to call.".to_owned()
            }
            Reached::Tools(1) => " and listed 1 tool.".to_owned(),
            Reached::Tools(count) => format!(" and listed {count} tools."),
            Reached::ToolAnswer(ToolAnswer::Result) => " and answered the tool call.".to_owned(),
            Reached::ToolAnswer(ToolAnswer::ReportsError) => {
                " and answered the tool call; the tool itself reports an error.".to_owned()
            }
        };
        format!("The flow works: the MCP server took the token{end}")
    };
    let (method, tools) = match reached {
        Reached::NoTools if facts.revision.is_modern() => ("server/discover", None),
        Reached::NoTools => ("initialize", None),
        Reached::Tools(count) => ("tools/list", Some(*count)),
        Reached::ToolAnswer(_) => ("tools/call", Some(facts.server.tools.len() as u32)),
    };
    facts.queue.outcome = Some(message.clone());
    let done = Transition::to(flow, Step::Done { message }, verdict).decided(Decision::Reached {
        method: method.into(),
        tools,
    });
    begin_next(done, setup)
}

fn unauthorized(
    mut flow: Flow,
    setup: &Setup,
    response: &Response,
    env: &mut Env<'_>,
) -> Transition {
    let facts = &mut flow.facts;
    let Some(tokens) = &facts.tokens else {
        // The first call was open, this one is not.
        return challenged(flow, setup, response);
    };
    let challenge = token_challenge(response);
    let error = challenge
        .as_ref()
        .and_then(|challenge| challenge.parameter("error"));
    let words = error.unwrap_or("token not accepted").to_owned();
    let fresh = !tokens.accepted && !tokens.stored;
    let has_metadata = facts.resource_metadata.is_some();
    // The authorization server may have changed although it still refreshes its tokens.
    if fresh && tokens.refreshed && !facts.looked_again && has_metadata {
        facts.looked_again = true;
        return challenged(flow, setup, response);
    }
    if fresh || facts.renewals >= MOST_RENEWALS {
        let message = "The MCP server does not accept the token that its authorization server has \
                       just issued for it.";
        return Transition::stop(flow, StopCode::TokenNotAccepted, &words, message);
    }
    // A token that should still be good: the server may belong to another authorization server now,
    // and only its metadata tells (2026-07-28 basic/authorization/client-registration,
    // "Authorization Server Binding").
    let unexpected = !tokens.expired(env.now) && tokens.expires_at.is_some();
    let look_again = unexpected && has_metadata && facts.revision.at_least(Revision::R20260728);
    if facts.server_metadata.is_none() || look_again {
        return challenged(flow, setup, response);
    }
    let verdict = Verdict::moved_on(words);
    let Some(refresh_token) = tokens.refresh_token.clone() else {
        let why = "the token was refused and cannot be refreshed";
        return authorize_afresh(flow, setup, verdict, why, env);
    };
    facts.session_id = None;
    match facts.endpoint(setup, "token_endpoint") {
        Ok(endpoint) => {
            let step = Step::ExpectRefresh {
                endpoint,
                refresh_token,
                then: Box::new(Step::ExpectServerInfo),
            };
            Transition::to(flow, step, verdict)
        }
        Err(missing) => Transition::missing_endpoint(flow, &missing),
    }
}

#[cfg(test)]
mod tests {
    use trace::Timestamp;

    use super::*;
    use crate::step::Step;
    use crate::testing::{response, setup, stopped, with_env, with_tokens};

    fn judged(change: impl FnOnce(&mut Flow)) -> Transition {
        let mut flow = with_tokens(Step::ExpectTools, Some("r1"));
        change(&mut flow);
        let challenge = [("www-authenticate", "Bearer error=\"invalid_token\"")];
        let response = response(401, &challenge, "");
        with_env(|env| about_token(&flow, &setup(), &response, env)).expect("a 401")
    }

    fn refused(change: impl FnOnce(&mut crate::tokens::Tokens)) -> Transition {
        judged(|flow| change(flow.facts.tokens.as_mut().unwrap()))
    }

    #[test]
    fn a_token_that_was_taken_before_is_refreshed_or_replaced() {
        assert!(matches!(
            refused(|_| {}).flow.step,
            Step::ExpectRefresh { .. }
        ));
        let afresh = refused(|tokens| tokens.refresh_token = None);
        assert_eq!(
            (afresh.flow.step, afresh.flow.facts.tokens),
            (Step::ExpectListener, None)
        );
    }

    #[test]
    fn a_fresh_token_that_is_refused_is_the_end() {
        let end = refused(|tokens| tokens.accepted = false);
        assert_eq!(stopped(&end), Some((StopCode::TokenNotAccepted, false)));
        let many = judged(|flow| flow.facts.renewals = MOST_RENEWALS);
        assert_eq!(stopped(&many), Some((StopCode::TokenNotAccepted, false)));
        let stored = refused(|tokens| (tokens.accepted, tokens.stored) = (false, true));
        assert!(matches!(stored.flow.step, Step::ExpectRefresh { .. }));
    }

    #[test]
    fn the_metadata_is_looked_at_again_for_a_token_that_should_still_be_good() {
        let step = |revision| {
            let again = judged(|flow| {
                flow.facts.revision = revision;
                flow.facts.resource_metadata = Some(Default::default());
                flow.facts.tokens.as_mut().unwrap().expires_at = Some(Timestamp(2_000_000_000));
            });
            again.flow.step
        };
        assert!(matches!(
            step(Revision::R20260728),
            Step::ExpectResourceMetadata { .. }
        ));
        assert!(matches!(
            step(Revision::R20251125),
            Step::ExpectRefresh { .. }
        ));
    }

    #[test]
    fn without_an_endpoint_nothing_is_sent() {
        let end = judged(|flow| {
            flow.facts.server_metadata.as_mut().unwrap().token_endpoint = Some("x".into());
        });
        assert_eq!(stopped(&end), Some((StopCode::MissingEndpoint, false)));
    }

    #[test]
    fn other_answers_are_not_about_the_token() {
        let flow = with_tokens(Step::ExpectTools, None);
        for status in [200, 403, 404, 500] {
            let response = response(status, &[], "");
            assert_eq!(
                with_env(|env| about_token(&flow, &setup(), &response, env)),
                None
            );
        }
    }
}
