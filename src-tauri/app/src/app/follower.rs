//! What a window follows: the updates of whatever document is current.

use std::sync::Arc;

use tokio::sync::watch;

use crate::contract::Update;
use crate::document::Document;
use crate::viewer::Viewer;

/// A viewer of whatever document is current.
pub struct Follower {
    pub(super) current: watch::Receiver<Option<Arc<Document>>>,
    pub(super) viewer: Option<Viewer>,
}

impl Follower {
    /// Waits for a change. An update of another document begins with everything there is. `None`
    /// when the program ends.
    pub async fn next(&mut self) -> Option<Update> {
        loop {
            let update = match &mut self.viewer {
                Some(viewer) => tokio::select! {
                    biased;
                    other = self.current.changed() => {
                        other.ok()?;
                        None
                    }
                    update = viewer.next() => update,
                },
                None => {
                    self.current.wait_for(Option::is_some).await.ok()?;
                    None
                }
            };
            if update.is_some() {
                return update;
            }
            let document = self.current.borrow_and_update().clone();
            self.viewer = document.map(|document| document.viewer());
        }
    }
}
