//! `authscope-cli rules`: the catalogue.

use std::process::ExitCode;

use app::level_word;
use serde_json::{Value, json};

use crate::arguments::RulesArguments;
use crate::paint::owner_word;
use crate::terminal::{Failure, Terminal};

pub fn run(arguments: &RulesArguments) -> Result<ExitCode, Failure> {
    let terminal = Terminal::standard_output();
    let catalogue = diagnosis::catalogue();
    if arguments.json {
        let rules: Vec<Value> = catalogue
            .iter()
            .map(|rule| {
                json!({
                    "code": rule.code,
                    "rule": rule.rule,
                    "level": rule.level,
                    "owner": rule.owner,
                    "since": rule.since,
                    "title": rule.title,
                    "variants": rule.variants,
                    "doc": rule.doc,
                    "spec": rule.spec,
                })
            })
            .collect();
        terminal.json(&Value::Array(rules))?;
        return Ok(ExitCode::SUCCESS);
    }
    let width = catalogue
        .iter()
        .map(|rule| rule.rule.len())
        .max()
        .unwrap_or(0);
    for rule in catalogue {
        let level = level_word(rule.level);
        terminal.line(format!(
            "{:<4} {level:<8} {:<width$}  {}  ({})",
            rule.code,
            rule.rule,
            rule.title,
            owner_word(rule.owner)
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
