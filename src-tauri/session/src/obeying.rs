//! What the user tells a session to do, between two steps and in the middle of one.

use flow::{Flow, Hand, Next};
use trace::{Phase, Request};

use crate::contract::AppError;
use crate::documents::Documents;
use crate::options::{Action, ClientMetadata, Registration};
use crate::rows::action_title;
use crate::runner::{Meanwhile, Runner, invalid, not_now, now, random};
use crate::session::{Command, Reply, lock};
use crate::setup;

impl Runner {
    /// Carries out a command between two steps. True with it: a step is to be done.
    pub async fn obey(&mut self, command: Command) -> (Result<(), AppError>, bool) {
        let next = self.flow.next(&self.setup, now());
        let has_step =
            matches!(*next, Next::Send(_) | Next::SendBoth(_) | Next::Browse(_)) && !self.ended;
        let nothing_to_do = || not_now("There is no step to do: the run is over.");
        match command {
            Command::Next if has_step => (Ok(()), true),
            Command::Run if has_step => {
                self.running = true;
                (Ok(()), false)
            }
            Command::Next | Command::Run => (Err(nothing_to_do()), false),
            Command::Pause => (Ok(()), false),
            Command::Stop => {
                if !self.ended {
                    let phase = self.phase();
                    self.end(phase);
                }
                (Ok(()), false)
            }
            Command::GoOn => match self.flow.to_owned().go_on_anyway().filter(|_| !self.ended) {
                Some(judged) => {
                    let phase = self.phase();
                    self.take(judged, phase).await;
                    (Ok(()), false)
                }
                None => (
                    Err(not_now(
                        "The flow has not stopped at a place where one can go on.",
                    )),
                    false,
                ),
            },
            Command::Rewind(seq) => (self.rewind(seq), false),
            Command::Edit(request) => (self.edit(request, has_step), false),
            Command::PasteCallback(_) | Command::OpenBrowser => {
                (Err(not_now("No callback is being waited for.")), false)
            }
            Command::Act(action) => (self.act(action).await, false),
            Command::ChooseAuthorizationServer(issuer) => {
                (self.choose_authorization_server(issuer).await, false)
            }
            Command::ChooseRegistration(registration) => {
                (self.choose_registration(registration).await, false)
            }
            Command::Replay => {
                self.reporter.forget();
                self.report(None);
                (Ok(()), false)
            }
            Command::TokensChanged => {
                self.reporter.read_tokens(&self.vault).await;
                self.report(None);
                (Ok(()), false)
            }
        }
    }

    /// Answers a command that came while a request was under way.
    pub fn meanwhile(&mut self, command: Command, reply: Reply) -> Meanwhile {
        let (result, meanwhile) = match command {
            Command::Stop => (Ok(()), Meanwhile::BreakOff),
            Command::Pause => {
                self.running = false;
                (Ok(()), Meanwhile::GoOn)
            }
            Command::Run => {
                self.running = true;
                (Ok(()), Meanwhile::GoOn)
            }
            Command::TokensChanged => (Ok(()), Meanwhile::GoOn),
            Command::Replay => {
                self.reporter.forget();
                self.report(self.reporter.last_status());
                (Ok(()), Meanwhile::GoOn)
            }
            _ => (Err(not_now("A request is under way.")), Meanwhile::GoOn),
        };
        let _ = reply.send(result);
        meanwhile
    }

    async fn act(&mut self, action: Action) -> Result<(), AppError> {
        let kind = action.kind;
        let action = flow::Action {
            kind,
            call: action.call.as_ref().map(setup::call),
        };
        let mut flow = self.flow.to_owned();
        flow.facts.registered.clone_from(&self.registered);
        let begun = flow.act(&self.setup, action);
        let begun =
            begun.ok_or_else(|| not_now(&format!("{}: not possible here.", action_title(kind))))?;
        self.ended = false;
        self.take(begun, Phase::Extra).await;
        self.running = matches!(
            *self.flow.next(&self.setup, now()),
            Next::Send(_) | Next::SendBoth(_) | Next::Browse(_)
        );
        Ok(())
    }

    async fn choose_authorization_server(&mut self, issuer: String) -> Result<(), AppError> {
        let chosen = self
            .flow
            .clone()
            .with_authorization_server(&issuer)
            .filter(|_| !self.ended);
        let offered = "authorization server: expected one that the resource metadata names, got";
        let chosen = chosen.ok_or_else(|| invalid(format!("{offered} \"{issuer}\"")))?;
        self.setup.issuer = Some(issuer);
        self.edited = None;
        self.take(chosen, Phase::ServerMetadata).await;
        Ok(())
    }

    async fn choose_registration(&mut self, chosen: Registration) -> Result<(), AppError> {
        let registration = setup::registration(&chosen)?;
        if registration == flow::Registration::Cimd
            && self.documents.is_none()
            && self.setup.client_metadata_url.is_none()
        {
            // Nothing was arranged for it: we serve the document ourselves.
            let here = ClientMetadata {
                serve: true,
                ..ClientMetadata::default()
            };
            self.documents = Documents::open(&here)?;
            self.setup.client_metadata_url = self
                .documents
                .as_ref()
                .map(|documents| documents.url().to_owned());
        }
        let again = self
            .flow
            .to_owned()
            .registering_anew()
            .filter(|_| !self.ended);
        let again = again
            .ok_or_else(|| not_now("There is no authorization server to register with yet."))?;
        self.setup.registration = registration;
        self.options.registration = chosen;
        self.edited = None;
        self.take(again, Phase::Registration).await;
        Ok(())
    }

    fn rewind(&mut self, seq: u32) -> Result<(), AppError> {
        let gone = format!("row {seq}: expected a row of the present branch, got one that is not");
        let flow = lock(&self.journal)
            .rewind(seq, now())
            .ok_or_else(|| invalid(gone))?;
        let flow = Flow::clone(&flow).renewed(&mut Hand {
            now: now(),
            random: &mut random,
        });
        self.flow = flow.into();
        self.edited = None;
        self.ended = false;
        self.listener = None;
        lock(&self.journal).mark(self.flow.state());
        self.report(None);
        Ok(())
    }

    fn edit(&mut self, request: Option<Request>, has_step: bool) -> Result<(), AppError> {
        if !has_step {
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
