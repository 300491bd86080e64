//! The PKCE pair: the challenge of the authorization request and the verifier of the token request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use trace::{Entry, EntryKind, Exchange, Grant, Pair, Purpose, Request, Trace};

use super::field::{field, group};
use super::meanings::Table;
use crate::asked::whole_request;
use crate::decoded::Decoded;
use crate::fields::{text, value};
use crate::replaced::is_replaced;
use crate::snapshot::{form_of as form, object_of};

/// The pair seen from the authorization request: the verifier is that of the next token request,
/// when it was sent.
pub(super) fn of_visit(trace: &Trace, entry: &Entry) -> Option<Decoded> {
    let mut verifier = None;
    for later in trace.entries.iter().skip(entry.seq as usize) {
        match &later.kind {
            EntryKind::BrowserOpened(_) | EntryKind::Rewound { .. } => break,
            EntryKind::Exchange(exchange) if exchange.purpose == CODE => {
                verifier = value(&form(&exchange.request), "code_verifier").map(str::to_owned);
                break;
            }
            _ => {}
        }
    }
    let url = match &entry.kind {
        EntryKind::BrowserOpened(visit) => &visit.url,
        EntryKind::Exchange(exchange) => &exchange.request.url,
        _ => return None,
    };
    pair(
        &whole_request(url, |reference| pushed(trace, reference)),
        verifier.as_deref(),
    )
}

/// The pair seen from the token request: the challenge is that of the last authorization request
/// before it.
pub(super) fn of_token_request(trace: &Trace, entry: &Entry, request: &Request) -> Option<Decoded> {
    let form = form(request);
    let verifier = value(&form, "code_verifier")?;
    let earlier = trace.entries.get(..entry.seq as usize - 1)?.iter().rev();
    let visit = earlier.filter_map(|entry| match &entry.kind {
        EntryKind::BrowserOpened(visit) => Some(visit),
        _ => None,
    });
    let query = visit
        .map(|visit| whole_request(&visit.url, |reference| pushed(trace, reference)))
        .next()
        .unwrap_or_default();
    pair(&query, Some(verifier))
}

/// The authorization request that was pushed and got this `request_uri`.
fn pushed<'a>(trace: &'a Trace, reference: &str) -> Option<&'a Exchange> {
    let exchanges = trace.exchanges().map(|(_, exchange)| exchange);
    let mut pushed = exchanges.filter(|exchange| exchange.purpose == Purpose::PushedAuthorization);
    pushed.find(|pushed| {
        let answer = pushed.response().and_then(object_of);
        answer.is_some_and(|answer| text(&answer, "request_uri") == Some(reference))
    })
}

const CODE: Purpose = Purpose::Token {
    grant: Grant::AuthorizationCode,
};

fn pair(query: &[Pair], verifier: Option<&str>) -> Option<Decoded> {
    let challenge = value(query, "code_challenge");
    if challenge.is_none() && verifier.is_none() {
        return None;
    }
    let method = value(query, "code_challenge_method");
    let own = verifier.filter(|verifier| !is_replaced(verifier));
    let computed = own.map(|verifier| match method {
        // RFC 7636 section 4.3: plain when the method is left out.
        Some("plain") | None => verifier.to_owned(),
        Some(_) => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
    });
    let note = match (challenge, &computed) {
        (Some(sent), Some(computed)) if sent == computed => "The verifier and the challenge match.",
        (Some(_), Some(_)) => {
            "The verifier does not fit the challenge: the authorization server has to refuse the \
             token request."
        }
        (Some(_), None) if verifier.is_some() => {
            "The verifier was replaced when this was recorded, so it cannot be computed again."
        }
        (Some(_), None) => {
            "The verifier follows with the token request; only who knows it can redeem the code."
        }
        (None, _) => "There is a verifier, but no challenge was seen in an authorization request.",
    };
    let mut fields = Vec::new();
    fields.extend(challenge.map(|challenge| field("code_challenge", challenge, Table::Parameters)));
    fields.extend(method.map(|method| field("code_challenge_method", method, Table::Parameters)));
    fields.extend(verifier.map(|verifier| field("code_verifier", verifier, Table::Parameters)));
    fields.extend(
        computed.map(|computed| field("computed from the verifier", computed, Table::Parameters)),
    );
    Some(group("PKCE", Some(note.into()), fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(query: &str, verifier: Option<&str>) -> String {
        pair(&trace::pairs(query), verifier).unwrap().note.unwrap()
    }

    #[test]
    fn the_example_of_rfc_7636_appendix_b_matches() {
        let query =
            "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert!(note(query, Some(verifier)).contains("match."));
        assert!(note(query, Some("another")).contains("does not fit"));
        assert!(note(query, None).contains("follows"));
        assert!(note(query, Some("redacted-code_verifier-1")).contains("was replaced"));
        assert!(note("code_challenge=abc", Some("abc")).contains("match."));
        assert_eq!(pair(&[], None), None);
    }
}
