//! What is looked up for many messages, by its key: a search through the trace for each would take
//! time that grows with the square of its length.

use foldhash::HashMap;
use trace::{Grant, Purpose};

use crate::fields::{bearer, form, is_about_more_than_the_token, object, text, value};
use crate::snapshot::ExchangeRef;

#[derive(Default)]
pub(crate) struct Keyed<'a> {
    /// Pushed authorization requests by the `request_uri` of their answer; the first of equals.
    pub pushed: HashMap<String, ExchangeRef<'a>>,
    /// The JWK sets that were asked for, in order.
    pub key_sets: Vec<ExchangeRef<'a>>,
    /// Requests that ask for a grant by themselves, in order.
    pub granting: Vec<ExchangeRef<'a>>,
    /// Token requests by their authorization codes.
    pub redemptions: HashMap<&'a str, Vec<ExchangeRef<'a>>>,
    /// Token requests by their device codes.
    pub polls: HashMap<&'a str, Vec<ExchangeRef<'a>>>,
    /// Introspection requests by the tokens asked about.
    pub introspections: HashMap<&'a str, Vec<ExchangeRef<'a>>>,
    /// Calls to the MCP server by their tokens.
    pub uses: HashMap<&'a str, Uses<'a>>,
    /// The last call to the MCP server whose token was not recorded.
    pub last_hidden_call: Option<u32>,
}

/// What became of an access token, each list in order.
#[derive(Default)]
pub(crate) struct Uses<'a> {
    /// Calls whose answers say whether the token is good: 2xx, or a 401 that is about the token.
    pub telling: Vec<ExchangeRef<'a>>,
    /// Those of them that were answered 2xx.
    pub accepted: Vec<ExchangeRef<'a>>,
    /// The first that was answered 401, for whatever reason.
    pub refused: Option<u32>,
}

impl<'a> Keyed<'a> {
    pub fn of(
        tokens: &[(ExchangeRef<'a>, Grant)],
        calls: &[ExchangeRef<'a>],
        others: &[ExchangeRef<'a>],
    ) -> Self {
        let mut keyed = Self::default();
        for seen in others {
            keyed.take_other(*seen);
        }
        for (seen, grant) in tokens {
            match grant {
                Grant::ClientCredentials | Grant::JwtBearer => keyed.granting.push(*seen),
                Grant::AuthorizationCode => {
                    if let Some(code) = value(form(seen.request()), "code") {
                        keyed.redemptions.entry(code).or_default().push(*seen);
                    }
                }
                Grant::DeviceCode => {
                    if let Some(code) = value(form(seen.request()), "device_code") {
                        keyed.polls.entry(code).or_default().push(*seen);
                    }
                }
                _ => {}
            }
        }
        keyed.granting.sort_by_key(|seen| seen.seq);
        for call in calls {
            let request = call.request();
            if let Some(token) = bearer(request) {
                keyed.uses.entry(token).or_default().take(*call);
            } else if !request.header("authorization").is_recorded() {
                keyed.last_hidden_call = Some(call.seq);
            }
        }
        keyed
    }

    fn take_other(&mut self, seen: ExchangeRef<'a>) {
        match &seen.exchange.purpose {
            Purpose::PushedAuthorization => {
                let answer = seen.response().and_then(object);
                let reference =
                    answer.and_then(|answer| Some(text(&answer, "request_uri")?.into()));
                if let Some(reference) = reference {
                    self.pushed.entry(reference).or_insert(seen);
                }
            }
            Purpose::Jwks => self.key_sets.push(seen),
            Purpose::DeviceAuthorization => self.granting.push(seen),
            Purpose::Introspection { .. } => {
                if let Some(token) = value(form(seen.request()), "token") {
                    self.introspections.entry(token).or_default().push(seen);
                }
            }
            _ => {}
        }
    }
}

impl<'a> Uses<'a> {
    fn take(&mut self, call: ExchangeRef<'a>) {
        match call.status() {
            Some(200..=299) => {
                self.telling.push(call);
                self.accepted.push(call);
            }
            Some(401) => {
                self.refused.get_or_insert(call.seq);
                if !is_about_more_than_the_token(call) {
                    self.telling.push(call);
                }
            }
            _ => {}
        }
    }
}

/// The first of these after an entry.
pub(crate) fn first_after<'a>(list: &[ExchangeRef<'a>], seq: u32) -> Option<ExchangeRef<'a>> {
    list.get(list.partition_point(|seen| seen.seq <= seq))
        .copied()
}

/// The last of these before an entry.
pub(crate) fn last_before<'a>(list: &[ExchangeRef<'a>], seq: u32) -> Option<ExchangeRef<'a>> {
    let before = list.partition_point(|seen| seen.seq < seq);
    list[..before].last().copied()
}
