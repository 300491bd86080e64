//! An index of the live part of a trace, built once and read by every rule.

use foldhash::{HashMap, HashMapExt as _};
use trace::{
    ActionKind, BrowserVisit, Decision, DocumentError, EntryKind, Grant, MetadataSource, Purpose,
    ResourceMetadata, Response, Revision, ServerMetadata, StopCode, WellKnown,
};

pub(crate) use crate::fields::*;
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
}

/// The live entries by what they were for. Redirects that were followed are left out: what they led
/// to counts.
pub(crate) struct Reading<'a> {
    pub server_url: &'a str,
    /// The revision decided last; the latest before any was, as the flow has it.
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
    pub callbacks: Vec<ExchangeRef<'a>>,
    pub tokens: Vec<(ExchangeRef<'a>, Grant)>,
    /// Calls to the MCP server with a token.
    pub calls: Vec<ExchangeRef<'a>>,
    /// The same by their tokens.
    pub uses: HashMap<&'a str, Vec<ExchangeRef<'a>>>,
    /// The last of these calls whose token was not recorded.
    last_hidden_call: Option<u32>,
    /// All calls to the MCP server, with and without a token, in order.
    mcp_calls: Vec<ExchangeRef<'a>>,
    /// Authorization servers, clients and step-ups as they were decided for.
    issuers: Vec<(u32, &'a str)>,
    clients: Vec<(u32, &'a str, &'a str)>,
    step_ups: Vec<u32>,
    /// What belongs to none of the above; its purpose says what it is.
    pub others: Vec<ExchangeRef<'a>>,
    /// What the user asked for besides the flow, in order.
    pub actions: Vec<Action>,
    pub decisions: Vec<(u32, &'a Decision)>,
}

impl<'a> Reading<'a> {
    pub fn of(snapshot: &'a Snapshot<'a>) -> Self {
        let trace = snapshot.trace;
        let mut reading = Self {
            server_url: &trace.server_url,
            revision: Revision::LATEST,
            all: Vec::new(),
            first_calls: Vec::new(),
            resource_tries: Vec::new(),
            server_tries: Vec::new(),
            registrations: Vec::new(),
            visits: Vec::new(),
            hops: Vec::new(),
            callbacks: Vec::new(),
            tokens: Vec::new(),
            calls: Vec::new(),
            uses: HashMap::new(),
            last_hidden_call: None,
            mcp_calls: Vec::new(),
            issuers: Vec::new(),
            clients: Vec::new(),
            step_ups: Vec::new(),
            others: Vec::new(),
            actions: Vec::new(),
            decisions: Vec::new(),
        };
        for entry in trace.live_first(snapshot.entries) {
            match &entry.kind {
                // What belongs to no flow is nobody's fault.
                EntryKind::Exchange(exchange) if exchange.purpose == Purpose::Unrelated => {}
                EntryKind::Exchange(_) => reading.all.extend(snapshot.exchange(entry)),
                EntryKind::BrowserOpened(visit) => reading.visits.push(Visit {
                    seq: entry.seq,
                    visit,
                }),
                EntryKind::Decision(decision) => {
                    reading.take(entry.seq, decision);
                    reading.decisions.push((entry.seq, decision));
                }
                EntryKind::Rewound { .. } => {}
            }
        }
        reading.sort_exchanges();
        reading.index_calls();
        reading
    }

    fn take(&mut self, seq: u32, decision: &'a Decision) {
        match decision {
            Decision::Revision { revision, .. } => self.revision = *revision,
            Decision::AuthorizationServer { issuer, .. } => self.issuers.push((seq, issuer)),
            Decision::Client {
                client_id,
                auth_method,
                ..
            } => self.clients.push((seq, client_id, auth_method)),
            Decision::StepUp { .. } => self.step_ups.push(seq),
            Decision::Action { action } => self.actions.push(Action {
                kind: *action,
                begin: seq,
                end: u32::MAX,
            }),
            Decision::ActionDone { .. } => {
                if let Some(action) = self.actions.last_mut() {
                    action.end = action.end.min(seq);
                }
            }
            _ => {}
        }
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
                && seen.exchange.purpose != Purpose::Authorization
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
                Purpose::Callback => self.callbacks.push(seen),
                Purpose::Token { grant } => self.tokens.push((seen, *grant)),
                Purpose::Mcp { .. } => self.calls.push(seen),
                Purpose::Unrelated => {}
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
                | Purpose::Preflight { .. } => self.others.push(seen),
            }
        }
        self.all = all;
    }

    fn index_calls(&mut self) {
        for call in &self.calls {
            match bearer(call.request()) {
                Some(token) => self.uses.entry(token).or_default().push(*call),
                None if !call.request().header("authorization").is_recorded() => {
                    self.last_hidden_call = Some(call.seq);
                }
                None => {}
            }
        }
        self.mcp_calls = self.first_calls.clone();
        self.mcp_calls.extend(&self.calls);
        self.mcp_calls.sort_by_key(|call| call.seq);
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
        let issuer = self.issuer_before(seq);
        let before = self
            .server_tries
            .partition_point(|attempt| attempt.seen.seq < seq);
        let readable = self.server_tries[..before]
            .iter()
            .rev()
            .filter_map(|attempt| {
                let document = attempt.document.as_ref()?.as_ref().ok()?;
                Some((attempt, document))
            });
        let of_issuer = readable
            .clone()
            .find(|(attempt, _)| issuer.is_none_or(|issuer| attempt.issuer == issuer));
        of_issuer.or_else(|| readable.into_iter().next())
    }

    /// The entry at which the flow stopped with this code.
    pub fn stopped(&self, wanted: StopCode) -> Option<u32> {
        self.stopped_saying(wanted).map(|(seq, _)| seq)
    }

    /// The entry at which the flow stopped with this code, and what it said of it.
    pub fn stopped_saying(&self, wanted: StopCode) -> Option<(u32, &'a str)> {
        let mut decisions = self.decisions.iter().rev();
        decisions.find_map(|(seq, decision)| match decision {
            Decision::Stopped { code, message, .. } if *code == wanted => {
                Some((*seq, message.as_str()))
            }
            _ => None,
        })
    }

    /// The latest call to the MCP server before this entry, with or without a token.
    pub fn call_before(&self, seq: u32) -> Option<ExchangeRef<'a>> {
        let before = self.mcp_calls.partition_point(|call| call.seq < seq);
        self.mcp_calls[..before].last().copied()
    }

    /// The exchanges of these purposes, of those that have no list of their own.
    pub fn sent_for(
        &self,
        wanted: impl Fn(&Purpose) -> bool,
    ) -> impl Iterator<Item = ExchangeRef<'a>> {
        let others = self.others.iter().copied();
        others.filter(move |seen| wanted(&seen.exchange.purpose))
    }

    /// What the user had asked for when this entry was written.
    pub fn action_at(&self, seq: u32) -> Option<ActionKind> {
        let before = self.actions.partition_point(|action| action.begin < seq);
        let action = self.actions[..before].last()?;
        (seq < action.end).then_some(action.kind)
    }

    /// Whether an action may have ended the life of tokens that were issued at one entry and used
    /// at a later one.
    pub fn killed_on_the_way(&self, issued: u32, used: u32) -> bool {
        self.actions.iter().any(|action| {
            let deadly = matches!(
                action.kind,
                ActionKind::ReuseRotated
                    | ActionKind::RefreshTwice
                    | ActionKind::RevokeAndTry
                    | ActionKind::Revoke
                    | ActionKind::ReplayCode
                    | ActionKind::DeleteRegistration
            );
            deadly && issued < action.end && action.begin < used
        })
    }

    /// The entry at which the flow stopped with one of these codes, or at which a tool's call that
    /// was asked for ended.
    pub fn stopped_or_call_ended(&self, codes: &[StopCode]) -> Option<u32> {
        let mut decisions = self.decisions.iter().rev();
        decisions.find_map(|(seq, decision)| match decision {
            Decision::Stopped { code, .. } if codes.contains(code) => Some(*seq),
            Decision::ActionDone {
                action: ActionKind::CallTool,
                ..
            } => Some(*seq),
            _ => None,
        })
    }

    /// How often the flow had authorized once more for a step-up when it came to this entry.
    pub fn step_ups_before(&self, seq: u32) -> usize {
        self.step_ups.partition_point(|at| *at < seq)
    }

    /// The client that the flow acted as when it came to this entry, and how it authenticates.
    pub fn client_before(&self, seq: u32) -> Option<(&'a str, &'a str)> {
        let before = self.clients.partition_point(|(at, ..)| *at < seq);
        let (_, client_id, auth_method) = self.clients[..before].last()?;
        Some((client_id, auth_method))
    }

    /// The authorization server that was decided for, as the resource metadata names it.
    pub fn issuer(&self) -> Option<&'a str> {
        self.issuer_before(u32::MAX)
    }

    /// The same as it was before this entry.
    pub fn issuer_before(&self, seq: u32) -> Option<&'a str> {
        let before = self.issuers.partition_point(|(at, _)| *at < seq);
        self.issuers[..before].last().map(|(_, issuer)| *issuer)
    }

    /// Whether the default endpoints of 2025-03-26 are used instead of metadata.
    pub fn default_endpoints(&self) -> bool {
        let mut decisions = self.decisions.iter();
        decisions.any(|(_, decision)| matches!(decision, Decision::DefaultEndpoints { .. }))
    }

    /// What the MCP server first made of this access token after this entry. Answers that say
    /// nothing of the token (a revision it does not know, a failure) are passed over.
    pub fn use_of(&self, token: &str, after: u32) -> TokenUse<'a> {
        let uses = self.uses.get(token).map_or(&[][..], Vec::as_slice);
        let later = &uses[uses.partition_point(|call| call.seq <= after)..];
        let telling = later.iter().find_map(|call| match call.status()? {
            200..=299 => Some(TokenUse::Accepted),
            401 if is_about_more_than_the_token(*call) => None,
            401 => Some(TokenUse::Refused(*call)),
            _ => None,
        });
        let hidden = self.last_hidden_call.is_some_and(|seq| seq > after);
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

/// What a user asked for, and the entries between which it was done.
pub(crate) struct Action {
    pub kind: ActionKind,
    pub begin: u32,
    /// The end of the trace, while it is not done.
    pub end: u32,
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
