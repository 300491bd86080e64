//! Words for people, with colour where there is a terminal.

use std::io::{IsTerminal as _, Write as _};

use diagnosis::{Certainty, Finding, Level, Owner};
use formats::Redactor;
use session::{Row, RowKind};
use trace::VerdictKind;

pub struct Paint {
    colour: bool,
    to_standard_error: bool,
}

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const BLUE: &str = "34";
const BOLD: &str = "1";
const DIM: &str = "2";

impl Paint {
    pub fn standard_output() -> Self {
        Self {
            colour: wanted() && std::io::stdout().is_terminal(),
            to_standard_error: false,
        }
    }

    pub fn standard_error() -> Self {
        Self {
            colour: wanted() && std::io::stderr().is_terminal(),
            to_standard_error: true,
        }
    }

    pub fn say(&self, text: &str) {
        // A reader that went away is no reason to stop the run.
        let _ = match self.to_standard_error {
            true => writeln!(std::io::stderr(), "{text}"),
            false => writeln!(std::io::stdout(), "{text}"),
        };
    }

    /// One step: number, what, status, duration, findings.
    pub fn row(&self, row: &Row, findings: &[Finding], redactor: &Redactor) {
        let number = self.in_colour(DIM, &format!("{:>3}", row.seq));
        let codes: Vec<String> = findings
            .iter()
            .filter(|finding| finding.exchange == Some(row.seq))
            .map(|finding| {
                self.in_colour(
                    colour_of(finding.level),
                    &format!("{} {}", sign(finding.level), finding.code),
                )
            })
            .collect();
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
                ..
            } => {
                let who = if *from == 1 { "browser " } else { "" };
                let edited = if *edited { " (edited)" } else { "" };
                let what =
                    redactor.text(format!("{who}{method} {path} {label}{edited}").trim_end());
                let answer = match (status, failure) {
                    (Some(status), _) => {
                        self.in_colour(colour_of_status(*status), &status.to_string())
                    }
                    (None, Some(failure)) => self.in_colour(RED, failure),
                    (None, None) => String::new(),
                };
                let words = verdict.as_ref().map(|verdict| match verdict.kind {
                    VerdictKind::MovedOn => self.in_colour(DIM, &redactor.text(&verdict.text)),
                    _ => redactor.text(&verdict.text),
                });
                let milliseconds = format!("{} ms", duration.as_millis());
                let rest: Vec<String> = words
                    .into_iter()
                    .filter(|words| !words.is_empty())
                    .chain(codes)
                    .collect();
                self.say(
                    format!(
                        "{number}  {what:<58} {answer} {milliseconds:>8}  {}",
                        rest.join("  ")
                    )
                    .trim_end(),
                );
            }
            RowKind::Browser { path, .. } => {
                let rest = codes.join("  ");
                self.say(format!("{number}  open {path}  {rest}").trim_end());
            }
            RowKind::Decision { text } => {
                let text = redactor.text(text);
                self.say(&format!(
                    "{number}  {}",
                    self.in_colour(DIM, &format!("· {text}"))
                ));
            }
            RowKind::Rewound { to } => self.say(&format!("{number}  back to {to}")),
        }
    }

    pub fn finding(&self, finding: &Finding, redactor: &Redactor) {
        let colour = colour_of(finding.level);
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
        self.say(&format!(
            "{}  {}",
            self.in_colour(colour, &level),
            self.in_colour(BOLD, &redactor.text(&finding.title))
        ));
        let certainty = match finding.certainty {
            Certainty::Certain => "certain",
            Certainty::Likely => "likely",
            Certainty::NotChecked => "not checked",
        };
        self.say(&format!(
            "    to change: {} ({certainty})",
            owner_word(finding.owner)
        ));
        self.say(&format!("    {}", redactor.text(&finding.message)));
        for (name, value) in [("expected", &finding.expected), ("got", &finding.actual)] {
            if let Some(value) = value {
                self.say(&format!("    {name}: {}", redactor.text(value)));
            }
        }
        self.say(&format!("    fix: {}", redactor.text(&finding.fix)));
        let spec = format!(
            "    {}: \"{}\" {}",
            finding.spec.title, finding.spec.quote, finding.spec.url
        );
        self.say(&self.in_colour(DIM, &spec));
        self.say("");
    }

    pub fn verdict(&self, reached: bool, message: &str) {
        let (sign, colour) = if reached {
            ("✓", GREEN)
        } else {
            ("✕", RED)
        };
        self.say(&format!("{} {message}", self.in_colour(colour, sign)));
    }

    fn in_colour(&self, colour: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.into()
        }
    }
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

pub fn level_word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

/// NO_COLOR is a convention of many programs.
fn wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn sign(level: Level) -> &'static str {
    match level {
        Level::Error => "✕",
        Level::Warning => "▲",
        Level::Note => "●",
    }
}

fn colour_of(level: Level) -> &'static str {
    match level {
        Level::Error => RED,
        Level::Warning => YELLOW,
        Level::Note => BLUE,
    }
}

fn colour_of_status(status: u16) -> &'static str {
    match status {
        200..=299 => GREEN,
        300..=399 => BLUE,
        400..=499 => YELLOW,
        _ => RED,
    }
}
