//! The guided first run: two real runs in the lab, one of which goes wrong.

use lab::Misbehaviour;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The guided first run, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Tour {
    /// What the button says that begins it.
    pub title: String,
    /// One sentence on it.
    pub about: String,
    pub legs: Vec<TourLeg>,
}

/// A run of the tour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TourLeg {
    /// Starts it.
    pub lab: String,
    /// What is said while nothing was sent yet.
    pub begin: String,
    /// It runs to its end at once; otherwise each request waits for "Next".
    pub at_once: bool,
    /// What is said when it is over.
    pub end: String,
    /// What the button says that goes on from there.
    pub go_on: String,
}

/// A run of the tour, as the lab is started for it.
pub(crate) struct Leg {
    slug: &'static str,
    pub title: &'static str,
    /// None: nothing goes wrong.
    pub misbehaviour: Option<Misbehaviour>,
    begin: &'static str,
    at_once: bool,
    end: &'static str,
    go_on: &'static str,
}

const LEGS: [Leg; 2] = [
    Leg {
        slug: "tour",
        title: "The tour: a healthy server",
        misbehaviour: None,
        begin: "An MCP server and an authorization server now run on this machine. Each press of \
                Next sends one request, and draws it with what came back.",
        at_once: false,
        end: "That was the whole way: from the answer 401 to the list of tools, and nothing is \
              wrong. Select any row to see its headers, its body and what they mean.",
        go_on: "Now one that is broken",
    },
    Leg {
        slug: "tour_broken",
        title: "The tour: a server that is broken",
        misbehaviour: Some(Misbehaviour::ServerMetadataNotFound),
        begin: "The same servers, but somebody made a mistake in a setting. Authscope runs until \
                it finds it.",
        at_once: true,
        end: "The run stopped, and the answer is on screen: what is wrong, who has to change it, \
              and what to write instead. The row that shows it is selected in the diagram.",
        go_on: "Debug your own server",
    },
];

/// The tour, as the window tells it.
pub fn tour() -> Tour {
    let legs = LEGS.iter().map(|leg| TourLeg {
        lab: leg.slug.into(),
        begin: leg.begin.into(),
        at_once: leg.at_once,
        end: leg.end.into(),
        go_on: leg.go_on.into(),
    });
    Tour {
        title: "Take the tour".into(),
        about: "A real run in the lab, one request at a time, with each step explained.".into(),
        legs: legs.collect(),
    }
}

/// The run of the tour with this name.
pub(crate) fn leg(slug: &str) -> Option<&'static Leg> {
    LEGS.iter().find(|leg| leg.slug == slug)
}
