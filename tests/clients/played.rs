//! Known clients, played against the lab: one by one, and all of them as a table.

use std::sync::{Arc, Mutex};

use app::{App, ClientOutcome, EdgeRequest, TableRequest};
use lab::Lab;
use serde_json::Value;
use session::{Options, Status};
use test_support::{Watched, lab, options, within};
use trace::{Purpose, StopCode};
use vault::Vault;

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
        // The lab refuses redirect URIs whose scheme is not a reverse domain name.
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

    // There are more runs than stay open, and none of them closes another document.
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
