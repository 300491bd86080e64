//! JSON bodies with line breaks, so that people can read them.

/// The message with its body indented, where that is JSON. Nothing but white space is added.
pub fn message(text: &str) -> String {
    let Some((head, body)) = text.split_once("\n\n") else {
        return text.into();
    };
    let is_json = body.trim_start().starts_with(['{', '[']);
    if !is_json || serde_json::from_str::<serde::de::IgnoredAny>(body).is_err() {
        return text.into();
    }
    format!("{head}\n\n{}\n", json(body))
}

/// Valid JSON, each member and element on a line of its own.
fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth: usize = 0;
    let (mut in_string, mut escaped) = (false, false);
    let mut characters = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace() || *c == ' ')
        .peekable();
    while let Some(c) = characters.next() {
        if in_string {
            out.push(c);
            (in_string, escaped) = match c {
                _ if escaped => (true, false),
                '\\' => (true, true),
                '"' => (false, false),
                _ => (true, false),
            };
            continue;
        }
        match c {
            ' ' => {}
            '"' => {
                in_string = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while characters.next_if(|c| *c == ' ').is_some() {}
                if let Some(end) = characters.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                } else {
                    depth = (depth + 1).min(DEEPEST);
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => out.push(c),
        }
    }
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

/// Levels that are indented further: a server can nest as many as it likes.
const DEEPEST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_is_added() {
        let text = "HTTP/1.1 200\n\n{\"a\":[1,{}, [] ],\"b c\":\"x, {y} \\\" z\",\"n\":1.0e3}";
        assert_eq!(
            message(text),
            "HTTP/1.1 200\n\n{\n  \"a\": [\n    1,\n    {},\n    []\n  ],\n  \
             \"b c\": \"x, {y} \\\" z\",\n  \"n\": 1.0e3\n}\n"
        );
        for other in ["GET / HTTP/1.1\n", "a\n\nb=c\n", "a\n\n{broken\n"] {
            assert_eq!(message(other), other);
        }
    }
}
