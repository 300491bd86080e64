//! One change to the real traffic of a real server, for each leg of the flow: the command has to
//! name the cause, and who has to act, in the first thing it says. And the lawful variations, of
//! which it has to say nothing. `tests/faults/README.md` tells how a case is written.

#[path = "faults/case.rs"]
mod case;
#[path = "faults/change.rs"]
mod change;
#[allow(dead_code, reason = "each test program uses a part of it")]
#[path = "faults/expect.rs"]
mod expect;
#[allow(dead_code, reason = "each test program uses a part of it")]
#[path = "faults/play.rs"]
mod play;
#[path = "faults/proxy.rs"]
mod proxy;
#[allow(dead_code, reason = "each test program uses a part of it")]
#[path = "peers/start.rs"]
mod start;

use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

/// The cases that are not told rightly yet, a name on each line.
const UNMET: &str = include_str!("faults/unmet.txt");

fn main() {
    let arguments = Arguments::from_args();
    let theatre = Arc::new(play::Theatre::default());
    let trials = play::cases().into_iter().map(|case| {
        let theatre = theatre.clone();
        let unmet = UNMET.lines().any(|name| name == case.name);
        Trial::test(case.name.clone(), move || {
            let complaints = theatre.play(&case).complaints;
            match (complaints.is_empty(), unmet) {
                (true, false) | (false, true) => Ok(()),
                (true, true) => Err(Failed::from(
                    "It is told rightly now: take its name out of tests/faults/unmet.txt.",
                )),
                (false, false) => Err(Failed::from(complaints.join("\n"))),
            }
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    // The peers end with this process: their standard input closes.
    conclusion.exit();
}
