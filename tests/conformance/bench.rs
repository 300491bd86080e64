//! The suite's `auth`, all its scenarios at once as it runs them by itself, with the command as
//! client and with a small client on the official TypeScript SDK, in turn.
//!
//! `cargo xtask bench conformance`. The limit is a quarter of the SDK client's wall time. What the
//! suite takes for itself is in both; a client that does nothing shows how much that is.

mod client;
#[allow(dead_code, reason = "the tests use the rest of it")]
mod scenarios;
#[allow(dead_code, reason = "the tests use the rest of it")]
mod suite;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use scenarios::Version;

const ROUNDS: usize = 5;
const LIMIT: f64 = 0.25;
/// The scenarios of the suite `auth`.
const SCENARIOS: usize = 14;

fn main() -> ExitCode {
    if client::is_asked_for() {
        return client::run();
    }
    // `cargo test --all-targets` runs benchmarks too, without this argument; there is nothing to
    // measure then.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    suite::install();
    let sdk =
        test_support::installed::npm("conformance/sdk-client", &["client.mjs"]).join("client.mjs");
    let sdk = format!("'{}' '{}'", suite::node().display(), sdk.display());
    let ours = suite::this_program();
    let (mut by_command, mut by_sdk, mut by_nobody) = (Vec::new(), Vec::new(), Vec::new());
    // The first round warms the file cache up.
    for round in 0..=ROUNDS {
        let times = [
            timed(&ours, SCENARIOS),
            timed(&sdk, SCENARIOS),
            timed("true", 0),
        ];
        if round > 0 {
            by_command.push(times[0]);
            by_sdk.push(times[1]);
            by_nobody.push(times[2]);
        }
    }
    let mut ratios: Vec<f64> = by_command
        .iter()
        .zip(&by_sdk)
        .map(|(one, other)| one.as_secs_f64() / other.as_secs_f64())
        .collect();
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ratios.len() / 2];
    let verdict = if ratio <= LIMIT { "within" } else { "above" };
    let (command, sdk, nobody) = (median(by_command), median(by_sdk), median(by_nobody));
    println!(
        "the suite {} `auth`, {SCENARIOS} scenarios at once, {ROUNDS} rounds, medians",
        Version::V01
    );
    println!("  authscope-cli                   {command:>7.2} s");
    println!("  a client on the TypeScript SDK  {sdk:>7.2} s");
    println!(
        "  a client that does nothing      {nobody:>7.2} s   what the suite itself takes is in all three"
    );
    println!("  ratio                           {ratio:>7.3}     {verdict} the limit of {LIMIT}");
    println!(
        "  ratio without the suite itself  {:>7.3}",
        (command - nobody) / (sdk - nobody)
    );
    ExitCode::SUCCESS
}

/// One run of the suite, which must end with so many scenarios passed.
fn timed(client: &str, passed: usize) -> Duration {
    let mut command = suite::program(Version::V01);
    command.args(["client", "--suite", "auth", "--command", client]);
    let started = Instant::now();
    let output = command.output().expect("the suite starts");
    let took = started.elapsed();
    let said = [output.stdout, output.stderr]
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .concat();
    let counted = said.lines().filter(|line| line.starts_with('✓')).count();
    assert_eq!(counted, passed, "{client}\n{said}");
    took
}

fn median(mut all: Vec<Duration>) -> f64 {
    all.sort();
    all[all.len() / 2].as_secs_f64()
}
