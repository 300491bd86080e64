//! Sending what comes next: one request, two at once, or one that has to wait for its time.

use flow::{Next, Plan, Seen};
use trace::{Failure, FailureKind, Outcome, Request, Timestamp, Timings};
use wire::Sent;

use crate::runner::{Inbox, Meanwhile, Runner, judge, now};
use crate::session::{Command, lock};
use crate::view::Status;

/// How a wait ended.
enum Waited {
    Long,
    Paused,
    BrokenOff,
}

impl Runner {
    /// False when it was not sent after all.
    pub async fn send(&mut self, mut plan: Plan, inbox: &mut Inbox) -> bool {
        if let Some(not_before) = plan.not_before {
            match self.wait(not_before, inbox).await {
                // What in the request tells the time is told anew after a long wait.
                Waited::Long => {
                    if let Next::Send(renewed) = &*self.flow.next(&self.setup, now()) {
                        plan = renewed.clone();
                    }
                }
                Waited::Paused => return false,
                Waited::BrokenOff => {
                    self.end(plan.phase);
                    return false;
                }
            }
        }
        let edited = self.edited.take();
        let request = edited
            .clone()
            .unwrap_or_else(|| self.wire.complete(&plan.request));
        self.report(Some(Status::Sending));
        let started = now();
        let wire = self.wire.clone();
        let sending = wire.send(request.clone());
        tokio::pin!(sending);
        let sent = loop {
            tokio::select! {
                sent = &mut sending => break Some(sent),
                Some((command, reply)) = inbox.recv() => {
                    if let Meanwhile::BreakOff = self.meanwhile(command, reply) {
                        break None;
                    }
                }
            }
        };
        let broken_off = sent.is_none();
        let sent = sent.unwrap_or_else(|| cancelled(request, started));
        let judged = match broken_off {
            true => None,
            false => {
                let seen = Seen::Answer {
                    request: &sent.request,
                    outcome: &sent.outcome,
                };
                Some(judge(&self.flow, &self.setup, seen))
            }
        };
        let verdict = judged.as_ref().and_then(|judged| judged.verdict.clone());
        self.record_fetches();
        self.record_visits();
        lock(&self.journal).sent(&plan, edited.is_some(), sent, verdict);
        match judged {
            Some(judged) => self.take(judged, plan.phase).await,
            None => self.end(plan.phase),
        }
        true
    }

    /// Sends two requests at the same time.
    pub async fn send_both(&mut self, plans: &[Plan; 2]) {
        self.edited = None;
        self.report(Some(Status::Sending));
        let [first, second] = plans;
        let send = |plan: &Plan| {
            let (wire, request) = (self.wire.clone(), self.wire.complete(&plan.request));
            async move { wire.send(request).await }
        };
        let (one, other) = tokio::join!(send(first), send(second));
        let seen = Seen::Answers([&one.outcome, &other.outcome]);
        let judged = judge(&self.flow, &self.setup, seen);
        {
            let mut journal = lock(&self.journal);
            journal.sent(first, false, one, judged.verdict.clone());
            journal.sent(second, false, other, judged.second_verdict.clone());
        }
        self.take(judged, first.phase).await;
    }

    /// Lets the time pass until a request may be sent.
    async fn wait(&mut self, until: Timestamp, inbox: &mut Inbox) -> Waited {
        let status = self.waiting_status(until);
        self.report(Some(status));
        let timer = tokio::time::sleep(until.since(now()));
        tokio::pin!(timer);
        loop {
            tokio::select! {
                () = &mut timer => return Waited::Long,
                Some((command, reply)) = inbox.recv() => {
                    let paused = matches!(command, Command::Pause);
                    let opened = matches!(command, Command::OpenBrowser);
                    if opened {
                        let _ = reply.send(self.open_verification_page());
                        continue;
                    }
                    match self.meanwhile(command, reply) {
                        Meanwhile::BreakOff => return Waited::BrokenOff,
                        Meanwhile::GoOn if paused => return Waited::Paused,
                        Meanwhile::GoOn => {}
                    }
                }
            }
        }
    }

    fn waiting_status(&self, next_poll: Timestamp) -> Status {
        match &self.flow.facts.device {
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

    /// Records who fetched our client metadata document in the meantime.
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

fn cancelled(request: Request, started: Timestamp) -> Sent {
    let failure = Failure {
        kind: FailureKind::Cancelled,
        message: "Broken off by the user.".into(),
    };
    let total = now().since(started);
    Sent {
        request,
        outcome: Outcome::Failure(failure),
        started,
        timings: Timings {
            total,
            ..Timings::default()
        },
        connection: None,
    }
}
