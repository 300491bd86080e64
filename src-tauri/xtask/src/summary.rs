//! What the test runners say at their end, as numbers.

use std::ops::AddAssign;

/// How many tests came to which end.
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

/// Whose words are to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// `cargo test`: one `test result:` line per binary.
    Cargo,
    /// vitest, Playwright's runner, `node --test` or one that ends in our own form, whichever the
    /// script starts.
    Node,
    /// Not a test: right or wrong, no number.
    Check,
}

/// Reads a runner's output line by line.
#[derive(Debug)]
pub struct Reader {
    runner: Runner,
    tally: Tally,
    summaries: u32,
}

impl Reader {
    pub fn new(runner: Runner) -> Reader {
        Reader {
            runner,
            tally: Tally::default(),
            summaries: 0,
        }
    }

    pub fn line(&mut self, line: &str) {
        let line = without_colours(line);
        let found = match self.runner {
            Runner::Cargo => cargo(&line),
            Runner::Node => vitest(&line)
                .or_else(|| node(&line))
                .or_else(|| playwright(&line))
                .or_else(|| plain(&line)),
            Runner::Check => None,
        };
        if let Some(tally) = found {
            self.tally += tally;
            self.summaries += 1;
        }
    }

    /// The numbers of a run that ended, well or not. A runner that failed without naming a failed
    /// test, or that ended without a word about tests, crashed: that is one failure.
    pub fn finish(self, succeeded: bool) -> Tally {
        let mut tally = self.tally;
        let silent = self.summaries == 0 && self.runner != Runner::Check;
        if (!succeeded && tally.failed == 0) || silent {
            tally.failed += 1;
        }
        tally
    }
}

/// `test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in
/// 0.01s`
fn cargo(line: &str) -> Option<Tally> {
    let counts = line
        .trim_start()
        .strip_prefix("test result: ")?
        .split_once(". ")?
        .1;
    count(counts.split("; "))
}

/// `      Tests  1 failed | 12 passed | 2 skipped (15)`
fn vitest(line: &str) -> Option<Tally> {
    let counts = line.trim_start().strip_prefix("Tests ")?;
    count(counts.split('(').next()?.split('|'))
}

/// `# pass 3`, or `ℹ pass 3`: one line for each number.
fn node(line: &str) -> Option<Tally> {
    let line = line
        .strip_prefix("# ")
        .or_else(|| line.strip_prefix("ℹ "))?;
    let (word, number) = line.trim_end().split_once(' ')?;
    let number = number.parse().ok()?;
    match word {
        "pass" => Some(Tally {
            passed: number,
            ..Tally::default()
        }),
        "fail" | "cancelled" => Some(Tally {
            failed: number,
            ..Tally::default()
        }),
        "skipped" | "todo" => Some(Tally {
            skipped: number,
            ..Tally::default()
        }),
        _ => None,
    }
}

/// `  10 passed (5.2s)`, `  1 failed`: one line for each number.
fn playwright(line: &str) -> Option<Tally> {
    let words = line.strip_prefix("  ")?.split(" (").next()?;
    let (number, word) = words.trim_end().split_once(' ')?;
    let number = number.parse().ok()?;
    match word {
        // A flaky test passed in the end, and is no proof of anything.
        "passed" => Some(Tally {
            passed: number,
            ..Tally::default()
        }),
        "failed" | "flaky" | "interrupted" => Some(Tally {
            failed: number,
            ..Tally::default()
        }),
        "skipped" | "did not run" => Some(Tally {
            skipped: number,
            ..Tally::default()
        }),
        _ => None,
    }
}

/// `3 passed, 1 failed, 0 skipped`: the form of [`Tally`] itself.
fn plain(line: &str) -> Option<Tally> {
    line.starts_with(|first: char| first.is_ascii_digit())
        .then_some(())?;
    line.contains(" passed, ")
        .then(|| count(line.split(", ")))
        .flatten()
}

/// Pieces of the form `3 passed`.
fn count<'a>(pieces: impl Iterator<Item = &'a str>) -> Option<Tally> {
    let mut tally = Tally::default();
    for piece in pieces {
        let (number, word) = piece.trim().split_once(' ')?;
        let Ok(number) = number.parse::<u32>() else {
            continue;
        };
        match word {
            "passed" => tally.passed += number,
            "failed" => tally.failed += number,
            "ignored" | "skipped" | "todo" => tally.skipped += number,
            _ => {}
        }
    }
    Some(tally)
}

/// The line without the terminal's escape sequences.
pub fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        if character == '\u{1b}' {
            rest.by_ref().find(|ending| ending.is_ascii_alphabetic());
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(runner: Runner, output: &str, succeeded: bool) -> (u32, u32, u32) {
        let mut reader = Reader::new(runner);
        output.lines().for_each(|line| reader.line(line));
        let tally = reader.finish(succeeded);
        (tally.passed, tally.failed, tally.skipped)
    }

    #[test]
    fn cargo_binaries_add_up() {
        let output = "running 3 tests\ntest a ... ok\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n\
            test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s\n";
        assert_eq!(read(Runner::Cargo, output, false), (7, 2, 1));
    }

    #[test]
    fn a_binary_that_died_counts_as_a_failure() {
        let output = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0s\n\
            error: test failed, to rerun pass `--lib`\nprocess didn't exit successfully (signal: 11, SIGSEGV)\n";
        assert_eq!(read(Runner::Cargo, output, false), (2, 1, 0));
        assert_eq!(
            read(
                Runner::Cargo,
                "error[E0425]: cannot find value `x`\n",
                false
            ),
            (0, 1, 0)
        );
    }

    #[test]
    fn a_runner_without_a_summary_failed_even_if_it_says_well() {
        assert_eq!(read(Runner::Cargo, "nothing to do\n", true), (0, 1, 0));
        assert_eq!(read(Runner::Node, "", true), (0, 1, 0));
    }

    #[test]
    fn vitest_in_colour() {
        let output = "\u{1b}[2m Test Files \u{1b}[22m 1 failed | 3 passed (4)\n\
            \u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[31m1 failed\u{1b}[39m\u{1b}[22m | 12 passed | 2 skipped | 1 todo (16)\n";
        assert_eq!(read(Runner::Node, output, false), (12, 1, 3));
        assert_eq!(
            read(Runner::Node, "      Tests  14 passed (14)\n", true),
            (14, 0, 0)
        );
        assert_eq!(
            read(
                Runner::Node,
                " Test Files  1 failed (1)\n      Tests  no tests\n",
                false
            ),
            (0, 1, 0)
        );
    }

    #[test]
    fn playwright_has_a_line_for_each_end() {
        let output = "Running 14 tests using 1 worker\n  1 failed\n    a.spec.ts:3:1 › opens\n  1 flaky\n    b.spec.ts\n  \
            2 skipped\n  1 did not run\n  10 passed (5.2s)\n";
        assert_eq!(read(Runner::Node, output, false), (10, 2, 3));
    }

    #[test]
    fn nodes_own_runner_in_both_forms() {
        assert_eq!(
            read(
                Runner::Node,
                "# tests 4\n# pass 3\n# fail 0\n# cancelled 0\n# skipped 1\n",
                true
            ),
            (3, 0, 1)
        );
        assert_eq!(
            read(
                Runner::Node,
                "ℹ tests 4\nℹ pass 2\nℹ fail 1\nℹ cancelled 1\nℹ todo 0\n",
                false
            ),
            (2, 2, 0)
        );
    }

    #[test]
    fn our_own_form_is_understood() {
        assert_eq!(
            read(Runner::Node, "3 passed, 1 failed, 2 skipped\n", false),
            (3, 1, 2)
        );
    }

    #[test]
    fn a_check_says_only_right_or_wrong() {
        assert_eq!(
            read(Runner::Check, "svelte-check found 0 errors\n", true),
            (0, 0, 0)
        );
        assert_eq!(
            read(Runner::Check, "svelte-check found 2 errors\n", false),
            (0, 1, 0)
        );
    }

    #[test]
    fn words_of_another_runner_are_not_numbers() {
        let output = "  10 passed (5.2s)\n# pass 3\n\
            test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(read(Runner::Cargo, output, true), (1, 0, 0));
    }

    #[test]
    fn the_last_line_has_its_form() {
        assert_eq!(
            Tally {
                passed: 3,
                failed: 0,
                skipped: 1
            }
            .to_string(),
            "3 passed, 0 failed, 1 skipped"
        );
    }
}
