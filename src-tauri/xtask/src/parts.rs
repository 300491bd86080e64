//! The suite's parts, in one table.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::packages::Purpose;
use crate::project::Project;
use crate::summary::Runner;

/// A piece of the suite that is run and counted by itself.
pub struct Part {
    pub name: &'static str,
    pub what: &'static str,
    pub runner: Runner,
    pub place: Place,
    work: Work,
    /// Minutes without a word after which the part hangs. There is no limit on how long a part may
    /// take: on a busy machine everything is slow, and slowness is no failure.
    silence: u64,
}

/// Where a part runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this terminal's own surroundings.
    Here,
    /// Beside a keychain of its own where that can be had; without one where not.
    Keychain,
    /// Beside a keychain and on a screen of its own, or not at all.
    Desktop,
    /// In a browser, or not at all.
    Browser,
    /// Where shell scripts run, or not at all.
    Shell,
}

enum Work {
    /// A script of `ui/package.json`.
    Script(&'static str),
    /// Compiles everything the cargo parts run, so that their limits are about running.
    Compile,
    /// All tests of all crates but the targets that are parts of their own.
    Crates,
    Documentation,
    /// One integration test target.
    Target(&'static str),
}

/// Quick ones first. Every cargo part names the whole workspace: a narrower choice would switch
/// other features on in the dependencies and compile them once more.
pub const PARTS: &[Part] = &[
    Part {
        name: "ui-check",
        what: "types of the front-end",
        runner: Runner::Check,
        place: Place::Here,
        work: Work::Script("check"),
        silence: 30,
    },
    Part {
        name: "ui-unit",
        what: "the front-end's unit tests",
        runner: Runner::Node,
        place: Place::Here,
        work: Work::Script("test"),
        silence: 30,
    },
    Part {
        name: "ui-browser",
        what: "the front-end in a browser, on recorded runs",
        runner: Runner::Node,
        place: Place::Browser,
        work: Work::Script("test:browser"),
        silence: 30,
    },
    Part {
        name: "compile",
        what: "everything that cargo tests",
        runner: Runner::Check,
        place: Place::Here,
        work: Work::Compile,
        silence: 120,
    },
    Part {
        name: "rust",
        what: "the crates, flows against the lab, the keychain",
        runner: Runner::Cargo,
        place: Place::Keychain,
        work: Work::Crates,
        silence: 30,
    },
    Part {
        name: "doc",
        what: "examples in the documentation",
        runner: Runner::Cargo,
        place: Place::Here,
        work: Work::Documentation,
        silence: 120,
    },
    Part {
        name: "desktop",
        what: "the real window, driven",
        runner: Runner::Cargo,
        place: Place::Desktop,
        work: Work::Target("desktop"),
        silence: 30,
    },
    Part {
        name: "conformance",
        what: "the official suite for clients",
        runner: Runner::Cargo,
        place: Place::Shell,
        work: Work::Target("conformance"),
        silence: 30,
    },
    Part {
        name: "peers",
        what: "real servers from PyPI and npm",
        runner: Runner::Cargo,
        place: Place::Shell,
        work: Work::Target("peers"),
        silence: 30,
    },
];

impl Part {
    pub fn silence(&self) -> Duration {
        Duration::from_secs(self.silence * 60)
    }

    /// Whether the project has it.
    pub fn exists(&self, project: &Project) -> bool {
        match self.work {
            Work::Script(script) => project.has_script(script),
            Work::Target(name) => project.cargo_targets("test").contains(name),
            Work::Compile | Work::Crates | Work::Documentation => true,
        }
    }

    /// What has to be installed for it.
    pub fn purposes(&self) -> Vec<Purpose> {
        let mut purposes = Vec::new();
        if !matches!(self.work, Work::Script(_)) {
            purposes.push(Purpose::Build);
        }
        match self.place {
            Place::Here => {}
            Place::Keychain => purposes.push(Purpose::Keychain),
            Place::Desktop => purposes.extend([Purpose::Keychain, Purpose::Desktop]),
            Place::Browser => purposes.push(Purpose::Browser),
            Place::Shell => purposes.push(Purpose::Peers),
        }
        purposes
    }

    /// The script to hand to npm, or the arguments to hand to cargo.
    pub fn command(&self, project: &Project) -> PartCommand {
        let own: Vec<&str> = match self.work {
            Work::Script(script) => return PartCommand::Npm(script),
            Work::Compile => vec!["--no-run"],
            Work::Documentation => vec!["--no-fail-fast", "--doc"],
            Work::Target(name) => vec!["--no-fail-fast", "--test", name],
            Work::Crates => vec!["--no-fail-fast", "--lib", "--bins"],
        };
        let mut arguments = vec!["test".to_owned(), "--workspace".to_owned()];
        arguments.extend(own.into_iter().map(str::to_owned));
        if matches!(self.work, Work::Crates) {
            for target in remaining(project.cargo_targets("test")) {
                arguments.extend(["--test".to_owned(), target]);
            }
        }
        PartCommand::Cargo(arguments)
    }
}

pub enum PartCommand {
    Npm(&'static str),
    Cargo(Vec<String>),
}

/// The test targets that are no parts of their own.
fn remaining(targets: BTreeSet<String>) -> Vec<String> {
    let taken = |target: &str| {
        PARTS
            .iter()
            .any(|part| matches!(part.work, Work::Target(name) if name == target))
    };
    targets
        .into_iter()
        .filter(|target| !taken(target))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let names: BTreeSet<&str> = PARTS.iter().map(|part| part.name).collect();
        assert_eq!(names.len(), PARTS.len());
    }

    #[test]
    fn every_test_target_belongs_to_exactly_one_part() {
        let targets = ["flows", "desktop", "peers", "hostile"]
            .map(str::to_owned)
            .into();
        assert_eq!(remaining(targets), ["flows", "hostile"]);
    }

    #[test]
    fn front_end_parts_need_no_webkit() {
        for part in PARTS.iter().filter(|part| part.name.starts_with("ui-")) {
            assert!(!part.purposes().contains(&Purpose::Build), "{}", part.name);
        }
    }
}
