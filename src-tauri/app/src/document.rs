//! A document: a trace with its findings and its view, whatever its origin.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use diagnosis::{Finding, RuleCheck};
use formats::{Language, Opened, Redactor, Secrets, TraceSecrets};
use observe::Observer;
use session::{AppError, BrowserMemory, Options, Session};
use tokio::sync::{mpsc, oneshot, watch};
use trace::{EntryKind, Purpose, Secret, Timestamp, Trace};
use vault::Vault;

use crate::keeper::{self, Waiting};
use crate::observed::{Kept, Observation, Observed, keep_taking, nothing};
use crate::recording::judgement;
use crate::recording_view::RecordingView;
use crate::rows::row;
use crate::shown::{Shown, lock};
use crate::view::{Detail, View};
use crate::viewer::Viewer;

/// A trace with its findings and its view. One that is being run has a session and can be stepped;
/// any number of viewers can look at it.
pub struct Document {
    id: u32,
    session: Option<Arc<Session>>,
    observed: Option<Arc<Observed>>,
    shown: Arc<Mutex<Shown>>,
    /// The secrets of the trace, as of the last time that something was written.
    written: Mutex<Option<Written>>,
    changes: Arc<watch::Sender<()>>,
    waiting: mpsc::UnboundedSender<Waiting>,
}

struct Written {
    /// Of the trace.
    version: u64,
    typed: Arc<[(String, Secret)]>,
    secrets: Arc<TraceSecrets>,
}

/// What a document has recorded, to be written without its secrets. They are found once for each
/// state of the trace, however many rows are opened and files written.
#[derive(Clone)]
pub(crate) struct Recorded {
    pub trace: Arc<Trace>,
    pub typed: Arc<[(String, Secret)]>,
    pub secrets: Arc<TraceSecrets>,
}

impl Recorded {
    pub fn redactor(&self) -> &Redactor {
        self.secrets.redactor(&self.trace, &self.typed)
    }
}

impl Document {
    /// Starts a run. It waits for the first step.
    ///
    /// # Errors
    /// When an option cannot be used: the message names the field.
    pub async fn live(id: u32, options: Options, vault: Vault) -> Result<Arc<Self>, AppError> {
        Self::live_in(id, options, vault, BrowserMemory::default()).await
    }

    /// The same, and the headless browser remembers what it shares with other runs.
    ///
    /// # Errors
    /// As for [`Document::live`].
    pub(crate) async fn live_in(
        id: u32,
        options: Options,
        vault: Vault,
        browser: BrowserMemory,
    ) -> Result<Arc<Self>, AppError> {
        let (session, events) = Session::start_kept(options, vault, None, browser).await?;
        Ok(Self::of_session(id, session, events))
    }

    /// As [`Document::live`], and each entry is given to `keep` before anything else happens.
    ///
    /// # Errors
    /// As for [`Document::live`].
    pub async fn live_kept(
        id: u32,
        options: Options,
        vault: Vault,
        keep: Option<session::Keep>,
    ) -> Result<Arc<Self>, AppError> {
        let browser = BrowserMemory::default();
        let (session, events) = Session::start_kept(options, vault, keep, browser).await?;
        Ok(Self::of_session(id, session, events))
    }

    fn of_session(
        id: u32,
        session: Session,
        events: mpsc::UnboundedReceiver<session::Event>,
    ) -> Arc<Self> {
        // Everything recorded comes as events.
        let mut trace = session.trace();
        trace.entries.clear();
        let shown = Arc::new(Mutex::new(Shown::nothing(trace)));
        let changes = Arc::new(watch::Sender::new(()));
        let (waiting, asked) = mpsc::unbounded_channel();
        tokio::spawn(keeper::keep(events, asked, shown.clone(), changes.clone()));
        Arc::new(Self {
            id,
            session: Some(Arc::new(session)),
            observed: None,
            shown,
            written: Mutex::default(),
            changes,
            waiting,
        })
    }

    /// Opens what was recorded before. It cannot be stepped.
    pub async fn recorded(id: u32, opened: impl Into<Opened>) -> Arc<Self> {
        let opened = opened.into();
        let mut shown = Shown::nothing(opened.trace.clone());
        shown.rows = shown.trace.entries.iter().map(|entry| row(entry)).collect();
        let recording = RecordingView::of(&opened);
        let judging = tokio::task::spawn_blocking(move || judgement(&opened));
        match judging.await {
            Ok(judgement) => {
                shown.findings = judgement.findings.into();
                shown.ledger = judgement.ledger.into();
            }
            Err(error) => tracing::error!(%error, "the trace could not be judged"),
        }
        let mut view = View::of_recording(&shown.trace, &shown.findings, &shown.ledger);
        view.recording = Some(recording);
        shown.show(view);
        Arc::new(Self {
            id,
            session: None,
            observed: None,
            shown: Arc::new(Mutex::new(shown)),
            written: Mutex::default(),
            changes: Arc::new(watch::Sender::new(())),
            waiting: mpsc::unbounded_channel().0,
        })
    }

    /// Begins to observe a client. It goes on until [`Document::stop_observing`], or until nobody
    /// holds the document any more.
    ///
    /// # Errors
    /// When an option cannot be used, or the port is taken.
    pub async fn observed(id: u32, wanted: Observation) -> Result<Arc<Self>, AppError> {
        let server_url = wanted.options.server_url.trim().to_owned();
        let observed = Observed::start(wanted).await?;
        let now = Timestamp::from_system(SystemTime::now());
        let mut shown = Shown::nothing(nothing(&server_url, now));
        // A client can be observed once more.
        shown.offer_to_run_again();
        let shown = Arc::new(Mutex::new(shown));
        let changes = Arc::new(watch::Sender::new(()));
        observed.take(&shown, &changes).await;
        tokio::spawn(keep_taking(
            Arc::downgrade(&observed),
            shown.clone(),
            changes.clone(),
        ));
        Ok(Arc::new(Self {
            id,
            session: None,
            observed: Some(observed),
            shown,
            written: Mutex::default(),
            changes,
            waiting: mpsc::unbounded_channel().0,
        }))
    }

    /// The proxy behind it; `None` when no client is observed.
    pub fn observer(&self) -> Option<&Observer> {
        self.observed.as_ref().map(|observed| &observed.observer)
    }

    /// What has to be kept for an observed client to find its URL again. `None` where nothing is
    /// observed, and where the URL follows from the server's.
    pub fn to_keep(&self) -> Option<Kept> {
        let kept = self.observed.as_ref()?.kept();
        let usual = kept.secret.is_none() && kept.port == observe::usual_port(&kept.server_url);
        (!usual).then_some(kept)
    }

    /// Ends the observing of a client, and judges all that passed. Nothing happens where none is
    /// observed.
    pub async fn stop_observing(&self) {
        if let Some(observed) = self.observed.as_ref().filter(|one| !one.is_over()) {
            observed.stop(&self.shown, &self.changes).await;
        }
    }

    /// What was recorded of another client, with what could not be seen of it.
    pub fn opened(&self) -> Opened {
        let trace = self.trace();
        Opened {
            notes: self.observer().map_or_else(Vec::new, Observer::notes),
            ..Opened::from(Trace::clone(&trace))
        }
    }

    /// Names it among the documents of this process.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The run behind it; `None` when it cannot be stepped.
    pub fn session(&self) -> Option<&Arc<Session>> {
        self.session.as_ref()
    }

    /// A viewer that has seen nothing yet.
    pub fn viewer(&self) -> Viewer {
        Viewer::new(self.id, self.shown.clone(), self.changes.subscribe())
    }

    /// The secrets that the user typed in for the run, with their names: see
    /// [`Session::typed_secrets`].
    pub fn typed_secrets(&self) -> Vec<(String, Secret)> {
        let observed = self.observed.as_ref();
        let observed = observed.map_or_else(Vec::new, |observed| observed.typed_secrets());
        let session = self.session.as_ref();
        session.map_or(observed, |session| session.typed_secrets())
    }

    /// The trace as it is now.
    pub fn trace(&self) -> Arc<Trace> {
        lock(&self.shown).trace.clone()
    }

    /// What is recorded as it is now, to be written.
    pub(crate) fn recorded_now(&self) -> Recorded {
        let (trace, version) = {
            let shown = lock(&self.shown);
            (shown.trace.clone(), shown.version)
        };
        let typed = self.typed_secrets();
        let mut written = lock(&self.written);
        let same = |one: &&mut Written| one.version == version && *one.typed == *typed;
        let (typed, secrets) = match written.as_mut().filter(same) {
            Some(known) => (known.typed.clone(), known.secrets.clone()),
            None => {
                let (typed, secrets) = (Arc::from(typed), Arc::<TraceSecrets>::default());
                *written = Some(Written {
                    version,
                    typed: Arc::clone(&typed),
                    secrets: secrets.clone(),
                });
                (typed, secrets)
            }
        };
        Recorded {
            trace,
            typed,
            secrets,
        }
    }

    pub fn findings(&self) -> Arc<[Finding]> {
        lock(&self.shown).findings.clone()
    }

    /// Shows that it can be run again, although it cannot be stepped.
    pub(crate) fn offer_to_run_again(&self) {
        lock(&self.shown).offer_to_run_again();
        self.changes.send_replace(());
    }

    /// Shows that the run is not kept on disk, and why.
    pub(crate) fn show_not_kept(&self, why: String) {
        lock(&self.shown).show_not_kept(why);
        self.changes.send_replace(());
    }

    /// What became of every rule.
    pub fn ledger(&self) -> Arc<[RuleCheck]> {
        lock(&self.shown).ledger.clone()
    }

    /// `None` until the session has reported where it stands.
    pub fn view(&self) -> Option<Arc<View>> {
        lock(&self.shown).view.clone()
    }

    /// Everything about one row; `None` when there is no such row.
    ///
    /// `secrets`: the code that repeats a request holds them, instead of names for them.
    pub fn detail(&self, seq: u32, secrets: bool) -> Option<Detail> {
        let recorded = self.recorded_now();
        let trace = &recorded.trace;
        let entry = trace.entry(seq)?;
        let redactor = (!secrets).then(|| recorded.redactor());
        let code = |language| {
            let exchange = entry.exchange()?;
            Some(formats::repeat(exchange, redactor, language))
        };
        Some(Detail {
            decoded: diagnosis::decoded(trace, seq),
            meanings: diagnosis::part_meanings(&entry.kind),
            guide: match &entry.kind {
                EntryKind::Exchange(exchange) => diagnosis::step_guide(&exchange.purpose),
                EntryKind::BrowserOpened(_) => diagnosis::step_guide(&Purpose::Authorization),
                EntryKind::Decision(_) | EntryKind::Rewound { .. } => None,
            },
            curl: code(Language::Curl),
            fetch: code(Language::Fetch),
            python: code(Language::Python),
            raw: entry
                .exchange()
                .map(|exchange| formats::raw_request(exchange, redactor)),
            entry: entry.clone(),
        })
    }

    /// The code that sends the request of this entry again; `None` when there is no such exchange.
    pub fn repeat(&self, seq: u32, language: Language, secrets: Secrets) -> Option<String> {
        let recorded = self.recorded_now();
        let exchange = recorded.trace.entry(seq)?.exchange()?;
        let redactor = match secrets {
            Secrets::Included => None,
            Secrets::Redacted => Some(recorded.redactor()),
        };
        Some(formats::repeat(exchange, redactor, language))
    }

    /// Waits until nothing is under way, nothing will be without a command, and everything up to
    /// then is judged and shown.
    pub async fn rest(&self) {
        if let Some(session) = &self.session {
            session.rest().await;
        }
        self.settled().await;
    }

    /// Waits until everything that was recorded so far is judged and shown.
    pub async fn settled(&self) {
        let (who, shown) = oneshot::channel();
        if self.waiting.send(who).is_ok() {
            // An error means that nothing will be shown any more.
            let _ = shown.await;
        }
    }

    /// Wakes at every change of what is shown.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reading a trace for its secrets is most of the work of showing a row or writing a file.
    #[tokio::test]
    async fn the_secrets_of_a_trace_are_found_once_and_again_when_there_is_more_of_it() {
        let now = Timestamp::from_system(SystemTime::now());
        let document = Document::recorded(1, nothing("http://mcp.example/mcp", now)).await;
        let first = document.recorded_now();
        let again = document.recorded_now();
        assert!(Arc::ptr_eq(&first.secrets, &again.secrets));
        assert!(std::ptr::eq(first.redactor(), again.redactor()));
        lock(&document.shown).version += 1;
        assert!(!Arc::ptr_eq(
            &first.secrets,
            &document.recorded_now().secrets
        ));
    }
}
