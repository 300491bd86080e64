//! Keeps what was typed to log in out of the record.

use std::collections::BTreeSet;

use serde_json::Value;
use trace::{Outcome, Recorded};
use url::form_urlencoded;

use crate::hop::Hop;
use crate::written;

/// What stands where a password was.
const DROPPED: &str = "not-recorded";

/// A shorter value is not looked for outside of its own field: it would be found everywhere.
const SHORTEST: usize = 4;

/// The fields in which passwords were typed, and the values, for as long as the browser is open.
#[derive(Default)]
pub(crate) struct Passwords {
    names: BTreeSet<String>,
    values: BTreeSet<String>,
}

impl Passwords {
    /// A field of type password, and what is in it.
    pub fn typed(&mut self, name: &str, value: &str) {
        if !name.is_empty() {
            self.names.insert(name.to_owned());
        }
        self.learn(value);
    }

    /// Replaces every password in what goes into the record.
    pub fn drop_from(&mut self, hop: &mut Hop) {
        let form = is_form(hop).then(|| hop.request.body.text().map(str::to_owned));
        if let Some(Some(form)) = form {
            hop.request.body.bytes = self.without(&form).into_bytes();
        } else if !hop.request.body.is_empty() {
            // In another form than this the fields are not told apart; but a password that a script
            // sends may come again.
            if let Ok(sent) = serde_json::from_slice(&hop.request.body.bytes) {
                self.learn_from(&sent);
            }
            hop.request.body.bytes.clear();
            hop.recorded.request_body = Recorded::NotRecorded;
        }
        if let Some((before, query)) = hop.request.url.split_once('?') {
            let (query, fragment) = query.split_once('#').unwrap_or((query, ""));
            let query = self.without(query);
            let mark = if fragment.is_empty() { "" } else { "#" };
            hop.request.url = format!("{before}?{query}{mark}{fragment}");
        }
        for header in &mut hop.request.headers {
            // What the browser's own dialog asked for.
            let basic = header.value.get(..6).map(str::to_ascii_lowercase);
            if header.name.eq_ignore_ascii_case("authorization")
                && basic.as_deref() == Some("basic ")
            {
                header.value = format!("Basic {DROPPED}");
            }
        }
        self.replace_values(hop);
    }

    /// A form with its passwords replaced, all else as it was.
    fn without(&mut self, form: &str) -> String {
        let fields = form.split('&').map(|field| {
            let Some((name, value)) = field.split_once('=') else {
                return field.to_owned();
            };
            let (plain_name, plain_value) = (decoded(name), decoded(value));
            let secret = self.names.contains(&plain_name)
                || is_password(&plain_name)
                || self.values.contains(&plain_value);
            if !secret || value.is_empty() {
                return field.to_owned();
            }
            self.learn(&plain_value);
            format!("{name}={DROPPED}")
        });
        fields.collect::<Vec<_>>().join("&")
    }

    /// Members of JSON with the name of a password.
    fn learn_from(&mut self, sent: &Value) {
        match sent {
            Value::Object(members) => {
                for (name, value) in members {
                    match value.as_str() {
                        Some(value) if is_password(name) => self.learn(value),
                        _ => self.learn_from(value),
                    }
                }
            }
            Value::Array(all) => all.iter().for_each(|one| self.learn_from(one)),
            _ => {}
        }
    }

    fn learn(&mut self, value: &str) {
        if !value.is_empty() && value != DROPPED {
            self.values.insert(value.to_owned());
        }
    }

    fn replace_values(&self, hop: &mut Hop) {
        for value in self.values.iter().filter(|value| value.len() >= SHORTEST) {
            let replace = |text: &mut String| {
                if let Some(replaced) = written::replace(text, value, DROPPED) {
                    *text = replaced;
                }
            };
            replace(&mut hop.request.url);
            let mut headers: Vec<_> = hop.request.headers.iter_mut().collect();
            if let Outcome::Response(response) = &mut hop.outcome {
                headers.extend(&mut response.headers);
                let body = response.body.text();
                let body = body.and_then(|text| written::replace(text, value, DROPPED));
                if let Some(body) = body {
                    response.body.bytes = body.into_bytes();
                }
            }
            for header in headers {
                replace(&mut header.value);
            }
        }
    }
}

fn is_form(hop: &Hop) -> bool {
    let media = hop.request.header_value("content-type").unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn decoded(text: &str) -> String {
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    // `=` is encoded in both, so this is one name without a value.
    pairs
        .next()
        .map_or_else(String::new, |(name, _)| name.into_owned())
}

/// Whether a field of this name holds what only its user may know, whatever its type.
fn is_password(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    let parts = [
        "password",
        "passwd",
        "passphrase",
        "passcode",
        "onetimecode",
        "kennwort",
    ];
    let whole = [
        "pwd",
        "pass",
        "pw",
        "pin",
        "otp",
        "totp",
        "mfa",
        "mfacode",
        "otpcode",
        "totpcode",
        "verificationcode",
        "securitycode",
        "recoverycode",
        "backupcode",
        "smscode",
    ];
    parts.iter().any(|part| plain.contains(part)) || whole.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use trace::{Body, Header, Recording, Request, Response, Timestamp};

    use super::*;
    use crate::hop::Part;

    fn posted(media: &str, body: &str) -> Hop {
        Hop {
            part: Part::Page,
            request: Request::new("POST", "https://idp.example/login?next=%2Fa")
                .header("Content-Type", media)
                .body(body),
            outcome: Outcome::Response(Response {
                status: 401,
                headers: vec![Header::new("X-Said", "hunter2 & <co>")],
                body: Body::new(b"<p>Not hunter2 &amp; &lt;co&gt;</p>".to_vec()),
            }),
            started: Timestamp(0),
            total: Duration::ZERO,
            recorded: Recording::default(),
        }
    }

    fn shown(hop: &Hop) -> String {
        let mut all = format!("{}\n{}", hop.request.url, hop.request.body.text().unwrap());
        let Outcome::Response(response) = &hop.outcome else {
            return all;
        };
        let headers = hop.request.headers.iter().chain(&response.headers);
        headers.for_each(|header| all.push_str(&header.value));
        all + response.body.text().unwrap()
    }

    const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";

    #[test]
    fn a_password_is_dropped_by_its_name_and_wherever_it_comes_again() {
        let mut hop = posted(FORM, "user=ann&passwd=hunter2+%26+%3Cco%3E&csrf=a%2Bb");
        Passwords::default().drop_from(&mut hop);
        let body = hop.request.body.text();
        assert_eq!(body, Some("user=ann&passwd=not-recorded&csrf=a%2Bb"));
        assert!(!shown(&hop).contains("hunter2"), "{}", shown(&hop));
        assert_eq!(hop.recorded.request_body, Recorded::Whole);
    }

    #[test]
    fn a_field_of_type_password_is_dropped_whatever_its_name_and_so_is_its_copy() {
        let mut hop = posted(
            FORM,
            "a=ann&b=hunter2+%26+%3Cco%3E&c=hunter2+%26+%3Cco%3E&code=x",
        );
        let mut passwords = Passwords::default();
        passwords.typed("b", "hunter2 & <co>");
        passwords.drop_from(&mut hop);
        let body = hop.request.body.text();
        assert_eq!(body, Some("a=ann&b=not-recorded&c=not-recorded&code=x"));
        assert!(!shown(&hop).contains("hunter2"), "{}", shown(&hop));
    }

    #[test]
    fn a_body_whose_fields_are_not_told_apart_is_not_recorded() {
        let mut hop = posted("multipart/form-data; boundary=x", "--x\r\nhunter2\r\n--x--");
        Passwords::default().drop_from(&mut hop);
        assert!(hop.request.body.is_empty());
        assert_eq!(hop.recorded.request_body, Recorded::NotRecorded);
    }

    #[test]
    fn a_password_in_json_is_found_where_it_comes_again() {
        let json = r#"{"user":"ann","login":{"password":"hunter2 & <co>"}}"#;
        let mut hop = posted("application/json", json);
        Passwords::default().drop_from(&mut hop);
        assert!(hop.request.body.is_empty());
        assert!(!shown(&hop).contains("hunter2"), "{}", shown(&hop));
    }

    #[test]
    fn a_password_in_a_query_or_a_dialog_is_dropped_too() {
        let mut hop = posted(FORM, "");
        hop.request.url = "https://idp.example/login?pwd=hunter2&code=c&state=s#x".into();
        hop.request
            .headers
            .push(Header::new("Authorization", "Basic YTpiYmJi"));
        Passwords::default().drop_from(&mut hop);
        let url = "https://idp.example/login?pwd=not-recorded&code=c&state=s#x";
        assert_eq!(hop.request.url, url);
        let basic = hop.request.header_value("authorization");
        assert_eq!(basic, Some("Basic not-recorded"));
    }
}
