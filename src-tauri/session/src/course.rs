//! The flow where it stands, and what it does next: thought out once, so that what is shown is what
//! is sent.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use flow::{Flow, Next, Setup};
use trace::Timestamp;

/// How long what comes next may have been shown: a request may carry the time it was made at.
const FRESH: Duration = Duration::from_secs(30);

/// A flow that does not change: another state is another course.
pub(crate) struct Course {
    flow: Arc<Flow>,
    /// What comes next, and when it was thought out.
    next: Option<(Timestamp, Arc<Next>)>,
}

impl Course {
    /// What comes next: the same each time, down to what a request has at random, until it is too
    /// old to be sent.
    pub fn next(&mut self, setup: &Setup, now: Timestamp) -> Arc<Next> {
        let thought_out = self.next.take().filter(|(at, _)| now.since(*at) < FRESH);
        let (_, next) = self
            .next
            .insert(thought_out.unwrap_or_else(|| (now, Arc::new(self.flow.next(setup, now)))));
        next.clone()
    }

    /// The state, to come back to.
    pub fn state(&self) -> Arc<Flow> {
        self.flow.clone()
    }

    /// The state, to make another one of.
    pub fn to_owned(&self) -> Flow {
        Flow::clone(&self.flow)
    }
}

impl From<Flow> for Course {
    fn from(flow: Flow) -> Self {
        Self {
            flow: Arc::new(flow),
            next: None,
        }
    }
}

impl Deref for Course {
    type Target = Flow;

    fn deref(&self) -> &Flow {
        &self.flow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_next_is_thought_out_once_and_anew_when_it_is_old() {
        let setup = Setup::new("https://mcp.example/mcp", flow::Seed([7; 32]));
        let mut course = Course::from(Flow::new(&setup));
        let start = Timestamp(1_000_000_000);
        let first = course.next(&setup, start);
        let soon = course.next(&setup, start.plus(Duration::from_secs(29)));
        assert!(Arc::ptr_eq(&first, &soon));
        let late = course.next(&setup, start.plus(Duration::from_secs(30)));
        assert!(!Arc::ptr_eq(&first, &late));
        let other = Course::from(course.to_owned()).next(&setup, start);
        assert!(!Arc::ptr_eq(&first, &other));
    }
}
