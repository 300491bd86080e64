//! `cargo xtask bench`: what is measured, in one table.

use std::process::ExitCode;

use crate::front_end;
use crate::keychain_session::{self, KeychainSession};
use crate::outcome::Outcome;
use crate::packages::{self, Purpose};
use crate::process;
use crate::project::Project;

/// A cargo bench target: `[[bench]]` in the root manifest, or a file in a crate's `benches`.
struct Bench {
    name: &'static str,
    what: &'static str,
    /// Opens the window.
    display: bool,
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "flow",
        what: "a whole flow against the lab, beside the same requests sent bare",
        display: false,
    },
    Bench {
        name: "startup",
        what: "start to painted window, and memory of the whole process tree",
        display: true,
    },
    Bench {
        name: "window",
        what: "scrolling 300, 10,000 and 100,000 rows, beside a bare page in the same web view",
        display: true,
    },
    Bench {
        name: "conformance",
        what: "the official suite for clients, beside a client on the TypeScript SDK",
        display: false,
    },
    Bench {
        name: "diagnosis",
        what: "judging 1,000, 10,000 and 100,000 exchanges, beside reading and writing them as JSON",
        display: false,
    },
    Bench {
        name: "truth",
        what: "how many faults in real traffic are told rightly, and how many lawful runs accused",
        display: false,
    },
    Bench {
        name: "hostile",
        what: "every attack of a hostile server, with its time and its memory",
        display: false,
    },
    Bench {
        name: "observe",
        what: "2,000 calls and 100 MB through the recording proxy, beside mitmdump",
        display: false,
    },
    Bench {
        name: "soak",
        what: "1,000 flows in one process: memory, descriptors, threads and tasks stay flat",
        display: false,
    },
    Bench {
        name: "har",
        what: "reading a HAR file of 1 GB, its memory, and writing 10,000 exchanges, beside plain JSON",
        display: false,
    },
];

/// Measures what is named, or everything.
///
/// # Errors
/// A benchmark that does not exist, or those that failed.
pub fn run(project: &Project, args: &[String], list: bool) -> Outcome<ExitCode> {
    let targets = project.cargo_targets("bench");
    let present: Vec<&Bench> = BENCHES
        .iter()
        .filter(|bench| targets.contains(bench.name))
        .collect();
    if list {
        present
            .iter()
            .for_each(|bench| println!("{:<12} {}", bench.name, bench.what));
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(unknown) = args
        .iter()
        .find(|arg| !present.iter().any(|bench| bench.name == **arg))
    {
        return Err(format!(
            "there is no benchmark `{unknown}`; --list names them"
        ));
    }
    let chosen: Vec<&Bench> = present
        .into_iter()
        .filter(|bench| args.is_empty() || args.iter().any(|arg| arg == bench.name))
        .collect();
    let window = chosen.iter().any(|bench| bench.display);
    let purposes: &[Purpose] = if window {
        &[Purpose::Build, Purpose::Keychain, Purpose::Desktop]
    } else {
        &[Purpose::Build]
    };
    packages::ensure(purposes)?;
    front_end::ensure_built(project)?;

    let mut failed = Vec::new();
    for bench in chosen {
        println!("\n── {}: {} ──", bench.name, bench.what);
        if let Err(reason) = measure(project, bench) {
            failed.push(format!("{}: {reason}", bench.name));
        }
    }
    if failed.is_empty() {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(failed.join("\n       "))
    }
}

fn measure(project: &Project, bench: &Bench) -> Outcome {
    let mut command = process::program(process::cargo());
    command
        .args(["bench", "--workspace", "--bench", bench.name])
        .current_dir(project.root());
    if bench.display && keychain_session::missing(true).is_empty() {
        let session = KeychainSession::open()?;
        return process::run(session.around(&command, true));
    }
    process::run(command)
}
