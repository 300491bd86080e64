//! What an answer says of why there is no document.

use trace::{DocumentError, FailureKind};

use crate::by_status::{Decided, by_status};
use crate::providers::words;
use crate::reading::ServerTry;
use crate::wording::{excerpt, in_its_own_words};

/// Why there is no document at a URL.
pub(super) struct Cause {
    pub kind: Kind,
    /// The exchange that shows it.
    pub seq: u32,
    pub why: String,
    pub fix: String,
}

pub(super) enum Kind {
    NoAnswer,
    CutOff,
    NotAnObject,
    OtherStatus(u16),
    Refused,
    Gone,
    /// It is behind a login.
    Guarded,
    TooMany,
    Fails,
    Redirected,
    Gateway,
}

/// What this answer says, where it says more than that there is no document.
pub(super) fn cause(attempt: &ServerTry<'_>) -> Option<Cause> {
    const WHO: &str = "the authorization server";
    let url = attempt.seen.request().url();
    let seq = attempt.seen.seq;
    let caused = |kind, why: String, fix: String| {
        Some(Cause {
            kind,
            seq,
            why,
            fix,
        })
    };
    let Some(response) = attempt.seen.response() else {
        let failure = attempt.seen.exchange.failure()?;
        // Who named the host is another rule's matter.
        if !matches!(failure.kind, FailureKind::Reset | FailureKind::Timeout) {
            return None;
        }
        return caused(
            Kind::NoAnswer,
            format!(
                "It answers elsewhere, but not at {url}: {}. Either it fails there itself, or a \
                 proxy in front of it does.",
                excerpt(&failure.message)
            ),
            format!("Look into the log of the authorization server for a GET of {url}."),
        );
    };
    match (&attempt.document, response.status) {
        (Some(Err(DocumentError::Incomplete)), _) => {
            return caused(
                Kind::CutOff,
                "The connection ended before the document did. The server or a proxy cut it off, or \
                 it is longer than the size limit of this run."
                    .into(),
                "Look at what is in front of the authorization server, and at the limit in the \
                 settings."
                    .into(),
            );
        }
        (Some(Err(error @ DocumentError::NotAnObject { .. })), _) => {
            return caused(
                Kind::NotAnObject,
                format!("The document is JSON, but clients cannot read it: {error}."),
                format!("Serve one JSON object with issuer and the endpoints at {url}."),
            );
        }
        (_, status @ (201 | 203 | 206)) => {
            return caused(
                Kind::OtherStatus(status),
                format!(
                    "What comes there comes with {status}. Clients take metadata from a \
                     200 alone."
                ),
                format!("Answer {url} with status 200."),
            );
        }
        (_, status @ (400 | 405 | 406 | 415 | 422)) if by_status(&response, WHO).is_none() => {
            return caused(
                Kind::Refused,
                format!(
                    "{url} is answered {status}, and not 404: something is there that does not take \
                     the request. A check of the host or of the method, or a proxy in front, may \
                     refuse it."
                ),
                format!(
                    "Let {url} answer a GET with 200 and the metadata, and look into the log of the \
                     authorization server for the request."
                ),
            );
        }
        (_, 410) => {
            return caused(
                Kind::Gone,
                format!(
                    "{url} is answered 410, and not 404: the server says that the document was there \
                     and was taken away for good. Clients stop here."
                ),
                format!(
                    "Serve the metadata at {url} again. If the authorization server has moved, write \
                     its new issuer into authorization_servers of the resource metadata."
                ),
            );
        }
        (_, 401 | 403 | 407) if by_status(&response, WHO).is_none() => {
            return caused(
                Kind::Guarded,
                format!(
                    "{url} is answered {}. The document is for everyone: clients read it before \
                     there is anything to log in with. A gateway in front may ask for the login.",
                    response.status
                ),
                format!("Let everybody read {url} without a login."),
            );
        }
        _ => {}
    }
    let decided = by_status(&response, WHO)?;
    let kind = match decided.kind {
        Decided::TooMany => Kind::TooMany,
        Decided::Fails | Decided::HostUnknown => Kind::Fails,
        Decided::Redirected => Kind::Redirected,
        Decided::ToLogin => Kind::Guarded,
        Decided::Gateway | Decided::InFront => Kind::Gateway,
    };
    caused(kind, decided.why, decided.fix)
}

/// The words of a JSON answer that say that what was asked for is switched off. A page may say such
/// things of scripts or cookies.
pub(super) fn says_it_is_off(attempt: &ServerTry<'_>) -> Option<String> {
    const WORDS: [&str; 5] = [
        "not enabled",
        "disabled",
        "not activated",
        "switched off",
        "turned off",
    ];
    let response = attempt.seen.response_with_body()?;
    response.object()?;
    let said = words(attempt.seen);
    let is_off = WORDS.iter().any(|word| said.contains(word));
    is_off.then(|| in_its_own_words(&response))
}
