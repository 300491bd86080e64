//! From options that are given one by one, as on a command line, to a whole set of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::info::{Kind, OptionInfo, Required};
use super::json::{chosen, get, is_given, set, to_json, word};
use super::{OPTIONS, Options, option};

/// Values by the ids of their options.
pub type Given = BTreeMap<&'static str, Value>;

/// What is wrong with options that were given by flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenError {
    /// `flag` makes no sense without `missing`; both without dashes.
    Missing { flag: String, missing: &'static str },
    /// A value that its option cannot have.
    Wrong { why: String },
}

impl fmt::Display for GivenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { flag, missing } => {
                write!(f, "--{flag}: expected --{missing} with it, got none")
            }
            Self::Wrong { why } => f.write_str(why),
        }
    }
}

impl Options {
    /// These options with what is given. An option that belongs to one choice makes this choice
    /// where none was made; where another one was made, it does not count.
    ///
    /// # Errors
    /// Where a choice lacks an option that it needs.
    pub fn with_given(&self, given: &Given) -> Result<Self, GivenError> {
        let mut json = to_json(self);
        let (choices, others): (Vec<&OptionInfo>, Vec<_>) = OPTIONS
            .iter()
            .filter(|info| given.contains_key(info.id))
            .partition(|info| matches!(info.kind, Kind::Choice { .. }));
        // A choice that is given as it is anyway leaves the way open for one by another option.
        let mut made = BTreeSet::new();
        for info in &choices {
            if get(&json, info.id) != Some(&given[info.id]) {
                made.insert(info.id);
                set(&mut json, info.id, given[info.id].clone());
            }
        }
        for info in &others {
            if let Some(when) = info.when
                && !chosen(&json, info)
                && made.insert(when.id)
            {
                set(&mut json, when.id, when.is[0].into());
            }
        }
        for info in others
            .into_iter()
            .filter(|info| chosen(&json, info))
            .collect::<Vec<_>>()
        {
            set(&mut json, info.id, given[info.id].clone());
        }
        lacking(&json)?;
        serde_json::from_value(json).map_err(|error| GivenError::Wrong {
            why: error.to_string(),
        })
    }
}

fn lacking(json: &Value) -> Result<(), GivenError> {
    for info in OPTIONS {
        let (Some(when), Some(flag)) = (info.when, info.flag) else {
            continue;
        };
        let choice = get(json, when.id).and_then(Value::as_str).unwrap_or("");
        let needed = match info.required {
            Required::Yes => true,
            Required::Without(other) => !is_given(json, other),
            Required::No | Required::With(_) => false,
        };
        if chosen(json, info) && needed && get(json, info.id).is_none() {
            let by = option(when.id).flag.map_or("", |flag| flag.name);
            return Err(GivenError::Missing {
                flag: format!("{by} {}", word(when.id, choice)),
                missing: flag.name,
            });
        }
    }
    Ok(())
}
