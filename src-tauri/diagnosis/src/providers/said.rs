//! Everything that an answer says went wrong, wherever it says it.

use serde_json::Value;
use url::Url;

use crate::reading::{ExchangeRef, response_fields};
use crate::wording::{is_html, text_of_page};

/// The words of an answer in small letters: parameters of a callback, members of a JSON body of any
/// shape, pairs of a form, the text of a page, where it leads, and what its challenge says.
pub(crate) fn words(seen: ExchangeRef<'_>) -> String {
    let mut said = Vec::new();
    if seen.exchange.purpose == trace::Purpose::Callback {
        let fields = response_fields(seen.request());
        said.extend(fields.into_iter().map(|pair| pair.value));
        return said.join("\n").to_lowercase();
    }
    let Some(response) = seen.response() else {
        return String::new();
    };
    if let Some(location) = response.header_value("location") {
        said.extend(of_url(location));
    }
    said.extend(response.header_value("www-authenticate").map(str::to_owned));
    if let Some(body) = response.body.text() {
        match serde_json::from_str::<Value>(body.trim_start_matches('\u{feff}')) {
            Ok(json) => strings(&json, &mut said),
            Err(_) if is_html(&response) => said.push(text_of_page(body)),
            Err(_) => {
                let pairs = trace::pairs(body);
                said.extend(pairs.into_iter().map(|pair| pair.value));
                said.push(body.to_owned());
            }
        }
    }
    said.join("\n").to_lowercase()
}

/// The parameters of a URL's query and fragment, and its path.
fn of_url(location: &str) -> Vec<String> {
    let base = Url::parse("http://localhost/").ok();
    let Some(url) = base.and_then(|base| base.join(location).ok()) else {
        return vec![location.to_owned()];
    };
    let parts = [url.query(), url.fragment()].into_iter().flatten();
    let mut said = vec![url.path().to_owned()];
    for pair in parts.flat_map(trace::pairs) {
        said.push(format!("{}={}", pair.name, pair.value));
    }
    said
}

/// Every string and number of a JSON value, with the name of its member before it.
fn strings(value: &Value, said: &mut Vec<String>) {
    match value {
        Value::String(text) => said.push(text.clone()),
        Value::Number(number) => said.push(number.to_string()),
        Value::Array(all) => all.iter().for_each(|one| strings(one, said)),
        Value::Object(members) => {
            for (name, member) in members {
                if let Value::String(text) = member {
                    said.push(format!("{name}: {text}"));
                } else {
                    strings(member, said);
                }
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Whether a text in small letters has all of this in it; `a|b` takes either.
pub(super) fn says(words: &str, parts: &[&str]) -> bool {
    let either = |part: &&str| part.split('|').any(|one| has(words, one));
    parts.iter().all(either)
}

/// A number at the end of a part ends there, so that AADSTS50011 is not found in AADSTS500113.
fn has(words: &str, part: &str) -> bool {
    let part = part.to_lowercase();
    let number = part.ends_with(|last: char| last.is_ascii_digit());
    words.match_indices(&part).any(|(at, _)| {
        let next = words[at + part.len()..].chars().next();
        !(number && next.is_some_and(|next| next.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_whole_only() {
        assert!(says("x aadsts50011: no", &["AADSTS50011"]));
        assert!(!says("x aadsts500113: no", &["AADSTS50011"]));
        assert!(says("a then b", &["a", "B"]) && !says("a", &["a", "b"]));
        assert!(says("a then c", &["a", "b|C"]) && !says("a", &["a", "b|c"]));
    }

    #[test]
    fn json_of_any_shape_and_urls_are_read() {
        let mut said = Vec::new();
        let body = serde_json::json!({"error": {"message": "no", "details": [{"code": 7}]}});
        strings(&body, &mut said);
        assert_eq!(said, ["message: no", "7"]);
        let error = of_url("/error?error=redirect_mismatch#error_description=a+b");
        assert_eq!(
            error,
            ["/error", "error=redirect_mismatch", "error_description=a b"]
        );
    }
}
