//! Authorization requests that were pushed (RFC 9126) and wait for their client.

use std::collections::HashMap;

use crate::jwt::random_text;
use crate::web::Params;

/// Seconds a reference is good for.
pub(super) const LIFETIME: u64 = 60;
/// What a reference begins with (section 2.2).
pub(super) const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// Requests that were pushed and not used yet.
#[derive(Default)]
pub(super) struct Pushed(HashMap<String, Waiting>);

struct Waiting {
    client_id: String,
    params: Params,
    expires: u64,
}

impl Pushed {
    pub(super) fn keep(&mut self, client_id: &str, params: Params, now: u64) -> String {
        self.0.retain(|_, waiting| now < waiting.expires);
        let reference = format!("{PREFIX}{}", random_text());
        let waiting = Waiting {
            client_id: client_id.to_owned(),
            params,
            expires: now + LIFETIME,
        };
        self.0.insert(reference.clone(), waiting);
        reference
    }

    /// The request behind a reference, for the client that pushed it, and once.
    pub(super) fn take(&mut self, reference: &str, client_id: &str, now: u64) -> Option<Params> {
        let waiting = self.0.get(reference)?;
        if waiting.client_id != client_id || now >= waiting.expires {
            return None;
        }
        self.0.remove(reference).map(|waiting| waiting.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_good_once_for_its_client_and_a_minute() {
        let mut pushed = Pushed::default();
        let reference = pushed.keep("a", Params::default(), 1000);
        assert!(pushed.take(&reference, "b", 1000).is_none());
        assert!(pushed.take(&reference, "a", 1000 + LIFETIME).is_none());
        assert!(pushed.take(&reference, "a", 1000 + LIFETIME - 1).is_some());
        assert!(pushed.take(&reference, "a", 1000).is_none());
    }
}
