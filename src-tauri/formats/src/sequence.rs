//! A trace as the steps of a sequence diagram, in words: what every text of it is made from.
//!
//! Servers wrote some of these words, so each is one line without control characters, of limited
//! length. Secrets are replaced.

use std::collections::BTreeSet;

use trace::{
    Entry, EntryKind, Exchange, Outcome, ParticipantId, Phase, Trace, sentence, short_path,
};

use crate::redact::Redactor;

/// One line of the diagram.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// What follows belongs to this part of the flow.
    Phase(&'static str),
    Message {
        from: ParticipantId,
        to: ParticipantId,
        kind: MessageKind,
        text: String,
    },
    /// A remark about no one in particular: a decision, a rewind.
    Note(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    Request,
    Answer,
    /// No answer came.
    Lost,
}

/// A lifeline.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    pub id: ParticipantId,
    pub name: String,
    /// `host[:port]`; none for the client and the browser.
    pub host: Option<String>,
}

/// The participants that take part in something, in the diagram's order.
pub fn heads(trace: &Trace, redactor: &Redactor) -> Vec<Head> {
    let mut seen = BTreeSet::from([ParticipantId::CLIENT]);
    for entry in &trace.entries {
        match &entry.kind {
            EntryKind::Exchange(exchange) => seen.extend([exchange.from, exchange.to]),
            EntryKind::BrowserOpened(_) => seen.extend([ParticipantId::BROWSER]),
            EntryKind::Decision(_) | EntryKind::Rewound { .. } => {}
        }
    }
    let words = |text: &str| clean(&redactor.text(text));
    let head = |id: ParticipantId| {
        let participant = trace.participants.get(usize::from(id.0));
        let origin = participant.and_then(|participant| participant.origin.as_deref());
        Head {
            id,
            name: participant.map_or("Unknown".into(), |participant| words(&participant.name)),
            host: origin.map(|origin| words(without_scheme(origin))),
        }
    };
    seen.into_iter().map(head).collect()
}

/// Every entry in its order, those that a rewind gave up too.
pub fn steps<'a>(trace: &'a Trace, redactor: &'a Redactor) -> impl Iterator<Item = Step> + 'a {
    let mut phase: Option<Phase> = None;
    trace.entries.iter().flat_map(move |entry| {
        let is_new = phase.replace(entry.phase) != Some(entry.phase);
        let band = is_new.then(|| Step::Phase(entry.phase.title()));
        band.into_iter().chain(of_entry(entry, redactor))
    })
}

fn of_entry(entry: &Entry, redactor: &Redactor) -> Vec<Step> {
    let seq = entry.seq;
    let message = |from, to, kind, text: &str| Step::Message {
        from,
        to,
        kind,
        text: clean(&redactor.text(text)),
    };
    match &entry.kind {
        EntryKind::Exchange(exchange) => {
            let (kind, answer) = answer(exchange);
            let request = request(seq, exchange);
            vec![
                message(exchange.from, exchange.to, MessageKind::Request, &request),
                message(exchange.to, exchange.from, kind, &answer),
            ]
        }
        EntryKind::BrowserOpened(visit) => {
            let (client, browser) = (ParticipantId::CLIENT, ParticipantId::BROWSER);
            let text = format!("{seq} open {}", short_path(&visit.url));
            vec![message(client, browser, MessageKind::Request, &text)]
        }
        EntryKind::Decision(decision) => {
            let text = redactor.text(&format!("{seq} {}", sentence(decision)));
            vec![Step::Note(clean(&text))]
        }
        EntryKind::Rewound { to } => {
            let text = format!("{seq} Back to {to}: what came since is given up");
            vec![Step::Note(text)]
        }
    }
}

fn request(seq: u32, exchange: &Exchange) -> String {
    let path = short_path(&exchange.request.url);
    let edited = if exchange.edited { " (edited)" } else { "" };
    let text = format!(
        "{seq} {} {path} {}{edited}",
        exchange.request.method, exchange.label
    );
    text.trim_end().into()
}

fn answer(exchange: &Exchange) -> (MessageKind, String) {
    match &exchange.outcome {
        Outcome::Failure(failure) => {
            let text = format!("no answer: {}", failure.message);
            (MessageKind::Lost, text)
        }
        Outcome::Response(response) => {
            let verdict = exchange.verdict.as_ref();
            let verdict = verdict.filter(|verdict| !verdict.text.is_empty());
            let text = match verdict {
                Some(verdict) => format!("{} {}", response.status, verdict.text),
                None => response.status.to_string(),
            };
            (MessageKind::Answer, text)
        }
    }
}

fn without_scheme(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, rest)| rest)
}

/// One line of visible characters: what would move the cursor, break the line or turn the reading
/// direction is written as its escape.
pub fn clean(text: &str) -> String {
    let mut out = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == LONGEST {
            out.push('…');
            break;
        }
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push(' '),
            hidden if is_hidden(hidden) => out.extend(hidden.escape_unicode()),
            visible => out.push(visible),
        }
    }
    out
}

/// Control characters, line separators, and the invisible ones that format or reorder text
/// (Unicode general categories Cc, Zl, Zp and Cf).
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Characters; a longer text tells no more in a diagram.
const LONGEST: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_without_invisible_characters() {
        let hostile = "a\r\nb\u{202e}c\u{1b}[31m\u{2028}\u{85}\tü漢";
        let text = clean(hostile);
        assert_eq!(text, "a\\r\\nb\\u{202e}c\\u{1b}[31m\\u{2028}\\u{85} ü漢");
        assert_eq!(clean(&"ä".repeat(900)).chars().count(), LONGEST + 1);
    }
}
