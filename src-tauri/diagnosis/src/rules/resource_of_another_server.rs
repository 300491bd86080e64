use trace::{Grant, Revision};

use crate::conduct::with_workaround;
use crate::finding::Part;
use crate::reading::{Reading, form, value};
use crate::rule::{Findings, rule};
use crate::spec::MCP_CLIENT_RESOURCE_IDENTIFIES;
use crate::wording::{excerpt, is_above, same_but_for};

rule! {
    /// # What it looks at
    /// The `resource` that a client which was watched or recorded sends: whether it is the one of
    /// the resource metadata, the MCP server's URL or a part above it, and the same in the
    /// authorization request and in the token request.
    ///
    /// # Why it matters
    /// The token is issued for what `resource` names. Where that is another server, the MCP server
    /// has to refuse it.
    ///
    /// # How to fix
    /// In the client: take `resource` from the resource metadata, byte for byte, and send the same
    /// in both requests.
    ///
    /// # References
    /// MCP authorization, "Resource Parameter Implementation"; RFC 8707 section 2.
    "K03" "resource_of_another_server" Error Client since Some(Revision::R20250618),
    title: "The client asks for a token for another resource than the MCP server",
    variants: [
        CHANGED: Error Client Certain
            "The client names another resource in the token request than in the authorization request",
    ],
    spec: [MCP_CLIENT_RESOURCE_IDENTIFIES],
    looks_at: [AnotherClient, ResourceMetadata, AuthorizationRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.client_follows(Revision::R20250618) || !reading.has_resource_metadata() {
        return;
    }
    let advertised = reading
        .resource_metadata()
        .and_then(|(_, metadata)| metadata.resource.clone());
    let mut known: Vec<&str> = vec![reading.server_url];
    known.extend(advertised.as_deref());
    known.extend(reading.first_calls.iter().map(|call| call.request().url()));
    // A client that was given the URL of a proxy may name that.
    let called = reading.mcp_calls.iter().filter_map(|call| {
        let side = call.exchange.client_side.as_deref()?;
        Some(side.request.url.as_str())
    });
    known.extend(called);
    let is_of_server = |resource: &str| {
        known.iter().any(|url| {
            *url == resource || same_but_for(url, resource).is_some() || is_above(resource, url)
        })
    };
    let expected = advertised.as_deref().unwrap_or(reading.server_url);
    let mut requests = reading.authorization_requests();
    let foreign = requests.find_map(|asked| {
        let resource = asked.value("resource").filter(|it| !is_of_server(it))?;
        Some((asked.seq, resource.to_owned()))
    });
    if let Some((seq, resource)) = foreign {
        let said = format!(
            "The token is asked for {}, and it is to be used at {}. A token for another resource \
             has to be refused there.",
            excerpt(&resource),
            excerpt(reading.server_url)
        );
        let workaround = "naming in its resource metadata what the client sends, if that is the \
                          server's own URL in another form";
        let finding = RULE
            .found(MCP_CLIENT_RESOURCE_IDENTIFIES)
            .at(seq, Part::RequestUrl)
            .message(with_workaround(&said, workaround))
            .expected(format!("resource={}", excerpt(expected)))
            .actual(format!("resource={}", excerpt(&resource)))
            .fix("In the client: send the resource that the resource metadata names.");
        return findings.add(finding);
    }
    let mut redemptions = reading.tokens.iter();
    let changed = redemptions.find_map(|(seen, grant)| {
        if *grant != Grant::AuthorizationCode {
            return None;
        }
        let sent = value(form(seen.request()), "resource")?;
        let (_, asked) = reading.authorization_before(seen.seq)?;
        let mut named = asked
            .iter()
            .filter(|pair| pair.name == "resource")
            .peekable();
        let first = named.peek()?.value.clone();
        let same = named.any(|pair| pair.value == sent);
        (!same).then_some((seen.seq, sent, first))
    });
    if let Some((seq, sent, asked)) = changed {
        let said = "The user agreed to a token for one resource, and the client asks for a token \
                    for another. Authorization servers answer invalid_target, or issue a token \
                    that is not for the MCP server.";
        let workaround = "treating both as the same resource, if they are";
        let finding = RULE
            .found(MCP_CLIENT_RESOURCE_IDENTIFIES)
            .variant(&CHANGED)
            .at(seq, Part::RequestBody)
            .message(with_workaround(said, workaround))
            .expected(format!("resource={}", excerpt(&asked)))
            .actual(format!("resource={}", excerpt(sent)))
            .fix("In the client: send the same resource in both requests.");
        findings.add(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::sample::Run;

    #[test]
    fn another_server_is_named() {
        let mut run = Run::of_another_client();
        run.ask("resource", Some("https://other.example/mcp"));
        run.exchange.retain(|(name, _)| *name != "resource");
        let finding = run.finding_of_client("K03");
        assert_eq!(
            finding.expected.as_deref(),
            Some("resource=https://mcp.example/mcp")
        );
        let mut run = Run::of_another_client();
        run.exchange.retain(|(name, _)| *name != "resource");
        run.exchange
            .push(("resource", "https://mcp.example".into()));
        assert_eq!(run.finding_of_client("K03").variant, "changed");
    }

    #[test]
    fn is_silent_on_other_names_of_the_same_server() {
        for same in [
            "https://mcp.example/mcp/",
            "https://mcp.example",
            "https://MCP.example/mcp",
        ] {
            let mut run = Run::of_another_client();
            run.calls.truncate(1);
            run.refresh = None;
            run.ask("resource", Some(same));
            run.exchange.retain(|(name, _)| *name != "resource");
            run.exchange.push(("resource", same.into()));
            assert!(run.client_is_silent("K03"), "{same}");
        }
        let mut run = Run::of_another_client();
        run.ask("resource", Some("https://other.example/mcp"));
        run.exchange.retain(|(name, _)| *name != "resource");
        assert!(run.is_silent("K03"));
    }
}
