//! Shows the page again when the process that draws it has died, or answers no more. All documents
//! are here, so the page that comes back shows the same.

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

/// How often the page is asked whether it still answers.
#[cfg(any(target_os = "linux", test))]
const BEAT: Duration = Duration::from_secs(3);
/// Beats in a row without an answer after which the page hangs. A page that only works hard, on a
/// long recording for instance, is left alone.
#[cfg(any(target_os = "linux", test))]
const MOST_MISSED: u32 = 10;

/// Whether the page still answers. WebKit itself does not tell of one that hangs unless somebody
/// types into it.
#[cfg(any(target_os = "linux", test))]
struct Heart {
    /// The last question, until it is answered.
    waiting: bool,
    missed: u32,
    last: Instant,
}

#[cfg(any(target_os = "linux", test))]
impl Heart {
    fn new(now: Instant) -> Self {
        Self {
            waiting: false,
            missed: 0,
            last: now,
        }
    }

    /// Once a beat: whether the page hangs. A beat that comes late counts for nothing: then the
    /// machine is busy or was asleep, and the page may be as late.
    fn hangs(&mut self, now: Instant) -> bool {
        let is_late = now.duration_since(self.last) > BEAT + BEAT / 8;
        self.last = now;
        if !self.waiting {
            self.missed = 0;
        } else if !is_late {
            self.missed += 1;
        }
        self.missed >= MOST_MISSED
    }
}

#[cfg(target_os = "linux")]
pub mod linux {
    use std::cell::RefCell;
    use std::rc::Rc;

    use tauri::WebviewWindow;
    use webkit2gtk::glib::{ControlFlow, ObjectExt as _, timeout_add_local};
    use webkit2gtk::{WebView, WebViewExt as _, gio};

    use super::{BEAT, Heart, Instant, Revivals};

    pub fn watch(window: &WebviewWindow) -> tauri::Result<()> {
        window.with_webview(|webview| {
            let revivals = RefCell::new(Revivals::default());
            let view = webview.inner();
            view.connect_web_process_terminated(move |view, reason| {
                tracing::warn!(?reason, "the process of the window's page ended");
                if revivals.borrow_mut().once_more(Instant::now()) {
                    view.reload();
                }
            });
            listen_to_the_heart_of(&view);
        })
    }

    /// Ends the process of a page that hangs, for which it is brought back.
    fn listen_to_the_heart_of(view: &WebView) {
        let heart = Rc::new(RefCell::new(Heart::new(Instant::now())));
        let view = view.downgrade();
        timeout_add_local(BEAT, move || {
            let Some(view) = view.upgrade() else {
                return ControlFlow::Break;
            };
            if heart.borrow_mut().hangs(Instant::now()) {
                tracing::warn!("the window's page does not answer");
                *heart.borrow_mut() = Heart::new(Instant::now());
                view.terminate_web_process();
            } else if !heart.borrow().waiting {
                heart.borrow_mut().waiting = true;
                let asked = heart.clone();
                let answered = move |_| asked.borrow_mut().waiting = false;
                view.evaluate_javascript("0", None, None, gio::Cancellable::NONE, answered);
            }
            ControlFlow::Continue
        });
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

    #[test]
    fn a_page_hangs_that_misses_beats_in_a_row_while_the_machine_keeps_time() {
        let mut now = Instant::now();
        let mut heart = Heart::new(now);
        let mut beat = |heart: &mut Heart, after: Duration, waiting: bool| {
            now += after;
            let hangs = heart.hangs(now);
            heart.waiting = waiting;
            hangs
        };
        assert!(
            !(0..20).any(|_| beat(&mut heart, BEAT, false)),
            "it answers"
        );
        let asked = beat(&mut heart, BEAT, true);
        let missed = (1..=MOST_MISSED).find(|_| beat(&mut heart, BEAT, true));
        assert!(!asked);
        assert_eq!(missed, Some(MOST_MISSED));

        beat(&mut heart, BEAT, false);
        assert!(!beat(&mut heart, BEAT, false), "it answers again");
        beat(&mut heart, BEAT, true);
        for _ in 1..MOST_MISSED {
            assert!(!beat(&mut heart, BEAT, true), "it is slow");
        }
        assert!(
            !(0..20).any(|_| beat(&mut heart, BEAT * 2, true)),
            "the machine is slow"
        );
        assert!(!beat(&mut heart, BEAT * 1000, false), "the machine slept");
        assert!(!beat(&mut heart, BEAT, true), "it answered at last");
        assert!(!beat(&mut heart, BEAT, true), "so it has time again");
    }
}
