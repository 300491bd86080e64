//! The life of a refresh token: replaced, used again, used twice at once.

use trace::{Grant, Outcome, Phase, Purpose, Response, Secret, Timestamp, Verdict};

use crate::agenda;
use crate::flow::Flow;
use crate::judged::Judged;
use crate::setup::Setup;
use crate::step::{Hand, Plan, Step};
use crate::steps::token::{client_request, granted};
use crate::steps::{oauth_error, refresh, token};

use super::{failed, on};

/// A refresh with a refresh token that was replaced.
pub(super) fn reuse(flow: &Flow, setup: &Setup, replaced: &Secret, now: Timestamp) -> Plan {
    let form = refresh::form(&flow.facts, setup, replaced);
    let form = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let endpoint = flow
        .facts
        .endpoint(setup, "token_endpoint")
        .unwrap_or_default();
    Plan {
        phase: Phase::Refresh,
        purpose: Purpose::Token {
            grant: Grant::RefreshToken,
        },
        title: "Use the earlier refresh token once more".into(),
        why: "Where it was replaced, the server must refuse it: somebody may have stolen it."
            .into(),
        label: "refresh_token, the earlier one".into(),
        request: client_request(&flow.facts, setup, endpoint, form, now),
        not_before: None,
        credentials: Vec::new(),
    }
}

/// The token request that redeemed the code, once more.
pub(super) fn replay_code(flow: &Flow, setup: &Setup, now: Timestamp) -> Plan {
    let mut again = flow.clone();
    again.facts.code = again.facts.redeemed_code.clone();
    again.facts.grant = Grant::AuthorizationCode;
    Plan {
        phase: Phase::Extra,
        title: "Exchange the code once more".into(),
        why: "A code is good once: the server must refuse it now.".into(),
        label: "authorization_code, redeemed before".into(),
        ..token::request(&again, setup, now)
    }
}

/// What came of it is not kept: the tokens in use stay.
pub(super) fn judge_replay(flow: Flow, setup: &Setup, response: &Response) -> Judged {
    match response.status {
        200 => on(
            flow,
            setup,
            Verdict::moved_on("granted again"),
            "The code works twice.",
        ),
        status => {
            let words = oauth_error(response).words(status);
            on(
                flow,
                setup,
                Verdict::accepted(format!("refused: {words}")),
                "The code is refused.",
            )
        }
    }
}

pub(super) fn judge(flow: Flow, setup: &Setup, response: &Response, hand: &mut Hand<'_>) -> Judged {
    if response.status != 200 {
        let words = oauth_error(response).words(response.status);
        return failed(
            flow,
            setup,
            &words,
            format!("The refresh was refused: {words}"),
        );
    }
    let here = flow.step.clone();
    let judged = granted(flow, setup, here, response, hand);
    match judged.flow.step {
        // What is not a token answer ends the action by the way of every stop in one.
        Step::Stopped { .. } => judged,
        _ if judged.flow.facts.agenda.errands.is_empty() => agenda::end(
            judged,
            setup,
            Some("The refresh brought a new access token.".into()),
        ),
        _ => agenda::advance(judged, setup),
    }
}

pub(super) fn judge_reuse(flow: Flow, setup: &Setup, response: &Response) -> Judged {
    let error = oauth_error(response);
    match (response.status, error.code.as_deref()) {
        (200, _) => on(
            flow,
            setup,
            Verdict::moved_on("taken again"),
            "The earlier refresh token still works.",
        ),
        (_, Some("invalid_grant")) => on(
            flow,
            setup,
            Verdict::accepted("refused, as it must be"),
            "The earlier refresh token is refused.",
        ),
        (status, _) => {
            let words = error.words(status);
            on(
                flow,
                setup,
                Verdict::moved_on(words),
                "The earlier refresh token is not taken.",
            )
        }
    }
}

/// Two refreshes at once: the tokens of the first that was granted are kept.
pub(crate) fn judge_both(
    flow: Flow,
    setup: &Setup,
    outcomes: [&Outcome; 2],
    hand: &mut Hand<'_>,
) -> Judged {
    let answers = outcomes.map(|outcome| match outcome {
        Outcome::Response(response) => Some(response),
        Outcome::Failure(_) => None,
    });
    let words = |answer: Option<&Response>| match answer {
        None => Verdict::rejected("no response"),
        Some(response) if response.status == 200 => Verdict::accepted("granted"),
        Some(response) => Verdict::moved_on(oauth_error(response).words(response.status)),
    };
    let verdicts = answers.map(words);
    let granted_one = answers
        .into_iter()
        .flatten()
        .find(|answer| answer.status == 200);
    let both = answers
        .iter()
        .flatten()
        .filter(|answer| answer.status == 200)
        .count()
        == 2;
    let Some(response) = granted_one else {
        let mut judged = failed(
            flow,
            setup,
            "refused",
            "Neither of the two refreshes was granted.",
        );
        [judged.verdict, judged.second_verdict] = verdicts.map(Some);
        return judged;
    };
    let here = flow.step.clone();
    let judged = granted(flow, setup, here, response, hand);
    let mut judged = match judged.flow.step {
        Step::Stopped { .. } => judged,
        _ if judged.flow.facts.agenda.errands.is_empty() => {
            let message = match both {
                true => "Both refreshes were granted.",
                false => "One of the two refreshes was granted.",
            };
            agenda::end(judged, setup, Some(message.into()))
        }
        _ => agenda::advance(judged, setup),
    };
    [judged.verdict, judged.second_verdict] = verdicts.map(Some);
    judged
}
