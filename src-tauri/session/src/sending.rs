//! Sending what comes next: one request, two at once, or one that has to wait for its time.

use std::pin::pin;

use flow::{Plan, StepOutcome};
use trace::{Purpose, Timestamp};
use wire::Sent;

use crate::env::{judge, now, with_env};
use crate::inbox::{Command, Stop};
use crate::journal::{ByHand, lock};
use crate::runner::Runner;
use crate::state::Status;

/// How the wait for a request's time ended.
enum Waited {
    ItIsTime,
    Paused,
}

impl Runner {
    /// Sends a request when its time has come. Returns whether it was sent.
    pub async fn send(&mut self, plan: Plan) -> Result<bool, Stop> {
        if let Some(not_before) = plan.not_before {
            match self.wait(not_before).await? {
                Waited::ItIsTime => {}
                Waited::Paused => return Ok(false),
            }
        }
        let edited = self.edited.take();
        let request = with_env(|env| match &edited {
            Some(edited) => plan.sign_edited(edited.clone(), env),
            None => self.wire.complete(&plan.sign(env)),
        });
        self.report(Some(Status::Sending));
        let started = now();
        let wire = self.wire.clone();
        // Where an edited request goes is the user's own decision.
        let credentials: &[_] = if edited.is_some() {
            &[]
        } else {
            &plan.credentials
        };
        // What a tool does may be done once only.
        let calls_tool = matches!(&plan.purpose, Purpose::Mcp { method } if method == "tools/call");
        let answered = if calls_tool {
            self.attend(wire.send(request.clone(), credentials)).await
        } else {
            let sending = wire.send_repeatable(request.clone(), credentials);
            self.attend(sending).await
        };
        self.record_fetches();
        self.record_visits();
        let mut hand = ByHand {
            edited: edited.is_some(),
            answered: None,
        };
        let mut sent = match answered {
            Ok(sent) => sent,
            Err(stop) => {
                let sent = Sent::cancelled(request, started);
                lock(&self.journal).sent(&plan, hand, sent, None);
                return Err(stop);
            }
        };
        match self.hold(&plan, &mut sent).await {
            Ok(answered) => hand.answered = answered,
            Err(stop) => {
                lock(&self.journal).sent(&plan, hand, sent, None);
                return Err(stop);
            }
        }
        let seen = StepOutcome::Answer {
            request: &sent.request,
            outcome: &sent.outcome,
        };
        let mut judged = judge(&self.flow, &self.setup, seen);
        // A request that only reads can be repeated.
        if sent.lost.is_some() && sent.request.method != "GET" {
            judged = judged.sent_twice();
        }
        lock(&self.journal).sent(&plan, hand, sent, judged.verdict.clone());
        self.take(judged, plan.phase).await?;
        self.break_at_findings().await?;
        Ok(true)
    }

    /// Sends two requests at the same time. When the user stops, an answer that is there already is
    /// recorded, and the request without one as broken off.
    pub async fn send_both(&mut self, plans: &[Plan; 2]) -> Result<(), Stop> {
        self.edited = None;
        self.report(Some(Status::Sending));
        let started = now();
        let requests = plans
            .each_ref()
            .map(|plan| self.wire.complete(&with_env(|env| plan.sign(env))));
        let wire = self.wire.clone();
        let mut answers = [None, None];
        let ended = {
            let [first, second] = requests.clone();
            let mut first = pin!(wire.send(first, &plans[0].credentials));
            let mut second = pin!(wire.send(second, &plans[1].credentials));
            let [first_answer, second_answer] = &mut answers;
            self.attend(async {
                while first_answer.is_none() || second_answer.is_none() {
                    tokio::select! {
                        sent = &mut first, if first_answer.is_none() => *first_answer = Some(sent),
                        sent = &mut second, if second_answer.is_none() => {
                            *second_answer = Some(sent);
                        }
                    }
                }
            })
            .await
        };
        let [first_request, second_request] = requests;
        let [first_answer, second_answer] = answers;
        let mut first = first_answer.unwrap_or_else(|| Sent::cancelled(first_request, started));
        let mut second = second_answer.unwrap_or_else(|| Sent::cancelled(second_request, started));
        let mut hands = [ByHand::default(), ByHand::default()];
        let ended = match ended {
            Ok(()) => self
                .hold_both(plans, [&mut first, &mut second])
                .await
                .map(|answered| hands = answered),
            Err(stop) => Err(stop),
        };
        let judged = ended.map(|()| {
            let seen = StepOutcome::Answers([&first.outcome, &second.outcome]);
            judge(&self.flow, &self.setup, seen)
        });
        let (verdict, second_verdict) = match &judged {
            Ok(judged) => (judged.verdict.clone(), judged.second_verdict.clone()),
            Err(_) => (None, None),
        };
        {
            let mut journal = lock(&self.journal);
            let [first_hand, second_hand] = hands;
            journal.sent(&plans[0], first_hand, first, verdict);
            journal.sent(&plans[1], second_hand, second, second_verdict);
        }
        self.take(judged?, plans[0].phase).await?;
        self.break_at_findings().await
    }

    /// Lets the time pass until a request may be sent.
    async fn wait(&mut self, until: Timestamp) -> Result<Waited, Stop> {
        let status = self.waiting_status(until);
        self.report(Some(status));
        let mut timer = pin!(tokio::time::sleep(until.since(now())));
        loop {
            tokio::select! {
                biased;
                command = self.inbox.recv() => match command {
                    Some((Command::OpenBrowser, reply)) => {
                        let _ = reply.send(self.open_verification_page());
                    }
                    Some((Command::Pause, reply)) => {
                        self.running = false;
                        let _ = reply.send(Ok(()));
                        return Ok(Waited::Paused);
                    }
                    other => self.command_while_busy(other)?,
                },
                () = &mut timer => return Ok(Waited::ItIsTime),
            }
        }
    }

    fn waiting_status(&self, next_poll: Timestamp) -> Status {
        match self.flow.device() {
            Some(device) => Status::AwaitingDevice {
                user_code: device.user_code.clone(),
                verification_uri: device.verification_uri.clone(),
                verification_uri_complete: device.verification_uri_complete.clone(),
                deadline: device.expires_at,
                next_poll,
            },
            None => Status::Sending,
        }
    }

    /// Records who fetched our client metadata document since it was last looked at.
    pub fn record_fetches(&mut self) {
        let Some(documents) = &mut self.documents else {
            return;
        };
        let issuer = self.flow.facts.issuer.as_deref();
        while let Some(fetched) = documents.fetched() {
            lock(&self.journal).fetched(issuer, fetched);
        }
    }
}
