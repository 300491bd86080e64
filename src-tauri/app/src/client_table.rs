//! How each known client gets on with a server.

use std::sync::Arc;

use clients::{Grade, Profile};
use diagnosis::{Finding, Level};
use formats::Redactor;
use serde::Serialize;
use serde_json::{Value, json};
use session::{Action, AppError, Browser, BrowserMemory, Options, Status};
use tokio::sync::watch;
use trace::{ActionKind, Decision, Phase, Purpose, StopCode, Trace};
use ts_rs::TS;
use vault::Vault;

use crate::document::Document;
use crate::observed::bare;
use crate::update::Mirror;
use crate::verdict::RunVerdict;

/// The result of one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ClientRow {
    /// As `--as` takes it.
    pub client: String,
    pub name: String,
    pub outcome: ClientOutcome,
    /// The part of the flow at which it stops; null where it does not.
    pub step: Option<String>,
    /// The verdict of its run.
    pub why: String,
    /// The codes of the errors that were found, the root cause first.
    pub errors: Vec<String>,
    /// How well what was played is known, and of which version.
    pub evidence: String,
    /// The client_id of a registration that could not be deleted.
    pub left_registered: Option<String>,
}

/// How far a client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ClientOutcome {
    /// It reaches the server with a token, or needs none.
    Works,
    /// It gets to the login, which was not carried out.
    UpToLogin,
    Stops,
    /// The user ended it before that was known.
    Ended,
}

impl ClientOutcome {
    fn words(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::UpToLogin => "works up to the login",
            Self::Stops => "stops",
            Self::Ended => "was ended",
        }
    }
}

/// What is reported while clients are played.
pub(crate) enum Step<'s> {
    /// This one begins.
    Begins(&'static Profile),
    /// It is over, and this is its run.
    IsOver(&'static Profile, &'s ClientRow, Arc<Document>),
}

/// Plays every known client against a server, one after the other. What was registered is deleted
/// where the server lets it be, and listed where not. Each row is told as soon as it is known.
///
/// # Errors
/// When the options cannot be used.
pub async fn client_table(
    options: &Options,
    mut told: impl FnMut(&ClientRow),
) -> Result<Vec<ClientRow>, AppError> {
    // Without a way to end it.
    let (_stop, stopped) = watch::channel(false);
    let mut rows = Vec::new();
    play_each(
        options,
        || 1,
        stopped,
        |step| {
            if let Step::IsOver(_, row, _) = step {
                told(row);
                rows.push(row.clone());
            }
        },
    )
    .await?;
    Ok(rows)
}

/// The same until it is `stopped`; `number` names the documents of the runs. All clients are played
/// in one browser, so that a login that it remembers is gone through once.
pub(crate) async fn play_each(
    options: &Options,
    mut number: impl FnMut() -> u32,
    mut stopped: watch::Receiver<bool>,
    mut told: impl FnMut(Step<'_>),
) -> Result<(), AppError> {
    let mut options = options.clone();
    // A watched browser forgets everything with its run; the system's own does not.
    if options.browser == Browser::Watch {
        options.browser = Browser::System;
    }
    let browser = BrowserMemory::default();
    for profile in clients::profiles() {
        if *stopped.borrow_and_update() {
            break;
        }
        told(Step::Begins(profile));
        let (row, document) = played(&options, profile, number(), &browser, &mut stopped).await?;
        told(Step::IsOver(profile, &row, document));
    }
    Ok(())
}

async fn played(
    options: &Options,
    profile: &Profile,
    number: u32,
    browser: &BrowserMemory,
    stopped: &mut watch::Receiver<bool>,
) -> Result<(ClientRow, Arc<Document>), AppError> {
    let mut options = options.clone();
    options.client.play_as = Some(profile.id.clone());
    let vault = Vault::memory("a table of clients keeps no tokens");
    let document = Document::live_in(number, options, vault, browser.clone()).await?;
    let mut was_ended = false;
    if let Some(session) = document.session() {
        session.run().await?;
        tokio::select! {
            () = document.rest() => {}
            // The sender is gone: nobody can end it any more.
            true = async { stopped.wait_for(|stopped| *stopped).await.is_ok() } => {
                was_ended = true;
                session.stop().await?;
            }
        }
    }
    document.rest().await;
    let status = status(&document);
    let (trace, findings) = (document.trace(), document.findings());
    let left_registered = match registered(&trace) {
        Some(client_id) => (!deleted(&document).await).then_some(client_id),
        None => None,
    };
    let verdict = RunVerdict::of(&trace, &status, &findings);
    let outcome = match &status {
        Status::Done { .. } => ClientOutcome::Works,
        Status::Stopped {
            code: StopCode::EndsBeforeLogin,
            ..
        } => ClientOutcome::UpToLogin,
        _ if was_ended => ClientOutcome::Ended,
        _ => ClientOutcome::Stops,
    };
    let stops_at = verdict.as_ref().and_then(|verdict| verdict.phase);
    let stops_at = stops_at.filter(|_| outcome == ClientOutcome::Stops);
    let why = verdict.map_or_else(
        || "The run did not come to an end.".into(),
        |verdict| Redactor::of(&trace, &[]).text(&verdict.text),
    );
    let errors = findings
        .iter()
        .filter(|finding| finding.level == Level::Error);
    let row = ClientRow {
        client: profile.id.clone(),
        name: profile.name.clone(),
        outcome,
        step: stops_at.map(|phase: Phase| phase.title().to_owned()),
        why: format!("{why}{}", on_documents_alone(profile, &findings)),
        errors: errors.map(|finding| finding.code.clone()).collect(),
        evidence: evidence(profile.grade, &profile.version),
        left_registered,
    };
    Ok((row, document))
}

/// How well something is known, and of which version.
pub(crate) fn evidence(grade: Grade, version: &str) -> String {
    match version {
        "" => grade.words().to_owned(),
        version => format!("{}, {version}", grade.words()),
    }
}

/// What servers trip over with a client that is known from documents alone.
fn on_documents_alone(profile: &Profile, findings: &[Finding]) -> String {
    let of_client = findings.iter().filter(|finding| {
        profile.grade == Grade::Documented
            && finding.code.starts_with('K')
            && finding.level > Level::Note
    });
    let titles: Vec<&str> = of_client.map(|finding| finding.title.as_str()).collect();
    match titles.as_slice() {
        [] => String::new(),
        titles => format!(" By documents alone: {}.", titles.join("; ")),
    }
}

/// How far a run that rests has got.
fn status(document: &Document) -> Status {
    let mut mirror = Mirror::default();
    let mut viewer = document.viewer();
    while let Some(update) = viewer.try_next() {
        mirror.apply(update);
    }
    mirror
        .view
        .map_or(Status::Ready, |view| view.status.clone())
}

/// The client_id of a registration that this run made.
fn registered(trace: &Trace) -> Option<String> {
    trace
        .entries
        .iter()
        .rev()
        .find_map(|entry| match entry.decision()? {
            Decision::Client { client_id, how, .. } if how == "dynamic client registration" => {
                Some(client_id.clone())
            }
            _ => None,
        })
}

/// Deletes what a run registered, where the server lets it be (RFC 7592 section 2.3).
async fn deleted(document: &Document) -> bool {
    let delete = Action {
        kind: ActionKind::DeleteRegistration,
        call: None,
    };
    let Some(session) = document.session() else {
        return false;
    };
    if session.act(delete).await.is_err() {
        return false;
    }
    document.rest().await;
    document.trace().exchanges().any(|(_, exchange)| {
        exchange.purpose == Purpose::RegistrationDeletion
            && exchange.status().is_some_and(|status| status < 300)
    })
}

/// The table as Markdown.
pub fn client_table_markdown(server_url: &str, rows: &[ClientRow]) -> String {
    let mut lines = client_table_head(server_url).to_vec();
    lines.extend(rows.iter().map(client_table_line));
    lines.extend(client_table_foot(rows));
    lines.join("\n") + "\n"
}

/// The first lines of the table.
pub fn client_table_head(server_url: &str) -> [String; 2] {
    [
        format!("| client | {} | why | evidence |", cell(&bare(server_url))),
        "|---|---|---|---|".to_owned(),
    ]
}

/// The line of one client.
pub fn client_table_line(row: &ClientRow) -> String {
    format!(
        "| {} | {} | {} | {} |",
        row.name,
        came_to(row),
        cell(&row.why),
        row.evidence
    )
}

fn came_to(row: &ClientRow) -> String {
    match &row.step {
        Some(step) => format!("{} at {step}", row.outcome.words()),
        None => row.outcome.words().to_owned(),
    }
}

/// What is left behind, below the table; empty when all was deleted.
pub fn client_table_foot(rows: &[ClientRow]) -> Vec<String> {
    let mut lines = Vec::new();
    let left = rows
        .iter()
        .filter_map(|row| Some((&row.name, row.left_registered.as_ref()?)));
    for (at, (name, client_id)) in left.enumerate() {
        if at == 0 {
            let words = "The server does not let these registrations be deleted:";
            lines.extend([String::new(), words.to_owned(), String::new()]);
        }
        lines.push(format!("- {name}: {}", cell(client_id)));
    }
    lines
}

fn cell(text: &str) -> String {
    text.replace('|', r"\|").replace(['\r', '\n'], " ")
}

/// The table as JSON.
pub fn client_table_json(server_url: &str, rows: &[ClientRow]) -> Value {
    json!({
        "schema": "authscope-clients-1",
        "authscope": env!("CARGO_PKG_VERSION"),
        "server_url": bare(server_url),
        "clients": rows,
    })
}

#[cfg(test)]
mod tests {
    use diagnosis::{Certainty, Owner, SpecReference};

    use super::*;

    fn finding(code: &str, level: Level) -> Finding {
        Finding {
            code: code.into(),
            rule: String::new(),
            variant: String::new(),
            level,
            certainty: Certainty::Likely,
            owner: Owner::Client,
            owner_name: String::new(),
            exchange: None,
            part: None,
            title: format!("{code} is the weakness"),
            message: String::new(),
            expected: None,
            actual: None,
            fix: String::new(),
            spec: SpecReference {
                title: String::new(),
                url: String::new(),
                quote: String::new(),
            },
            cause: None,
        }
    }

    #[test]
    fn a_weakness_that_is_only_documented_says_so_after_all_else() {
        let found = [
            finding("K01", Level::Warning),
            finding("K09", Level::Note),
            finding("S09", Level::Error),
        ];
        let of = |client| on_documents_alone(clients::profile(client).unwrap(), &found);
        assert_eq!(of("claude-ai"), " By documents alone: K01 is the weakness.");
        assert_eq!(of("mcp-remote"), "");
        assert_eq!(of("codex"), "");
    }

    #[test]
    fn the_table_names_the_step_and_hides_what_is_secret_in_the_url() {
        let row = ClientRow {
            client: "cursor".into(),
            name: "Cursor".into(),
            outcome: ClientOutcome::Stops,
            step: Some("Registration".into()),
            why: "a | b".into(),
            errors: Vec::new(),
            evidence: "documented".into(),
            left_registered: Some("c1".into()),
        };
        let table = client_table_markdown("https://ada:pass@mcp.example/mcp", &[row]);
        assert!(!table.contains("pass"), "{table}");
        assert!(
            table.contains(r"| Cursor | stops at Registration | a \| b | documented |"),
            "{table}"
        );
        assert!(table.ends_with("- Cursor: c1\n"), "{table}");
    }
}
