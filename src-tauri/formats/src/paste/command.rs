//! Commands that send a request: cURL, `Invoke-WebRequest` of PowerShell and `fetch` of
//! JavaScript, as browsers copy them and people write them.

use super::curl::curl;
use super::cursor::Cursor;
use super::evidence::Evidence;
use super::fetch::fetch;
use super::piece::PieceKind;
use super::power_shell::invoke;
use super::shell::{Dialect, command, dialect_of};
use super::words::Word;

/// Words that may stand before a command.
const MOST_BEFORE: usize = 6;
/// Reads a command, if the next line begins one.
pub fn read(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    let first = cursor.line();
    let Some(line) = cursor.peek() else {
        return false;
    };
    let found = fetch(cursor, line).or_else(|| {
        let (before, shell) = program(line)?;
        let text = &cursor.rest()[before..];
        let text = &text[..evidence.reach(text)];
        let command = command(text, shell.unwrap_or_else(|| dialect_of(text)));
        if !command.closed {
            evidence.tried(text.len());
        }
        let seen = if is_curl(command.words.first()?) {
            curl(&command)
        } else {
            invoke(&command)
        };
        cursor.skip(before + command.length);
        // What follows a pipe or a semicolon.
        let rest = cursor.peek().unwrap_or_default();
        if program(rest).is_none() {
            cursor.next();
        }
        Some(seen)
    });
    let Some(all) = found else { return false };
    for seen in all {
        evidence.request(seen);
    }
    evidence.piece(PieceKind::Command, (first, cursor.last_line()));
    true
}

/// Whether a line begins a command that sends a request.
pub fn is_command(line: &str) -> bool {
    program(line).is_some()
}

/// Where in a line a program begins that sends requests, and what its prompt says of the shell.
fn program(line: &str) -> Option<(usize, Option<Dialect>)> {
    const PROGRAMS: [&str; 7] = [
        "curl",
        "curl.exe",
        "Invoke-WebRequest",
        "Invoke-RestMethod",
        "iwr",
        "irm",
        "/usr/bin/curl",
    ];
    let mut words = line.split_inclusive([' ', '\t']);
    let mut before = 0;
    for word in words.by_ref().take(MOST_BEFORE) {
        let name = word.trim().trim_start_matches(['`', '(', '"']);
        // PowerShell begins its errors with the name of the command.
        let is_error = line[before + word.len()..].starts_with(": ");
        if PROGRAMS.contains(&name) && word.len() < line.len() - before + 1 && !is_error {
            let prompt = line[..before].trim();
            let at = before + word.find(name).unwrap_or_default();
            let is_shell = name.starts_with('I') || matches!(name, "iwr" | "irm");
            return is_prompt(prompt).then(|| {
                let shell = if is_shell || prompt.starts_with("PS ") {
                    Some(Dialect::PowerShell)
                } else if prompt.ends_with('>') && prompt.contains(":\\") {
                    Some(Dialect::Cmd)
                } else {
                    None
                };
                (at, shell)
            });
        }
        before += word.len();
    }
    None
}

/// Whether a text before a command is a prompt, a number in a list, or another command's start.
fn is_prompt(text: &str) -> bool {
    let ends = [
        '$', '#', '%', '>', '\u{276f}', '\u{279c}', '~', ':', '.', ')', '-', '*', ';', '|', '&',
        '=',
    ];
    text.is_empty() || text.ends_with(ends) || matches!(text, "time" | "sudo" | "RUN" | "run")
}

fn is_curl(word: &Word) -> bool {
    word.text.contains("curl")
}
