//! A request that was sent before, sent again: as it was or changed, once or several times. The
//! flow does not move; the copies are recorded beside it.

use trace::{Credential, EntryKind, Exchange, FailureKind, ParticipantId, Phase};
use wire::Sent;

use crate::env::now;
use crate::error::{AppError, invalid};
use crate::inbox::{Resend, Stop};
use crate::journal::lock;
use crate::runner::Runner;
use crate::secrets::secrets_in;
use crate::state::Status;

/// As often as one command may repeat a request: it is for trying, not for load.
pub const MOST_COPIES: u32 = 50;

impl Runner {
    /// Sends the copies. A stop ends them, and leaves the run where it stood.
    pub async fn resend(&mut self, wanted: Resend) -> Result<Result<(), AppError>, Stop> {
        let copied = match self.copied(&wanted) {
            Ok(copied) => copied,
            Err(error) => return Ok(Err(error)),
        };
        let (phase, original) = copied;
        let edited = wanted.request.is_some();
        let request = wanted.request.unwrap_or_else(|| original.request.clone());
        let mut credentials = self.flow.credentials(&self.setup);
        for of_row in secrets_of(&original) {
            match credentials.iter_mut().find(|it| it.value == of_row.value) {
                Some(known) => known.origins.extend(of_row.origins),
                None => credentials.push(of_row),
            }
        }
        for sent in 0..wanted.times {
            self.report(Some(Status::Resending {
                seq: wanted.seq,
                sent,
                times: wanted.times,
            }));
            let which = Which {
                seq: wanted.seq,
                number: sent + 1,
                times: wanted.times,
            };
            let started = now();
            let wire = self.wire.clone();
            let sending = wire.send(request.clone(), &credentials);
            let (answer, stop) = match self.attend(sending).await {
                Ok(answer) => (answer, None),
                Err(stop) => (Sent::cancelled(request.clone(), started), Some(stop)),
            };
            lock(&self.journal).sent_copy(phase, &original, &which.label(), edited, answer);
            match stop {
                None => {}
                // Who asked for the stop waits for it, so the run is still wanted.
                Some(Stop(Some(reply))) if !reply.is_closed() => {
                    let _ = reply.send(Ok(()));
                    break;
                }
                Some(stop) => return Err(stop),
            }
        }
        self.report(None);
        Ok(Ok(()))
    }

    /// The exchange that is copied, and its phase.
    fn copied(&self, wanted: &Resend) -> Result<(Phase, Exchange), AppError> {
        let seq = wanted.seq;
        if !(1..=MOST_COPIES).contains(&wanted.times) {
            return Err(invalid(format!(
                "times: expected 1 to {MOST_COPIES}, got {}",
                wanted.times
            )));
        }
        if let Some(request) = &wanted.request {
            wire::check(request).map_err(invalid)?;
        }
        let journal = lock(&self.journal);
        let entry = journal.trace.entry(seq);
        match entry.map(|entry| (&entry.phase, &entry.kind)) {
            Some((phase, EntryKind::Exchange(exchange)))
                if exchange.from == ParticipantId::CLIENT =>
            {
                Ok((*phase, Exchange::clone(exchange)))
            }
            _ => Err(invalid(format!(
                "row {seq}: expected a request that the client sent, got something else"
            ))),
        }
    }
}

/// Which of the copies it is.
struct Which {
    seq: u32,
    number: u32,
    times: u32,
}

impl Which {
    fn label(&self) -> String {
        match self.times {
            1 => format!("copy of {}", self.seq),
            times => format!("copy of {}, {} of {times}", self.seq, self.number),
        }
    }
}

/// The secrets that a request was sent with, each bound to where it went then, if it left. A step
/// that is over had some that the flow does not hold any more, such as the code.
fn secrets_of(exchange: &Exchange) -> impl Iterator<Item = Credential> {
    let request = &exchange.request;
    let withheld = exchange
        .failure()
        .is_some_and(|failure| failure.kind == FailureKind::ForeignOrigin);
    let url = (!withheld).then(|| request.url.clone());
    secrets_in(request, exchange.purpose.original())
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(move |(name, value)| Credential::new(&name, value, url.as_deref()))
}
