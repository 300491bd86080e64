//! Checks what was typed against the table.

use serde_json::{Map, Value};
use url::Url;

use super::Options;
use super::info::{Format, Kind, OptionInfo, Required};
use super::json::{counts, get, is_given, set, to_json};
use super::{OPTIONS, option};
use crate::setup::{Setup, SetupError};

impl Options {
    /// The options as the flow takes them: texts without white space around them, and `None` for an
    /// empty one.
    ///
    /// # Errors
    /// Names the option, what was expected and what came; never repeats a secret.
    pub fn checked(&self) -> Result<Self, SetupError> {
        let server_url = Setup::check_server_url(&self.server_url)?;
        let mut json = to_json(self);
        for info in OPTIONS {
            trim(&mut json, info);
        }
        set(&mut json, "server_url", server_url.into());
        for info in OPTIONS {
            if counts(&json, info) {
                check(&json, info)?;
            }
        }
        serde_json::from_value(json).map_err(|error| SetupError {
            field: "options",
            expected: "values of their kinds",
            got: error.to_string(),
        })
    }

    /// Without what must not be written to a file: secrets, what a form is filled with and what a
    /// tool is called with. A choice that is useless without its secret is not kept either.
    ///
    /// Of URLs, user names, passwords and queries are left out, which may hold keys; of the
    /// parameters those are kept whose names are known to carry no secret.
    pub fn without_secrets(&self) -> Self {
        let defaults = to_json(&Self::default());
        let mut json = to_json(self);
        for info in OPTIONS {
            match (info.kind, get(&json, info.id)) {
                (Kind::Text { .. }, Some(Value::String(text))) => {
                    if let Some(bare) = bare_url(text) {
                        set(&mut json, info.id, bare.into());
                    }
                }
                (Kind::Pairs { suggestions }, Some(Value::Array(pairs))) => {
                    let known = |pair: &&Value| {
                        pair[0]
                            .as_str()
                            .is_some_and(|name| suggestions.contains(&name))
                    };
                    let kept: Vec<Value> = pairs.iter().filter(known).cloned().collect();
                    set(&mut json, info.id, kept.into());
                }
                _ => {}
            }
        }
        for info in OPTIONS {
            if !info.is_secret() || get(&json, info.id).is_none() {
                continue;
            }
            match (info.required, info.when) {
                (Required::Yes, Some(when)) => {
                    let automatic = get(&defaults, when.id).cloned();
                    set(&mut json, when.id, automatic.unwrap_or_default());
                }
                _ if info.id == "call.arguments" => set(&mut json, "call", Value::Null),
                _ => set(&mut json, info.id, info.empty()),
            }
        }
        serde_json::from_value(json).unwrap_or_default()
    }

    /// The secrets among the options with the ids of their options.
    pub fn secrets(&self) -> Vec<(&'static str, trace::Secret)> {
        let json = to_json(self);
        let secret = |info: &&OptionInfo| matches!(info.kind, Kind::Secret { .. });
        let given = OPTIONS.iter().filter(secret).filter_map(|info| {
            let text = get(&json, info.id)?.as_str()?.trim();
            (!text.is_empty()).then(|| (info.id, text.into()))
        });
        given.collect()
    }
}

/// A URL without what may be a secret in it; `None` when there is nothing to leave out.
fn bare_url(text: &str) -> Option<String> {
    let mut url = Url::parse(text.trim()).ok()?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    if !url.has_host() || !has_user && url.query().is_none() && url.fragment().is_none() {
        return None;
    }
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(url.into())
}

impl OptionInfo {
    /// Whether its value must not be kept in a file.
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret { .. })
            || ["browser.form", "call.arguments"].contains(&self.id)
    }

    /// The value that means "not given".
    pub fn empty(&self) -> Value {
        match self.kind {
            Kind::Toggle => false.into(),
            Kind::Files | Kind::Pairs { .. } | Kind::Actions => Value::Array(Vec::new()),
            Kind::JsonObject => Value::Object(Map::new()),
            _ if matches!(self.required, Required::Yes | Required::With(_)) => "".into(),
            _ => Value::Null,
        }
    }
}

fn trim(json: &mut Value, info: &OptionInfo) {
    match get(json, info.id) {
        Some(Value::String(text)) => {
            let text = text.trim();
            let value = if text.is_empty() {
                info.empty()
            } else {
                text.into()
            };
            set(json, info.id, value);
        }
        Some(Value::Array(pairs)) if matches!(info.kind, Kind::Pairs { .. }) => {
            let trimmed = pairs.iter().map(|pair| {
                let name = pair[0].as_str().unwrap_or_default().trim();
                Value::Array(vec![name.into(), pair[1].clone()])
            });
            let trimmed = trimmed.collect();
            set(json, info.id, trimmed);
        }
        _ => {}
    }
}

fn check(json: &Value, info: &'static OptionInfo) -> Result<(), SetupError> {
    let wrong = |got: String| {
        Err(SetupError {
            field: info.title,
            expected: info.expected,
            got,
        })
    };
    if !is_given(json, info.id) {
        let needed = match info.required {
            Required::No => false,
            Required::Yes => true,
            Required::Without(other) => !is_given(json, other),
            Required::With(other) => is_given(json, other),
        };
        return match info.required {
            Required::Without(other) if needed => {
                wrong(format!("nothing, and no {} either", option(other).title))
            }
            _ if needed => wrong("nothing".into()),
            _ => Ok(()),
        };
    }
    let Some(value) = get(json, info.id) else {
        return Ok(());
    };
    match (info.kind, value) {
        (Kind::Text { format, .. }, Value::String(text)) if !fits(format, text) => {
            wrong(format!("\"{}\"", crate::setup::shortened(text)))
        }
        (Kind::Number { min, max, .. }, Value::Number(number)) => match number.as_u64() {
            Some(number) if (min..=max).contains(&number) => Ok(()),
            _ => wrong(number.to_string()),
        },
        (Kind::Pairs { .. }, Value::Array(pairs)) if pairs.iter().any(|pair| pair[0] == "") => {
            wrong("none".into())
        }
        (Kind::JsonArray, Value::String(text)) => match serde_json::from_str::<Value>(text) {
            Ok(Value::Array(_)) => Ok(()),
            Ok(_) => wrong("another JSON value".into()),
            Err(error) => wrong(format!("text that is not JSON ({error})")),
        },
        _ => Ok(()),
    }
}

fn fits(format: Format, text: &str) -> bool {
    match format {
        Format::WebUrl => trace::origin_of(text).is_some(),
        Format::Origins => text
            .split_whitespace()
            .all(|it| trace::origin_of(it).is_some()),
        Format::UrlPath => {
            let plain = |c: char| c.is_ascii_graphic() && !"?#\\".contains(c);
            text.starts_with('/') && text.chars().all(plain)
        }
        // Odd values that can be sent are sent: the server's answer to them may be what the user
        // wants to see. A proxy is checked where it is used.
        Format::Any | Format::Uri | Format::Jwt | Format::ProxyUrl => true,
    }
}
