//! `cargo xtask bench hostile`: every attack, with its time and its peak of memory.

mod case;
mod client;
mod front;
mod play;
mod recorded;
mod stage;
mod window;

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

fn main() -> ExitCode {
    if window::was_asked() {
        return ExitCode::SUCCESS;
    }
    let cases = Mutex::new(case::cases().into_iter());
    let played = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let case = cases.lock().expect("nobody panics with it").next();
                    let Some(case) = case else { return };
                    let outcome = play::play(&case);
                    let mark = if outcome.complaints.is_empty() {
                        '✓'
                    } else {
                        '✕'
                    };
                    println!(
                        "{mark} {:>6} ms {:>4} MB  {}",
                        outcome.took.as_millis(),
                        outcome.memory >> 20,
                        case.name
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
