//! How findings put things into words, and how identifiers are compared.

use url::Url;

/// The beginning of a text a server sent, on one line, for quoting.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 240;
    let mut short = String::new();
    for word in text.split_whitespace() {
        if !short.is_empty() {
            short.push(' ');
        }
        for character in word.chars() {
            if short.len() >= LONGEST {
                short.push('…');
                return short;
            }
            short.push(character);
        }
    }
    short
}

/// `a`, `b and c`, `a, b and c`.
pub(crate) fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().into(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

/// What `crit` in the header of a token names (RFC 7515 section 4.1.11).
pub(crate) fn critical_names(critical: &serde_json::Value) -> String {
    let names = critical.as_array().into_iter().flatten();
    let names: Vec<&str> = names.filter_map(serde_json::Value::as_str).collect();
    match names.as_slice() {
        [] => "something that it does not name".to_owned(),
        names => excerpt(&list(names)),
    }
}

/// Whether two identifiers differ by slashes at their end and by nothing else.
pub(crate) fn differ_by_trailing_slash(one: &str, other: &str) -> bool {
    one != other && one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// In which way two URLs that are not the same text mean the same, when they do.
pub(crate) fn same_but_for(one: &str, other: &str) -> Option<&'static str> {
    if differ_by_trailing_slash(one, other) {
        return Some("a slash at the end");
    }
    if one.trim() == other.trim() {
        return Some("white space before or after it");
    }
    if one.eq_ignore_ascii_case(other) {
        return Some("upper and lower case");
    }
    let (one, other) = (Url::parse(one).ok()?, Url::parse(other).ok()?);
    let same = one.as_str().trim_end_matches('/') == other.as_str().trim_end_matches('/');
    same.then_some("the way the same URL is written (default port, percent-encoding or upper case)")
}

/// An identifier for quoting: in quotation marks where it would not be seen whole without them.
pub(crate) fn identifier(text: &str) -> String {
    if text.is_empty() || text != text.trim() {
        format!("\"{text}\"")
    } else {
        excerpt(text)
    }
}

/// Whether `parent` is the origin or a path above `url`.
pub(crate) fn is_above(parent: &str, url: &str) -> bool {
    let parent = parent.trim_end_matches('/');
    url.strip_prefix(parent)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a text is an absolute http or https URL.
pub(crate) fn is_http_url(text: &str) -> bool {
    trace::origin_of(text).is_some()
}

/// Whether a body is a web page, by its media type or its first character.
pub(crate) fn is_html(response: &trace::Response) -> bool {
    let by_type = response
        .media_type()
        .is_some_and(|media| media.contains("html"));
    by_type
        || response
            .body
            .text()
            .is_some_and(|text| text.trim_start().starts_with('<'))
}

/// An OAuth error as it is quoted: "400: invalid_grant: Code expired".
pub(crate) fn error_in_words(status: u16, error: &str, description: &str) -> String {
    let error = excerpt(error);
    match description {
        "" => format!("{status}: {error}, without a description"),
        description => format!("{status}: {error}: {}", excerpt(description)),
    }
}

/// "404", "200 with a web page that says: …", "no answer (the name does not resolve)".
pub(crate) fn answer_in_words(exchange: &trace::Exchange) -> String {
    match (exchange.response(), exchange.failure()) {
        (Some(response), _) if exchange.response_with_body().is_none() => {
            response.status.to_string()
        }
        (Some(response), _) => in_its_own_words(response),
        (None, Some(failure)) => format!("no answer ({})", excerpt(&failure.message)),
        (None, None) => "no answer".into(),
    }
}

/// What an answer that was not expected says, in its own words: status, where it leads, when to
/// come back, and the beginning of its text, with its media type where the text does not show it.
pub(crate) fn in_its_own_words(response: &trace::Response) -> String {
    let mut said = response.status.to_string();
    if let Some(location) = response.header_value("location") {
        said.push_str(&format!(" to {}", excerpt(location)));
    }
    if let Some(wait) = response.header_value("retry-after") {
        said.push_str(&format!(", Retry-After: {}", excerpt(wait)));
    }
    let Some(body) = response.body.text() else {
        let length = response.body.bytes.len();
        said.push_str(&format!(" with {length} bytes that are not text"));
        said.push_str(encoding(&response.body.bytes));
        return said;
    };
    if is_html(response) {
        match excerpt(&text_of_page(body)).as_str() {
            "" => said.push_str(" with a web page"),
            words => said.push_str(&format!(" with a web page that says: {words}")),
        }
        return said;
    }
    let words = excerpt(body.trim_start_matches('\u{feff}'));
    let media = response.media_type().unwrap_or_default();
    match (words.as_str(), media.contains("json") || media.is_empty()) {
        ("", _) => said.push_str(" with an empty body"),
        (words, true) => said.push_str(&format!(": {words}")),
        (words, false) => said.push_str(&format!(", {}: {words}", excerpt(&media))),
    }
    said
}

/// A sentence about an answer that a cache kept for longer than a moment, by its own headers.
pub(crate) fn from_cache(response: &trace::Response) -> Option<String> {
    /// What is younger is as good as new.
    const YOUNG: u64 = 60;
    let age = response.header_value("age")?.trim().parse::<u64>().ok()?;
    (age > YOUNG).then(|| {
        format!(
            "The answer was in a cache for {age} seconds (Age: {age}), so it may be of a time \
             before the server was changed; empty the cache and look again."
        )
    })
}

/// In which encoding bytes are that are not UTF-8, where they show it.
pub(crate) fn encoding(bytes: &[u8]) -> &'static str {
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe])
        || bytes.starts_with(&[0xfe, 0xff])
        || matches!(bytes, [b'{', 0, ..] | [0, b'{', ..]);
    if is_utf16 {
        " (they begin like UTF-16, and JSON has to be UTF-8)"
    } else {
        ""
    }
}

/// The text of a page without its tags, scripts and styles.
pub(crate) fn text_of_page(page: &str) -> String {
    /// Far more than is quoted.
    const READ: usize = 20_000;
    let mut end = page.len().min(READ);
    while !page.is_char_boundary(end) {
        end -= 1;
    }
    let page = &page[..end];
    // Lower case of ASCII alone keeps every byte in its place.
    let lower = page.to_ascii_lowercase();
    let mut text = String::new();
    let mut at = 0;
    while let Some(open) = lower[at..].find('<').map(|offset| at + offset) {
        text.push_str(&page[at..open]);
        text.push(' ');
        let hidden = ["script", "style"]
            .into_iter()
            .find(|name| lower[open + 1..].starts_with(name));
        let end = match hidden {
            Some(name) => lower[open..]
                .find(&format!("</{name}"))
                .map(|offset| open + offset),
            None => Some(open),
        };
        let close = end.and_then(|end| lower[end..].find('>').map(|offset| end + offset + 1));
        at = close.unwrap_or(page.len());
    }
    text.push_str(&page[at..]);
    text
}

/// Whether an error's words, in small letters, say that something was not sent.
pub(crate) fn says_missing(words: &str) -> bool {
    [
        "missing",
        "is required",
        "required parameter",
        "not provided",
        "must be provided",
        "not present",
        "is undefined",
    ]
    .iter()
    .any(|says| words.contains(says))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_short_and_on_one_line() {
        assert_eq!(excerpt("a\n  b"), "a b");
        let long = excerpt(&"ü".repeat(10_000));
        assert!(long.ends_with('…') && long.len() < 250);
    }

    #[test]
    fn ways_in_which_urls_mean_the_same() {
        assert!(differ_by_trailing_slash(
            "https://a.example/mcp",
            "https://a.example/mcp/"
        ));
        assert!(!differ_by_trailing_slash(
            "https://a.example/mcp",
            "https://a.example/mcp"
        ));
        assert_eq!(
            same_but_for("https://a.example", "https://A.example"),
            Some("upper and lower case")
        );
        assert!(same_but_for("https://a.example:443/x", "https://a.example/x").is_some());
        assert_eq!(
            same_but_for("https://a.example/x", "https://a.example/y"),
            None
        );
        assert_eq!(
            same_but_for("https://a.example/x ", "https://a.example/x"),
            Some("white space before or after it")
        );
        assert_eq!(
            identifier("https://a.example/x "),
            "\"https://a.example/x \""
        );
        assert_eq!(identifier(""), "\"\"");
        assert_eq!(identifier("https://a.example"), "https://a.example");
        assert!(is_above("https://a.example", "https://a.example/mcp"));
        assert!(is_above("https://a.example/", "https://a.example/mcp"));
        assert!(!is_above("https://a.exam", "https://a.example/mcp"));
    }

    #[test]
    fn an_unexpected_answer_is_quoted() {
        let answer = |status: u16, headers: &[(&str, &str)], body: &str| {
            in_its_own_words(&trace::Response {
                status,
                headers: headers
                    .iter()
                    .map(|(name, value)| trace::Header::new(name, *value))
                    .collect(),
                body: trace::Body::new(body.as_bytes().to_vec()),
            })
        };
        assert_eq!(
            answer(421, &[], "Invalid Host header"),
            "421: Invalid Host header"
        );
        assert_eq!(
            answer(500, &[("content-type", "text/plain")], "boom"),
            "500, text/plain: boom"
        );
        assert_eq!(
            answer(302, &[("location", "https://login.example/x")], ""),
            "302 to https://login.example/x with an empty body"
        );
        assert_eq!(
            answer(429, &[("retry-after", "60")], "{}"),
            "429, Retry-After: 60: {}"
        );
        let page = "<!doctype html><title>Sign in</title><script>var a='<b>'</script><p>Hello";
        assert_eq!(
            answer(200, &[("content-type", "text/html")], page),
            "200 with a web page that says: Sign in Hello"
        );
    }

    #[test]
    fn only_the_words_of_a_page_are_quoted() {
        let words = |page| excerpt(&text_of_page(page));
        assert_eq!(
            words("<style>p{}</STYLE><p class=x>Invalid ü <b>redirect</b></p><script>1<2"),
            "Invalid ü redirect"
        );
        assert_eq!(words("no page < at all"), "no page");
    }

    #[test]
    fn lists_read_like_english() {
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }
}
