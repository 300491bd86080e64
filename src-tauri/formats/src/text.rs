//! The sequence diagram in plain characters.

use std::io::{self, BufWriter, Write};

use trace::ParticipantId;

use crate::format::{About, Export, Format, Kind};
use crate::line::{clean, cut_middle};
use crate::redact::Redactor;
use crate::sequence::{Head, MessageKind, Step, heads, steps};
use crate::visible::isolated;

/// `.txt`, for terminals and issue trackers.
pub struct Text;

impl Format for Text {
    fn about(&self) -> About {
        About {
            id: "text",
            title: "Plain text",
            extensions: &["txt"],
            media_type: "text/plain; charset=utf-8",
            can_read: false,
            can_write: true,
            holds_secrets: false,
            kind: Kind::Diagram,
            explanation: "The sequence diagram in plain characters, for terminals and issue trackers.",
        }
    }

    fn write(&self, export: &Export<'_>, to: &mut dyn Write) -> io::Result<()> {
        let redactor = export.redactor();
        let mut to = BufWriter::new(to);
        let url = isolated(clean(&redactor.url(&export.trace.server_url)));
        match url.as_str() {
            "" => writeln!(to, "Authscope {}", export.version)?,
            url => writeln!(to, "Authscope {}: {url}", export.version)?,
        }
        Self::diagram(export, &redactor, &mut to)?;
        to.flush()
    }
}

impl Text {
    /// The servers and the diagram.
    pub fn diagram(export: &Export<'_>, redactor: &Redactor, to: &mut dyn Write) -> io::Result<()> {
        let lanes = Lanes::new(heads(export.trace, redactor));
        for Head { name, host, .. } in &lanes.heads {
            match host {
                Some(host) => writeln!(to, "  {name}: {host}")?,
                // The rest of it is not above its lifeline.
                None if name.chars().count() > WIDEST => writeln!(to, "  {name}")?,
                None => {}
            }
        }
        writeln!(to, "\n{}", lanes.names())?;
        for step in steps(export.trace, redactor) {
            match step {
                Step::Phase(title) => writeln!(to, "{}", lanes.over(0, title))?,
                Step::Note(text) => writeln!(to, "{}", lanes.over(2, &format!("* {text}")))?,
                Step::Message {
                    from,
                    to: receiver,
                    kind,
                    text,
                } => {
                    let (from, receiver) = (lanes.x(from), lanes.x(receiver));
                    writeln!(to, "{}", lanes.over(from.min(receiver) + 2, &text))?;
                    if from != receiver {
                        writeln!(to, "{}", lanes.arrow(from, receiver, kind))?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Where the lifelines are, in columns.
struct Lanes {
    heads: Vec<Head>,
    spacing: usize,
}

impl Lanes {
    fn new(heads: Vec<Head>) -> Self {
        let longest = heads.iter().map(|head| head.name.chars().count()).max();
        Self {
            heads,
            spacing: longest.unwrap_or_default().clamp(NARROWEST, WIDEST) + 2,
        }
    }

    fn x(&self, id: ParticipantId) -> usize {
        let lane = self.heads.iter().position(|head| head.id == id);
        FIRST + lane.unwrap_or_default() * self.spacing
    }

    /// The names, each above its lifeline.
    fn names(&self) -> String {
        let mut row = vec![' '; 0];
        for Head { id, name, .. } in &self.heads {
            let name = cut_middle(name, WIDEST);
            let start = (self.x(*id) + 1).saturating_sub(name.chars().count() / 2);
            put(&mut row, start, name.chars());
        }
        row.into_iter().collect()
    }

    /// The lifelines with a text over them.
    fn over(&self, start: usize, text: &str) -> String {
        let mut row = self.lines();
        put(&mut row, start, text.chars());
        row.into_iter().collect::<String>().trim_end().into()
    }

    fn arrow(&self, from: usize, to: usize, kind: MessageKind) -> String {
        let mut row = self.lines();
        let (left, right) = (from.min(to) + 1, from.max(to));
        for (at, cell) in row.iter_mut().enumerate().take(right).skip(left) {
            let is_gap = kind != MessageKind::Request && (at - left) % 2 == 1;
            *cell = if is_gap { ' ' } else { '-' };
        }
        let head = match kind {
            MessageKind::Lost => 'x',
            _ if to > from => '>',
            _ => '<',
        };
        row[if to > from { right - 1 } else { left }] = head;
        row.into_iter().collect()
    }

    fn lines(&self) -> Vec<char> {
        let mut row = Vec::new();
        for Head { id, .. } in &self.heads {
            put(&mut row, self.x(*id), ['|']);
        }
        row
    }
}

/// Writes over what is there, with spaces up to where the text starts.
fn put(row: &mut Vec<char>, start: usize, text: impl IntoIterator<Item = char>) {
    for (at, character) in (start..).zip(text) {
        if row.len() <= at {
            row.resize(at + 1, ' ');
        }
        row[at] = character;
    }
}

/// Columns.
const FIRST: usize = 6;
const NARROWEST: usize = 20;
const WIDEST: usize = 28;
