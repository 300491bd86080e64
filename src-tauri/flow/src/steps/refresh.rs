//! Refreshing an access token, and what to do when that fails (RFC 6749 section 6).

use trace::{Decision, Grant, Outcome, Phase, Purpose, Secret, StopCode, Verdict};

use crate::flow::{Flow, Hand, Plan, Step};
use crate::judged::{Effect, Judged};
use crate::setup::Setup;
use crate::steps::token::{granted, token_request};
use crate::steps::{no_response, oauth_error};

pub(crate) fn request(flow: &Flow, setup: &Setup) -> Plan {
    let facts = &flow.facts;
    let refresh_token = facts
        .tokens
        .as_ref()
        .and_then(|tokens| tokens.refresh_token.as_ref());
    let mut form = vec![
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token.map_or("", Secret::expose)),
    ];
    let resource = facts.resource(&setup.server_url);
    form.extend(resource.as_deref().map(|resource| ("resource", resource)));
    Plan {
        phase: Phase::Refresh,
        purpose: Purpose::Token {
            grant: Grant::RefreshToken,
        },
        title: "Refresh the access token".into(),
        why: "The access token is no longer taken; the refresh token gets a new one without the user.".into(),
        label: "refresh_token".into(),
        request: token_request(facts, form),
    }
}

pub(crate) fn judge(flow: Flow, then: Step, outcome: &Outcome, hand: &Hand<'_>) -> Judged {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return no_response(flow, failure),
    };
    if response.status == 200 {
        // A refresh asked for when all was done leads back to a call that shows that the new token is taken.
        let then = if matches!(then, Step::Done { .. }) {
            Step::ExpectServerInfo
        } else {
            then
        };
        return granted(flow, then, response, hand);
    }
    let error = oauth_error(response);
    let words = error.words(response.status);
    // RFC 6749 section 5.2: with invalid_grant the refresh token is dead, so a new authorization is due.
    if error.code.as_deref() == Some("invalid_grant") {
        return authorize_afresh(flow, Verdict::moved_on(words), "the refresh token was refused");
    }
    let otherwise = authorize_afresh(
        flow.clone(),
        Verdict::rejected(words.clone()),
        "the refresh failed and the user went on",
    );
    let message = format!(
        "The refresh was refused with {words}. Only invalid_grant tells a client that it has to authorize afresh, so it \
         is stuck here."
    );
    Judged::stop_unless_waived(flow, StopCode::TokenRejected, &words, message, otherwise)
}

/// Forgets the tokens and authorizes once more.
pub(crate) fn authorize_afresh(flow: Flow, verdict: Verdict, why: &str) -> Judged {
    let judged = Judged::go(flow, Step::ExpectListener, verdict);
    let mut judged = without_old_tokens(judged);
    judged
        .decisions
        .push(Decision::TokensForgotten { why: why.into() });
    judged
}

/// Drops tokens that are of no use any more, here and in the keychain.
pub(crate) fn without_old_tokens(mut judged: Judged) -> Judged {
    let facts = &mut judged.flow.facts;
    let Some(tokens) = facts.tokens.take() else {
        return judged;
    };
    if let (Some(issuer), Some(client)) = (tokens.issuer, &facts.client) {
        judged.effects.push(Effect::Forget {
            issuer,
            client_id: client.client_id.clone(),
        });
    }
    judged
}
