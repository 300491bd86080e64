//! URLs that a document gives and in which a placeholder stands for a value.

use trace::{Failure, FailureKind};

use super::named::{Named, named};
use super::server::Server;
use crate::finding::Finding;
use crate::members::placeholder;
use crate::reading::{ExchangeRef, Reading};
use crate::wording::excerpt;

/// A placeholder, such as `{tenant}`, and the document that has it.
pub(super) struct InUrl<'a> {
    placeholder: String,
    named: Named<'a>,
}

/// The placeholder in the URL of a request that failed for its URL.
pub(super) fn in_url<'a>(
    reading: &Reading<'a>,
    seen: ExchangeRef<'_>,
    kind: FailureKind,
) -> Option<InUrl<'a>> {
    let by_url = matches!(
        kind,
        FailureKind::Dns | FailureKind::Unreachable | FailureKind::InvalidRequest
    );
    if !by_url || seen.exchange.edited {
        return None;
    }
    Some(InUrl {
        placeholder: excerpt(&placeholder(seen.request().url())?),
        named: named(reading, seen)?,
    })
}

impl InUrl<'_> {
    pub fn by(&self) -> Server {
        self.named.by
    }

    pub fn told(self, finding: Finding, seen: ExchangeRef<'_>, failure: &Failure) -> Finding {
        let Self { placeholder, named } = self;
        let place = format!("{} of the {}", named.member, named.document);
        finding
            .message(format!(
                "The URL comes from {place}, and {placeholder} in it stands for a value: a template \
                 was served as it is, or a variable was not set where the server runs."
            ))
            .expected(format!("a URL without {placeholder}"))
            .actual(format!(
                "{} ({})",
                excerpt(seen.request().url()),
                failure.message
            ))
            .fix(format!(
                "Write the value that {placeholder} stands for into {place}: set the variable, or \
                 the public URL, in the server's settings."
            ))
    }
}
