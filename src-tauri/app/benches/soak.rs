//! 1,000 flows in one process, one after the other, as the window runs them: memory, file
//! descriptors, threads and tasks stay what they were after the first ones.
//!
//! `cargo xtask bench soak`, on Linux. The lab is a process of its own, so that what it keeps of
//! each flow is not counted.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use app::App;
use lab::{Lab, LabOptions};
use session::{Browser, Options, Registration, Status};
use tokio::runtime::Handle;
use vault::Vault;

const FLOWS: usize = 1_000;
/// How many runs it takes until nothing more is kept: so many documents stay open, and so many past
/// runs are listed.
const WARM_UP: usize = 200;
const EACH: usize = 100;
/// How much memory may grow: an allocator returns it late.
const GROWTH: f64 = 1.1;
/// How much may be under way at the moment of counting.
const UNDER_WAY: usize = 4;

/// Given to the process that is the lab.
const LAB: &str = "--lab";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == LAB) {
        serve().await;
        return ExitCode::SUCCESS;
    }
    // `cargo test --all-targets` runs benchmarks too, without this argument.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    if !Path::new("/proc/self/fd").exists() {
        println!("skipped: what a process uses is read from /proc");
        return ExitCode::SUCCESS;
    }
    let (url, _lab) = lab();
    let folder = std::env::temp_dir().join(format!("authscope-soak-{}", std::process::id()));
    let app = App::with_vault(folder.clone(), folder.clone(), Vault::memory("a benchmark"));
    println!("   flows   memory  descriptors  threads  tasks");
    let mut first = None;
    for flow in 1..=FLOWS {
        run(&app, &url).await;
        if flow % EACH != 0 {
            continue;
        }
        let used = Used::now();
        println!(
            "{flow:>8} {:>5.1} MB {:>12} {:>8} {:>6}",
            used.memory as f64 / 1e6,
            used.descriptors,
            used.threads,
            used.tasks
        );
        if flow == WARM_UP {
            first = Some(used);
        }
    }
    let _ = std::fs::remove_dir_all(folder);
    let complaints = first.map_or_else(Vec::new, |first| Used::now().complaints(&first));
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    if complaints.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// One flow to its end.
async fn run(app: &App, url: &str) {
    let options = Options {
        server_url: url.into(),
        browser: Browser::Approver { form: Vec::new() },
        use_stored_token: false,
        // One client: tokens of each new one would be kept, as they should be.
        registration: Registration::Preregistered {
            client_id: "lab-public".into(),
            client_secret: None,
            private_key_file: None,
            alg: None,
        },
        ..Options::default()
    };
    app.start(options, None)
        .await
        .expect("the options are usable");
    let document = app.document().expect("it was just opened");
    let session = document.session().expect("it is a run");
    session.run().await.expect("there is a step to do");
    document.rest().await;
    let view = document.view().expect("a run says where it stands");
    assert!(
        matches!(view.status, Status::Done { .. }),
        "{:?}",
        view.status
    );
}

/// Is the lab until nobody reads from it any more.
async fn serve() {
    let lab = Lab::start(LabOptions {
        auto_approve: true,
        ..LabOptions::default()
    })
    .await
    .expect("two free ports");
    println!("{}", lab.mcp_url());
    let until_closed = || std::io::stdin().read_to_end(&mut Vec::new());
    let _ = tokio::task::spawn_blocking(until_closed).await;
}

/// The address of the lab, and its process, which ends with this one.
fn lab() -> (String, LabProcess) {
    let this = std::env::current_exe().expect("this program has a file");
    let mut child = Command::new(this)
        .arg(LAB)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program can start itself");
    let output = child.stdout.take().expect("it is piped");
    let mut url = String::new();
    BufReader::new(output)
        .read_line(&mut url)
        .expect("the lab says where it is");
    (url.trim().to_owned(), LabProcess(child))
}

struct LabProcess(Child);

impl Drop for LabProcess {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// What this process uses.
struct Used {
    /// Bytes in memory.
    memory: usize,
    /// Files, sockets and listeners.
    descriptors: usize,
    threads: usize,
    /// Of the runtime.
    tasks: usize,
}

impl Used {
    fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").expect("there is /proc");
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.and_then(|number| number.parse().ok()).unwrap_or(0)
        };
        let entries = |folder| std::fs::read_dir(folder).map_or(0, Iterator::count);
        Self {
            memory: number("VmRSS:") * 1024,
            descriptors: entries("/proc/self/fd"),
            threads: number("Threads:"),
            tasks: Handle::current().metrics().num_alive_tasks(),
        }
    }

    /// What grew since then.
    fn complaints(&self, first: &Self) -> Vec<String> {
        let mut complaints = Vec::new();
        let most = first.memory as f64 * GROWTH;
        if self.memory as f64 > most {
            let (was, is) = (first.memory as f64 / 1e6, self.memory as f64 / 1e6);
            complaints.push(format!("memory grew from {was:.1} MB to {is:.1} MB"));
        }
        for (what, was, is) in [
            ("descriptors", first.descriptors, self.descriptors),
            ("threads", first.threads, self.threads),
            ("tasks", first.tasks, self.tasks),
        ] {
            if is > was + UNDER_WAY {
                complaints.push(format!("{what} grew from {was} to {is}"));
            }
        }
        complaints
    }
}
