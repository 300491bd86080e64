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

/// Whether two identifiers differ by slashes at their end and by nothing else.
pub(crate) fn differ_by_trailing_slash(one: &str, other: &str) -> bool {
    one != other && one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// In which way two URLs that are not the same text mean the same, when they do.
pub(crate) fn same_but_for(one: &str, other: &str) -> Option<&'static str> {
    if differ_by_trailing_slash(one, other) {
        return Some("a slash at the end");
    }
    if one.eq_ignore_ascii_case(other) {
        return Some("upper and lower case");
    }
    let (one, other) = (Url::parse(one).ok()?, Url::parse(other).ok()?);
    let same = one.as_str().trim_end_matches('/') == other.as_str().trim_end_matches('/');
    same.then_some("the way the same URL is written (default port, percent-encoding or upper case)")
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

/// "404", "200 with a web page", "no answer (the name does not resolve)".
pub(crate) fn answer_in_words(exchange: &trace::Exchange) -> String {
    match (exchange.response(), exchange.failure()) {
        (Some(response), _) if is_html(response) => format!("{} with a web page", response.status),
        (Some(response), _) => response.status.to_string(),
        (None, Some(failure)) => format!("no answer ({})", excerpt(&failure.message)),
        (None, None) => "no answer".into(),
    }
}

/// What an answer that was not expected says, in its own words: status, where it leads, when to
/// come back, and the beginning of its text.
pub(crate) fn in_its_own_words(response: &trace::Response) -> String {
    let mut said = response.status.to_string();
    if let Some(location) = response.header_value("location") {
        said.push_str(&format!(" to {}", excerpt(location)));
    }
    if let Some(wait) = response.header_value("retry-after") {
        said.push_str(&format!(", Retry-After: {}", excerpt(wait)));
    }
    let Some(body) = response.body.text() else {
        return said;
    };
    let words = if is_html(response) {
        excerpt(&text_of_page(body))
    } else {
        excerpt(body)
    };
    match (words.is_empty(), is_html(response)) {
        (true, true) => said.push_str(" with a web page"),
        (true, false) => said.push_str(" with an empty body"),
        (false, true) => said.push_str(&format!(" with a web page that says: {words}")),
        (false, false) => said.push_str(&format!(": {words}")),
    }
    said
}

/// The text of a page without its tags, scripts and styles.
fn text_of_page(page: &str) -> String {
    /// Far more than is quoted.
    const READ: usize = 20_000;
    let mut end = page.len().min(READ);
    while !page.is_char_boundary(end) {
        end -= 1;
    }
    let mut text = String::new();
    let mut rest = &page[..end];
    while let Some(start) = rest.find('<') {
        text.push_str(&rest[..start]);
        text.push(' ');
        let tag = &rest[start..];
        let hidden = ["script", "style"].into_iter().find(|name| {
            tag.get(1..=name.len())
                .is_some_and(|begins| begins.eq_ignore_ascii_case(name))
        });
        let after = match hidden {
            Some(name) => tag.find(&format!("</{name}")).map(|at| &tag[at..]),
            None => Some(tag),
        };
        rest = after
            .and_then(|tag| tag.find('>').map(|at| &tag[at + 1..]))
            .unwrap_or_default();
    }
    text.push_str(rest);
    text
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
    fn lists_read_like_english() {
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }
}
