//! Refreshing an access token, and what to do when that fails (RFC 6749 section 6).

use trace::{Decision, Grant, Outcome, Phase, Purpose, Secret, StopCode, Timestamp, Verdict};

use crate::facts::Facts;
use crate::flow::Flow;
use crate::judged::{Effect, Judged};
use crate::setup::Setup;
use crate::step::{Hand, Plan, Step};
use crate::steps::token::{client_request, granted};
use crate::steps::{beginning, no_response, oauth_error};

pub(crate) fn request(flow: &Flow, setup: &Setup, now: Timestamp) -> Plan {
    let facts = &flow.facts;
    let refresh_token = facts
        .tokens
        .as_ref()
        .and_then(|tokens| tokens.refresh_token.clone());
    let form = form(
        facts,
        setup,
        &refresh_token.unwrap_or_else(|| Secret::new("")),
    );
    let form = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let endpoint = facts.endpoint(setup, "token_endpoint").unwrap_or_default();
    Plan {
        phase: Phase::Refresh,
        purpose: Purpose::Token {
            grant: Grant::RefreshToken,
        },
        title: "Refresh the access token".into(),
        why: "The refresh token gets a new access token without the user.".into(),
        label: "refresh_token".into(),
        request: client_request(facts, setup, endpoint, form, now),
        not_before: None,
        credentials: Vec::new(),
    }
}

pub(crate) fn form(
    facts: &Facts,
    setup: &Setup,
    refresh_token: &Secret,
) -> Vec<(&'static str, String)> {
    let mut form = vec![
        ("grant_type", Grant::RefreshToken.grant_type().to_owned()),
        ("refresh_token", refresh_token.expose().to_owned()),
    ];
    form.extend(facts.resource(setup).map(|resource| ("resource", resource)));
    form
}

pub(crate) fn judge(
    flow: Flow,
    setup: &Setup,
    then: Step,
    outcome: &Outcome,
    hand: &mut Hand<'_>,
) -> Judged {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return no_response(flow, failure),
    };
    if response.status == 200 {
        let mut judged = granted(flow, setup, then, response, hand);
        if let Some(tokens) = &mut judged.flow.facts.tokens {
            tokens.refreshed = true;
        }
        return judged;
    }
    let error = oauth_error(response);
    let words = error.words(response.status);
    // RFC 6749 section 5.2: with invalid_grant the refresh token is dead, so a new authorization is
    // due.
    if error.code.as_deref() == Some("invalid_grant") {
        let why = "the refresh token was refused";
        return authorize_afresh(flow, setup, Verdict::moved_on(words), why, hand);
    }
    let otherwise = authorize_afresh(
        flow.clone(),
        setup,
        Verdict::rejected(words.clone()),
        "the refresh failed and the user went on",
        hand,
    );
    let message = format!(
        "The refresh was refused with {words}. Only invalid_grant tells a client that it has to authorize afresh, so it \
         is stuck here."
    );
    Judged::stop_unless_waived(flow, StopCode::TokenRejected, &words, message, otherwise)
}

/// Forgets the tokens and authorizes once more.
pub(crate) fn authorize_afresh(
    mut flow: Flow,
    setup: &Setup,
    verdict: Verdict,
    why: &str,
    hand: &mut Hand<'_>,
) -> Judged {
    let forgotten = forget(&mut flow);
    let mut judged = beginning::begin(flow, setup, verdict, hand);
    judged
        .decisions
        .push(Decision::TokensForgotten { why: why.into() });
    judged.effects.extend(forgotten);
    judged
}

/// Drops tokens that are of no use any more: from the flow, and with the effect from the keychain.
pub(crate) fn forget(flow: &mut Flow) -> Option<Effect> {
    let issuer = flow.facts.tokens.take()?.issuer?;
    let client_id = flow.facts.client.as_ref()?.client_id.clone();
    Some(Effect::Forget { issuer, client_id })
}
