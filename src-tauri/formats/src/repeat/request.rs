//! Parts of a request as code can give them.

use trace::Request;

/// The headers as they can be given: those of one name in one, without names that are none and
/// without the length, which changes with the variables.
pub fn joined_headers(request: &Request) -> Vec<(String, String)> {
    let mut joined: Vec<(String, String)> = Vec::new();
    for header in &request.headers {
        let name = header.name.as_str();
        if !is_token(name) || name.eq_ignore_ascii_case("content-length") {
            continue;
        }
        let value = header.value.replace(['\r', '\n', '\0'], " ");
        let known = joined
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        match known {
            Some((_, all)) => *all = format!("{all}, {value}"),
            None => joined.push((name.into(), value)),
        }
    }
    joined
}

pub fn is_token(name: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_tchar)
}

/// Whether secrets in the body stand in a form, where they are percent-encoded.
pub fn is_form(request: &Request) -> bool {
    let media = request.header_value("content-type").unwrap_or_default();
    let media = media.trim_start().to_ascii_lowercase();
    media.starts_with("application/x-www-form-urlencoded")
}

/// Name and password of Basic authentication, where the password is a pseudonym: within base64 a
/// variable would not be seen.
pub fn basic_with_pseudonym(name: &str, value: &str) -> Option<String> {
    use base64::Engine as _;
    if !name.eq_ignore_ascii_case("authorization") {
        return None;
    }
    let encoded = value
        .strip_prefix("Basic ")
        .or_else(|| value.strip_prefix("basic "))?;
    let pair = base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .ok()?;
    let pair = String::from_utf8(pair).ok()?;
    pair.contains(":redacted-").then_some(pair)
}
