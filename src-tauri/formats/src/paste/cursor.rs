//! Where the reading of a pasted text is, line by line.

/// A text with the place up to which it was read.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// What was not read yet.
    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The rest of the line that comes next; none at the end.
    pub fn peek(&self) -> Option<&'a str> {
        let rest = self.rest();
        (!rest.is_empty()).then(|| rest.split('\n').next().unwrap_or(rest))
    }

    /// Reads on to the next line.
    pub fn next(&mut self) -> Option<&'a str> {
        let line = self.peek()?;
        self.skip(line.len() + 1);
        Some(line)
    }

    /// Reads so many bytes, which end where a character does.
    pub fn skip(&mut self, bytes: usize) {
        let to = (self.at + bytes).min(self.text.len());
        self.line += count_lines(&self.text[self.at..to]);
        self.at = to;
    }

    pub fn skip_blank(&mut self) {
        while self.peek().is_some_and(|line| line.trim().is_empty()) {
            self.next();
        }
    }

    /// The number of the line that comes next.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The number of the line that was read last.
    pub fn last_line(&self) -> usize {
        let ended = self.at == 0 || self.text.as_bytes().get(self.at - 1) == Some(&b'\n');
        if ended {
            self.line.saturating_sub(1).max(1)
        } else {
            self.line
        }
    }
}

fn count_lines(text: &str) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes()).count()
}

/// A text as it was shown: one kind of line end, no colours, plain spaces, no quotation marks of
/// a reply.
pub fn plain(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                // A progress meter writes over its own line.
                characters.next_if_eq(&'\n');
                out.push('\n');
            }
            '\u{1b}' => {
                if characters.next_if_eq(&'[').is_some() {
                    while characters
                        .next_if(|one| one.is_ascii_digit() || *one == ';')
                        .is_some()
                    {}
                    characters.next();
                }
            }
            '\u{a0}' => out.push(' '),
            '\u{200b}' | '\u{feff}' => {}
            other => out.push(other),
        }
    }
    // Copied from the source of a page.
    if out.contains("&quot;") && !out.contains('"') {
        for (escaped, plain) in [
            ("&quot;", "\""),
            ("&#39;", "'"),
            ("&lt;", "<"),
            ("&gt;", ">"),
        ] {
            out = out.replace(escaped, plain);
        }
        out = out.replace("&amp;", "&");
    }
    if out.contains("http-outgoing-") {
        out = of_wire_log(&out);
    }
    unquoted(&out)
}

/// What Apache's HTTP client logs of its connections, as a transcript.
fn of_wire_log(text: &str) -> String {
    let line = |line: &str| {
        let (_, rest) = line.split_once("http-outgoing-")?;
        let rest = rest.trim_start_matches(|one: char| one.is_ascii_digit());
        let (sign, said) = match rest.strip_prefix(" >> ") {
            Some(said) => (">", said),
            None => ("<", rest.strip_prefix(" << ")?),
        };
        let quoted = said
            .strip_prefix('"')
            .and_then(|said| said.strip_suffix('"'));
        Some(match quoted {
            // Of the bytes only bodies are not told a second time.
            Some(body) if body.starts_with(['{', '[']) => body.to_owned(),
            Some(_) => String::new(),
            None => format!("{sign} {said}"),
        })
    };
    let lines = text
        .lines()
        .map(|one| line(one).unwrap_or_else(|| one.to_owned()));
    lines.collect::<Vec<_>>().join("\n")
}

/// Without the signs of a reply before lines that quote more than a request.
fn unquoted(text: &str) -> String {
    let inner = |line: &'_ str| -> Option<String> {
        let line = line.trim_start().strip_prefix('>')?;
        Some(line.strip_prefix(' ').unwrap_or(line).to_owned())
    };
    let starts = ["$ ", "curl ", "< ", "> ", "* ", "HTTP/", "{", "|", "```"];
    let tells = |line: &String| starts.iter().any(|start| line.starts_with(start));
    let lines: Vec<&str> = text.split('\n').collect();
    let mut out: Vec<String> = Vec::with_capacity(lines.len());
    for block in lines.chunk_by(|one, next| inner(one).is_some() == inner(next).is_some()) {
        let all: Option<Vec<String>> = block.iter().map(|line| inner(line)).collect();
        match all.filter(|all| all.iter().any(tells)) {
            Some(all) => out.extend(all),
            None => out.extend(block.iter().map(|line| (*line).to_owned())),
        }
    }
    out.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_colours_go() {
        let text = plain("a\r\nb\r\u{1b}[31mc\u{1b}[0m");
        assert_eq!(text, "a\nb\nc");
        let mut cursor = Cursor::new(&text);
        assert_eq!((cursor.next(), cursor.line()), (Some("a"), 2));
        cursor.skip(1);
        assert_eq!((cursor.peek(), cursor.last_line()), (Some(""), 2));
        cursor.skip(9);
        assert_eq!((cursor.peek(), cursor.last_line()), (None, 3));
    }

    #[test]
    fn a_quoted_reply_is_unquoted_and_a_transcript_is_not() {
        assert_eq!(plain("> $ curl a\n>\n> {}"), "$ curl a\n\n{}");
        let request = "> GET / HTTP/1.1\n> Host: a";
        assert_eq!(plain(request), request);
        assert_eq!(
            plain("He wrote:\n> {}\n> b\nand I"),
            "He wrote:\n{}\nb\nand I"
        );
        let wire =
            "12:00 (a) http-outgoing-2 >> GET / HTTP/1.1\n12:00 http-outgoing-2 << HTTP/1.1 200";
        assert_eq!(plain(wire), "> GET / HTTP/1.1\n< HTTP/1.1 200");
        assert_eq!(
            plain("{&quot;a&quot;:&quot;b &amp; c&quot;}"),
            "{\"a\":\"b & c\"}"
        );
    }
}
