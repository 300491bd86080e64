//! A client that is being observed: the record of the proxy, judged as it grows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant, SystemTime};

use formats::Opened;
use observe::{Observer, Port, Rewriting, Tunnel};
use serde::{Deserialize, Serialize};
use session::{AppError, ErrorCode, Options, Status};
use tokio::sync::watch;
use trace::{
    Client, Decision, Entry, EntryKind, Origin, OwnOption, Phase, Secret, Timestamp, Trace,
};

use crate::recording_view::RecordingView;
use crate::rows::row;
use crate::shown::{Shown, lock};
use crate::view::View;

/// How long to wait for more before what came is judged: less than an eye sees.
const PAUSE: Duration = Duration::from_millis(50);

/// How a server is to be observed.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The server's URL, and how it is reached.
    pub options: Options,
    pub rewriting: Rewriting,
    /// None: the server's usual one, or the one it had before.
    pub port: Option<u16>,
    /// The user's own tunnel to this machine.
    pub public_url: Option<String>,
    /// Of the tunnel's path.
    pub secret: Option<Secret>,
    /// The port that it had before, when that was not its usual one.
    pub former_port: Option<u16>,
    /// After how many seconds a client is taken to have given up; None: the usual time.
    pub patience: Option<u64>,
}

impl Observation {
    /// From this machine, with everything replaced.
    pub fn of(options: Options) -> Self {
        Self {
            options,
            rewriting: Rewriting::Everything,
            port: None,
            public_url: None,
            secret: None,
            former_port: None,
            patience: None,
        }
    }
}

/// Where a server is observed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Without what may be a secret in it.
    pub server_url: String,
    pub port: u16,
    /// Of the tunnel's path, once there was one. It protects nothing but the proxy.
    pub secret: Option<String>,
}

impl Observation {
    /// With the port and the secret that this server had before, unless others are wanted.
    pub fn with_kept(mut self, all: &[Kept]) -> Self {
        let name = bare(&self.options.server_url);
        if let Some(kept) = all.iter().find(|kept| kept.server_url == name) {
            self.former_port = Some(kept.port);
            self.secret = self.secret.or(kept.secret.clone().map(Secret::from));
        }
        self
    }
}

/// A server's URL as it may be kept.
pub(crate) fn bare(server_url: &str) -> String {
    Options::for_server(server_url.trim())
        .without_secrets()
        .server_url
}

/// What a document of an observed client has behind it.
pub(crate) struct Observed {
    pub observer: Observer,
    server_url: String,
    secret: Option<Secret>,
    patience: Option<u64>,
    over: AtomicBool,
    /// Held while the record is taken in.
    taking: tokio::sync::Mutex<()>,
}

impl Observed {
    /// Opens the proxy.
    ///
    /// # Errors
    /// When an option cannot be used, or the port is taken.
    pub async fn start(wanted: Observation) -> Result<Arc<Self>, AppError> {
        let wire = session::wire_of(&wanted.options)?;
        let server_url = wanted.options.server_url.trim().to_owned();
        let secret = wanted.public_url.is_some().then(|| {
            let given = wanted.secret.clone();
            given.unwrap_or_else(|| Secret::from(new_secret()))
        });
        let tunnel = wanted.public_url.zip(secret.as_ref());
        let tunnel = tunnel.map(|(public_url, secret)| Tunnel {
            public_url,
            secret: secret.expose().to_owned(),
        });
        let settings = observe::Settings::for_server(&server_url);
        let preferred = wanted.former_port.map(Port::Preferred);
        let settings = observe::Settings {
            rewriting: wanted.rewriting,
            port: wanted
                .port
                .map(Port::Fixed)
                .or(preferred)
                .unwrap_or(settings.port),
            tunnel,
            ..settings
        };
        let observer = Observer::start(settings, wire).await;
        let observer = observer.map_err(|error| AppError {
            code: match error {
                observe::StartError::Port { .. } => ErrorCode::Listen,
                _ => ErrorCode::Invalid,
            },
            message: error.to_string(),
            hint: None,
        })?;
        Ok(Arc::new(Self {
            observer,
            server_url,
            secret,
            patience: wanted.patience,
            over: AtomicBool::new(false),
            taking: tokio::sync::Mutex::new(()),
        }))
    }

    /// What has to be kept for the URL to be the same next time.
    pub fn kept(&self) -> Kept {
        Kept {
            server_url: bare(&self.server_url),
            port: self.observer.port(),
            secret: self
                .secret
                .as_ref()
                .map(|secret| secret.expose().to_owned()),
        }
    }

    /// The path of the tunnel is for its user alone.
    pub fn typed_secrets(&self) -> Vec<(String, Secret)> {
        let secret = self.secret.clone();
        secret
            .map(|secret| ("secret".to_owned(), secret))
            .into_iter()
            .collect()
    }

    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Ends it, and takes in the last of what passed.
    pub async fn stop(&self, shown: &Mutex<Shown>, changes: &watch::Sender<()>) {
        self.observer.stop().await;
        self.over.store(true, Ordering::Relaxed);
        self.take(shown, changes).await;
    }

    /// How long a client may take, with a second for the clocks.
    fn patience(&self) -> Duration {
        Duration::from_secs(self.patience.unwrap_or(60).saturating_add(1))
    }

    /// Takes in what passed, judged.
    pub async fn take(&self, shown: &Mutex<Shown>, changes: &watch::Sender<()>) {
        let _one = self.taking.lock().await;
        let mut bare = self.observer.trace().await;
        let is_over = self.is_over();
        // What has not come by now counts as well.
        let now = Timestamp::from_system(SystemTime::now());
        let kind = EntryKind::Decision(Decision::Ended);
        bare.push_to(None, now, 0, Phase::Extra, kind);
        let own_options = self.patience.map(OwnOption::patience);
        let judging = tokio::task::spawn_blocking(move || {
            let mut trace = replay::replay(bare);
            trace.own_options = own_options.into_iter().collect();
            let judgement = diagnosis::judgement(&trace);
            if !is_over {
                trace.entries.retain(|entry| !is_end(entry));
            }
            (trace, judgement)
        });
        let (trace, judgement) = match judging.await {
            Ok(judged) => judged,
            Err(error) => {
                tracing::error!(%error, "what passed could not be judged");
                return;
            }
        };
        let mut view = View::of_recording(&trace, &judgement.findings, &judgement.ledger);
        if !is_over {
            view.status = Status::Observing {
                url: self.observer.url().to_owned(),
                port: self.observer.port(),
            };
            view.goes_on = true;
            view.verdict = None;
            view.rules = Vec::new();
        }
        // What could not be seen is reported as soon as it matters.
        let notes = self.observer.notes();
        if is_over || !notes.is_empty() {
            let opened = Opened {
                notes,
                ..Opened::from(trace.clone())
            };
            view.recording = Some(RecordingView::of(&opened));
        }
        let rows: Vec<_> = trace.entries.iter().map(|entry| row(entry)).collect();
        {
            let mut shown = lock(shown);
            // What was seen later may say what an earlier request was for.
            if !rows.starts_with(&shown.rows) {
                shown.generation += 1;
            }
            shown.rows = rows;
            if *shown.participants != *trace.participants {
                shown.participants = trace.participants.as_slice().into();
            }
            if *shown.findings != *judgement.findings {
                shown.findings = judgement.findings.into();
            }
            shown.ledger = judgement.ledger.into();
            shown.trace = Arc::new(trace);
            shown.version += 1;
            shown.show(view);
        }
        changes.send_replace(());
    }
}

/// Whether it says that watching ended.
fn is_end(entry: &Entry) -> bool {
    entry.decision() == Some(&Decision::Ended)
}

/// A trace of which nothing is known yet.
pub(crate) fn nothing(server_url: &str, started: Timestamp) -> Trace {
    Trace::recorded(Origin::Observed, Client::unknown(), server_url, started)
}

/// Takes in what passes until nobody holds the document any more.
pub(crate) async fn keep_taking(
    observed: Weak<Observed>,
    shown: Arc<Mutex<Shown>>,
    changes: Arc<watch::Sender<()>>,
) {
    let Some(mut passed) = observed.upgrade().map(|it| it.observer.changes()) else {
        return;
    };
    loop {
        passed.mark_unchanged();
        let begun = Instant::now();
        if !take_from(&observed, &shown, &changes).await {
            return;
        }
        // The longer it takes, the more is taken in at once.
        tokio::time::sleep(PAUSE.max(begun.elapsed() * 3)).await;
        let Some(patience) = observed.upgrade().map(|it| it.patience()) else {
            return;
        };
        // That nothing came for so long is judged once.
        let more = match tokio::time::timeout(patience, passed.changed()).await {
            Ok(more) => more,
            Err(_) if take_from(&observed, &shown, &changes).await => passed.changed().await,
            Err(_) => return,
        };
        if more.is_err() {
            return;
        }
    }
}

/// Takes in what passed; `false` where it is over.
async fn take_from(
    observed: &Weak<Observed>,
    shown: &Mutex<Shown>,
    changes: &watch::Sender<()>,
) -> bool {
    match observed.upgrade() {
        Some(observed) if !observed.is_over() => {
            observed.take(shown, changes).await;
            true
        }
        _ => false,
    }
}

/// A secret for the path of a tunnel: 160 bits, as letters and digits.
fn new_secret() -> String {
    use rand::RngCore as _;
    let mut bytes = [0; 20];
    rand::rng().fill_bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn the_end_of_watching_is_in_the_trace() {
        let options = Options::for_server("http://127.0.0.1:9/mcp");
        let observed = Observed::start(Observation::of(options)).await.unwrap();
        let shown = Mutex::new(Shown::nothing(nothing(
            "",
            Timestamp::from_system(SystemTime::now()),
        )));
        let (changes, _) = watch::channel(());
        observed.take(&shown, &changes).await;
        assert_eq!(lock(&shown).trace.entries.len(), 0);
        observed.stop(&shown, &changes).await;
        let trace = lock(&shown).trace.clone();
        let last = trace.entries.last().and_then(|entry| entry.decision());
        assert_eq!(last, Some(&Decision::Ended));
        let view = lock(&shown).view.clone().unwrap();
        assert_eq!(view.recording.as_ref().unwrap().by, "Authscope, watching");
        let status = crate::recording::flow_status(&trace, None);
        assert!(matches!(status, Status::Ended { message } if message.contains("no OAuth flow")));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_does_not_come_is_told_while_it_is_watched() {
        let lab = lab::Lab::start(lab::LabOptions::default()).await.unwrap();
        let observed = Observed::start(Observation {
            patience: Some(0),
            ..Observation::of(Options::for_server(lab.mcp_url()))
        });
        let observed = observed.await.unwrap();
        // A client that does not log in.
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
        let request = format!(
            "POST /mcp HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-type: application/json\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            observed.observer.port(),
            body.len()
        );
        let address = ("127.0.0.1", observed.observer.port());
        let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
        client.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 401"));

        let started = Timestamp::from_system(SystemTime::now());
        let shown = Mutex::new(Shown::nothing(nothing("", started)));
        let (changes, _) = watch::channel(());
        observed.take(&shown, &changes).await;
        let shown = lock(&shown);
        let found: Vec<_> = shown.findings.iter().map(|one| &*one.variant).collect();
        assert_eq!(found, ["no_login"]);
        // Watching goes on.
        assert!(shown.trace.entries.iter().all(|entry| !is_end(entry)));
        assert!(shown.view.as_ref().unwrap().verdict.is_none());
    }
}
