use trace::Revision;
use url::Url;

use crate::finding::Part;
use crate::foreign::foreign_resource;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::{RFC9728_FROM_CHALLENGE, RFC9728_WELL_KNOWN};
use crate::wording::{differ_by_trailing_slash, from_cache, identifier, is_above, same_but_for};

rule! {
    /// # What it looks at
    /// The `resource` of the protected resource metadata, against the URL of the MCP server as it
    /// was used. They are compared character by character. A difference in nothing but a slash at
    /// the end is a finding of its own.
    ///
    /// # Why it matters
    /// The comparison is what keeps a server from passing itself off as another one, so clients
    /// that find a difference must not use the document. Some let an origin stand for the URLs
    /// below it, others refuse: the server works with one client and not with the next.
    ///
    /// # How to fix
    /// Set `resource` to the very URL that users type into their clients. Behind a proxy that is
    /// the outer URL, with its scheme, host, port and path.
    ///
    /// # References
    /// RFC 9728 sections 3.3 and 7.3.
    "R02" "resource_mismatch" Error McpServer Likely since Some(Revision::R20250618),
    title: "The resource metadata is about another resource than the URL used",
    spec: [RFC9728_FROM_CHALLENGE, RFC9728_WELL_KNOWN],
    stops: [ForeignResource],
    looks_at: [ResourceMetadata, ResourceMetadataUrl],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(foreign) = foreign_resource(reading) else {
        return;
    };
    let used = reading.server_url;
    if differ_by_trailing_slash(&foreign.resource, used) {
        return;
    }
    let named = identifier(&foreign.resource);
    let message = if is_above(&foreign.resource, used) {
        format!(
            "{named} is a parent of the URL used. Some clients accept that, others stop here: the \
             specification demands the identical URL."
        )
    } else if foreign.resource.split('#').next() == Some(used) {
        "It is the URL used with a fragment (# and what follows). A resource identifier has none, \
         and the two are compared as text, so clients stop here."
            .into()
    } else if let Some(difference) = same_but_for(&foreign.resource, used) {
        format!(
            "The two differ only in {difference}, but they are compared as text, so clients stop \
             here."
        )
    } else if reading.issuer() == Some(&foreign.resource) {
        "The metadata names the authorization server where the MCP server belongs. Clients stop \
         here."
            .into()
    } else if is_scheme_or_port_lost(&foreign.resource, used) {
        "Host and path are right, scheme or port is not: the server builds the URL from what a \
         proxy passes on, and does not see the outer one. Clients stop here."
            .into()
    } else if let Some(prefix) = lost_prefix(&foreign.resource, used) {
        format!(
            "The end of the path is right, and {prefix} before it is missing: most likely a proxy \
             takes it away, and the server does not know that it is there. Clients stop here."
        )
    } else if is_host_lost(&foreign.resource, used) {
        "The path is right, the host is not: most likely the server names itself as it is known \
         behind a proxy, or under another of its names. Clients stop here."
            .into()
    } else {
        "The metadata describes another resource. Clients stop here, since otherwise one server \
         could pass itself off as another."
            .into()
    };
    let cached = foreign
        .seen
        .response()
        .and_then(|response| from_cache(&response));
    let message: String = match cached {
        Some(cached) => format!("{message} {cached}"),
        None => message,
    };
    let finding = RULE
        .found(foreign.spec)
        .at(foreign.seen.seq, Part::body("/resource"))
        .message(message)
        .expected(used)
        .actual(named)
        .fix(format!(
            "Set resource in the metadata to {used}, the URL that clients use."
        ));
    findings.add(finding);
}

fn is_scheme_or_port_lost(named: &str, used: &str) -> bool {
    let parts = |text: &str| {
        let url = url::Url::parse(text).ok()?;
        Some((
            url.host_str()?.to_owned(),
            url.path().trim_end_matches('/').to_owned(),
        ))
    };
    parts(named).is_some_and(|of_named| parts(used) == Some(of_named))
}

/// What the path of the URL used has before the path of the resource, at the same origin.
fn lost_prefix(resource: &str, used: &str) -> Option<String> {
    let (resource, used) = (Url::parse(resource).ok()?, Url::parse(used).ok()?);
    let prefix = used.path().strip_suffix(resource.path())?;
    let is_path = prefix.starts_with('/') && resource.path().len() > 1;
    (is_path && resource.origin() == used.origin()).then(|| identifier(prefix))
}

/// Whether the two have the same path, longer than a slash, at different hosts.
fn is_host_lost(resource: &str, used: &str) -> bool {
    let (Ok(resource), Ok(used)) = (Url::parse(resource), Url::parse(used)) else {
        return false;
    };
    resource.host() != used.host() && resource.path() == used.path() && used.path().len() > 1
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::MetadataSource;

    use crate::sample::Run;

    fn with_resource(resource: &str) -> Run {
        let mut run = Run::healthy();
        run.resource_tries[0]
            .2
            .edit(|metadata| metadata["resource"] = json!(resource));
        run
    }

    #[test]
    fn tells_the_ways_apart() {
        let message = |resource| with_resource(resource).finding("R02").message;
        assert!(message("https://mcp.example").contains("a parent"));
        assert!(message("https://as.example").contains("authorization server"));
        assert!(message("http://mcp.example:8080/mcp").contains("proxy"));
        assert!(message("https://MCP.example/mcp").contains("upper and lower case"));
        assert!(message("https://other.example/mcp").contains("behind a proxy"));
        assert!(message("https://other.example/sse").contains("another resource"));
        assert!(message("https://mcp.example/mcp#v1").contains("a fragment"));
    }

    #[test]
    fn a_prefix_that_a_proxy_takes_away_is_named() {
        let mut run = with_resource("https://mcp.example/mcp");
        run.server_url = "https://mcp.example/app/mcp".into();
        assert!(run.finding("R02").message.contains("/app before it"));
        // A path that only ends alike is another one.
        run.server_url = "https://mcp.example/appmcp".into();
        assert!(!run.finding("R02").message.contains("before it"));
    }

    #[test]
    fn is_silent_about_the_slash_and_about_the_origin_at_the_root() {
        assert!(with_resource("https://mcp.example/mcp/").is_silent("R02"));
        let mut run = with_resource("https://mcp.example");
        run.resource_tries[0].0 = MetadataSource::Root;
        assert!(run.is_silent("R02"));
    }
}
