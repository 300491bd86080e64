//! Several authorization servers, and one that is left for another.

use session::Options;
use trace::{Decision, Grant, Purpose};
use vault::Vault;

use test_support::sent::{call, lab_with, parameters, told};
use test_support::{Watched, options};

#[tokio::test(flavor = "multi_thread")]
async fn of_several_authorization_servers_the_first_or_the_chosen_one_is_used_alone() {
    let lab = lab_with(|lab| lab.second_as = true).await;
    let (first, second) = (lab.as_url(), lab.second_as_url().expect("asked for"));
    for (chosen, used, other) in [(None, first, second), (Some(second), second, first)] {
        let issuer = chosen.map(str::to_owned);
        let mut run = Watched::start(Options {
            issuer,
            ..options(lab.mcp_url())
        })
        .await;
        run.passes().await;
        let offered = vec![first.to_owned(), second.to_owned()];
        let decided = Decision::AuthorizationServer {
            issuer: used.into(),
            offered: offered.clone(),
        };
        assert!(run.decisions().contains(&decided), "{:#?}", run.decisions());
        assert_eq!(run.view().authorization_servers, offered);
        assert_eq!(run.view().issuer.as_deref(), Some(used));
        assert!(
            run.urls().iter().all(|url| !url.starts_with(other)),
            "{:#?}",
            run.urls()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_clients_of_one_authorization_server_are_not_used_at_another() {
    let lab = lab_with(|lab| lab.second_as = true).await;
    let second = lab.second_as_url().expect("asked for");
    let vault = Vault::memory("a test");
    let at = |issuer: Option<&str>| Options {
        issuer: issuer.map(str::to_owned),
        use_stored_token: true,
        ..options(lab.mcp_url())
    };
    let mut one = Watched::with_vault(at(None), vault.clone()).await;
    one.passes().await;
    let mut two = Watched::with_vault(at(Some(second)), vault.clone()).await;
    two.passes().await;
    let registrations = two.sent(|purpose| *purpose == Purpose::Registration);
    assert_eq!(registrations.len(), 1, "{:#?}", two.exchanges());
    assert!(registrations[0].request.url.starts_with(second));
    assert_ne!(one.clients(), two.clients());
    let stored = vault.list().await.expect("memory can be read");
    let mut issuers: Vec<&str> = stored.iter().map(|set| set.key.issuer.as_str()).collect();
    issuers.sort_unstable();
    let mut both = [lab.as_url(), second];
    both.sort_unstable();
    assert_eq!(issuers, both);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authorization_server_that_is_chosen_on_the_way_is_used_alone_from_there() {
    let lab = lab_with(|lab| lab.second_as = true).await;
    let second = lab.second_as_url().expect("asked for");
    let mut run = Watched::start(options(lab.mcp_url())).await;
    while run.view().authorization_servers.is_empty() {
        run.next().await;
    }
    let chosen = run.session.choose_authorization_server(second.into()).await;
    chosen.expect("the resource metadata names it");
    run.rest().await;
    run.passes().await;
    assert_eq!(run.view().issuer.as_deref(), Some(second));
    assert!(
        !run.urls().iter().any(|url| url.starts_with(lab.as_url())),
        "{:#?}",
        run.urls()
    );
    let foreign = run
        .session
        .choose_authorization_server("https://elsewhere.example".into())
        .await;
    assert!(foreign.is_err(), "nobody named it");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_mcp_server_moves_to_another_authorization_server_the_client_registers_there() {
    let lab = lab_with(|lab| lab.as_migrates = true).await;
    let (first, second) = (lab.as_url(), lab.second_as_url().expect("to migrate to"));
    let mut run = Watched::start(Options {
        call: Some(call("echo", "{\"text\":\"hello\"}")),
        ..options(lab.mcp_url())
    })
    .await;
    run.passes().await;
    let changed = Decision::AuthorizationServerChanged {
        from: first.into(),
        to: second.into(),
    };
    assert!(run.decisions().contains(&changed), "{:#?}", run.decisions());
    let registrations = run.sent(|purpose| *purpose == Purpose::Registration);
    let [one, two] = &registrations[..] else {
        panic!("{:#?}", run.exchanges())
    };
    assert!(one.request.url.starts_with(first) && two.request.url.starts_with(second));
    let known_at_first = [
        told(one, "client_id"),
        told(
            &run.token_requests(Grant::AuthorizationCode)[0],
            "access_token",
        ),
        told(
            &run.token_requests(Grant::AuthorizationCode)[0],
            "refresh_token",
        ),
    ];
    let trace = run.session.trace();
    for (_, exchange) in trace
        .exchanges()
        .filter(|(_, exchange)| exchange.request.url.starts_with(second))
    {
        let sent = format!(
            "{:?} {:?}",
            exchange.request.url,
            parameters(&exchange.request.url)
        );
        let body = String::from_utf8_lossy(&exchange.request.body.bytes).into_owned();
        for secret in &known_at_first {
            assert!(
                !sent.contains(secret) && !body.contains(secret),
                "{sent} {body}"
            );
        }
    }
    assert_eq!(
        run.calls("tools/call").len(),
        2,
        "the refused call is made again"
    );
}
