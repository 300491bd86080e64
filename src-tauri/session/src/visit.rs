//! The headless approver at a device's verification page.

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use wire::{Approver, Sent};

/// The approver at a device's verification page. It is gone when this is dropped.
pub(crate) struct Visit {
    /// What it sent, and what came back.
    pub hops: mpsc::UnboundedReceiver<Sent>,
    task: JoinSet<()>,
}

impl Visit {
    pub fn begin(mut approver: Approver, url: String) -> Self {
        let (sender, hops) = mpsc::unbounded_channel();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut on_hop = move |sent: Sent| drop(sender.send(sent));
            // The polls show whether the device was approved.
            if let Err(stuck) = approver.visit(&url, &mut on_hop).await {
                tracing::info!(%stuck, "the verification page could not be passed");
            }
        });
        Self { hops, task }
    }

    /// Stops it. What it did is in `hops` then.
    pub async fn end(&mut self) {
        self.task.shutdown().await;
    }
}
