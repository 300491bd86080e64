//! Judges beside the flow, which never waits for a finding: what the runner tells goes through here
//! on its way out, and new rows go on together with what the rules say of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use diagnosis::Finding;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::journal::{Journal, lock};
use crate::view::Update;

/// How long what is told may wait for more, so that what comes in quick succession is judged
/// together: less than an eye sees.
const PAUSE: Duration = Duration::from_millis(5);

/// The way out. It ends, with everything told, when this is dropped.
pub(crate) struct Judging {
    messages: mpsc::UnboundedSender<Message>,
    /// Somebody waits for what was said so far.
    urgent: Arc<Notify>,
}

enum Message {
    /// An update without findings, and how many entries the rows told so far are.
    Update(Box<Update>, usize),
    Forget,
    Told(oneshot::Sender<()>),
}

impl Judging {
    pub fn start(journal: Arc<Mutex<Journal>>, updates: mpsc::UnboundedSender<Update>) -> Self {
        let (messages, inbox) = mpsc::unbounded_channel();
        let urgent = Arc::new(Notify::new());
        tokio::spawn(judge(journal, inbox, urgent.clone(), updates));
        Self { messages, urgent }
    }

    /// Passes an update on, in order. `entries` is how many of the trace the rows up to this update
    /// stand for.
    pub fn tell(&self, update: Update, entries: usize) {
        let _ = self
            .messages
            .send(Message::Update(Box::new(update), entries));
    }

    /// Makes the next update with rows tell all findings.
    pub fn forget(&self) {
        let _ = self.messages.send(Message::Forget);
    }

    /// Waits until everything said so far was told, with its findings.
    pub async fn told(&self) {
        let (reply, told) = oneshot::channel();
        let _ = self.messages.send(Message::Told(reply));
        self.urgent.notify_one();
        // An error means that nothing is told any more.
        let _ = told.await;
    }
}

async fn judge(
    journal: Arc<Mutex<Journal>>,
    mut inbox: mpsc::UnboundedReceiver<Message>,
    urgent: Arc<Notify>,
    updates: mpsc::UnboundedSender<Update>,
) {
    let mut known: Vec<Finding> = Vec::new();
    let mut waiting = Vec::new();
    while let Some(first) = inbox.recv().await {
        waiting.push(first);
        // An error means that nobody is in a hurry.
        let _ = tokio::time::timeout(PAUSE, urgent.notified()).await;
        while let Ok(more) = inbox.try_recv() {
            waiting.push(more);
        }
        let mut rows = Vec::new();
        let mut messages = std::mem::take(&mut waiting).into_iter();
        while let Some(message) = messages.next() {
            let (mut update, entries) = match message {
                Message::Update(update, entries) => (update, entries),
                Message::Forget => {
                    known.clear();
                    continue;
                }
                Message::Told(reply) => {
                    let _ = reply.send(());
                    continue;
                }
            };
            rows.append(&mut update.rows);
            if !rows.is_empty() && !more_rows(messages.as_slice()) {
                update.rows = std::mem::take(&mut rows);
                let findings = diagnosis::diagnose_first(&lock(&journal).trace, entries);
                if findings != known {
                    known.clone_from(&findings);
                    update.findings = Some(findings);
                }
            }
            // Nobody listening means that the window is gone; the run goes on for the command that
            // asked for it.
            let _ = updates.send(*update);
        }
    }
}

/// Whether rows follow before anybody waits for those at hand.
fn more_rows(messages: &[Message]) -> bool {
    let updates = messages.iter().map_while(|message| match message {
        Message::Update(update, _) => Some(update),
        Message::Forget | Message::Told(_) => None,
    });
    updates.into_iter().any(|update| !update.rows.is_empty())
}
