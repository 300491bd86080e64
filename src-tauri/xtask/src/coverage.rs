//! `cargo xtask coverage`: how many lines of the engine's crates their tests reach.
//!
//! Only this project's crates are built for it, by this program in the place of rustc: the crates
//! of others stay as the usual build has them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use serde_json::Value;

use crate::outcome::Outcome;
use crate::process;
use crate::project::Project;

/// What is measured, each with the packages whose tests reach it. Unit tests at the end of a file
/// count as lines of it.
const ENGINE: &[(&str, &[&str])] = &[
    ("trace", &["trace", "diagnosis", "formats"]),
    ("jose", &["jose"]),
    ("clients", &["clients"]),
    ("flow", &["flow", "app"]),
    ("wire", &["wire"]),
    ("diagnosis", &["diagnosis", "app"]),
    ("vault", &["vault"]),
    ("formats", &["formats"]),
    ("replay", &["replay", "app"]),
    ("compare", &["compare", "app"]),
    ("observe", &["observe"]),
    ("session", &["session", "app"]),
];

/// Lines of a hundred that have to be reached.
const LEAST: f64 = 90.0;

/// Set for the builds whose compiler this program is.
const AS_COMPILER: &str = "AUTHSCOPE_COVERAGE_COMPILER";

/// Measures the crates named, or all of them.
///
/// # Errors
/// When a crate is unknown, a tool is missing, or the tests do not pass.
pub fn run(project: &Project, only: &[String]) -> Outcome<ExitCode> {
    let known = |name: &&String| ENGINE.iter().any(|(it, _)| it == name);
    if let Some(unknown) = only.iter().find(|name| !known(name)) {
        return Err(format!("`{unknown}` is no crate of the engine"));
    }
    let wanted = |name: &str| only.is_empty() || only.iter().any(|it| it == name);
    let crates: Vec<_> = ENGINE.iter().filter(|(name, _)| wanted(name)).collect();
    let tools = Tools::find()?;
    let folder = project.target().join("coverage");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut packages: Vec<&str> = crates
        .iter()
        .flat_map(|(_, tests)| *tests)
        .copied()
        .collect();
    packages.sort_unstable();
    packages.dedup();

    let programs = build(project, &packages)?;
    let mut tests = cargo_test(project, &packages)?;
    tests.env("LLVM_PROFILE_FILE", folder.join("%p-%m.profraw"));
    process::run(tests).map_err(|reason| format!("the tests do not pass: {reason}"))?;

    let profile = tools.merge(&folder)?;
    let files = tools.lines(&profile, &programs)?;
    let mut is_enough = true;
    println!("\ncrate        lines  reached");
    for (name, _) in crates {
        let source = project.root().join("src-tauri").join(name).join("src");
        let (all, reached) = within(&files, &source);
        let share = 100.0 * reached as f64 / all.max(1) as f64;
        let sign = if share < LEAST { "✕" } else { " " };
        is_enough &= share >= LEAST;
        println!("{name:<11} {all:>6} {share:>7.1}% {sign}");
    }
    Ok(if is_enough {
        ExitCode::SUCCESS
    } else {
        eprintln!("fewer than {LEAST} % of the lines are reached");
        ExitCode::FAILURE
    })
}

/// The compiler of such a build; `None` in any other build.
pub fn compiler() -> Option<Outcome<ExitCode>> {
    std::env::var_os(AS_COMPILER)?;
    let mut arguments = std::env::args_os().skip(1);
    let rustc = arguments.next()?;
    let mut command = Command::new(rustc);
    command.args(arguments).args(["-C", "instrument-coverage"]);
    // What cargo asks of it is on its standard output.
    Some(match command.status() {
        Ok(status) if status.success() => Ok(ExitCode::SUCCESS),
        Ok(_) => Ok(ExitCode::FAILURE),
        Err(error) => Err(format!("rustc cannot be started: {error}")),
    })
}

fn cargo_test(project: &Project, packages: &[&str]) -> Outcome<Command> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut cargo = process::program(process::cargo());
    cargo.current_dir(project.root()).arg("test").arg("--tests");
    for package in packages {
        cargo.args(["--package", package]);
    }
    cargo
        .env(AS_COMPILER, "1")
        .env("RUSTC_WORKSPACE_WRAPPER", this);
    Ok(cargo)
}

/// Builds the tests, and returns the paths of the test programs.
fn build(project: &Project, packages: &[&str]) -> Outcome<Vec<PathBuf>> {
    let mut cargo = cargo_test(project, packages)?;
    cargo
        .args(["--no-run", "--message-format", "json-render-diagnostics"])
        .stdout(Stdio::piped());
    let mut child = cargo
        .spawn()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    let output = child.stdout.take().map(BufReader::new);
    let messages = output.map(|output| serde_json::Deserializer::from_reader(output).into_iter());
    let programs: Vec<PathBuf> = messages
        .into_iter()
        .flatten()
        .map_while(|message: Result<Value, _>| message.ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .collect();
    match child.wait() {
        Ok(status) if status.success() => Ok(programs),
        _ => Err("the tests could not be built".to_owned()),
    }
}

/// The tools of LLVM that read what such a program writes.
struct Tools {
    profdata: OsString,
    cov: OsString,
}

impl Tools {
    /// Those of rustup's component `llvm-tools`, else the system's of the same version.
    fn find() -> Outcome<Self> {
        let version = rustc(&["-vV"])?;
        let value = |name: &str| version.lines().find_map(|line| line.strip_prefix(name));
        let host = value("host: ").unwrap_or_default();
        let llvm = value("LLVM version: ").unwrap_or_default();
        let major = llvm.split('.').next().unwrap_or_default();
        let sysroot = rustc(&["--print", "sysroot"])?;
        let component = Path::new(sysroot.trim())
            .join("lib/rustlib")
            .join(host)
            .join("bin");
        let find = |name: &str| -> Option<OsString> {
            let of_component = Some(component.join(name)).filter(|path| path.exists());
            let of_system = || process::find(&format!("{name}-{major}"));
            of_component.or_else(of_system).map(PathBuf::into_os_string)
        };
        match (find("llvm-profdata"), find("llvm-cov")) {
            (Some(profdata), Some(cov)) => Ok(Self { profdata, cov }),
            _ => Err(format!(
                "llvm-profdata and llvm-cov {major} are missing: `rustup component add llvm-tools`, \
                 or the system's package llvm-{major}"
            )),
        }
    }

    /// One profile of all that was written.
    fn merge(&self, folder: &Path) -> Outcome<PathBuf> {
        let written = fs::read_dir(folder).into_iter().flatten().flatten();
        let written: Vec<PathBuf> = written.map(|entry| entry.path()).collect();
        let profile = folder.join("all.profdata");
        let mut merge = process::program(&self.profdata);
        merge
            .args(["merge", "-sparse", "-o"])
            .arg(&profile)
            .args(written);
        process::run(merge)?;
        Ok(profile)
    }

    /// Each file with its lines that hold code, and how many of them were reached.
    fn lines(&self, profile: &Path, programs: &[PathBuf]) -> Outcome<BTreeMap<PathBuf, Lines>> {
        let mut export = process::program(&self.cov);
        export
            .args(["export", "-summary-only", "-instr-profile"])
            .arg(profile);
        for program in programs {
            export.arg("-object").arg(program);
        }
        let output = export
            .output()
            .map_err(|error| format!("llvm-cov cannot be started: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let summary: Value =
            serde_json::from_slice(&output.stdout).map_err(|error| format!("llvm-cov: {error}"))?;
        Ok(read(&summary))
    }
}

/// All, and those that were reached.
type Lines = (u64, u64);

fn read(summary: &Value) -> BTreeMap<PathBuf, Lines> {
    let files = summary["data"][0]["files"].as_array();
    let of_file = |file: &Value| {
        let lines = &file["summary"]["lines"];
        let name = PathBuf::from(file["filename"].as_str()?);
        Some((name, (lines["count"].as_u64()?, lines["covered"].as_u64()?)))
    };
    files.into_iter().flatten().filter_map(of_file).collect()
}

fn within(files: &BTreeMap<PathBuf, Lines>, folder: &Path) -> Lines {
    let inside = files.iter().filter(|(path, _)| path.starts_with(folder));
    inside.fold((0, 0), |sum, (_, lines)| (sum.0 + lines.0, sum.1 + lines.1))
}

fn rustc(arguments: &[&str]) -> Outcome<String> {
    let output = Command::new("rustc").args(arguments).output();
    let output = output.map_err(|error| format!("rustc cannot be started: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_lines_of_a_crate_are_those_of_its_files() {
        let file = |name: &str, count: u64, covered: u64| json!({ "filename": name, "summary": { "lines": { "count": count, "covered": covered } } });
        let summary = json!({ "data": [{ "files": [
            file("/p/src-tauri/wire/src/send.rs", 10, 9),
            file("/p/src-tauri/wire/src/tls/mod.rs", 5, 5),
            file("/p/src-tauri/wire-more/src/lib.rs", 7, 0),
            file("/registry/other/src/lib.rs", 100, 0),
        ] }] });
        let files = read(&summary);
        assert_eq!(within(&files, Path::new("/p/src-tauri/wire/src")), (15, 14));
        assert_eq!(within(&files, Path::new("/p/src-tauri/none/src")), (0, 0));
        assert!(read(&json!({})).is_empty());
    }

    #[test]
    fn what_is_measured_is_there() {
        let packages = Project::here()
            .packages()
            .expect("cargo reads the manifests");
        for (name, tests) in ENGINE {
            for package in tests.iter().chain([name]) {
                assert!(packages.iter().any(|it| it.name == *package), "{package}");
            }
        }
    }
}
