//! What rules look up in a reading.

use trace::{ActionKind, Grant, Purpose, ResourceMetadata, Revision, ServerMetadata, StopCode};

use super::{Reading, ResourceTry, ServerTry};
use crate::facts::Action;
use crate::keyed::{first_after, last_before};
use crate::snapshot::ExchangeRef;

impl<'a> Reading<'a> {
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
