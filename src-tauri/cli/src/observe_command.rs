//! `authscope-cli observe`: passes on what a client asks, then says what was seen.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use app::{Document, HandedOn, Library, Mirror, Observation, Rewriting, SNIPPETS, Snippet, Status};
use formats::{Redactor, visible_json};
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use crate::arguments::ObserveArguments;
use crate::check_command::{print_recording, print_rows};
use crate::exports::{self, Exports};
use crate::lab_command::ending;
use crate::paint::Paint;
use crate::run_command::{create, exit_code, print_end, write};
use crate::terminal::{Failure, Terminal};

pub async fn run(arguments: ObserveArguments) -> Result<ExitCode, Failure> {
    let output = &arguments.output;
    let to_standard_output = output.json.as_deref() == Some(Path::new("-"));
    let paint = Paint::new(if to_standard_output {
        Terminal::standard_error()
    } else {
        Terminal::standard_output()
    });
    // Files are opened first, so that nothing is begun that could not be kept.
    let json_file = output.json.as_deref().filter(|_| !to_standard_output);
    let exported = output.export.iter().map(|to| to.path.as_path());
    exports::check_different(
        output
            .har
            .as_deref()
            .into_iter()
            .chain(exported)
            .chain(json_file),
    )?;
    let exports = Exports::open(
        output.har.as_deref(),
        &output.export,
        output.include_secrets,
    )?;
    let json = json_file.map(create).transpose()?;

    let ending = ending();
    let document = observe(&arguments).await?;
    until_the_end(&document, arguments.idle, ending).await;
    document.stop_observing().await;
    print_way_back(&arguments)?;

    let mut shown = Mirror::default();
    let mut viewer = document.viewer();
    while let Some(update) = viewer.try_next() {
        shown.apply(update);
    }
    let opened = document.opened();
    let typed = document.typed_secrets();
    let redactor = Redactor::of(&opened.trace, &typed);
    print_recording(&opened, &paint)?;
    let others = replay::unrelated(&opened.trace) > 0;
    print_rows(&opened.trace, &shown, others, &redactor, &paint)?;
    let view = shown.view.as_ref();
    let status = view.map_or(Status::Ready, |view| view.status.clone());
    print_end(&opened.trace, &redactor, &status, &shown.findings, &paint)?;

    let ledger = document.ledger();
    exports.write(&HandedOn::of(&document))?;
    let report = || app::recording_report(&opened, &typed, &shown.findings, &ledger);
    if to_standard_output {
        Terminal::standard_output().json(&report())?;
    } else if let Some(file) = json {
        write(file, output.json.as_deref(), |to| {
            writeln!(to, "{}", visible_json(&format!("{:#}", report())))
        })?;
    }
    Ok(exit_code(&status, &shown.findings, output.fail_on))
}

/// Opens the proxy, and says where it is.
async fn observe(arguments: &ObserveArguments) -> Result<std::sync::Arc<Document>, Failure> {
    let wanted = Observation {
        rewriting: match (arguments.no_rewrite, arguments.mcp_only) {
            (true, _) => Rewriting::Nothing,
            (false, true) => Rewriting::McpServer,
            (false, false) => Rewriting::Everything,
        },
        port: arguments.port,
        public_url: arguments.public_url.clone(),
        patience: arguments.patience,
        ..Observation::of(arguments.options.0.clone())
    };
    let mut library = app::usual_folder().map(Library::open);
    let kept = library
        .as_ref()
        .map_or(&[][..], |library| &library.observed);
    let wanted = wanted.with_kept(kept);
    let document = Document::observed(1, wanted)
        .await
        .map_err(|error| Failure([error.message].into_iter().chain(error.hint).collect()))?;
    let observer = document
        .observer()
        .ok_or_else(|| "nothing is observed".to_owned())?;
    let to_keep = document.to_keep();
    if let Some((library, kept)) = library.as_mut().zip(to_keep)
        && let Err(error) = library.keep_observed(kept)
    {
        tracing::warn!(%error, "the URL will be another one next time");
    }
    print_snippet(arguments, observer.url(), observer.port())?;
    Terminal::standard_output().json_line(&json!({
        "url": observer.url(),
        "server": arguments.options.0.server_url,
        "port": observer.port(),
    }))?;
    Ok(document)
}

/// What the user has to do, on the standard error: the standard output is for programs.
fn print_snippet(arguments: &ObserveArguments, url: &str, port: u16) -> Result<(), Failure> {
    let terminal = Terminal::standard_error();
    if let Some(public) = &arguments.public_url {
        terminal.line(format!(
            "{public} leads from the internet to port {port} of this machine, as long as this runs. Whoever has the \
             whole URL reaches the observed server, and nothing else; everybody else gets 404."
        ))?;
    }
    let Some(snippet) = chosen(arguments) else {
        return Ok(());
    };
    if snippet.hosted && arguments.public_url.is_none() {
        terminal.line(format!(
            "{} connects from elsewhere: it needs the public URL of a tunnel, --public-url.",
            snippet.client
        ))?;
    }
    terminal.line(format!("{}:", snippet.place))?;
    terminal.line(format!("  {}", snippet.with(url)))?;
    terminal.line(format!("To log in again: {}", snippet.log_in_again))
}

/// What is left to do in the client once its URL leads nowhere any more.
fn print_way_back(arguments: &ObserveArguments) -> Result<(), Failure> {
    match chosen(arguments) {
        Some(snippet) => {
            let words = format!("{} still has the URL. {}", snippet.client, snippet.remove);
            Terminal::standard_error().line(words)
        }
        None => Ok(()),
    }
}

fn chosen(arguments: &ObserveArguments) -> Option<&'static Snippet> {
    let chosen = arguments.snippet.as_deref();
    SNIPPETS.iter().find(|snippet| Some(snippet.id) == chosen)
}

/// Until the user or the system asks to end, or nothing passed for so many seconds.
async fn until_the_end(document: &Document, idle: Option<u64>, ending: impl Future<Output = ()>) {
    let quiet = async {
        let (Some(observer), Some(idle)) = (document.observer(), idle) else {
            return std::future::pending().await;
        };
        let idle = Duration::from_secs(idle);
        loop {
            let end = observer.last() + idle;
            if end <= std::time::Instant::now() {
                return;
            }
            sleep_until(Instant::from_std(end)).await;
        }
    };
    tokio::select! {
        () = ending => {}
        () = quiet => {}
    }
}
