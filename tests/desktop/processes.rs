//! What the system knows of running processes (proc(5)).

use std::fs;
use std::path::{Path, PathBuf};

fn pids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

pub fn exe_of(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

pub fn pid_of(program: &Path) -> Option<u32> {
    pids().find(|pid| exe_of(*pid).is_some_and(|exe| exe == program))
}

/// The process and all below it.
pub fn tree_of(root: u32) -> Vec<u32> {
    let mut tree = vec![root];
    let mut next = 0;
    while let Some(&parent) = tree.get(next) {
        tree.extend(pids().filter(|pid| field(*pid, 4) == Some(f64::from(parent))));
        next += 1;
    }
    tree
}

/// A number of /proc/PID/stat, counted from 1 (proc(5)).
pub fn field(pid: u32, number: usize) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; what follows it begins with field 3.
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(number - 3)?.parse().ok()
}

/// KiB.
pub fn pss_of(pid: u32) -> f64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or_default()
}

/// Milliseconds of processor time that the processes have used, to 10 ms.
pub fn cpu_of(tree: &[u32]) -> f64 {
    const PER_TICK: f64 = 10.0;
    let ticks = |pid: &u32| Some(field(*pid, 14)? + field(*pid, 15)?);
    tree.iter().filter_map(ticks).sum::<f64>() * PER_TICK
}
