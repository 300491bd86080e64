//! From options to the command line that gives them.

use serde_json::Value;
use trace::actions::ACTIONS;

use super::info::{Kind, OptionInfo};
use super::json::{get, to_json, word};
use super::{Browser, OPTIONS, Options};

impl Options {
    /// What a headless run is without any flag: nobody is there to look at a browser, and no tokens
    /// are kept.
    pub fn headless() -> Self {
        Self {
            browser: Browser::Approver { form: Vec::new() },
            use_stored_token: false,
            ..Self::default()
        }
    }

    /// The arguments of the command's `run` that give these options, secrets included. What no flag
    /// can say is left out.
    pub fn to_arguments(&self) -> Vec<String> {
        let (json, defaults) = (to_json(self), to_json(&Self::headless()));
        let mut arguments = Vec::new();
        for info in OPTIONS {
            let value = get(&json, info.id);
            if info.flag.is_some() && value != get(&defaults, info.id) {
                say(info, value, &json, &mut arguments);
            }
        }
        // The first tool listed has no name.
        if self.call.as_ref().is_some_and(|call| call.tool.is_none()) {
            arguments.extend(["--call".into(), "first".into()]);
        }
        let then = ACTIONS.iter().filter(|info| self.then.contains(&info.kind));
        arguments.extend(then.filter_map(|info| Some(format!("--{}", info.flag?))));
        arguments
    }
}

fn say(info: &OptionInfo, value: Option<&Value>, json: &Value, arguments: &mut Vec<String>) {
    let (Some(flag), Some(value)) = (info.flag, value) else {
        return;
    };
    let name = format!("--{}", flag.name);
    let texts = match (info.kind, value) {
        (Kind::Toggle, Value::Bool(true)) => return arguments.push(name),
        (Kind::Choice { otherwise, .. }, Value::String(chosen)) => {
            let other = otherwise.and_then(|other| get(json, other)?.as_str());
            let text = other.unwrap_or_else(|| word(info.id, chosen));
            vec![text.to_owned()]
        }
        (Kind::Files, Value::Array(files)) => {
            let files = files.iter().filter_map(Value::as_str);
            files.map(str::to_owned).collect()
        }
        (Kind::Pairs { .. }, Value::Array(pairs)) => {
            let part = |pair: &Value, at: usize| pair.get(at)?.as_str().map(str::to_owned);
            let pair = |pair| Some(format!("{}={}", part(pair, 0)?, part(pair, 1)?));
            pairs.iter().filter_map(pair).collect()
        }
        (Kind::JsonObject, Value::Object(members)) if members.is_empty() => return,
        (_, Value::String(text)) => vec![text.clone()],
        (_, other) => vec![other.to_string()],
    };
    for text in texts {
        if flag.name.is_empty() {
            arguments.push(text);
        } else if text.starts_with('-') {
            // Otherwise it would be read as a flag.
            arguments.push(format!("{name}={text}"));
        } else {
            arguments.extend([name.clone(), text]);
        }
    }
}
