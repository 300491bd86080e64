//! Deliberately broken clients against the lab: each rule about a client fires on the client that
//! has its fault, and a client that does all it should is silent.
//!
//! A client is data ([`Conduct`]): what it does otherwise than it should. Its requests are recorded
//! as a proxy would record them, and judged as a recording is.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, SystemTime};

use app::{App, ClientOutcome, EdgeRequest, TableRequest};
use diagnosis::{Finding, Owner};
use lab::Lab;
use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use session::{Options, Status};
use test_support::{Watched, lab, options, within};
use trace::{
    Body, Client, Decision, EntryKind, Exchange, Header, Origin, Outcome, ParticipantId, Phase,
    Purpose, Request, Response, Role, StopCode, Timestamp, Timings, Trace, encode_pairs,
    query_pairs, with_query,
};
use vault::Vault;

/// The pair of RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT_URI: &str = "http://127.0.0.1:43117/callback";

/// What a client does; the default is right.
#[derive(Clone)]
struct Conduct {
    first_method: Method,
    metadata_at_root: bool,
    openid_first: bool,
    registrations: usize,
    registered_uri: &'static str,
    /// Parameters of the authorization request that are set, or left out where they are empty.
    ask: Vec<(&'static str, &'static str)>,
    /// The same for the token request.
    redeem: Vec<(&'static str, &'static str)>,
    redemptions: usize,
    /// What is changed in the callback before the client sees it.
    callback: Vec<(&'static str, &'static str)>,
    redeems: bool,
    /// How the calls after the login carry the token.
    carry: Carry,
    /// Sends a call that needs more scope so many times.
    writes: usize,
    /// Goes on with a token that was never good, so many times.
    bad_calls: usize,
    refresh: Option<Vec<(&'static str, &'static str)>>,
    /// How long it was watched after its last request.
    watched: Duration,
}

#[derive(Clone, Copy, PartialEq)]
enum Carry {
    Header,
    Query,
    Nothing,
    /// There are no calls.
    None,
}

impl Default for Conduct {
    fn default() -> Self {
        Self {
            first_method: Method::POST,
            metadata_at_root: false,
            openid_first: false,
            registrations: 1,
            registered_uri: REDIRECT_URI,
            ask: Vec::new(),
            redeem: Vec::new(),
            redemptions: 1,
            callback: Vec::new(),
            redeems: true,
            carry: Carry::Header,
            writes: 0,
            bad_calls: 0,
            refresh: Some(Vec::new()),
            watched: Duration::from_secs(120),
        }
    }
}

type Change = fn(&mut Conduct);

/// Each rule with the clients that have its fault.
const BROKEN: &[(&str, Change)] = &[
    ("K01", |it| it.metadata_at_root = true),
    ("K02", |it| it.ask.push(("resource", ""))),
    ("K02", |it| it.redeem.push(("resource", ""))),
    ("K02", |it| it.refresh = Some(vec![("resource", "")])),
    ("K03", |it| {
        it.ask.push(("resource", "https://other.example/mcp"))
    }),
    ("K03", |it| {
        it.redeem.push(("resource", "https://other.example/mcp"))
    }),
    ("K04", |it| it.ask.push(("scope", ""))),
    ("K04", |it| it.ask.push(("scope", "mcp:read unheard-of"))),
    ("K05", |it| it.ask.push(("code_challenge", ""))),
    ("K05", |it| it.ask.push(("code_challenge_method", "plain"))),
    ("K05", |it| it.redeem.push(("code_verifier", ""))),
    ("K06", |it| it.ask.push(("state", ""))),
    ("K06", |it| it.ask.push(("state", "1234"))),
    ("K07", |it| it.carry = Carry::Nothing),
    ("K07", |it| it.carry = Carry::None),
    ("K08", |it| it.carry = Carry::Query),
    ("K09", |it| it.openid_first = true),
    ("K09", |it| it.first_method = Method::GET),
    ("K10", |it| {
        it.registered_uri = "http://127.0.0.1:43117/other"
    }),
    ("K10", |it| it.registered_uri = "http://127.0.0.1/callback"),
    ("K11", |it| it.registrations = 2),
    ("K12", |it| it.bad_calls = 3),
    ("K13", |it| it.writes = 2),
    ("K14", |it| {
        it.callback.push(("iss", "https://other.example"))
    }),
    ("K14", |it| it.callback.push(("iss", ""))),
    ("K15", |it| it.redemptions = 2),
    ("K16", |it| it.callback.push(("state", "another-state"))),
    ("K17", |it| it.redeems = false),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_about_a_client_fires_on_the_client_that_has_its_fault() {
    let mut missed = Vec::new();
    for (at, (code, change)) in BROKEN.iter().enumerate() {
        let mut conduct = Conduct::default();
        change(&mut conduct);
        let found = judged(&conduct).await;
        let finding = found.iter().find(|finding| finding.code == *code);
        // Either what its server can do, or why it can do nothing.
        let of_the_server = [
            "The server could work around it by",
            "The server cannot work around it:",
        ];
        let right = finding.is_some_and(|finding| {
            finding.owner == Owner::Client
                && finding.owner_name == "the client Broken Client"
                && of_the_server
                    .iter()
                    .any(|words| finding.message.contains(words))
        });
        if !right {
            missed.push(format!(
                "{code}, number {at}: {finding:#?} in {:?}",
                codes(&found)
            ));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_all_it_should_is_silent() {
    let found = judged(&Conduct::default()).await;
    assert_eq!(codes(&found), [""; 0], "{found:#?}");
}

#[test]
fn every_rule_about_a_client_has_a_broken_client() {
    for rule in diagnosis::catalogue() {
        let about_a_client = rule.code.starts_with('K');
        let proved = BROKEN.iter().any(|(code, _)| *code == rule.code);
        assert_eq!(about_a_client, proved, "{} {}", rule.code, rule.rule);
    }
}

/// A run that plays this client.
fn playing(lab: &Lab, client: &str) -> Options {
    let mut options = options(lab.mcp_url());
    options.client.play_as = Some(client.into());
    options.client.consent = true;
    options
}

#[tokio::test(flavor = "multi_thread")]
async fn every_known_client_is_played_as_its_profile_says() {
    let lab = lab(None).await;
    for profile in clients::profiles() {
        let mut run = Watched::start(playing(&lab, &profile.id)).await;
        run.run().await;
        let status = run.view().status.clone();
        let ended = if profile.hosted {
            matches!(
                status,
                Status::Stopped {
                    code: StopCode::EndsBeforeLogin,
                    ..
                }
            )
        } else {
            matches!(status, Status::Done { .. })
        };
        // The lab takes no redirect URI of a scheme that is no reverse domain name.
        let refused = matches!(
            status,
            Status::Stopped {
                code: StopCode::RegistrationRejected,
                ..
            }
        );
        let ended = if profile.id == "cursor" {
            refused
        } else {
            ended
        };
        assert!(
            ended,
            "{}: {status:?}\n{}",
            profile.id,
            run.exchanges().join("\n")
        );
        let trace = run.session.trace();
        assert_eq!(trace.client.name, profile.name);
        for (_, exchange) in trace.exchanges() {
            let agent = exchange
                .request
                .header_value("user-agent")
                .unwrap_or_default();
            let of_client = matches!(
                exchange.purpose,
                Purpose::Challenge { .. }
                    | Purpose::ResourceMetadata { .. }
                    | Purpose::Registration
            );
            let expected = profile.play.user_agent_of(&exchange.purpose);
            if let Some(expected) = expected.filter(|_| of_client) {
                assert_eq!(agent, expected, "{}", profile.id);
            }
            if exchange.purpose == Purpose::Registration {
                let body: Value = serde_json::from_slice(&exchange.request.body.bytes).unwrap();
                let uri = body["redirect_uris"][0].as_str().unwrap();
                let path = |uri: &str| uri.split('/').skip(3).collect::<Vec<_>>().join("/");
                assert_eq!(
                    path(uri),
                    path(&profile.play.redirect_uri),
                    "{}",
                    profile.id
                );
                if let Some(name) = &profile.play.client_name {
                    assert_eq!(body["client_name"], *name);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_can_end_before_the_login() {
    let lab = lab(None).await;
    let mut wanted = options(lab.mcp_url());
    wanted.client.no_login = true;
    let mut run = Watched::start(wanted).await;
    run.run().await;
    let status = &run.view().status;
    let code = StopCode::EndsBeforeLogin;
    assert!(
        matches!(status, Status::Stopped { code: stopped, .. } if *stopped == code),
        "{status:?}"
    );
    assert_eq!(run.codes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_has_a_row_for_each_client_and_leaves_nothing_behind() {
    let lab = lab(None).await;
    let mut wanted = options(lab.mcp_url());
    wanted.client.consent = true;
    let mut told = Vec::new();
    let rows = app::client_table(&wanted, |row| told.push(row.clone()))
        .await
        .expect("the options are right");
    assert_eq!(told, rows);
    let clients: Vec<&str> = rows.iter().map(|row| row.client.as_str()).collect();
    assert_eq!(clients, clients::IDS);
    for row in &rows {
        let stops = row.outcome == ClientOutcome::Stops;
        assert_eq!(stops, row.client == "cursor", "{row:#?}");
        assert_eq!(stops, row.errors == ["G03"], "{row:#?}");
        assert_eq!(row.left_registered, None, "{row:#?}");
    }
    let table = app::client_table_markdown(lab.mcp_url(), &rows);
    assert!(table.contains("| Claude Code | works | "), "{table}");
    assert!(
        table.contains("| ChatGPT | works up to the login | "),
        "{table}"
    );
}

/// A program without a window, with a folder of its own.
fn program(name: &str) -> App {
    let folder = std::env::temp_dir().join(format!("authscope-{name}-{}", std::process::id()));
    App::with_vault(folder.clone(), folder, Vault::memory("a test"))
}

fn wanted(server_url: &str) -> TableRequest {
    TableRequest {
        options: Some(options(server_url)),
        lab: None,
        consent: true,
        login: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_s_table_grows_row_by_row_and_each_run_can_be_opened() {
    let lab = lab(None).await;
    let program = program("table");
    program.start(options(lab.mcp_url()), None).await.unwrap();
    let first = program.document().unwrap().id();
    assert_eq!(program.follow_clients(|_| {}).await, None);
    let told = Mutex::new(Vec::new());
    let begun = tokio::sync::Notify::new();
    let playing = program.play_clients(wanted(lab.mcp_url()), |table| {
        let told = &mut *told.lock().unwrap();
        told.push((table.playing, table.rows.len()));
        begun.notify_one();
    });
    // As a window does that is reloaded in the middle.
    let rows = Mutex::new(Vec::new());
    let following = async {
        begun.notified().await;
        let follow = program.follow_clients(|table| rows.lock().unwrap().push(table.rows.len()));
        follow.await
    };
    let both = async { tokio::join!(playing, following) };
    let (table, followed) = within("the table", both).await;
    let table = table.unwrap();
    assert_eq!(followed.as_ref(), Some(&table));
    assert_eq!(program.follow_clients(|_| {}).await, followed);
    let rows = rows.into_inner().unwrap();
    assert!(rows.len() > 1 && rows.is_sorted(), "{rows:?}");
    let told = told.into_inner().unwrap();
    assert_eq!(told[0], (Some("Claude Code".into()), 0));
    assert_eq!(told.last(), Some(&(None, clients::IDS.len())));
    assert_eq!(table.rows.len(), clients::IDS.len());
    for played in &table.rows {
        let outcome = played.row.outcome;
        let stops = outcome == ClientOutcome::Stops;
        // Nobody logs in.
        assert!(stops || outcome == ClientOutcome::UpToLogin, "{played:#?}");
        assert_eq!(stops, played.row.step.is_some(), "{played:#?}");
        assert!(!played.facts.is_empty(), "{played:#?}");
    }

    // More runs than stay open, and none of them pushes another one out.
    assert_eq!(program.document().unwrap().id(), first);
    let cursor = table
        .rows
        .iter()
        .find(|played| played.row.client == "cursor");
    let cursor = cursor.unwrap().document;
    program.reopen(cursor).await.unwrap();
    assert_eq!(program.document().unwrap().trace().client.name, "Cursor");
    program.reopen(first).await.unwrap();
    // It can be played once more by itself.
    program.reopen(cursor).await.unwrap();
    program.restart().await.unwrap();
    assert_eq!(program.document().unwrap().trace().client.name, "Cursor");

    let markdown = program.client_table_text(false).unwrap();
    assert!(
        markdown.contains("| Cursor | stops at Registration | "),
        "{markdown}"
    );
    let json: Value = serde_json::from_str(&program.client_table_text(true).unwrap()).unwrap();
    assert_eq!(json["clients"].as_array().unwrap().len(), table.rows.len());
    let edge = EdgeRequest {
        public_dns: false,
        authorization_server: false,
        client_documents: false,
    };
    let report = within("the edge", program.check_edge(edge)).await.unwrap();
    assert_eq!(report.server_url, lab.mcp_url());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_can_be_ended_and_needs_consent() {
    let lab = lab(None).await;
    let program = program("ended-table");
    let without = TableRequest {
        consent: false,
        ..wanted(lab.mcp_url())
    };
    let refused = program.play_clients(without, |_| {}).await.unwrap_err();
    assert!(refused.message.contains("consent"), "{refused}");
    let playing = program.play_clients(wanted(lab.mcp_url()), |table| {
        if table.rows.len() == 2 {
            program.stop_clients();
        }
    });
    let table = within("the table", playing).await.unwrap();
    assert_eq!((table.playing, table.rows.len()), (None, 2));
    let left = table
        .rows
        .iter()
        .any(|played| played.row.left_registered.is_some());
    assert!(!left, "{:#?}", table.rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_is_ended_and_said_to_be() {
    // Takes connections and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", silent.local_addr().unwrap());
    let program = Arc::new(program("hanging-table"));
    let playing = tokio::spawn({
        let program = program.clone();
        async move { program.play_clients(wanted(&url), |_| {}).await }
    });
    let _taken = within("the first call", silent.accept()).await.unwrap();
    program.stop_clients();
    let table = within("the table", playing).await.unwrap().unwrap();
    assert_eq!(table.rows.len(), 1);
    let row = &table.rows[0].row;
    assert_eq!(
        (row.outcome, row.step.as_deref()),
        (ClientOutcome::Ended, None)
    );
    assert!(
        row.why.starts_with("Ended by the user while POST"),
        "{}",
        row.why
    );
}

fn codes(found: &[Finding]) -> Vec<&str> {
    found.iter().map(|finding| finding.code.as_str()).collect()
}

async fn judged(conduct: &Conduct) -> Vec<Finding> {
    let lab = lab(None).await;
    let recording = within("the client's run", Recorder::new().walk(&lab, conduct)).await;
    diagnosis::diagnose(&replay::replay(recording))
}

struct Recorder {
    trace: Trace,
}

impl Recorder {
    fn new() -> Self {
        let now = Timestamp::from_system(SystemTime::now());
        let mut trace = Trace::recorded(Origin::Observed, Client::unknown(), "", now);
        trace.participant(Role::Other, "https://servers.example");
        Self { trace }
    }

    async fn walk(mut self, lab: &Lab, conduct: &Conduct) -> Trace {
        self.login(lab, conduct).await;
        let last = self.trace.entries.last().expect("something was sent").at;
        let ended = EntryKind::Decision(Decision::Ended);
        let mut bare = self.trace;
        bare.push_to(None, last.plus(conduct.watched), 0, Phase::Extra, ended);
        bare
    }

    /// The whole flow; it ends where the client can go no further.
    async fn login(&mut self, lab: &Lab, conduct: &Conduct) -> Option<()> {
        let mcp = lab.mcp_url();
        let origin = mcp.strip_suffix("/mcp")?;
        if conduct.first_method == Method::GET {
            let get = Request::new("GET", mcp).header("accept", "text/html");
            self.get_without_challenge(get);
        }
        self.send(call(mcp, "initialize")).await;
        let place = if conduct.metadata_at_root { "" } else { "/mcp" };
        let place = format!("{origin}/.well-known/oauth-protected-resource{place}");
        self.send(Request::new("GET", place)).await;
        let name = if conduct.openid_first {
            "openid-configuration"
        } else {
            "oauth-authorization-server"
        };
        let place = format!("{}/.well-known/{name}", lab.as_url());
        self.send(Request::new("GET", place)).await;

        let mut client = None;
        for _ in 0..conduct.registrations {
            let metadata = json!({
                "client_name": "Broken Client",
                "redirect_uris": [conduct.registered_uri],
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "token_endpoint_auth_method": "none",
                "application_type": "native",
            });
            let request = Request::new("POST", format!("{}/register", lab.as_url()))
                .header("content-type", "application/json")
                .body(metadata.to_string());
            client = text(&self.send(request).await, "client_id");
        }
        let client = client?;
        let asked = changed(
            &[
                ("response_type", "code"),
                ("client_id", &client),
                ("redirect_uri", REDIRECT_URI),
                ("scope", "mcp:read"),
                ("state", "a-state-that-nobody-guesses"),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
                ("resource", mcp),
            ],
            &conduct.ask,
        );
        let callback = self.authorize(lab, &asked, &conduct.callback).await?;
        if !conduct.redeems {
            return None;
        }
        let code = query_pairs(&callback)
            .into_iter()
            .find(|pair| pair.name == "code")?
            .value;
        let form = changed(
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", REDIRECT_URI),
                ("client_id", &client),
                ("code_verifier", VERIFIER),
                ("resource", mcp),
            ],
            &conduct.redeem,
        );
        let mut answer = Value::Null;
        for _ in 0..conduct.redemptions {
            let next = self.send(token_request(lab, &form)).await;
            if answer.is_null() {
                answer = next;
            }
        }
        self.use_token(mcp, &text(&answer, "access_token")?, conduct)
            .await;
        let refresh_token = text(&answer, "refresh_token")?;
        if let Some(change) = conduct
            .refresh
            .as_ref()
            .filter(|_| conduct.redemptions == 1)
        {
            let form = changed(
                &[
                    ("grant_type", "refresh_token"),
                    ("refresh_token", &refresh_token),
                    ("client_id", &client),
                    ("resource", mcp),
                ],
                change,
            );
            let answer = self.send(token_request(lab, &form)).await;
            self.use_token(mcp, &text(&answer, "access_token")?, conduct)
                .await;
        }
        Some(())
    }

    async fn use_token(&mut self, mcp: &str, token: &str, conduct: &Conduct) {
        let bearer = format!("Bearer {token}");
        match conduct.carry {
            Carry::Header => {
                self.send(call(mcp, "tools/list").header("authorization", &bearer))
                    .await;
            }
            Carry::Query => {
                let url = format!("{mcp}?access_token={token}");
                self.send(call(&url, "tools/list")).await;
            }
            Carry::Nothing => {
                self.send(call(mcp, "tools/list")).await;
            }
            Carry::None => {}
        }
        for _ in 0..conduct.writes {
            let request = call(mcp, "tools/call").header("authorization", &bearer);
            self.send(request).await;
        }
        for _ in 0..conduct.bad_calls {
            let request = call(mcp, "tools/list").header("authorization", "Bearer never-good");
            self.send(request).await;
        }
    }

    /// The browser's way through the authorization page, and the URL that it comes back to.
    async fn authorize(
        &mut self,
        lab: &Lab,
        asked: &[(String, String)],
        change: &[(&'static str, &'static str)],
    ) -> Option<String> {
        let pairs = asked
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let url = with_query(&format!("{}/authorize", lab.as_url()), pairs);
        let page = self.exchange(Request::new("GET", &url)).await;
        let page = page.body.text()?.to_owned();
        let attribute = |tag: &str, name: &str| -> Option<String> {
            let start = tag.find(&format!("{name}=\""))? + name.len() + 2;
            Some(tag[start..].split('"').next()?.to_owned())
        };
        let inputs = page.split("<input ").skip(1);
        let fields: Vec<(String, String)> = inputs
            .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)))
            .collect();
        let request = Request::new("POST", format!("{}/authorize/decision", lab.as_url()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encode_pairs(
                fields
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str())),
            ));
        let answer = self.exchange(request).await;
        let location = answer.header_value("location")?.to_owned();
        let fields: Vec<(String, String)> = query_pairs(&location)
            .into_iter()
            .map(|pair| (pair.name, pair.value))
            .collect();
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let fields = changed(&fields, change);
        let pairs = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let callback = with_query(REDIRECT_URI, pairs);
        let done = Response {
            status: 200,
            headers: vec![Header::new("content-type", "text/html")],
            body: Body::new(b"<p>Done".to_vec()),
        };
        self.record(Request::new("GET", &callback), done);
        Some(callback)
    }

    /// As a server answers that looks at the method before it looks for a token.
    fn get_without_challenge(&mut self, request: Request) {
        let answer = Response {
            status: 405,
            headers: vec![Header::new("allow", "POST")],
            body: Body::empty(),
        };
        self.record(request, answer);
    }

    /// Sends a request, and gives back the JSON of its answer.
    async fn send(&mut self, request: Request) -> Value {
        let answer = self.exchange(request).await;
        serde_json::from_slice(&answer.body.bytes).unwrap_or_default()
    }

    async fn exchange(&mut self, request: Request) -> Response {
        let answer = sent(&request).await;
        self.record(request, answer.clone());
        answer
    }

    fn record(&mut self, request: Request, answer: Response) {
        let now = Timestamp::from_system(SystemTime::now());
        let exchange = Exchange {
            purpose: Purpose::Unknown,
            from: ParticipantId::CLIENT,
            to: ParticipantId(2),
            label: String::new(),
            request,
            edited: false,
            answer_edited: false,
            outcome: Outcome::Response(answer),
            started: now,
            timings: Timings::default(),
            connection: None,
            verdict: None,
            recorded: trace::Recording::default(),
            client_side: None,
            server_side: None,
        };
        let kind = EntryKind::Exchange(Box::new(exchange));
        self.trace.push_to(None, now, 0, Phase::Extra, kind);
    }
}

async fn sent(request: &Request) -> Response {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0);
        client.build().expect("a client")
    });
    let method: Method = request.method.parse().expect("a method");
    let mut builder = CLIENT.request(method, &request.url);
    for header in &request.headers {
        builder = builder.header(&header.name, &header.value);
    }
    let answer = builder
        .body(request.body.bytes.clone())
        .send()
        .await
        .expect("an answer");
    let status = answer.status().as_u16();
    let headers = answer
        .headers()
        .iter()
        .map(|(name, value)| Header::new(name.as_str(), String::from_utf8_lossy(value.as_bytes())));
    let headers = headers.collect();
    let body = Body::new(answer.bytes().await.expect("a whole body").to_vec());
    Response {
        status,
        headers,
        body,
    }
}

/// A call of the newest revision, which stands for itself.
fn call(url: &str, method: &str) -> Request {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "Broken Client", "version": "1"},
    });
    let method = if method == "initialize" {
        "server/discover"
    } else {
        method
    };
    let mut params = json!({"_meta": meta});
    let mut request = Request::new("POST", url)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", method);
    if method == "tools/call" {
        params["name"] = "write_note".into();
        params["arguments"] = json!({"text": "x"});
        request = request.header("mcp-name", "write_note");
    }
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    request.body(body.to_string())
}

fn token_request(lab: &Lab, form: &[(String, String)]) -> Request {
    let pairs = form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    Request::new("POST", format!("{}/token", lab.as_url()))
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(encode_pairs(pairs))
}

/// These parameters with the changes made; an empty value leaves one out.
fn changed(
    pairs: &[(&str, &str)],
    changes: &[(&'static str, &'static str)],
) -> Vec<(String, String)> {
    let kept = pairs
        .iter()
        .filter(|(name, _)| changes.iter().all(|(known, _)| known != name));
    let set = changes.iter().filter(|(_, value)| !value.is_empty());
    kept.chain(set)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn text(answer: &Value, member: &str) -> Option<String> {
    answer[member].as_str().map(str::to_owned)
}
