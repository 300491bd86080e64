//! What one running program holds: settings, vault, the open documents and the labs they run
//! against. The commands of a window are its methods.

mod copied;
mod exports;
mod follower;
mod kept_tokens;
mod past_runs;
mod remembering;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use diagnosis::Finding;
use formats::{FORMATS, Opened};
use session::{AppError, Breakpoint, ErrorCode, MOST_COPIES, Options, Session, vault_view};
use tokio::sync::{Mutex, OnceCell, watch};
use trace::Secret;
use vault::Vault;

pub(crate) use self::exports::absolute;
pub use self::exports::export_format;
pub use self::follower::Follower;
use self::remembering::{remember, tell_not_kept};
use crate::client_files::{ClientFile, client_files};
use crate::comparing::{Compared, compare_documents};
use crate::contract::{
    Boot, Comparison, Corrected, Detail, ExportFormat, Followed, Settings, Tables, TokenSeen,
};
use crate::document::Document;
use crate::history::History;
use crate::lab_scenarios;
use crate::library::Library;
use crate::observed::Observation;
use crate::open_document::{Open, RunningLab, running_lab};
use crate::played_clients::PlayedClients;
use crate::snippets::SNIPPETS;
use crate::tour::tour;

/// How many documents stay open, so that one can come back to them. The oldest is closed first.
const MOST_OPEN: usize = 50;

pub struct App {
    library: Arc<Mutex<Library>>,
    history: History,
    /// Problems with the past runs, for the user.
    history_notices: Mutex<Vec<String>>,
    /// Opened at the first use: the keychain may take a while to answer.
    vault: OnceCell<Vault>,
    /// Oldest first.
    open: Mutex<Vec<Open>>,
    /// How many documents there have been.
    count: AtomicU32,
    /// The one that the window shows and that its commands are for.
    current: watch::Sender<Option<Arc<Document>>>,
    export_folder: PathBuf,
    /// The breakpoints.
    breakpoints: Mutex<Vec<Breakpoint>>,
    /// Tokens of the keychain that the user was shown.
    revealed: Mutex<Vec<Secret>>,
    /// The table of clients that was played last.
    pub(crate) played: PlayedClients,
}

impl App {
    /// `folder` is where settings and past runs are kept, `export_folder` where files go unless
    /// the user chooses another place.
    pub fn new(folder: PathBuf, export_folder: PathBuf) -> Self {
        Self {
            history: History::new(folder.join("runs")),
            history_notices: Mutex::default(),
            library: Arc::new(Mutex::new(Library::open(folder))),
            vault: OnceCell::new(),
            open: Mutex::default(),
            count: AtomicU32::new(0),
            current: watch::Sender::new(None),
            export_folder,
            breakpoints: Mutex::default(),
            revealed: Mutex::default(),
            played: PlayedClients::default(),
        }
    }

    /// The same with a vault that is open already.
    pub fn with_vault(folder: PathBuf, export_folder: PathBuf, vault: Vault) -> Self {
        Self {
            vault: OnceCell::new_with(Some(vault)),
            ..Self::new(folder, export_folder)
        }
    }

    pub async fn boot(&self) -> Boot {
        let vault = vault_view(self.vault().await);
        let library = self.library.lock().await;
        let history = self.past_runs(library.settings.history).await;
        let mut notices = library.notices.clone();
        notices.extend(self.history_notices.lock().await.iter().cloned());
        notices.extend(vault.problem.clone());
        Boot {
            version: env!("CARGO_PKG_VERSION").into(),
            tables: Tables::all(),
            lab: lab_scenarios::cards(),
            settings: library.settings.clone(),
            history,
            vault,
            notices,
            export_folder: format!(
                "{}{}",
                self.export_folder.display(),
                std::path::MAIN_SEPARATOR
            ),
            formats: FORMATS
                .iter()
                .filter_map(|format| ExportFormat::of(&format.about()))
                .collect(),
            snippets: SNIPPETS.to_vec(),
            most_copies: MOST_COPIES,
            terms: diagnosis::terms(),
            browser_shows: diagnosis::browser_guides(),
            tour: tour(),
        }
    }

    /// The updates of whatever document is current, one document after the other.
    pub fn follow(&self) -> Follower {
        Follower {
            current: self.current.subscribe(),
            viewer: None,
        }
    }

    /// Starts a run, against the lab's scenario of this name where one is given. The document of
    /// the run before stays open.
    ///
    /// # Errors
    /// When an option cannot be used, the scenario is unknown, or the lab finds no free port. Then
    /// nothing has changed.
    pub async fn start(&self, options: Options, lab: Option<&str>) -> Result<(), AppError> {
        let typed = options.clone();
        let mut options = options;
        let lab = match lab {
            None => None,
            // For this run alone: the settings keep what was typed.
            Some(slug) => Some(running_lab(slug, &mut options).await?),
        };
        let in_lab = lab.is_some();
        self.begin(options, lab).await?;
        if !in_lab {
            let mut library = self.library.lock().await;
            let settings = Settings {
                options: typed,
                ..library.settings.clone()
            };
            library.save_settings(settings)?;
        }
        Ok(())
    }

    /// Starts a run with the options of the current one.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] when the current document is not a run.
    pub async fn restart(&self) -> Result<(), AppError> {
        let current = self.document()?;
        let open = self.open.lock().await.clone();
        let run = open
            .into_iter()
            .find(|open| open.document.id() == current.id());
        if let Some(again) = run.as_ref().and_then(|run| run.observation.clone()) {
            return self.observe(again).await;
        }
        if let Some(id) = run.as_ref().and_then(|run| run.past.clone()) {
            return self.run_past_again(&id).await;
        }
        let Some((options, lab)) = run.and_then(|run| Some((run.options?, run.lab))) else {
            return Err(not_a_run());
        };
        self.begin(options, lab).await
    }

    /// Makes an open document the current one again.
    ///
    /// # Errors
    /// [`ErrorCode::Invalid`] when it is not open any more.
    pub async fn reopen(&self, id: u32) -> Result<(), AppError> {
        if self.opened(id).await.is_err()
            && let Some(played) = self.played.run(id)
        {
            self.add(played).await;
        }
        let document = self.opened(id).await?;
        self.current.send_replace(Some(document));
        Ok(())
    }

    /// Forgets everything this program keeps: past runs, settings, tokens. Every document is
    /// closed.
    ///
    /// # Errors
    /// Names what could not be deleted; all else is gone.
    pub async fn forget_everything(&self) -> Result<(), AppError> {
        self.played.forget();
        let open = std::mem::take(&mut *self.open.lock().await);
        for open in &open {
            if let Some(session) = open.document.session() {
                session.signal_stop();
            }
            open.document.stop_observing().await;
            if let Some(keeping) = &open.keeping {
                keeping.forget();
            }
        }
        self.current.send_replace(None);
        let runs = self.history.forget_all();
        self.history_notices.lock().await.clear();
        let settings = self.library.lock().await.forget();
        let tokens = self.vault().await.clear().await.map_err(vault_error);
        runs.and(settings).and(tokens)
    }

    /// A number for a document that is to come.
    pub(crate) fn next_document(&self) -> u32 {
        self.count.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What the current document was started with, and the lab it runs against. Of a document that
    /// was never run here, its server.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] before the first document.
    pub(crate) async fn current_run(&self) -> Result<(Options, Option<Arc<RunningLab>>), AppError> {
        let current = self.document()?;
        let open = self.open.lock().await;
        let mut known = open
            .iter()
            .filter(|open| open.document.id() == current.id());
        let known = known.next();
        let observed = |open: &Open| open.observation.as_ref().map(|one| one.options.clone());
        let options = known.and_then(|open| open.options.clone().or_else(|| observed(open)));
        let options =
            options.unwrap_or_else(|| Options::for_server(current.trace().server_url.as_str()));
        Ok((options, known.and_then(|open| open.lab.clone())))
    }

    async fn add(&self, new: Open) {
        let mut open = self.open.lock().await;
        open.push(new);
        if open.len() > MOST_OPEN {
            open.remove(0);
        }
    }

    /// Compares two open documents: of each the flow of this number, else its last one.
    ///
    /// # Errors
    /// [`ErrorCode::Invalid`] when one of them is not open any more, or has no such flow.
    pub async fn compare(
        &self,
        a: (u32, Option<u16>),
        b: (u32, Option<u16>),
    ) -> Result<Comparison, AppError> {
        let (one, other) = (self.opened(a.0).await?, self.opened(b.0).await?);
        let compared = tokio::task::spawn_blocking(move || {
            let names = [a.0, b.0].map(|id| format!("run {id}"));
            let side = |name, document, flow| Compared {
                name,
                document,
                flow,
            };
            compare_documents(side(&names[0], &one, a.1), side(&names[1], &other, b.1))
        });
        compared.await.unwrap_or_else(|error| {
            Err(AppError {
                code: ErrorCode::Invalid,
                message: format!("The two could not be compared: {error}"),
                hint: None,
            })
        })
    }

    async fn opened(&self, id: u32) -> Result<Arc<Document>, AppError> {
        let open = self.open.lock().await;
        let mut documents = open.iter().map(|open| &open.document);
        let document = documents.find(|document| document.id() == id);
        document.cloned().ok_or_else(|| AppError {
            code: ErrorCode::Invalid,
            message: format!("document: expected the number of an open one, got {id}"),
            hint: Some("Start a new run with the same server.".into()),
        })
    }

    /// The document that commands are for.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] before the first one.
    pub fn document(&self) -> Result<Arc<Document>, AppError> {
        self.current.borrow().clone().ok_or_else(|| AppError {
            code: ErrorCode::NotNow,
            message: "No run has been started.".into(),
            hint: None,
        })
    }

    /// The run behind the current document, to control it.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] when there is none.
    pub fn session(&self) -> Result<Arc<Session>, AppError> {
        self.document()?.session().cloned().ok_or_else(not_a_run)
    }

    /// # Errors
    /// [`ErrorCode::Invalid`] when there is no such row.
    pub fn detail(&self, seq: u32, secrets: bool) -> Result<Detail, AppError> {
        let detail = self.document()?.detail(seq, secrets);
        detail.ok_or_else(|| AppError {
            code: ErrorCode::Invalid,
            message: format!("row: expected the number of a row, got {seq}"),
            hint: None,
        })
    }

    /// The request that was sent, corrected, where a finding of the current document says literally
    /// what is expected.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] before the first document.
    pub fn corrected(&self, finding: &Finding) -> Result<Option<Corrected>, AppError> {
        Ok(diagnosis::corrected(&self.document()?.trace(), finding))
    }

    /// Where a value stands in the current document, and what is computed from it.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] before the first document.
    pub async fn follow_value(&self, value: String) -> Result<Followed, AppError> {
        let trace = self.document()?.trace();
        let following = tokio::task::spawn_blocking(move || diagnosis::follow(&trace, &value));
        Ok(following.await.unwrap_or_default())
    }

    /// Every token that the current document holds.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] before the first document.
    pub async fn tokens_seen(&self) -> Result<Vec<TokenSeen>, AppError> {
        let trace = self.document()?.trace();
        let reading = tokio::task::spawn_blocking(move || diagnosis::tokens(&trace));
        Ok(reading.await.unwrap_or_default())
    }

    /// The servers that the configuration files of other clients on this machine name. Read now,
    /// and nothing of them is kept.
    pub async fn client_files(&self) -> Vec<ClientFile> {
        let reading = tokio::task::spawn_blocking(client_files);
        reading.await.unwrap_or_default()
    }

    /// # Errors
    /// When the file cannot be written.
    pub async fn save_settings(&self, settings: Settings) -> Result<(), AppError> {
        self.library.lock().await.save_settings(settings)
    }

    /// Starts a run in a document of its own and makes that the current one. A run that is not
    /// over is ended then; its document stays.
    async fn begin(&self, options: Options, lab: Option<Arc<RunningLab>>) -> Result<(), AppError> {
        let vault = self.vault().await.clone();
        let id = self.next_document();
        let scenario = lab.as_ref().map(|lab| lab.title.as_str());
        let keeping = Arc::new(self.history.keeping(Some(&options), scenario));
        let keep = Some(keeping.keep());
        let document = Document::live_kept(id, options.clone(), vault, keep).await?;
        tokio::spawn(remember(Arc::downgrade(&document), keeping.clone()));
        tokio::spawn(tell_not_kept(Arc::downgrade(&document), keeping.problem()));
        let breakpoints = self.breakpoints.lock().await.clone();
        if let Some(session) = document.session().filter(|_| !breakpoints.is_empty()) {
            session.set_breakpoints(breakpoints).await?;
        }
        self.add(Open {
            document: document.clone(),
            options: Some(options),
            observation: None,
            lab,
            keeping: Some(keeping),
            past: None,
        })
        .await;
        self.show(document);
        Ok(())
    }

    /// Begins to observe a client, in a document of its own, which becomes the current one.
    ///
    /// # Errors
    /// When an option cannot be used, or the port is taken. Then nothing has changed.
    pub async fn observe(&self, wanted: Observation) -> Result<(), AppError> {
        // A port is free for the next one only when the one before has ended.
        if let Ok(former) = self.document() {
            former.stop_observing().await;
        }
        let id = self.next_document();
        let kept = self.library.lock().await.observed.clone();
        let document = Document::observed(id, wanted.clone().with_kept(&kept)).await?;
        if let Some(kept) = document.to_keep()
            && let Err(error) = self.library.lock().await.keep_observed(kept)
        {
            tracing::warn!(%error, "the URL will be another one next time");
        }
        let keeping = Arc::new(self.history.keeping(None, None));
        tokio::spawn(remember(Arc::downgrade(&document), keeping.clone()));
        tokio::spawn(tell_not_kept(Arc::downgrade(&document), keeping.problem()));
        self.add(Open {
            document: document.clone(),
            options: None,
            observation: Some(wanted),
            lab: None,
            keeping: Some(keeping),
            past: None,
        })
        .await;
        self.show(document);
        Ok(())
    }

    /// Ends the current run, or the observing of a client.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] when there is nothing to end.
    pub async fn stop(&self) -> Result<(), AppError> {
        let document = self.document()?;
        if document.observer().is_some() {
            document.stop_observing().await;
            return Ok(());
        }
        self.session()?.stop().await
    }

    /// Something is under way that ends with the program.
    pub fn goes_on(&self) -> bool {
        let view = self.document().ok().and_then(|document| document.view());
        let plays = self.played.playing().map(|playing| playing.table());
        view.is_some_and(|view| view.goes_on) || plays.is_some_and(|table| table.playing.is_some())
    }

    /// Ends whatever is under way. What a run has got so far is kept.
    pub async fn stop_all(&self) {
        self.played.stop();
        if let Err(error) = self.stop().await {
            tracing::debug!(%error.message, "there is nothing to stop");
        }
    }

    /// Where runs wait from now on: the current one, and those that are started after it.
    ///
    /// # Errors
    /// [`ErrorCode::Invalid`] names what can never be met; then nothing has changed.
    pub async fn set_breakpoints(&self, breakpoints: Vec<Breakpoint>) -> Result<(), AppError> {
        for breakpoint in &breakpoints {
            breakpoint.check()?;
        }
        if let Ok(session) = self.session() {
            session.set_breakpoints(breakpoints.clone()).await?;
        }
        *self.breakpoints.lock().await = breakpoints;
        Ok(())
    }

    /// Makes a document the current one. What the former one does ends.
    fn show(&self, document: Arc<Document>) {
        let Some(former) = self.current.send_replace(Some(document)) else {
            return;
        };
        match former.session() {
            Some(session) => session.signal_stop(),
            None => {
                tokio::spawn(async move { former.stop_observing().await });
            }
        }
    }

    /// Opens a recording in a document of its own and makes that the current one. The former one is
    /// not interrupted.
    pub(crate) async fn show_recording(&self, opened: Opened) {
        let document = self.add_recorded(opened, None).await;
        self.current.send_replace(Some(document));
    }

    /// A document of a recording, or of the past run with this id.
    async fn add_recorded(&self, opened: Opened, past: Option<String>) -> Arc<Document> {
        let id = self.next_document();
        let document = Document::recorded(id, opened).await;
        self.add(Open {
            document: document.clone(),
            options: None,
            observation: None,
            lab: None,
            keeping: None,
            past,
        })
        .await;
        document
    }

    async fn vault(&self) -> &Vault {
        self.vault
            .get_or_init(async || {
                tokio::task::spawn_blocking(Vault::open)
                    .await
                    .unwrap_or_else(|_| Vault::memory("the keychain did not answer"))
            })
            .await
    }
}

fn not_a_run() -> AppError {
    AppError {
        code: ErrorCode::NotNow,
        message: "This is a recording; it cannot be stepped.".into(),
        hint: None,
    }
}

fn vault_error(error: impl std::fmt::Display) -> AppError {
    AppError {
        code: ErrorCode::Vault,
        message: format!("keychain: {error}"),
        hint: None,
    }
}
