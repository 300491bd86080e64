//! The record of a run.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::decision::Decision;
use crate::exchange::Exchange;
use crate::origin::{Client, FlowId, FlowInfo, Origin, OwnOption};
use crate::participant::{Participant, ParticipantId, Role};
use crate::phase::Phase;
use crate::time::Timestamp;

/// The append-only record of a run. Rewinding appends too: what was abandoned stays.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The MCP server's URL as it was typed.
    pub server_url: String,
    pub started: Timestamp,
    /// How the trace came about.
    #[serde(default)]
    pub origin: Origin,
    /// Whose traffic it is.
    #[serde(default = "Client::ours")]
    pub client: Client,
    /// The attempts it holds; a live run is one.
    #[serde(default)]
    pub flows: Vec<FlowInfo>,
    /// The options of the run that depart from their defaults; none are known of a recording.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_options: Vec<OwnOption>,
    pub participants: Vec<Participant>,
    /// Shared, so that a copy of a trace costs a pointer for each entry.
    #[serde(with = "shared")]
    pub entries: Vec<Arc<Entry>>,
}

/// Without the URL as it was typed, which may have a key in it.
impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace")
            .field("origin", &self.origin)
            .field("participants", &self.participants)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

impl Trace {
    /// An empty trace of a run of this program.
    pub fn new(server_url: impl Into<String>, started: Timestamp) -> Self {
        let server_url = server_url.into();
        let flow = FlowInfo {
            id: FlowId::FIRST,
            server_url: Some(server_url.clone()),
        };
        let mut trace = Self::recorded(Origin::Live, Client::ours(), server_url, started);
        trace.flows.push(flow);
        trace
    }

    /// An empty trace of another client's traffic, which holds no flow yet.
    pub fn recorded(
        origin: Origin,
        client: Client,
        server_url: impl Into<String>,
        started: Timestamp,
    ) -> Self {
        let line = |id, role, name: &str| Participant {
            id,
            role,
            origin: None,
            name: name.into(),
        };
        Self {
            server_url: server_url.into(),
            started,
            participants: vec![
                line(ParticipantId::CLIENT, Role::Client, &client.name),
                line(ParticipantId::BROWSER, Role::Browser, "Browser"),
            ],
            origin,
            client,
            flows: Vec::new(),
            own_options: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// Appends an entry of the first flow and gives it the next number.
    pub fn push(
        &mut self,
        at: Timestamp,
        branch: Branch,
        phase: Phase,
        kind: EntryKind,
    ) -> Arc<Entry> {
        let flow = self.flows.first().map(|flow| flow.id);
        self.push_to(flow, at, branch, phase, kind)
    }

    /// Appends an entry of this flow, or of none, and gives it the next number.
    pub fn push_to(
        &mut self,
        flow: Option<FlowId>,
        at: Timestamp,
        branch: Branch,
        phase: Phase,
        kind: EntryKind,
    ) -> Arc<Entry> {
        let seq = self.entries.len() as u32 + 1;
        let entry = Arc::new(Entry {
            seq,
            at,
            branch,
            flow,
            phase,
            kind,
        });
        self.entries.push(entry.clone());
        entry
    }

    /// The entry with this number.
    pub fn entry(&self, seq: u32) -> Option<&Entry> {
        let entry = self.entries.get((seq as usize).checked_sub(1)?)?;
        Some(entry)
    }

    /// The participant of this role and origin, made when it is new.
    pub fn participant(&mut self, role: Role, origin: &str) -> ParticipantId {
        let known = self
            .participants
            .iter()
            .find(|p| p.role == role && p.origin.as_deref() == Some(origin));
        if let Some(known) = known {
            return known.id;
        }
        let id = ParticipantId(self.participants.len() as u16);
        let name = match role {
            Role::Client => self.client.name.as_str(),
            Role::Browser => "Browser",
            Role::McpServer => "MCP server",
            Role::AuthorizationServer => "Authorization server",
            Role::IdentityProvider => "Identity provider",
            Role::Other => "Other",
        };
        let name = name.to_owned();
        self.participants.push(Participant {
            id,
            role,
            origin: Some(origin.into()),
            name,
        });
        id
    }

    /// The entries that led to the present: those of abandoned branches are left out.
    pub fn live(&self) -> impl Iterator<Item = &Entry> {
        self.live_first(self.entries.len())
    }

    /// [`Trace::live`] as it was when there were this many entries.
    pub fn live_first(&self, entries: usize) -> impl Iterator<Item = &Entry> {
        let entries = &self.entries[..entries.min(self.entries.len())];
        // From the end: the smallest `to` of the rewinds that come later.
        let mut cut = u32::MAX;
        let mut live = vec![true; entries.len()];
        for (entry, live) in entries.iter().zip(&mut live).rev() {
            *live = entry.seq < cut;
            if let EntryKind::Rewound { to } = entry.kind {
                cut = cut.min(to);
            }
        }
        let live = entries.iter().zip(live).filter(|(_, live)| *live);
        live.map(|(entry, _)| entry.as_ref())
    }

    /// Every exchange with its entry, abandoned ones too.
    pub fn exchanges(&self) -> impl Iterator<Item = (&Entry, &Exchange)> {
        self.entries
            .iter()
            .filter_map(|entry| entry.exchange().map(|exchange| (entry.as_ref(), exchange)))
    }
}

/// Writes shared entries as the entries themselves.
mod shared {
    use super::*;
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(entries: &[Arc<Entry>], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(entries.iter().map(Arc::as_ref))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Arc<Entry>>, D::Error> {
        let entries = Vec::<Entry>::deserialize(from)?;
        Ok(entries.into_iter().map(Arc::new).collect())
    }
}

/// Counts the rewinds so far: entries of one branch belong together.
pub type Branch = u32;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Entry {
    /// 1 for the first entry; the number the diagram shows.
    pub seq: u32,
    pub at: Timestamp,
    pub branch: Branch,
    /// The flow it belongs to; `None` for traffic that belongs to no flow.
    #[serde(default = "FlowId::first")]
    #[ts(optional = nullable)]
    pub flow: Option<FlowId>,
    pub phase: Phase,
    pub kind: EntryKind,
}

impl Entry {
    pub fn exchange(&self) -> Option<&Exchange> {
        match &self.kind {
            EntryKind::Exchange(exchange) => Some(exchange),
            _ => None,
        }
    }

    pub fn decision(&self) -> Option<&Decision> {
        match &self.kind {
            EntryKind::Decision(decision) => Some(decision),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum EntryKind {
    Exchange(Box<Exchange>),
    /// The browser was sent to the authorization endpoint. What it does there is not seen, unless
    /// it is watched, or an approver plays the browser: then each hop is an exchange.
    BrowserOpened(BrowserVisit),
    Decision(Decision),
    /// The user went back: the entries from `to` up to this one are abandoned.
    Rewound {
        to: u32,
    },
}

#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct BrowserVisit {
    pub url: String,
    pub how: HowOpened,
}

/// Without the query, which has a state: a log may show it.
impl fmt::Debug for BrowserVisit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.url.split('?').next().unwrap_or(&self.url);
        write!(f, "BrowserVisit {path} {:?}", self.how)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HowOpened {
    /// The system browser.
    System,
    /// Shown to be copied, since no browser could be started or none was wanted.
    Shown,
    /// The headless approver follows the redirects and fills in the forms itself.
    Approver,
    /// A browser of its own, whose pages are recorded.
    Watched,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_leaves_out_what_was_rewound_over_and_the_trace_keeps_it() {
        let now = Timestamp(0);
        let mut trace = Trace::new("https://mcp.example/mcp", now);
        for _ in 0..3 {
            trace.push(
                now,
                0,
                Phase::Challenge,
                EntryKind::Decision(Decision::NoAuthorizationNeeded),
            );
        }
        trace.push(now, 1, Phase::Challenge, EntryKind::Rewound { to: 2 });
        trace.push(
            now,
            1,
            Phase::Challenge,
            EntryKind::Decision(Decision::Ended),
        );
        assert_eq!(
            trace.live().map(|entry| entry.seq).collect::<Vec<_>>(),
            [1, 4, 5]
        );
        assert_eq!(trace.entries.len(), 5);
    }

    #[test]
    fn one_origin_in_two_roles_is_two_participants() {
        let mut trace = Trace::new("https://mcp.example/mcp", Timestamp(0));
        let resource = trace.participant(Role::McpServer, "https://mcp.example");
        let server = trace.participant(Role::AuthorizationServer, "https://mcp.example");
        assert_ne!(resource, server);
        assert_eq!(
            trace.participant(Role::McpServer, "https://mcp.example"),
            resource
        );
    }
}
