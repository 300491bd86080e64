//! `Invoke-WebRequest` and `Invoke-RestMethod` of PowerShell.

use trace::{Header, Recorded};

use super::evidence::{Part, Seen, Target, is_cut, recorded};
use super::values::absolute;
use super::words::{Command, Word};

/// `Invoke-WebRequest` with its parameters.
pub fn invoke(command: &Command) -> Vec<Seen> {
    let mut url = None;
    let mut method = None;
    let mut headers = Vec::new();
    let mut body: Option<Word> = None;
    let mut hidden = !command.closed;
    let mut in_headers = false;
    let mut words = command.words.iter().skip(1).peekable();
    while let Some(word) = words.next() {
        let name = word.text.to_ascii_lowercase();
        let is_name = name.starts_with('-') && name.len() > 1;
        let mut value = || words.next().cloned().unwrap_or_default();
        match name.as_str() {
            "-uri" => url = Some(value().text),
            "-method" => method = Some(value().text.to_ascii_uppercase()),
            "-body" => body = Some(value()),
            "-contenttype" => headers.push(Header::new("Content-Type", value().text)),
            "-useragent" => headers.push(Header::new("User-Agent", value().text)),
            "-headers" => {
                in_headers = true;
                hidden |= words.peek().is_some_and(|next| next.hidden);
                continue;
            }
            "-websession" | "-outfile" | "-timeoutsec" | "-sessionvariable" => {
                value();
            }
            _ if is_name => {}
            _ if in_headers => {
                let value = value();
                hidden |= value.hidden || is_cut(&value.text);
                headers.push(Header::new(&word.text, value.text));
                continue;
            }
            _ if url.is_none() => url = Some(word.text.clone()),
            _ => {}
        }
        in_headers = false;
    }
    let Some(url) = url.as_deref().and_then(absolute) else {
        return Vec::new();
    };
    let request_headers = if hidden {
        Recorded::Incomplete
    } else {
        Recorded::Whole
    };
    let body_recorded = match &body {
        Some(body) if body.hidden || !command.closed => Recorded::NotRecorded,
        Some(body) => recorded(&body.text),
        None => Recorded::Whole,
    };
    let shown = body.filter(|_| body_recorded != Recorded::NotRecorded);
    vec![Seen {
        target: Target::Url(url),
        method: Some(method.unwrap_or_else(|| "GET".into())),
        request_headers: Part::new(headers, request_headers),
        request_body: Part::new(
            shown.map(|body| body.text.into_bytes()).unwrap_or_default(),
            body_recorded,
        ),
        ..Seen::default()
    }]
}
