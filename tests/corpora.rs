//! The corpora of the fuzzer, as an ordinary test: what once ended a reader, and what each is to be
//! able to read.

#[path = "../src-tauri/fuzz/src/targets.rs"]
mod targets;

use std::fs;
use std::path::{Path, PathBuf};

use targets::TARGETS;

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    entries.flatten().map(|entry| entry.path()).collect()
}

#[test]
fn every_reader_bears_its_corpus() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpora");
    let mut known: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    for (name, read) in TARGETS {
        let files = files(&corpora.join(name));
        assert!(!files.is_empty(), "{name} has no corpus");
        for file in files {
            let bytes = fs::read(&file).expect("it can be read");
            println!("{}", file.display());
            read(&bytes);
        }
    }
    let mut folders: Vec<String> = files(&corpora)
        .iter()
        .filter_map(|folder| Some(folder.file_name()?.to_str()?.to_owned()))
        .collect();
    folders.sort();
    known.sort_unstable();
    assert_eq!(folders, known, "each corpus belongs to a target");
}
