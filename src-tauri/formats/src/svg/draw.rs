//! Drawing the rows of the diagram.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};
use std::time::Duration;

use diagnosis::Level;
use trace::{
    Entry, EntryKind, Exchange, Outcome, ParticipantId, Phase, VerdictKind, sentence, short_path,
};

use super::lanes::Lanes;
use super::style::{STYLE, escaped};
use crate::format::Export;
use crate::line::{cut_middle, words};
use crate::redact::Redactor;
use crate::sequence::{Head, drawn, left_out, rewound};

/// Where the picture is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// A file of its own, which holds its style.
    File,
    /// A page that has the style, and a place `#step-N` for each exchange.
    Page,
}

/// Draws the whole diagram.
///
/// # Errors
/// What `to` answers to being written to.
pub fn draw(
    export: &Export<'_>,
    redactor: &Redactor,
    within: Within,
    to: &mut dyn Write,
) -> io::Result<()> {
    let trace = export.trace;
    let lanes = Lanes::of(trace, redactor);
    let live: HashSet<u32> = trace.live().map(|entry| entry.seq).collect();
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut band: Option<(Phase, bool)> = None;
    let mut y = HEADS;
    for entry in drawn(trace) {
        let is_live = live.contains(&entry.seq);
        let is_rewind = matches!(entry.kind, EntryKind::Rewound { .. });
        let is_new = !is_rewind && band != Some((entry.phase, is_live));
        if is_new {
            band = Some((entry.phase, is_live));
            rows.push(Row::Band(y, entry.phase, is_live));
            y += BAND;
        } else if is_rewind {
            band = None;
        }
        rows.push(Row::Entry(y, entry, is_live));
        y += height(entry);
    }
    let others = left_out(trace);
    let end = y + 19;
    let (width, height) = (lanes.width, y + if others.is_some() { 30 } else { 0 } + 14);
    let space = match within {
        Within::File => " xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\"",
        Within::Page => "",
    };
    writeln!(
        to,
        "<svg{space} class=\"diagram\" role=\"{}\" aria-label=\"Sequence diagram\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\">",
        if within == Within::File {
            "img"
        } else {
            "group"
        }
    )?;
    if within == Within::File {
        writeln!(to, "<style>\n{STYLE}</style>")?;
    }
    writeln!(
        to,
        "<rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>"
    )?;
    for row in &rows {
        if let Row::Band(y, ..) = row {
            writeln!(
                to,
                "<rect class=\"band\" y=\"{y}\" width=\"{width}\" height=\"{BAND}\"/>"
            )?;
        }
    }
    for head in &lanes.heads {
        let x = lanes.x(head.id);
        let top = HEADS - 8;
        writeln!(to, "<path class=\"life\" d=\"M{x} {top}V{height}\"/>")?;
        draw_head(to, head, &lanes)?;
    }
    let pen = Pen {
        lanes: &lanes,
        redactor,
        signs: signs(export),
        within,
    };
    for row in &rows {
        match *row {
            Row::Band(y, phase, is_live) => pen.band(to, y, phase, is_live)?,
            Row::Entry(y, entry, is_live) => pen.entry(to, y, entry, is_live)?,
        }
    }
    if let Some(others) = others {
        writeln!(
            to,
            "<text class=\"dim\" x=\"16\" y=\"{end}\">{others}</text>"
        )?;
    }
    writeln!(to, "</svg>")
}

enum Row<'a> {
    Band(usize, Phase, bool),
    Entry(usize, &'a Entry, bool),
}

fn height(entry: &Entry) -> usize {
    match entry.kind {
        EntryKind::Exchange(_) => 46,
        EntryKind::BrowserOpened(_) | EntryKind::Rewound { .. } => 30,
        EntryKind::Decision(_) => 24,
    }
}

fn draw_head(to: &mut dyn Write, head: &Head, lanes: &Lanes) -> io::Result<()> {
    let x = lanes.x(head.id);
    let colour = lanes.colour(head.id);
    writeln!(
        to,
        "<circle class=\"head {colour}\" cx=\"{x}\" cy=\"13\" r=\"4\"/>\
         <text class=\"name\" x=\"{x}\" y=\"32\" text-anchor=\"middle\">{}</text>",
        escaped(&cut_middle(&head.name, 22))
    )?;
    if let Some(host) = &head.host {
        writeln!(
            to,
            "<text class=\"mono dim\" x=\"{x}\" y=\"48\" text-anchor=\"middle\"><title>{}</title>\
             {}</text>",
            escaped(host),
            escaped(&cut_middle(host, 29))
        )?;
    }
    Ok(())
}

/// How many findings of each level an entry has.
fn signs(export: &Export<'_>) -> BTreeMap<u32, Vec<(Level, usize)>> {
    let mut signs: BTreeMap<u32, Vec<(Level, usize)>> = BTreeMap::new();
    let findings = export.judged.map_or(&[][..], |judged| judged.findings);
    for finding in findings {
        if let Some(seq) = finding.exchange {
            let of_entry = signs.entry(seq).or_default();
            match of_entry
                .iter_mut()
                .find(|(level, _)| *level == finding.level)
            {
                Some((_, count)) => *count += 1,
                None => of_entry.push((finding.level, 1)),
            }
        }
    }
    for of_entry in signs.values_mut() {
        of_entry.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
    }
    signs
}

struct Pen<'a> {
    lanes: &'a Lanes,
    redactor: &'a Redactor,
    signs: BTreeMap<u32, Vec<(Level, usize)>>,
    within: Within,
}

impl Pen<'_> {
    fn band(&self, to: &mut dyn Write, y: usize, phase: Phase, is_live: bool) -> io::Result<()> {
        let given_up = if is_live { "" } else { " (given up)" };
        let middle = y + 17;
        writeln!(
            to,
            "<text class=\"on-band\" x=\"16\" y=\"{middle}\">{}{given_up}</text>",
            phase.title()
        )
    }

    fn entry(&self, to: &mut dyn Write, y: usize, entry: &Entry, is_live: bool) -> io::Result<()> {
        let moved_on = entry
            .exchange()
            .and_then(|exchange| exchange.verdict.as_ref())
            .is_some_and(|verdict| verdict.kind == VerdictKind::MovedOn);
        let faded = if is_live && !moved_on {
            ""
        } else {
            " class=\"faded\""
        };
        let seq = entry.seq;
        let links = self.within == Within::Page && entry.exchange().is_some();
        if links {
            write!(to, "<a href=\"#step-{seq}\">")?;
        }
        writeln!(to, "<g{faded} data-step=\"{seq}\">")?;
        if links {
            // The whole row can be pressed.
            let (width, tall) = (self.lanes.width, height(entry));
            writeln!(
                to,
                "<rect class=\"row\" y=\"{y}\" width=\"{width}\" height=\"{tall}\"/>"
            )?;
        }
        let number_at = y + height(entry) / 2 + 4;
        writeln!(
            to,
            "<text class=\"mono dim\" x=\"16\" y=\"{number_at}\">{seq}</text>"
        )?;
        match &entry.kind {
            EntryKind::Exchange(exchange) => self.exchange(to, y, seq, exchange)?,
            EntryKind::BrowserOpened(visit) => {
                let (from, browser) = (ParticipantId::CLIENT, ParticipantId::BROWSER);
                let path = short_path(&visit.url);
                let x = self.lanes.x(from).min(self.lanes.x(browser)) + 14;
                self.request_words(to, (x, y + 14), ("OPEN", &path, ""))?;
                self.arrow(to, y + 21, from, browser, "out")?;
                self.levels(to, x, y + 14, seq, self.cut(&path, x).chars().count() + 6)?;
            }
            EntryKind::Decision(decision) => {
                let x = self.lanes.x(ParticipantId::CLIENT);
                let text = self.cut(&sentence(decision), x);
                let middle = y + 12;
                writeln!(
                    to,
                    "<circle class=\"ground\" stroke=\"currentColor\" cx=\"{x}\" cy=\"{middle}\" \
                     r=\"3\"/><text class=\"dim\" x=\"{}\" y=\"{}\">{}</text>",
                    x + 14,
                    y + 16,
                    escaped(&text)
                )?;
                self.levels(to, x + 14, y + 16, seq, text.chars().count())?;
            }
            EntryKind::Rewound { to: back } => {
                let x = self.lanes.x(ParticipantId::CLIENT);
                let text = rewound(*back);
                writeln!(
                    to,
                    "<text class=\"warning\" x=\"{x}\" y=\"{}\">{text}</text>",
                    y + 19
                )?;
            }
        }
        write!(to, "</g>")?;
        writeln!(to, "{}", if links { "</a>" } else { "" })
    }

    fn exchange(
        &self,
        to: &mut dyn Write,
        y: usize,
        seq: u32,
        exchange: &Exchange,
    ) -> io::Result<()> {
        let (from, receiver) = (exchange.from, exchange.to);
        let x = self.lanes.x(from).min(self.lanes.x(receiver)) + 14;
        let edited = exchange.by_hand();
        let label = format!("{}{edited}", exchange.label);
        let path = short_path(&exchange.request.url);
        self.arrow(to, y + 21, from, receiver, "out")?;
        let is_lost = matches!(exchange.outcome, Outcome::Failure(_));
        self.arrow(
            to,
            y + 33,
            receiver,
            from,
            if is_lost { "lost" } else { "back" },
        )?;
        let words = (
            exchange.request.method.as_str(),
            path.as_str(),
            label.as_str(),
        );
        self.request_words(to, (x, y + 14), words)?;
        let (colour, status, said) = match &exchange.outcome {
            Outcome::Failure(failure) => {
                ("error", "✕ no answer".to_owned(), failure.message.as_str())
            }
            Outcome::Response(response) => {
                let said = exchange.verdict.as_ref();
                let said = said.map_or("", |verdict| verdict.text.as_str());
                (of_status(response.status), signed(response.status), said)
            }
        };
        let said_in = match &exchange.verdict {
            Some(verdict) if verdict.kind == VerdictKind::Rejected => "error",
            _ if is_lost => "error",
            _ => "dim",
        };
        let text = self.cut(said, x + 70);
        let signs = self
            .signs
            .get(&seq)
            .map_or(0, |levels| levels.len() * SIGN + 2);
        self.clear_behind(
            to,
            (x, y + 25),
            (from, receiver),
            status.chars().count() + text.chars().count() + 3 + signs,
        )?;
        writeln!(
            to,
            "<text x=\"{x}\" y=\"{}\"><tspan class=\"mono {colour}\">{status}</tspan>\
             <tspan class=\"{said_in}\">  {}</tspan></text>",
            y + 37,
            escaped(&text)
        )?;
        self.levels(
            to,
            x,
            y + 37,
            seq,
            status.chars().count() + text.chars().count() + 3,
        )?;
        writeln!(
            to,
            "<text class=\"mono dim\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            self.lanes.width - 16,
            y + 27,
            duration(exchange.timings.total)
        )
    }

    /// The answer's words stand on its line, which stops around them.
    fn clear_behind(
        &self,
        to: &mut dyn Write,
        (x, y): (usize, usize),
        (from, receiver): (ParticipantId, ParticipantId),
        letters: usize,
    ) -> io::Result<()> {
        let right = self.lanes.x(from).max(self.lanes.x(receiver));
        let width = (letters * LETTER).min(right.saturating_sub(x + 10));
        let x = x - 4;
        writeln!(
            to,
            "<rect class=\"ground\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"16\"/>"
        )
    }

    /// Method, path and what the request carries.
    fn request_words(
        &self,
        to: &mut dyn Write,
        (x, y): (usize, usize),
        (method, path, label): (&str, &str, &str),
    ) -> io::Result<()> {
        let path = self.cut(path, x + 50);
        let taken = x + 50 + path.chars().count() * LETTER;
        let label = self.cut(label, taken);
        writeln!(
            to,
            "<text x=\"{x}\" y=\"{y}\"><tspan class=\"mono method\">{}</tspan>\
             <tspan class=\"mono\"> {}</tspan><tspan class=\"dim\">  {}</tspan></text>",
            escaped(&words(method, self.redactor)),
            escaped(&path),
            escaped(&label)
        )
    }

    /// The signs of what was found, after so many characters.
    fn levels(
        &self,
        to: &mut dyn Write,
        x: usize,
        y: usize,
        seq: u32,
        after: usize,
    ) -> io::Result<()> {
        let Some(levels) = self.signs.get(&seq) else {
            return Ok(());
        };
        let farthest = self.lanes.width - 130;
        let x = (x + after * LETTER + 10).min(farthest);
        write!(to, "<text x=\"{x}\" y=\"{y}\">")?;
        for (level, count) in levels {
            let (colour, sign) = match level {
                Level::Error => ("error", "✕"),
                Level::Warning => ("warning", "▲"),
                Level::Note => ("redirect", "●"),
            };
            write!(to, "<tspan class=\"{colour}\">{sign} {count}  </tspan>")?;
        }
        writeln!(to, "</text>")
    }

    /// The line from one lifeline to another, with its head; a loop where both are one.
    fn arrow(
        &self,
        to: &mut dyn Write,
        y: usize,
        from: ParticipantId,
        receiver: ParticipantId,
        line: &str,
    ) -> io::Result<()> {
        let colour = self.lanes.colour(from);
        let (start, end) = (self.lanes.x(from), self.lanes.x(receiver));
        if start == end {
            return Ok(());
        }
        let (tip, back) = if end > start {
            (end - 1, end - 8)
        } else {
            (end + 1, end + 8)
        };
        writeln!(
            to,
            "<path class=\"{line} {colour}\" d=\"M{start} {y}H{back}\"/>"
        )?;
        if line != "lost" {
            writeln!(
                to,
                "<path class=\"head {colour}\" d=\"M{back} {}L{tip} {y}L{back} {}Z\"/>",
                y - 4,
                y + 4
            )?;
        }
        Ok(())
    }

    /// As much of a text as there is room for from here to the durations.
    fn cut(&self, text: &str, from: usize) -> String {
        let room = (self.lanes.width - 100).saturating_sub(from) / LETTER;
        let whole = words(text, self.redactor);
        if whole.chars().count() <= room {
            return whole;
        }
        let start: String = whole.chars().take(room.saturating_sub(1)).collect();
        // An isolate that was begun has to be ended.
        let end = if start.contains('\u{2068}') {
            "…\u{2069}"
        } else {
            "…"
        };
        format!("{start}{end}")
    }
}

fn of_status(status: u16) -> &'static str {
    match status {
        200..=299 => "ok",
        300..=399 => "redirect",
        400..=499 => "warning",
        _ => "error",
    }
}

/// Never the colour alone.
fn signed(status: u16) -> String {
    let sign = match status {
        200..=299 => "✓",
        300..=399 => "→",
        400..=499 => "▲",
        _ => "✕",
    };
    format!("{sign} {status}")
}

fn duration(took: Duration) -> String {
    match took.as_millis() {
        0 if took.is_zero() => String::new(),
        0 => "<1 ms".replace('<', "&lt;"),
        millis if millis < 10_000 => format!("{millis} ms"),
        millis => format!("{:.1} s", millis as f64 / 1000.0),
    }
}

/// Pixels: the heads, a band, and a letter at its widest on average.
const HEADS: usize = 62;
const BAND: usize = 26;
const LETTER: usize = 7;
/// Letters that a sign takes with its number.
const SIGN: usize = 4;
