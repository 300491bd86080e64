//! `authscope-cli history`: the runs that were kept.

use std::process::ExitCode;

use app::{History, PastResult, PastRun};
use serde_json::json;

use crate::arguments::{HistoryArguments, HistoryCommand};
use crate::check_command;
use crate::kept_runs::folder;
use crate::terminal::{DIM, Failure, GREEN, Line, RED, Terminal, YELLOW};

pub async fn run(arguments: &HistoryArguments) -> Result<ExitCode, Failure> {
    let folder = folder(arguments.folder.as_ref())?;
    let history = History::new(folder.join("runs"));
    let error = Terminal::standard_error();
    for notice in history.recover() {
        error.line(format!("Note: {notice}"))?;
    }
    match &arguments.command {
        HistoryCommand::List { search, json } => list(&history, search.as_deref(), *json)?,
        HistoryCommand::Open { id, arguments } => {
            let opened = history.open(id).map_err(failure)?;
            return check_command::show(opened, arguments).await;
        }
        HistoryCommand::Note { id, text } => history.set_note(id, text).map_err(failure)?,
        HistoryCommand::Forget { id: Some(id), .. } => history.forget(id).map_err(failure)?,
        HistoryCommand::Forget { id: None, .. } => history.forget_all().map_err(failure)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn failure(error: app::AppError) -> Failure {
    Failure([error.message].into_iter().chain(error.hint).collect())
}

fn list(history: &History, search: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let (runs, notices) = history.list();
    for notice in notices {
        Terminal::standard_error().line(format!("Note: {notice}"))?;
    }
    let wanted = search.map(str::to_lowercase);
    let fits = |run: &&PastRun| wanted.as_deref().is_none_or(|wanted| run.has(wanted));
    let runs: Vec<&PastRun> = runs.iter().filter(fits).collect();
    let output = Terminal::standard_output();
    if as_json {
        return output.json(&json!({ "runs": runs }));
    }
    for run in runs {
        output.line(line(run))?;
    }
    Ok(())
}

fn line(run: &PastRun) -> Line {
    let (colour, sign) = match run.result {
        PastResult::Passed => (GREEN, "✓"),
        PastResult::Warned => (YELLOW, "▲"),
        PastResult::Failed => (RED, "✕"),
        PastResult::Ended | PastResult::Interrupted => (DIM, "–"),
    };
    let server = match &run.lab {
        Some(lab) => format!("lab: {lab}"),
        None => run.server_url.clone(),
    };
    let note = match run.note.as_str() {
        "" => String::new(),
        note => format!("  ({note})"),
    };
    Line::new()
        .plain(format!("{}  ", run.id))
        .styled(colour, sign)
        .plain(format!(" {server}  {}{note}", run.summary))
        .styled(DIM, format!("  {} ms", run.duration.as_millis()))
}
