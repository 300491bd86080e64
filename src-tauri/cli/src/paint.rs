//! Words for people, with colour where there is a terminal.

use app::{Ending, Row, RowKind, level_word};
use diagnosis::{Certainty, Finding, Level, Owner};
use formats::Redactor;
use trace::VerdictKind;

use crate::terminal::{BLUE, BOLD, DIM, Failure, GREEN, Line, RED, Style, Terminal, YELLOW};

pub struct Paint {
    terminal: Terminal,
}

impl Paint {
    pub fn new(terminal: Terminal) -> Self {
        Self { terminal }
    }

    pub fn say(&self, line: impl Into<Line>) -> Result<(), Failure> {
        self.terminal.line(line)
    }

    /// One step: number, what, status, duration, findings.
    pub fn row(&self, row: &Row, findings: &[Finding], redactor: &Redactor) -> Result<(), Failure> {
        self.say(row_line(row, findings, redactor))
    }

    pub fn finding(&self, finding: &Finding, redactor: &Redactor) -> Result<(), Failure> {
        finding_lines(finding, redactor)
            .into_iter()
            .try_for_each(|line| self.say(line))
    }

    pub fn verdict(&self, ending: Ending, message: &str) -> Result<(), Failure> {
        let (sign, colour) = match ending {
            Ending::Works => ("✓", GREEN),
            Ending::WorksBut => ("▲", YELLOW),
            Ending::Stopped | Ending::Ended => ("✕", RED),
        };
        self.say(
            Line::new()
                .styled(colour, sign)
                .plain(format!(" {message}")),
        )
    }
}

fn row_line(row: &Row, findings: &[Finding], redactor: &Redactor) -> Line {
    let line = Line::new()
        .styled(DIM, format!("{:>3}", row.seq))
        .plain("  ");
    let codes = findings
        .iter()
        .filter(|finding| finding.exchange == Some(row.seq))
        .fold(Line::new(), |line, finding| {
            let code = format!("{} {}", sign(finding.level), finding.code);
            line.plain("  ").styled(colour_of(finding.level), code)
        });
    match &row.kind {
        RowKind::Exchange {
            from,
            method,
            path,
            label,
            status,
            failure,
            verdict,
            duration,
            edited,
            answer_edited,
            ..
        } => {
            let who = if *from == 1 { "browser " } else { "" };
            let edited = trace::by_hand(*edited, *answer_edited);
            let what = redactor.text(format!("{who}{method} {path} {label}{edited}").trim_end());
            let line = line.plain(format!("{what:<58} "));
            let line = match (status, failure) {
                (Some(status), _) => line.styled(colour_of_status(*status), status.to_string()),
                (None, Some(failure)) => line.styled(RED, failure),
                (None, None) => line,
            };
            let line = line.plain(format!(" {:>8}", format!("{} ms", duration.as_millis())));
            let line = match verdict {
                Some(verdict) if !verdict.text.is_empty() => {
                    let words = redactor.text(&verdict.text);
                    let line = line.plain("  ");
                    match verdict.kind {
                        VerdictKind::MovedOn => line.styled(DIM, words),
                        _ => line.plain(words),
                    }
                }
                _ => line,
            };
            line.then(codes)
        }
        RowKind::Browser { path, .. } => line.plain(format!("open {path}")).then(codes),
        RowKind::Decision { text } => line.styled(DIM, format!("· {}", redactor.text(text))),
        RowKind::Rewound { to } => line.plain(format!("back to {to}")),
    }
}

fn finding_lines(finding: &Finding, redactor: &Redactor) -> Vec<Line> {
    let place = finding
        .exchange
        .map(|seq| format!(" at {seq}"))
        .unwrap_or_default();
    let level = format!(
        "{} {} {}{place}",
        sign(finding.level),
        finding.code,
        level_word(finding.level)
    );
    let certainty = match finding.certainty {
        Certainty::Certain => "certain",
        Certainty::Likely => "likely",
        Certainty::NotChecked => "not checked",
    };
    let mut lines = vec![
        Line::new()
            .styled(colour_of(finding.level), level)
            .plain("  ")
            .styled(BOLD, redactor.text(&finding.title)),
        format!("    to change: {} ({certainty})", owner_word(finding.owner)).into(),
        format!("    {}", redactor.text(&finding.message)).into(),
    ];
    for (name, value) in [("expected", &finding.expected), ("got", &finding.actual)] {
        if let Some(value) = value {
            lines.push(format!("    {name}: {}", redactor.text(value)).into());
        }
    }
    if let Some(cause) = &finding.cause {
        lines.push(format!("    comes of: {cause}, above").into());
    }
    lines.push(format!("    fix: {}", redactor.text(&finding.fix)).into());
    let spec = &finding.spec;
    let spec = format!("    {}: \"{}\" {}", spec.title, spec.quote, spec.url);
    lines.push(Line::new().styled(DIM, spec));
    lines.push(Line::new());
    lines
}

pub fn owner_word(owner: Owner) -> &'static str {
    match owner {
        Owner::McpServer => "the MCP server",
        Owner::AuthorizationServer => "the authorization server",
        Owner::Network => "the network or proxy in between",
        Owner::Client => "the client",
        Owner::Nobody => "nothing",
    }
}

fn sign(level: Level) -> &'static str {
    match level {
        Level::Error => "✕",
        Level::Warning => "▲",
        Level::Note => "●",
    }
}

fn colour_of(level: Level) -> Style {
    match level {
        Level::Error => RED,
        Level::Warning => YELLOW,
        Level::Note => BLUE,
    }
}

fn colour_of_status(status: u16) -> Style {
    match status {
        200..=299 => GREEN,
        300..=399 => BLUE,
        400..=499 => YELLOW,
        _ => RED,
    }
}
