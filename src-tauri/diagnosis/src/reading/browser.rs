//! What the browser was sent to, what its user says of it, and which callbacks and probes count.

use std::cell::OnceCell;

use trace::{BrowserShows, BrowserVisit, Decision, HowOpened, Purpose, StopCode};

use super::{Reading, Visit};
use crate::fields::{response_fields, value};
use crate::snapshot::ExchangeRef;

impl<'a> Reading<'a> {
    /// Whoever wants to see what a browser shows opens the same request once more, in one that is
    /// watched: it is still one request.
    pub(super) fn open_browser(&mut self, seq: u32, visit: &'a BrowserVisit) {
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

    /// Whether the user says that the browser shows an error page.
    pub(crate) fn user_sees_error(&self) -> bool {
        self.browser_shows() == Some(BrowserShows::Error)
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

    /// Any page in the browser can send a request to this machine, so one without the state that
    /// was sent is answered and waited on. Where Authscope itself followed the redirect, and where
    /// the user brought it, the flow stops instead.
    pub(super) fn is_stray(&self, callback: ExchangeRef<'_>) -> bool {
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

    /// A probe that the browser contradicts says nothing of the flow: a callback was taken after
    /// it, or the user says that the browser shows a page of another kind.
    pub(super) fn leave_out_opposed_probes(&mut self) {
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
}
