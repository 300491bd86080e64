//! A run as the window has it: through the app layer, with everything shown that can be shown.
//!
//! The test program starts itself for it, so that this run has a process of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use app::{App, HandedOn};
use formats::{FORMATS, Secrets, visible_json};
use session::{Browser, Options};
use vault::Vault;

/// Given to the process that is the window.
const WINDOW: &str = "--as-window";

/// Looked at one by one. A hostile server can make as many rows as a run may have.
const ROWS: usize = 10;

const PREVIEW: usize = 100_000;

/// The process of a run against this server.
pub fn command(url: &str, folder: &Path) -> Command {
    let this = std::env::current_exe().expect("this program has a file");
    let mut command = Command::new(this);
    command.args([WINDOW, url]).arg(folder);
    command
}

/// Whether this process is one of those. Then it has run, and what it showed is written.
pub fn was_asked() -> bool {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, window, url, folder] = arguments.as_slice() else {
        return false;
    };
    if window != WINDOW {
        return false;
    }
    let runtime = app::runtime().expect("a runtime");
    runtime.block_on(run(url, PathBuf::from(folder)));
    // A task that a server keeps busy is not waited for.
    runtime.shutdown_background();
    true
}

async fn run(url: &str, folder: PathBuf) {
    let mut options = Options {
        browser: Browser::Approver { form: Vec::new() },
        ..Options::for_server(url)
    };
    options.network.timeout_seconds = 1;
    options.callback.timeout_seconds = 3;
    // Without optimization it takes long for what is read by default.
    if cfg!(debug_assertions) {
        options.network.body_limit = 300_000;
    }
    let vault = Vault::memory("a test");
    let app = App::with_vault(folder.clone(), folder, vault);
    app.start(options, None).await.expect("usable options");
    let document = app.document().expect("it was just opened");
    let mut viewer = document.viewer();
    let session = document.session().expect("it is a run");
    session.run().await.expect("there is a step to do");
    document.rest().await;

    // What crosses to the window holds what the user may look at; it has to be written as JSON.
    while let Some(update) = viewer.try_next() {
        serde_json::to_string(&update).expect("an update is JSON");
    }
    let trace = document.trace();
    for entry in trace.entries.iter().take(ROWS) {
        let detail = document.detail(entry.seq, false).expect("each row has one");
        serde_json::to_string(&detail).expect("a detail is JSON");
        for code in [detail.curl, detail.fetch, detail.python]
            .into_iter()
            .flatten()
        {
            show(&code);
        }
    }
    let handed_on = HandedOn::of(&document);
    for format in FORMATS.iter().filter(|format| format.about().can_write) {
        let export = handed_on.export(Secrets::Redacted);
        show(&formats::preview(*format, &export, PREVIEW));
    }
    let view = document.view().expect("a run says where it stands");
    assert!(view.next.is_none() || !view.running, "it runs on");
}

/// What leaves the window: its secrets are replaced.
fn show(text: &str) {
    println!("{}", visible_json(text));
}
