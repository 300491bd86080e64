use std::collections::HashSet;

use trace::{MetadataSource, Purpose, Revision, WellKnown};

use crate::conduct::with_workaround;
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_CLIENT_METADATA_ORDER, MCP_CLIENT_METADATA_URL, MCP_CLIENT_POST};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// In which order a client that was watched or recorded looks for metadata, and whether its
    /// first request to the MCP server is a call.
    ///
    /// # Why it matters
    /// Where a server has several documents, the order decides which one a client goes by. A client
    /// that starts with GET meets servers that answer 405 before they ask for a token, and sees no
    /// challenge.
    ///
    /// # How to fix
    /// In the client: POST first; resource metadata at the challenge's URL, else with the path
    /// inserted, else at the root; then `oauth-authorization-server` before `openid-configuration`.
    /// The server can answer 401 to a GET as well, and serve the same content in all documents.
    ///
    /// # References
    /// MCP authorization, "Authorization Server Metadata Discovery"; MCP transports, "Sending
    /// Messages to the Server".
    "K09" "discovery_out_of_order" Warning Client since None,
    title: "The client asks for OpenID Connect metadata before OAuth metadata",
    variants: [
        ROOT_FIRST: Warning Client Certain
            "The client asks for resource metadata at the root before the server's own path",
        GET_FIRST: Note Client Certain "The client's first request to the MCP server is a GET",
    ],
    spec: [MCP_CLIENT_METADATA_ORDER, MCP_CLIENT_METADATA_URL, MCP_CLIENT_POST],
    looks_at: [AnotherClient, Request],
}

// The order matters only where documents differ, so that these are warnings.
fn check(reading: &Reading<'_>, findings: &mut Findings) {
    // What was left out of a text may have come first.
    if !reading.is_of_another_client() || reading.is_pasted {
        return;
    }
    let found = oidc_first(reading)
        .or_else(|| root_first(reading))
        .or_else(|| get_first(reading));
    if let Some(finding) = found {
        findings.add(finding);
    }
}

fn oidc_first(reading: &Reading<'_>) -> Option<Finding> {
    if !reading.client_follows(Revision::R20251125) {
        return None;
    }
    let mut known: HashSet<&str> = HashSet::new();
    // Only the first request for an issuer's metadata says in which order a client goes.
    let mut firsts = reading
        .server_tries
        .iter()
        .filter(|one| known.insert(one.issuer));
    let first = firsts.find(|one| one.well_known != WellKnown::OauthInserted)?;
    let asked_before = reading.server_tries.iter().any(|one| {
        one.well_known == WellKnown::OauthInserted
            && one.seen.seq < first.seen.seq
            && trace::origin_of(one.issuer) == trace::origin_of(first.issuer)
    });
    let said = "The client looks at openid-configuration first. A server that has both documents, \
                and leaves something out of that one, looks broken to this client and right to \
                others.";
    let workaround = "serving the same content at both";
    let finding = out_of_order(first.seen, MCP_CLIENT_METADATA_ORDER)
        .message(with_workaround(said, workaround))
        .expected("GET /.well-known/oauth-authorization-server first");
    (!asked_before).then_some(finding)
}

fn root_first(reading: &Reading<'_>) -> Option<Finding> {
    let first = reading.resource_tries.first()?;
    let has_path = url::Url::parse(reading.server_url).is_ok_and(|url| url.path() != "/");
    if first.source != MetadataSource::Root || !has_path {
        return None;
    }
    // That the challenge's own URL was passed over is another rule's matter.
    let named = reading.unauthorized().is_some_and(|call| {
        // Of headers that were not recorded one may name it.
        let Some(response) = call.response_with_headers() else {
            return true;
        };
        let all = response.challenges().ok();
        let mut all = all.into_iter().flatten();
        all.any(|challenge| challenge.parameter("resource_metadata").is_some())
    });
    if named || !reading.client_follows(Revision::R20251125) {
        return None;
    }
    let said = "The document at the root may be that of another MCP server on the same host.";
    let workaround = "serving the right document at the root too, if the host has one MCP server";
    let finding = out_of_order(first.seen, MCP_CLIENT_METADATA_URL)
        .variant(&ROOT_FIRST)
        .message(with_workaround(said, workaround))
        .expected("the well-known URL with the MCP server's path first");
    Some(finding)
}

fn get_first(reading: &Reading<'_>) -> Option<Finding> {
    let mut all = reading.all.iter();
    let first = all.find(|seen| {
        matches!(
            seen.exchange.purpose,
            Purpose::Challenge { .. } | Purpose::Mcp { .. } | Purpose::Unknown
        )
    })?;
    let is_get = first.exchange.purpose == Purpose::Unknown && first.request().method == "GET";
    // Somebody who opens the URL in a browser, or a program that looks whether anything is there,
    // is no MCP client.
    let accepted = first.request().header_value("accept").unwrap_or_default();
    let is_get = is_get && accepted.contains("text/event-stream");
    // Whoever is challenged can go on.
    if !is_get || first.status() == Some(401) || first.status().is_none() {
        return None;
    }
    let said = "The client opens a stream before it calls. It is not challenged there, so it does \
                not learn how to log in until it calls.";
    let workaround = "answering 401 with the challenge to a GET without a token, before anything \
                      else about the request is checked";
    let finding = out_of_order(*first, MCP_CLIENT_POST)
        .variant(&GET_FIRST)
        .message(with_workaround(said, workaround))
        .expected("POST with initialize or another call first");
    Some(finding)
}

fn out_of_order(seen: ExchangeRef<'_>, spec: crate::spec::Spec) -> Finding {
    let request = seen.request();
    RULE.found(spec)
        .at(seen.seq, Part::RequestUrl)
        .actual(format!("{} {}", request.method, excerpt(&request.url)))
        .fix("In the client: keep to the order of the specification.")
}

#[cfg(test)]
mod tests {
    use trace::{EntryKind, MetadataSource, Purpose, Request, WellKnown};

    use crate::sample::{AS, Answer, MCP, Run, found_in, push, watched};

    #[test]
    fn openid_and_the_root_come_second() {
        let mut run = Run::of_another_client();
        run.server_tries[0].0 = WellKnown::OidcInserted;
        run.server_tries[0].1 = format!("{AS}/.well-known/openid-configuration");
        assert_eq!(run.finding_of_client("K09").variant, "default");
        let mut run = Run::of_another_client();
        run.challenge.drop_header("www-authenticate");
        run.resource_tries[0].0 = MetadataSource::Root;
        run.resource_tries[0].1 = "https://mcp.example/.well-known/oauth-protected-resource".into();
        assert_eq!(run.finding_of_client("K09").variant, "root_first");
    }

    #[test]
    fn is_silent_when_the_order_is_kept() {
        let mut run = Run::of_another_client();
        assert!(run.client_is_silent("K09"));
        let first = (
            WellKnown::OauthInserted,
            format!("{AS}/.well-known/oauth-authorization-server"),
            Answer::bare(404),
        );
        run.server_tries[0].0 = WellKnown::OidcInserted;
        run.server_tries[0].1 = format!("{AS}/.well-known/openid-configuration");
        run.server_tries.insert(0, first);
        assert!(run.client_is_silent("K09"));
    }

    #[test]
    fn a_get_first_is_a_note_unless_it_is_challenged() {
        let get = |accept: &str, answer: &Answer| {
            let mut trace = watched(&Run::of_another_client().trace());
            let entries = std::mem::take(&mut trace.entries);
            let request = Request::new("GET", MCP).header("accept", accept);
            push(&mut trace, Purpose::Unknown, request, answer);
            for entry in entries {
                let kind: EntryKind = entry.kind.clone();
                trace.push(entry.at, 0, entry.phase, kind);
            }
            found_in(&trace, "K09")
        };
        let stream = "application/json, text/event-stream";
        let refused = Answer::bare(405);
        assert_eq!(get(stream, &refused).unwrap().variant, "get_first");
        assert_eq!(get(stream, &Run::healthy().challenge), None);
        // A browser.
        assert_eq!(get("text/html,*/*;q=0.8", &refused), None);
    }
}
