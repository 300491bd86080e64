//! Reads `WWW-Authenticate` (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1).

use std::fmt;

use crate::exchange::Response;

/// One challenge of a `WWW-Authenticate` field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// As sent; compare without regard to case.
    pub scheme: String,
    /// In the order sent. Names as sent, values unquoted.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The first value of a parameter, by name in any case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }
}

/// Where a field stops being readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeError {
    pub value: String,
    /// Byte offset in `value`.
    pub at: usize,
    pub expected: &'static str,
}

impl fmt::Display for ChallengeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "WWW-Authenticate: expected {} at character {}",
            self.expected,
            self.at + 1
        )
    }
}

/// Where a field departs from the grammar and can be understood all the same. Stricter readers
/// miss a parameter there, or all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChallengeSlip {
    /// A value that needs quotation marks and has none, or single ones.
    Unquoted { name: String, value: String },
    /// There is no comma between a parameter, or a scheme, and the parameter before it.
    NoComma { name: String },
    /// A scheme stands where its own parameters have to begin.
    SchemeTwice { name: String },
    /// A parameter that one challenge has more than once.
    Twice { name: String },
}

/// The slips in all fields of a response that can be read.
pub fn challenge_slips(response: &Response) -> Vec<ChallengeSlip> {
    let fields = response.header_values("www-authenticate");
    fields
        .flat_map(|value| {
            let mut reader = Reader::of(value);
            let read = reader.challenges();
            read.map(|_| reader.slips).unwrap_or_default()
        })
        .collect()
}

/// Every challenge of a response, over all its `WWW-Authenticate` fields.
///
/// # Errors
/// The first field that cannot be read.
pub fn challenges(response: &Response) -> Result<Vec<Challenge>, ChallengeError> {
    let mut all = Vec::new();
    for value in response.header_values("www-authenticate") {
        all.extend(Reader::of(value).challenges()?);
    }
    Ok(all)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    slips: Vec<ChallengeSlip>,
}

impl<'a> Reader<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            slips: Vec::new(),
        }
    }

    fn challenges(&mut self) -> Result<Vec<Challenge>, ChallengeError> {
        let mut found: Vec<Challenge> = Vec::new();
        loop {
            let between = self.at;
            self.skip(|c| c == ',' || c.is_ascii_whitespace());
            let comma = self.text[between..self.at].contains(',');
            if self.rest().is_empty() {
                return Ok(found);
            }
            let word = self.token("a scheme or a parameter name")?;
            let after_word = self.at;
            self.skip(|c| c == ' ' || c == '\t');
            // A word before `=` is a parameter of the challenge before it, or a token68 after a
            // scheme.
            if self.rest().starts_with('=') && !self.rest().starts_with("==") {
                self.at += 1;
                self.skip(|c| c == ' ' || c == '\t');
                let start = self.at;
                let value = self.value()?;
                let Some(challenge) = found.last_mut() else {
                    return self.fail("a scheme");
                };
                let slip = slip(challenge, &word, &self.text[start..self.at], comma);
                self.slips.extend(slip);
                challenge.parameters.push((word, value));
                continue;
            }
            let slip = found
                .last()
                .and_then(|before| scheme_slip(before, &word, comma));
            self.slips.extend(slip);
            found.push(Challenge {
                scheme: word,
                parameters: Vec::new(),
            });
            if self.at > after_word {
                self.skip_token68();
            }
        }
    }

    fn value(&mut self) -> Result<String, ChallengeError> {
        if !self.rest().starts_with('"') {
            // Servers send URLs without quotes; take all up to the next comma or blank.
            let start = self.at;
            self.skip(|c| c != ',' && !c.is_ascii_whitespace());
            if self.at == start {
                return self.fail("a value");
            }
            return Ok(self.text[start..self.at].into());
        }
        let mut value = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((offset, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += offset + 1;
                    return Ok(value);
                }
                '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                other => value.push(other),
            }
        }
        self.at = self.text.len();
        self.fail("a closing quotation mark")
    }

    fn token(&mut self, expected: &'static str) -> Result<String, ChallengeError> {
        let start = self.at;
        self.skip(is_token);
        if self.at == start {
            return self.fail(expected);
        }
        Ok(self.text[start..self.at].into())
    }

    /// `Negotiate abc==`: credentials without names, of no use to us.
    fn skip_token68(&mut self) {
        let start = self.at;
        self.skip(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
        let bare = self.at > start;
        let end_of_word = self.at;
        self.skip(|c| c == '=');
        let padded = self.at > end_of_word;
        self.skip(|c| c == ' ' || c == '\t');
        let ends = self.rest().is_empty() || self.rest().starts_with(',');
        if !(bare && ends && (padded || end_of_word == self.at)) {
            self.at = start;
        }
    }

    fn skip(&mut self, keep: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !keep(c)).unwrap_or(rest.len());
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn fail<T>(&self, expected: &'static str) -> Result<T, ChallengeError> {
        Err(ChallengeError {
            value: self.text.into(),
            at: self.at,
            expected,
        })
    }
}

/// What is wrong with the next scheme after a challenge.
fn scheme_slip(before: &Challenge, scheme: &str, after_comma: bool) -> Option<ChallengeSlip> {
    let name = scheme.to_owned();
    match (after_comma, before.parameters.is_empty()) {
        (true, _) => None,
        (false, true) => before
            .is(scheme)
            .then_some(ChallengeSlip::SchemeTwice { name }),
        (false, false) => Some(ChallengeSlip::NoComma { name }),
    }
}

/// What is wrong with the next parameter of a challenge, as it was `written`.
fn slip(
    challenge: &Challenge,
    name: &str,
    written: &str,
    after_comma: bool,
) -> Option<ChallengeSlip> {
    let name = || name.to_owned();
    if !written.starts_with('"') && !written.chars().all(is_token) || written.starts_with('\'') {
        return Some(ChallengeSlip::Unquoted {
            name: name(),
            value: written.to_owned(),
        });
    }
    if !challenge.parameters.is_empty() && !after_comma {
        return Some(ChallengeSlip::NoComma { name: name() });
    }
    challenge
        .parameter(&name())
        .is_some()
        .then(|| ChallengeSlip::Twice { name: name() })
}

/// A character of a token (RFC 9110 section 5.6.2).
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Body;
    use crate::exchange::Header;

    fn read(values: &[&str]) -> Result<Vec<Challenge>, ChallengeError> {
        let headers = values
            .iter()
            .map(|value| Header::new("WWW-Authenticate", *value))
            .collect();
        challenges(&Response {
            status: 401,
            headers,
            body: Body::empty(),
        })
    }

    #[test]
    fn reads_the_challenge_of_the_specification() {
        let value = "Bearer \
                     resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource\",\n  \
                     scope=\"files:read\"";
        let all = read(&[value]).unwrap();
        assert_eq!(all.len(), 1);
        assert!(all[0].is("bearer"));
        assert_eq!(all[0].parameter("SCOPE"), Some("files:read"));
        let url = "https://mcp.example.com/.well-known/oauth-protected-resource";
        assert_eq!(all[0].parameter("resource_metadata"), Some(url));
    }

    #[test]
    fn tells_where_a_stricter_reader_fails() {
        let slips = |value: &str| {
            challenge_slips(&Response {
                status: 401,
                headers: vec![Header::new("WWW-Authenticate", value)],
                body: Body::empty(),
            })
        };
        let named = |name: &str| name.to_owned();
        for (value, slip) in [
            (
                "Bearer resource_metadata=https://a.example/x, realm=a",
                ChallengeSlip::Unquoted {
                    name: named("resource_metadata"),
                    value: named("https://a.example/x"),
                },
            ),
            (
                "Bearer realm='a'",
                ChallengeSlip::Unquoted {
                    name: named("realm"),
                    value: named("'a'"),
                },
            ),
            (
                "Bearer realm=\"a\" scope=\"b\"",
                ChallengeSlip::NoComma {
                    name: named("scope"),
                },
            ),
            (
                "Basic realm=\"a\", Bearer scope=\"b\", Scope=\"c\"",
                ChallengeSlip::Twice {
                    name: named("Scope"),
                },
            ),
        ] {
            assert_eq!(slips(value), [slip], "{value}");
        }
        for value in [
            "Basic realm=\"a\", Bearer realm=\"a\"",
            ", Bearer error=invalid_token,scope = \"a b\"",
            "Negotiate YWJj==, Bearer",
            "DPoP algs=\"ES256 RS256\", Bearer",
        ] {
            assert_eq!(slips(value), [], "{value}");
        }
    }

    #[test]
    fn reads_several_challenges_in_one_field_and_in_several() {
        let all = read(&[
            r#"Basic realm="a, \"b\"", DPoP algs="ES256", Bearer"#,
            "Negotiate YWJj==",
        ])
        .unwrap();
        let schemes: Vec<_> = all
            .iter()
            .map(|challenge| challenge.scheme.as_str())
            .collect();
        assert_eq!(schemes, ["Basic", "DPoP", "Bearer", "Negotiate"]);
        assert_eq!(all[0].parameter("realm"), Some("a, \"b\""));
    }

    #[test]
    fn takes_an_unquoted_url_and_says_where_a_field_breaks() {
        let all = read(&["Bearer resource_metadata=https://a.example/x?y=z, error=invalid_token"])
            .unwrap();
        assert_eq!(
            all[0].parameter("resource_metadata"),
            Some("https://a.example/x?y=z")
        );
        assert_eq!(all[0].parameter("error"), Some("invalid_token"));
        let error = read(&[r#"Bearer scope="open"#]).unwrap_err();
        assert_eq!(error.expected, "a closing quotation mark");
        assert!(read(&["=x"]).is_err());
        assert_eq!(read(&[""]).unwrap(), []);
    }
}
