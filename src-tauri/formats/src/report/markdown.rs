//! The report in Markdown, as issue trackers and chats take it
//! (<https://github.github.com/gfm/>).

use std::io::{self, BufWriter, Write};

use diagnosis::{Certainty, Finding, Owner};
use trace::short_path;

use super::{
    ByOwner, by_owner, level_sign, level_word, owner_name, owner_words, title, verdict_sign,
    verdict_words, versions,
};
use crate::format::{About, Export, Format, Kind};
use crate::line::{clean_line, line};
use crate::redact::Redactor;
use crate::text::Text;
use crate::visible::isolated;

/// `.md`.
pub struct Markdown;

impl Format for Markdown {
    fn about(&self) -> About {
        About {
            id: "markdown",
            title: "Markdown report",
            extensions: &["md", "markdown"],
            media_type: "text/markdown; charset=utf-8",
            can_read: false,
            can_write: true,
            holds_secrets: false,
            kind: Kind::Report,
            explanation: "Verdict, findings and diagram, to be pasted into an issue or a chat.",
        }
    }

    fn write(&self, export: &Export<'_>, to: &mut dyn Write) -> io::Result<()> {
        let redactor = export.redactor();
        let mut to = BufWriter::new(to);
        let url = clean_line(&redactor.url(&export.trace.server_url));
        let url = if url.is_empty() { url } else { code(&url) };
        writeln!(to, "# {}", title(&url))?;
        if let Some(judged) = &export.judged {
            let verdict = prose(&verdict_words(judged, &redactor));
            writeln!(to, "\n**{} {verdict}**", verdict_sign(judged))?;
            for group in by_owner(judged.findings) {
                owner_section(&mut to, &group, export, &redactor)?;
            }
        }
        writeln!(to, "\n## What happened")?;
        let mut diagram = Vec::new();
        Text::diagram(export, &redactor, &mut diagram)?;
        let diagram = String::from_utf8_lossy(&diagram);
        writeln!(to, "\n{}", fenced("text", &diagram))?;
        write_versions(&mut to, export, &redactor)?;
        to.flush()
    }
}

fn owner_section(
    to: &mut impl Write,
    group: &ByOwner<'_>,
    export: &Export<'_>,
    redactor: &Redactor,
) -> io::Result<()> {
    if group.owner == Owner::Nobody {
        writeln!(to, "\n## Good to know")?;
    } else {
        let title = prose(owner_words(group.owner));
        writeln!(to, "\n## To change: {title}")?;
    }
    for finding in &group.findings {
        finding_section(to, "###", finding, export, redactor)?;
    }
    Ok(())
}

/// One finding, with all that there is to say of it. `heading`: the marks before its title.
pub fn finding_section(
    to: &mut impl Write,
    heading: &str,
    finding: &Finding,
    export: &Export<'_>,
    redactor: &Redactor,
) -> io::Result<()> {
    let text = |text: &str| prose(&redactor.text(text));
    let (sign, level) = (level_sign(finding.level), level_word(finding.level));
    let title = text(&finding.title);
    writeln!(to, "\n{heading} {sign} {}: {title} ({level})", finding.code)?;
    writeln!(to, "\n{}\n", text(&finding.message))?;
    for (name, value) in [("Expected", &finding.expected), ("Got", &finding.actual)] {
        if let Some(value) = value {
            writeln!(to, "- {name}: {}", code(&line(value, redactor)))?;
        }
    }
    if finding.owner != Owner::Nobody {
        let likely = match finding.certainty {
            Certainty::Likely => ", most likely",
            Certainty::Certain | Certainty::NotChecked => "",
        };
        let owner = prose(&owner_name(finding, redactor));
        writeln!(to, "- To change ({owner}{likely}): {}", text(&finding.fix))?;
    }
    if let Some(shown) = shown_by(finding, export, redactor) {
        writeln!(to, "- Shown by: {shown}")?;
    }
    if let Some(cause) = &finding.cause {
        writeln!(to, "- Comes of: {}", prose(cause))?;
    }
    let spec = &finding.spec;
    let (title, quote) = (prose(&spec.title), prose(&spec.quote));
    writeln!(to, "- {title}: \"{quote}\" <{}>", spec.url)
}

/// The exchange in a few words.
fn shown_by(finding: &Finding, export: &Export<'_>, redactor: &Redactor) -> Option<String> {
    let seq = finding.exchange?;
    let Some(exchange) = export.trace.entry(seq)?.exchange() else {
        return Some(format!("step {seq}"));
    };
    let request = &exchange.request;
    let request = format!("{} {}", request.method, short_path(&request.url));
    let request = code(&line(&request, redactor));
    let status = exchange
        .status()
        .map_or("not answered".to_owned(), |status| {
            format!("answered {status}")
        });
    Some(format!("step {seq}, {request}, {status}"))
}

pub fn write_versions(
    to: &mut impl Write,
    export: &Export<'_>,
    redactor: &Redactor,
) -> io::Result<()> {
    writeln!(to, "\n## Versions\n")?;
    for (name, version) in versions(export, redactor) {
        writeln!(to, "- {name}: {}", code(&version))?;
    }
    Ok(())
}

/// Text in a block of its own. No line of it can end the block.
pub fn fenced(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{fence}{language}\n{text}{end}{fence}")
}

/// A text of one line as it stands: in a code span, which nothing in it ends.
pub fn code(text: &str) -> String {
    if text.is_empty() {
        return "(empty)".into();
    }
    let fence = "`".repeat(longest_run(text) + 1);
    // A space at each end is taken away again; it keeps the marks apart.
    let space = if text.starts_with('`') || text.ends_with('`') || text.starts_with(' ') {
        " "
    } else {
        ""
    };
    format!("{fence}{space}{text}{space}{fence}")
}

/// A text of one line in which nothing means anything: no markup, no link, and none of what issue
/// trackers make of `@name` and `#1`.
pub fn prose(text: &str) -> String {
    let text = isolated(clean_line(text));
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let after = characters.peek().copied().unwrap_or(' ');
        match c {
            '@' | '#' => out.push_str(&format!("`{c}`")),
            // Within a word it is no emphasis.
            '_' if before.is_alphanumeric() && after.is_alphanumeric() => out.push(c),
            ':' if after == '/' => out.push_str("\\:"),
            '.' if out.ends_with("www") => out.push_str("\\."),
            '-' | '+' | '=' if out.is_empty() => {
                out.push('\\');
                out.push(c);
            }
            '.' | ')' if out.bytes().all(|byte| byte.is_ascii_digit()) => {
                out.push('\\');
                out.push(c);
            }
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '!'
            | '$' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
        before = c;
    }
    out
}

/// The longest row of backticks.
fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_means_anything_in_prose() {
        assert_eq!(
            prose("a <b> [x](y) *z* access_token _q_ @me #7 https://x www.x"),
            "a \\<b\\> \\[x\\](y) \\*z\\* access_token \\_q\\_ `@`me `#`7 https\\://x www\\.x"
        );
        assert_eq!(prose("1. - x\n# y"), "1\\. - x\\\\n`#` y");
        assert_eq!(prose("- x"), "\\- x");
    }

    #[test]
    fn nothing_ends_a_block_or_a_span() {
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(fenced("text", "```\nx"), "````text\n```\nx\n````");
    }
}
