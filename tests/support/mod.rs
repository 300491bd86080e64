//! What the tests that cross crates share: a lab, a session against it, waiting with a limit; a
//! server that answers with given bytes; ports; programs from PyPI and npm.

pub mod installed;
pub mod ports;
pub mod raw;
pub mod sent;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use app::{Document, Mirror, Row, RowKind, View, Viewer, lab_scenarios};
use diagnosis::Finding;
use lab::{Lab, LabOptions, Misbehaviour};
use session::{Browser, Options, Session, Status};
use vault::Vault;

/// Longer than any step takes on a busy machine; a test that reaches it has found a hang.
pub const LIMIT: Duration = Duration::from_secs(60);

pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(LIMIT, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {} s", LIMIT.as_secs()),
    }
}

pub async fn lab(misbehaviour: Option<Misbehaviour>) -> Lab {
    Lab::start(LabOptions {
        misbehaviour,
        ..LabOptions::default()
    })
    .await
    .expect("the lab opens two ports")
}

pub fn options(server_url: &str) -> Options {
    Options {
        server_url: server_url.into(),
        browser: Browser::Approver { form: Vec::new() },
        use_stored_token: false,
        ..Options::default()
    }
}

/// Runs against the lab as far as it goes, each time with new ports, keys and tokens. Lab and run
/// are set up as `as_for` needs it, whether or not the lab misbehaves so.
pub async fn run_against(
    misbehaviour: Option<Misbehaviour>,
    as_for: Option<Misbehaviour>,
) -> Watched {
    let extended = as_for.filter(|one| !Misbehaviour::ALL.contains(one));
    let way = extended.map(lab_scenarios::way_to);
    let mut lab_options = LabOptions {
        misbehaviour,
        ..LabOptions::default()
    };
    if let Some(way) = way {
        (way.lab)(&mut lab_options);
    }
    let lab = Lab::start(lab_options)
        .await
        .expect("the lab opens its ports");
    let mut run_options = options(lab.mcp_url());
    if let Some(way) = way {
        let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let form = vec![
            value("username", "alice"),
            value("password", "wonderland"),
            value("one_time_code", "271828"),
        ];
        run_options.browser = Browser::Approver { form };
        (way.run)(&lab, &mut run_options);
    }
    let mut run = Watched::start(run_options).await;
    run.run().await;
    for _ in 0..4 {
        let can_go_on = matches!(
            run.view().status,
            Status::Stopped {
                can_go_on: true,
                ..
            }
        );
        if !can_go_on {
            break;
        }
        let went = run.session.go_on().await;
        went.expect("it says that one can go on");
        run.rest().await;
        if run.view().next.is_some() {
            run.run().await;
        }
    }
    run
}

/// A run with all that a viewer of its document has been told so far.
pub struct Watched {
    pub document: Arc<Document>,
    pub session: Arc<Session>,
    viewer: Viewer,
    mirror: Mirror,
    pub rows: Vec<Row>,
    pub findings: Vec<Finding>,
    pub view: Option<View>,
}

impl Watched {
    pub async fn start(options: Options) -> Self {
        Self::with_vault(options, Vault::memory("a test keeps no tokens")).await
    }

    pub async fn with_vault(options: Options, vault: Vault) -> Self {
        let document = Document::live(1, options, vault)
            .await
            .expect("the options are usable");
        let mut watched = Self {
            session: document.session().expect("it is a run").clone(),
            viewer: document.viewer(),
            document,
            mirror: Mirror::default(),
            rows: Vec::new(),
            findings: Vec::new(),
            view: None,
        };
        watched.rest().await;
        watched
    }

    /// Runs until the session waits or is over.
    pub async fn run(&mut self) -> &View {
        self.session.run().await.expect("there is a step to do");
        self.rest().await;
        self.view()
    }

    /// One step.
    pub async fn next(&mut self) -> &View {
        self.session.next().await.expect("there is a step to do");
        self.rest().await;
        self.view()
    }

    /// Waits for the session to rest and takes in what it told.
    pub async fn rest(&mut self) {
        within("the run to rest", self.document.rest()).await;
        while let Some(update) = self.viewer.try_next() {
            self.take(update);
        }
    }

    /// Waits for a view that fits.
    pub async fn until(&mut self, what: &str, fits: impl Fn(&View) -> bool) -> View {
        loop {
            if let Some(view) = self.view.as_ref().filter(|view| fits(view)) {
                return view.clone();
            }
            let update = within(what, self.viewer.next())
                .await
                .expect("the document is open");
            self.take(update);
        }
    }

    /// Waits for a finding of this rule.
    pub async fn until_found(&mut self, code: &str) {
        while !self.codes().contains(&code) {
            let update = within("the finding", self.viewer.next())
                .await
                .expect("the document is open");
            self.take(update);
        }
    }

    /// Waits for an exchange with this line, such as "POST /mcp 401".
    pub async fn until_exchanged(&mut self, line: &str) {
        while !self.exchanges().iter().any(|known| known == line) {
            let update = within(line, self.viewer.next())
                .await
                .expect("the document is open");
            self.take(update);
        }
    }

    /// Waits until there is no finding of this rule.
    pub async fn until_silent(&mut self, code: &str) {
        while self.codes().contains(&code) {
            let update = within("the finding to go", self.viewer.next())
                .await
                .expect("the document is open");
            self.take(update);
        }
    }

    pub fn view(&self) -> &View {
        self.view
            .as_ref()
            .expect("a session tells its view at once")
    }

    pub fn codes(&self) -> Vec<&str> {
        self.findings
            .iter()
            .map(|finding| finding.code.as_str())
            .collect()
    }

    /// "POST /mcp 401" for each exchange.
    pub fn exchanges(&self) -> Vec<String> {
        let line = |row: &Row| match &row.kind {
            RowKind::Exchange {
                method,
                path,
                status,
                ..
            } => {
                let path = path.split('?').next().unwrap_or_default();
                Some(format!(
                    "{method} {path} {}",
                    status.map_or("-".into(), |status| status.to_string())
                ))
            }
            _ => None,
        };
        self.rows.iter().filter_map(line).collect()
    }

    /// The number of the first exchange whose line begins so.
    pub fn seq_of(&self, beginning: &str) -> u32 {
        let fits = |row: &&Row| match &row.kind {
            RowKind::Exchange { method, path, .. } => {
                format!("{method} {path}").starts_with(beginning)
            }
            _ => false,
        };
        self.rows
            .iter()
            .find(fits)
            .unwrap_or_else(|| panic!("no exchange {beginning}"))
            .seq
    }

    /// The JSON-RPC methods that were sent.
    pub fn trace_methods(&self) -> Vec<String> {
        let trace = self.session.trace();
        let methods = trace
            .exchanges()
            .filter_map(|(_, exchange)| match &exchange.purpose {
                trace::Purpose::Mcp { method } | trace::Purpose::Challenge { method } => {
                    Some(method.clone())
                }
                _ => None,
            });
        methods.collect()
    }

    pub fn assert_done(&self) {
        let lines = self.exchanges().join("\n");
        assert!(
            matches!(self.view().status, Status::Done { .. }),
            "{:#?}\n{lines}",
            self.view().status
        );
    }

    fn take(&mut self, update: app::Update) {
        // Rows are only ever added, each once and in order.
        for (at, row) in update.rows.iter().enumerate() {
            let expected = self.mirror.rows.len() + at + 1;
            assert_eq!(row.seq as usize, expected, "a row was lost or told twice");
        }
        self.mirror.apply(update);
        self.rows.clone_from(&self.mirror.rows);
        self.findings.clone_from(&self.mirror.findings);
        self.view.clone_from(&self.mirror.view);
    }
}
