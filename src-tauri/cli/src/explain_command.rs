//! `authscope-cli explain`: what an error text may mean.

use std::process::ExitCode;

use diagnosis::ClientText;
use serde_json::{Value, json};

use crate::arguments::ExplainArguments;
use crate::paint::owner_word;
use crate::terminal::{Failure, Terminal};

pub fn run(arguments: &ExplainArguments) -> Result<ExitCode, Failure> {
    let terminal = Terminal::standard_output();
    let found = diagnosis::explain(&arguments.text);
    if arguments.json {
        let found: Vec<Value> = found.iter().map(|one| json!(one)).collect();
        terminal.json(&Value::Array(found))?;
    } else {
        for one in &found {
            for line in lines(one) {
                terminal.line(line)?;
            }
            terminal.line("")?;
        }
        terminal.line(if found.is_empty() {
            "This text is not known. Run the flow, or have a recording of the client judged:"
        } else {
            "To find out which it is, run the flow, or have a recording of the client judged:"
        })?;
        terminal.line("  authscope-cli run URL")?;
        terminal.line("  authscope-cli check FILE.har")?;
    }
    Ok(if found.is_empty() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// What is known of a text.
pub fn lines(one: &ClientText) -> Vec<String> {
    let mut lines = vec![
        format!("{} says \"{}\"", one.client, one.text),
        format!("  {}", one.means),
    ];
    for rule in diagnosis::catalogue() {
        if one.rules.contains(&rule.code) {
            let owner = owner_word(rule.owner);
            lines.push(format!("  {} {} ({owner})", rule.code, rule.title));
        }
    }
    lines.push(format!("  found at {}", one.source));
    lines
}
