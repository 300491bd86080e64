//! `authscope-cli explain`: what an error text, a term or the name of a parameter means.

use std::process::ExitCode;

use diagnosis::{ClientText, NameMeaning, Section, Term};
use serde_json::{Value, json};

use crate::arguments::ExplainArguments;
use crate::paint::owner_word;
use crate::terminal::{Failure, Terminal};

pub fn run(arguments: &ExplainArguments) -> Result<ExitCode, Failure> {
    let terminal = Terminal::standard_output();
    let term = diagnosis::term(&arguments.text);
    let names = diagnosis::meanings_of_name(&arguments.text);
    let texts = diagnosis::explain(&arguments.text);
    let found = term.is_some() || !names.is_empty() || !texts.is_empty();
    if arguments.json {
        let mut all: Vec<Value> = term.iter().map(term_as_json).collect();
        all.extend(names.iter().map(name_as_json));
        all.extend(texts.iter().map(|one| json!(one)));
        terminal.json(&Value::Array(all))?;
    } else {
        for line in term.iter().flat_map(term_lines) {
            terminal.line(line)?;
        }
        for line in names.iter().flat_map(name_lines) {
            terminal.line(line)?;
        }
        for one in &texts {
            for line in lines(one) {
                terminal.line(line)?;
            }
            terminal.line("")?;
        }
        if !texts.is_empty() || !found {
            terminal.line(if found {
                "To find out which it is, run the flow, or have a recording of the client judged:"
            } else {
                "This text is not known. Run the flow, or have a recording of the client judged:"
            })?;
            terminal.line("  authscope-cli run URL")?;
            terminal.line("  authscope-cli check FILE.har")?;
        }
    }
    Ok(if found {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What is known of a text.
pub fn lines(one: &ClientText) -> Vec<String> {
    let mut lines = vec![
        format!("{} says \"{}\"", one.client, one.text),
        format!("  {}", one.means),
    ];
    // In the order of the text, the likeliest rule first.
    for code in &one.rules {
        if let Some(rule) = diagnosis::catalogue()
            .iter()
            .find(|rule| rule.code == *code)
        {
            let owner = owner_word(rule.owner);
            lines.push(format!("  {} {} ({owner})", rule.code, rule.title));
        }
    }
    lines.push(format!("  found at {}", one.source));
    lines
}

fn term_lines(term: &Term) -> Vec<String> {
    let mut lines = vec![term.name.clone(), format!("  {}", term.sentence)];
    lines.extend(source_line(term.source.as_ref()));
    lines.push(String::new());
    lines
}

fn name_lines(name: &NameMeaning) -> Vec<String> {
    let mut lines = vec![
        format!("{}, {}", name.name, name.kind),
        format!("  {}", name.meaning),
    ];
    lines.extend(source_line(name.source.as_ref()));
    lines.push(String::new());
    lines
}

fn source_line(source: Option<&Section>) -> Option<String> {
    let source = source?;
    Some(format!("  {}: {}", source.title, source.url))
}

/// With the fields that texts of clients have, so that a reader finds the same fields everywhere.
fn term_as_json(term: &Term) -> Value {
    json!({
        "term": term.name,
        "text": term.name,
        "client": "",
        "rules": [],
        "means": term.sentence,
        "source": url(term.source.as_ref()),
    })
}

fn name_as_json(name: &NameMeaning) -> Value {
    json!({
        "name": name.name,
        "kind": name.kind,
        "text": name.name,
        "client": "",
        "rules": [],
        "means": name.meaning,
        "source": url(name.source.as_ref()),
    })
}

fn url(source: Option<&Section>) -> &str {
    source.map_or("", |source| source.url.as_str())
}
