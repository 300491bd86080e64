//! The life of a refresh token: replaced, used again, used twice at once.

use trace::{Outcome, Phase, Response, Secret, Verdict};

use crate::answer::{error_code, refusal};
use crate::endpoint::Endpoint;
use crate::facts::Facts;
use crate::grant::{RedeemedCode, TokenGrant};
use crate::plan::{Env, Plan};
use crate::queue::RefreshKind;
use crate::routes::actions::{advance, end, failed, go_on};
use crate::routes::granted::{granted, requested_scope};
use crate::setup::Setup;
use crate::state::Flow;
use crate::steps::{refresh, token};
use crate::transition::Transition;

pub(crate) fn request(
    facts: &Facts,
    setup: &Setup,
    endpoint: &Endpoint,
    refresh_token: &Secret,
    kind: RefreshKind,
) -> Plan {
    let plan = refresh::request(facts, setup, endpoint, refresh_token);
    match kind {
        RefreshKind::Newest | RefreshKind::Twice => plan,
        RefreshKind::Replaced => Plan {
            title: "Use the earlier refresh token once more".into(),
            why: "Where it was replaced, the server must refuse it: somebody may have stolen it."
                .into(),
            label: "refresh_token, the earlier one".into(),
            ..plan
        },
    }
}

/// The token request that redeemed the code, once more.
pub(crate) fn replay(
    flow: &Flow,
    setup: &Setup,
    endpoint: &Endpoint,
    redeemed: &RedeemedCode,
) -> Plan {
    let grant = TokenGrant::Code {
        code: redeemed.code.clone(),
        authorization: Box::new(redeemed.authorization.clone()),
    };
    Plan {
        phase: Phase::Extra,
        title: "Exchange the code once more".into(),
        why: "A code is good once: the server must refuse it now.".into(),
        label: "authorization_code, redeemed before".into(),
        ..token::request(flow, setup, endpoint, &grant)
    }
}

/// The tokens that a replayed code brings are not kept: those in use stay.
pub(crate) fn judge_replay(flow: Flow, setup: &Setup, response: &Response) -> Transition {
    if response.status == 200 {
        let verdict = Verdict::moved_on("granted again");
        return go_on(flow, setup, verdict, "The code works twice.");
    }
    let verdict = Verdict::accepted(format!("refused: {}", refusal(response)));
    go_on(flow, setup, verdict, "The code is refused.")
}

pub(crate) fn judge(
    flow: Flow,
    setup: &Setup,
    kind: RefreshKind,
    response: &Response,
    env: &Env<'_>,
) -> Transition {
    if kind == RefreshKind::Replaced {
        return judge_replaced(flow, setup, response);
    }
    if response.status != 200 {
        let words = refusal(response);
        let message = format!("The refresh was refused: {words}");
        return failed(flow, setup, &words, message);
    }
    let message = "The refresh brought a new access token.";
    taken(flow, setup, message, response, env)
}

/// Two refreshes at once: the tokens of the first that was granted are kept.
pub(crate) fn judge_both(
    flow: Flow,
    setup: &Setup,
    outcomes: [&Outcome; 2],
    env: &Env<'_>,
) -> Transition {
    let answers = outcomes.map(|outcome| match outcome {
        Outcome::Response(response) => Some(response),
        Outcome::Failure(_) => None,
    });
    let verdicts = answers.map(|answer| match answer {
        None => Verdict::rejected("no response"),
        Some(response) if response.status == 200 => Verdict::accepted("granted"),
        Some(response) => Verdict::moved_on(refusal(response)),
    });
    let granted: Vec<&Response> = answers
        .into_iter()
        .flatten()
        .filter(|answer| answer.status == 200)
        .collect();
    let mut transition = match granted[..] {
        [] => {
            let message = "Neither of the two refreshes was granted.";
            failed(flow, setup, "refused", message)
        }
        [one] => {
            let message = "One of the two refreshes was granted.";
            taken(flow, setup, message, one, env)
        }
        [first, ..] => taken(flow, setup, "Both refreshes were granted.", first, env),
    };
    [transition.verdict, transition.second_verdict] = verdicts.map(Some);
    transition
}

fn judge_replaced(flow: Flow, setup: &Setup, response: &Response) -> Transition {
    let (verdict, message) = if response.status == 200 {
        let message = "The earlier refresh token still works.";
        (Verdict::moved_on("taken again"), message)
    } else if error_code(response) == "invalid_grant" {
        let message = "The earlier refresh token is refused.";
        (Verdict::accepted("refused, as it must be"), message)
    } else {
        let message = "The earlier refresh token is not accepted.";
        (Verdict::moved_on(refusal(response)), message)
    };
    go_on(flow, setup, verdict, message)
}

fn taken(
    flow: Flow,
    setup: &Setup,
    message: &str,
    response: &Response,
    env: &Env<'_>,
) -> Transition {
    let here = flow.step.clone();
    let requested = requested_scope(&flow, setup);
    let transition = granted(flow, here, requested, response, env);
    if transition.is_stopped() {
        // What is not a token answer ends the action as every stop in one does.
        transition
    } else if transition.flow.facts.queue.parts.is_empty() {
        end(transition, setup, Some(message.into()))
    } else {
        advance(transition, setup)
    }
}

#[cfg(test)]
mod tests {
    use trace::ActionKind;

    use super::*;
    use crate::testing::{
        acting, answer, authorization, endpoint, form, message, refused_connection, response,
        setup, value, with_env,
    };

    const TOKENS: &str = r#"{"access_token":"a2","refresh_token":"r2"}"#;

    #[test]
    fn a_replaced_token_has_to_be_refused() {
        for (status, body, words) in [
            (200, TOKENS, "still works"),
            (
                400,
                r#"{"error":"invalid_grant","error_description":7}"#,
                "is refused",
            ),
            (400, r#"{"error":"invalid_request"}"#, "is not accepted"),
            (500, "", "is not accepted"),
        ] {
            let flow = acting(ActionKind::ReuseRotated);
            let response = response(status, &[], body);
            let end = with_env(|env| judge(flow, &setup(), RefreshKind::Replaced, &response, env));
            assert!(message(&end).contains(words), "{status} {body}");
            assert_eq!(end.flow.facts.tokens.unwrap().access_token.expose(), "a1");
        }
    }

    #[test]
    fn a_refresh_brings_new_tokens_or_ends_the_action() {
        let judged = |status, body: &str| {
            let response = response(status, &[], body);
            let flow = acting(ActionKind::Refresh);
            with_env(|env| judge(flow, &setup(), RefreshKind::Newest, &response, env))
        };
        let taken = judged(200, TOKENS);
        assert_eq!(
            taken
                .flow
                .facts
                .tokens
                .unwrap()
                .refresh_token
                .unwrap()
                .expose(),
            "r2"
        );
        assert!(message(&judged(400, r#"{"error":"invalid_grant"}"#)).contains("was refused"));
    }

    #[test]
    fn of_two_at_once_the_first_that_was_granted_is_kept() {
        let both = |one: Outcome, other: Outcome| {
            let flow = acting(ActionKind::RefreshTwice);
            with_env(|env| judge_both(flow, &setup(), [&one, &other], env))
        };
        let refused = || answer(400, r#"{"error":"invalid_grant"}"#);
        let one = both(refused(), answer(200, TOKENS));
        assert_eq!(message(&one), "One of the two refreshes was granted.");
        assert_eq!(one.verdict.unwrap().text, "invalid_grant");
        assert_eq!(one.second_verdict.unwrap().text, "granted");
        assert_eq!(
            message(&both(answer(200, TOKENS), answer(200, TOKENS))),
            "Both refreshes were granted."
        );
        let none = both(refused(), refused_connection());
        assert_eq!(message(&none), "Neither of the two refreshes was granted.");
        assert_eq!(none.second_verdict.unwrap().text, "no response");
    }

    #[test]
    fn a_replayed_code_carries_the_verifier_and_brings_nothing() {
        let redeemed = RedeemedCode {
            code: "x".into(),
            authorization: *authorization(),
        };
        let plan = replay(
            &acting(ActionKind::ReplayCode),
            &setup(),
            &endpoint("/token"),
            &redeemed,
        );
        let pairs = form(&plan);
        assert_eq!(
            (value(&pairs, "code"), plan.phase),
            (Some("x"), Phase::Extra)
        );
        assert!(value(&pairs, "code_verifier").is_some());
        let flow = acting(ActionKind::ReplayCode);
        let again = judge_replay(flow, &setup(), &response(200, &[], TOKENS));
        assert_eq!(message(&again), "The code works twice.");
        assert_eq!(again.flow.facts.tokens.unwrap().access_token.expose(), "a1");
    }
}
