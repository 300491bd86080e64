//! Prepares what Tauri embeds in the desktop program: its configuration, its permissions and the
//! built front-end.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::exit;

use tauri_build::{AppManifest, Attributes};

const FRONT_END: &str = "ui/dist/index.html";
const PERMISSIONS: &str = "src-tauri/permissions/app.toml";
const SOURCES: &str = "src-tauri/src";

fn main() {
    for watched in [
        "src-tauri/capabilities",
        "src-tauri/permissions",
        SOURCES,
        "icons",
        "tauri.conf.json",
    ] {
        println!("cargo::rerun-if-changed={watched}");
    }
    // `tauri dev` has the front-end from Vite; everything else carries it inside.
    if !tauri_build::is_dev() {
        println!("cargo::rerun-if-changed={FRONT_END}");
        if !Path::new(FRONT_END).exists() {
            refuse(
                "the front-end is not built (ui/dist is missing): `cargo xtask run` and `cargo xtask test` build it, \
                 or do `npm ci` and `npm run build` in ui/",
            );
        }
    }
    check_permissions();

    let manifest = AppManifest::new().permissions_path_pattern("src-tauri/permissions/*.toml");
    let attributes = Attributes::new()
        .capabilities_path_pattern("src-tauri/capabilities/*.json")
        .app_manifest(manifest);
    if let Err(error) = tauri_build::try_build(attributes) {
        refuse(&format!("{error:#}"));
    }
    // Schemas for editors, written to the working directory whether wanted or not.
    let _ = fs::remove_dir_all("gen");
}

/// A command that is not allowed fails only when the window calls it, with a message that names
/// another cause. So the two lists are compared here.
fn check_permissions() {
    let mut commands = BTreeSet::new();
    collect_commands(Path::new(SOURCES), &mut commands);
    let permissions = fs::read_to_string(PERMISSIONS).unwrap_or_default();
    let allowed: BTreeSet<String> = permissions
        .lines()
        .skip_while(|line| !line.starts_with("commands.allow"))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .map(str::to_owned)
        .collect();
    if let Some(name) = commands.difference(&allowed).next() {
        refuse(&format!(
            "the command `{name}` is not allowed: name it in {PERMISSIONS}"
        ));
    }
    if let Some(name) = allowed.difference(&commands).next() {
        refuse(&format!(
            "{PERMISSIONS} allows `{name}`, but there is no such command in {SOURCES}"
        ));
    }
}

fn collect_commands(folder: &Path, commands: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect_commands(&path, commands);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap_or_default();
            let mut marked = false;
            for line in source.lines().map(str::trim_start) {
                marked |= line.starts_with("#[tauri::command") || line.starts_with("#[command");
                if let Some((_, name)) = line
                    .split_once("fn ")
                    .filter(|_| marked && !line.starts_with("//"))
                {
                    commands.extend(name.split(['(', '<']).next().map(str::to_owned));
                    marked = false;
                }
            }
        }
    }
}

fn refuse(reason: &str) -> ! {
    println!("cargo::error={}", reason.replace('\n', " "));
    exit(1)
}
