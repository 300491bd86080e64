//! The login in a browser that is watched.

use browser::{Seen, Settings, Watch};
use flow::options::Browser;
use trace::{Decision, Phase};

use crate::env::now;
use crate::error::{AppError, ErrorCode, not_now};
use crate::inbox::Stop;
use crate::journal::lock;
use crate::lookout::{SentBrowser, is_good_twice};
use crate::runner::Runner;

impl Runner {
    /// Opens a browser that is watched, where that is wanted. Where it cannot be, this is recorded,
    /// and the system's browser takes its place.
    pub(crate) async fn watch(
        &mut self,
        url: &str,
        redirect_uri: &str,
        phase: Phase,
    ) -> Result<Option<Watch>, Stop> {
        if self.options.browser != Browser::Watch {
            return Ok(None);
        }
        match self.open_watch(url, redirect_uri).await? {
            Ok(watch) => Ok(Some(watch)),
            Err(why) => {
                self.not_watched(why, phase);
                Ok(None)
            }
        }
    }

    /// Opens one in addition to a browser that has not come back. The callback may come from
    /// either.
    pub(crate) async fn watch_instead(
        &mut self,
        sent: &SentBrowser,
        watch: &mut Option<Watch>,
    ) -> Result<Result<(), AppError>, Stop> {
        if !self.can_watch(&sent.url, watch.is_some()) {
            return Ok(Err(not_now("This browser cannot be watched now.")));
        }
        let opened = self.open_watch(&sent.url, &sent.redirect_uri).await?;
        let opened = opened.map(|opened| *watch = Some(opened));
        Ok(opened.map_err(|why| AppError {
            code: ErrorCode::Browser,
            message: why,
            hint: None,
        }))
    }

    /// Whether a second request may be made of this authorization URL, in a browser that is
    /// watched.
    pub(crate) fn can_watch(&self, url: &str, is_watched: bool) -> bool {
        let away = matches!(
            self.options.browser,
            Browser::Watch | Browser::System | Browser::Show
        );
        away && !is_watched && is_good_twice(url) && self.watching().find_one()
    }

    pub(crate) fn not_watched(&self, why: String, phase: Phase) {
        lock(&self.journal).decide(now(), phase, Decision::BrowserNotWatched { why });
    }

    /// The URL is a server's, so it goes to no other scheme than the system's browser gets.
    async fn open_watch(
        &mut self,
        url: &str,
        redirect_uri: &str,
    ) -> Result<Result<Watch, String>, Stop> {
        if let Err(refused) = wire::may_be_opened(url) {
            return Ok(Err(refused.to_string()));
        }
        let settings = self.watching();
        let opened = Watch::open(&settings, url, redirect_uri);
        let opened = self.attend(opened).await?;
        Ok(opened.map_err(|why| why.to_string()))
    }

    fn watching(&self) -> Settings {
        Settings::of_environment(self.options.network.body_limit)
    }

    /// Closes the browser and records what was not yet recorded of it. A run that the user stops
    /// has nothing more to say.
    pub(crate) async fn leave_browser(&mut self, mut watch: Watch, phase: Phase, goes_on: bool) {
        for hop in watch.end().await {
            lock(&self.journal).watched(phase, hop);
        }
        if goes_on {
            let decision = Decision::BrowserWatched {
                browser: watch.name().to_owned(),
                left_out: watch.left_out(),
            };
            lock(&self.journal).decide(now(), phase, decision);
        }
    }
}

/// What is seen next. Waits for ever when no browser is watched.
pub(crate) async fn seen(watch: &mut Option<Watch>) -> Seen {
    match watch {
        Some(watch) => watch.next().await.unwrap_or(Seen::Closed),
        None => std::future::pending().await,
    }
}
