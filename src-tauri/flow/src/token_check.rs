//! Whether tokens that are JWTs are what they have to be.

use jose::{Checked, Expected, Problem, Signature, verify};
use serde_json::Value;
use trace::{ClaimProblem, Decision, SignatureCheck, Timestamp, TokenKind};

use crate::facts::Facts;
use crate::setup::Setup;
use crate::tokens::Tokens;

/// How far the clocks may be apart.
const LEEWAY_SECONDS: u64 = 60;

/// Checks the claims of the ID token alone, since the answer came straight from the token endpoint
/// (OpenID Connect Core 1.0 section 3.1.3.7, number 6). `None` when there is none.
pub(crate) fn check_id_token(
    facts: &Facts,
    tokens: &Tokens,
    nonce: &str,
    now: Timestamp,
) -> Option<(Decision, Vec<ClaimProblem>)> {
    let id_token = tokens.id_token.as_ref()?;
    let expected = Expected {
        issuer: facts.issuer.as_deref(),
        audience: facts
            .client
            .as_ref()
            .map(|client| client.client_id.as_str()),
        now,
        leeway_seconds: LEEWAY_SECONDS,
        nonce: Some(nonce),
        access_token: Some(tokens.access_token.expose()),
    };
    Some(match verify(id_token.expose(), &Value::Null, &expected) {
        Ok(mut checked) => {
            let why = "it came straight from the token endpoint";
            checked.signature = Signature::NotChecked(why.into());
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

/// Checks every token that is a JWT against the issuer's keys.
pub(crate) fn check_all(
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
            // What is not a JWT is not ours to read (RFC 6749 section 1.4).
            let checked = verify(token?.expose(), set, &expected).ok()?;
            Some(decision(kind, checked))
        })
        .collect()
}

/// Whether a check found nothing wrong.
pub(crate) fn is_good(decision: &Decision) -> bool {
    matches!(
        decision,
        Decision::TokenChecked { signature: SignatureCheck::Valid, problems, .. } if problems.is_empty()
    )
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

fn problem(problem: &Problem) -> ClaimProblem {
    ClaimProblem {
        claim: problem.claim.clone(),
        expected: problem.expected.clone(),
        got: problem.got.clone(),
    }
}
