//! What one owner has to change, for those who maintain it: they may never have heard of this
//! program.

use std::io::{self, BufWriter, Write};

use diagnosis::{Finding, Owner};

use super::markdown::{code, fenced, finding_section, prose, write_versions};
use super::message::{answer_text, request_text};
use super::{owner_name, owner_words, verdict_words};
use crate::format::{About, Export, Format, Kind};
use crate::line::clean_line;
use crate::redact::Redactor;
use crate::repeat::curl;

/// The bug report to an owner, in Markdown.
pub struct BugReport(pub Owner);

impl Format for BugReport {
    fn about(&self) -> About {
        let Self(owner) = self;
        let (id, title, extensions): (_, _, &'static [&'static str]) = match owner {
            Owner::McpServer => (
                "report-mcp-server",
                "To the MCP server's authors",
                &["mcp-server.md"],
            ),
            Owner::AuthorizationServer => (
                "report-authorization-server",
                "To the authorization server's operators",
                &["authorization-server.md"],
            ),
            Owner::Client => (
                "report-client",
                "To the client's maintainers",
                &["client.md"],
            ),
            Owner::Network | Owner::Nobody => (
                "report-network",
                "To whoever runs the network or proxy",
                &["network.md"],
            ),
        };
        About {
            id,
            title,
            extensions,
            media_type: "text/markdown; charset=utf-8",
            can_read: false,
            can_write: true,
            holds_secrets: false,
            kind: Kind::BugReport(*owner),
            explanation: "A bug report: each fault with its messages, and how to repeat it.",
        }
    }

    fn write(&self, export: &Export<'_>, to: &mut dyn Write) -> io::Result<()> {
        let Self(owner) = self;
        let redactor = export.redactor();
        let mut to = BufWriter::new(to);
        let judged = export.judged.unwrap_or_default();
        let own = judged.findings.iter();
        let own: Vec<&Finding> = own.filter(|finding| finding.owner == *owner).collect();
        let url = code(&clean_line(&redactor.url(&export.trace.server_url)));
        let Some(first) = own.first() else {
            let owner = owner_words(*owner);
            writeln!(to, "# OAuth of {url}")?;
            writeln!(to, "\nNothing was found that {owner} would have to change.")?;
            return to.flush();
        };
        let title = prose(&redactor.text(&first.title));
        writeln!(to, "# {title}")?;
        let whom = prose(&owner_name(first, &redactor));
        writeln!(
            to,
            "\nThis is about {whom}, in the OAuth flow of an MCP client with {url}."
        )?;
        if judged.verdict.is_some() {
            let verdict = prose(&verdict_words(&judged, &redactor));
            writeln!(to, "\nWhat came of it: {verdict}")?;
        }
        let mut shown = Vec::new();
        for finding in own {
            finding_section(&mut to, "##", finding, export, &redactor)?;
            if let Some(seq) = finding.exchange
                && !shown.contains(&seq)
            {
                shown.push(seq);
                write_exchange(&mut to, seq, export, &redactor)?;
            }
        }
        write_reproduction(&mut to, export, &redactor)?;
        write_versions(&mut to, export, &redactor)?;
        to.flush()
    }
}

/// The messages as raw text, and the command that repeats the request.
fn write_exchange(
    to: &mut impl Write,
    seq: u32,
    export: &Export<'_>,
    redactor: &Redactor,
) -> io::Result<()> {
    let entry = export.trace.entry(seq);
    let Some(exchange) = entry.and_then(|entry| entry.exchange()) else {
        return Ok(());
    };
    let request = request_text(exchange, redactor, LONGEST);
    let answer = answer_text(exchange, redactor, LONGEST);
    writeln!(
        to,
        "\nStep {seq}, the request:\n\n{}",
        fenced("http", &request)
    )?;
    writeln!(to, "\nThe answer:\n\n{}", fenced("http", &answer))?;
    let command = curl(exchange, Some(redactor));
    writeln!(to, "\nTo send it again:\n\n{}", fenced("sh", &command))
}

fn write_reproduction(
    to: &mut impl Write,
    export: &Export<'_>,
    redactor: &Redactor,
) -> io::Result<()> {
    let url = clean_line(&redactor.url(&export.trace.server_url));
    if url.is_empty() {
        return Ok(());
    }
    let word = url.replace('\'', r"'\''");
    let command = format!("authscope-cli run '{word}'");
    writeln!(to, "\n## The whole flow\n")?;
    writeln!(
        to,
        "Authscope plays it again and judges it:\n\n{}",
        fenced("sh", &command)
    )
}

/// Bytes of a body.
const LONGEST: usize = 16 << 10;
