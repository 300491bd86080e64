//! Tells the flows of a recording apart.

use trace::{Exchange, Purpose};

use crate::attempt::Attempt;
use crate::places::Places;
use crate::purpose::purpose;

/// The exchanges of a recording, in order, each with the flow it is of.
pub struct Told {
    pub exchanges: Vec<(Option<usize>, Exchange)>,
    pub attempts: Vec<Attempt>,
}

/// Finds what each exchange was for and which flow it is of.
pub fn told_apart(exchanges: Vec<Exchange>, places: &Places) -> Told {
    let mut told = Told {
        exchanges: Vec::new(),
        attempts: Vec::new(),
    };
    let mut latest = None;
    for mut exchange in exchanges {
        exchange.purpose = purpose(&exchange, places);
        let of = told.flow_of(&mut exchange, places, latest);
        if let Some(of) = of {
            exchange.purpose = told.attempts[of].settled(&exchange);
            told.attempts[of].take(&exchange);
            latest = Some(of);
        } else {
            exchange.purpose = Purpose::Unrelated;
        }
        told.exchanges.push((of, exchange));
    }
    told.leave_out_other_logins();
    told
}

impl Told {
    fn flow_of(
        &mut self,
        exchange: &mut Exchange,
        places: &Places,
        latest: Option<usize>,
    ) -> Option<usize> {
        if exchange.purpose == Purpose::Unrelated {
            let page = self
                .attempts
                .iter()
                .rposition(|one| one.is_page(exchange))?;
            exchange.purpose = if places.is_redirect_uri(&exchange.request.url) {
                Purpose::Callback
            } else {
                Purpose::Authorization
            };
            return Some(page);
        }
        let claims = self
            .attempts
            .iter()
            .enumerate()
            .map(|(index, attempt)| (attempt.claim(exchange, latest == Some(index)), index));
        // Among equals the later flow.
        if let Some((_, index)) = claims.filter(|(claim, _)| *claim > 0).max() {
            return Some(index);
        }
        begins(&exchange.purpose).then(|| {
            self.attempts.push(Attempt::default());
            self.attempts.len() - 1
        })
    }

    /// Where there is a login for an MCP server, any other login is somebody else's.
    fn leave_out_other_logins(&mut self) {
        if !self.attempts.iter().any(Attempt::is_mcp) {
            return;
        }
        let kept: Vec<bool> = self.attempts.iter().map(Attempt::is_mcp).collect();
        // The number that each has among those that are kept.
        let numbers: Vec<usize> = kept
            .iter()
            .scan(0, |count, kept| {
                let number = *count;
                *count += usize::from(*kept);
                Some(number)
            })
            .collect();
        for (of, exchange) in &mut self.exchanges {
            if let Some(index) = *of {
                *of = kept[index].then(|| numbers[index]);
            }
            if of.is_none() {
                exchange.purpose = Purpose::Unrelated;
            }
        }
        let mut kept = kept.into_iter();
        self.attempts.retain(|_| kept.next().unwrap_or(true));
    }
}

/// Whether a flow can begin with a request of this purpose, as far as it was recorded.
fn begins(purpose: &Purpose) -> bool {
    matches!(
        purpose,
        Purpose::Mcp { .. }
            | Purpose::Challenge { .. }
            // A stream that is opened before the first call.
            | Purpose::Unknown
            | Purpose::Preflight { .. }
            | Purpose::ResourceMetadata { .. }
            | Purpose::ServerMetadata { .. }
            | Purpose::Registration
            | Purpose::Authorization
            | Purpose::AuthorizationProbe
            | Purpose::Callback
            | Purpose::Jwks
            | Purpose::Introspection { .. }
            | Purpose::PushedAuthorization
            | Purpose::DeviceAuthorization
            | Purpose::Token { .. }
    )
}
