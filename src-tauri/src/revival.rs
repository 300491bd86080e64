//! Shows the page again when the process that draws it has died. All documents are here, so the
//! page that comes back shows the same.

#![cfg(any(target_os = "linux", target_os = "macos", test))]

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A page that dies at once again, each time, is not tried for ever.
const MOST: usize = 3;
const WITHIN: Duration = Duration::from_secs(60);

/// How often the page was brought back lately.
#[derive(Default)]
struct Revivals {
    lately: VecDeque<Instant>,
}

impl Revivals {
    /// Whether it may be brought back once more; then that is counted.
    fn once_more(&mut self, now: Instant) -> bool {
        while self
            .lately
            .front()
            .is_some_and(|at| now.duration_since(*at) > WITHIN)
        {
            self.lately.pop_front();
        }
        let may = self.lately.len() < MOST;
        if may {
            self.lately.push_back(now);
        } else {
            tracing::error!("the window's page ended {MOST} times within a minute");
        }
        may
    }
}

#[cfg(target_os = "linux")]
pub mod linux {
    use std::cell::RefCell;

    use tauri::WebviewWindow;
    use webkit2gtk::WebViewExt as _;

    use super::{Instant, Revivals};

    pub fn watch(window: &WebviewWindow) -> tauri::Result<()> {
        window.with_webview(|webview| {
            let revivals = RefCell::new(Revivals::default());
            webview
                .inner()
                .connect_web_process_terminated(move |view, reason| {
                    tracing::warn!(?reason, "the process of the window's page ended");
                    if revivals.borrow_mut().once_more(Instant::now()) {
                        view.reload();
                    }
                });
        })
    }
}

#[cfg(target_os = "macos")]
pub mod macos {
    use std::sync::Mutex;

    use tauri::{Webview, Wry};

    use super::{Instant, Revivals};

    /// To be called whenever the process of the page has ended.
    pub fn revive() -> impl Fn(&Webview<Wry>) + Send + Sync + 'static {
        let revivals = Mutex::new(Revivals::default());
        move |page| {
            let mut revivals = revivals.lock().unwrap_or_else(|broken| broken.into_inner());
            if revivals.once_more(Instant::now()) {
                let _ = page.reload();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_dies_again_and_again_stays_dead_and_one_that_dies_seldom_does_not() {
        let mut revivals = Revivals::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!((0..3).all(|second| revivals.once_more(at(second))));
        assert!(!revivals.once_more(at(3)));
        assert!(revivals.once_more(at(61)), "the first is long ago");
        assert!(!revivals.once_more(at(61)));
        let mut seldom = Revivals::default();
        assert!((0..20).all(|hour| seldom.once_more(at(hour * 3600))));
    }
}
