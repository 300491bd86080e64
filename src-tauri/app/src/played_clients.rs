//! The clients that were played, what became of the server with each, and their runs.

use std::sync::{Arc, Mutex};

use serde::Serialize;
use session::Options;
use tokio::sync::watch;
use ts_rs::TS;

use crate::client_table::{ClientRow, evidence};
use crate::open_document::Open;
use crate::shown::lock;

/// What became of a server in the hands of known clients, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ClientTable {
    pub server_url: String,
    /// How many clients there are.
    pub of: u32,
    /// The client that is being played; null when none is.
    pub playing: Option<String>,
    pub rows: Vec<PlayedRow>,
}

/// A client with the run that shows what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct PlayedRow {
    pub row: ClientRow,
    /// The document of the run.
    pub document: u32,
    /// What is played of it, and where each is known from.
    pub facts: Vec<KnownFact>,
    /// What servers trip over with it.
    pub weaknesses: Vec<KnownFact>,
}

/// Something that is known of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct KnownFact {
    pub what: String,
    /// How well it is known, and of which version.
    pub evidence: String,
    pub link: String,
}

impl PlayedRow {
    pub fn of(profile: &clients::Profile, row: ClientRow, document: u32) -> Self {
        let facts = profile.facts.iter().map(|fact| KnownFact {
            what: fact.what.clone(),
            evidence: evidence(fact.grade, &fact.version),
            link: fact.link.clone(),
        });
        let weaknesses = profile.weaknesses.iter().map(|weakness| KnownFact {
            what: weakness.what.clone(),
            evidence: weakness.versions.clone(),
            link: weakness.link.clone(),
        });
        Self {
            row,
            document,
            facts: facts.collect(),
            weaknesses: weaknesses.collect(),
        }
    }
}

/// The clients that were played last, and their runs.
#[derive(Default)]
pub(crate) struct PlayedClients(Mutex<Option<Arc<Playing>>>);

/// A table and the runs behind it. They do not count as documents of the window until one is
/// opened, so that they do not push others out.
pub(crate) struct Playing {
    options: Options,
    table: watch::Sender<ClientTable>,
    runs: Mutex<Vec<Open>>,
    stop: watch::Sender<bool>,
}

impl PlayedClients {
    /// A table of its own for what is played now. What was played before ends.
    pub fn begin(
        &self,
        options: Options,
        table: ClientTable,
    ) -> (Arc<Playing>, watch::Receiver<bool>) {
        self.stop();
        let (stop, stopped) = watch::channel(false);
        let playing = Arc::new(Playing {
            options,
            table: watch::Sender::new(table),
            runs: Mutex::default(),
            stop,
        });
        *lock(&self.0) = Some(playing.clone());
        (playing, stopped)
    }

    /// The run of this document.
    pub fn run(&self, document: u32) -> Option<Open> {
        let playing = self.playing()?;
        let runs = lock(&playing.runs);
        let mut runs = runs.iter().filter(|run| run.document.id() == document);
        runs.next().cloned()
    }

    pub fn forget(&self) {
        self.stop();
        *lock(&self.0) = None;
    }

    pub fn playing(&self) -> Option<Arc<Playing>> {
        lock(&self.0).clone()
    }

    /// Ends what is being played. What it registered is deleted all the same.
    pub fn stop(&self) {
        if let Some(playing) = self.playing() {
            playing.stop.send_replace(true);
        }
    }
}

impl Playing {
    pub fn table(&self) -> ClientTable {
        self.table.borrow().clone()
    }

    /// Wakes at each change of the table.
    pub fn follow(&self) -> watch::Receiver<ClientTable> {
        self.table.subscribe()
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    pub fn add(&self, row: PlayedRow, run: Open) {
        // Set before the row is shown, so that whoever sees the row can open its run.
        lock(&self.runs).push(run);
        self.table.send_modify(|table| table.rows.push(row));
    }

    pub fn plays(&self, client: Option<&str>) {
        let playing = client.map(str::to_owned);
        self.table.send_modify(|table| table.playing = playing);
    }
}
