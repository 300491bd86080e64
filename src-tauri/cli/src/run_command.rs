//! `authscope-cli run`: steps as they happen, then the findings.

use std::io::{self, Write as _};
use std::path::Path;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;

use app::{
    AppError, Document, Ending, HandedOn, History, Keeping, Mirror, PastRun, RunVerdict, Status,
    Update, Viewer,
};
use diagnosis::{Finding, Level};
use formats::{Fresh, Redactor, visible_json};
use session::Options;
use trace::{HowOpened, StopCode, Trace};
use vault::Vault;

use crate::arguments::{FailOn, OutputArguments, RunArguments};
use crate::exports::{self, Exports};
use crate::kept_runs;
use crate::paint::Paint;
use crate::terminal::{Failure, Terminal};

pub async fn run(arguments: RunArguments) -> Result<ExitCode, Failure> {
    let to_standard_output = arguments.output.json.as_deref() == Some(Path::new("-"));
    // With the report on the standard output, the words for people go to the other one.
    let paint = Paint::new(if to_standard_output {
        Terminal::standard_error()
    } else {
        Terminal::standard_output()
    });
    // Files are opened first, so that no run is begun whose result could not be kept.
    let json_file = arguments
        .output
        .json
        .as_deref()
        .filter(|_| !to_standard_output);
    let exported = arguments.output.export.iter().map(|to| to.path.as_path());
    let har = arguments.output.har.as_deref();
    exports::check_different(har.into_iter().chain(exported).chain(json_file))?;
    let exports = Exports::open(
        arguments.output.har.as_deref(),
        &arguments.output.export,
        arguments.output.include_secrets,
    )?;
    let json = json_file.map(create).transpose()?;

    let vault = Vault::memory("a headless run keeps no tokens");
    let options = arguments.options.0.clone();
    let keeping = keeping(&arguments.output, &options)?;
    let keep = keeping.as_ref().map(Keeping::keep);
    let document = Document::live_kept(1, options, vault, keep)
        .await
        .map_err(failure)?;
    let mut progress = Progress::new(&document, &paint);
    progress.keeping = keeping.clone();
    progress.follow(arguments.go_on).await?;
    let status = progress.status();
    let trace = document.trace();
    let findings = document.findings();
    let ledger = document.ledger();
    let typed = document.typed_secrets();
    let redactor = Redactor::of(&trace, &typed);
    print_end(&trace, &redactor, &status, &findings, &paint)?;

    let mut is_kept = true;
    if let (Some(keeping), Some(view)) = (&keeping, document.view())
        && let Some(run) = PastRun::of(&view, &findings, document.id(), trace.started)
    {
        let judged = (findings.as_ref(), ledger.as_ref());
        is_kept = keeping.finish(&trace, &typed, judged, &run).is_ok();
        progress.say_not_kept()?;
    }
    exports.write(&HandedOn::of(&document))?;
    let report = || app::report(&trace, &typed, &status, &findings, &ledger);
    if to_standard_output {
        Terminal::standard_output().json(&report())?;
    } else if let Some(file) = json {
        write(file, arguments.output.json.as_deref(), |to| {
            writeln!(to, "{}", visible_json(&format!("{:#}", report())))
        })?;
    }
    if !is_kept {
        // The reason was already printed.
        return Err(Failure(Vec::new()));
    }
    Ok(exit_code(&status, &findings, arguments.output.fail_on))
}

/// What keeps the run, where that is asked for.
fn keeping(output: &OutputArguments, options: &Options) -> Result<Option<Arc<Keeping>>, Failure> {
    if !output.keep {
        return Ok(None);
    }
    let folder = kept_runs::folder(output.folder.as_ref())?;
    let history = History::new(folder.join("runs"));
    Ok(Some(Arc::new(history.keeping(Some(options), None))))
}

/// How often `--go-on` goes on at the same stop: a server may stop a run again and again.
const MOST_GONE_ON: usize = 3;

/// What has been printed of a run so far.
struct Progress<'a> {
    document: &'a Document,
    viewer: Viewer,
    seen: Mirror,
    paint: &'a Paint,
    /// Knows the secrets of the rows that were printed.
    redactor: Redactor,
    /// The URL or code that was last shown to the user.
    told_to_open: String,
    /// The entry of the page that was reported last; 0 before.
    told_of_page: u32,
    /// What keeps the run; `None` once it was said that it is not kept.
    keeping: Option<Arc<Keeping>>,
}

impl<'a> Progress<'a> {
    fn new(document: &'a Document, paint: &'a Paint) -> Self {
        Self {
            document,
            viewer: document.viewer(),
            seen: Mirror::default(),
            paint,
            redactor: Redactor::of(&document.trace(), &document.typed_secrets()),
            told_to_open: String::new(),
            told_of_page: 0,
            keeping: None,
        }
    }

    fn status(&self) -> Status {
        let view = self.seen.view.as_ref();
        view.map_or(Status::Ready, |view| view.status.clone())
    }

    /// Runs to the end, printing each step once it is over.
    async fn follow(&mut self, go_on: bool) -> Result<(), Failure> {
        let document = self.document;
        let session = document.session().ok_or_else(|| "not a run".to_owned())?;
        session.run().await.map_err(failure)?;
        let mut gone_on = Vec::new();
        let mut interrupted = pin!(tokio::signal::ctrl_c());
        let mut may_interrupt = true;
        loop {
            tokio::select! {
                biased;
                // What is known by then is printed, as at any other end.
                heard = &mut interrupted, if may_interrupt => {
                    may_interrupt = false;
                    if heard.is_ok() {
                        session.signal_stop();
                    }
                    continue;
                }
                update = self.viewer.next() => match update {
                    Some(update) => {
                        self.take(update)?;
                        continue;
                    }
                    None => return Ok(()),
                },
                () = document.rest() => {}
            }
            while let Some(update) = self.viewer.try_next() {
                self.take(update)?;
            }
            // A flag about all kinds of stops does not decide where credentials go.
            let may_go_on = match self.status() {
                Status::Stopped {
                    code, can_go_on, ..
                } => can_go_on && !takes_consent(code),
                _ => false,
            };
            if !(go_on && may_go_on) {
                return Ok(());
            }
            if let Status::Stopped { code, .. } = self.status() {
                let times = gone_on.iter().filter(|earlier| **earlier == code).count();
                if times == MOST_GONE_ON {
                    let words = format!("--go-on went on {times} times at this, and stops now.");
                    return self.paint.say(words);
                }
                gone_on.push(code);
            }
            session.go_on().await.map_err(failure)?;
            // When it leads to another stop at once, there is no step to run.
            if let Err(error) = session.run().await {
                tracing::debug!(%error, "stopped again");
            }
        }
    }

    fn take(&mut self, update: Update) -> Result<(), Failure> {
        let first_new = self.seen.rows.len();
        self.seen.apply(update);
        let new = &self.seen.rows[first_new..];
        if !new.is_empty() {
            let trace = self.document.trace();
            for exchange in new
                .iter()
                .filter_map(|row| trace.entry(row.seq)?.exchange())
            {
                self.redactor.learn(exchange);
            }
        }
        for row in new {
            self.paint.row(row, &self.seen.findings, &self.redactor)?;
        }
        match self.status() {
            Status::AwaitingCallback {
                authorization_url,
                how,
                ..
            } if self.told_to_open != authorization_url => {
                match how {
                    HowOpened::Approver => {}
                    HowOpened::Watched => {
                        let open = "A browser of its own is open, and its pages are recorded; \
                                    waiting for it to come back.";
                        self.paint.say(open)?;
                    }
                    HowOpened::System => {
                        let open = "The browser is open; waiting for it to come back.";
                        self.paint.say(open)?;
                    }
                    // The one place where the whole URL is needed: it has to be opened by hand.
                    HowOpened::Shown => {
                        self.paint.say("Open this in a browser on this machine:")?;
                        self.paint.say(authorization_url.as_str())?;
                    }
                }
                self.told_to_open = authorization_url;
            }
            Status::AwaitingDevice {
                user_code,
                verification_uri,
                ..
            } if self.told_to_open != user_code => {
                // The code is for the one who reads this, and is of no use once it was entered.
                self.paint.say(format!(
                    "Open {verification_uri} and enter the code {user_code}"
                ))?;
                self.told_to_open = user_code;
            }
            _ => {}
        }
        self.say_not_kept()?;
        self.say_page()
    }
}

impl Progress<'_> {
    /// Says once that the run cannot be kept.
    fn say_not_kept(&mut self) -> Result<(), Failure> {
        let keeping = self.keeping.as_ref();
        let why = keeping.and_then(|keeping| keeping.problem().borrow().clone());
        if let Some(why) = why {
            self.keeping = None;
            Terminal::standard_error().line(format!("authscope-cli: {why}"))?;
        }
        Ok(())
    }

    /// What was found out about the page in a browser that has not come back.
    fn say_page(&mut self) -> Result<(), Failure> {
        let view = self.seen.view.as_ref();
        let Some(page) = view.and_then(|view| view.page.as_ref()) else {
            return Ok(());
        };
        if self.told_of_page == page.exchange {
            return Ok(());
        }
        self.told_of_page = page.exchange;
        self.paint.say(self.redactor.text(&page.text))
    }
}

pub fn failure(error: AppError) -> Failure {
    Failure([error.message].into_iter().chain(error.hint).collect())
}

pub fn print_end(
    trace: &Trace,
    redactor: &Redactor,
    status: &Status,
    findings: &[Finding],
    paint: &Paint,
) -> Result<(), Failure> {
    paint.say("")?;
    for finding in findings {
        paint.finding(finding, redactor)?;
    }
    let (ending, text) = match RunVerdict::of(trace, status, findings) {
        Some(verdict) => (verdict.ending, redactor.text(&verdict.text)),
        None => (Ending::Ended, "The run did not come to an end.".to_owned()),
    };
    paint.verdict(ending, &text)
}

/// Stops at which a flag says that credentials may be sent.
fn takes_consent(code: StopCode) -> bool {
    matches!(
        code,
        StopCode::CredentialsElsewhere | StopCode::IssuerNotConfirmed
    )
}

pub fn exit_code(status: &Status, findings: &[Finding], fail_on: FailOn) -> ExitCode {
    let reached = matches!(status, Status::Done { .. });
    // The command line lacks a flag.
    let unbound = matches!(
        status,
        Status::Stopped {
            code: StopCode::IssuerNotConfirmed,
            ..
        }
    );
    if unbound {
        return ExitCode::from(2);
    }
    let at_least = |level: Level| findings.iter().any(|finding| finding.level >= level);
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

pub fn create(path: &Path) -> Result<Fresh, String> {
    Fresh::create(path, false).map_err(|error| {
        format!(
            "{}: expected a file that can be written, got: {error}",
            path.display()
        )
    })
}

pub fn write(
    mut file: Fresh,
    path: Option<&Path>,
    content: impl FnOnce(&mut Fresh) -> io::Result<()>,
) -> Result<(), String> {
    let written = content(&mut file).and_then(|()| file.finish());
    written.map_err(|error| {
        format!(
            "{} could not be written: {error}",
            path.unwrap_or(Path::new("-")).display()
        )
    })
}
