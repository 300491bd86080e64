//! The words of a command for a shell of Windows.

use super::words::{Command, Splitter, Word, is_variable, until_quote};

/// The command prompt takes its carets away, and then the program splits what is left.
pub fn cmd(text: &str) -> Command {
    let mut split = Splitter::new(text);
    let mut line = String::new();
    let (mut quoted, mut carets, mut hidden) = (false, false, false);
    while let Some(character) = split.take() {
        match character {
            '^' if !quoted => match split.take() {
                // The character after the end of the line stands for itself.
                Some('\n') if split.take_if("\n") => line.push('\n'),
                Some('\n') => {}
                Some(other) => {
                    carets |= other == '"';
                    line.push(other);
                }
                None => {}
            },
            '"' => {
                quoted = !quoted;
                line.push('"');
            }
            '\n' => {
                split.at -= 1;
                break;
            }
            '&' | '|' | '>' | '<' if !quoted => {
                split.at -= 1;
                break;
            }
            '%' if names_variable(&split.text[split.at..]) => {
                hidden = true;
                line.push('%');
            }
            other => line.push(other),
        }
    }
    let (words, closed) = argv(&line, carets);
    let words = words.into_iter().map(|text| Word {
        hidden: hidden && text.contains('%'),
        text,
    });
    Command {
        words: words.collect(),
        input: None,
        length: split.at,
        closed,
    }
}

/// `NAME%` follows.
fn names_variable(text: &str) -> bool {
    let name = text.split('%').next().unwrap_or_default();
    let is_name = |byte: u8| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit();
    name.len() > 2
        && name.len() < text.len()
        && name.bytes().all(is_name)
        && !name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Splits an argument line as programs on Windows do ("Parsing C command-line arguments"). A
/// browser doubles each backslash of a text; others only those before a quotation mark.
fn argv(line: &str, doubled: bool) -> (Vec<String>, bool) {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let mut count = 1;
                while characters.next_if_eq(&'\\').is_some() {
                    count += 1;
                }
                let before_quote = characters.peek() == Some(&'"');
                let kept = if before_quote || doubled && count > 1 {
                    count / 2
                } else {
                    count
                };
                let word = word.get_or_insert_default();
                word.extend(std::iter::repeat_n('\\', kept));
                if before_quote && count % 2 == 1 {
                    characters.next();
                    word.push('"');
                } else if !before_quote && doubled && count > 1 && count % 2 == 1 {
                    word.push('\\');
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                if quoted && characters.next_if_eq(&'"').is_some() {
                    word.push('"');
                } else {
                    quoted = !quoted;
                }
            }
            ' ' | '\t' if !quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    (words, !quoted)
}

/// about_Quoting_Rules of PowerShell. Braces and the equals sign of a hash table are words.
pub fn power_shell(text: &str) -> Command {
    let mut split = Splitter::new(text);
    let mut depth = 0_usize;
    let mut closed = true;
    while let Some(character) = split.take() {
        match character {
            '`' => match split.take() {
                Some('\n') | None => {}
                Some(other) => split.push(back_quoted(other)),
            },
            '\'' => {
                split.word.get_or_insert_default();
                closed = until_quote(&mut split);
                while closed && split.take_if("'") {
                    split.push('\'');
                    closed = until_quote(&mut split);
                }
            }
            '"' => {
                split.word.get_or_insert_default();
                closed = power_shell_double(&mut split);
            }
            '$' => {
                split.push('$');
                split.hide();
            }
            '@' if split.take_if("{") => {
                split.end_word();
                depth += 1;
            }
            '}' if depth > 0 => {
                split.end_word();
                depth -= 1;
            }
            '=' if depth > 0 => split.end_word(),
            '\n' | ';' if depth > 0 => split.end_word(),
            '\n' | ';' | '|' => {
                split.at -= 1;
                break;
            }
            ' ' | '\t' => split.end_word(),
            other => split.push(other),
        }
        if !closed {
            break;
        }
    }
    split.ended(closed && depth == 0)
}

fn power_shell_double(split: &mut Splitter<'_>) -> bool {
    while let Some(character) = split.take() {
        match character {
            '"' if split.take_if("\"") => split.push('"'),
            '"' => return true,
            '`' => {
                if let Some(escaped) = split.take() {
                    split.push(back_quoted(escaped));
                }
            }
            '$' => {
                split.push('$');
                if split.peek().is_some_and(is_variable) {
                    split.hide();
                }
            }
            other => split.push(other),
        }
    }
    false
}

fn back_quoted(character: char) -> char {
    match character {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        other => other,
    }
}
