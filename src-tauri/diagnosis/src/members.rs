//! The members of the documents that a flow trusts, one table for each document.
//!
//! A table says what a member has to be; what a whole rule looks at (an issuer that differs, an
//! endpoint that is missing) is not repeated here.

use serde_json::Value;
use trace::{Document, is_word_for_nothing};

use crate::finding::Level;
use crate::spec::Spec;
use crate::wording::excerpt;

/// One row: a member, and what its value has to be.
pub(crate) struct Member {
    pub name: &'static str,
    pub form: Form,
    /// It has to be there.
    pub required: bool,
    /// What a list has to hold.
    pub holds: Option<&'static str>,
    pub level: Level,
    pub spec: Spec,
}

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    /// A text that is not empty, nor a program's word for nothing.
    Name,
    /// An absolute http or https URL.
    Url,
    /// Such a URL without a fragment (RFC 6749 sections 3.1 and 3.2).
    Endpoint,
    /// Such a URL that is not plain http, but on this machine.
    SecureUrl,
    /// Names of signature algorithms; `none` is not one.
    Algorithms,
    /// A JWT in its compact form: three parts with dots between them.
    Jwt,
    /// A URL that a person is sent to: no plain http but on this machine. What is no URL at all is
    /// another rule's matter.
    Page,
    /// The name of an MCP revision: a date, or a draft.
    Revision,
    /// A JSON Schema of an object.
    ObjectSchema,
    Texts,
    /// Texts, at least one.
    SomeTexts,
    /// A text, or an array of texts.
    TextOrTexts,
    /// An array of objects.
    Objects,
    Flag,
    /// Seconds: a whole number greater than zero.
    Seconds,
    /// A moment: seconds since 1970.
    Time,
    Object,
}

/// A member that is not valid.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub name: &'static str,
    pub level: Level,
    pub spec: Spec,
    pub expected: String,
    /// As it was sent.
    pub actual: String,
    pub missing: bool,
}

/// No token, code or secret lives for longer: a hundred years.
const LONGEST_LIFE: u64 = 100 * 366 * 24 * 3600;

/// The year 5138. What lies behind it was written in milliseconds.
pub(crate) const LAST_MOMENT: f64 = 1e11;

/// What of a document is not as its table says, in the order of the table.
pub(crate) fn problems(table: &[Member], document: &Document) -> Vec<Problem> {
    table
        .iter()
        .filter_map(|member| problem(member, document))
        .collect()
}

fn problem(member: &Member, document: &Document) -> Option<Problem> {
    let found = |expected: String, actual: String, missing: bool| {
        Some(Problem {
            name: member.name,
            level: member.level,
            spec: member.spec,
            expected,
            actual,
            missing,
        })
    };
    let Some(value) = document.get(member.name) else {
        if !member.required {
            return None;
        }
        let expected = match member.holds {
            Some(wanted) => format!("\"{}\": [\"{wanted}\"]", member.name),
            None => format!("{} as {}", member.name, member.form.words()),
        };
        return found(expected, format!("no {}", member.name), true);
    };
    let sent = || excerpt(&format!("\"{}\": {value}", member.name));
    if !member.form.fits(value) {
        let expected = format!("{} as {}", member.name, member.form.words());
        return found(expected, sent(), false);
    }
    let wanted = member.holds?;
    let items = value.as_array()?;
    if items.iter().any(|item| item == wanted) {
        return None;
    }
    found(format!("\"{wanted}\" in {}", member.name), sent(), false)
}

impl Form {
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Name => "a string that is not empty, with a value of its own",
            Self::Url | Self::SecureUrl | Self::Page => "a string with an absolute https URL",
            Self::Algorithms => "an array of the names of signature algorithms, without none",
            Self::Jwt => "a string with a JWT, which has three parts with dots between them",
            Self::Endpoint => "a string with an absolute https URL without a fragment",
            Self::Revision => "a string with a revision such as 2025-11-25",
            Self::ObjectSchema => "an object with \"type\": \"object\"",
            Self::Texts => "an array of strings",
            Self::SomeTexts => "an array of at least one string",
            Self::TextOrTexts => "a string or an array of strings",
            Self::Objects => "an array of objects",
            Self::Flag => "true or false",
            Self::Time => "a number of seconds (not milliseconds) since 1970, without quotes",
            Self::Object => "an object",
            Self::Seconds => "a whole number of seconds greater than zero, without quotes",
        }
    }

    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Name => value
                .as_str()
                .is_some_and(|text| !text.is_empty() && !is_word_for_nothing(text)),
            Self::Url => value.as_str().is_some_and(is_url),
            Self::SecureUrl => value.as_str().is_some_and(|url| {
                is_url(url) && (!url.starts_with("http:") || trace::is_loopback(url))
            }),
            Self::Algorithms => value.as_array().is_some_and(|names| {
                let is_one = |name: &Value| name.as_str().is_some_and(|name| name != "none");
                names.iter().all(is_one)
            }),
            Self::Jwt => value
                .as_str()
                .is_some_and(|text| text.split('.').filter(|part| !part.is_empty()).count() == 3),
            Self::Page => value
                .as_str()
                .is_none_or(|url| !url.starts_with("http:") || trace::is_loopback(url)),
            Self::Endpoint => value
                .as_str()
                .is_some_and(|url| is_url(url) && !url.contains('#')),
            Self::Revision => value.as_str().is_some_and(is_revision),
            Self::ObjectSchema => value.get("type").and_then(Value::as_str) == Some("object"),
            Self::Texts => value
                .as_array()
                .is_some_and(|items| items.iter().all(Value::is_string)),
            Self::SomeTexts => value
                .as_array()
                .is_some_and(|items| !items.is_empty() && items.iter().all(Value::is_string)),
            Self::TextOrTexts => value.is_string() || Self::Texts.fits(value),
            Self::Objects => value
                .as_array()
                .is_some_and(|items| items.iter().all(Value::is_object)),
            Self::Flag => value.is_boolean(),
            Self::Time => value
                .as_f64()
                .is_some_and(|seconds| (0.0..LAST_MOMENT).contains(&seconds)),
            Self::Object => value.is_object(),
            // 3600.0 is the same number in JSON.
            Self::Seconds => value.as_f64().is_some_and(|seconds| {
                seconds > 0.0 && seconds <= LONGEST_LIFE as f64 && seconds.fract() == 0.0
            }),
        }
    }
}

/// Whether a URL has a user name or a password in it.
pub(crate) fn has_credentials(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    host.contains('@')
}

/// Parsers of URLs take white space away that other clients send on.
fn is_url(text: &str) -> bool {
    trace::origin_of(text).is_some()
        && !has_credentials(text)
        && !text.contains(char::is_whitespace)
        && placeholder(text).is_none()
}

/// What stands in a URL for a value that nobody filled in: `{tenant}`, `${HOST}`, `$HOST`,
/// `<tenant>`, also percent-encoded.
pub(crate) fn placeholder(url: &str) -> Option<String> {
    let mut url = url.to_owned();
    for (encoded, plain) in [
        ("%7B", "{"),
        ("%7b", "{"),
        ("%7D", "}"),
        ("%7d", "}"),
        ("%3C", "<"),
        ("%3c", "<"),
        ("%3E", ">"),
        ("%3e", ">"),
    ] {
        url = url.replace(encoded, plain);
    }
    // What a query holds is up to the server.
    let before_query = url.split(['?', '#']).next().unwrap_or_default();
    for (open, close) in [("{", "}"), ("<", ">")] {
        let found = before_query.split_once(open).and_then(|(before, rest)| {
            let (inside, _) = rest.split_once(close)?;
            let sign = if before.ends_with('$') { "$" } else { "" };
            (!inside.is_empty()).then(|| format!("{sign}{open}{inside}{close}"))
        });
        if found.is_some() {
            return found;
        }
    }
    // No name of a host has a dollar sign, and a path may.
    let host = before_query.split_once("://")?.1.split('/').next()?;
    let (_, name) = host.split_once('$')?;
    let name: String = name
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    (!name.is_empty()).then(|| format!("${name}"))
}

/// Whether a text has the form of a revision's name, also of one that is not known yet.
fn is_revision(text: &str) -> bool {
    let digits =
        |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    /// Names before that of the first revision are none.
    const FIRST: &str = "2024-11-05";
    let is_date = text >= FIRST
        && matches!(parts.as_slice(), [year, month, day]
        if digits(year, 4) && digits(month, 2) && digits(day, 2));
    is_date || text.to_ascii_lowercase().starts_with("draft")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::RFC6749_EXPIRES_IN;

    const fn member(name: &'static str, form: Form) -> Member {
        Member {
            name,
            form,
            required: false,
            holds: None,
            level: Level::Warning,
            spec: RFC6749_EXPIRES_IN,
        }
    }

    fn wrong(form: Form, value: Value) -> bool {
        let document = json!({ "m": value });
        !problems(&[member("m", form)], document.as_object().unwrap()).is_empty()
    }

    #[test]
    fn what_fits_and_what_does_not() {
        for (form, right, not_right) in [
            (Form::Text, json!("a"), json!(1)),
            (Form::Url, json!("https://a.example/x"), json!("/x")),
            (
                Form::SecureUrl,
                json!("http://127.0.0.1:1/keys"),
                json!("http://a.example/keys"),
            ),
            (
                Form::Algorithms,
                json!(["RS256", "ES256"]),
                json!(["RS256", "none"]),
            ),
            (Form::Jwt, json!("e30.e30.c2ln"), json!("e30.e30")),
            (
                Form::Url,
                json!("https://a.example/x"),
                json!("https://a.example/x "),
            ),
            (
                Form::Endpoint,
                json!("https://a.example/x?y=1"),
                json!("https://a.example/x#y"),
            ),
            (
                Form::Page,
                json!("http://127.0.0.1:1/device"),
                json!("http://a.example/device"),
            ),
            (Form::SomeTexts, json!(["a"]), json!([])),
            (Form::Objects, json!([{}]), json!(["a"])),
            (Form::Texts, json!(["a"]), json!("a b")),
            (Form::Texts, json!([]), json!(["a", 1])),
            (Form::Flag, json!(true), json!("true")),
            (Form::Time, json!(1_790_000_000), json!("2026-12-01")),
            (Form::Time, json!(0), json!(1_790_000_000_000_u64)),
            (Form::Name, json!("alice"), json!("")),
            (Form::Name, json!("nullable"), json!("undefined")),
            (Form::TextOrTexts, json!("a"), json!(5)),
            (Form::TextOrTexts, json!(["a"]), json!(["a", 5])),
            (
                Form::Endpoint,
                json!("https://a.example/$x"),
                json!("https://{tenant}.example/token"),
            ),
            (Form::Object, json!({}), json!([])),
            (Form::Seconds, json!(3600), json!("3600")),
            (Form::Seconds, json!(3600.0), json!(0)),
            (Form::Seconds, json!(1), json!(-1)),
            (Form::Seconds, json!(3600), json!(3599.7)),
            (Form::Seconds, json!(86_400), json!(1_790_000_000_000_u64)),
        ] {
            assert!(!wrong(form, right.clone()), "{form:?} {right}");
            assert!(wrong(form, not_right.clone()), "{form:?} {not_right}");
        }
    }

    #[test]
    fn what_is_required_and_what_a_list_has_to_hold() {
        let mut row = member("m", Form::Texts);
        (row.required, row.holds) = (true, Some("code"));
        let table = [row];
        let of = |document: Value| problems(&table, document.as_object().unwrap());
        assert_eq!(of(json!({}))[0].actual, "no m");
        assert_eq!(of(json!({"m": ["token"]}))[0].expected, "\"code\" in m");
        assert!(of(json!({"m": ["token", "code"]})).is_empty());
    }

    #[test]
    fn a_value_that_nobody_filled_in_is_seen() {
        for (url, shown) in [
            ("https://as.example/{tenant}/v2.0", "{tenant}"),
            ("https://as.example/%7Btenant%7D/v2.0", "{tenant}"),
            ("https://${PUBLIC_HOST}/mcp", "${PUBLIC_HOST}"),
            ("https://$auth_domain/", "$auth_domain"),
            ("https://<your-tenant>.example/", "<your-tenant>"),
        ] {
            assert_eq!(placeholder(url).as_deref(), Some(shown), "{url}");
        }
        for url in [
            "https://as.example/$metadata",
            "https://as.example/a?filter={x}",
            "https://as.example/{}",
            "urn:example:a",
        ] {
            assert_eq!(placeholder(url), None, "{url}");
        }
    }
}
