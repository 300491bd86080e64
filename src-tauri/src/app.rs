//! What the program holds while it is open: settings, vault, the running session and the lab it may
//! run against.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use diagnosis::Finding;
use formats::{Export, FORMATS, Format, Secrets};
use lab::{Lab, LabOptions};
use session::{
    AppError, Boot, Detail, ErrorCode, ExportFormat, Library, Options, PastRun, RevealedToken,
    Session, Settings, Update, token_id, vault_view,
};
use tauri::ipc::Channel;
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use trace::{Secret, Timestamp, Trace};
use vault::{TokenSet, Vault};

use crate::lab_scenarios::{self, Scenario};
use crate::updates::{Updates, Window};

pub struct App {
    library: Arc<Mutex<Library>>,
    /// Opened at the first use: the keychain may take a while to answer.
    vault: OnceCell<Vault>,
    run: Mutex<Run>,
    window: Window,
    export_folder: PathBuf,
}

/// The session, the lab it runs against, and how many sessions there were.
#[derive(Default)]
struct Run {
    session: Option<Arc<Session>>,
    lab: Option<Lab>,
    number: u32,
}

impl App {
    pub fn new(folder: PathBuf, export_folder: PathBuf) -> Self {
        Self {
            library: Arc::new(Mutex::new(Library::open(folder))),
            vault: OnceCell::new(),
            run: Mutex::default(),
            window: Window::default(),
            export_folder,
        }
    }

    pub async fn boot(&self) -> Boot {
        let vault = vault_view(self.vault().await);
        let library = self.library.lock().await;
        let mut notices = library.notices.clone();
        notices.extend(vault.problem.clone());
        Boot {
            version: env!("CARGO_PKG_VERSION").into(),
            lab: lab_scenarios::cards(),
            settings: library.settings.clone(),
            history: library.history.clone(),
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
        }
    }

    pub async fn subscribe(&self, channel: Channel<Updates>) -> Result<(), AppError> {
        self.window.set(channel);
        let session = self.run.lock().await.session.clone();
        match session {
            Some(session) => session.replay().await,
            None => Ok(()),
        }
    }

    pub async fn start(&self, options: Options, lab: Option<&str>) -> Result<(), AppError> {
        // The keychain may take its time to open: other commands do not wait for that.
        let vault = self.vault().await.clone();
        let mut run = self.run.lock().await;
        let mut options = options;
        let typed = options.clone();
        let running = match lab {
            None => None,
            Some(slug) => {
                let scenario = lab_scenarios::scenario(slug).ok_or_else(|| no_scenario(slug))?;
                let lab = start_lab(scenario).await?;
                options.server_url = lab.mcp_url().to_owned();
                // Of this run alone: what is kept is what was typed.
                (scenario.way.run)(&lab, &mut options);
                Some(lab)
            }
        };
        self.begin(&mut run, options, vault, running.is_none())
            .await?;
        // The former lab is given up only now: a start that fails changes nothing.
        run.lab = running;
        if lab.is_none() {
            let mut library = self.library.lock().await;
            let settings = Settings {
                options: typed,
                ..library.settings.clone()
            };
            library.save_settings(settings)?;
        }
        Ok(())
    }

    pub async fn restart(&self) -> Result<(), AppError> {
        let vault = self.vault().await.clone();
        let mut run = self.run.lock().await;
        let options = run
            .session
            .as_ref()
            .ok_or_else(no_session)?
            .options()
            .clone();
        let remembered = run.lab.is_none();
        self.begin(&mut run, options, vault, remembered).await
    }

    pub async fn session(&self) -> Result<Arc<Session>, AppError> {
        self.run.lock().await.session.clone().ok_or_else(no_session)
    }

    pub async fn library(&self) -> MutexGuard<'_, Library> {
        self.library.lock().await
    }

    pub async fn detail(&self, seq: u32, secrets: bool) -> Result<Detail, AppError> {
        self.session()
            .await?
            .detail(seq, secrets)
            .ok_or_else(|| AppError {
                code: ErrorCode::Invalid,
                message: format!("row: expected the number of a row, got {seq}"),
                hint: None,
            })
    }

    pub async fn reveal_token(&self, id: &str) -> Result<RevealedToken, AppError> {
        let set = self.token(id).await?;
        Ok(RevealedToken {
            access_token: set.access_token.expose().into(),
            refresh_token: set.refresh_token.map(|token| token.expose().into()),
        })
    }

    /// Refreshes the session's own token.
    pub async fn refresh_token(&self, id: &str) -> Result<(), AppError> {
        let set = self.token(id).await?;
        let session = self.session().await?;
        if session.trace().server_url != set.key.resource {
            return Err(AppError {
                code: ErrorCode::NotNow,
                message: "This token belongs to another server than the one being debugged.".into(),
                hint: Some(format!("Start a run against {} first.", set.key.resource)),
            });
        }
        let refresh = session::Action {
            kind: trace::ActionKind::Refresh,
            call: None,
        };
        session.act(refresh).await
    }

    pub async fn delete_token(&self, id: &str) -> Result<(), AppError> {
        let set = self.token(id).await?;
        self.vault()
            .await
            .delete(&set.key)
            .await
            .map_err(vault_error)?;
        match self.session().await {
            Ok(session) => session.tokens_changed().await,
            Err(_) => Ok(()),
        }
    }

    /// Writes the run to a file and gives its path.
    pub async fn export(
        &self,
        format: &str,
        path: &str,
        secrets: bool,
    ) -> Result<String, AppError> {
        let format = export_format(format)?;
        let session = self.session().await?;
        let (trace, typed) = (session.trace(), session.typed_secrets());
        let path = absolute(path)?;
        let target = path.clone();
        let write = move || -> std::io::Result<()> {
            let export = export(&trace, &typed, secrets);
            let mut file =
                std::io::BufWriter::new(formats::create(&target, format, export.secrets)?);
            format.write(&export, &mut file)?;
            std::io::Write::flush(&mut file)
        };
        let written = tokio::task::spawn_blocking(write)
            .await
            .map_err(std::io::Error::other)
            .flatten();
        written.map_err(|error| AppError {
            code: ErrorCode::File,
            message: format!("file: {} could not be written: {error}", path.display()),
            hint: Some("Choose another folder.".into()),
        })?;
        Ok(path.display().to_string())
    }

    /// The first lines that [`App::export`] would write.
    pub async fn export_preview(&self, format: &str, secrets: bool) -> Result<String, AppError> {
        let format = export_format(format)?;
        let session = self.session().await?;
        let (trace, typed) = (session.trace(), session.typed_secrets());
        let make = move || formats::preview(format, &export(&trace, &typed, secrets), PREVIEW);
        let made = tokio::task::spawn_blocking(make).await;
        Ok(made.unwrap_or_default())
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

    /// `remembered`: the run belongs among the past ones. A lab has other ports each time, so its
    /// runs do not.
    async fn begin(
        &self,
        run: &mut Run,
        options: Options,
        vault: Vault,
        remembered: bool,
    ) -> Result<(), AppError> {
        let number = run.number + 1;
        let (session, updates) = Session::start(options, vault, number).await?;
        if let Some(former) = run.session.replace(Arc::new(session)) {
            former.signal_stop();
        }
        run.number = number;
        let mut memory = Memory {
            library: remembered.then(|| self.library.clone()),
            findings: Vec::new(),
            last: None,
        };
        tauri::async_runtime::spawn(
            self.window
                .clone()
                .carry(updates, move |update| memory.see(update)),
        );
        Ok(())
    }

    async fn token(&self, id: &str) -> Result<TokenSet, AppError> {
        let sets = self.vault().await.list().await.map_err(vault_error)?;
        sets.into_iter()
            .find(|set| token_id(&set.key) == id)
            .ok_or_else(|| AppError {
                code: ErrorCode::Invalid,
                message: "token: it is not kept any more".into(),
                hint: None,
            })
    }
}

/// Adds a run to the past ones when it is over.
struct Memory {
    library: Option<Arc<Mutex<Library>>>,
    findings: Vec<Finding>,
    last: Option<PastRun>,
}

impl Memory {
    fn see(&mut self, update: &Update) {
        if let Some(findings) = &update.findings {
            self.findings.clone_from(findings);
        }
        let over = PastRun::of(
            &update.view,
            &self.findings,
            Timestamp::from_system(SystemTime::now()),
        );
        let Some(over) = over else {
            self.last = None;
            return;
        };
        let told = |last: &PastRun| (last.result, &last.summary) == (over.result, &over.summary);
        if self.last.as_ref().is_some_and(told) {
            return;
        }
        self.last = Some(over.clone());
        let Some(library) = self.library.clone() else {
            return;
        };
        tauri::async_runtime::spawn(async move {
            if let Err(error) = library.lock().await.remember(over) {
                tracing::warn!(%error, "the run is not remembered");
            }
        });
    }
}

/// The format of this id that can be written.
pub fn export_format(id: &str) -> Result<&'static dyn Format, AppError> {
    formats::format(id)
        .filter(|format| format.about().can_write)
        .ok_or_else(|| AppError {
            code: ErrorCode::Invalid,
            message: format!(
                "format: expected the id of a format that can be written, got \"{id}\""
            ),
            hint: None,
        })
}

fn export<'a>(trace: &'a Trace, typed: &'a [(String, Secret)], secrets: bool) -> Export<'a> {
    let secrets = if secrets {
        Secrets::Included
    } else {
        Secrets::Redacted
    };
    Export {
        secrets,
        typed,
        ..Export::redacted(trace, env!("CARGO_PKG_VERSION"))
    }
}

/// Bytes of a preview.
const PREVIEW: usize = 4096;

async fn start_lab(scenario: Scenario) -> Result<Lab, AppError> {
    let mut options = LabOptions {
        misbehaviour: scenario.misbehaviour,
        ..LabOptions::default()
    };
    (scenario.way.lab)(&mut options);
    Lab::start(options).await.map_err(|error| AppError {
        code: ErrorCode::Listen,
        message: format!("The lab could not open a port on 127.0.0.1: {error}"),
        hint: None,
    })
}

fn no_scenario(slug: &str) -> AppError {
    AppError {
        code: ErrorCode::Invalid,
        message: format!("lab: expected the name of a scenario, got \"{slug}\""),
        hint: None,
    }
}

fn absolute(path: &str) -> Result<PathBuf, AppError> {
    let path = Path::new(path.trim());
    match path.is_absolute() {
        true => Ok(path.to_owned()),
        false => Err(AppError {
            code: ErrorCode::Invalid,
            message: format!("file: expected a whole path, got \"{}\"", path.display()),
            hint: None,
        }),
    }
}

fn no_session() -> AppError {
    AppError {
        code: ErrorCode::NotNow,
        message: "No run has been started.".into(),
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
