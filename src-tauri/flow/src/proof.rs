//! Proof of possession for requests that get or use a token bound to a key (RFC 9449).

use trace::{Decision, Outcome, Purpose, Request, Response, Timestamp, Verdict, challenges};

use crate::facts::{Dpop, Facts};
use crate::flow::Flow;
use crate::judged::Judged;
use crate::setup::Setup;
use crate::step::{Plan, Step};
use crate::steps::oauth_error;
use jose::{DpopProof, SigningKey, dpop_proof};

const DEMANDED: &str = "use_dpop_nonce";

pub(crate) fn with_key(key: SigningKey) -> Dpop {
    Dpop {
        key,
        server_nonce: None,
        resource_nonce: None,
        repeated: false,
    }
}

/// Binds them where the user chose it.
pub(crate) fn bind_as_chosen(facts: &mut Facts, setup: &Setup) -> Option<Decision> {
    match setup.dpop {
        true => bind(facts, setup, "as chosen"),
        false => None,
    }
}

/// Binds the tokens from here on to a key, unless they are already.
pub(crate) fn bind(facts: &mut Facts, setup: &Setup, why: &str) -> Option<Decision> {
    if facts.dpop.is_some() {
        return None;
    }
    let key = setup.dpop_key();
    let thumbprint = key.thumbprint();
    facts.dpop = Some(with_key(key));
    Some(Decision::SenderConstrained {
        thumbprint,
        why: why.into(),
    })
}

/// The scheme and the value of `Authorization` for the access token of the flow; none without a
/// token.
pub(crate) fn authorization(facts: &Facts) -> Option<String> {
    let tokens = facts.tokens.as_ref()?;
    let bound = facts.dpop.is_some() && tokens.token_type.eq_ignore_ascii_case("DPoP");
    let scheme = if bound { "DPoP" } else { "Bearer" };
    Some(format!("{scheme} {}", tokens.access_token.expose()))
}

/// Adds the `DPoP` header where the request gets a token or uses one that is bound.
pub(crate) fn attach(facts: &Facts, setup: &Setup, plan: &mut Plan, now: Timestamp) {
    let Some(dpop) = &facts.dpop else { return };
    let token = plan
        .request
        .header_value("authorization")
        .and_then(|value| value.strip_prefix("DPoP "))
        .map(str::to_owned);
    let gets_token = match plan.purpose {
        Purpose::Token { grant } => grant != trace::Grant::TokenExchange,
        Purpose::PushedAuthorization => true,
        _ => false,
    };
    if token.is_none() && !gets_token {
        return;
    }
    let at_server = gets_token || plan.purpose == Purpose::Userinfo;
    let nonce = if at_server {
        &dpop.server_nonce
    } else {
        &dpop.resource_nonce
    };
    let proof = dpop_proof(
        &dpop.key,
        &DpopProof {
            method: &plan.request.method,
            url: &plan.request.url,
            jti: &setup.unique(&plan.request.url, now),
            iat: now.seconds(),
            access_token: token.as_deref(),
            nonce: nonce.as_deref(),
        },
    );
    let request = std::mem::replace(&mut plan.request, Request::new("", ""));
    plan.request = request.header("dpop", proof);
}

/// Keeps the nonce of an answer to a proof, and repeats the request once where the server demands
/// one (RFC 9449 sections 8 and 9). `Err` gives the flow back when there is nothing to repeat.
pub(crate) fn nonce_demanded(
    mut flow: Flow,
    request: &Request,
    outcome: &Outcome,
) -> Result<Judged, Box<Flow>> {
    let Outcome::Response(response) = outcome else {
        return Err(Box::new(flow));
    };
    let at_resource = request
        .header_value("authorization")
        .is_some_and(|value| value.starts_with("DPoP "));
    let at_server = !at_resource || is_userinfo(&flow.step);
    let Some(dpop) = flow
        .facts
        .dpop
        .as_mut()
        .filter(|_| request.header_value("dpop").is_some())
    else {
        return Err(Box::new(flow));
    };
    let nonce = response.header_value("dpop-nonce").map(str::to_owned);
    let given = nonce.is_some();
    if let Some(nonce) = nonce {
        match at_server {
            true => dpop.server_nonce = Some(nonce),
            false => dpop.resource_nonce = Some(nonce),
        }
    }
    let repeat = given && !dpop.repeated && demands_nonce(response);
    dpop.repeated = repeat;
    match repeat {
        true => Ok(Judged::stay(flow, Verdict::moved_on("nonce demanded"))),
        false => Err(Box::new(flow)),
    }
}

fn demands_nonce(response: &Response) -> bool {
    let challenged = || {
        let all = challenges(response).unwrap_or_default();
        all.iter()
            .any(|challenge| challenge.is("DPoP") && challenge.parameter("error") == Some(DEMANDED))
    };
    matches!(response.status, 400 | 401)
        && (oauth_error(response).code.as_deref() == Some(DEMANDED) || challenged())
}

fn is_userinfo(step: &Step) -> bool {
    matches!(step, Step::ExpectErrand(errand) if **errand == crate::agenda::Errand::Userinfo)
}
