//! The table of clients in a window: played against the server of a run or of the start screen,
//! each run open to be looked at.

use serde::Deserialize;
use session::{AppError, ErrorCode, Options};
use ts_rs::TS;

use crate::app::{App, absolute};
use crate::client_table::{ClientRow, Step, client_table_json, client_table_markdown, play_each};
use crate::edge::{EdgeCheck, EdgeReport, EdgeRequest, PUBLIC_DNS, edge};
use crate::observed::bare;
use crate::open_document::{Open, running_lab};
use crate::played_clients::{ClientTable, PlayedRow};

/// What is to be played.
#[derive(Debug, Clone, PartialEq, Deserialize, TS)]
pub struct TableRequest {
    /// The server and how it is reached; null: as the current run has it.
    pub options: Option<Options>,
    /// The slug of a lab scenario; the server URL of the options is not used then.
    pub lab: Option<String>,
    /// The user agrees that the authorization server is told the names of other clients.
    pub consent: bool,
    /// Goes through the login with clients that run on this machine.
    pub login: bool,
}

impl App {
    /// Plays every known client against a server, one after the other. The table is reported
    /// whenever it grows. What was played before is forgotten.
    ///
    /// # Errors
    /// When the options cannot be used: the message names the field.
    pub async fn play_clients(
        &self,
        wanted: TableRequest,
        told: impl Fn(ClientTable),
    ) -> Result<ClientTable, AppError> {
        let (mut options, mut lab) = match wanted.options {
            Some(options) => (options, None),
            None => self.current_run().await?,
        };
        if let Some(slug) = &wanted.lab {
            lab = Some(running_lab(slug, &mut options).await?);
        }
        options.client.consent = wanted.consent;
        options.client.no_login = !wanted.login;
        let (playing, stopped) = self.played.begin(
            options.clone(),
            ClientTable {
                server_url: bare(&options.server_url),
                of: u32::try_from(clients::profiles().len()).unwrap_or(u32::MAX),
                playing: None,
                rows: Vec::new(),
            },
        );
        let played = play_each(
            &options,
            || self.next_document(),
            stopped,
            |step| {
                match step {
                    Step::Begins(profile) => playing.plays(Some(&profile.name)),
                    Step::IsOver(profile, row, document) => {
                        let mut options = options.clone();
                        options.client.play_as = Some(profile.id.clone());
                        let row = PlayedRow::of(profile, row.clone(), document.id());
                        let run = Open {
                            document,
                            options: Some(options),
                            observation: None,
                            lab: lab.clone(),
                            keeping: None,
                            past: None,
                        };
                        playing.add(row, run);
                    }
                }
                told(playing.table());
            },
        );
        let played = played.await;
        playing.plays(None);
        told(playing.table());
        played.map(|()| playing.table())
    }

    /// The table that was played last, for a window that was reloaded; `None` before the first.
    /// While clients are being played, each change of it is reported.
    pub async fn follow_clients(&self, told: impl Fn(ClientTable)) -> Option<ClientTable> {
        let mut changes = self.played.playing()?.follow();
        loop {
            let table = changes.borrow_and_update().clone();
            if table.playing.is_none() {
                return Some(table);
            }
            told(table.clone());
            // Another table is played instead.
            if changes.changed().await.is_err() {
                return Some(table);
            }
        }
    }

    /// Whether hosted clients can reach the server of the table, which is the user's own.
    ///
    /// # Errors
    /// Before the first table, or when the settings cannot be used.
    pub async fn check_edge(&self, wanted: EdgeRequest) -> Result<EdgeReport, AppError> {
        let playing = self.played.playing().ok_or_else(no_table)?;
        let check = EdgeCheck {
            options: playing.options().clone(),
            public_dns: wanted.public_dns.then(|| PUBLIC_DNS.to_owned()),
            authorization_server: wanted.authorization_server,
            client_documents: wanted.client_documents,
        };
        edge(&check).await.map_err(|message| AppError {
            code: ErrorCode::Invalid,
            message,
            hint: None,
        })
    }

    /// Ends what is being played. What is registered by then is deleted first.
    pub fn stop_clients(&self) {
        self.played.stop();
    }

    /// The table that was played last, as Markdown or as JSON.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] before the first one.
    pub fn client_table_text(&self, json: bool) -> Result<String, AppError> {
        let table = self.played.playing().ok_or_else(no_table)?.table();
        let rows = table.rows.into_iter().map(|played| played.row);
        let rows: Vec<ClientRow> = rows.collect();
        Ok(if json {
            let json = client_table_json(&table.server_url, &rows);
            formats::visible_json(&format!("{json:#}")) + "\n"
        } else {
            client_table_markdown(&table.server_url, &rows)
        })
    }

    /// Writes the table as JSON, and gives the path of the file.
    ///
    /// # Errors
    /// Before the first table, when the path is not absolute or the file cannot be written.
    pub async fn save_client_table(&self, path: &str) -> Result<String, AppError> {
        let text = self.client_table_text(true)?;
        let path = absolute(path)?;
        let target = path.clone();
        let writing = tokio::task::spawn_blocking(move || std::fs::write(target, text));
        let written = writing.await.map_err(std::io::Error::other).flatten();
        written.map_err(|error| AppError {
            code: ErrorCode::File,
            message: format!("file: {} could not be written: {error}", path.display()),
            hint: Some("Choose another folder.".into()),
        })?;
        Ok(path.display().to_string())
    }
}

fn no_table() -> AppError {
    AppError {
        code: ErrorCode::NotNow,
        message: "No client has been played.".into(),
        hint: None,
    }
}
