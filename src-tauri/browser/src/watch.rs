//! A browser that is watched, from its start to its end.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::hop::{Hop, Seen};
use crate::installed::{Family, Installed, chosen, find};
use crate::process::{Process, SUPPORTED, start};
use crate::profile::Profile;
use crate::teller::Teller;
use crate::{chromium, firefox};

/// Where browsers are looked for, and how one is started.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The browser's program, where the user chose one.
    pub program: Option<PathBuf>,
    /// Folders with programs, for where nothing was chosen.
    pub folders: Vec<PathBuf>,
    /// Where the profile's folder is made.
    pub above: PathBuf,
    /// Without a screen, for tests.
    pub headless: bool,
    /// Bytes of a page that are kept.
    pub body_limit: u64,
}

impl Settings {
    /// By [`PROGRAM`], `PATH` and the folder for temporary files. [`HEADLESS`] is for tests.
    pub fn of_environment(body_limit: u64) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self {
            program: std::env::var_os(PROGRAM).map(PathBuf::from),
            folders: std::env::split_paths(&path).collect(),
            above: std::env::temp_dir(),
            headless: std::env::var_os(HEADLESS).is_some(),
            body_limit,
        }
    }

    /// Whether there is a browser to watch.
    pub fn find_one(&self) -> bool {
        SUPPORTED && self.installed().is_some()
    }

    fn installed(&self) -> Option<Installed> {
        match &self.program {
            Some(program) => chosen(program),
            None => find(self.folders.iter().cloned()),
        }
    }
}

/// The variable that names the browser to watch.
const PROGRAM: &str = "AUTHSCOPE_WATCH_BROWSER";

/// The variable that opens it without a screen.
const HEADLESS: &str = "AUTHSCOPE_WATCH_HEADLESS";

/// Why no browser is watched.
#[derive(Debug, Error)]
pub enum NotWatched {
    #[error("a browser can be watched on Linux and macOS only")]
    NotHere,
    #[error("no Chrome, Chromium, Edge or Firefox is installed")]
    NotInstalled,
    #[error("{program} could not be started: {why}")]
    NotStarted { program: String, why: String },
}

/// A browser with one page, which the user logs in at. When this is dropped it ends at once, and
/// its profile is removed.
pub struct Watch {
    seen: mpsc::UnboundedReceiver<Seen>,
    left_out: Arc<AtomicU32>,
    stop: Option<oneshot::Sender<()>>,
    /// What reads from the browser. It ends before the browser does.
    task: JoinSet<()>,
    running: Option<Running>,
    name: String,
}

/// Dropped in this order: the browser ends before its folder is removed.
struct Running {
    _process: Process,
    _profile: Profile,
}

/// A browser that takes longer to show a page is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);

impl Watch {
    /// Opens `url`. What the browser sends to `redirect_uri` is not seen.
    ///
    /// # Errors
    /// When there is no browser, or it does not start.
    pub async fn open(
        settings: &Settings,
        url: &str,
        redirect_uri: &str,
    ) -> Result<Self, NotWatched> {
        if !SUPPORTED {
            return Err(NotWatched::NotHere);
        }
        let installed = settings.installed().ok_or(NotWatched::NotInstalled)?;
        let name = installed.program.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let failed = |why: String| NotWatched::NotStarted {
            program: name.clone(),
            why,
        };
        let profile = Profile::make(&settings.above).map_err(|error| failed(error.to_string()))?;
        let (process, pipe) = start(&installed, profile.folder(), settings.headless)
            .map_err(|error| failed(error.to_string()))?;

        let running = Running {
            _process: process,
            _profile: profile,
        };
        let (sender, seen) = mpsc::unbounded_channel();
        let (ready, is_ready) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let left_out = Arc::new(AtomicU32::new(0));
        let teller = Teller::new(sender, left_out.clone());
        let first = (url.to_owned(), ready);
        let limit = settings.body_limit;
        let mut task = JoinSet::new();
        match installed.family {
            Family::Chromium { .. } => {
                let hops = chromium::Hops::new(redirect_uri, limit);
                task.spawn(chromium::Talk::new(pipe, hops, teller, first).run(stopped));
            }
            Family::Firefox => {
                let hops = firefox::Hops::new(redirect_uri, limit);
                task.spawn(firefox::Talk::new(pipe, hops, teller, first).run(stopped));
            }
        }
        // From here on it ends with its browser, also when nobody waits for this any longer.
        let watch = Self {
            seen,
            left_out,
            stop: Some(stop),
            task,
            running: Some(running),
            name: name.clone(),
        };
        match tokio::time::timeout(PATIENCE, is_ready).await {
            Ok(Ok(())) => Ok(watch),
            Ok(Err(_)) => Err(failed("it ended at once".into())),
            Err(_) => Err(failed("it showed no page in time".into())),
        }
    }

    /// The program's name, such as `chromium`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next thing seen; `None` after [`Watch::end`] or [`Seen::Closed`].
    pub async fn next(&mut self) -> Option<Seen> {
        self.seen.recv().await
    }

    /// Ends the browser. What was seen and not asked for is returned.
    pub async fn end(&mut self) -> Vec<Hop> {
        drop(self.stop.take());
        while self.task.join_next().await.is_some() {}
        drop(self.running.take());
        let mut rest = Vec::new();
        while let Ok(seen) = self.seen.try_recv() {
            if let Seen::Hop(hop) = seen {
                rest.push(*hop);
            }
        }
        rest
    }

    /// How many requests were no part of the login: images, scripts, styles and what scripts ask.
    pub fn left_out(&self) -> u32 {
        self.left_out.load(Ordering::Relaxed)
    }
}
