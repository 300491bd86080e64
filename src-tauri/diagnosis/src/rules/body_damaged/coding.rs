//! Content codings that are not the one announced.

use trace::CodingEnd;

use crate::finding::Finding;
use crate::reading::{ExchangeRef, object};
use crate::wording::excerpt;

/// How the coding of a body differs from its `Content-Encoding`.
pub(super) enum WrongCoding<'a> {
    /// The coding that is announced cannot be undone.
    Broken { announced: &'a str, reason: &'a str },
    /// The body has a coding that nothing announces.
    NotAnnounced { name: &'a str },
    /// The body is compressed once more within the coding that is announced.
    Twice { announced: &'a str },
    /// A coding that no client asked for, before a body that has none.
    Unknown { announced: &'a str },
}

pub(super) fn wrong_coding<'a>(seen: ExchangeRef<'a>) -> Option<WrongCoding<'a>> {
    let response = seen.response_with_body()?.get();
    let announced = response.header_value("content-encoding");
    let Some(coding) = &response.body.coding else {
        return unknown_coding(seen, announced?);
    };
    match (&coding.end, announced) {
        (CodingEnd::Broken { reason }, Some(announced)) => {
            Some(WrongCoding::Broken { announced, reason })
        }
        (CodingEnd::Complete, None) => {
            seen.response_with_headers()?;
            let name = &coding.name;
            Some(WrongCoding::NotAnnounced { name })
        }
        (CodingEnd::Complete, Some(announced)) if is_gzip(&response.body.bytes) => {
            Some(WrongCoding::Twice { announced })
        }
        _ => None,
    }
}

fn unknown_coding<'a>(seen: ExchangeRef<'a>, announced: &'a str) -> Option<WrongCoding<'a>> {
    const KNOWN: [&str; 11] = [
        "gzip",
        "x-gzip",
        "deflate",
        "br",
        "zstd",
        "compress",
        "x-compress",
        "identity",
        "dcb",
        "dcz",
        "",
    ];
    let mut names = announced.split(',').map(str::trim);
    names.find(|name| !KNOWN.contains(&name.to_ascii_lowercase().as_str()))?;
    object(seen.response_with_body()?)?;
    Some(WrongCoding::Unknown { announced })
}

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b, 0x08])
}

impl WrongCoding<'_> {
    pub fn told(&self, finding: Finding) -> Finding {
        match self {
            Self::Broken { announced, reason } => {
                let announced = excerpt(announced);
                finding
                    .message(
                        "Clients undo the coding that is announced and find no JSON, or an error. \
                         A proxy that unpacks the body and leaves the header, or the other way \
                         round, is the usual cause.",
                    )
                    .expected(format!("a body with the coding {announced}"))
                    .actual(format!(
                        "Content-Encoding: {announced}, but {}",
                        excerpt(reason)
                    ))
                    .fix(format!(
                        "Compress the body with {announced}, or leave Content-Encoding: \
                         {announced} out."
                    ))
            }
            Self::NotAnnounced { name } => {
                let name = excerpt(name);
                finding
                    .message(
                        "This client recognises it by its first bytes. Others read the bytes as \
                         text and say that it is not JSON.",
                    )
                    .expected(format!("Content-Encoding: {name}"))
                    .actual(format!("{name} without Content-Encoding"))
                    .fix(format!(
                        "Send Content-Encoding: {name}, or do not compress."
                    ))
            }
            Self::Twice { announced } => {
                let announced = excerpt(announced);
                finding
                    .message(
                        "Clients undo the coding that is announced, and what comes out is \
                         compressed once more. A server and a proxy in front of it that both \
                         compress look so.",
                    )
                    .expected(format!("a body with the coding {announced}"))
                    .actual(format!(
                        "Content-Encoding: {announced}, and gzip again within it"
                    ))
                    .fix("Compress the body once: in the server, or in what is in front of it.")
            }
            Self::Unknown { announced } => {
                let announced = excerpt(announced);
                finding
                    .message(
                        "Clients do not know this coding and cannot undo it. The body is plain \
                         JSON, so nothing was packed at all; this client reads it as it is, and \
                         others refuse it.",
                    )
                    .expected(
                        "no Content-Encoding, or a coding that the client listed in Accept-Encoding",
                    )
                    .actual(format!("Content-Encoding: {announced}, before plain JSON"))
                    .fix(format!("Leave Content-Encoding: {announced} out."))
            }
        }
    }
}
