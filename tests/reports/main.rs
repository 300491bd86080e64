//! Problems from public reports, each as a small server: the command has to tell what the reporter
//! needed to know. `README.md` tells how a case is written.

#[allow(dead_code, reason = "each test program uses a part of it")]
#[path = "../faults/expect.rs"]
mod expect;
#[allow(dead_code, reason = "each test program uses a part of it")]
#[path = "../peers/start.rs"]
mod start;

use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;

use expect::{Expect, judge};

/// The cases that are not told rightly yet, a name on each line.
const UNMET: &str = include_str!("unmet.txt");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The server: a file of `servers`.
    name: String,
    /// The reports, for the reader.
    #[serde(default)]
    links: Vec<String>,
    /// For the command, besides the URL.
    #[serde(default)]
    args: Vec<String>,
    expect: Expect,
}

fn main() {
    let arguments = Arguments::from_args();
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("cases.json")).expect("cases.json is a list of cases");
    let trials = cases.into_iter().map(|case| {
        let unmet = UNMET.lines().any(|name| name == case.name);
        Trial::test(case.name.clone(), move || {
            let complaints = play(&case);
            match (complaints.is_empty(), unmet) {
                (true, false) | (false, true) => Ok(()),
                (true, true) => Err(Failed::from(
                    "It is told rightly now: take its name out of tests/reports/unmet.txt.",
                )),
                (false, false) => Err(Failed::from(format!(
                    "{}\n{}",
                    complaints.join("\n"),
                    case.links.join("\n")
                ))),
            }
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn play(case: &Case) -> Vec<String> {
    let server = start::report(&case.name);
    let mut arguments = vec![server.url()];
    arguments.extend(case.args.iter().map(String::as_str));
    judge(&case.expect, &start::authscope(&arguments)).complaints
}
