//! Runs that share a browser: who is logged in there is not asked again.

mod support;

use session::Options;
use support::server::Server;
use test_support::{Watched, options};

#[tokio::test(flavor = "multi_thread")]
async fn each_run_has_a_browser_of_its_own() {
    let server = Server::start().await;
    for logins in 1..=2 {
        let mut run = Watched::start(options(&server.mcp_url())).await;
        run.run().await;
        assert_eq!(server.logins(), logins);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_clients_logs_in_once() {
    let server = Server::start().await;
    let mut wanted: Options = options(&server.mcp_url());
    wanted.client.consent = true;
    let rows = app::client_table(&wanted, |_| {}).await;
    let rows = rows.expect("the options are right");
    let through = rows
        .iter()
        .filter(|row| row.outcome == app::ClientOutcome::Works);
    assert!(through.count() > 5, "{rows:#?}");
    assert_eq!(server.logins(), 1);
}
