use trace::{Grant, Purpose};

use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, object, response_fields, text, value};
use crate::rule::{Findings, rule};
use crate::spec::MCP_FETCH_DOCUMENT;
use crate::upstream::came_back_after;
use crate::wording::{answer_in_words, excerpt, is_http_url};

rule! {
    /// # What it looks at
    /// A `client_id` that is the URL of a client metadata document, at an authorization server that
    /// says `client_id_metadata_document_supported` and refuses it; and whether it fetched the
    /// document, where this run serves it.
    ///
    /// # Why it matters
    /// Clients choose this way because the metadata offers it, and few fall back to registration
    /// when it fails.
    ///
    /// # How to fix
    /// Let the authorization server fetch the document: outgoing requests may be closed, or a
    /// firewall in front of the document asks for a browser. Loopback and private addresses are
    /// refused on purpose; use a public https URL.
    ///
    /// # References
    /// MCP authorization, "Client ID Metadata Documents".
    "G14" "client_document_refused" Error AuthorizationServer Likely since None,
    title: "The authorization server offers client metadata documents and refuses this one",
    variants: [
        OWN_OPTION: Error Client Likely
            "The client metadata document of this run's own {option} is refused",
        NOT_SERVED: Error Client Likely,
    ],
    spec: [MCP_FETCH_DOCUMENT],
    supersedes: ["A31"],
    stops: [AuthorizationError, ApproverStuck, TokenRejected, PushedAuthorizationRejected],
    looks_at: [ClientDocument],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((seen, said)) = refusal(reading) else {
        return;
    };
    let Some((client, _)) = reading
        .client_before(seen.seq)
        .filter(|(client, _)| is_http_url(client))
    else {
        return;
    };
    let offered = reading
        .server_metadata_before(seen.seq)
        .is_some_and(|(_, metadata)| metadata.client_id_metadata_document_supported);
    if !offered {
        return;
    }
    let fetched = reading
        .sent_for(|purpose| *purpose == Purpose::ClientMetadata)
        .last();
    let finding = RULE
        .found(MCP_FETCH_DOCUMENT)
        .at(seen.seq, Part::Status)
        .expected(format!("a login page for client_id {}", excerpt(client)))
        .actual(said);
    findings.add(match fetched.and_then(|fetched| fetched.status()) {
        Some(200) => finding
            .message(
                "It fetched the document and does not accept its content: client_id has to be the \
                 very URL, redirect_uris have to hold the one of the request, and \
                 token_endpoint_auth_method must not need a secret.",
            )
            .fix(
                "Look into the authorization server's log for what it does not like in the \
                  document.",
            ),
        Some(status) => finding
            .variant(&NOT_SERVED)
            .message(format!(
                "It asked for the document and was answered {status}, so it knows no \
                              client."
            ))
            .fix("Serve the document at its URL with status 200."),
        None => finding
            .message(
                "It was not seen to fetch the document. Either it does not, whatever its metadata \
                 says, or it may not: outgoing requests are closed, or the address is a private \
                 one. A document that is served elsewhere does not show here when it is fetched.",
            )
            .fix(
                "Let the authorization server reach the document, at a public https URL if it does \
                 not take others; or stop announcing client_id_metadata_document_supported.",
            ),
    });
}

/// The answer by which the client was refused, in words.
fn refusal<'a>(reading: &Reading<'a>) -> Option<(ExchangeRef<'a>, String)> {
    let about_client = |error: &str| {
        matches!(
            error,
            "invalid_client" | "unauthorized_client" | "invalid_request"
        )
    };
    if let Some(callback) = reading.callbacks.last() {
        let fields = response_fields(callback.request());
        if let Some(error) = value(&fields, "error").filter(|error| about_client(error)) {
            return Some((*callback, format!("error={}", excerpt(error))));
        }
    }
    let pushed = reading
        .sent_for(|purpose| *purpose == Purpose::PushedAuthorization)
        .last();
    let codes = reading
        .tokens
        .iter()
        .filter(|(_, grant)| *grant == Grant::AuthorizationCode);
    let refused = pushed
        .into_iter()
        .chain(codes.map(|(seen, _)| *seen).next_back())
        .find_map(|seen| {
            let answer = object(seen.response().filter(|response| response.status >= 400)?)?;
            let error = text(&answer, "error").filter(|error| *error == "invalid_client")?;
            Some((seen, format!("{}: {}", seen.status()?, excerpt(error))))
        });
    refused.or_else(|| {
        let last = reading.visits.last()?;
        let first = reading.hops.iter().find(|hop| hop.seq > last.seq)?;
        let refused = first.status().is_some_and(|status| status >= 400);
        let refused = refused && !came_back_after(reading, *first);
        refused.then(|| (*first, answer_in_words(first.exchange)))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Decision, EntryKind, Purpose, Request, Trace};

    use crate::finding::Owner;
    use crate::sample::{Answer, Run, found_in, push_to_server};

    const DOCUMENT: &str = "https://client.example/client.json";

    fn refused(fetched: Option<Answer>) -> Trace {
        let mut run = Run::healthy();
        run.server_tries[0]
            .2
            .edit(|metadata| metadata["client_id_metadata_document_supported"] = true.into());
        run.hops = vec![Answer::html(400, "The client_id is unknown.")];
        run.callback = Vec::new();
        let mut trace = run.trace();
        for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
            if let EntryKind::Decision(Decision::Client { client_id, .. }) = &mut entry.kind {
                *client_id = DOCUMENT.into();
            }
        }
        if let Some(answer) = fetched {
            push_to_server(
                &mut trace,
                Purpose::ClientMetadata,
                Request::new("GET", DOCUMENT),
                &answer,
            );
        }
        trace
    }

    #[test]
    fn the_message_goes_by_whether_it_was_fetched() {
        let message = |trace| found_in(&trace, "G14").unwrap().message;
        assert!(message(refused(None)).starts_with("It was not seen"));
        assert!(message(refused(Some(Answer::json(200, json!({}))))).starts_with("It fetched"));
        let gone = found_in(&refused(Some(Answer::bare(404))), "G14").unwrap();
        assert_eq!(gone.owner, Owner::Client);
    }

    #[test]
    fn is_silent_about_other_clients() {
        let mut run = Run::healthy();
        run.hops = vec![Answer::html(400, "The client_id is unknown.")];
        assert!(run.is_silent("G14"));
    }
}
