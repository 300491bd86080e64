//! Reports what is seen of a watched browser, and the script that finds its password fields.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::mpsc;
use trace::{Body, Outcome, Recorded};

use crate::ending::Left;
use crate::hop::{Hop, Part, Seen};
use crate::password::Passwords;

/// Says which fields of type password there are and what was typed in them, so that it can be kept
/// out of the record under whatever name it is sent. It calls `authscopeTyped`, and runs beside the
/// page's own scripts, not among them.
pub(crate) const FIELDS: &str = r#"
for (const event of ["change", "submit", "formdata"])
  addEventListener(event, () => {
    for (const field of document.querySelectorAll("input[type=password]"))
      authscopeTyped(JSON.stringify([field.name, field.value]));
  }, true);
"#;

/// The name of the world in which that runs.
pub(crate) const WORLD: &str = "authscope";

/// Reports what was seen, without its passwords.
pub(crate) struct Teller {
    passwords: Passwords,
    seen: mpsc::UnboundedSender<Seen>,
    left_out: Arc<AtomicU32>,
}

impl Teller {
    pub fn new(seen: mpsc::UnboundedSender<Seen>, left_out: Arc<AtomicU32>) -> Self {
        Self {
            passwords: Passwords::default(),
            seen,
            left_out,
        }
    }

    /// What [`FIELDS`] said.
    pub fn typed(&mut self, said: &str) {
        if let Ok((name, value)) = serde_json::from_str::<(String, String)>(said) {
            self.passwords.typed(&name, &value);
        }
    }

    /// How many requests were no part of the login.
    pub fn left_out(&self, how_many: u32) {
        self.left_out.store(how_many, Ordering::Relaxed);
    }

    pub fn tell(&mut self, mut hop: Hop) {
        keep_only_words(&mut hop);
        self.passwords.drop_from(&mut hop);
        // Nobody may listen any more.
        let _ = self.seen.send(Seen::Hop(Box::new(hop)));
    }

    /// Tells the rest of what was seen, and whether it was the user who ended the browser. One that
    /// is not understood is told as ended by the user: nothing more is seen of it.
    pub fn end(mut self, left: io::Result<Left>, rest: Vec<Hop>) {
        for hop in rest {
            self.tell(hop);
        }
        let left = left.unwrap_or_else(|error| {
            tracing::warn!(%error, "the browser is not understood");
            Left::ByUser
        });
        if left == Left::ByUser {
            let _ = self.seen.send(Seen::Closed);
        }
    }
}

/// What a script is answered may be anything, such as tokens of its own. Only the words of an error
/// page are of use here.
fn keep_only_words(hop: &mut Hop) {
    if let (Part::Script, Outcome::Response(response)) = (hop.part, &mut hop.outcome)
        && response.status < 400
        && !response.body.is_empty()
    {
        response.body = Body::empty();
        hop.recorded.response_body = Recorded::NotRecorded;
    }
}
