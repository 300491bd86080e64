//! Every rule with two commands: the lab says with which arguments a run meets its misbehaviour,
//! and a run with just these shows the rule.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;

use lab::Misbehaviour;
use serde_json::Value;

/// Misbehaviours that no rule is about, with what a run shows instead.
const WITHOUT_RULE: [(Misbehaviour, &[&str]); 2] = [
    // The client refreshes, and nothing is wrong.
    (Misbehaviour::TokenExpiresEarly, &[]),
    // The client is not mixed up: it sees another iss than it asked for.
    (Misbehaviour::MixUp, &["R12"]),
];

/// Most of the time of a run is spent waiting for a device's polls.
const AT_ONCE: usize = 4;

struct Lab(Child);

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authscope-cli"));
    command.env_remove("AUTHSCOPE_LOG").stdin(Stdio::null());
    command
}

/// The codes of the findings that the two commands show.
fn shown(lab_arguments: &[&str]) -> (Vec<String>, String) {
    let mut lab = command();
    lab.arg("lab").args(lab_arguments).stdout(Stdio::piped());
    let mut lab = Lab(lab.spawn().expect("the program is built"));
    let mut line = String::new();
    let said = lab.0.stdout.take().expect("it is piped");
    BufReader::new(said).read_line(&mut line).expect("one line");
    let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    let arguments = ready["run"].as_array().expect("arguments");
    let arguments: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();

    let run = command()
        .arg("run")
        .args(&arguments)
        .args(["--json", "-"])
        .output()
        .expect("the program is built");
    let words = String::from_utf8_lossy(&run.stderr);
    let told = format!("{lab_arguments:?} {arguments:?}\n{words}");
    let report: Value = serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{told}"));
    let findings = report["findings"].as_array().expect("a list");
    let codes = findings
        .iter()
        .filter_map(|finding| finding["code"].as_str());
    (codes.map(str::to_owned).collect(), told)
}

#[test]
fn every_misbehaviour_is_met_with_the_arguments_that_the_lab_names() {
    let all = Misbehaviour::ALL.iter().chain(Misbehaviour::EXTENDED);
    let left = Mutex::new(all.copied().collect::<VecDeque<_>>());
    let missed = Mutex::new(Vec::new());
    let next = || left.lock().expect("nobody panics with it").pop_front();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(misbehaviour) = next() {
                    let (codes, told) = shown(&["--misbehave", misbehaviour.code()]);
                    let instead = WITHOUT_RULE
                        .iter()
                        .find(|(other, _)| *other == misbehaviour);
                    let met = match instead {
                        Some((_, wanted)) => codes == *wanted,
                        None => codes.iter().any(|code| code == misbehaviour.code()),
                    };
                    if !met {
                        let missed = &mut *missed.lock().expect("nobody panics with it");
                        missed.push(format!("{misbehaviour:?}: {codes:?}\n{told}"));
                    }
                }
            });
        }
    });
    let missed = missed.into_inner().expect("nobody panics with it");
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
}

#[test]
fn a_healthy_lab_names_a_run_that_shows_nothing() {
    for arguments in [&[][..], &["--mtls"]] {
        let (codes, told) = shown(arguments);
        assert!(
            codes.is_empty() && told.contains("The flow works"),
            "{codes:?} {told}"
        );
    }
}
