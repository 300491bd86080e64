//! URLs and forms.

use memchr::memchr;

use super::edit::Sink;
use super::encoded::{percent_decoded, percent_encoded};
use super::names::{CREDENTIALS, PASSWORD, USERNAME, kind_of};
use super::scan::nested;

/// A URL, absolute or not: its user information, query and fragment.
pub fn url<S: Sink>(sink: &mut S, url: &[u8]) -> Option<Vec<u8>> {
    let (rest, fragment) = split_at_byte(url, b'#');
    let (path, query) = split_at_byte(rest, b'?');
    let new_path = user_information(sink, path);
    let path = new_path.as_deref().unwrap_or(path);
    let newer_path = nested(sink, path, 0);
    let new_query = query.and_then(|query| pairs(sink, query, 0));
    let new_fragment = fragment.and_then(|fragment| pairs(sink, fragment, 0));
    if new_path.is_none() && newer_path.is_none() && new_query.is_none() && new_fragment.is_none() {
        return None;
    }
    let mut out = newer_path.unwrap_or_else(|| path.to_vec());
    for (sign, old, new) in [(b'?', query, new_query), (b'#', fragment, new_fragment)] {
        if let Some(old) = old {
            out.push(sign);
            out.extend_from_slice(new.as_deref().unwrap_or(old));
        }
    }
    Some(out)
}

/// A form body.
pub fn form<S: Sink>(sink: &mut S, body: &[u8]) -> Option<Vec<u8>> {
    pairs(sink, body, 0)
}

/// `name=value&name=value`.
fn pairs<S: Sink>(sink: &mut S, text: &[u8], depth: u8) -> Option<Vec<u8>> {
    if matches!(text.first(), Some(b'{' | b'[')) {
        return nested(sink, text, depth);
    }
    sink.layered();
    let mut out = Vec::new();
    let mut changed = false;
    for (index, part) in text.split(|&byte| byte == b'&').enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        match pair(sink, part, depth) {
            Some(new) => {
                changed = true;
                out.extend_from_slice(&new);
            }
            None => out.extend_from_slice(part),
        }
    }
    changed.then_some(out)
}

fn pair<S: Sink>(sink: &mut S, part: &[u8], depth: u8) -> Option<Vec<u8>> {
    let Some(sign) = memchr(b'=', part) else {
        return nested(sink, part, depth);
    };
    let (name, value) = (&part[..=sign], &part[sign + 1..]);
    let decoded = percent_decoded(value, true);
    let new = match kind_of(&percent_decoded(&part[..sign], true)) {
        Some(_) if decoded.is_empty() => None,
        Some(kind) => sink.secret(kind, &decoded).map(String::into_bytes),
        None => nested(sink, &decoded, depth + 1).map(|new| percent_encoded(&new)),
    };
    new.map(|new| [name, &new].concat())
}

/// `https://user:password@host`.
fn user_information<S: Sink>(sink: &mut S, url: &[u8]) -> Option<Vec<u8>> {
    let start = url.windows(3).position(|window| window == b"://")? + 3;
    let authority = url[start..].split(|&byte| byte == b'/').next()?;
    let at = authority.iter().rposition(|&byte| byte == b'@')?;
    let (user, password) = split_at_byte(&authority[..at], b':');
    // Alone it is a token more often than a name.
    let kind = if password.is_some() {
        USERNAME
    } else {
        CREDENTIALS
    };
    let user = sink.secret(kind, &percent_decoded(user, false));
    let password =
        password.map(|password| sink.secret(PASSWORD, &percent_decoded(password, false)));
    if user.is_none() && password.as_ref().is_none_or(Option::is_none) {
        return None;
    }
    let mut new = user.unwrap_or_default();
    if let Some(password) = password {
        new.push(':');
        new.push_str(&password.unwrap_or_default());
    }
    Some([&url[..start], new.as_bytes(), &url[start + at..]].concat())
}

fn split_at_byte(text: &[u8], sign: u8) -> (&[u8], Option<&[u8]>) {
    match memchr(sign, text) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}
