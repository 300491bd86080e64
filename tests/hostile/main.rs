//! What a hostile server can answer, at every leg. `README.md` tells how a case is written.

mod case;
mod client;
mod front;
mod play;
mod recorded;
mod stage;
mod window;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    if window::was_asked() {
        return;
    }
    let mut arguments = Arguments::from_args();
    // Most of the time they wait for a limit.
    arguments.test_threads = arguments.test_threads.or(Some(8));
    // Whoever asks for a case by its name gets it also when it is not a usual one.
    let all = arguments.filter.is_some();
    let cases = case::cases().into_iter().filter(|case| case.usual || all);
    let trials = cases.map(|case| {
        Trial::test(case.name.clone(), move || {
            let complaints = play::play(&case).complaints;
            if complaints.is_empty() {
                Ok(())
            } else {
                Err(Failed::from(complaints.join("\n")))
            }
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
