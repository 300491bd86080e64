//! What a watched browser has on this machine, and whether it is gone.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::PathBuf;

use test_support::within;

/// The browsers that this process watches, with all processes they started.
pub fn watched() -> BTreeSet<u32> {
    let ours = profile_prefix(std::process::id());
    let processes: Vec<u32> = all().collect();
    let parents: HashMap<u32, u32> = processes
        .iter()
        .filter_map(|id| Some((*id, parent(*id)?)))
        .collect();
    let mut family: BTreeSet<u32> = processes
        .iter()
        .copied()
        .filter(|id| command_line(*id).contains(&ours))
        .collect();
    // Until no new child is found.
    loop {
        let before = family.len();
        let children = parents.iter().filter(|(_, parent)| family.contains(parent));
        let children: Vec<u32> = children.map(|(id, _)| *id).collect();
        family.extend(children);
        if family.len() == before {
            return family;
        }
    }
}

/// The browser itself, of those.
pub fn browser() -> u32 {
    let ours = std::process::id();
    let own = watched().into_iter().find(|id| parent(*id) == Some(ours));
    own.expect("a browser is watched")
}

pub fn kill(process: u32) {
    let id = process.to_string();
    let kill = std::process::Command::new("kill")
        .args(["-KILL", &id])
        .status();
    assert!(kill.is_ok_and(|status| status.success()));
}

/// Waits until each of them is gone, and finds no folder of theirs and no descriptor.
pub async fn assert_gone(processes: BTreeSet<u32>, descriptors: usize) {
    assert!(!processes.is_empty(), "there was a browser");
    within("the processes to be gone", async {
        while processes.iter().any(|id| is_alive(*id)) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(profiles(std::process::id()), Vec::<PathBuf>::new());
    assert_eq!(pipes(), descriptors, "a pipe to a browser is left open");
}

/// The folders of the browsers that a process watches.
pub fn profiles(process: u32) -> Vec<PathBuf> {
    let prefix = profile_prefix(process);
    let folder = fs::read_dir(std::env::temp_dir()).expect("it can be read");
    let paths = folder.flatten().map(|entry| entry.path());
    let ours = paths.filter(|path| path.to_string_lossy().contains(&prefix));
    ours.collect()
}

/// How many pipes to other processes are open here.
pub fn pipes() -> usize {
    let known = fs::read_to_string("/proc/net/unix").expect("it can be read");
    let known: BTreeSet<&str> = known
        .lines()
        .filter_map(|line| line.split_whitespace().nth(6))
        .collect();
    let open = fs::read_dir("/proc/self/fd").expect("it can be read");
    let open = open
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok());
    open.filter(|target| {
        let target = target.to_string_lossy();
        let inode = target
            .strip_prefix("socket:[")
            .and_then(|it| it.strip_suffix(']'));
        inode.is_some_and(|inode| known.contains(inode))
    })
    .count()
}

fn profile_prefix(process: u32) -> String {
    format!("authscope-browser-{process}-")
}

fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").expect("it can be read").flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn command_line(process: u32) -> String {
    let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).into_owned()
}

/// The state and the parent, which stand behind the name in brackets.
fn state(process: u32) -> Option<(String, u32)> {
    let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = line.rsplit_once(") ")?;
    let mut words = rest.split(' ');
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
}

fn parent(process: u32) -> Option<u32> {
    state(process).map(|(_, parent)| parent)
}

/// A zombie has ended; whoever adopted it has not asked yet.
fn is_alive(process: u32) -> bool {
    state(process).is_some_and(|(state, _)| state != "Z" && state != "X")
}
