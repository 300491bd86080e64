use trace::{Grant, Revision};

use crate::conduct::{has_whole_form, with_workaround};
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, form, value};
use crate::rule::{Findings, rule};
use crate::spec::MCP_CLIENT_RESOURCE;
use crate::wording::list;

rule! {
    /// # What it looks at
    /// Whether a client that was watched or recorded names the MCP server in `resource`: in the
    /// authorization request, in the token request and when it refreshes.
    ///
    /// # Why it matters
    /// `resource` tells the authorization server whom the token is for. Without it some issue a
    /// token for another audience, which the MCP server refuses; some issue an opaque one; and
    /// where only the refresh lacks it, all works until the first token expires.
    ///
    /// # How to fix
    /// In the client: send `resource` with the value of the resource metadata in every
    /// authorization and token request, refreshes as well. The authorization server can take a
    /// default audience for requests without it, where it serves one MCP server.
    ///
    /// # References
    /// MCP authorization, "Resource Parameter Implementation"; RFC 8707 section 2.
    "K02" "resource_not_sent" Error Client since Some(Revision::R20250618),
    title: "The client does not say in {places} which MCP server the token is for",
    variants: [
        TOKEN: Error Client Certain "The client leaves resource out of the token request",
        REFRESH: Warning Client Certain "The client leaves resource out when it refreshes",
    ],
    spec: [MCP_CLIENT_RESOURCE],
    looks_at: [AnotherClient, ResourceMetadata, TokenRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    // A server without resource metadata may know of no resource.
    if !reading.client_follows(Revision::R20250618) || !reading.has_resource_metadata() {
        return;
    }
    let mut requests = reading.authorization_requests();
    let authorization = requests.find(|asked| asked.value("resource").is_none());
    let token = |wanted: fn(Grant) -> bool| {
        let mut all = reading
            .tokens
            .iter()
            .filter(move |(_, grant)| wanted(*grant));
        all.find(|(seen, _)| lacks_resource(*seen))
            .map(|(seen, _)| *seen)
    };
    let first = token(|grant| {
        matches!(
            grant,
            Grant::AuthorizationCode | Grant::ClientCredentials | Grant::DeviceCode
        )
    });
    let refresh = token(|grant| grant == Grant::RefreshToken);
    let finding = match (authorization, first, refresh) {
        (Some(asked), first, refresh) => {
            let mut places = vec!["the authorization request"];
            places.extend(first.map(|_| "the token request"));
            places.extend(refresh.map(|_| "the refresh"));
            RULE.found(MCP_CLIENT_RESOURCE)
                .title_with([&list(&places)])
                .at(asked.seq, Part::RequestUrl)
        }
        (None, Some(first), _) => of_token(first).variant(&TOKEN),
        (None, None, Some(refresh)) => of_token(refresh).variant(&REFRESH),
        (None, None, None) => return,
    };
    let what = match &finding {
        finding if finding.is(&REFRESH) => {
            "The first token was asked for with resource, and the refresh without it. The new \
             token may be for another audience, so that the connection breaks when the first one \
             expires."
        }
        finding if finding.is(&TOKEN) => {
            "The authorization request names the MCP server, and the token request does not. The \
             authorization server may issue a token for another audience."
        }
        _ => {
            "Without resource the authorization server cannot know which MCP server the token is \
             for. It may issue one that the MCP server refuses."
        }
    };
    let workaround = "letting the authorization server take the MCP server as the audience of \
                      requests without resource";
    let finding = finding
        .message(with_workaround(what, workaround))
        .expected(match reading.resource_metadata() {
            Some((_, metadata)) => metadata.resource.as_deref().map_or_else(
                || "resource with the MCP server's URL".into(),
                |resource| format!("resource={}", crate::wording::excerpt(resource)),
            ),
            None => "resource with the MCP server's URL".into(),
        })
        .actual("no resource")
        .fix(
            "In the client: send resource in every authorization and token request, refreshes as \
             well.",
        );
    findings.add(finding);
}

fn lacks_resource(seen: ExchangeRef<'_>) -> bool {
    has_whole_form(seen) && value(form(seen.request()), "resource").is_none()
}

fn of_token(seen: ExchangeRef<'_>) -> Finding {
    RULE.found(MCP_CLIENT_RESOURCE)
        .at(seen.seq, Part::RequestBody)
}

#[cfg(test)]
mod tests {
    use trace::{Recorded, Revision};

    use crate::sample::{Run, found_in, refresh, watched};

    #[test]
    fn it_is_told_where_it_lacks() {
        let mut run = Run::of_another_client();
        run.ask("resource", None);
        let finding = run.finding_of_client("K02");
        assert!(finding.title.contains("in the authorization request which"));
        run.exchange.retain(|(name, _)| *name != "resource");
        let title = run.finding_of_client("K02").title;
        assert!(
            title.contains("authorization request and the token request"),
            "{title}"
        );
        let mut run = Run::of_another_client();
        run.exchange.retain(|(name, _)| *name != "resource");
        assert_eq!(run.finding_of_client("K02").variant, "token");
        let run = Run::of_another_client();
        let mut trace = run.trace();
        refresh(&mut trace, "refresh-2", &run.token);
        let finding = found_in(&watched(&trace), "K02").unwrap();
        assert_eq!(finding.variant, "refresh");
        assert!(
            finding
                .message
                .contains("The server could work around it by")
        );
    }

    #[test]
    fn is_silent_on_ours_and_where_it_need_not_be_or_was_not_recorded() {
        assert!(Run::of_another_client().client_is_silent("K02"));
        let mut run = Run::of_another_client();
        run.ask("resource", None);
        assert!(run.is_silent("K02"));
        run.revision = Revision::R20250326;
        run.resource_tries.clear();
        assert!(run.client_is_silent("K02"));
        let mut run = Run::of_another_client();
        run.exchange.retain(|(name, _)| *name != "resource");
        let mut trace = watched(&run.trace());
        for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
            if let trace::EntryKind::Exchange(exchange) = &mut entry.kind {
                exchange.recorded.request_body = Recorded::Incomplete;
            }
        }
        assert_eq!(found_in(&trace, "K02"), None);
    }
}
