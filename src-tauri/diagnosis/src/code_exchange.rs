//! What a code exchange has in common with the requests before it: what is the same cannot be why
//! it was refused.

use trace::{Grant, Pair};

use crate::checked::pkce_fits;
pub(crate) use crate::client_authentication::{ClientAuthentication, basic_client_id};
use crate::reading::{ExchangeRef, Reading, form, jwt, oauth_error, response_fields, value};
use crate::snapshot::RequestRef;

/// A code exchange held against the authorization request and the callback.
#[derive(Default)]
pub(crate) struct Comparison {
    /// What is as it must be, one clause each: certainly not the cause.
    pub right: Vec<String>,
    /// What is not as it must be, one clause each: the request was changed by hand.
    pub wrong: Vec<String>,
    /// Seconds between the callback and the exchange.
    pub age: Option<u64>,
}

impl Comparison {
    pub fn of(reading: &Reading<'_>, exchange: ExchangeRef<'_>) -> Self {
        let mut comparison = Self::default();
        let sent = form(exchange.request());
        // What was sent has to be known before it can be held against anything.
        if !exchange.request().is_whole() {
            return comparison;
        }
        if let Some((_, asked)) = reading.authorization_before(exchange.seq) {
            let fits = pkce_fits(reading, exchange).unwrap_or_else(|| {
                let both = value(sent, "code_verifier").or(value(asked, "code_challenge"));
                both.is_none()
            });
            comparison.compare_with_request(sent, asked, exchange.request(), fits);
        }
        let callback = reading
            .callbacks
            .iter()
            .rev()
            .find(|callback| callback.seq < exchange.seq);
        if let Some(callback) = callback {
            let fields = response_fields(callback.request());
            comparison.note(
                value(sent, "code") == value(&fields, "code"),
                "code is the one of the callback",
                "code is not the one of the callback",
            );
            let times = exchange.time().zip(callback.time());
            comparison.age = times.map(|(at, before)| at.since(before).as_secs());
        }
        let earlier = reading.tokens.iter().any(|(seen, grant)| {
            seen.seq < exchange.seq
                && *grant == Grant::AuthorizationCode
                && !wants_a_nonce(*seen)
                && value(form(seen.request()), "code") == value(sent, "code")
        });
        comparison.note(
            !earlier,
            "the code was not used before",
            "the code was used before in this run",
        );
        comparison
    }

    fn compare_with_request(
        &mut self,
        sent: &[Pair],
        asked: &[Pair],
        request: RequestRef<'_>,
        pkce_fits: bool,
    ) {
        self.note(
            value(sent, "redirect_uri") == value(asked, "redirect_uri"),
            "redirect_uri is the same as in the authorization request",
            "redirect_uri differs from the authorization request",
        );
        self.note(
            pkce_fits,
            "code_verifier fits code_challenge",
            "code_verifier does not fit code_challenge",
        );
        self.note(
            sent_client_id(sent, request).as_deref() == value(asked, "client_id"),
            "client_id is the same",
            "client_id differs from the authorization request",
        );
    }

    fn note(&mut self, holds: bool, right: &str, wrong: &str) {
        if holds {
            self.right.push(right.into());
        } else {
            self.wrong.push(wrong.into());
        }
    }
}

/// Whether the answer only asks for the same request with a nonce: the code is as good as before.
pub(crate) fn wants_a_nonce(seen: ExchangeRef<'_>) -> bool {
    let error = seen.response().and_then(oauth_error);
    error.is_some_and(|answer| answer.error == "use_dpop_nonce")
}

fn sent_client_id(sent: &[Pair], request: RequestRef<'_>) -> Option<String> {
    value(sent, "client_id")
        .map(str::to_owned)
        .or_else(|| basic_client_id(request))
        .or_else(|| {
            // client_id is optional beside an assertion, whose subject is the client (RFC 7521).
            let assertion = jwt(value(sent, "client_assertion")?).ok()?;
            Some(assertion.claims.get("sub")?.as_str()?.to_owned())
        })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::sample::Run;

    fn compared(run: &Run) -> Comparison {
        let trace = run.trace();
        let snapshot = crate::snapshot::Snapshot::of(&trace);
        let reading = Reading::of(&snapshot);
        Comparison::of(&reading, reading.tokens[0].0)
    }

    #[test]
    fn what_is_the_same_is_told_from_what_is_not() {
        let mut run = Run::healthy();
        let comparison = compared(&run);
        assert_eq!((comparison.right.len(), comparison.wrong.len()), (5, 0));
        assert_eq!(comparison.age, Some(0));
        for (name, value) in &mut run.exchange {
            if matches!(*name, "redirect_uri" | "code_verifier") {
                value.push('x');
            }
        }
        assert_eq!(compared(&run).wrong.len(), 2);
    }

    #[test]
    fn a_client_id_in_the_header_counts() {
        let mut run = Run::healthy();
        run.exchange.retain(|(name, _)| *name != "client_id");
        assert_eq!(compared(&run).wrong.len(), 1);
        run.client_authentication = Some(format!("Basic {}", STANDARD.encode("c1:pass")));
        assert_eq!(compared(&run).wrong.len(), 0);
    }
}
