//! Whether a request carries a credential to an origin it was not issued for.
//!
//! What is looked at is everything that leaves: the URL, every header and the whole body, each also
//! with its percent-encoding undone and in search of base64, which is how OAuth sends a client's
//! credentials (RFC 6749 section 2.3.1) and what signed requests are written in.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;
use serde_json::Value;
use trace::{
    Credential, Failure, FailureKind, Request, encode_pairs, origin_of, pairs, query_pairs,
};

use crate::outgoing::peer;

/// Shorter values turn up by chance: one counts only where it is a whole value, such as that of a
/// parameter or of a JSON member.
const LEAST_PART: usize = 8;

/// The failure of a completed request that would carry a credential elsewhere; `None` when it may
/// be sent.
pub(crate) fn withheld(request: &Request, credentials: &[Credential]) -> Option<Failure> {
    let mut foreign = credentials
        .iter()
        .filter(|credential| !credential.may_go_to(&request.url))
        .filter(|credential| !credential.value.is_empty())
        .peekable();
    foreign.peek()?;
    let outgoing = Outgoing::of(request);
    let credential = foreign.find(|credential| outgoing.carries(credential.value.expose()))?;
    let target = origin_of(&request.url).unwrap_or_else(|| peer(&request.url));
    let bound = if credential.origins.is_empty() {
        "no origin".into()
    } else {
        credential.origins.join(" and ")
    };
    Some(Failure {
        kind: FailureKind::ForeignOrigin,
        message: format!(
            "the {} is for {bound} only, and this request would carry it to {target}: it was not sent",
            credential.name
        ),
    })
}

/// What leaves with a request, in the forms in which a value can be found.
struct Outgoing {
    /// URL, headers and body, as they are and with percent-encoding undone.
    texts: Vec<Vec<u8>>,
    /// Parameters, header values and JSON strings, decoded.
    values: Vec<String>,
}

impl Outgoing {
    fn of(request: &Request) -> Self {
        let body = &request.body.bytes;
        let mut texts = Vec::new();
        let mut values = Vec::new();
        let headers = request.headers.iter();
        for part in headers
            .clone()
            .flat_map(|header| [header.name.as_bytes(), header.value.as_bytes()])
            .chain([request.url.as_bytes(), body.as_slice()])
        {
            decodings(part, &mut texts);
        }
        for header in headers {
            header_values(&header.value, &mut values);
        }
        values.extend(query_pairs(&request.url).into_iter().map(|pair| pair.value));
        if let Ok(text) = std::str::from_utf8(body) {
            values.extend(pairs(text).into_iter().map(|pair| pair.value));
            if let Ok(json) = serde_json::from_str(text) {
                json_strings(&json, &mut values);
            }
        }
        Self { texts, values }
    }

    fn carries(&self, value: &str) -> bool {
        if self.values.iter().any(|known| known == value) {
            return true;
        }
        value.len() >= LEAST_PART
            && needles(value).iter().any(|needle| {
                let finder = memmem::Finder::new(needle);
                self.texts.iter().any(|text| finder.find(text).is_some())
            })
    }
}

/// A part of the request as it is, and with percent-encoding undone as often as a URL within a URL
/// within a URL needs.
fn decodings(part: &[u8], texts: &mut Vec<Vec<u8>>) {
    const DEEPEST: usize = 3;
    let mut text = part.to_vec();
    for _ in 0..DEEPEST {
        let decoded = percent_decoded(&text);
        let done = decoded == text;
        // A form writes a blank as `+`.
        if text.contains(&b'+') {
            let blanks = text
                .iter()
                .map(|&byte| if byte == b'+' { b' ' } else { byte });
            texts.push(percent_decoded(&blanks.collect::<Vec<u8>>()));
        }
        texts.push(std::mem::replace(&mut text, decoded));
        if done {
            return;
        }
    }
    texts.push(text);
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        let digits = after
            .get(..2)
            .filter(|two| two.iter().all(u8::is_ascii_hexdigit))
            .and_then(|two| std::str::from_utf8(two).ok());
        let code = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        match code.filter(|_| *byte == b'%') {
            Some(code) => {
                decoded.push(code);
                rest = &after[2..];
            }
            None => {
                decoded.push(*byte);
                rest = after;
            }
        }
    }
    decoded
}

/// A header's value, what follows its scheme, and the user name and password of HTTP Basic.
fn header_values(value: &str, values: &mut Vec<String>) {
    values.push(value.into());
    for cookie in value.split(';') {
        values.extend(cookie.split_once('=').map(|(_, value)| value.trim().into()));
    }
    let Some((_, credentials)) = value.split_once(' ') else {
        return;
    };
    let credentials = credentials.trim();
    values.push(credentials.into());
    let Ok(basic) = STANDARD.decode(credentials) else {
        return;
    };
    let Ok(basic) = String::from_utf8(basic) else {
        return;
    };
    if let Some((user, password)) = basic.split_once(':') {
        for part in [user, password] {
            values.push(part.into());
            // RFC 6749 section 2.3.1 encodes both like the values of a form.
            let decoded = pairs(&format!("v={part}"));
            values.extend(decoded.into_iter().map(|pair| pair.value));
        }
    }
}

fn json_strings(json: &Value, values: &mut Vec<String>) {
    match json {
        Value::String(text) => values.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| json_strings(item, values)),
        Value::Object(members) => {
            members
                .values()
                .for_each(|member| json_strings(member, values));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The forms of a value that are searched for.
fn needles(value: &str) -> Vec<Vec<u8>> {
    let in_json = Value::from(value).to_string();
    let in_json = in_json[1..in_json.len() - 1].to_string();
    let in_form = encode_pairs([("", value)]);
    let in_form = in_form.trim_start_matches('=').to_string();
    let mut plain: Vec<Cow<'_, str>> = vec![value.into()];
    for form in [in_json, in_form] {
        if form != value {
            plain.push(form.into());
        }
    }
    let mut needles = Vec::new();
    for text in plain {
        for offset in 0..3 {
            needles.extend(base64_cores(text.as_bytes(), offset));
        }
        needles.push(text.into_owned().into_bytes());
    }
    needles
}

/// What base64 writes for a text wherever it begins, in both alphabets: the characters that do not
/// depend on what stands before and behind it.
fn base64_cores(text: &[u8], offset: usize) -> [Vec<u8>; 2] {
    let padded: Vec<u8> = std::iter::repeat_n(0, offset)
        .chain(text.iter().copied())
        .collect();
    // A character holds 6 bits; the first and last ones may share theirs with a neighbour.
    let (begin, end) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
    let core = |encoded: String| encoded.as_bytes()[begin..end].to_vec();
    [
        core(STANDARD_NO_PAD.encode(&padded)),
        core(URL_SAFE_NO_PAD.encode(&padded)),
    ]
}

#[cfg(test)]
mod tests {
    use trace::Secret;

    use super::*;

    const OWN: &str = "https://as.example";
    const ELSEWHERE: &str = "https://evil.example/token";

    fn bound(value: &str) -> [Credential; 1] {
        [Credential {
            name: "client secret".into(),
            value: Secret::new(value),
            origins: vec![OWN.into()],
        }]
    }

    /// Requests that carry a value, each in another way.
    fn carrying(url: &str, value: &str) -> Vec<(&'static str, Request)> {
        let post = || Request::new("POST", url);
        let form = encode_pairs([("grant_type", "x"), ("v", value)]);
        let lower = form.replace("%2B", "%2b").replace("%2F", "%2f");
        let nested = encode_pairs([(
            "redirect",
            trace::with_query("https://a.example/", [("v", value)]).as_str(),
        )]);
        let deeper = encode_pairs([("back", nested.as_str())]);
        let encoded = encode_pairs([("v", value)])[2..].to_string();
        let claims = serde_json::json!({ "iss": "me", "v": value }).to_string();
        let jwt = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        let mut all = vec![
            (
                "bearer",
                post().header("authorization", format!("Bearer {value}")),
            ),
            ("header", post().header("x-api-key", value)),
            (
                "cookie",
                post().header("cookie", format!("a=b; session={value}")),
            ),
            ("query", Request::new("GET", format!("{url}?{form}"))),
            ("form", post().body(form)),
            ("form in lower case", post().body(lower)),
            (
                "json",
                post().body(serde_json::json!({ "a": [{ "v": value }] }).to_string()),
            ),
            (
                "basic",
                post().header(
                    "authorization",
                    format!("Basic {}", STANDARD.encode(format!("me:{value}"))),
                ),
            ),
            (
                "basic as OAuth has it",
                post().header(
                    "authorization",
                    format!("Basic {}", STANDARD.encode(format!("m%20e:{encoded}"))),
                ),
            ),
        ];
        if value.len() >= LEAST_PART {
            all.extend([
                ("nested URL", Request::new("GET", format!("{url}?{nested}"))),
                (
                    "URL in a nested URL",
                    Request::new("GET", format!("{url}?{deeper}")),
                ),
                ("path", Request::new("GET", format!("{url}/{encoded}/x"))),
                ("claims of a JWT", post().body(format!("request={jwt}"))),
                ("part of a value", post().header("x", format!("a{value}b"))),
                ("text", post().body(format!("hello {value}, you"))),
            ]);
        }
        all
    }

    #[test]
    fn a_credential_leaves_for_its_own_origins_alone_in_whatever_form() {
        for value in [
            "s3cr3t-value",
            "a+b/c=d e%f&\"g\"",
            "ünïcödé-wörd",
            "hunter2",
            "p w",
            "x",
        ] {
            let credentials = bound(value);
            for (form, request) in carrying(ELSEWHERE, value) {
                let failure = withheld(&request, &credentials)
                    .unwrap_or_else(|| panic!("{value:?} left as {form}"));
                assert_eq!(failure.kind, FailureKind::ForeignOrigin);
                assert_eq!(
                    failure.message,
                    "the client secret is for https://as.example only, and this request would carry it \
                     to https://evil.example: it was not sent"
                );
            }
            for (form, request) in carrying("https://AS.example:443/token", value) {
                assert_eq!(withheld(&request, &credentials), None, "{value:?} {form}");
            }
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for url in [
            "http://as.example/",
            "https://as.example:8443/",
            "https://as.example.evil.example/",
            "https://evil.example/?https://as.example/",
        ] {
            let request = Request::new("GET", url).header("authorization", "Bearer s3cr3t-value");
            assert!(
                withheld(&request, &bound("s3cr3t-value")).is_some(),
                "{url}"
            );
        }
    }

    #[test]
    fn what_is_not_the_credential_is_let_through() {
        let request = Request::new("POST", "https://evil.example/token?scope=secrets&x=ex")
            .header(
                "authorization",
                format!("Basic {}", STANDARD.encode("me:other")),
            )
            .body("{\"text\":\"an example of s3cr3t\"}");
        for value in ["s3cr3t-value", "secret", "ample", "x", "e", ""] {
            assert_eq!(withheld(&request, &bound(value)), None, "{value}");
        }
        assert_eq!(withheld(&request, &[]), None);
    }

    #[test]
    fn a_credential_of_no_origin_goes_nowhere() {
        let mut credentials = bound("s3cr3t-value");
        credentials[0].origins.clear();
        let request = Request::new("GET", format!("{OWN}/?v=s3cr3t-value"));
        let failure = withheld(&request, &credentials).unwrap();
        assert!(
            failure.message.contains("is for no origin only"),
            "{}",
            failure.message
        );
        assert!(!failure.message.contains("s3cr3t"), "{}", failure.message);
    }

    #[test]
    fn base64_is_found_at_every_alignment() {
        for value in ["12345678", "123456789", "1234567890", "\u{ff}\u{fe}>>>???"] {
            for before in 0..7 {
                for after in 0..4 {
                    let text = format!("{}{value}{}", "a".repeat(before), "z".repeat(after));
                    for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                        let request = Request::new("GET", ELSEWHERE).header("x", encoded);
                        assert!(withheld(&request, &bound(value)).is_some(), "{text}");
                    }
                }
            }
        }
    }
}
