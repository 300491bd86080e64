//! What `SECURITY.md` promises, and the tests it names for it.

use std::fs;
use std::path::Path;

/// What is wrong with the table of promises in this text: a promise without a test, a file without
/// tests, a test that its file does not have.
pub fn unkept(text: &str, root: &Path) -> Vec<String> {
    let rows: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("| promise |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    if rows.is_empty() {
        return vec!["it has no table of promises".to_owned()];
    }
    rows.into_iter().flat_map(|row| of_row(row, root)).collect()
}

fn of_row(row: &str, root: &Path) -> Vec<String> {
    let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
    let [promise, tests] = cells[..] else {
        return vec![format!("two cells were expected: {row}")];
    };
    let mut found = Vec::new();
    let mut named = 0;
    let mut source = None;
    for word in tests.split('`').skip(1).step_by(2) {
        if word.starts_with("cargo xtask ") {
            named += 1;
        } else if word.contains('/') {
            let text = tests_in(&root.join(word));
            if text.is_empty() {
                found.push(format!("{word} has no tests: {promise}"));
            }
            named += 1;
            source = Some((word, text));
        } else if let Some((file, text)) = &source
            && !text.contains(&format!("fn {word}("))
        {
            found.push(format!("{file} has no test {word}: {promise}"));
        }
    }
    if named == 0 {
        found.push(format!("no test is named: {promise}"));
    }
    found
}

/// The text of a file, or of those in a folder, if there are tests in it.
fn tests_in(path: &Path) -> String {
    const SIGNS: &[&str] = &["#[test]", "#[tokio::test", "Trial::test(", "\ntest("];
    let mut text = String::new();
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        text += &fs::read_to_string(entry.path()).unwrap_or_default();
    }
    text += &fs::read_to_string(path).unwrap_or_default();
    if SIGNS.iter().any(|sign| text.contains(sign)) {
        text
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;

    #[test]
    fn each_promise_names_tests_that_are_there() {
        let root = Project::here().root().to_owned();
        let text = fs::read_to_string(root.join("SECURITY.md")).expect("it is there");
        assert_eq!(unkept(&text, &root), [""; 0]);
    }

    #[test]
    fn what_is_not_there_is_told() {
        let root = Project::here().root().to_owned();
        let this = "src-tauri/xtask/src/promises.rs";
        for (tests, expected) in [
            (format!("`{this}`: `what_is_not_there_is_told`"), 0),
            ("`cargo xtask bench soak`".to_owned(), 0),
            (format!("`{this}`: `no_such_test`"), 1),
            ("`src-tauri/xtask/src/outcome.rs`".to_owned(), 1),
            ("`no/such/file.rs`".to_owned(), 1),
            ("by hand".to_owned(), 1),
        ] {
            let table = format!("| promise | test |\n|---|---|\n| It holds. | {tests} |\n");
            let found = unkept(&table, &root);
            assert_eq!(found.len(), expected, "{found:?}");
        }
        assert_eq!(unkept("no table", &root).len(), 1);
    }
}
