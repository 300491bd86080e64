//! Judges beside the flow, which never waits for a finding: what the runner tells goes through here on its way out, and
//! new rows go on together with what the rules say of them.

use std::sync::{Arc, Mutex};

use diagnosis::Finding;
use tokio::sync::{mpsc, oneshot};

use crate::journal::Journal;
use crate::session::lock;
use crate::view::Update;

/// The way out. It ends, with everything told, when this is dropped.
pub(crate) struct Judging(mpsc::UnboundedSender<Message>);

enum Message {
    /// An update without findings, and how many entries the rows told so far are.
    Update(Box<Update>, usize),
    Forget,
    Told(oneshot::Sender<()>),
}

impl Judging {
    pub fn start(journal: Arc<Mutex<Journal>>, updates: mpsc::UnboundedSender<Update>) -> Self {
        let (messages, inbox) = mpsc::unbounded_channel();
        tokio::spawn(judge(journal, inbox, updates));
        Self(messages)
    }

    /// Passes an update on, in order. `entries` is how many of the trace the rows up to this update stand for.
    pub fn tell(&self, update: Update, entries: usize) {
        let _ = self.0.send(Message::Update(Box::new(update), entries));
    }

    /// Makes the next update with rows tell all findings.
    pub fn forget(&self) {
        let _ = self.0.send(Message::Forget);
    }

    /// Waits until everything said so far was told, with its findings.
    pub async fn told(&self) {
        let (reply, told) = oneshot::channel();
        let _ = self.0.send(Message::Told(reply));
        // An error means that nothing is told any more.
        let _ = told.await;
    }
}

async fn judge(
    journal: Arc<Mutex<Journal>>,
    mut inbox: mpsc::UnboundedReceiver<Message>,
    updates: mpsc::UnboundedSender<Update>,
) {
    const AT_ONCE: usize = 64;
    let mut known: Vec<Finding> = Vec::new();
    let mut waiting = Vec::new();
    while inbox.recv_many(&mut waiting, AT_ONCE).await > 0 {
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
            // Where judging is slower than the flow, rows that wait already are judged together.
            rows.append(&mut update.rows);
            if !rows.is_empty() && !more_rows(messages.as_slice()) {
                update.rows = std::mem::take(&mut rows);
                let findings = diagnosis::diagnose_first(&lock(&journal).trace, entries);
                if findings != known {
                    known.clone_from(&findings);
                    update.findings = Some(findings);
                }
            }
            // Nobody listening means that the window is gone; the run goes on for the command that asked for it.
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
