use trace::Revision;

use crate::conduct::with_workaround;
use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, challenges};
use crate::rule::{Findings, rule};
use crate::spec::MCP_CLIENT_METADATA_URL;
use crate::wording::{excerpt, is_http_url};

rule! {
    /// # What it looks at
    /// `resource_metadata` of the challenge, and whether the client that was watched or recorded
    /// asked for that URL before it went on with discovery, registration or authorization.
    ///
    /// # Why it matters
    /// The URL in the challenge is the only one that always leads to the right document. A client
    /// that guesses well-known URLs instead finds nothing, or the document of another server on the
    /// same host.
    ///
    /// # How to fix
    /// In the client: request the URL of `resource_metadata` first, and try the well-known URLs
    /// only where the challenge names none. The server can serve the same document at both
    /// well-known URLs as well.
    ///
    /// # References
    /// MCP authorization, "Protected Resource Metadata Discovery Requirements"; RFC 9728 section
    /// 5.1.
    "K01" "challenge_metadata_ignored" Error Client since Some(Revision::R20250618),
    title: "The client does not ask for the metadata that the challenge names",
    spec: [MCP_CLIENT_METADATA_URL],
    looks_at: [AnotherClient, Challenge],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.client_follows(Revision::R20250618) {
        return;
    }
    let named = reading.first_calls.iter().find_map(|call| {
        let all = challenges(call.response()?).ok()?;
        let mut urls = all
            .iter()
            .filter_map(|one| one.parameter("resource_metadata"));
        let url = urls.next().filter(|url| is_http_url(url))?;
        (call.status() == Some(401)).then_some((call.seq, url))
    });
    let Some((challenged, url)) = named else {
        return;
    };
    let asked = reading
        .all
        .iter()
        .any(|seen| is_same_url(&seen.exchange.request.url, url));
    let Some(instead) = next_of_discovery(reading, challenged).filter(|_| !asked) else {
        return;
    };
    let url = excerpt(url);
    let said = format!(
        "The 401 names {url} as the place of the resource metadata. The client never asked for it \
         and went on with {} instead.",
        excerpt(&instead.exchange.request.url)
    );
    let workaround = "answering with the same document at the well-known URLs of its path and of \
                      its root";
    let finding = RULE
        .found(MCP_CLIENT_METADATA_URL)
        .at(instead.seq, Part::RequestUrl)
        .message(with_workaround(&said, workaround))
        .expected(format!("GET {url}"))
        .actual(format!(
            "{} {}",
            instead.exchange.request.method,
            excerpt(&instead.exchange.request.url)
        ))
        .fix("In the client: ask for the URL in resource_metadata before any other.");
    findings.add(finding);
}

/// Whether both are one URL, however they are spelled.
fn is_same_url(asked: &str, named: &str) -> bool {
    let parsed = |url: &str| {
        let mut url = url::Url::parse(url).ok()?;
        url.set_fragment(None);
        Some(url)
    };
    asked == named || parsed(asked).is_some_and(|asked| Some(asked) == parsed(named))
}

/// What the client asked first after the challenge to find its authorization server. A client that
/// asks for a token without that knows the server from before.
fn next_of_discovery<'a>(reading: &Reading<'a>, after: u32) -> Option<ExchangeRef<'a>> {
    let resource = reading.resource_tries.iter().map(|attempt| attempt.seen);
    let server = reading.server_tries.iter().map(|attempt| attempt.seen);
    let registrations = reading.registrations.iter().copied();
    let all = resource.chain(server).chain(registrations);
    all.filter(|seen| seen.seq > after)
        .min_by_key(|seen| seen.seq)
}

#[cfg(test)]
mod tests {
    use trace::MetadataSource;

    use crate::sample::{Run, watched};

    #[test]
    fn another_place_is_asked_instead() {
        let mut run = Run::of_another_client();
        let root = "https://mcp.example/.well-known/oauth-protected-resource";
        run.resource_tries[0].0 = MetadataSource::Root;
        run.resource_tries[0].1 = root.into();
        let finding = run.finding_of_client("K01");
        assert!(finding.message.contains(root), "{}", finding.message);
        assert_eq!(finding.owner_name, "the client Some Client");
        run.resource_tries.clear();
        assert!(
            run.finding_of_client("K01")
                .actual
                .unwrap()
                .starts_with("GET https://as")
        );
    }

    #[test]
    fn is_silent_when_the_url_was_spelled_in_another_way() {
        let mut run = Run::of_another_client();
        let (_, url, _) = &mut run.resource_tries[0];
        *url = url.replace("https://mcp.example/", "https://MCP.example:443/");
        assert!(run.client_is_silent("K01"));
    }

    #[test]
    fn is_silent_when_the_client_knows_the_server_from_before() {
        let mut run = Run::of_another_client();
        run.resource_tries.clear();
        run.server_tries.clear();
        run.registration = None;
        assert!(run.client_is_silent("K01"));
    }

    #[test]
    fn is_silent_when_it_was_asked_or_nothing_was() {
        assert!(Run::of_another_client().client_is_silent("K01"));
        let mut run = Run::of_another_client();
        run.challenge.drop_header("www-authenticate");
        run.resource_tries[0].1 = "https://mcp.example/.well-known/oauth-protected-resource".into();
        assert!(run.client_is_silent("K01"));
        // The recording ends with the challenge.
        let mut trace = watched(&Run::of_another_client().trace());
        trace.entries.truncate(1);
        assert_eq!(crate::diagnose(&trace), []);
    }
}
