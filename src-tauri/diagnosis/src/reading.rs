//! An index of the live part of a trace, built once and read by every rule.

use std::cell::OnceCell;

use foldhash::{HashMap, HashMapExt as _};
use trace::{
    ActionKind, BrowserShows, BrowserVisit, Client, Decision, DocumentError, EntryKind, Grant,
    HowOpened, MetadataSource, OwnOption, Pair, Purpose, ResourceMetadata, Response, Revision,
    ServerMetadata, StopCode, Timestamp, WellKnown,
};

use crate::derived;
use crate::facts::{Action, Facts};
pub(crate) use crate::fields::*;
use crate::keyed::{Keyed, first_after, last_before};
use crate::providers::recognized::Recognized;
pub(crate) use crate::snapshot::ExchangeRef;
use crate::snapshot::Snapshot;

/// A request for protected resource metadata and what it brought; no document when no
/// answer came, or none was recorded.
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

/// A request for authorization server metadata and what it brought; no document when no answer
/// came, or none was recorded.
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

/// What an answer brought: none when there is none, or when its body was not recorded.
fn document<T>(
    seen: ExchangeRef<'_>,
    read: fn(&Response) -> Result<T, DocumentError>,
) -> Option<Result<T, DocumentError>> {
    let response = seen.response()?;
    (response.status != 200 || response.has_body()).then(|| read(&response))
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
    /// Whose requests they are.
    pub client: &'a Client,
    /// They are pieces that somebody chose and put into an order of their own.
    pub is_pasted: bool,
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

    /// A probe that the browser contradicts says nothing of the flow: a callback was taken after
    /// it, or the user says that the browser shows a page of another kind.
    fn leave_out_opposed_probes(&mut self) {
        let taken = self.callbacks.last().map_or(0, |callback| callback.seq);
        let passed = matches!(
            self.browser_shows(),
            Some(BrowserShows::Login | BrowserShows::Success)
        );
        // A recording does not tell what the user saw.
        let opposed = passed || self.is_derived;
        self.probes.retain(|probe| !opposed && probe.seq > taken);
        let kept: Vec<u32> = self.probes.iter().map(|seen| seen.seq).collect();
        self.all.retain(|seen| {
            seen.exchange.purpose != Purpose::AuthorizationProbe || kept.contains(&seen.seq)
        });
    }

    /// Whoever wants to see what a browser shows opens the same request once more, in one that is
    /// watched: it is still one request.
    fn open_browser(&mut self, seq: u32, visit: &'a BrowserVisit) {
        if let Some(last) = self.visits.last_mut()
            && visit.how == HowOpened::Watched
            && last.visit.url == visit.url
        {
            last.visit = visit;
            return;
        }
        self.visits.push(Visit {
            seq,
            visit,
            asked: OnceCell::new(),
        });
    }

    /// What the user said last of the browser's page since it was opened.
    fn browser_shows(&self) -> Option<BrowserShows> {
        let opened = self.visits.last().map_or(0, |visit| visit.seq);
        let mut since = self
            .decisions
            .iter()
            .rev()
            .take_while(|(seq, _)| *seq > opened);
        since.find_map(|(_, decision)| match decision {
            Decision::BrowserShows { shows } => Some(*shows),
            _ => None,
        })
    }

    /// Whether the user says that the browser shows an error page.
    pub(crate) fn user_sees_error(&self) -> bool {
        self.browser_shows() == Some(BrowserShows::Error)
    }

    /// Any page in the browser can send a request to this machine, so one without the state that
    /// was sent is answered and waited on. Where Authscope itself followed the redirect, and where
    /// the user brought it, the flow stops instead.
    fn is_stray(&self, callback: ExchangeRef<'_>) -> bool {
        let before = self
            .visits
            .partition_point(|visit| visit.seq < callback.seq);
        let visit = self.visits[..before].last();
        let open = visit.is_some_and(|visit| visit.visit.how != HowOpened::Approver);
        let judged = self.stopped(StopCode::StateMismatch);
        open && !self.state_matches(callback) && judged.is_none_or(|seq| seq < callback.seq)
    }

    /// Whether a callback carries the state of the request before it, once. True where none was
    /// sent.
    fn state_matches(&self, callback: ExchangeRef<'_>) -> bool {
        let asked = self.authorization_before(callback.seq);
        let Some(sent) = asked.and_then(|(_, asked)| value(asked, "state")) else {
            return true;
        };
        let fields = response_fields(callback.request());
        let mut states = fields.iter().filter(|field| field.name == "state");
        let first = states.next();
        first.is_some_and(|state| state.value == sent) && states.next().is_none()
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

    /// The first call that was answered 401.
    pub fn unauthorized(&self) -> Option<ExchangeRef<'a>> {
        self.first_calls
            .iter()
            .copied()
            .find(|seen| seen.status() == Some(401))
    }

    /// The latest protected resource metadata that could be read.
    pub fn resource_metadata(&self) -> Option<(&ResourceTry<'a>, &ResourceMetadata)> {
        let mut tries = self.resource_tries.iter().rev();
        tries.find_map(|attempt| Some((attempt, attempt.document.as_ref()?.as_ref().ok()?)))
    }

    /// The latest authorization server metadata that could be read: that of the server decided for,
    /// where there are several, such as an identity provider.
    pub fn server_metadata(&self) -> Option<(&ServerTry<'a>, &ServerMetadata)> {
        self.server_metadata_before(u32::MAX)
    }

    /// The same as it was before this entry: the authorization server may change on the way.
    pub fn server_metadata_before(&self, seq: u32) -> Option<(&ServerTry<'a>, &ServerMetadata)> {
        let last_of = |list: &[usize]| {
            let before = list.partition_point(|index| self.server_tries[*index].seen.seq < seq);
            list[..before].last().copied()
        };
        let of_issuer = match self.issuer_before(seq) {
            Some(issuer) => self.readable_of.get(issuer).and_then(|list| last_of(list)),
            None => None,
        };
        let attempt = &self.server_tries[of_issuer.or_else(|| last_of(&self.readable))?];
        let document = attempt.document.as_ref()?.as_ref().ok()?;
        Some((attempt, document))
    }

    /// The entry at which the flow stopped with this code.
    pub fn stopped(&self, wanted: StopCode) -> Option<u32> {
        self.stopped_saying(wanted).map(|(seq, _)| seq)
    }

    /// The entry at which the flow stopped with this code, and what it said of it.
    pub fn stopped_saying(&self, wanted: StopCode) -> Option<(u32, &'a str)> {
        let mut stops = self.facts.stops.iter().rev();
        let stop = stops.find(|stop| stop.code == wanted)?;
        Some((stop.seq, stop.said))
    }

    /// Why the flow stopped, when nothing was sent after that.
    pub fn last_stop(&self) -> Option<StopCode> {
        let stop = self.facts.stops.last()?;
        let went_on = self.all.last().is_some_and(|seen| seen.seq > stop.seq);
        (!went_on).then_some(stop.code)
    }

    /// The latest call to the MCP server before this entry, with or without a token.
    pub fn call_before(&self, seq: u32) -> Option<ExchangeRef<'a>> {
        last_before(&self.mcp_calls, seq)
    }

    /// All calls to the MCP server, with and without a token, in order.
    pub fn mcp_calls(&self) -> &[ExchangeRef<'a>] {
        &self.mcp_calls
    }

    /// The exchanges of these purposes, of those that have no list of their own.
    pub fn sent_for(
        &self,
        wanted: impl Fn(&Purpose) -> bool,
    ) -> impl Iterator<Item = ExchangeRef<'a>> {
        let others = self.others.iter().copied();
        others.filter(move |seen| {
            #[cfg(test)]
            crate::snapshot::LOOKS.set(crate::snapshot::LOOKS.get() + 1);
            wanted(&seen.exchange.purpose)
        })
    }

    /// What the user asked for besides the flow, in order.
    pub fn actions(&self) -> &[Action] {
        &self.facts.actions
    }

    /// What the user had asked for when this entry was written.
    pub fn action_at(&self, seq: u32) -> Option<ActionKind> {
        self.facts.action_at(seq)
    }

    /// Whether an action may have ended the life of tokens that were issued at one entry and used
    /// at a later one.
    pub fn killed_on_the_way(&self, issued: u32, used: u32) -> bool {
        self.facts.killed_on_the_way(issued, used)
    }

    /// The grant that was chosen last, and where.
    pub fn chosen_grant(&self) -> Option<(u32, Grant)> {
        self.facts.grants.last().copied()
    }

    /// The entry at which the flow stopped with one of these codes, or at which a tool's call that
    /// was asked for ended.
    pub fn stopped_or_call_ended(&self, codes: &[StopCode]) -> Option<u32> {
        let mut stops = self.facts.stops.iter().rev();
        let stop = stops.find(|stop| codes.contains(&stop.code));
        stop.map(|stop| stop.seq).max(self.facts.tool_called)
    }

    /// How often the flow had authorized once more for a step-up when it came to this entry.
    pub fn step_ups_before(&self, seq: u32) -> usize {
        self.facts.step_ups.partition_point(|one| one.seq < seq)
    }

    /// Where the flow authorized once more for more scope.
    pub fn step_ups_for_scope(&self) -> impl Iterator<Item = u32> {
        let for_scope = self.facts.step_ups.iter().filter(|one| one.for_scope);
        for_scope.map(|one| one.seq)
    }

    /// The client that the flow acted as when it came to this entry, and how it authenticates, as
    /// far as that is known.
    pub fn client_before(&self, seq: u32) -> Option<(&str, Option<&str>)> {
        let clients = &self.facts.clients;
        let before = clients.partition_point(|(at, _)| *at < seq);
        let (_, client) = clients[..before].last()?;
        Some((&client.client_id, client.auth_method.as_deref()))
    }

    /// The authorization server that was decided for, as the resource metadata names it.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer_before(u32::MAX)
    }

    /// The same as it was before this entry.
    pub fn issuer_before(&self, seq: u32) -> Option<&str> {
        let issuers = &self.facts.issuers;
        let before = issuers.partition_point(|(at, _)| *at < seq);
        issuers[..before].last().map(|(_, issuer)| issuer.as_ref())
    }

    /// Whether nothing says that the endpoints which were asked are a server's: a pasted text need
    /// not hold the document that names them, and clients guess where there is none.
    pub fn endpoints_may_be_guessed(&self) -> bool {
        self.is_pasted && self.server_metadata().is_none()
    }

    /// Whether the default endpoints of 2025-03-26 are used instead of metadata.
    pub fn default_endpoints(&self) -> bool {
        self.facts.default_endpoints
    }

    /// The set of keys that was asked for last before this entry.
    pub fn key_set_before(&self, seq: u32) -> Option<ExchangeRef<'a>> {
        last_before(&self.keyed.key_sets, seq)
    }

    /// The first call with this token that was answered 2xx after this entry.
    pub fn accepted_after(&self, token: &str, seq: u32) -> Option<ExchangeRef<'a>> {
        first_after(&self.keyed.uses.get(token)?.accepted, seq)
    }

    /// Whether a call with this token was answered 401 before this entry.
    pub fn refused_before(&self, token: &str, seq: u32) -> bool {
        let refused = self.keyed.uses.get(token).and_then(|uses| uses.refused);
        refused.is_some_and(|at| at < seq)
    }

    /// The requests to introspect this token, in order.
    pub fn introspections_of(&self, token: &str) -> &[ExchangeRef<'a>] {
        self.keyed
            .introspections
            .get(token)
            .map_or(&[], Vec::as_slice)
    }

    /// The token requests with this device code, in order.
    pub fn polls_with(&self, device_code: &str) -> &[ExchangeRef<'a>] {
        self.keyed.polls.get(device_code).map_or(&[], Vec::as_slice)
    }

    /// What the MCP server first made of this access token after this entry. Answers that say
    /// nothing of the token (a revision it does not know, a failure) are passed over.
    pub fn use_of(&self, token: &str, after: u32) -> TokenUse<'a> {
        let uses = self.keyed.uses.get(token);
        let telling = uses.and_then(|uses| first_after(&uses.telling, after));
        let telling = telling.map(|call| match call.status() {
            Some(401) => TokenUse::Refused(call),
            _ => TokenUse::Accepted,
        });
        let hidden = self.keyed.last_hidden_call.is_some_and(|seq| seq > after);
        telling.unwrap_or(if hidden {
            TokenUse::NotRecorded
        } else {
            TokenUse::Unknown
        })
    }

    /// The revision whose rules hold for finding the metadata. A client that found none goes on as
    /// in 2025-03-26, but it is not the server that decided for that revision.
    pub fn discovery_revision(&self) -> Revision {
        if self.resource_tries.is_empty() || self.revision.at_least(Revision::R20250618) {
            self.revision
        } else {
            Revision::LATEST
        }
    }
}

/// What became of an access token at the MCP server.
pub(crate) enum TokenUse<'a> {
    Accepted,
    /// By the 401 of this call.
    Refused(ExchangeRef<'a>),
    Unknown,
    /// There are later calls, and the recording does not show their tokens.
    NotRecorded,
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
