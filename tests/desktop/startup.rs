//! From the start of the program to its painted window, and the memory of all its processes.
//!
//! `cargo xtask bench startup` (Linux; brings a display and a keychain). Painted is what the web
//! view itself says: its first contentful paint. Memory is PSS, in which what processes share
//! counts once.

#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "the desktop tests use the rest")]
mod window;

#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "the other benchmark of the window uses the rest")]
mod processes;

#[cfg(target_os = "linux")]
#[tokio::main]
async fn main() {
    // `cargo test --all-targets` runs benchmarks too, without this argument; there is nothing to
    // measure then.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    linux::measure().await;
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("start-up is measured on Linux only");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::path::Path;

    use crate::processes::{field, pid_of, pss_of, tree_of};
    use crate::window::Window;

    const ROUNDS: usize = 7;

    pub async fn measure() {
        let (mut painted, mut memory, mut processes) = (Vec::new(), Vec::new(), 0);
        for round in 0..=ROUNDS {
            let window = Window::open("startup").await;
            let at = window.first_contentful_paint().await;
            let program =
                pid_of(Path::new(env!("CARGO_BIN_EXE_authscope"))).expect("the program runs");
            let tree = tree_of(program);
            // The first one fills the file cache.
            if round > 0 {
                painted.push(at - started(program));
                memory.push(tree.iter().map(|pid| pss_of(*pid)).sum::<f64>() / 1024.0);
                processes = tree.len();
            }
            window.close().await;
        }
        println!("start-up of the program, {ROUNDS} rounds: minimum, median, maximum");
        println!("  start to painted window  {}  ms", spread(painted));
        println!(
            "  memory (PSS)             {}  MiB, {processes} processes",
            spread(memory)
        );
    }

    fn spread(mut all: Vec<f64>) -> String {
        all.sort_by(f64::total_cmp);
        format!(
            "{:>7.0} {:>7.0} {:>7.0}",
            all[0],
            all[all.len() / 2],
            all[all.len() - 1]
        )
    }

    /// Milliseconds since 1970, to about 10 ms.
    fn started(pid: u32) -> f64 {
        const TICKS_PER_SECOND: f64 = 100.0;
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let booted = stat
            .lines()
            .find_map(|line| line.strip_prefix("btime ")?.parse::<f64>().ok());
        let uptime = fs::read_to_string("/proc/uptime").unwrap_or_default();
        let uptime: f64 = uptime
            .split(' ')
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or_default();
        // btime is in whole seconds; the clock less the uptime is the same to the millisecond.
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let precise = now.as_secs_f64() - uptime;
        let booted = booted
            .filter(|booted| (booted - precise).abs() > 2.0)
            .unwrap_or(precise);
        (booted + field(pid, 22).unwrap_or_default() / TICKS_PER_SECOND) * 1000.0
    }
}
