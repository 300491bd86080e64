//! A value as it may be written in a page, a form, a URL or a script: each of its characters plain
//! or in one of their ways to escape, whichever the server chose for it.

/// Replaces each occurrence of `value` in `text`; `None` where there is none.
pub(crate) fn replace(text: &str, value: &str, by: &str) -> Option<String> {
    let mut replaced = String::new();
    let mut kept = 0;
    let mut at = 0;
    while at < text.len() {
        match ends(&text[at..], value) {
            Some(length) if length > 0 => {
                replaced.push_str(&text[kept..at]);
                replaced.push_str(by);
                at += length;
                kept = at;
            }
            _ => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    (kept > 0).then(|| {
        replaced.push_str(&text[kept..]);
        replaced
    })
}

/// How many bytes of `text` the value takes, where it begins with it.
fn ends(text: &str, value: &str) -> Option<usize> {
    let mut rest = value.chars();
    let Some(wanted) = rest.next() else {
        return Some(0);
    };
    // What looks escaped may be plain, so both are tried.
    for (seen, length) in [escaped(text), plain(text)].into_iter().flatten() {
        if seen == wanted
            && let Some(more) = ends(&text[length..], rest.as_str())
        {
            return Some(length + more);
        }
    }
    None
}

fn plain(text: &str) -> Option<(char, usize)> {
    let first = text.chars().next()?;
    Some((first, first.len_utf8()))
}

fn escaped(text: &str) -> Option<(char, usize)> {
    match text.as_bytes().first()? {
        b'+' => Some((' ', 1)),
        b'&' => entity(text),
        b'%' => percent(text),
        b'\\' => script(text),
        _ => None,
    }
}

/// `&amp;`, `&#38;`, `&#x26;`
fn entity(text: &str) -> Option<(char, usize)> {
    let name = text.get(1..text.bytes().take(12).position(|byte| byte == b';')?)?;
    let seen = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((seen, name.len() + 2))
}

/// `%C3%A9`: as many bytes as the character has.
fn percent(text: &str) -> Option<(char, usize)> {
    let byte = |at: usize| {
        let hex = text.get(at * 3..)?.strip_prefix('%')?.get(..2)?;
        u8::from_str_radix(hex, 16).ok()
    };
    let count = match byte(0)? {
        0..0x80 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
        _ => return None,
    };
    let bytes: Vec<u8> = (0..count).map(byte).collect::<Option<_>>()?;
    let seen = std::str::from_utf8(&bytes).ok()?.chars().next()?;
    Some((seen, count * 3))
}

/// `\"`, `\/`, `\x26`, `\u0026`
fn script(text: &str) -> Option<(char, usize)> {
    let hex = |digits: usize| {
        let code = u32::from_str_radix(text.get(2..2 + digits)?, 16).ok()?;
        Some((char::from_u32(code)?, 2 + digits))
    };
    match text[1..].chars().next()? {
        'u' => hex(4),
        'x' => hex(2),
        'n' => Some(('\n', 2)),
        't' => Some(('\t', 2)),
        other if !other.is_alphanumeric() => Some((other, 1 + other.len_utf8())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whichever_characters_are_escaped_and_however() {
        let value = "a & <ü>\"'/+%";
        for written in [
            "a & <ü>\"'/+%",
            "a &amp; &lt;ü>&quot;'/+%",
            "a &#38; &#x3C;&#252;&gt;\"&#39;&#x2F;+%",
            "a+%26+%3C%C3%BC%3E%22%27%2F%2B%25",
            "a%20%26%20%3c%c3%bc%3e%22'/%2B%25",
            r#"a \u0026 \u003Cü\u003e\"'\/+%"#,
        ] {
            let text = format!("<p>ü&amp;{written}</p>{written}");
            let replaced = replace(&text, value, "…");
            assert_eq!(replaced.as_deref(), Some("<p>ü&amp;…</p>…"), "{written}");
        }
    }

    #[test]
    fn what_looks_escaped_may_be_plain() {
        for value in ["&amp;x", "a+b", "100%41", r"c:\new"] {
            let text = format!("({value})");
            assert_eq!(replace(&text, value, "…").as_deref(), Some("(…)"));
        }
    }

    #[test]
    fn another_text_stays() {
        for text in ["", "a & b", "&", "%", "%F", "&#;", r"\", "&#x110000;", "ü"] {
            assert_eq!(replace(text, "a & c", "…"), None, "{text}");
        }
    }
}
