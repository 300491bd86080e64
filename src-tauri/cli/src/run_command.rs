//! `authscope-cli run`: steps as they happen, then the findings.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use diagnosis::{Finding, Level};
use formats::Redactor;
use session::{Session, Status, Update};
use tokio::sync::mpsc::UnboundedReceiver;
use trace::HowOpened;
use vault::Vault;

use crate::arguments::{FailOn, RunArguments};
use crate::exports::Exports;
use crate::options::options;
use crate::paint::Paint;
use crate::report;
use crate::terminal::{Failure, Terminal};

/// What the run came to, gathered from the updates.
struct Outcome {
    status: Status,
    findings: Vec<Finding>,
}

pub async fn run(arguments: RunArguments) -> Result<ExitCode, Failure> {
    let to_standard_output = arguments.output.json.as_deref() == Some(Path::new("-"));
    // With the report on the standard output, the words for people go to the other one.
    let paint = Paint::new(if to_standard_output {
        Terminal::standard_error()
    } else {
        Terminal::standard_output()
    });
    // Files are opened first: a run whose result cannot be kept is not begun.
    let exports = Exports::open(&arguments.output)?;
    let json = arguments
        .output
        .json
        .as_deref()
        .filter(|_| !to_standard_output)
        .map(create)
        .transpose()?;

    let vault = Vault::memory("a headless run keeps no tokens");
    let (session, updates) = Session::start(options(&arguments)?, vault, 1)
        .await
        .map_err(|error| Failure([error.message].into_iter().chain(error.hint).collect()))?;
    let outcome = follow(&session, updates, &paint, arguments.flow.go_on).await?;
    print_end(&session, &outcome, &paint)?;

    exports.write(&session.trace(), &session.typed_secrets())?;
    let report = || {
        report::report(
            &session.trace(),
            &session.typed_secrets(),
            &outcome.status,
            &outcome.findings,
        )
    };
    if to_standard_output {
        Terminal::standard_output().json(&report())?;
    } else if let Some(file) = json {
        write(file, arguments.output.json.as_deref(), |to| {
            writeln!(to, "{:#}", report())
        })?;
    }
    Ok(exit_code(&outcome, arguments.output.fail_on))
}

/// Runs to the end, printing each step once it is over.
async fn follow(
    session: &Session,
    mut updates: UnboundedReceiver<Update>,
    paint: &Paint,
    go_on: bool,
) -> Result<Outcome, Failure> {
    let mut outcome = Outcome {
        status: Status::Ready,
        findings: Vec::new(),
    };
    let mut told_to_open = String::new();
    session.run().await.map_err(|error| error.to_string())?;
    while let Some(update) = updates.recv().await {
        let running = update.view.running;
        outcome.take(update, session, paint, &mut told_to_open)?;
        if running {
            continue;
        }
        // What it came to is told more than once; only the last of it counts.
        session.rest().await;
        while let Ok(update) = updates.try_recv() {
            outcome.take(update, session, paint, &mut told_to_open)?;
        }
        match &outcome.status {
            Status::Stopped {
                can_go_on: true, ..
            } if go_on => {
                session.go_on().await.map_err(|error| error.to_string())?;
                // Where it leads to a further stop at once, there is no step to do and nothing to
                // run.
                if let Err(error) = session.run().await {
                    tracing::debug!(%error, "stopped again");
                }
            }
            Status::Done { .. } | Status::Stopped { .. } | Status::Ended => break,
            Status::Ready
            | Status::Sending
            | Status::AwaitingKeychain
            | Status::AwaitingCallback { .. }
            | Status::AwaitingDevice { .. } => {}
        }
    }
    Ok(outcome)
}

impl Outcome {
    fn take(
        &mut self,
        update: Update,
        session: &Session,
        paint: &Paint,
        told_to_open: &mut String,
    ) -> Result<(), Failure> {
        if let Some(findings) = update.findings {
            self.findings = findings;
        }
        if !update.rows.is_empty() {
            let redactor = Redactor::of(&session.trace(), &session.typed_secrets());
            for row in &update.rows {
                paint.row(row, &self.findings, &redactor)?;
            }
        }
        if let Status::AwaitingCallback {
            authorization_url,
            how,
            ..
        } = &update.view.status
            && told_to_open != authorization_url
        {
            told_to_open.clone_from(authorization_url);
            match how {
                HowOpened::Approver => {}
                HowOpened::System => {
                    paint.say("The browser is open; waiting for it to come back.")?;
                }
                // The one place where the whole URL is needed: it has to be opened by hand.
                HowOpened::Shown => {
                    paint.say("Open this in a browser on this machine:")?;
                    paint.say(authorization_url.as_str())?;
                }
            }
        }
        if let Status::AwaitingDevice {
            user_code,
            verification_uri,
            ..
        } = &update.view.status
            && told_to_open != user_code
        {
            told_to_open.clone_from(user_code);
            // The code is for the one who reads this, and is of no use once it was entered.
            paint.say(format!(
                "Open {verification_uri} and enter the code {user_code}"
            ))?;
        }
        self.status = update.view.status;
        Ok(())
    }
}

fn print_end(session: &Session, outcome: &Outcome, paint: &Paint) -> Result<(), Failure> {
    let redactor = Redactor::of(&session.trace(), &session.typed_secrets());
    paint.say("")?;
    for finding in &outcome.findings {
        paint.finding(finding, &redactor)?;
    }
    let message = match &outcome.status {
        Status::Done { message } => message.clone(),
        Status::Stopped { message, .. } => format!("Stopped: {}", redactor.text(message)),
        _ => "The run did not come to an end.".to_owned(),
    };
    paint.verdict(matches!(outcome.status, Status::Done { .. }), &message)
}

fn exit_code(outcome: &Outcome, fail_on: FailOn) -> ExitCode {
    let reached = matches!(outcome.status, Status::Done { .. });
    let at_least = |level: Level| {
        outcome
            .findings
            .iter()
            .any(|finding| finding.level >= level)
    };
    let met = match fail_on {
        FailOn::Error => at_least(Level::Error),
        FailOn::Warning => at_least(Level::Warning),
        FailOn::Never => false,
    };
    if reached && !met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn create(path: &Path) -> Result<File, String> {
    File::create(path).map_err(|error| {
        format!(
            "{}: expected a file that can be written, got: {error}",
            path.display()
        )
    })
}

fn write(
    file: File,
    path: Option<&Path>,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), String> {
    let mut to = BufWriter::new(file);
    let written = content(&mut to).and_then(|()| to.flush());
    written.map_err(|error| {
        format!(
            "{} could not be written: {error}",
            path.unwrap_or(Path::new("-")).display()
        )
    })
}
