//! The sequence diagram in Mermaid's language
//! (<https://mermaid.js.org/syntax/sequenceDiagram.html>), which issue trackers and wikis draw.

use std::io::{self, BufWriter, Write};

use trace::ParticipantId;

use crate::format::{About, Export, Format, Kind};
use crate::sequence::{Head, MessageKind, Step, heads, steps};

/// `.mmd`.
pub struct Mermaid;

impl Format for Mermaid {
    fn about(&self) -> About {
        About {
            id: "mermaid",
            title: "Mermaid",
            extensions: &["mmd", "mermaid"],
            media_type: "text/vnd.mermaid",
            can_read: false,
            can_write: true,
            holds_secrets: false,
            kind: Kind::Diagram,
            explanation: "The sequence diagram as code that issue trackers and wikis draw.",
        }
    }

    fn write(&self, export: &Export<'_>, to: &mut dyn Write) -> io::Result<()> {
        let redactor = export.redactor();
        let mut to = BufWriter::new(to);
        writeln!(to, "%%{{init: {{\"sequence\": {{\"wrap\": true}}}}}}%%")?;
        writeln!(to, "sequenceDiagram")?;
        let heads = heads(export.trace, &redactor);
        for Head { id, name, host } in &heads {
            let host = host.iter().map(|host| format!(" {host}"));
            let text: String = [name.clone()].into_iter().chain(host).collect();
            writeln!(to, "  participant {} as {}", Name(*id), escaped(&text))?;
        }
        let all = match (heads.first(), heads.last()) {
            (Some(first), Some(last)) if first.id != last.id => {
                format!("{},{}", Name(first.id), Name(last.id))
            }
            _ => Name(ParticipantId::CLIENT).to_string(),
        };
        for step in steps(export.trace, &redactor) {
            match step {
                Step::Phase(title) => writeln!(to, "  note over {all}: {}", escaped(title))?,
                Step::Note(text) => {
                    let client = Name(ParticipantId::CLIENT);
                    writeln!(to, "  note over {client}: {}", escaped(&text))?;
                }
                Step::Message {
                    from,
                    to: receiver,
                    kind,
                    text,
                } => {
                    let arrow = match kind {
                        MessageKind::Request => "->>",
                        MessageKind::Answer => "-->>",
                        MessageKind::Lost => "--x",
                    };
                    let (from, receiver) = (Name(from), Name(receiver));
                    writeln!(to, "  {from}{arrow}{receiver}: {}", escaped(&text))?;
                }
            }
        }
        to.flush()
    }
}

/// The name of a participant in the code.
struct Name(ParticipantId);

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p{}", self.0.0)
    }
}

/// The text with an entity code for everything that means something to Mermaid or to HTML, and for
/// the two signs that Mermaid's own entities begin and end with while it reads them.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        let is_plain = if character.is_ascii() {
            character.is_ascii_alphanumeric() || " /._()=?*".contains(character)
        } else {
            !matches!(character, '\u{fb02}' | '\u{b6}')
        };
        if is_plain {
            out.push(character);
        } else {
            out.push_str(&format!("#{};", u32::from(character)));
        }
    }
    // Its lexer takes this word for the end of a block in some places.
    if out.trim().eq_ignore_ascii_case("end") {
        out = out.replacen(['e', 'E'], "#101;", 1);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_means_something_is_left() {
        let hostile = "a;b#c:d%%{init}<script>-->>\u{fb02}é";
        assert_eq!(
            escaped(hostile),
            "a#59;b#35;c#58;d#37;#37;#123;init#125;#60;script#62;#45;#45;#62;#62;#64258;é"
        );
        assert_eq!(escaped("End"), "#101;nd");
    }
}
