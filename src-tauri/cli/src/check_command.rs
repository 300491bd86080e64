//! `authscope-cli check`: what a recording shows, then the findings.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::process::ExitCode;

use app::{Document, Mirror, Row, Status, known_words, next_piece};
use formats::{Opened, Redactor, visible_json};
use trace::{FlowInfo, Origin, Trace};

use crate::arguments::{CheckArguments, ShowArguments};
use crate::explain_command;
use crate::paint::Paint;
use crate::run_command::{create, exit_code, print_end, write};
use crate::terminal::{Failure, Terminal};

pub async fn run(arguments: &CheckArguments) -> Result<ExitCode, Failure> {
    show(open(&arguments.file)?, &arguments.show).await
}

/// Says what a recording shows.
///
/// # Errors
/// When the report cannot be written.
pub async fn show(opened: Opened, arguments: &ShowArguments) -> Result<ExitCode, Failure> {
    let to_standard_output = arguments.json.as_deref() == Some(Path::new("-"));
    let paint = Paint::new(if to_standard_output {
        Terminal::standard_error()
    } else {
        Terminal::standard_output()
    });
    let json = arguments.json.as_deref().filter(|_| !to_standard_output);
    let json = json.map(create).transpose()?;

    let document = Document::recorded(1, opened.clone()).await;
    let mut shown = Mirror::default();
    let mut viewer = document.viewer();
    while let Some(update) = viewer.try_next() {
        shown.apply(update);
    }
    print_recording(&opened, &paint)?;
    let redactor = Redactor::of(&opened.trace, &[]);
    print_rows(&opened.trace, &shown, arguments.all, &redactor, &paint)?;
    let view = shown.view.as_ref();
    let status = view.map_or(Status::Ready, |view| view.status.clone());
    print_words(&opened, &paint)?;
    print_end(&opened.trace, &redactor, &status, &shown.findings, &paint)?;
    print_next(&opened, &redactor, &paint)?;

    let report = || app::recording_report(&opened, &[], &shown.findings, &document.ledger());
    if to_standard_output {
        Terminal::standard_output().json(&report())?;
    } else if let Some(file) = json {
        write(file, arguments.json.as_deref(), |to| {
            writeln!(to, "{}", visible_json(&format!("{:#}", report())))
        })?;
    }
    Ok(exit_code(&status, &shown.findings, arguments.fail_on))
}

/// Opens a file, or the standard input for `-`.
///
/// # Errors
/// Names the file, what was expected and what came.
pub fn open(path: &Path) -> Result<Opened, Failure> {
    let is_input = path == Path::new("-");
    let mut file: Box<dyn Read> = if is_input {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(path).map_err(|error| {
            format!(
                "{}: expected a file that can be read, got: {error}",
                path.display()
            )
        })?;
        Box::new(file)
    };
    let name = (!is_input).then_some(path);
    app::open_recording(name, &mut file)
        .map_err(|error| Failure(vec![format!("{}: {error}", path.display())]))
}

/// Who recorded whose traffic, and what could not be read of it.
pub fn print_recording(opened: &Opened, paint: &Paint) -> Result<(), Failure> {
    let trace = &opened.trace;
    if let Origin::File { tool, version } = &trace.origin {
        let tool = tool.as_deref().unwrap_or("an unknown program");
        let version = version.as_deref().unwrap_or_default();
        paint.say(format!("Recorded by {tool} {version}"))?;
    }
    if !opened.pieces.is_empty() {
        paint.say("The text was taken for:")?;
    }
    for piece in opened.pieces.iter().take(MOST_PIECES) {
        let (first, last) = piece.lines;
        let lines = if first == last {
            format!("line {first}")
        } else {
            format!("lines {first} to {last}")
        };
        paint.say(format!("  {} ({lines})", piece.kind.words()))?;
    }
    if opened.pieces.len() > MOST_PIECES {
        let more = opened.pieces.len() - MOST_PIECES;
        paint.say(format!("  and {more} more pieces"))?;
    }
    let version = trace.client.version.as_deref().unwrap_or_default();
    let evidence = trace.client.evidence.iter().map(|one| one.what.as_str());
    let evidence: Vec<&str> = evidence.take(3).collect();
    let because = if evidence.is_empty() {
        String::new()
    } else {
        format!(" ({})", evidence.join("; "))
    };
    paint.say(format!("Client: {} {version}{because}", trace.client.name))?;
    let profile = clients::profiles()
        .iter()
        .find(|one| one.name == trace.client.name);
    for weakness in profile.into_iter().flat_map(|one| &one.weaknesses) {
        let about = &trace.client.name;
        paint.say(format!(
            "Known of {about}: {} ({})",
            weakness.what, weakness.link
        ))?;
    }
    for note in &opened.notes {
        paint.say(format!("Note: {note}"))?;
    }
    let unrelated = replay::unrelated(trace);
    if unrelated > 0 {
        let some = if unrelated == 1 {
            "exchange belongs"
        } else {
            "exchanges belong"
        };
        paint.say(format!(
            "{unrelated} other {some} to no flow; --all lists them"
        ))?;
    }
    Ok(())
}

/// What is known of errors that a client printed.
fn print_words(opened: &Opened, paint: &Paint) -> Result<(), Failure> {
    for (_, known) in known_words(opened).into_iter().take(MOST_PIECES) {
        for one in known.into_iter().take(MOST_KNOWN) {
            paint.say("")?;
            for line in explain_command::lines(one) {
                paint.say(line)?;
            }
        }
    }
    Ok(())
}

/// What to add, so that more can be judged.
fn print_next(opened: &Opened, redactor: &Redactor, paint: &Paint) -> Result<(), Failure> {
    if let Some(next) = next_piece(opened) {
        paint.say("")?;
        let end = if next.command.is_some() { ":" } else { "." };
        paint.say(format!("Next: {}{end}", next.sentence))?;
        if let Some(command) = next.command {
            paint.say(format!("  {}", redactor.text(&command)))?;
        }
    }
    Ok(())
}

/// The exchanges of each flow; with `all` those of no flow, too.
pub fn print_rows(
    trace: &Trace,
    shown: &Mirror,
    all: bool,
    redactor: &Redactor,
    paint: &Paint,
) -> Result<(), Failure> {
    let rows = |wanted: &dyn Fn(&trace::Entry) -> bool| -> Result<(), Failure> {
        let wanted = |row: &&Row| trace.entry(row.seq).is_some_and(wanted);
        let mut rows = shown.rows.iter().filter(wanted);
        rows.try_for_each(|row| paint.row(row, &shown.findings, redactor))
    };
    for (index, flow) in trace.flows.iter().enumerate() {
        if trace.flows.len() > 1 {
            paint.say("")?;
            paint.say(format!("Flow {}: {}", index + 1, server(flow, redactor)))?;
        }
        rows(&|entry| {
            entry.flow == Some(flow.id) || trace.flows.len() == 1 && entry.flow.is_some()
        })?;
    }
    if all {
        paint.say("")?;
        paint.say("Of no flow:")?;
        rows(&|entry| {
            entry
                .exchange()
                .is_some_and(|exchange| exchange.purpose.is_of_no_flow())
        })?;
    }
    Ok(())
}

/// Pieces of a pasted text that are listed, and meanings of one of its errors.
const MOST_PIECES: usize = 20;
const MOST_KNOWN: usize = 3;

fn server(flow: &FlowInfo, redactor: &Redactor) -> String {
    let url = flow.server_url.as_deref();
    url.map_or(
        "an MCP server that the recording does not show".into(),
        |url| redactor.url(url),
    )
}
