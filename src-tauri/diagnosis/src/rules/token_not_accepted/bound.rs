//! Tokens that are bound to a key (DPoP), and proofs that the MCP server does not take.

use trace::StopCode;

use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, challenge_error, challenges};
use crate::refused_token::refusal;

/// The call at which the flow stopped because its proof of possession is not taken.
pub(super) fn refused_proof<'a>(reading: &Reading<'a>) -> Option<ExchangeRef<'a>> {
    let call = reading.call_before(reading.stopped(StopCode::TokenNotAccepted)?)?;
    let error = challenge_error(call).filter(|_| call.status() == Some(401))?;
    matches!(error.as_str(), "invalid_dpop_proof" | "use_dpop_nonce").then_some(call)
}

pub(super) fn proof(finding: Finding, call: ExchangeRef<'_>) -> Finding {
    finding
        .at(call.seq, Part::response_header("WWW-Authenticate"))
        .message(if challenge_error(call).as_deref() == Some("use_dpop_nonce") {
            "The proof had the nonce of the answer before, if there was one, and the server wants \
             another one again: its instances do not share their nonces, or it forgets them, or a \
             proxy drops the DPoP-Nonce header."
        } else {
            "It is not about the token itself. Behind a proxy the server may compare htu with a \
             URL that it sees otherwise; or the clocks differ (iat), or it does not know the \
             algorithm."
        })
        .expected("an MCP answer")
        .actual(refusal(call))
        .fix(
            "Compare htm, htu, iat, ath and alg of the decoded proof with what the MCP server \
             expects, and set its public URL.",
        )
}

/// Whether a token was sent as one that is bound to a key, and the server speaks of other schemes
/// only.
pub(super) fn is_bearer_only(call: ExchangeRef<'_>) -> bool {
    let sent = call
        .request()
        .header_value("authorization")
        .unwrap_or_default();
    let bound = sent
        .split_once(' ')
        .is_some_and(|(scheme, _)| is_dpop(scheme));
    let offered = call
        .response()
        .and_then(|response| challenges(response).ok());
    let others = offered.is_some_and(|all| {
        let mut schemes = all.iter().map(|challenge| challenge.scheme.as_str());
        !all.is_empty() && !schemes.any(is_dpop)
    });
    bound && others
}

pub(super) fn is_dpop(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("dpop")
}

pub(super) fn bearer_only(finding: Finding, call: ExchangeRef<'_>) -> Finding {
    finding
        .at(call.seq, Part::response_header("WWW-Authenticate"))
        .message(
            "The token was sent under the scheme DPoP, as one that is bound to a key has to be, \
             and the challenge offers no such scheme: most likely the server looks for bearer \
             tokens alone. It may also have refused the token for another reason; then its \
             challenge should name DPoP all the same.",
        )
        .expected("the token accepted under the scheme DPoP, or a challenge with that scheme")
        .actual(refusal(call))
        .fix(
            "Accept tokens and proofs under the scheme DPoP (RFC 9449 section 7.1); or have the \
             authorization server bind no tokens for this client, which then starts without DPoP \
             (without --dpop).",
        )
}
