//! Asks the window before the program is closed while something is under way.

use tauri::{CloseRequestApi, Manager as _, Window};
use tokio::sync::watch;

use app::App;

/// Whether the user is being asked.
pub struct Closing(watch::Sender<bool>);

impl Closing {
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// The user wants the window closed. A second request is obeyed at once, since a page that
    /// hangs does not answer.
    fn may_close(&self, goes_on: bool) -> bool {
        !goes_on || self.0.send_replace(true)
    }

    /// Waits until the user has to be asked.
    pub async fn asked(&self) {
        // The sender lives as long as this does.
        let _ = self.0.subscribe().wait_for(|asked| *asked).await;
    }

    /// The user has been asked, and has not answered.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// The user has answered.
    pub fn answered(&self) {
        self.0.send_replace(false);
    }
}

pub fn requested(window: &Window, api: &CloseRequestApi) {
    let goes_on = window.state::<App>().goes_on();
    if !window.state::<Closing>().may_close(goes_on) {
        api.prevent_close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_at_rest_closes_at_once() {
        let closing = Closing::new();
        assert!(closing.may_close(false));
        assert!(!*closing.0.borrow(), "nobody is asked");
    }

    #[tokio::test]
    async fn a_run_is_asked_about_once_for_each_answer() {
        let closing = Closing::new();
        assert!(!closing.may_close(true));
        closing.asked().await;
        closing.answered();
        assert!(
            !closing.may_close(true),
            "it was kept, so it is asked again"
        );
        assert!(closing.may_close(true), "wanted twice");
    }
}
