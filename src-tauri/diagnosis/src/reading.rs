//! An index of the live part of a trace, built once and read by every rule.

use std::cell::OnceCell;

use foldhash::{HashMap, HashMapExt as _};
use trace::{
    BrowserVisit, Client, Decision, DocumentError, EntryKind, Grant, MetadataSource, OwnOption,
    Pair, Purpose, ResourceMetadata, Response, Revision, ServerMetadata, Timestamp, WellKnown,
};

use crate::derived;
use crate::facts::Facts;
pub(crate) use crate::fields::*;
use crate::keyed::Keyed;
use crate::providers::recognized::Recognized;
pub(crate) use crate::snapshot::ExchangeRef;
use crate::snapshot::Snapshot;
pub(crate) use lookups::TokenUse;

mod browser;
mod lookups;

/// A request for protected resource metadata and what it brought. There is no document when no
/// answer came or none was recorded.
pub(crate) struct ResourceTry<'a> {
    pub seen: ExchangeRef<'a>,
    pub source: MetadataSource,
    pub document: Option<Result<ResourceMetadata, DocumentError>>,
}

impl ResourceTry<'_> {
    /// There is an answer that may be metadata, and its body was not recorded.
    pub fn is_unread(&self) -> bool {
        self.document.is_none() && self.seen.response().is_some()
    }
}

/// A request for authorization server metadata and what it brought. There is no document when no
/// answer came or none was recorded.
pub(crate) struct ServerTry<'a> {
    pub seen: ExchangeRef<'a>,
    /// The issuer asked for.
    pub issuer: &'a str,
    pub well_known: WellKnown,
    pub document: Option<Result<ServerMetadata, DocumentError>>,
}

impl ServerTry<'_> {
    /// There is an answer that may be metadata, and its body was not recorded.
    pub fn is_unread(&self) -> bool {
        self.document.is_none() && self.seen.response().is_some()
    }
}

/// What an answer brought; `None` without an answer, or when its body was not recorded.
fn document<T>(
    seen: ExchangeRef<'_>,
    read: fn(&Response) -> Result<T, DocumentError>,
) -> Option<Result<T, DocumentError>> {
    let response = seen.response()?;
    (response.status != 200 || response.has_body()).then(|| read(&response))
}

fn is_unjudged(entry: &trace::Entry) -> bool {
    let exchange = entry.exchange();
    exchange.is_some_and(|exchange| exchange.purpose == Purpose::Unrelated)
}

/// The browser sent to the authorization endpoint.
pub(crate) struct Visit<'a> {
    pub seq: u32,
    pub visit: &'a BrowserVisit,
    /// Its parameters, once they were asked for.
    pub(crate) asked: OnceCell<Vec<Pair>>,
}

/// The live entries by what they were for. Redirects that were followed are left out: what they led
/// to counts.
pub(crate) struct Reading<'a> {
    pub server_url: &'a str,
    /// The options of the run that depart from their defaults.
    pub own_options: &'a [OwnOption],
    /// The client that sent the requests.
    pub client: &'a Client,
    /// They are pasted pieces: somebody chose them and put them into an order.
    pub is_pasted: bool,
    /// They are of a file that another program wrote: it may hold logins that are no MCP client's.
    pub is_of_another_program: bool,
    /// What a client that was watched sent and is judged of nobody, such as what was refused
    /// because of the proxy. It shows that something was sent.
    pub unjudged: Vec<ExchangeRef<'a>>,
    /// The time of the last entry, of whatever flow.
    pub ended: Timestamp,
    /// The revision that the flow follows in the end.
    pub revision: Revision,
    pub all: Vec<ExchangeRef<'a>>,
    /// Calls to the MCP server without a token.
    pub first_calls: Vec<ExchangeRef<'a>>,
    pub resource_tries: Vec<ResourceTry<'a>>,
    pub server_tries: Vec<ServerTry<'a>>,
    pub registrations: Vec<ExchangeRef<'a>>,
    pub visits: Vec<Visit<'a>>,
    /// The approver's hops.
    pub hops: Vec<ExchangeRef<'a>>,
    /// The authorization page as this program got it without cookies, where nothing shows that the
    /// browser got another one.
    pub probes: Vec<ExchangeRef<'a>>,
    /// What was taken for the answer.
    pub callbacks: Vec<ExchangeRef<'a>>,
    /// Requests to the redirect URI that were not taken: nothing in them is believed.
    pub strays: Vec<ExchangeRef<'a>>,
    pub tokens: Vec<(ExchangeRef<'a>, Grant)>,
    /// Calls to the MCP server with a token.
    pub calls: Vec<ExchangeRef<'a>>,
    /// All calls to the MCP server, with and without a token, in order.
    pub mcp_calls: Vec<ExchangeRef<'a>>,
    /// What belongs to none of the above; its purpose says what it is.
    pub others: Vec<ExchangeRef<'a>>,
    pub decisions: Vec<(u32, &'a Decision)>,
    facts: Facts<'a>,
    /// The facts are concluded from the traffic, since nothing says what was decided.
    is_derived: bool,
    pub(crate) keyed: Keyed<'a>,
    pub(crate) provider: OnceCell<Option<Recognized>>,
    /// The server tries that brought metadata, and the same by their issuers.
    readable: Vec<usize>,
    readable_of: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Reading<'a> {
    pub fn of(snapshot: &'a Snapshot<'a>) -> Self {
        let trace = snapshot.trace;
        let server_url = match snapshot.flow {
            Some(flow) => flow.server_url.as_deref().unwrap_or_default(),
            None => &trace.server_url,
        };
        let last = snapshot.entries.checked_sub(1);
        let last = last.and_then(|last| trace.entries.get(last));
        let mut reading = Self {
            server_url,
            own_options: &trace.own_options,
            client: &trace.client,
            is_pasted: trace.origin == trace::Origin::Pasted,
            is_of_another_program: matches!(trace.origin, trace::Origin::File { .. }),
            unjudged: Vec::new(),
            ended: last.map_or(trace.started, |entry| entry.at),
            revision: Revision::LATEST,
            all: Vec::new(),
            first_calls: Vec::new(),
            resource_tries: Vec::new(),
            server_tries: Vec::new(),
            registrations: Vec::new(),
            visits: Vec::new(),
            hops: Vec::new(),
            probes: Vec::new(),
            callbacks: Vec::new(),
            strays: Vec::new(),
            tokens: Vec::new(),
            calls: Vec::new(),
            mcp_calls: Vec::new(),
            others: Vec::new(),
            decisions: Vec::new(),
            facts: Facts::none(),
            is_derived: false,
            keyed: Keyed::default(),
            provider: OnceCell::new(),
            readable: Vec::new(),
            readable_of: HashMap::new(),
        };
        for entry in trace.live_first(snapshot.entries) {
            if is_unjudged(entry) && trace.origin == trace::Origin::Observed {
                reading.unjudged.extend(snapshot.exchange(entry));
            }
            if snapshot
                .flow
                .is_some_and(|flow| entry.flow != Some(flow.id))
            {
                continue;
            }
            match &entry.kind {
                // What belongs to no flow is nobody's fault.
                EntryKind::Exchange(exchange) if exchange.purpose.is_of_no_flow() => {}
                EntryKind::Exchange(_) => reading.all.extend(snapshot.exchange(entry)),
                EntryKind::BrowserOpened(visit) => reading.open_browser(entry.seq, visit),
                EntryKind::Decision(decision) => reading.decisions.push((entry.seq, decision)),
                EntryKind::Rewound { .. } => {}
            }
        }
        reading.sort_exchanges();
        reading.index();
        // A recording of another client has no decisions.
        let decides = |(_, decision): &&(u32, &Decision)| !matches!(decision, Decision::Ended);
        reading.is_derived = !reading.decisions.iter().any(|one| decides(&one));
        reading.facts = if reading.is_derived {
            let visits = reading.visits.iter().map(|visit| (visit.seq, visit.visit));
            derived::facts(reading.server_url, &reading.all, visits)
        } else {
            Facts::decided(&reading.decisions)
        };
        reading.revision = reading.facts.revision;
        let callbacks = std::mem::take(&mut reading.callbacks);
        (reading.strays, reading.callbacks) =
            callbacks.into_iter().partition(|it| reading.is_stray(*it));
        reading.leave_out_opposed_probes();
        reading
    }

    fn sort_exchanges(&mut self) {
        let all = std::mem::take(&mut self.all);
        for (index, &seen) in all.iter().enumerate() {
            let next = all.get(index + 1).map(|next| &next.exchange.purpose);
            let redirected = seen
                .status()
                .is_some_and(|status| (300..400).contains(&status));
            if redirected
                && next == Some(&seen.exchange.purpose)
                && !matches!(
                    seen.exchange.purpose,
                    Purpose::Authorization | Purpose::AuthorizationProbe
                )
            {
                continue;
            }
            match &seen.exchange.purpose {
                Purpose::Challenge { .. } if bearer(seen.request()).is_some() => {
                    self.calls.push(seen)
                }
                Purpose::Challenge { .. } => self.first_calls.push(seen),
                Purpose::ResourceMetadata { source } => self.resource_tries.push(ResourceTry {
                    seen,
                    source: *source,
                    document: document(seen, ResourceMetadata::read),
                }),
                Purpose::ServerMetadata { issuer, well_known } => {
                    self.server_tries.push(ServerTry {
                        seen,
                        issuer,
                        well_known: *well_known,
                        document: document(seen, ServerMetadata::read),
                    })
                }
                Purpose::Registration => self.registrations.push(seen),
                Purpose::Authorization => self.hops.push(seen),
                Purpose::AuthorizationProbe => self.probes.push(seen),
                Purpose::Callback => self.callbacks.push(seen),
                Purpose::Token { grant } => self.tokens.push((seen, *grant)),
                Purpose::Mcp { .. } => self.calls.push(seen),
                Purpose::Unrelated | Purpose::WithinPage | Purpose::Copy { .. } => {}
                Purpose::PushedAuthorization
                | Purpose::IdentityProviderMetadata { .. }
                | Purpose::DeviceAuthorization
                | Purpose::ClientMetadata
                | Purpose::Introspection { .. }
                | Purpose::Revocation { .. }
                | Purpose::Userinfo
                | Purpose::Jwks
                | Purpose::RegistrationRead
                | Purpose::RegistrationUpdate
                | Purpose::RegistrationDeletion
                | Purpose::Unknown
                | Purpose::Preflight { .. }
                | Purpose::FromPage { .. } => self.others.push(seen),
            }
        }
        self.all = all;
    }

    fn index(&mut self) {
        self.mcp_calls = self.first_calls.clone();
        self.mcp_calls.extend(&self.calls);
        self.mcp_calls.sort_by_key(|call| call.seq);
        self.keyed = Keyed::of(&self.tokens, &self.calls, &self.others);
        for (index, attempt) in self.server_tries.iter().enumerate() {
            if matches!(attempt.document, Some(Ok(_))) {
                self.readable.push(index);
                self.readable_of
                    .entry(attempt.issuer)
                    .or_default()
                    .push(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Answer, Run};

    #[test]
    fn a_redirect_that_was_followed_is_left_out_and_what_it_led_to_counts() {
        let mut run = Run::healthy();
        let url = run.server_tries[0].1.clone();
        let well_known = run.server_tries[0].0;
        run.server_tries
            .insert(0, (well_known, url, Answer::bare(302)));
        let trace = run.trace();
        let snapshot = crate::snapshot::Snapshot::of(&trace);
        let reading = Reading::of(&snapshot);
        assert_eq!(reading.server_tries.len(), 1);
        assert_eq!(
            reading.server_metadata().unwrap().0.seen.status(),
            Some(200)
        );
    }

    #[test]
    fn the_latest_revision_holds_until_another_is_decided() {
        let mut trace = Run::healthy().trace();
        trace.entries.remove(0);
        let snapshot = crate::snapshot::Snapshot::of(&trace);
        assert_eq!(Reading::of(&snapshot).revision, Revision::LATEST);
    }

    #[test]
    fn the_token_is_found_where_it_was_used() {
        let trace = Run::healthy().trace();
        let snapshot = crate::snapshot::Snapshot::of(&trace);
        let reading = Reading::of(&snapshot);
        let (issued, _) = reading.tokens[0];
        let token = access_token(issued.response().unwrap()).unwrap();
        assert!(matches!(
            reading.use_of(&token, issued.seq),
            TokenUse::Accepted
        ));
        assert!(matches!(
            reading.use_of("another", issued.seq),
            TokenUse::Unknown
        ));
        assert_eq!(
            reading.resource_asked_for(issued).as_deref(),
            Some("https://mcp.example/mcp")
        );
        assert_eq!(reading.revision, Revision::R20251125);
    }
}
