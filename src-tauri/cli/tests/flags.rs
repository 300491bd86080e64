//! Every flag that a text names exists: the findings', the stops' and the README's.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Flags of other programs that a text names.
const OF_OTHERS: [&str; 8] = [
    // Stands for any flag in a test.
    "--option",
    // Of cURL.
    "--header",
    // Of clients that are given a URL to observe.
    "--server-url",
    "--transport",
    "--url",
    // Keycloak's.
    "--hostname",
    // Cargo's.
    "--release",
    // The test runner's.
    "--skip",
];

#[test]
fn every_flag_that_a_text_names_exists() {
    let mut known = BTreeSet::from(OF_OTHERS.map(str::to_owned));
    for command in [
        "check", "compare", "convert", "edge", "explain", "history", "lab", "observe", "repeat",
        "rules", "run",
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_authscope-cli"))
            .args([command, "--help"])
            .output()
            .expect("the command starts");
        known.extend(flags(&String::from_utf8_lossy(&output.stdout)));
    }
    assert!(known.contains("--client-id") && known.contains("--misbehave"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = vec![root.join("README.md")];
    for folder in ["diagnosis", "flow", "session", "app"] {
        sources(&root.join("src-tauri").join(folder).join("src"), &mut files);
    }
    let mut unknown = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).expect("it can be read");
        for flag in flags(&text).difference(&known) {
            unknown.push(format!("{}: {flag}", file.display()));
        }
    }
    assert_eq!(unknown, [""; 0]);
    assert!(files.len() > 200, "{} files", files.len());
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// What is spelt as a long flag.
fn flags(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '-';
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("--") {
        let before = text[..at].chars().next_back();
        let rest = &text[at + 2..];
        let name: String = rest.chars().take_while(|c| is_part(*c)).collect();
        let stands_alone = before.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '-');
        let name = name.trim_end_matches('-');
        if stands_alone && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() > 1 {
            found.insert(format!("--{name}"));
        }
    }
    found
}
