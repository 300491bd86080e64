//! The step in which the browser goes to the authorization server and comes back.

use std::pin::pin;
use std::time::Duration;

use browser::{Seen, Watch};
use flow::{Plan, StepOutcome};
use tokio::sync::mpsc;
use trace::{
    BrowserVisit, EntryKind, HowOpened, Outcome, Phase, Request, StopCode, Timings, Verdict,
};
use wire::{
    Approver, CallbackEnd, CallbackListener, CallbackMethod, CallbackSettings, Received, Sent,
};

use crate::env::{judge, now, with_env};
use crate::error::{AppError, ErrorCode, invalid, not_now};
use crate::inbox::{Command, Reply, Stop};
use crate::journal::lock;
use crate::lookout::{Lookout, SentBrowser};
use crate::runner::Runner;
use crate::state::Status;
use crate::visit::Visit;
use crate::watched::seen;
use flow::options::{Browser, CallbackHost, ResponseMode};

/// How the wait for a callback ended.
enum End {
    Received(Received),
    Pasted(Request),
    Failed(StopCode, String),
}

impl Runner {
    /// Opens the listener; the port of this run's earlier one is taken again where it can be, since
    /// that is the one registered.
    pub(crate) fn listen(&mut self) -> Result<String, String> {
        self.listener = None;
        // Its redirect URI leads elsewhere, so no callback comes here.
        if let Some(hosted) = self.setup.profile.filter(|profile| profile.hosted) {
            return Ok(hosted.play.redirect_uri.clone());
        }
        let earlier = self.flow.facts.redirect_uri.as_deref().and_then(port_of);
        let earlier = earlier.or_else(|| self.setup.profile.and_then(crate::played::port));
        let open = |port| CallbackListener::open(&self.callback_settings(port));
        let opened = match (self.options.callback.port, earlier) {
            (Some(fixed), _) => open(Some(fixed)),
            (None, Some(earlier)) => open(Some(earlier)).or_else(|_| open(None)),
            (None, None) => open(None),
        };
        let listener = opened.map_err(|error| error.to_string())?;
        let redirect_uri = listener.redirect_uri().to_owned();
        self.listener = Some(listener);
        Ok(redirect_uri)
    }

    pub(crate) async fn browse(&mut self, plan: Plan) -> Result<(), Stop> {
        let request = self.edited.take().unwrap_or_else(|| plan.request.clone());
        let request = with_env(|env| plan.sign_edited(request, env));
        let url = request.url;
        if self.listener.is_none()
            && let Err(message) = self.reopen()
        {
            let judged = judge(
                &self.flow,
                &self.setup,
                StepOutcome::Failed {
                    code: StopCode::ListenerFailed,
                    message: &message,
                },
            );
            return self.take(judged, plan.phase).await;
        }
        let Some(listener) = self.listener.take() else {
            return Ok(());
        };
        let redirect_uri = listener.redirect_uri().to_owned();
        let mut watch = self.watch(&url, &redirect_uri, plan.phase).await?;
        let how = match &watch {
            Some(_) => HowOpened::Watched,
            None => self.send_browser(&url),
        };
        self.reporter.listening = Some(redirect_uri.clone());
        let sent = SentBrowser {
            url,
            redirect_uri,
            phase: plan.phase,
            deadline: now().plus(self.callback_timeout()),
        };
        self.opened(&sent, how);
        let (hops, mut hopped) = mpsc::unbounded_channel();
        let mut lookout = self.lookout(&sent.url, how);
        let end = self
            .await_callback(
                listener,
                &sent,
                (hops, &mut hopped),
                &mut lookout,
                &mut watch,
            )
            .await;
        self.reporter.listening = None;
        self.end_lookout(lookout, plan.phase, end.is_err()).await;
        // The approver is gone by now; what it did last is still in the channel.
        while let Ok(hop) = hopped.try_recv() {
            lock(&self.journal).browsed(plan.phase, hop);
        }
        if let Some(watch) = watch {
            self.leave_browser(watch, plan.phase, end.is_ok()).await;
        }
        self.come_back(end?, plan.phase).await
    }

    /// Records that the browser was sent there, and that it is waited for.
    fn opened(&mut self, sent: &SentBrowser, how: HowOpened) {
        let url = sent.url.clone();
        let visit = BrowserVisit {
            url: url.clone(),
            how,
        };
        lock(&self.journal).push(now(), sent.phase, EntryKind::BrowserOpened(visit));
        self.report(Some(Status::AwaitingCallback {
            can_watch: self.can_watch(&url, how == HowOpened::Watched),
            authorization_url: url,
            how,
            deadline: sent.deadline,
        }));
    }

    async fn await_callback(
        &mut self,
        listener: CallbackListener,
        sent: &SentBrowser,
        (hops, hopped): (
            mpsc::UnboundedSender<Sent>,
            &mut mpsc::UnboundedReceiver<Sent>,
        ),
        lookout: &mut Lookout,
        watch: &mut Option<Watch>,
    ) -> Result<End, Stop> {
        let SentBrowser {
            url,
            redirect_uri,
            phase,
            ..
        } = sent;
        let phase = *phase;
        let state = self.flow.expected_state(&self.setup);
        // Where Authscope itself follows the redirect, nobody else's request is in between.
        let ours = matches!(self.options.browser, Browser::Approver { .. });
        let (strays, mut strayed) = mpsc::unbounded_channel();
        let mut receiving = pin!(async move {
            if ours {
                listener.received(state).await
            } else {
                listener.received_among_strays(state, strays).await
            }
        });
        let mut approving = pin!(self.approve(url, redirect_uri, hops));
        let mut approver_done = !ours;
        loop {
            tokio::select! {
                biased;
                Some(hop) = hopped.recv() => {
                    self.record_fetches();
                    lock(&self.journal).browsed(phase, hop);
                    self.report_waiting();
                }
                Some(stray) = strayed.recv() => {
                    let verdict = Verdict::rejected("not the state that was sent");
                    let sent = as_sent(stray);
                    lock(&self.journal).called_back(phase, "not taken", sent, Some(verdict));
                    self.report_waiting();
                }
                command = self.inbox.recv() => {
                    if let Some((Command::WatchBrowser, reply)) = command {
                        let opened = self.watch_instead(sent, watch).await?;
                        if opened.is_ok() {
                            lookout.hear();
                            self.opened(sent, HowOpened::Watched);
                        }
                        let _ = reply.send(opened);
                        continue;
                    }
                    let end = self.command_while_browsing(command, sent, lookout)?;
                    if let Some(end) = end {
                        return Ok(end);
                    }
                }
                sighting = lookout.next() => self.sighted(sighting, sent, lookout),
                received = &mut receiving => return match received {
                    Ok(received) => Ok(End::Received(received)),
                    Err(CallbackEnd::TimedOut { .. }) => {
                        Ok(End::Failed(StopCode::CallbackTimeout, self.timeout_message()))
                    }
                    Err(error @ CallbackEnd::GaveUp { .. }) => {
                        Ok(End::Failed(StopCode::CallbackTimeout, error.to_string()))
                    }
                    Err(error @ CallbackEnd::NotStarted { .. }) => {
                        Ok(End::Failed(StopCode::ListenerFailed, error.to_string()))
                    }
                },
                seen = seen(watch) => match seen {
                    Seen::Hop(hop) => {
                        self.record_fetches();
                        lock(&self.journal).watched(phase, *hop);
                        self.report_waiting();
                    }
                    Seen::Closed => {
                        let why = "The browser was closed before it came back.";
                        return Ok(End::Failed(StopCode::BrowserClosed, why.into()));
                    }
                },
                stuck = &mut approving, if !approver_done => match stuck {
                    Ok(()) => approver_done = true,
                    Err(why) => return Ok(End::Failed(StopCode::ApproverStuck, why)),
                },
            }
        }
    }

    /// Records how the wait ended, and takes the flow on from there.
    async fn come_back(&mut self, end: End, phase: Phase) -> Result<(), Stop> {
        let (label, sent) = match end {
            End::Failed(code, message) => {
                let judged = judge(
                    &self.flow,
                    &self.setup,
                    StepOutcome::Failed {
                        code,
                        message: &message,
                    },
                );
                return self.take(judged, phase).await;
            }
            End::Received(received) => ("", as_sent(received)),
            End::Pasted(request) => {
                let page = trace::Response {
                    status: 200,
                    headers: Vec::new(),
                    body: trace::Body::empty(),
                };
                let outcome = Outcome::Response(page);
                let sent = Sent {
                    request,
                    outcome,
                    started: now(),
                    timings: Timings::default(),
                    connection: None,
                    lost: None,
                };
                ("pasted by hand", sent)
            }
        };
        let judged = judge(
            &self.flow,
            &self.setup,
            StepOutcome::Callback {
                request: &sent.request,
            },
        );
        self.record_fetches();
        lock(&self.journal).called_back(phase, label, sent, judged.verdict.clone());
        self.take(judged, phase).await
    }

    fn command_while_browsing(
        &mut self,
        command: Option<(Command, Reply)>,
        sent: &SentBrowser,
        lookout: &mut Lookout,
    ) -> Result<Option<End>, Stop> {
        match command {
            Some((Command::BrowserShows(shows), reply)) => {
                self.browser_shows(shows, sent, lookout);
                let _ = reply.send(Ok(()));
            }
            Some((Command::PasteCallback(pasted), reply)) => {
                match wire::parse_pasted(&pasted, &sent.redirect_uri) {
                    Ok(request) => {
                        let _ = reply.send(Ok(()));
                        return Ok(Some(End::Pasted(request)));
                    }
                    Err(error) => drop(reply.send(Err(invalid(error.to_string())))),
                }
            }
            Some((Command::OpenBrowser, reply)) => {
                let opened = wire::open_browser(&sent.url).map_err(|error| AppError {
                    code: ErrorCode::Browser,
                    message: error.to_string(),
                    hint: Some("Copy the URL and open it in any browser on this machine.".into()),
                });
                let _ = reply.send(opened);
            }
            other => {
                self.command_while_busy(other)?;
                self.report_waiting();
            }
        }
        Ok(None)
    }

    /// Sends the user to the page where a device is approved, while the polls go on.
    pub(crate) fn show_verification_page(&mut self, url: String, phase: Phase) {
        if self.options.browser == Browser::Watch {
            self.not_watched("this page leads back to no client.".into(), phase);
        }
        let how = self.send_browser(&url);
        let visit = BrowserVisit {
            url: url.clone(),
            how,
        };
        lock(&self.journal).push(now(), phase, EntryKind::BrowserOpened(visit));
        let Browser::Approver { form } = &self.options.browser else {
            return;
        };
        let mut approver = Approver::new(self.wire.clone(), form.clone())
            .remembering(self.browser.clone())
            .at_most(self.options.limits.login_requests);
        // A page that asks for the code gets it, as from a user.
        if let Some(device) = self.flow.device() {
            approver = approver.code("user_code", &device.user_code);
        }
        self.visit = Some(Visit::begin(approver, url));
    }

    /// Records what the approver did at the verification page since it was last looked at.
    pub(crate) fn record_visits(&mut self) {
        let Some(visit) = &mut self.visit else {
            return;
        };
        while let Ok(hop) = visit.hops.try_recv() {
            lock(&self.journal).browsed(Phase::Authorization, hop);
        }
    }

    /// Opens that page once more.
    pub(crate) fn open_verification_page(&self) -> Result<(), AppError> {
        let device = self.flow.device();
        let device = device.ok_or_else(|| not_now("No page is being waited for."))?;
        let url = device
            .verification_uri_complete
            .as_ref()
            .unwrap_or(&device.verification_uri);
        wire::open_browser(url).map_err(|error| AppError {
            code: ErrorCode::Browser,
            message: error.to_string(),
            hint: Some("Open the address in any browser and enter the code.".into()),
        })
    }

    /// Reports new rows, or another mode, during the same wait.
    pub(crate) fn report_waiting(&mut self) {
        let status = self.reporter.last_status();
        self.report(status);
    }

    fn send_browser(&self, url: &str) -> HowOpened {
        match &self.options.browser {
            Browser::Show => HowOpened::Shown,
            Browser::Approver { .. } => HowOpened::Approver,
            Browser::System | Browser::Watch => match wire::open_browser(url) {
                Ok(()) => HowOpened::System,
                Err(error) => {
                    tracing::warn!(%error, "no browser was started");
                    HowOpened::Shown
                }
            },
        }
    }

    /// Stands in for the browser, where that is wanted, up to the delivery of the callback.
    fn approve(
        &self,
        url: &str,
        redirect_uri: &str,
        hops: mpsc::UnboundedSender<Sent>,
    ) -> impl Future<Output = Result<(), String>> + use<> {
        let form = match &self.options.browser {
            Browser::Approver { form } => Some(form.clone()),
            _ => None,
        };
        let (wire, url, redirect_uri) =
            (self.wire.clone(), url.to_owned(), redirect_uri.to_owned());
        let memory = self.browser.clone();
        let most = self.options.limits.login_requests;
        async move {
            let Some(form) = form else { return Ok(()) };
            let mut on_hop = move |sent: Sent| drop(hops.send(sent));
            let mut approver = Approver::new(wire.clone(), form)
                .remembering(memory)
                .at_most(most);
            let callback = approver.approve(&url, &redirect_uri, &mut on_hop).await;
            let callback = callback.map_err(|stuck| stuck.to_string())?;
            // The listener records this one: it is the callback itself.
            let method = callback.method.clone();
            match wire.send(callback, &[]).await.outcome {
                Outcome::Response(response) if response.status == 405 => Err(format!(
                    "the answer came by {method}, which is not waited for"
                )),
                _ => Ok(()),
            }
        }
    }

    /// Opens the listener again, at the redirect URI that the flow has.
    fn reopen(&mut self) -> Result<(), String> {
        let port = self.flow.facts.redirect_uri.as_deref().and_then(port_of);
        let listener = CallbackListener::open(&self.callback_settings(port))
            .map_err(|error| error.to_string())?;
        self.listener = Some(listener);
        Ok(())
    }

    fn callback_settings(&self, port: Option<u16>) -> CallbackSettings {
        let callback = &self.options.callback;
        CallbackSettings {
            host: match callback.host {
                CallbackHost::V4 => wire::CallbackHost::V4,
                CallbackHost::Localhost => wire::CallbackHost::Localhost,
                CallbackHost::V6 => wire::CallbackHost::V6,
            },
            port,
            path: callback.path.clone(),
            timeout: self.callback_timeout(),
            method: match self.setup.authorization.response_mode {
                ResponseMode::FormPost => CallbackMethod::FormPost,
                ResponseMode::Query => CallbackMethod::Query,
            },
        }
    }

    fn callback_timeout(&self) -> Duration {
        Duration::from_secs(self.options.callback.timeout_seconds.into())
    }

    fn timeout_message(&self) -> String {
        let seconds = self.options.callback.timeout_seconds;
        format!("The browser did not come back within {seconds} seconds.")
    }
}

/// What came to the listener, as it is recorded.
fn as_sent(received: Received) -> Sent {
    let timings = Timings {
        total: received.took,
        ..Timings::default()
    };
    Sent {
        request: received.request,
        outcome: Outcome::Response(received.response),
        started: received.at,
        timings,
        connection: None,
        lost: None,
    }
}

fn port_of(redirect_uri: &str) -> Option<u16> {
    url::Url::parse(redirect_uri).ok()?.port()
}
