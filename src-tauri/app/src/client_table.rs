//! What becomes of a server in the hands of each known client.

use clients::Profile;
use diagnosis::Level;
use formats::Redactor;
use serde::Serialize;
use serde_json::{Value, json};
use session::{Action, AppError, Options, Status};
use trace::{ActionKind, Decision, Purpose, StopCode, Trace};
use vault::Vault;

use crate::document::Document;
use crate::update::Mirror;
use crate::verdict::RunVerdict;

/// What became of one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientRow {
    /// As `--as` takes it.
    pub client: String,
    pub name: String,
    pub outcome: ClientOutcome,
    /// The verdict of its run.
    pub why: String,
    /// The codes of the errors that were found, the root cause first.
    pub errors: Vec<String>,
    /// How well what was played is known, and of which version.
    pub evidence: String,
    /// The client_id of a registration that could not be deleted.
    pub left_registered: Option<String>,
}

/// How far a client comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientOutcome {
    /// It reaches the server with a token, or needs none.
    Works,
    /// It comes to the login, which was not gone through.
    UpToLogin,
    Stops,
}

impl ClientOutcome {
    fn words(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::UpToLogin => "works up to the login",
            Self::Stops => "stops",
        }
    }
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
    let mut rows = Vec::new();
    for profile in clients::profiles() {
        let row = played(options, profile).await?;
        told(&row);
        rows.push(row);
    }
    Ok(rows)
}

async fn played(options: &Options, profile: &Profile) -> Result<ClientRow, AppError> {
    let mut options = options.clone();
    options.client.play_as = Some(profile.id.clone());
    let vault = Vault::memory("a table of clients keeps no tokens");
    let document = Document::live(1, options, vault).await?;
    if let Some(session) = document.session() {
        session.run().await?;
    }
    document.rest().await;
    let status = status(&document);
    let (trace, findings) = (document.trace(), document.findings());
    let registered = registered(&trace);
    let left_registered = match registered {
        Some(client_id) => (!deleted(&document).await).then_some(client_id),
        None => None,
    };
    let verdict = RunVerdict::of(&trace, &status, &findings);
    let errors = findings
        .iter()
        .filter(|finding| finding.level == Level::Error);
    Ok(ClientRow {
        client: profile.id.clone(),
        name: profile.name.clone(),
        outcome: match &status {
            Status::Done { .. } => ClientOutcome::Works,
            Status::Stopped {
                code: StopCode::EndsBeforeLogin,
                ..
            } => ClientOutcome::UpToLogin,
            _ => ClientOutcome::Stops,
        },
        why: verdict.map_or_else(
            || "The run did not come to an end.".into(),
            |verdict| Redactor::of(&trace, &[]).text(&verdict.text),
        ),
        errors: errors.map(|finding| finding.code.clone()).collect(),
        evidence: match profile.version.as_str() {
            "" => profile.grade.words().to_owned(),
            version => format!("{}, {version}", profile.grade.words()),
        },
        left_registered,
    })
}

/// Where a run that rests has come to.
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
        format!("| client | {} | why | evidence |", cell(server_url)),
        "|---|---|---|---|".to_owned(),
    ]
}

/// The line of one client.
pub fn client_table_line(row: &ClientRow) -> String {
    format!(
        "| {} | {} | {} | {} |",
        row.name,
        row.outcome.words(),
        cell(&row.why),
        row.evidence
    )
}

/// What is left behind, below the table; nothing where all was deleted.
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
        "server_url": server_url,
        "clients": rows,
    })
}
