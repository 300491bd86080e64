//! Splits a command into its words, as the shell would that it was written for.

use super::windows_shell::{cmd, power_shell};
use super::words::{Command, Splitter, is_variable, until_quote};

/// The shells that browsers copy commands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// sh, bash, zsh.
    Posix,
    /// The command prompt of Windows.
    Cmd,
    PowerShell,
}

/// The shell that a command was written for, by its own signs.
pub fn dialect_of(text: &str) -> Dialect {
    let mut lines = text.lines().take_while(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    let continued = first.trim_end();
    if continued.ends_with('`') && continued.matches('`').count() == 1 {
        return Dialect::PowerShell;
    }
    if first.contains("^\"") || continued.ends_with('^') {
        return Dialect::Cmd;
    }
    Dialect::Posix
}

/// Splits the command that the text begins with.
pub fn command(text: &str, dialect: Dialect) -> Command {
    let split = |text: &str| match dialect {
        Dialect::Posix => posix(text),
        Dialect::Cmd => cmd(text),
        Dialect::PowerShell => power_shell(text),
    };
    let whole = split(text);
    if whole.closed {
        return whole;
    }
    // A quotation mark too many would take in everything that follows.
    let line = text.split('\n').next().unwrap_or(text);
    let mut first = split(line);
    first.closed = false;
    first.length = line.len();
    first
}

/// POSIX Shell Command Language section 2.2, with the `$'…'` of bash and zsh.
fn posix(text: &str) -> Command {
    let mut split = Splitter::new(text);
    let mut document: Option<String> = None;
    let mut closed = true;
    while let Some(character) = split.take() {
        match character {
            '\\' => match split.take() {
                Some('\n') | None => {}
                Some(other) => split.push(other),
            },
            '\'' => {
                split.word.get_or_insert_default();
                closed = until_quote(&mut split);
            }
            '"' => {
                split.word.get_or_insert_default();
                closed = posix_double(&mut split);
            }
            '$' if split.take_if("'") => {
                split.word.get_or_insert_default();
                closed = ansi_c(&mut split);
            }
            '$' => {
                split.push('$');
                if split.peek().is_some_and(is_variable) {
                    split.hide();
                }
            }
            '<' if split.take_if("<<") => split.redirected = true,
            '<' if split.take_if("<") => {
                split.end_word();
                split.take_if("-");
                let name = split.text[split.at..].split([' ', '\n', ';', '|', '>']);
                let name = name.into_iter().next().unwrap_or_default();
                split.at += name.len();
                document = Some(name.trim_matches(['\'', '"', '\\']).to_owned());
            }
            '>' | '<' => {
                // `2>` and `>>` and `2>&1`.
                if split
                    .word
                    .as_ref()
                    .is_some_and(|word| word.text.len() == 1 && word.text.as_str() <= "9")
                {
                    split.word = None;
                }
                split.end_word();
                split.take_if(">");
                split.redirected = !split.take_if("&1");
            }
            ' ' | '\t' => split.end_word(),
            '#' if split.word.is_none() => {
                while split.peek().is_some_and(|next| next != '\n') {
                    split.take();
                }
            }
            '\n' | ';' | '|' | '&' => {
                split.at -= 1;
                break;
            }
            other => split.push(other),
        }
        if !closed {
            break;
        }
    }
    let mut command = split.ended(closed);
    if let Some(name) = document.filter(|name| !name.is_empty()) {
        here_document(text, &name, &mut command);
    }
    command
}

/// The lines after the command, up to one that is this name.
fn here_document(text: &str, name: &str, command: &mut Command) {
    let rest = &text[command.length..];
    let Some(begin) = rest.find('\n') else { return };
    let mut input = String::new();
    let mut length = command.length + begin + 1;
    for line in rest[begin + 1..].split('\n') {
        length += line.len() + 1;
        if line.trim() == name {
            command.input = Some(input);
            command.length = length.min(text.len());
            return;
        }
        input += line;
        input.push('\n');
    }
}

fn posix_double(split: &mut Splitter<'_>) -> bool {
    while let Some(character) = split.take() {
        match character {
            '"' => return true,
            '\\' => match split.take() {
                Some('\n') | None => {}
                Some(escaped @ ('$' | '`' | '"' | '\\' | '!')) => split.push(escaped),
                Some(other) => {
                    split.push('\\');
                    split.push(other);
                }
            },
            '$' | '`' => {
                split.push(character);
                if character == '`' || split.peek().is_some_and(is_variable) {
                    split.hide();
                }
            }
            other => split.push(other),
        }
    }
    false
}

fn ansi_c(split: &mut Splitter<'_>) -> bool {
    while let Some(character) = split.take() {
        match character {
            '\'' => return true,
            '\\' => {
                let Some(kind) = split.take() else {
                    return false;
                };
                let escaped = match kind {
                    'n' => Some('\n'),
                    't' => Some('\t'),
                    'r' => Some('\r'),
                    'a' => Some('\u{7}'),
                    'b' => Some('\u{8}'),
                    'e' => Some('\u{1b}'),
                    'f' => Some('\u{c}'),
                    'v' => Some('\u{b}'),
                    'x' => digits(split, 16, 2),
                    'u' => surrogates(split),
                    'U' => digits(split, 16, 8),
                    '0'..='7' => {
                        split.at -= 1;
                        digits(split, 8, 3)
                    }
                    other => Some(other),
                };
                split.push(escaped.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            other => split.push(other),
        }
    }
    false
}

fn digits(split: &mut Splitter<'_>, base: u32, most: usize) -> Option<char> {
    char::from_u32(number(split, base, most))
}

fn number(split: &mut Splitter<'_>, base: u32, most: usize) -> u32 {
    let mut value = 0_u32;
    for _ in 0..most {
        let Some(digit) = split.peek().and_then(|next| next.to_digit(base)) else {
            break;
        };
        split.take();
        value = value.saturating_mul(base).saturating_add(digit);
    }
    value
}

/// Browsers write characters beyond the sixteenth bit as two.
fn surrogates(split: &mut Splitter<'_>) -> Option<char> {
    let first = number(split, 16, 4);
    if (0xd800..0xdc00).contains(&first) && split.take_if("\\u") {
        let second = number(split, 16, 4).wrapping_sub(0xdc00) & 0x3ff;
        return char::from_u32(0x10000 + ((first - 0xd800) << 10) + second);
    }
    char::from_u32(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, dialect: Dialect) -> Vec<String> {
        let command = command(text, dialect);
        command.words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn posix_quotations() {
        let text = "curl 'a b' \\\n  -H \"x: \\\"y\\\" $T\" --data-raw $'it\\'s\\u0021\\ud83d\\ude00' | jq";
        let all = words(text, Dialect::Posix);
        assert_eq!(
            all,
            [
                "curl",
                "a b",
                "-H",
                "x: \"y\" $T",
                "--data-raw",
                "it's!\u{1f600}"
            ]
        );
        let split = command(text, Dialect::Posix);
        assert!(split.words[3].hidden && !split.words[1].hidden);
        assert_eq!(&text[split.length..], "| jq");
        assert_eq!(
            words("curl a 2>&1 > out -i # why", Dialect::Posix),
            ["curl", "a", "-i"]
        );
    }

    #[test]
    fn a_here_document_is_the_input() {
        let split = command("curl -d @- u <<'EOF'\n{}\nEOF\nafter", Dialect::Posix);
        assert_eq!(split.input.as_deref(), Some("{}\n"));
        assert_eq!(split.words.len(), 4);
    }

    #[test]
    fn a_quotation_without_an_end_ends_with_its_line() {
        let split = command("curl 'a\nb\nc", Dialect::Posix);
        assert_eq!((split.length, split.closed), (7, false));
    }

    #[test]
    fn the_two_ways_of_the_command_prompt() {
        let carets = "curl ^\"https://a/?b=c^&d=%^2F^\" ^\n  --data-raw ^\"^{^\\^\"a^\\^\":^\\^\"x^\\\\n^\\^\"^}^\"";
        assert_eq!(
            words(carets, Dialect::Cmd),
            [
                "curl",
                "https://a/?b=c&d=%2F",
                "--data-raw",
                "{\"a\":\"x\\n\"}"
            ]
        );
        let plain = "curl -d \"{\\\"a\\\":\\\"c:\\x\\\"}\" u";
        assert_eq!(
            words(plain, Dialect::Cmd),
            ["curl", "-d", "{\"a\":\"c:\\x\"}", "u"]
        );
        assert_eq!(
            words(
                "curl ^\"a^\" --data-raw ^\"x^\n\ny^\"\ncurl b",
                Dialect::Cmd
            ),
            ["curl", "a", "--data-raw", "x\ny"]
        );
    }

    #[test]
    fn power_shell_hash_tables_are_flat() {
        let text = "Invoke-WebRequest -Uri \"https://a\" `\n-Headers @{\n\"x\"=\"`\"y`\"\"\n  \"z\"='it''s'\n} -Body $b";
        assert_eq!(
            words(text, Dialect::PowerShell),
            [
                "Invoke-WebRequest",
                "-Uri",
                "https://a",
                "-Headers",
                "x",
                "\"y\"",
                "z",
                "it's",
                "-Body",
                "$b"
            ]
        );
    }
}
