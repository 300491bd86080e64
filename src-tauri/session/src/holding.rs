//! Waiting at breakpoints: before a request is sent, and with an answer that the flow has not seen.

use flow::{Next, Plan};
use trace::{BodyEnd, Outcome, Response};
use wire::Sent;

use crate::breakpoints::Breakpoint;
use crate::error::{AppError, invalid};
use crate::inbox::{Command, Stop};
use crate::journal::{ByHand, lock};
use crate::runner::Runner;
use crate::state::Status;

impl Runner {
    pub(crate) fn set_breakpoints(&mut self, wanted: Vec<Breakpoint>) -> Result<(), AppError> {
        for breakpoint in &wanted {
            breakpoint.check()?;
        }
        // What was found before is not a reason to wait.
        if wanted.iter().any(Breakpoint::is_about_findings) {
            let found = diagnosis::diagnose(&lock(&self.journal).trace);
            drop(self.known_findings.new_of(found));
        }
        self.breakpoints = wanted;
        let status = self.reporter.last_status();
        self.report(status);
        Ok(())
    }

    /// Whether the run waits before the step that comes next. It does so once.
    pub(crate) fn breaks(&mut self) -> bool {
        if self.at_breakpoint.is_some() || self.ended {
            return false;
        }
        let next = self.flow.next(&self.setup);
        let plans = match &next {
            Next::Send(plan) | Next::Browse(plan) => std::slice::from_ref(plan),
            Next::SendBoth(plans) => &plans[..],
            Next::Listen | Next::Stopped { .. } | Next::Done { .. } => &[],
        };
        let met = self.breakpoints.iter().find(|breakpoint| {
            plans
                .iter()
                .any(|plan| breakpoint.holds_request(plan.phase, &plan.purpose, &plan.request))
        });
        self.at_breakpoint = met.cloned();
        met.is_some()
    }

    /// Ends the running when the step that was done shows what a breakpoint waits for.
    pub(crate) async fn break_at_findings(&mut self) -> Result<(), Stop> {
        if !self.breakpoints.iter().any(Breakpoint::is_about_findings) {
            return Ok(());
        }
        let trace = lock(&self.journal).trace.clone();
        if let Some(met) = self.found_in(trace).await? {
            self.at_breakpoint = Some(met);
            self.running = false;
            self.report(None);
        }
        Ok(())
    }

    /// Holds an answer where a breakpoint says so, until the user lets it through. Returns what the
    /// server sent, where the user put something else in its place.
    pub(crate) async fn hold(
        &mut self,
        plan: &Plan,
        sent: &mut Sent,
    ) -> Result<Option<Outcome>, Stop> {
        let Some(met) = self.holds(plan, sent).await? else {
            return Ok(None);
        };
        self.at_breakpoint = Some(met);
        self.report(Some(Status::AnswerHeld {
            title: plan.title.clone(),
            request: sent.request.clone(),
            outcome: sent.outcome.clone(),
        }));
        self.resting.send_replace(true);
        let let_through = self.until_let_through(&sent.outcome).await;
        self.resting.send_replace(false);
        self.at_breakpoint = None;
        let changed = let_through?.filter(|changed| *changed != sent.outcome);
        self.report(Some(Status::Sending));
        Ok(changed.map(|changed| std::mem::replace(&mut sent.outcome, changed)))
    }

    /// The same for two answers, one after the other. Returns what the user changed.
    pub(crate) async fn hold_both(
        &mut self,
        plans: &[Plan; 2],
        [first, second]: [&mut Sent; 2],
    ) -> Result<[ByHand; 2], Stop> {
        let by_hand = |answered| ByHand {
            edited: false,
            answered,
        };
        let one = by_hand(self.hold(&plans[0], first).await?);
        let other = by_hand(self.hold(&plans[1], second).await?);
        Ok([one, other])
    }

    /// The breakpoint that holds an answer.
    async fn holds(&mut self, plan: &Plan, sent: &Sent) -> Result<Option<Breakpoint>, Stop> {
        let met = self.breakpoints.iter().find(|breakpoint| {
            breakpoint.holds_answer(plan.phase, &plan.purpose, &sent.request, &sent.outcome)
        });
        if met.is_some() {
            return Ok(met.cloned());
        }
        if !self.breakpoints.iter().any(Breakpoint::is_about_findings) {
            return Ok(None);
        }
        let trace = lock(&self.journal).trace_with(plan, sent.clone());
        self.found_in(trace).await
    }

    /// The breakpoint that something new in what the rules say of this trace meets.
    async fn found_in(&mut self, trace: trace::Trace) -> Result<Option<Breakpoint>, Stop> {
        let judging = tokio::task::spawn_blocking(move || diagnosis::diagnose(&trace));
        let found = match self.attend(judging).await? {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "the trace could not be judged");
                return Ok(None);
            }
        };
        let new = self.known_findings.new_of(found);
        let mut all = self.breakpoints.iter();
        let met = all.find(|breakpoint| new.iter().any(|finding| breakpoint.is_met_by(finding)));
        Ok(met.cloned())
    }

    /// What the flow is to see in place of the answer; `None` for the answer as it came.
    async fn until_let_through(&mut self, held: &Outcome) -> Result<Option<Outcome>, Stop> {
        loop {
            match self.inbox.recv().await {
                Some((Command::LetThrough(changed), reply)) => {
                    let checked = changed.map(|changed| checked(held, *changed)).transpose();
                    let answer = checked.as_ref().map(|_| ()).map_err(Clone::clone);
                    // Set before the command is answered, so that the next one who waits for rest
                    // does not see the old state.
                    self.resting.send_replace(answer.is_err());
                    let _ = reply.send(answer);
                    if let Ok(changed) = checked {
                        return Ok(changed);
                    }
                }
                Some((command @ (Command::Next | Command::Run), reply)) => {
                    self.running = matches!(command, Command::Run);
                    self.resting.send_replace(false);
                    let _ = reply.send(Ok(()));
                    return Ok(None);
                }
                other => self.command_while_busy(other)?,
            }
        }
    }
}

/// An answer made by hand, as the flow may see it.
fn checked(held: &Outcome, changed: Outcome) -> Result<Outcome, AppError> {
    let Outcome::Response(mut response) = changed else {
        return Ok(changed);
    };
    if !(200..600).contains(&response.status) {
        return Err(invalid(format!(
            "status: expected one from 200 to 599, got {}",
            response.status
        )));
    }
    wire::check_response_headers(&response.headers).map_err(invalid)?;
    let before = match held {
        Outcome::Response(before) => Some(before),
        Outcome::Failure(_) => None,
    };
    if before.is_none_or(|before| before.body.bytes != response.body.bytes) {
        follow_the_body(before, &mut response);
    }
    Ok(Outcome::Response(response))
}

/// Updates the headers that describe the body, where the user left them as they were, so that the
/// change is not taken for a damaged message.
fn follow_the_body(before: Option<&Response>, response: &mut Response) {
    response.body.end = BodyEnd::Complete;
    response.body.coding = None;
    let length = response.body.bytes.len().to_string();
    let unchanged = |name: &str, value: &str| {
        before.is_some_and(|before| before.header_value(name) == Some(value))
    };
    response.headers.retain(|header| {
        let coded = header.name.eq_ignore_ascii_case("content-encoding");
        !(coded && unchanged(&header.name, &header.value))
    });
    for header in &mut response.headers {
        if header.name.eq_ignore_ascii_case("content-length")
            && unchanged(&header.name, &header.value)
        {
            header.value.clone_from(&length);
        }
    }
}
