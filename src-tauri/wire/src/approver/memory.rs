//! What a browser remembers from one login to the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cookie_store::CookieStore;
use url::Url;

/// Cookies, and who the typed values are for. Clones share it, as the windows of one browser do.
#[derive(Clone, Default)]
pub struct BrowserMemory(Arc<Mutex<Remembered>>);

#[derive(Default)]
struct Remembered {
    cookies: CookieStore,
    /// The origin that the values typed in are for.
    asked_by: Option<String>,
}

impl BrowserMemory {
    /// The header field of a request to this place; `None` where nothing is remembered for it.
    pub(super) fn cookies_for(&self, url: &Url) -> Option<String> {
        let remembered = self.lock();
        let cookies = remembered.cookies.get_request_values(url);
        let cookies: Vec<String> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!cookies.is_empty()).then(|| cookies.join("; "))
    }

    /// A cookie that is not for this place is dropped, as a browser does.
    pub(super) fn set_cookie(&self, cookie: &str, here: &Url) {
        let _ = self.lock().cookies.parse(cookie, here);
    }

    /// The origin that typed values are for: the first that asked.
    pub(super) fn asked_by(&self, here: String) -> String {
        self.lock().asked_by.get_or_insert(here).clone()
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
