//! `COVERAGE.md`: which rule looks at what, and why some things have none. It is made from the data
//! in `coverage` and has to be up to date.
//!
//! After a change of the data: `UPDATE_COVERAGE=1 cargo test -p diagnosis --test coverage`.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What a row is covered by: rules, or the reason why there is none. Both where the rules see a
/// part of it.
#[derive(Deserialize)]
struct By {
    #[serde(default)]
    rules: Vec<String>,
    why: Option<String>,
}

/// A failure that somebody had.
#[derive(Deserialize)]
struct Failure {
    id: String,
    symptom: String,
    cause: String,
    links: Vec<String>,
    #[serde(flatten)]
    by: By,
}

/// A sentence with MUST or SHOULD in the authorization pages of MCP.
#[derive(Deserialize)]
struct Requirement {
    text: String,
    at: Vec<Place>,
    #[serde(flatten)]
    by: By,
}

#[derive(Deserialize)]
struct Place {
    revision: String,
    section: String,
    url: String,
}

/// What a specification makes possible to check.
#[derive(Deserialize)]
struct Check {
    specification: String,
    check: String,
    section: Option<String>,
    #[serde(flatten)]
    by: By,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn data<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let path = folder().join("coverage").join(name);
    let text = fs::read_to_string(path).expect("the data is there");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// In a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn covered(by: &By) -> String {
    let parts = [
        by.rules.join(", "),
        by.why.as_deref().map(cell).unwrap_or_default(),
    ];
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}

fn table(to: &mut String, title: &str, all: &[&By], head: &str, rows: &[String]) {
    let with_rule = all.iter().filter(|by| !by.rules.is_empty()).count();
    let not_built = |by: &&&By| {
        by.why
            .as_deref()
            .is_some_and(|why| why.starts_with("Not built"))
    };
    let not_built = all.iter().filter(not_built).count();
    let _ = write!(
        to,
        "\n## {title}\n\n{} rows, {with_rule} with a rule, {not_built} with something not built.\n\n{head}\n",
        all.len()
    );
    for row in rows {
        let _ = writeln!(to, "{row}");
    }
}

fn written() -> String {
    let (failures, requirements, checks) = (
        data::<Failure>("failures.json"),
        data::<Requirement>("requirements.json"),
        data::<Check>("checks.json"),
    );
    let mut text = "# Coverage\n\nMade from the data in `coverage` by the test `coverage`; not to be edited. A row names the rules\n\
                    that look at it, or says why there is none; `cargo run -p cli -- rules` lists the rules.\n"
        .to_owned();
    let by: Vec<&By> = failures.iter().map(|row| &row.by).collect();
    let rows = failures.iter().map(|row| {
        let links = row.links.iter().enumerate();
        let links: Vec<String> = links
            .map(|(at, link)| format!("[{}]({link})", at + 1))
            .collect();
        let (symptom, cause) = (cell(&row.symptom), cell(&row.cause));
        let links = links.join(" ");
        format!(
            "| {} | {symptom} | {cause} | {links} | {} |",
            row.id,
            covered(&row.by)
        )
    });
    let head = "| | symptom | cause | reports | covered by |\n|---|---|---|---|---|";
    table(
        &mut text,
        "Failures that people had",
        &by,
        head,
        &rows.collect::<Vec<_>>(),
    );

    let by: Vec<&By> = requirements.iter().map(|row| &row.by).collect();
    let rows = requirements.iter().map(|row| {
        let at = row.at.iter().map(|at| {
            let section = if at.section.is_empty() {
                "introduction"
            } else {
                &at.section
            };
            format!("[{}]({} \"{section}\")", at.revision, at.url)
        });
        let at: Vec<String> = at.collect();
        format!(
            "| {} | {} | {} |",
            cell(&row.text),
            at.join(" "),
            covered(&row.by)
        )
    });
    let head = "| sentence | revisions | covered by |\n|---|---|---|";
    let title = "What the authorization pages of MCP demand";
    table(&mut text, title, &by, head, &rows.collect::<Vec<_>>());

    let by: Vec<&By> = checks.iter().map(|row| &row.by).collect();
    let rows = checks.iter().map(|row| {
        let section = row.section.as_deref().unwrap_or_default();
        let (of, check) = (&row.specification, cell(&row.check));
        format!(
            "| {of} | {check} | {} | {} |",
            cell(section),
            covered(&row.by)
        )
    });
    let head = "| specification | check | section | covered by |\n|---|---|---|---|";
    table(
        &mut text,
        "What the specifications make possible to check",
        &by,
        head,
        &rows.collect::<Vec<_>>(),
    );
    text
}

#[test]
fn the_document_is_up_to_date() {
    let path = folder().join("COVERAGE.md");
    let text = written();
    if env::var_os("UPDATE_COVERAGE").is_some() {
        fs::write(&path, &text).expect("the folder can be written");
    }
    let there = fs::read_to_string(&path)
        .unwrap_or_default()
        .replace("\r\n", "\n");
    assert!(
        there == text,
        "COVERAGE.md is not what the data says: UPDATE_COVERAGE=1 cargo test -p diagnosis --test coverage"
    );
}

#[test]
fn every_row_has_rules_that_there_are_or_a_reason() {
    let known: HashSet<&str> = diagnosis::catalogue()
        .iter()
        .map(|rule| rule.code.as_str())
        .collect();
    let mut rows: Vec<(String, By)> = Vec::new();
    rows.extend(
        data("failures.json")
            .into_iter()
            .map(|row: Failure| (row.id, row.by)),
    );
    rows.extend(
        data("requirements.json")
            .into_iter()
            .map(|row: Requirement| (row.text, row.by)),
    );
    rows.extend(
        data("checks.json")
            .into_iter()
            .map(|row: Check| (row.check, row.by)),
    );
    assert!(rows.len() > 400, "{}", rows.len());
    for (row, by) in rows {
        let unknown = by.rules.iter().find(|code| !known.contains(code.as_str()));
        assert_eq!(unknown, None, "{row}");
        let reason = by.why.as_deref().is_some_and(|why| why.ends_with('.'));
        assert!(
            reason || by.why.is_none() && !by.rules.is_empty(),
            "{row}: rules or a reason"
        );
    }
}
