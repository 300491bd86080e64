//! What a hostile server can answer, at every leg. `README.md` tells how a case is written.

mod case;
mod client;
mod elsewhere;
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
    let cases = cases.map(|case| trial(case.name.clone(), move || play::play(&case)));
    let attacks = elsewhere::attacks().into_iter();
    let attacks = attacks.filter(|attack| attack.usual || all);
    let attacks = attacks.map(|attack| trial(attack.name.clone(), move || attack.play()));
    libtest_mimic::run(&arguments, cases.chain(attacks).collect()).exit();
}

fn trial(name: String, play: impl FnOnce() -> play::Played + Send + 'static) -> Trial {
    Trial::test(name, move || {
        let complaints = play().complaints;
        if complaints.is_empty() {
            Ok(())
        } else {
            Err(Failed::from(complaints.join("\n")))
        }
    })
}
