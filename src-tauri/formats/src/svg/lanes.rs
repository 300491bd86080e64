//! Where the lifelines are, and their colours.

use std::collections::HashMap;

use trace::{ParticipantId, Role, Trace};

use crate::redact::Redactor;
use crate::sequence::{Head, heads};

/// The lifelines' places across.
pub struct Lanes {
    pub heads: Vec<Head>,
    pub width: usize,
    colours: HashMap<ParticipantId, &'static str>,
}

impl Lanes {
    pub fn of(trace: &Trace, redactor: &Redactor) -> Self {
        let heads = heads(trace, redactor);
        let width = FIRST + SPACING * heads.len().saturating_sub(1) + AFTER_LAST;
        Self {
            width: width.max(NARROWEST),
            colours: colours(trace, &heads),
            heads,
        }
    }

    pub fn x(&self, id: ParticipantId) -> usize {
        let lane = self.heads.iter().position(|head| head.id == id);
        FIRST + SPACING * lane.unwrap_or_default()
    }

    /// The class that has the participant's colour.
    pub fn colour(&self, id: ParticipantId) -> &'static str {
        self.colours.get(&id).copied().unwrap_or(OTHERS[0])
    }
}

/// The first of a role has the role's, later ones take from the rest in turn.
fn colours(trace: &Trace, heads: &[Head]) -> HashMap<ParticipantId, &'static str> {
    let mut taken: Vec<&str> = Vec::new();
    let mut others = OTHERS.iter().cycle();
    let mut colour = |id: ParticipantId| {
        let participant = trace.participants.get(usize::from(id.0));
        let own = participant.and_then(|participant| match participant.role {
            Role::Client => Some("client"),
            Role::Browser => Some("browser"),
            Role::McpServer => Some("resource"),
            Role::AuthorizationServer => Some("authority"),
            Role::IdentityProvider => Some("identity"),
            Role::Other => None,
        });
        match own.filter(|own| !taken.contains(own)) {
            Some(own) => {
                taken.push(own);
                own
            }
            None => others.next().copied().unwrap_or(OTHERS[0]),
        }
    };
    heads
        .iter()
        .map(|head| (head.id, colour(head.id)))
        .collect()
}

const OTHERS: [&str; 4] = ["other-1", "other-2", "other-3", "other-4"];

/// Pixels.
const SPACING: usize = 210;
const FIRST: usize = 114;
const AFTER_LAST: usize = 330;
const NARROWEST: usize = 880;
