//! What can be known of a browser that nobody can look into: the page it was sent to, as it answers
//! without cookies. It is asked for once, when nothing was heard for a while or the user sees no
//! way on.

use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep};
use trace::{BrowserShows, Decision, FailureKind, HowOpened, Outcome, Phase, Timestamp};
use wire::{Approver, Sent, Wire};

use crate::env::now;
use crate::journal::lock;
use crate::runner::Runner;

/// Where the browser was sent, and where it is to come back to.
pub(crate) struct SentBrowser {
    pub url: String,
    pub redirect_uri: String,
    pub phase: Phase,
    /// Until when it is waited for.
    pub deadline: Timestamp,
}

/// What a lookout reports.
pub(crate) enum Sighting {
    /// Nothing was heard of the browser for too long.
    Silence,
    /// What was sent to look at the page, and what came back.
    Hop(Box<Sent>),
}

pub(crate) struct Lookout {
    /// The page was not asked for yet, and may be.
    may_look: bool,
    /// `None` when nobody waits for its result any more.
    silence: Option<Pin<Box<Sleep>>>,
    hops: mpsc::UnboundedReceiver<Sent>,
    sender: mpsc::UnboundedSender<Sent>,
    task: JoinSet<()>,
}

impl Lookout {
    /// `after` is how long nothing may be heard; `None` when the page must not be asked for.
    pub fn new(after: Option<Duration>) -> Self {
        let (sender, hops) = mpsc::unbounded_channel();
        Self {
            may_look: after.is_some(),
            silence: after.map(|after| Box::pin(sleep(after))),
            hops,
            sender,
            task: JoinSet::new(),
        }
    }

    /// The browser sent something, so it is no longer silent.
    pub fn hear(&mut self) {
        self.silence = None;
    }

    /// Asks for the page, unless that was done.
    pub fn look(&mut self, wire: &Wire, url: &str, redirect_uri: &str) {
        self.hear();
        if !std::mem::take(&mut self.may_look) {
            return;
        }
        let approver = Approver::new(wire.clone(), Vec::new());
        let (url, redirect_uri) = (url.to_owned(), redirect_uri.to_owned());
        let sender = self.sender.clone();
        self.task.spawn(async move {
            let mut on_hop = move |sent: Sent| drop(sender.send(sent));
            approver.look(&url, &redirect_uri, &mut on_hop).await;
        });
    }

    /// The next thing to report. Waits for ever when there is nothing.
    pub async fn next(&mut self) -> Sighting {
        let Self { silence, hops, .. } = self;
        let quiet = async {
            match silence {
                Some(silence) => silence.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(hop) = hops.recv() => Sighting::Hop(Box::new(hop)),
            () = quiet => Sighting::Silence,
        }
    }

    /// Stops it, and returns what was not reported yet.
    pub async fn end(&mut self) -> Vec<Sent> {
        self.task.shutdown().await;
        let mut rest = Vec::new();
        while let Ok(hop) = self.hops.try_recv() {
            rest.push(hop);
        }
        rest
    }
}

impl Runner {
    pub(crate) fn lookout(&self, url: &str, how: HowOpened) -> Lookout {
        let unseen = matches!(how, HowOpened::System | HowOpened::Shown);
        let after = Duration::from_secs(self.options.callback.probe_after_seconds.into());
        Lookout::new((unseen && is_good_twice(url)).then_some(after))
    }

    /// Takes what the user sees in the browser.
    pub(crate) fn browser_shows(
        &mut self,
        shows: BrowserShows,
        sent: &SentBrowser,
        lookout: &mut Lookout,
    ) {
        lock(&self.journal).decide(now(), sent.phase, Decision::BrowserShows { shows });
        match shows {
            BrowserShows::Error | BrowserShows::Nothing => {
                lookout.look(&self.wire, &sent.url, &sent.redirect_uri);
            }
            BrowserShows::Login | BrowserShows::Success => lookout.hear(),
        }
        self.report_waiting();
    }

    pub(crate) fn sighted(
        &mut self,
        sighting: Sighting,
        sent: &SentBrowser,
        lookout: &mut Lookout,
    ) {
        match sighting {
            Sighting::Silence => lookout.look(&self.wire, &sent.url, &sent.redirect_uri),
            Sighting::Hop(hop) => {
                self.record_fetches();
                lock(&self.journal).probed(sent.phase, *hop);
                self.report_waiting();
            }
        }
    }

    /// Records what was still on its way when the wait for the browser ended.
    pub(crate) async fn end_lookout(&mut self, mut lookout: Lookout, phase: Phase, stopped: bool) {
        for mut hop in lookout.end().await {
            if let Outcome::Failure(failure) = &mut hop.outcome
                && failure.kind == FailureKind::Cancelled
                && !stopped
            {
                failure.message = "The wait for the browser ended before an answer came.".into();
            }
            lock(&self.journal).probed(phase, hop);
        }
    }
}

/// Whether the authorization URL is good for more than the browser's own request: what was pushed
/// is good once (RFC 9126 section 2.2), and a signed request may be as well.
pub(crate) fn is_good_twice(url: &str) -> bool {
    let once = |name: &str| matches!(name, "request_uri" | "request");
    !trace::query_pairs(url).iter().any(|pair| once(&pair.name))
}
