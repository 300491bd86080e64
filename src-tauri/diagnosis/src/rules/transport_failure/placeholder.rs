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

#[cfg(test)]
mod tests {
    use trace::{EntryKind, FailureKind, Phase, Purpose, StopCode};

    use crate::sample::{Answer, Run, found_in};

    #[test]
    fn a_placeholder_is_the_fault_of_the_document_that_has_it() {
        let asked = |url: &str, kind| {
            let mut run = Run::healthy();
            run.server_tries[0].1 = url.to_owned();
            run.server_tries[0].2 = Answer::failed(kind);
            run.stop(Phase::ServerMetadata, StopCode::Transport);
            run.finding("N01")
        };
        let finding = asked(
            "https://$auth_domain/.well-known/x",
            FailureKind::Unreachable,
        );
        assert_eq!(finding.variant, "placeholder_mcp");
        assert!(
            finding.fix.contains("authorization_servers"),
            "{}",
            finding.fix
        );
        let other = asked("https://as.test/.well-known/x", FailureKind::Unreachable);
        assert_eq!(other.variant, "unreachable");
        let url = "https://{tenant}.example/register";
        let mut run = Run::healthy();
        run.server_tries[0]
            .2
            .edit(|document| document["registration_endpoint"] = url.into());
        let mut trace = run.trace();
        for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
            if let EntryKind::Exchange(seen) = &mut entry.kind
                && seen.purpose == Purpose::Registration
            {
                seen.request.url = url.to_owned();
                seen.outcome = Answer::failed(FailureKind::InvalidRequest).outcome();
            }
        }
        let finding = found_in(&trace, "N01").unwrap();
        assert_eq!(finding.variant, "placeholder_server");
    }
}
