//! The parts of a text that are fresh each time, by their form: ids, times, ports of this machine,
//! pseudonyms.

use std::collections::HashMap;

/// A text with names in place of its fresh parts.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    pub text: String,
    /// There were ids or pseudonyms in it.
    pub has_ids: bool,
    pub has_times: bool,
}

/// What replaces each kind of part.
const ID: &str = "{id}";
const TIME: &str = "{time}";

/// Names ids and times.
pub fn named(text: &str) -> Named {
    let mut named = Named {
        text: String::with_capacity(text.len()),
        has_ids: false,
        has_times: false,
    };
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(length) = date(rest) {
            named.text.push_str(TIME);
            named.has_times = true;
            rest = &rest[length..];
            continue;
        }
        let length = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        if length == 0 {
            let next = rest.chars().next().map_or(1, char::len_utf8);
            named.text.push_str(&rest[..next]);
            rest = &rest[next..];
            continue;
        }
        let (word, after) = rest.split_at(length);
        match word.strip_prefix(PSEUDONYM) {
            Some(kind) => {
                let kind = kind.trim_end_matches(|c: char| c.is_ascii_digit());
                named
                    .text
                    .push_str(&format!("{{{}}}", kind.trim_end_matches('-')));
                named.has_ids = true;
            }
            None if is_id(word) => {
                named.text.push_str(ID);
                named.has_ids = true;
            }
            None => named.text.push_str(word),
        }
        rest = after;
    }
    named
}

/// What every pseudonym of a redacted file begins with.
pub const PSEUDONYM: &str = "redacted-";

/// Whether a secret was replaced in this text.
pub fn is_redacted(text: &str) -> bool {
    text.contains(PSEUDONYM)
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// A UUID, or a long random run of letters and digits.
pub fn is_id(word: &str) -> bool {
    if is_uuid(word) {
        return true;
    }
    let longest = word
        .split(['-', '_'])
        .max_by_key(|part| part.len())
        .unwrap_or_default();
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    if letters == 0 {
        return longest.len() >= 9;
    }
    let is_mixed = word.len() >= SHORTEST && digits >= 2 && letters >= 2;
    // `grant-type-2025-11-25` has short parts, each of one kind.
    let is_speaking = word.split(['-', '_']).all(|part| {
        part.len() <= 12
            && (part.bytes().all(|b| b.is_ascii_digit())
                || part.bytes().all(|b| b.is_ascii_alphabetic()))
    });
    is_mixed && !is_speaking
}

const SHORTEST: usize = 16;

fn is_uuid(word: &str) -> bool {
    let parts: Vec<usize> = word.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && word.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// The length of a date with a time at the start: RFC 3339, or as HTTP headers have it.
fn date(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let fits = |form: &[u8]| {
        bytes.len() >= form.len()
            && form.iter().zip(bytes).all(|(form, byte)| match form {
                b'0' => byte.is_ascii_digit(),
                b'a' => byte.is_ascii_alphabetic(),
                other => byte == other,
            })
    };
    let http = b"aaa, 00 aaa 0000 00:00:00 GMT";
    if fits(http) {
        return Some(http.len());
    }
    let base = b"0000-00-00T00:00:00";
    if !fits(base) {
        return None;
    }
    let rest = &bytes[base.len()..];
    let fraction = rest
        .iter()
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
        .count();
    let rest = &rest[fraction..];
    let zone = match rest.first() {
        Some(b'Z' | b'z') => 1,
        Some(b'+' | b'-') if rest.len() >= 6 => 6,
        _ => 0,
    };
    let length = base.len() + fraction + zone;
    text.is_char_boundary(length).then_some(length)
}

/// Hosts that are this machine, as URLs write them.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// The text with names for the ports of this machine.
pub fn with_ports(text: &str, names: &HashMap<u16, String>) -> String {
    let mut named = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let next = LOOPBACK
            .iter()
            .filter_map(|host| Some((rest.find(&format!("{host}:"))?, host.len() + 1)))
            .min();
        let Some((at, length)) = next else {
            named.push_str(rest);
            return named;
        };
        let (before, after) = rest.split_at(at + length);
        named.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        match after[..digits].parse::<u16>() {
            Ok(port) => {
                let name = names.get(&port).map_or("another port", String::as_str);
                named.push_str(&format!("{{{name}}}"));
                rest = &after[digits..];
            }
            Err(_) => rest = after,
        }
    }
}

/// The port of this machine that a URL names.
pub fn loopback_port(url: &str) -> Option<u16> {
    let parsed = url::Url::parse(url).ok()?;
    trace::is_loopback(url).then(|| parsed.port_or_known_default())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_are_named_and_words_stay() {
        for (text, expected) in [
            ("/register/c1a2b3c4d5e6f7a8b9", "/register/{id}"),
            ("550e8400-e29b-41d4-a716-446655440000!", "{id}!"),
            ("Thu, 26 Nov 2026 14:52:32 GMT", "{time}"),
            ("at 2026-11-26T14:52:32.123Z.", "at {time}."),
            ("at 2026-11-26T14:52:32+01:00", "at {time}"),
            ("redacted-code-17", "{code}"),
            ("Bearer redacted-access_token-1", "Bearer {access_token}"),
        ] {
            assert_eq!(named(text).text, expected, "{text}");
        }
        for text in [
            "2025-11-25",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "code_challenge_methods_supported",
            "application/json; charset=utf-8",
            "/.well-known/oauth-authorization-server/v1",
            "RS256 ES256",
            "draft-ietf-oauth-client-id-metadata-document-00",
            "größe 漢字",
            "3600",
        ] {
            assert_eq!(named(text).text, text);
        }
    }

    #[test]
    fn ports_of_this_machine_are_named_and_others_stay() {
        let names = HashMap::from([(8000, "MCP server".to_owned())]);
        let text = "http://127.0.0.1:8000/mcp http://localhost:9/ https://as.example:8000/ [::1]:x";
        assert_eq!(
            with_ports(text, &names),
            "http://127.0.0.1:{MCP server}/mcp http://localhost:{another port}/ \
             https://as.example:8000/ [::1]:x"
        );
    }
}
