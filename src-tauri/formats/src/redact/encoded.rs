//! Percent, JSON and HTML spellings of a text.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::{memchr, memchr2};

/// Decodes `%XX`, and `+` as a space where `plus` says so.
pub fn percent_decoded(text: &[u8], plus: bool) -> Cow<'_, [u8]> {
    let next = |from: usize| {
        let rest = &text[from..];
        let found = if plus {
            memchr2(b'%', b'+', rest)
        } else {
            memchr(b'%', rest)
        };
        found.map(|length| from + length)
    };
    let Some(mut sign) = next(0) else {
        return Cow::Borrowed(text);
    };
    let mut out = Vec::with_capacity(text.len());
    let mut copied = 0;
    loop {
        out.extend_from_slice(&text[copied..sign]);
        copied = sign + 1;
        let pair = text.get(sign + 1..sign + 3).and_then(hex_pair);
        match (text[sign], pair) {
            (b'%', Some(byte)) => {
                out.push(byte);
                copied = sign + 3;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        match next(copied) {
            Some(at) => sign = at,
            None => break,
        }
    }
    out.extend_from_slice(&text[copied..]);
    Cow::Owned(out)
}

/// Encodes all but the unreserved characters (RFC 3986 section 2.3).
pub fn percent_encoded(text: &[u8]) -> Vec<u8> {
    percent_encoded_but(text, b"-._~")
}

/// What is kept besides letters and digits: of URIs, in forms (URL Standard section 5.2, where a
/// space is a plus sign), by `encodeURIComponent` (ECMA-262 section 19.2.6.4), and in the forms of
/// Python's `quote_plus`.
const KEPT: [&[u8]; 4] = [b"-._~", b"*-._ ", b"-_.!~*'()", b"-._~ "];

/// Encodes all but letters, digits and these. A space that is kept becomes a plus sign.
fn percent_encoded_but(text: &[u8], kept: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(text.len() + 16);
    for &byte in text {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            out.push(if byte == b' ' { b'+' } else { byte });
        } else {
            out.extend([
                b'%',
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ]);
        }
    }
    out
}

/// The text of a JSON string's inside (RFC 8259 section 7). Escapes that are none stay as they are.
pub fn json_unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(mut sign) = memchr(b'\\', text) else {
        return Cow::Borrowed(text);
    };
    let mut out = Vec::with_capacity(text.len());
    let mut copied = 0;
    loop {
        out.extend_from_slice(&text[copied..sign]);
        let (read, byte) = match text.get(sign + 1) {
            Some(b'n') => (2, b'\n'),
            Some(b't') => (2, b'\t'),
            Some(b'r') => (2, b'\r'),
            Some(b'b') => (2, 8),
            Some(b'f') => (2, 12),
            Some(&byte @ (b'"' | b'\\' | b'/')) => (2, byte),
            Some(b'u') => unicode_escape(&text[sign..], &mut out),
            _ => (1, b'\\'),
        };
        if read <= 2 {
            out.push(byte);
        }
        copied = sign + read;
        match memchr(b'\\', &text[copied..]) {
            Some(length) => sign = copied + length,
            None => break,
        }
    }
    out.extend_from_slice(&text[copied..]);
    Cow::Owned(out)
}

/// The inside of a JSON string.
pub fn json_escaped(text: &[u8]) -> Vec<u8> {
    let quoted = serde_json::to_vec(&String::from_utf8_lossy(text)).unwrap_or_default();
    quoted
        .get(1..quoted.len().saturating_sub(1))
        .unwrap_or_default()
        .to_vec()
}

/// The text with the numeric character references of HTML decoded, and the names of the characters
/// that mean something in it. What is no whole reference stays.
pub fn html_unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let mut following = rest[1..].bytes().take(LONGEST_REFERENCE);
        let length = following.position(|byte| byte == b';');
        let read = length.and_then(|length| Some((referred(&rest[1..=length])?, length + 2)));
        let (character, length) = read.unwrap_or(('&', 1));
        plain.push(character);
        rest = &rest[length..];
    }
    plain.push_str(rest);
    plain
}

/// The character that a reference stands for, without its `&` and `;`.
fn referred(reference: &str) -> Option<char> {
    let Some(number) = reference.strip_prefix('#') else {
        let of = |(name, character): &(&str, char)| (*name == reference).then_some(*character);
        return NAMED.iter().find_map(of);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?)
}

/// The text with every character that means something somewhere as a reference of HTML.
pub fn html_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || "-._~:/?=+,; ".contains(character) {
            out.push(character);
        } else {
            out.push_str(&format!("&#{};", u32::from(character)));
        }
    }
    out
}

const NAMED: [(&str, char); 5] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
];

/// Characters of a reference, with zeros before its number.
const LONGEST_REFERENCE: usize = 12;

/// The text itself, and how it is spelt in URLs, JSON and HTML where that differs.
pub fn spellings(text: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![text.to_vec()];
    // Most secrets are made of characters that need no encoding anywhere.
    let is_simple = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    if text.iter().all(is_simple) {
        return all;
    }
    for kept in KEPT {
        let once = percent_encoded_but(text, kept);
        let twice = percent_encoded_but(&once, kept);
        all.extend([lower_hex(&once), lower_hex(&twice), once, twice]);
    }
    if text.contains(&b' ') {
        all.push(String::from_utf8_lossy(text).replace(' ', "+").into_bytes());
    }
    if !text
        .iter()
        .all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(byte))
    {
        let once = json_escaped(text);
        all.extend([json_escaped(&once), once]);
    }
    if let Ok(text) = std::str::from_utf8(text)
        && text.contains(['&', '<', '>', '"', '\'', '/', '+', '='])
    {
        all.extend(html_spellings(text).map(String::into_bytes));
    }
    all.sort();
    all.dedup();
    all
}

/// How a secret is spelt byte by byte (in hex, with percent signs, as references of HTML), and in
/// base64 at each of the three places it can have in a longer text (`client-1:secret`), also twice.
/// Empty for a short one, since these would be found by chance.
pub fn encodings(text: &[u8]) -> Vec<Vec<u8>> {
    if text.len() < SHORTEST_ENCODED {
        return Vec::new();
    }
    let each = |spelt: fn(u8) -> String| text.iter().copied().map(spelt).collect::<String>();
    let by_byte = [
        each(|byte| format!("{byte:02x}")),
        each(|byte| format!("{byte:02X}")),
        each(|byte| format!("%{byte:02x}")),
        each(|byte| format!("%{byte:02X}")),
        each(|byte| format!("&#{byte};")),
        each(|byte| format!("&#x{byte:02x};")),
        each(|byte| format!("&#x{byte:02X};")),
    ];
    let mut all: Vec<Vec<u8>> = by_byte.into_iter().map(String::into_bytes).collect();
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        let once = in_base64(engine, text);
        let twice = once.iter().flat_map(|once| in_base64(engine, once));
        all.extend(twice);
        all.extend(once);
        all.push(engine.encode(text).into_bytes());
    }
    all.sort();
    all.dedup();
    all
}

/// Wherever it begins in a longer text.
fn in_base64(engine: &GeneralPurpose, text: &[u8]) -> [Vec<u8>; 3] {
    [0, 1, 2].map(|before| {
        let encoded = engine.encode([&[0; 2][..before], text].concat());
        // Of the first and the last letter only a part may belong to the secret.
        let first = [0, 2, 3][before];
        let last = (before + text.len()) * 8 / 6;
        encoded.as_bytes()[first..last].to_vec()
    })
}

fn html_spellings(text: &str) -> impl Iterator<Item = String> {
    // Between tags quotes may stay as they are.
    let between_tags = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let common = between_tags.replace('"', "&quot;");
    let slashes = common.replace('\'', "&#x27;").replace('/', "&#x2F;");
    let all = slashes.replace('+', "&#x2B;").replace('=', "&#x3D;");
    let decimal = common
        .replace('\'', "&#39;")
        .replace('+', "&#43;")
        .replace('=', "&#61;");
    let quotes = common.replace('\'', "&#39;");
    [between_tags, common, quotes, slashes, all, decimal].into_iter()
}

fn lower_hex(text: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    for at in 0..out.len() {
        if out[at] == b'%' {
            let end = out.len().min(at + 3);
            out[at + 1..end].make_ascii_lowercase();
        }
    }
    out
}

/// Writes the character of `\uXXXX`, two of them for one outside the basic plane. Returns how many
/// bytes were read; where it is none, one and the backslash.
fn unicode_escape(text: &[u8], out: &mut Vec<u8>) -> (usize, u8) {
    let unit = |text: &[u8]| -> Option<u32> {
        let digits = text.strip_prefix(b"\\u")?.get(..4)?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let Some(first) = unit(text) else {
        return (1, b'\\');
    };
    let second = text
        .get(6..)
        .and_then(unit)
        .filter(|second| (0xdc00..0xe000).contains(second));
    let (read, character) = match (char::from_u32(first), second) {
        (Some(character), _) => (6, character),
        (None, Some(second)) if first < 0xdc00 => (
            12,
            char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
                .unwrap_or(UNKNOWN),
        ),
        (None, _) => (6, UNKNOWN),
    };
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    (read, 0)
}

/// Bytes from which on the encoded forms of a secret are looked for.
const SHORTEST_ENCODED: usize = 8;

const UNKNOWN: char = char::REPLACEMENT_CHARACTER;

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_strings_are_read_as_serde_reads_them() {
        for inside in [
            r"a\/b",
            r#"\"x\"\\n\n"#,
            r"\u00e9\ud83d\ude00\u0026",
            "plain é",
        ] {
            let expected: String = serde_json::from_str(&format!("\"{inside}\"")).unwrap();
            assert_eq!(
                &*json_unescaped(inside.as_bytes()),
                expected.as_bytes(),
                "{inside}"
            );
        }
        for broken in [r"\", r"\u12", r"\ud800", r"\x"] {
            json_unescaped(broken.as_bytes());
        }
    }

    #[test]
    fn the_encodings_of_a_secret_are_in_every_text_around_it() {
        let secret = "s3cret~?>value";
        let found = |text: &str| {
            let of = |spelling: &Vec<u8>| memchr::memmem::find(text.as_bytes(), spelling).is_some();
            encodings(secret.as_bytes()).iter().any(of)
        };
        for before in ["", "a", "ab", "client-1:"] {
            for after in ["", "x", "xy", "xyz"] {
                let text = format!("{before}{secret}{after}");
                assert!(found(&STANDARD_NO_PAD.encode(&text)), "{text}");
                assert!(found(&URL_SAFE_NO_PAD.encode(&text)), "{text}");
                let twice = STANDARD_NO_PAD.encode(STANDARD_NO_PAD.encode(&text));
                assert!(found(&twice), "{text}");
                let each = |spelt: fn(u8) -> String| text.bytes().map(spelt).collect::<String>();
                assert!(found(&each(|byte| format!("%{byte:02X}"))), "{text}");
                assert!(found(&each(|byte| format!("&#{byte};"))), "{text}");
                assert!(found(&each(|byte| format!("&#x{byte:02x};"))), "{text}");
            }
        }
        assert!(encodings(b"short").is_empty());
    }

    #[test]
    fn references_of_html_are_read_as_browsers_read_them() {
        for (written, plain) in [
            ("a&#38;b&#x26;c&amp;d", "a&b&c&d"),
            ("&lt;&gt;&quot;&apos;&#39;&#X27;&#0000043;", "<>\"'''+"),
            ("&#228;&#x1f600;", "ä😀"),
            (
                "& &; &#; &#x; &#xd800; &no; &amp &#12",
                "& &; &#; &#x; &#xd800; &no; &amp &#12",
            ),
            ("&ä;&&amp;", "&ä;&&"),
        ] {
            assert_eq!(html_unescaped(written), plain);
            assert_eq!(html_unescaped(&html_escaped(plain)), plain);
        }
        assert_eq!(html_escaped("a=b&\"…\n"), "a=b&#38;&#34;&#8230;&#10;");
    }

    #[test]
    fn broken_percent_signs_stay() {
        assert_eq!(&*percent_decoded(b"a%2Fb%zz%4", false), b"a/b%zz%4");
        assert_eq!(&*percent_decoded(b"a+b%2b", true), b"a b+");
    }
}
