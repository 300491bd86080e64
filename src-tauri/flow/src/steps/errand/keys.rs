//! The issuer's keys, and whether the tokens are signed with them.

use serde_json::Value;
use trace::{
    ClaimProblem, Decision, Phase, Purpose, Request, Response, SignatureCheck, Timestamp,
    TokenKind, Verdict,
};

use crate::facts::{Facts, Tokens};
use crate::flow::Flow;
use crate::judged::Judged;
use crate::setup::Setup;
use crate::step::Plan;
use jose::{Checked, Expected, Signature, verify};

use super::{failed, on};

/// How far the clocks may be apart.
const LEEWAY_SECONDS: u64 = 60;

pub(super) fn request(facts: &Facts, setup: &Setup) -> Plan {
    let url = facts.endpoint(setup, "jwks_uri").unwrap_or_default();
    Plan {
        phase: Phase::Extra,
        purpose: Purpose::Jwks,
        title: "Read the issuer's keys".into(),
        why: "The MCP server checks tokens with them; so can we.".into(),
        label: "JWK set".into(),
        request: Request::new("GET", url)
            .header("accept", "application/jwk-set+json, application/json"),
        not_before: None,
        credentials: Vec::new(),
    }
}

pub(super) fn judge(flow: Flow, setup: &Setup, response: &Response, now: Timestamp) -> Judged {
    let set: Option<Value> = serde_json::from_slice(&response.body.bytes).ok();
    let keys = set
        .as_ref()
        .filter(|_| response.status == 200)
        .and_then(|set| set["keys"].as_array());
    let Some(keys) = keys else {
        let message = format!(
            "jwks_uri: expected a JWK set with keys, got status {}",
            response.status
        );
        return failed(flow, setup, "no JWK set", message);
    };
    let words = match keys.len() {
        1 => "1 key".to_owned(),
        count => format!("{count} keys"),
    };
    let set = set.as_ref().unwrap_or(&Value::Null);
    let checked = flow
        .facts
        .tokens
        .as_ref()
        .map(|tokens| check_all(&flow.facts, setup, tokens, set, now));
    let checked = checked.unwrap_or_default();
    let message = match checked.as_slice() {
        [] => "Neither the access token nor an ID token is a JWT: there is no signature to check."
            .to_owned(),
        all if all.iter().all(good) => "The signatures are good.".to_owned(),
        _ => "Something is wrong with a token: the lines above say what.".to_owned(),
    };
    let mut judged = on(flow, setup, Verdict::accepted(words), message);
    // Before the end of the action, to which they belong.
    judged.decisions.splice(0..0, checked);
    judged
}

/// Checks the claims alone, since the answer came straight from the token endpoint (OpenID Connect
/// Core 1.0 section 3.1.3.7, number 6).
pub(crate) fn check_id_token(
    facts: &Facts,
    tokens: &Tokens,
    now: Timestamp,
) -> Option<(Decision, Vec<ClaimProblem>)> {
    let id_token = tokens.id_token.as_ref()?;
    let authorization = facts.authorization.as_ref();
    let expected = Expected {
        issuer: facts.issuer.as_deref(),
        audience: facts
            .client
            .as_ref()
            .map(|client| client.client_id.as_str()),
        now,
        leeway_seconds: LEEWAY_SECONDS,
        nonce: authorization.map(|authorization| authorization.nonce.expose()),
        access_token: Some(tokens.access_token.expose()),
    };
    Some(match verify(id_token.expose(), &Value::Null, &expected) {
        Ok(mut checked) => {
            checked.signature =
                Signature::NotChecked("it came straight from the token endpoint".into());
            let problems = checked.problems.iter().map(problem).collect();
            (decision(TokenKind::IdToken, checked), problems)
        }
        Err(error) => {
            let problem = ClaimProblem {
                claim: "id_token".into(),
                expected: "a JWT".into(),
                got: error.to_string(),
            };
            let checked = Decision::TokenChecked {
                token: TokenKind::IdToken,
                alg: None,
                kid: None,
                signature: SignatureCheck::NotChecked {
                    why: error.to_string(),
                },
                problems: vec![problem.clone()],
            };
            (checked, vec![problem])
        }
    })
}

fn check_all(
    facts: &Facts,
    setup: &Setup,
    tokens: &Tokens,
    set: &Value,
    now: Timestamp,
) -> Vec<Decision> {
    let issuer = facts.issuer.as_deref();
    let resource = facts.resource(setup);
    let access = Expected {
        issuer,
        audience: resource.as_deref(),
        now,
        leeway_seconds: LEEWAY_SECONDS,
        nonce: None,
        access_token: None,
    };
    let id = Expected {
        audience: facts
            .client
            .as_ref()
            .map(|client| client.client_id.as_str()),
        access_token: Some(tokens.access_token.expose()),
        ..access
    };
    let id_token = tokens.id_token.as_ref();
    let all = [
        (TokenKind::AccessToken, Some(&tokens.access_token), access),
        (TokenKind::IdToken, id_token, id),
    ];
    all.into_iter()
        .filter_map(|(kind, token, expected)| {
            // What is no JWT is none of ours to read (RFC 6749 section 1.4).
            let checked = verify(token?.expose(), set, &expected).ok()?;
            Some(decision(kind, checked))
        })
        .collect()
}

fn decision(token: TokenKind, checked: Checked) -> Decision {
    Decision::TokenChecked {
        token,
        problems: checked.problems.iter().map(problem).collect(),
        alg: checked.alg,
        kid: checked.kid,
        signature: match checked.signature {
            Signature::Valid => SignatureCheck::Valid,
            Signature::Invalid(why) => SignatureCheck::Invalid { why },
            Signature::NotChecked(why) => SignatureCheck::NotChecked { why },
        },
    }
}

fn problem(problem: &jose::Problem) -> ClaimProblem {
    ClaimProblem {
        claim: problem.claim.clone(),
        expected: problem.expected.clone(),
        got: problem.got.clone(),
    }
}

fn good(decision: &Decision) -> bool {
    matches!(
        decision,
        Decision::TokenChecked { signature: SignatureCheck::Valid, problems, .. } if problems.is_empty()
    )
}
