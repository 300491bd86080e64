//! Values within a text: a URL as people write it, a JSON value with something after it.

use serde_json::Value;

/// A URL as curl guesses one: http where no scheme is given.
pub fn absolute(text: &str) -> Option<String> {
    let text = text.trim_matches(['<', '>', '"', '\'', '`']);
    if text.starts_with("http://") || text.starts_with("https://") {
        return Some(text.to_owned());
    }
    let host = text.split(['/', '?']).next().unwrap_or_default();
    let is_host = host.contains('.') || host.starts_with("localhost");
    (is_host && !text.contains("://")).then(|| format!("http://{text}"))
}

/// The JSON value that a text begins with, and where it ends.
///
/// # Errors
/// How many bytes were read before it turned out to be none.
pub fn first_json(text: &str) -> Result<(Value, usize), usize> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => Ok((value, values.byte_offset())),
        Some(Err(error)) => {
            let lines = text.split('\n').take(error.line());
            Err(lines.map(|line| line.len() + 1).sum())
        }
        None => Err(0),
    }
}
