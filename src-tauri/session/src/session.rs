//! The handle of a session: what a front-end holds and calls.

use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, oneshot, watch};
use trace::{BrowserShows, Outcome, Request, Secret, Trace};
use vault::Vault;
use wire::BrowserMemory;

use crate::breakpoints::Breakpoint;
use crate::error::{AppError, ErrorCode};
use crate::inbox::{Command, Reply, Resend};
use crate::journal::{Journal, lock};
use crate::runner::Runner;
use crate::state::{Event, Keep};
use crate::typed_secrets::TypedSecrets;
use flow::Action;
use flow::options::{Options, Registration};

/// A flow being run. Commands are carried out by a task of its own, in the order they come.
pub struct Session {
    options: Options,
    commands: mpsc::UnboundedSender<(Command, Reply)>,
    journal: Arc<Mutex<Journal>>,
    typed_secrets: TypedSecrets,
    at_rest: watch::Receiver<bool>,
}

impl Session {
    /// Starts a session; it waits for [`Session::next`] or [`Session::run`]. Every change comes
    /// over the channel, in order, none left out.
    ///
    /// # Errors
    /// When an option cannot be used: the message names the field.
    pub async fn start(
        options: Options,
        vault: Vault,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Event>), AppError> {
        Self::start_kept(options, vault, None, BrowserMemory::default()).await
    }

    /// The same, and each entry is given to `keep` before anything else happens. The headless
    /// browser remembers what it shares with other runs.
    ///
    /// # Errors
    /// As for [`Session::start`].
    pub async fn start_kept(
        options: Options,
        vault: Vault,
        keep: Option<Keep>,
        browser: BrowserMemory,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Event>), AppError> {
        let (events, receiver) = mpsc::unbounded_channel();
        let (commands, inbox) = mpsc::unbounded_channel();
        let (resting, at_rest) = watch::channel(false);
        let mut runner = Runner::new(options.clone(), vault, events, inbox, resting)?;
        runner.browser = browser;
        runner.reporter.keep = keep.map(|keep| (keep, runner.typed_secrets.clone()));
        let journal = runner.journal();
        let typed_secrets = runner.typed_secrets.clone();
        tokio::spawn(runner.live());
        Ok((
            Self {
                options,
                commands,
                journal,
                typed_secrets,
                at_rest,
            },
            receiver,
        ))
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The secrets that the user typed in for this run, each with its name as a request or a form
    /// has it: `client_secret`, `assertion`, `password`. Every output has to redact them.
    pub fn typed_secrets(&self) -> Vec<(String, Secret)> {
        self.typed_secrets.all()
    }

    /// Does the next step and waits again.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] while a step is under way or when there is none.
    pub async fn next(&self) -> Result<(), AppError> {
        self.send(Command::Next).await
    }

    /// Does step after step until something stops it.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] when there is no step to do.
    pub async fn run(&self) -> Result<(), AppError> {
        self.send(Command::Run).await
    }

    /// Waits again after the step that is under way.
    ///
    /// # Errors
    /// Only when the session is gone.
    pub async fn pause(&self) -> Result<(), AppError> {
        self.send(Command::Pause).await
    }

    /// Ends the run. What is under way is broken off and recorded as that; what was recorded stays.
    /// Answered as soon as that is done, whatever is being waited for. A run that is over stays as
    /// it is.
    ///
    /// # Errors
    /// Only when the session is gone.
    pub async fn stop(&self) -> Result<(), AppError> {
        self.send(Command::Stop).await
    }

    /// Ends the run as [`Session::stop`] does, without waiting until it has ended.
    pub fn signal_stop(&self) {
        let (reply, _) = oneshot::channel();
        // A session that is gone has stopped.
        let _ = self.commands.send((Command::Stop, reply));
    }

    /// Goes on where the specification says to stop.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] unless the flow stopped at such a place.
    pub async fn go_on(&self) -> Result<(), AppError> {
        self.send(Command::GoOn).await
    }

    /// Goes back to before the step that made entry `seq`. What is abandoned stays in the trace.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] while a step is under way, [`ErrorCode::Invalid`] when the entry is
    /// not of the present branch.
    pub async fn rewind(&self, seq: u32) -> Result<(), AppError> {
        self.send(Command::Rewind(seq)).await
    }

    /// Replaces the request that is sent next. Without one the change is taken back.
    ///
    /// # Errors
    /// [`ErrorCode::Invalid`] names the part that cannot be sent.
    pub async fn edit(&self, request: Option<Request>) -> Result<(), AppError> {
        self.send(Command::Edit(request)).await
    }

    /// Takes a callback URL that the user copied from a browser elsewhere.
    ///
    /// # Errors
    /// [`ErrorCode::Invalid`] when it is not a URL of the redirect URI that is waited for.
    pub async fn paste_callback(&self, url: String) -> Result<(), AppError> {
        self.send(Command::PasteCallback(url)).await
    }

    /// Opens the authorization URL in the browser once more.
    ///
    /// # Errors
    /// [`ErrorCode::Browser`] when none can be started.
    pub async fn open_browser(&self) -> Result<(), AppError> {
        self.send(Command::OpenBrowser).await
    }

    /// Opens the authorization URL in a browser that is watched, beside the one that stays away.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] unless [`crate::Status::AwaitingCallback`] says that it can be;
    /// [`ErrorCode::Browser`] when it does not start.
    pub async fn watch_browser(&self) -> Result<(), AppError> {
        self.send(Command::WatchBrowser).await
    }

    /// Takes what the user sees in the browser. Where there is no way on, the authorization page is
    /// asked for without cookies, once.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] unless the browser is waited for.
    pub async fn browser_shows(&self, shows: BrowserShows) -> Result<(), AppError> {
        self.send(Command::BrowserShows(shows)).await
    }

    /// Does what the user asks for once there is a token; it runs to its end.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] when it is not among [`crate::RunState::actions`].
    pub async fn act(&self, action: Action) -> Result<(), AppError> {
        self.send(Command::Act(action)).await
    }

    /// Goes on with another of the authorization servers that the resource metadata names.
    ///
    /// # Errors
    /// [`ErrorCode::Invalid`] when it names no such server.
    pub async fn choose_authorization_server(&self, issuer: String) -> Result<(), AppError> {
        self.send(Command::ChooseAuthorizationServer(issuer)).await
    }

    /// Registers in another way, from the authorization server's metadata on.
    ///
    /// # Errors
    /// [`ErrorCode::Invalid`] names what cannot be used; [`ErrorCode::NotNow`] before that metadata
    /// is known.
    pub async fn choose_registration(&self, registration: Registration) -> Result<(), AppError> {
        self.send(Command::ChooseRegistration(registration)).await
    }

    /// Where the run waits from now on, in place of where it did so far. Also while a step is under
    /// way.
    ///
    /// # Errors
    /// [`ErrorCode::Invalid`] names what can never be met; then nothing has changed.
    pub async fn set_breakpoints(&self, breakpoints: Vec<Breakpoint>) -> Result<(), AppError> {
        self.send(Command::SetBreakpoints(breakpoints)).await
    }

    /// Lets the answer that is held at a breakpoint through to the flow: as it came, or this in its
    /// place. What the server sent stays in the trace.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] unless an answer is held, [`ErrorCode::Invalid`] when it is nothing
    /// that a server could have sent.
    pub async fn let_through(&self, changed: Option<Outcome>) -> Result<(), AppError> {
        self.send(Command::LetThrough(changed.map(Box::new))).await
    }

    /// Sends a request of the trace again, beside the flow. Answered when all copies are recorded;
    /// a stop ends them.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] while a step is under way, [`ErrorCode::Invalid`] names what cannot be
    /// sent.
    pub async fn resend(&self, wanted: Resend) -> Result<(), AppError> {
        self.send(Command::Resend(wanted)).await
    }

    /// Says that the vault was changed from outside, so that the tokens shown are read again.
    ///
    /// # Errors
    /// Only when the session is gone.
    pub async fn tokens_changed(&self) -> Result<(), AppError> {
        self.send(Command::TokensChanged).await
    }

    /// The trace as it is now.
    pub fn trace(&self) -> Trace {
        lock(&self.journal).trace.clone()
    }

    /// Waits until nothing is under way and nothing will be without a command: done, stopped, ended
    /// or waiting. All events up to then are in the channel.
    pub async fn rest(&self) {
        let mut at_rest = self.at_rest.clone();
        // An error means that the session is gone, which is rest too.
        let _ = at_rest.wait_for(|rest| *rest).await;
    }

    async fn send(&self, command: Command) -> Result<(), AppError> {
        let gone = || AppError {
            code: ErrorCode::NotNow,
            message: "The session has ended.".into(),
            hint: None,
        };
        let (reply, answer) = oneshot::channel();
        self.commands.send((command, reply)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}
