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

/// Every challenge of a response, over all its `WWW-Authenticate` fields.
///
/// # Errors
/// The first field that cannot be read.
pub fn challenges(response: &Response) -> Result<Vec<Challenge>, ChallengeError> {
    let mut all = Vec::new();
    for value in response.header_values("www-authenticate") {
        all.extend(Reader { text: value, at: 0 }.challenges()?);
    }
    Ok(all)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn challenges(mut self) -> Result<Vec<Challenge>, ChallengeError> {
        let mut found: Vec<Challenge> = Vec::new();
        loop {
            self.skip(|c| c == ',' || c.is_ascii_whitespace());
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
                let value = self.value()?;
                match found.last_mut() {
                    Some(challenge) => challenge.parameters.push((word, value)),
                    None => return self.fail("a scheme"),
                }
                continue;
            }
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
        self.skip(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Body, Header};

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
