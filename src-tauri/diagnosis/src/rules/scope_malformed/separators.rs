//! Commas between scopes, and characters that no scope has.

use super::named::{Named, Place, find, quoted};
use crate::finding::Finding;
use crate::reading::{Reading, ServerTry, response_fields, value};
use crate::wording::excerpt;

/// A name with commas in it, where the authorization server knows no such name.
pub(super) fn with_commas(reading: &Reading<'_>) -> Option<Named> {
    let named = find(
        reading,
        |scope| scope.split(' ').find(|name| is_list(name)),
        is_list,
    )?;
    // A comma may be part of a name, if the authorization server says so.
    let is_unread = |attempt: &ServerTry<'_>| attempt.is_unread();
    if reading.server_tries.iter().any(is_unread) {
        return None;
    }
    let known = reading
        .server_metadata()
        .and_then(|(_, metadata)| metadata.scopes_supported.as_deref());
    let is_known = known.is_some_and(|known| known.contains(&named.scope));
    (!is_known).then_some(named)
}

pub(super) fn commas(finding: Finding, named: &Named) -> Finding {
    let with_spaces = excerpt(&named.scope.replace(',', " "));
    finding
        .at(named.seq, named.part())
        .message(
            "Scopes are separated by spaces, so clients read this as one scope with commas in its \
             name, ask for it, and are refused.",
        )
        .expected(format!("\"{with_spaces}\""))
        .actual(quoted(&named.scope))
        .fix(format!(
            "Put spaces between the scopes in the MCP server's settings: {with_spaces}. In a JSON \
             array each is a string of its own."
        ))
}

/// Whether a name is several with commas between them.
pub(super) fn is_list(name: &str) -> bool {
    name.contains(',') && name.split(',').all(|part| !part.is_empty())
}

/// Whether a request with this scope was refused, and the refusal speaks of scopes.
pub(super) fn is_refused_for(reading: &Reading<'_>, scope: &str) -> bool {
    let speaks = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("scope") || text.contains(&scope.to_ascii_lowercase())
    };
    let tokens = reading.tokens.iter().map(|(seen, _)| seen);
    let mut answers = reading.registrations.iter().chain(tokens);
    let answered = answers.any(|seen| {
        seen.response()
            .is_some_and(|response| response.status >= 400 && response.text().is_some_and(speaks))
    });
    answered
        || reading.callbacks.iter().any(|callback| {
            let fields = response_fields(callback.request());
            value(&fields, "error").is_some_and(speaks)
        })
}

/// A quotation mark or a backslash in a scope, as in a list that was written as JSON.
pub(super) fn characters(finding: Finding, reading: &Reading<'_>) -> Option<Finding> {
    let has_one = |scope: &str| scope.contains(['"', '\\']);
    let named = find(reading, |scope| has_one(scope).then_some(scope), has_one)?;
    let (expected, fix) = match named.place {
        Place::Challenge => {
            let names: String = named
                .scope
                .chars()
                .map(|c| if "[]\"\\,".contains(c) { ' ' } else { c })
                .collect();
            let right = format!("scope=\"{}\"", excerpt(&names));
            let fix = format!(
                "Write {right} into the challenge: the names with one space between two of them, \
                 and no JSON."
            );
            (right, fix)
        }
        Place::ResourceMetadata => {
            let name = excerpt(&named.scope.replace(['"', '\\'], ""));
            (
                format!("\"{name}\" in scopes_supported"),
                format!("Write {name} into scopes_supported of the resource metadata."),
            )
        }
    };
    Some(
        finding
            .at(named.seq, named.part())
            .message(
                "The scope has a quotation mark or a backslash in it, as a list written as JSON \
                 has. Clients ask for it as it stands, and the authorization server knows no such \
                 scope.",
            )
            .expected(expected)
            .actual(format!("the scope {}", excerpt(&named.scope)))
            .fix(fix),
    )
}
