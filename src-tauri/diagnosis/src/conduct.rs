//! What the requests of another client show of its conduct.
//!
//! This program does what its user tells it to, so its own runs are no client's fault. A client it
//! plays is judged, and so is every client that was recorded or watched.

use std::time::Duration;

use clients::Sign;
use trace::{Client, Pair, Revision, is_loopback};

use crate::fields::{jwt, value};
use crate::keyed::first_after;
use crate::reading::{ExchangeRef, Reading};

/// A client that has not come within this time does not come, unless the user has set another.
const PATIENCE: Duration = Duration::from_secs(60);

/// An authorization request, all of whose parameters are known.
pub(crate) struct Asked<'r> {
    pub seq: u32,
    pub pairs: &'r [Pair],
}

impl Asked<'_> {
    pub fn value(&self, name: &str) -> Option<&str> {
        value(self.pairs, name)
    }

    /// Whether it asks for a code.
    fn is_for_code(&self) -> bool {
        let wanted = self.value("response_type").unwrap_or_default();
        wanted.split(' ').any(|one| one == "code")
    }
}

impl<'a> Reading<'a> {
    /// Whether the requests are of another client than this program.
    pub fn is_of_another_client(&self) -> bool {
        self.client.name != Client::ours().name
    }

    /// Whether the client has to know of this revision: the run follows it or a later one.
    pub fn client_follows(&self, revision: Revision) -> bool {
        self.is_of_another_client() && self.revision.at_least(revision)
    }

    /// How long a client may take before it is said that it does not come.
    pub fn patience(&self) -> Duration {
        let mut own = self.own_options.iter();
        let own = own.find_map(trace::OwnOption::as_patience);
        own.map_or(PATIENCE, Duration::from_secs)
    }

    /// The authorization requests, in order; without those that refer to parameters which were not
    /// recorded.
    pub fn authorization_requests(&self) -> impl Iterator<Item = Asked<'_>> {
        let asked = self.visits.iter().filter_map(|visit| {
            let (seq, pairs) = self.authorization_before(visit.seq + 1)?;
            Some(Asked { seq, pairs })
        });
        asked.filter(|asked| {
            let pushed = |reference| self.keyed.pushed.contains_key(reference);
            asked.value("request_uri").is_none_or(pushed)
                && asked
                    .value("request")
                    .is_none_or(|object| jwt(object).is_ok())
        })
    }

    /// The requests for a code of what is known to be an MCP client. Other clients may ask without
    /// PKCE, and protect themselves by a nonce where these have to by state.
    pub fn code_requests(&self) -> impl Iterator<Item = Asked<'_>> {
        let shows_mcp = !self.is_of_another_program
            || !self.mcp_calls.is_empty()
            || !self.resource_tries.is_empty()
            || !self.registrations.is_empty();
        self.authorization_requests().filter(move |asked| {
            let redirect_uri = asked.value("redirect_uri").unwrap_or_default();
            let is_known = || clients::recognize(&[Sign::RedirectUri(redirect_uri)]).is_some();
            asked.is_for_code() && (shows_mcp || is_known())
        })
    }

    /// The first token request with this code after an entry.
    pub fn redeemed_after(&self, code: &str, seq: u32) -> Option<ExchangeRef<'a>> {
        first_after(self.keyed.redemptions.get(code)?, seq)
    }

    /// Whether the authorization server is found by resource metadata, as every revision but the
    /// first has it.
    pub fn has_resource_metadata(&self) -> bool {
        self.resource_metadata().is_some()
    }
}

/// Whether a request has a form that was recorded whole: a field that is not there was not sent.
pub(crate) fn has_whole_form(seen: ExchangeRef<'_>) -> bool {
    let text = seen.request().get().body.text();
    let is_form = text.is_some_and(|text| !text.trim_start().starts_with(['{', '[']));
    seen.request().has_body() && is_form
}

/// A redirect URI without the port, where it is one of this machine's.
pub(crate) fn without_loopback_port(uri: &str) -> Option<String> {
    if !is_loopback(uri) {
        return None;
    }
    let mut url = url::Url::parse(uri).ok()?;
    url.set_port(None).ok()?;
    Some(url.into())
}

/// The sentence about a client, and what its server can do as long as the client is as it is.
pub(crate) fn with_workaround(said: &str, workaround: &str) -> String {
    format!("{said} The server could work around it by {workaround}.")
}

/// The sentence about a client, and why its server can do nothing about it.
pub(crate) fn without_workaround(said: &str, why: &str) -> String {
    format!("{said} The server cannot work around it: {why}.")
}

#[cfg(test)]
mod tests {
    use trace::{
        BrowserVisit, EntryKind, Grant, HowOpened, Origin, Phase, Purpose, Timestamp, Trace,
    };

    use crate::ledger::CheckStatus;
    use crate::sample::{AS, Answer, post, push_to_server};

    /// A login in a file of another program, and nothing that an MCP client would send.
    fn login(redirect_uri: &str) -> Trace {
        let origin = Origin::File {
            tool: None,
            version: None,
        };
        let client = trace::Client::unknown();
        let mut trace = Trace::recorded(origin, client, "", Timestamp(0));
        let url =
            format!("{AS}/authorize?response_type=code&client_id=shop&redirect_uri={redirect_uri}");
        let how = HowOpened::System;
        let visit = EntryKind::BrowserOpened(BrowserVisit { url, how });
        trace.push(Timestamp(1), 0, Phase::Authorization, visit);
        let grant = Grant::AuthorizationCode;
        let form = [("grant_type", "authorization_code"), ("code", "c")];
        push_to_server(
            &mut trace,
            Purpose::Token { grant },
            post("/token", &form),
            &Answer::bare(200),
        );
        trace
    }

    fn statuses(trace: &Trace) -> Vec<CheckStatus> {
        let ledger = crate::judgement(trace).ledger;
        let of = |code: &str| ledger.iter().find(|check| check.code == code);
        ["K05", "K06"]
            .map(|code| of(code).expect("it is a rule").status)
            .into()
    }

    #[test]
    fn a_login_of_another_application_is_neither_accused_nor_passed() {
        let shop = login("https%3A%2F%2Fshop.example%2Flogin");
        for status in statuses(&shop) {
            assert!(
                matches!(status, CheckStatus::NotApplicable | CheckStatus::NotReached),
                "{status:?}"
            );
        }
        let known = login("http%3A%2F%2F127.0.0.1%3A6274%2Foauth%2Fcallback");
        assert_eq!(statuses(&known), [CheckStatus::Failed; 2]);
    }
}
