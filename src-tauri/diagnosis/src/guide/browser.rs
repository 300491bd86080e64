//! What a browser may show that was sent to the authorization endpoint, and what to do then.

use serde::{Deserialize, Serialize};
use trace::BrowserShows;
use ts_rs::TS;

/// What the user can say of the browser, and what follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BrowserGuide {
    pub shows: BrowserShows,
    /// To be chosen by: "A login page".
    pub label: String,
    /// Within a sentence: "a login page".
    pub what: String,
    pub advice: String,
}

/// Everything that a browser may show.
pub fn browser_guides() -> Vec<BrowserGuide> {
    let all = [
        BrowserShows::Login,
        BrowserShows::Error,
        BrowserShows::Success,
        BrowserShows::Nothing,
    ];
    all.map(guide).into()
}

fn guide(shows: BrowserShows) -> BrowserGuide {
    let (label, advice) = match shows {
        BrowserShows::Login => (
            "A login page",
            "Log in and agree there. The browser then comes back here by itself.",
        ),
        BrowserShows::Error => (
            "An error page",
            "The server refused the request before it could send the browser back, so its reason \
             stands on that page alone. Compare it with the values that were sent, below: most \
             often the redirect URI or the client is not known there.",
        ),
        BrowserShows::Success => (
            "A success page",
            "If its address is that of the callback, paste the whole address below. If it is a page \
             of the server, the server did not send the browser back to the callback.",
        ),
        BrowserShows::Nothing => (
            "Nothing",
            "Copy the URL into a browser by hand. If that stays empty too, the server does not \
             answer: check its address and the network.",
        ),
    };
    BrowserGuide {
        shows,
        label: label.into(),
        what: shows.words().into(),
        advice: advice.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_says_what_the_sentence_says() {
        for guide in browser_guides() {
            assert_eq!(guide.label.to_lowercase(), guide.what);
            assert!(guide.advice.ends_with('.'));
        }
    }
}
