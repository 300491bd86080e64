//! The report as one HTML file that needs nothing else: no program, no network.
//!
//! Its policy lets nothing run or load but the style and the script that are in it, by their
//! hashes, so that a server's words could do nothing even if they were taken for markup.

mod indented;

use std::io::{self, BufWriter, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diagnosis::{Certainty, Finding, Level, Owner};
use sha2::{Digest as _, Sha256};
use trace::{Entry, Exchange, Purpose, short_path};

use super::message::{answer_text, request_text};
use super::{
    ByOwner, by_owner, level_sign, level_word, owner_name, owner_words, title, verdict_sign,
    verdict_words, versions,
};
use crate::format::{About, Export, Format, Kind};
use crate::har::rfc3339;
use crate::line::{clean_line, line};
use crate::redact::Redactor;
use crate::sequence::is_left_out;
use crate::svg::{self, Within, escaped};

/// `.html`.
pub struct Page;

impl Format for Page {
    fn about(&self) -> About {
        About {
            id: "html",
            title: "HTML page",
            extensions: &["html", "htm"],
            media_type: "text/html; charset=utf-8",
            can_read: false,
            can_write: true,
            holds_secrets: false,
            kind: Kind::Report,
            explanation: "Everything on one page, to be opened in a browser or printed.",
        }
    }

    fn write(&self, export: &Export<'_>, to: &mut dyn Write) -> io::Result<()> {
        let redactor = export.redactor();
        let redactor = &redactor;
        let mut to = BufWriter::new(to);
        let url = escaped(&clean_line(&redactor.url(&export.trace.server_url)));
        let style = format!("\n{PAGE_STYLE}{}", svg::STYLE);
        let script = format!("\n{SCRIPT}");
        let policy = format!(
            "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; \
             form-action 'none'",
            hash(&style),
            hash(&script)
        );
        write!(
            to,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{}</title>\n<style>{style}</style>\n</head>\n<body>\n\
             <header>\n<h1>{}</h1>\n<p class=\"when\">{}</p>\n",
            title(&url),
            if url.is_empty() {
                title(&url)
            } else {
                title(&format!("<bdi>{url}</bdi>"))
            },
            rfc3339(export.trace.started).replace('T', " ")
        )?;
        write_verdict(&mut to, export, redactor)?;
        writeln!(to, "</header>\n<main>")?;
        let judged = export.judged.unwrap_or_default();
        for group in by_owner(judged.findings) {
            write_group(&mut to, &group, redactor)?;
        }
        writeln!(
            to,
            "<h2>What happened</h2>\n<div class=\"picture\" tabindex=\"0\" role=\"region\" \
             aria-label=\"Sequence diagram\">"
        )?;
        svg::draw(export, redactor, Within::Page, &mut to)?;
        writeln!(to, "</div>\n<h2>Exchanges</h2>")?;
        to.write_all(FILTER.as_bytes())?;
        let (others, of_flows): (Vec<_>, Vec<_>) = export
            .trace
            .exchanges()
            .partition(|(entry, _)| is_left_out(entry));
        let write_all = |to: &mut BufWriter<_>, exchanges: Vec<(&Entry, &Exchange)>| {
            for (entry, exchange) in exchanges {
                let seq = entry.seq;
                let of_entry = judged.findings.iter();
                let of_entry = of_entry.filter(|finding| finding.exchange == Some(seq));
                let worst = of_entry.map(|finding| finding.level).max();
                write_exchange(to, (seq, exchange), worst, redactor)?;
            }
            io::Result::Ok(())
        };
        write_all(&mut to, of_flows)?;
        if !others.is_empty() {
            writeln!(to, "<h2>Exchanges that belong to no flow</h2>")?;
            write_all(&mut to, others)?;
        }
        writeln!(to, "</main>\n<footer>\n<dl>")?;
        for (name, version) in versions(export, redactor) {
            writeln!(
                to,
                "<dt>{name}</dt><dd><bdi>{}</bdi></dd>",
                escaped(&version)
            )?;
        }
        writeln!(
            to,
            "</dl>\n<p>Secrets are replaced; equal ones by the same name.</p>\n</footer>"
        )?;
        writeln!(to, "<script>{script}</script>\n</body>\n</html>")?;
        to.flush()
    }
}

fn write_verdict(to: &mut impl Write, export: &Export<'_>, redactor: &Redactor) -> io::Result<()> {
    let Some(judged) = &export.judged else {
        return Ok(());
    };
    let sign = verdict_sign(judged);
    let class = match sign {
        "✓" => "works",
        "▲" => "but",
        _ => "failed",
    };
    let words = escaped(&clean_line(&verdict_words(judged, redactor)));
    writeln!(
        to,
        "<p class=\"verdict {class}\"><span class=\"sign\">{sign}</span> <bdi>{words}</bdi></p>"
    )
}

fn write_group(to: &mut impl Write, group: &ByOwner<'_>, redactor: &Redactor) -> io::Result<()> {
    let title = match group.owner {
        Owner::Nobody => "Good to know".to_owned(),
        owner => format!("To change: {}", owner_words(owner)),
    };
    writeln!(to, "<h2>{title}</h2>")?;
    for finding in &group.findings {
        write_finding(to, finding, redactor)?;
    }
    Ok(())
}

fn write_finding(to: &mut impl Write, finding: &Finding, redactor: &Redactor) -> io::Result<()> {
    let text = |text: &str| format!("<bdi>{}</bdi>", escaped(&line(text, redactor)));
    let level = level_word(finding.level);
    writeln!(
        to,
        "<article class=\"finding {level}\">\n<h3><span class=\"sign\">{}</span> {} \
         <span class=\"code\">{} {level}</span></h3>\n<p>{}</p>\n<dl>",
        level_sign(finding.level),
        text(&finding.title),
        escaped(&finding.code),
        text(&finding.message)
    )?;
    for (name, value) in [("Expected", &finding.expected), ("Got", &finding.actual)] {
        if let Some(value) = value {
            writeln!(to, "<dt>{name}</dt><dd><code>{}</code></dd>", text(value))?;
        }
    }
    if finding.owner != Owner::Nobody {
        let likely = match finding.certainty {
            Certainty::Likely => " (most likely)",
            Certainty::Certain | Certainty::NotChecked => "",
        };
        writeln!(
            to,
            "<dt>To change</dt><dd class=\"fix\">{}</dd>\n<dt>Who</dt><dd>{}{likely}</dd>",
            text(&finding.fix),
            text(&owner_name(finding, redactor))
        )?;
    }
    if let Some(seq) = finding.exchange {
        writeln!(
            to,
            "<dt>Shown by</dt><dd><a href=\"#step-{seq}\">step {seq}</a></dd>"
        )?;
    }
    if let Some(cause) = &finding.cause {
        writeln!(to, "<dt>Comes of</dt><dd>{}</dd>", text(cause))?;
    }
    let spec = &finding.spec;
    writeln!(
        to,
        "<dt>Specification</dt><dd><a href=\"{}\" rel=\"noreferrer\">{}</a> \
         <blockquote>{}</blockquote></dd>\n</dl>\n</article>",
        escaped(&link(&spec.url)),
        text(&spec.title),
        text(&spec.quote)
    )
}

fn write_exchange(
    to: &mut impl Write,
    (seq, exchange): (u32, &Exchange),
    worst: Option<Level>,
    redactor: &Redactor,
) -> io::Result<()> {
    let request = &exchange.request;
    let what = format!("{} {}", request.method, short_path(&request.url));
    let (class, status) = match exchange.status() {
        Some(status) => match status {
            200..=299 => ("ok", format!("✓ {status}")),
            300..=399 => ("redirect", format!("→ {status}")),
            400..=499 => ("refused", format!("▲ {status}")),
            _ => ("broken", format!("✕ {status}")),
        },
        None => ("broken", "✕ no answer".to_owned()),
    };
    let found = if worst.is_some() { " data-found" } else { "" };
    // It stays closed in print.
    let other = if exchange.purpose == Purpose::Unrelated {
        " data-other"
    } else {
        ""
    };
    let sign = worst.map_or(String::new(), |level| {
        let (sign, word) = (level_sign(level), level_word(level));
        format!("<span class=\"{word}\"><span class=\"sign\">{sign} {word}</span></span>")
    });
    writeln!(
        to,
        "<details id=\"step-{seq}\" data-of=\"{seq}\"{found}{other}>\n<summary><span class=\"number code\">\
         {seq}</span><span class=\"what\"><code><bdi>{}</bdi></code> <bdi>{}</bdi></span>{sign}\
         <span class=\"code {class}\">{status}</span></summary>\n<div class=\"messages\">\n\
         <b>Request</b>\n<pre dir=\"auto\">{}</pre>\n<b>Answer</b>\n<pre dir=\"auto\">{}</pre>\n</div>\n\
         </details>",
        escaped(&line(&what, redactor)),
        escaped(&line(&exchange.label, redactor)),
        escaped(&indented::message(&request_text(
            exchange, redactor, LONGEST
        ))),
        escaped(&indented::message(&answer_text(
            exchange, redactor, LONGEST
        )))
    )
}

/// Only where a browser may go.
fn link(url: &str) -> String {
    if url.starts_with("https://") || url.starts_with("http://") {
        url.into()
    } else {
        String::new()
    }
}

/// A source of Content Security Policy (CSP Level 3 section 2.3.1).
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

const PAGE_STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const FILTER: &str = "<form class=\"filter\" role=\"search\" hidden>\
    <input type=\"search\" aria-label=\"Filter the exchanges\" \
    placeholder=\"Filter by words: token 400\" autocomplete=\"off\">\
    <label><input type=\"checkbox\"> Only with findings</label>\
    <span class=\"count\" role=\"status\"></span></form>\n";
/// Bytes of a body.
const LONGEST: usize = 256 << 10;
