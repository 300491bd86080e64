//! The command against the official conformance suite for clients, in both of its versions: every
//! scenario by itself, a result for each.
//!
//! The suite starts this program again as its client; see `client.rs`.

mod client;
mod scenarios;
mod suite;

use std::collections::BTreeSet;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use scenarios::{NOT_RUN, Version, runs};

fn main() -> ExitCode {
    if client::is_asked_for() {
        return client::run();
    }
    let arguments = Arguments::from_args();
    if !arguments.list {
        suite::install();
    }
    let mut trials: Vec<Trial> = runs()
        .into_iter()
        .map(|run| Trial::test(run.name(), move || suite::run(&run).map_err(Into::into)))
        .collect();
    trials.push(Trial::test("every_scenario_is_run_or_has_a_reason", || {
        every_scenario_is_run_or_has_a_reason().map_err(Into::into)
    }));
    trials.push(Trial::test(
        "every_requirement_is_run_at_its_wire_or_has_a_reason",
        || every_requirement_is_run_at_its_wire_or_has_a_reason().map_err(Into::into),
    ));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn every_scenario_is_run_or_has_a_reason() -> Result<(), String> {
    for version in Version::ALL {
        let known = runs()
            .into_iter()
            .filter(|run| run.version == version)
            .map(|run| run.scenario.name);
        compare(
            &format!("{version}"),
            &suite::listed(version, None),
            known.collect(),
        )?;
    }
    Ok(())
}

fn every_requirement_is_run_at_its_wire_or_has_a_reason() -> Result<(), String> {
    for revision in ["2025-11-25", "2026-07-28"] {
        let run_there = runs()
            .into_iter()
            .filter(|run| run.version == Version::V02 && run.is_at(revision));
        let known = run_there.map(|run| run.scenario.name);
        compare(
            revision,
            &suite::listed(Version::V02, Some(revision)),
            known.collect(),
        )?;
    }
    Ok(())
}

fn compare(what: &str, listed: &BTreeSet<String>, mut known: BTreeSet<&str>) -> Result<(), String> {
    if listed.is_empty() {
        return Err(format!("{what}: the suite lists nothing"));
    }
    known.extend(NOT_RUN.iter().map(|(name, _)| *name));
    let missing: Vec<&String> = listed
        .iter()
        .filter(|name| !known.contains(name.as_str()))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "{what}: neither run nor listed with a reason: {missing:?}"
        ))
    }
}
