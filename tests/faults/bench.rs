//! `cargo xtask bench truth`: how much of what went wrong is told rightly, over all cases of
//! `tests/faults/cases`, or over those whose names hold one of the words it is given.

#[path = "case.rs"]
mod case;
#[path = "change.rs"]
mod change;
#[path = "expect.rs"]
mod expect;
#[path = "play.rs"]
mod play;
#[path = "proxy.rs"]
mod proxy;
#[allow(dead_code, reason = "each test program uses a part of it")]
#[path = "../peers/start.rs"]
mod start;

fn main() {
    let theatre = play::Theatre::default();
    let (mut faults, mut named, mut owner, mut first) = (0, 0, 0, 0);
    let (mut lawful, mut accused) = (0, 0);
    let words: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let meant = |case: &case::Case| {
        words.is_empty() || words.iter().any(|word| case.name.contains(word.as_str()))
    };
    for case in play::cases().into_iter().filter(meant) {
        let outcome = theatre.play(&case);
        if case.expect.lawful {
            lawful += 1;
            accused += usize::from(!outcome.accused.is_empty());
        } else {
            faults += 1;
            named += usize::from(outcome.named);
            owner += usize::from(outcome.owner_right);
            first += usize::from(outcome.first);
        }
        if !outcome.complaints.is_empty() {
            println!("✕ {}\n    {}", case.name, outcome.complaints.join("\n    "));
        }
    }
    let share = |part: usize| {
        format!(
            "{part} of {faults} ({:.1} %)",
            100.0 * part as f64 / faults as f64
        )
    };
    println!("faults            {faults}");
    println!("cause named       {}", share(named));
    println!("owner right       {}", share(owner));
    println!("root cause first  {}", share(first));
    println!("falsely accused   {accused} of {lawful} lawful variations");
}
