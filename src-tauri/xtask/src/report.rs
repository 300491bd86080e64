//! What the test runners report, as numbers.

use std::fs;
use std::ops::AddAssign;
use std::path::Path;

use crate::Outcome;

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u32,
    pub failed: u32,
    pub skipped: u32,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// Reads a JUnit file, as vitest and `node --test` write it: one `testcase` for each test.
///
/// # Errors
/// The file is missing or not XML.
pub fn junit(file: &Path) -> Outcome<Tally> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    // Runners write the colours of a failed test's message as they are; XML has no such characters.
    let text = text.replace(|c: char| c.is_control() && !c.is_whitespace(), "\u{fffd}");
    let document = roxmltree::Document::parse(&text)
        .map_err(|error| format!("{}: {error}", file.display()))?;
    let mut tally = Tally::default();
    for test in document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
    {
        let ended = |as_what: &str| test.children().any(|child| child.has_tag_name(as_what));
        if ended("failure") || ended("error") {
            tally.failed += 1;
        } else if ended("skipped") {
            tally.skipped += 1;
        } else {
            tally.passed += 1;
        }
    }
    Ok(tally)
}

/// Reads the line with which every test binary of cargo ends: `test result: FAILED. 3 passed; 1
/// failed; 2 ignored; 0 measured; 0 filtered out; finished in 1s`.
pub fn libtest(line: &str) -> Option<Tally> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let mut tally = Tally::default();
    for (number, word) in counts.split("; ").filter_map(|count| count.split_once(' ')) {
        let number = number.parse().unwrap_or(0);
        match word {
            "passed" => tally.passed = number,
            "failed" => tally.failed = number,
            "ignored" => tally.skipped = number,
            _ => {}
        }
    }
    Some(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junit_files_of_both_runners_are_counted() {
        let file = std::env::temp_dir().join(format!("authscope-junit-{}.xml", std::process::id()));
        let text = r#"<?xml version="1.0"?>
            <testsuites><testsuite name="nested">
              <testcase name="a &lt;testcase&gt; in a name"/>
              <testcase name="b"><failure message="x">at ESC[2my</failure></testcase>
              <testcase name="c"><skipped type="todo"/></testcase>
              <testsuite name="deeper"><testcase name="d"><system-out>ok</system-out></testcase></testsuite>
            </testsuite></testsuites>"#;
        let text = text.replace("ESC", "\u{1b}");
        fs::write(&file, text).expect("the folder can be written");
        let tally = junit(&file);
        fs::remove_file(&file).expect("it was written");
        let expected = Tally {
            passed: 2,
            failed: 1,
            skipped: 1,
        };
        assert_eq!(tally, Ok(expected));
        assert!(junit(&file).is_err());
    }

    #[test]
    fn the_closing_line_of_a_test_binary_is_understood() {
        let line = "test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.20s";
        let expected = Tally {
            passed: 5,
            failed: 2,
            skipped: 1,
        };
        assert_eq!(libtest(line), Some(expected));
        assert_eq!(libtest("test result_is_read ... ok"), None);
    }

    #[test]
    fn the_last_line_has_its_form() {
        let tally = Tally {
            passed: 3,
            failed: 0,
            skipped: 1,
        };
        assert_eq!(tally.to_string(), "3 passed, 0 failed, 1 skipped");
    }
}
