//! Commands of the user, between two steps and in the middle of one.

use std::pin::pin;
use std::time::Duration;

use flow::options::{Options, Registration};
use flow::{Action, Flow, Next};
use tokio::time::timeout;
use trace::{Phase, Request, action_info};

use crate::documents::Documents;
use crate::env::{now, with_env};
use crate::error::{AppError, invalid, not_now};
use crate::inbox::{Command, Reply, Stop};
use crate::journal::lock;
use crate::runner::Runner;
use crate::setup;
use crate::state::Status;

/// How long a keychain may take before the user is told that the run waits for it.
const NOTICEABLE: Duration = Duration::from_millis(300);

impl Runner {
    /// Carries out a command between two steps. Returns the answer, and whether a step is to be
    /// done next.
    pub async fn command_at_rest(
        &mut self,
        command: Command,
    ) -> Result<(Result<(), AppError>, bool), Stop> {
        if command.moves_the_flow() {
            self.at_breakpoint = None;
        }
        let result = match command {
            Command::Next if self.has_step() => return Ok((Ok(()), true)),
            Command::Run if self.has_step() => {
                self.running = true;
                Ok(())
            }
            Command::Next | Command::Run => {
                Err(not_now("There is no step to do: the run is over."))
            }
            Command::Pause => Ok(()),
            Command::Stop => return Err(Stop(None)),
            Command::GoOn => self.go_on().await?,
            Command::Rewind(seq) => self.rewind(seq),
            Command::Edit(request) => self.edit(request),
            Command::PasteCallback(_)
            | Command::OpenBrowser
            | Command::WatchBrowser
            | Command::BrowserShows(_) => Err(not_now("No callback is being waited for.")),
            Command::Act(action) => self.act(action).await?,
            Command::ChooseAuthorizationServer(issuer) => {
                self.choose_authorization_server(issuer).await?
            }
            Command::ChooseRegistration(registration) => {
                self.choose_registration(registration).await?
            }
            Command::SetBreakpoints(breakpoints) => self.set_breakpoints(breakpoints),
            Command::LetThrough(_) => Err(not_now("No answer is held.")),
            Command::Resend(wanted) => self.resend(wanted).await?,
            Command::TokensChanged => {
                let vault = self.vault.clone();
                let listed = self.attend_keychain(vault.list()).await?;
                self.reporter.tokens_read(&vault, listed);
                self.report(None);
                Ok(())
            }
        };
        Ok((result, false))
    }

    /// Waits for `work` and answers the commands that come meanwhile. Whatever the runner waits for
    /// goes through here, so that a stop is heard at once.
    pub async fn attend<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Stop> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                command = self.inbox.recv() => self.command_while_busy(command)?,
                done = &mut work => return Ok(done),
            }
        }
    }

    /// Waits for the keychain as [`Runner::attend`] does, and says so when it takes its time: it
    /// may be asking the user for a password.
    pub async fn attend_keychain<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Stop> {
        let mut work = pin!(work);
        let at_once = self.attend(timeout(NOTICEABLE, &mut work)).await?;
        if let Ok(done) = at_once {
            return Ok(done);
        }
        self.report(Some(Status::AwaitingKeychain));
        self.attend(work).await
    }

    /// Answers a command that came while something is under way. Without a command, nobody holds
    /// the session any more.
    pub fn command_while_busy(&mut self, command: Option<(Command, Reply)>) -> Result<(), Stop> {
        let Some((command, reply)) = command else {
            return Err(Stop(None));
        };
        let result = match command {
            Command::Stop => return Err(Stop(Some(reply))),
            Command::Pause => {
                self.running = false;
                Ok(())
            }
            Command::Run => {
                self.running = true;
                Ok(())
            }
            Command::TokensChanged => Ok(()),
            Command::SetBreakpoints(breakpoints) => self.set_breakpoints(breakpoints),
            _ => Err(not_now("A step is under way.")),
        };
        let _ = reply.send(result);
        Ok(())
    }

    fn has_step(&mut self) -> bool {
        let next = self.flow.next(&self.setup);
        !self.ended && matches!(next, Next::Send(_) | Next::SendBoth(_) | Next::Browse(_))
    }

    async fn go_on(&mut self) -> Result<Result<(), AppError>, Stop> {
        let further = with_env(|env| Flow::clone(&self.flow).go_on_anyway(&self.setup, env));
        let Some(judged) = further.filter(|_| !self.ended) else {
            return Ok(Err(not_now(
                "The flow has not stopped at a place where one can go on.",
            )));
        };
        let phase = self.phase();
        self.take(judged, phase).await.map(Ok)
    }

    async fn act(&mut self, action: Action) -> Result<Result<(), AppError>, Stop> {
        let kind = action.kind;
        let mut flow = Flow::clone(&self.flow);
        flow.facts.registered.clone_from(&self.registered);
        let Some(begun) = flow.act(&self.setup, action) else {
            let title = action_info(kind).title;
            return Ok(Err(not_now(&format!("{title}: not possible here."))));
        };
        self.ended = false;
        self.take(begun, Phase::Extra).await?;
        self.running = self.has_step();
        Ok(Ok(()))
    }

    async fn choose_authorization_server(
        &mut self,
        issuer: String,
    ) -> Result<Result<(), AppError>, Stop> {
        let chosen = with_env(|env| {
            Flow::clone(&self.flow).with_authorization_server(&self.setup, &issuer, env)
        });
        let Some(chosen) = chosen.filter(|_| !self.ended) else {
            let offered = "authorization server: expected one that the resource metadata names";
            return Ok(Err(invalid(format!("{offered}, got \"{issuer}\""))));
        };
        self.setup.issuer = Some(issuer);
        self.edited = None;
        self.take(chosen, Phase::ServerMetadata).await.map(Ok)
    }

    async fn choose_registration(
        &mut self,
        chosen: Registration,
    ) -> Result<Result<(), AppError>, Stop> {
        let again = match self.registering_as(chosen) {
            Ok(again) => again,
            Err(error) => return Ok(Err(error)),
        };
        self.edited = None;
        self.take(again, Phase::Registration).await.map(Ok)
    }

    /// The flow from the registration on, in the way chosen.
    fn registering_as(&mut self, chosen: Registration) -> Result<flow::Transition, AppError> {
        let options = Options {
            registration: chosen,
            ..self.options.clone()
        };
        let options = setup::checked(&options)?;
        let private_key = setup::private_key(&options.registration)?;
        if options.registration == Registration::Cimd
            && self.documents.is_none()
            && self.setup.client_metadata_url.is_none()
        {
            self.documents = Documents::open(&options)?;
            self.setup.client_metadata_url = self
                .documents
                .as_ref()
                .map(|documents| documents.url().to_owned());
        }
        let again = Flow::clone(&self.flow).registering_again();
        let again = again
            .filter(|_| !self.ended)
            .ok_or_else(|| not_now("There is no authorization server to register with yet."))?;
        self.options.registration = options.registration.clone();
        self.setup.registration = options.registration;
        self.setup.private_key = private_key;
        self.typed_secrets.learn(&self.options, &self.setup);
        lock(&self.journal).trace.own_options = self.options.own();
        Ok(again)
    }

    fn rewind(&mut self, seq: u32) -> Result<(), AppError> {
        let gone = format!("row {seq}: expected a row of the present branch, got one that is not");
        let flow = lock(&self.journal)
            .rewind(seq, now())
            .ok_or_else(|| invalid(gone))?;
        let flow = with_env(|env| Flow::clone(&flow).renewed(&self.setup, env));
        self.flow = flow.into();
        self.edited = None;
        self.ended = false;
        self.listener = None;
        lock(&self.journal).mark(self.flow.clone());
        self.report(None);
        Ok(())
    }

    fn edit(&mut self, request: Option<Request>) -> Result<(), AppError> {
        if !self.has_step() {
            return Err(not_now("There is no request to change."));
        }
        if let Some(request) = &request {
            wire::check(request).map_err(invalid)?;
        }
        self.edited = request;
        self.report(None);
        Ok(())
    }
}
