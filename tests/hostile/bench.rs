//! `cargo xtask bench hostile`: every attack, with its time and its peak of memory.

mod case;
mod client;
mod elsewhere;
mod front;
mod play;
mod recorded;
mod stage;
mod window;

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

enum Meeting {
    Server(case::Case),
    Elsewhere(elsewhere::Attack),
}

fn main() -> ExitCode {
    if window::was_asked() {
        return ExitCode::SUCCESS;
    }
    let attacks = elsewhere::attacks().into_iter();
    let attacks = attacks.map(|attack| (attack.name.clone(), Meeting::Elsewhere(attack)));
    let cases = case::cases().into_iter();
    let cases = cases.map(|case| (case.name.clone(), Meeting::Server(case)));
    let cases = Mutex::new(cases.chain(attacks));
    let played = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let case = cases.lock().expect("nobody panics with it").next();
                    let Some((name, meeting)) = case else {
                        return;
                    };
                    let outcome = match meeting {
                        Meeting::Server(case) => play::play(&case),
                        Meeting::Elsewhere(attack) => attack.play(),
                    };
                    let mark = if outcome.complaints.is_empty() {
                        '✓'
                    } else {
                        '✕'
                    };
                    println!(
                        "{mark} {:>6} ms {:>4} MB  {}",
                        outcome.took.as_millis(),
                        outcome.memory >> 20,
                        name
                    );
                    for complaint in &outcome.complaints {
                        println!("    {complaint}");
                    }
                    played.lock().expect("nobody panics with it").push(outcome);
                }
            });
        }
    });
    let played = played.into_inner().expect("nobody panics with it");
    let survived = played
        .iter()
        .filter(|outcome| outcome.complaints.is_empty())
        .count();
    let slowest = played
        .iter()
        .map(|outcome| outcome.took)
        .max()
        .unwrap_or_default();
    let largest = played
        .iter()
        .map(|outcome| outcome.memory)
        .max()
        .unwrap_or_default();
    println!("survived      {survived} of {}", played.len());
    println!("slowest       {:.1} s", slowest.as_secs_f64());
    println!("most memory   {} MB", largest >> 20);
    if survived == played.len() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
