//! Which authorization server, by which documents, and where its answer comes to.

use lab::Misbehaviour;
use session::{Callback, CallbackHost, Options};
use trace::{ActionKind, Decision, Grant, Purpose, Revision, origin_of};

use test_support::sent::{form, json_sent, lab_with, told};
use test_support::{Watched, lab, options};

#[tokio::test(flavor = "multi_thread")]
async fn in_2025_03_26_the_authorization_server_is_the_mcp_servers_origin() {
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        revision: Some(Revision::R20250326),
        ..options(lab.mcp_url())
    })
    .await;
    run.passes().await;
    let origin = origin_of(lab.mcp_url()).expect("a URL");
    assert!(
        run.urls()
            .iter()
            .all(|url| url.starts_with(&origin) || url.contains("/callback"))
    );
    let asked = run.sent(|purpose| matches!(purpose, Purpose::ResourceMetadata { .. }));
    assert!(asked.is_empty(), "that revision knows no resource metadata");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_metadata_the_default_endpoints_are_used() {
    let lab = lab_with(|lab| lab.no_metadata = true).await;
    let mut run = Watched::start(Options {
        revision: Some(Revision::R20250326),
        ..options(lab.mcp_url())
    })
    .await;
    run.run().await;
    run.assert_done();
    let origin = origin_of(lab.mcp_url()).expect("a URL");
    let decided = Decision::DefaultEndpoints {
        origin: origin.clone(),
    };
    assert!(run.decisions().contains(&decided), "{:#?}", run.decisions());
    let registered = run.sent(|purpose| *purpose == Purpose::Registration);
    assert_eq!(registered[0].request.url, format!("{origin}/register"));
    let token = run.token_requests(Grant::AuthorizationCode);
    assert_eq!(token[0].request.url, format!("{origin}/token"));
    let request = &run.authorization_requests()[0];
    assert!(
        !request.contains_key("resource"),
        "that revision knows no resource indicators"
    );
    assert_eq!(request["code_challenge_method"], "S256");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_uri_is_the_same_wherever_it_is_named() {
    for (host, beginning) in [
        (CallbackHost::V4, "http://127.0.0.1:"),
        (CallbackHost::Localhost, "http://localhost:"),
        (CallbackHost::V6, "http://[::1]:"),
    ] {
        if host == CallbackHost::V6 && std::net::TcpListener::bind("[::1]:0").is_err() {
            continue;
        }
        let lab = lab(None).await;
        let callback = Callback {
            host,
            ..Callback::default()
        };
        let mut run = Watched::start(Options {
            callback,
            ..options(lab.mcp_url())
        })
        .await;
        run.passes().await;
        let registered = run.sent(|purpose| *purpose == Purpose::Registration);
        let named = json_sent(&registered[0])["redirect_uris"][0].clone();
        let asked = run.authorization_requests()[0]["redirect_uri"].clone();
        let redeemed =
            form(&run.token_requests(Grant::AuthorizationCode)[0])["redirect_uri"].clone();
        let came = run.sent(|purpose| *purpose == Purpose::Callback)[0]
            .request
            .url
            .clone();
        assert_eq!(named, asked.as_str());
        assert_eq!(asked, redeemed);
        assert!(
            asked.starts_with(beginning) && came.starts_with(&asked),
            "{asked} {came}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refresh_uses_the_newest_refresh_token_and_names_the_resource() {
    let lab = lab(Some(Misbehaviour::TokenExpiresEarly)).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    run.passes().await;
    for _ in 0..2 {
        run.act(ActionKind::Refresh).await;
    }
    let issued = run.token_requests(Grant::AuthorizationCode).remove(0);
    let refreshed = run.token_requests(Grant::RefreshToken);
    assert_eq!(refreshed.len(), 3, "{:#?}", run.exchanges());
    let mut newest = told(&issued, "refresh_token");
    for exchange in &refreshed {
        let fields = form(exchange);
        assert_eq!(fields["refresh_token"], newest);
        assert_eq!(fields["resource"], lab.mcp_url());
        assert_eq!(
            fields["client_id"],
            run.clients()[0],
            "a public client names itself"
        );
        assert_eq!(exchange.status(), Some(200));
        newest = told(exchange, "refresh_token");
    }
    run.assert_silent();
}
