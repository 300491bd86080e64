//! What is computed from secrets, as facts: once they are replaced it cannot be computed again.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use trace::{Checked, Decision, Grant, SignatureCheck, Trace};

use crate::id_token::id_tokens;
use crate::reading::{ExchangeRef, Reading, form, value};
use crate::snapshot::Snapshot;

/// What was found out at which entry of a trace. What a trace holds of that already is taken over.
pub fn checked(trace: &Trace) -> Vec<(u32, Checked)> {
    let entries = trace.entries.len();
    let mut all = Vec::new();
    if trace.flows.len() < 2 {
        of_one(&Snapshot::of_first(trace, entries), &mut all);
    }
    for flow in trace.flows.iter().filter(|_| trace.flows.len() > 1) {
        of_one(&Snapshot::of_flow(trace, entries, flow), &mut all);
    }
    all
}

fn of_one(snapshot: &Snapshot<'_>, all: &mut Vec<(u32, Checked)>) {
    let reading = Reading::of(snapshot);
    let id_tokens = id_tokens(&reading);
    for (seen, grant) in &reading.tokens {
        let kept = seen.exchange.recorded.checked;
        let by_code = *grant == Grant::AuthorizationCode;
        let id_token = id_tokens.iter().find(|token| token.seen.seq == seen.seq);
        let checked = Checked {
            pkce: by_code.then(|| pkce_fits(&reading, *seen)).flatten(),
            at_hash: id_token.and_then(|token| token.at_hash_fits()),
            c_hash: id_token.and_then(|token| token.c_hash_fits()),
            signature: kept
                .signature
                .or_else(|| signature(snapshot.trace, seen.seq)),
        };
        if !checked.is_nothing() {
            all.push((seen.seq, checked));
        }
    }
}

/// Whether the verifier of a code exchange is that of the challenge; none where either is not
/// known.
pub(crate) fn pkce_fits(reading: &Reading<'_>, exchange: ExchangeRef<'_>) -> Option<bool> {
    if exchange.exchange.recorded.checked.pkce.is_some() {
        return exchange.exchange.recorded.checked.pkce;
    }
    let (_, asked) = reading.authorization_before(exchange.seq)?;
    let verifier = value(form(exchange.request()), "code_verifier")?;
    let challenge = value(asked, "code_challenge")?;
    Some(URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge)
}

/// What came of checking the signature of a token that this answer held: the flow says so right
/// after it.
fn signature(trace: &Trace, seq: u32) -> Option<bool> {
    let after = trace.entries.get(seq as usize..)?.iter();
    let mut decisions = after.map_while(|entry| entry.decision());
    decisions.find_map(|decision| match decision {
        Decision::TokenChecked { signature, .. } => match signature {
            SignatureCheck::Valid => Some(true),
            SignatureCheck::Invalid { .. } => Some(false),
            SignatureCheck::NotChecked { .. } => None,
        },
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Run, id_token};

    fn checked_of(run: &Run) -> Checked {
        let all = checked(&run.trace());
        assert_eq!(all.len(), 1);
        all[0].1
    }

    #[test]
    fn facts_say_what_holds_and_what_does_not() {
        let mut run = Run::healthy();
        assert_eq!(checked_of(&run).pkce, Some(true));
        for (name, value) in &mut run.exchange {
            if *name == "code_verifier" {
                value.push('x');
            }
        }
        let token = id_token(|claims| claims["at_hash"] = "x".into());
        run.token.edit(|answer| answer["id_token"] = token.into());
        let found = checked_of(&run);
        assert_eq!((found.pkce, found.at_hash), (Some(false), Some(false)));
        assert_eq!((found.c_hash, found.signature), (None, None));
    }

    #[test]
    fn what_was_found_out_before_counts() {
        let mut trace = Run::healthy().trace();
        for (seq, _) in checked(&trace) {
            let entry = std::sync::Arc::make_mut(&mut trace.entries[seq as usize - 1]);
            if let trace::EntryKind::Exchange(exchange) = &mut entry.kind {
                exchange.recorded.checked.pkce = Some(false);
                exchange.recorded.checked.signature = Some(true);
            }
        }
        let found = checked(&trace);
        assert_eq!(found[0].1.pkce, Some(false));
        assert_eq!(found[0].1.signature, Some(true));
    }
}
