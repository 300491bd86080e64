//! The scopes that the MCP server names, in a challenge or in its metadata.

use crate::finding::Part;
use crate::reading::{Reading, challenges};
use crate::wording::excerpt;

/// A place where the MCP server names scopes.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Challenge,
    ResourceMetadata,
}

/// A scope that the MCP server names.
pub(super) struct Named {
    pub place: Place,
    /// The exchange that holds it.
    pub seq: u32,
    pub scope: String,
}

impl Named {
    pub fn part(&self) -> Part {
        match self.place {
            Place::Challenge => Part::response_header("WWW-Authenticate"),
            Place::ResourceMetadata => Part::body("/scopes_supported"),
        }
    }
}

/// The first scope with a fault: in a challenge, or else in the resource metadata.
///
/// `in_challenge` gets the whole `scope` of a challenge and returns the part with the fault;
/// `in_metadata` gets each name of `scopes_supported` and says whether it has the fault.
pub(super) fn find(
    reading: &Reading<'_>,
    in_challenge: impl Fn(&str) -> Option<&str>,
    in_metadata: impl Fn(&str) -> bool,
) -> Option<Named> {
    let mut calls = reading.first_calls.iter().chain(&reading.calls);
    let of_challenge = calls.find_map(|call| {
        let challenges = challenges(call.response()?).ok()?;
        let scopes = challenges.iter().filter_map(|one| one.parameter("scope"));
        let mut faulty = scopes.filter_map(&in_challenge);
        let scope = faulty.next()?.to_owned();
        let seq = call.seq;
        Some(Named {
            place: Place::Challenge,
            seq,
            scope,
        })
    });
    of_challenge.or_else(|| {
        let (attempt, metadata) = reading.resource_metadata()?;
        let mut names = metadata.scopes_supported.iter().flatten();
        let scope = names.find(|name| in_metadata(name))?.clone();
        Some(Named {
            place: Place::ResourceMetadata,
            seq: attempt.seen.seq,
            scope,
        })
    })
}

/// In quotation marks, so that spaces at its ends can be seen.
pub(super) fn quoted(scope: &str) -> String {
    match scope.len() {
        0..=120 => format!("\"{scope}\""),
        _ => excerpt(scope),
    }
}
