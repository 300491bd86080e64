//! Every way to become a client, and what becomes of a registration.

use lab::{CLIENT_PRIVATE_KEY, Misbehaviour};
use serde_json::json;
use session::{ClientMetadata, Options, Registration, RegistrationWay};
use trace::{ActionKind, Grant, Purpose, StopCode};

use test_support::sent::{
    client, client_with_key, form, json_answer, json_sent, jwt, lab_with, told,
};
use test_support::{Watched, lab, options};

#[tokio::test(flavor = "multi_thread")]
async fn a_served_metadata_document_is_the_client_and_its_fetch_is_shown() {
    let lab = lab_with(|lab| lab.cimd = true).await;
    let mut run = Watched::start(Options {
        client_metadata: ClientMetadata {
            serve: true,
            ..ClientMetadata::default()
        },
        ..options(lab.mcp_url())
    })
    .await;
    run.passes().await;
    assert!(
        run.sent(|purpose| *purpose == Purpose::Registration)
            .is_empty()
    );
    let fetched = run.sent(|purpose| *purpose == Purpose::ClientMetadata);
    assert!(!fetched.is_empty(), "{:#?}", run.exchanges());
    assert!(
        fetched.iter().all(|fetch| fetch.status() == Some(200)),
        "{fetched:#?}"
    );
    let document = json_answer(&fetched[0]);
    let request = &run.authorization_requests()[0];
    assert_eq!(document["client_id"], request["client_id"].as_str());
    assert_eq!(document["client_id"], fetched[0].request.url.as_str());
    assert_eq!(document["token_endpoint_auth_method"], "none");
    let listed = document["redirect_uris"].as_array().expect("a list");
    assert!(
        listed.contains(&json!(request["redirect_uri"])),
        "{document}"
    );
    assert!(
        document["client_name"].is_string() && document.get("client_secret").is_none(),
        "{document}"
    );
    let token = form(&run.token_requests(Grant::AuthorizationCode)[0]);
    assert_eq!(token["client_id"], request["client_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_documents_are_not_taken_the_client_registers_as_a_native_application() {
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        client_metadata: ClientMetadata {
            serve: true,
            ..ClientMetadata::default()
        },
        ..options(lab.mcp_url())
    })
    .await;
    run.passes().await;
    let registered = run.sent(|purpose| *purpose == Purpose::Registration);
    let body = json_sent(&registered[0]);
    assert_eq!(body["application_type"], "native");
    assert!(
        body["grant_types"]
            .as_array()
            .expect("a list")
            .contains(&json!("refresh_token")),
        "{body}"
    );
    assert_eq!(run.clients(), [told(&registered[0], "client_id")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initial_access_token_is_sent_with_the_registration_alone_and_never_shown() {
    const TOKEN: &str = "initial-token-of-a-developer";
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        initial_access_token: Some(TOKEN.into()),
        then: vec![ActionKind::ReadRegistration],
        ..options(lab.mcp_url())
    })
    .await;
    run.passes().await;
    let trace = run.session.trace();
    let carriers: Vec<_> = trace
        .exchanges()
        .map(|(_, exchange)| exchange)
        .filter(|exchange| {
            let headers = exchange.request.headers.iter();
            let mut parts = headers.map(|header| header.value.as_str());
            let body = exchange.request.body.text().unwrap_or_default();
            parts.any(|value| value.contains(TOKEN))
                || exchange.request.url.contains(TOKEN)
                || body.contains(TOKEN)
        })
        .collect();
    assert_eq!(carriers.len(), 1, "{:#?}", run.exchanges());
    assert_eq!(carriers[0].purpose, Purpose::Registration);
    let sent = carriers[0].request.header_value("authorization");
    assert_eq!(sent, Some(format!("Bearer {TOKEN}").as_str()));

    let typed = run.document.typed_secrets();
    assert!(
        typed
            .iter()
            .any(|(name, value)| name == "initial_access_token" && value.expose() == TOKEN),
        "{:?}",
        typed.iter().map(|(name, _)| name).collect::<Vec<_>>()
    );
    let export = formats::Export {
        typed: &typed,
        ..formats::Export::redacted(&trace, "0")
    };
    for format in formats::FORMATS.iter().filter(|it| it.about().can_write) {
        let mut written = Vec::new();
        format
            .write(&export, &mut written)
            .expect("memory takes it");
        let written = String::from_utf8_lossy(&written);
        assert!(!written.contains(TOKEN), "{format:?}");
    }
    let detail = run.document.detail(run.seq_of("POST /register"), false);
    assert!(
        !detail
            .expect("it is a row")
            .curl
            .expect("it was sent")
            .contains(TOKEN)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_secret_sends_it_in_the_header() {
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        registration: client("lab-confidential", Some("lab-secret")),
        ..options(lab.mcp_url())
    })
    .await;
    run.passes().await;
    let token = &run.token_requests(Grant::AuthorizationCode)[0];
    let basic = token.request.header_value("authorization");
    assert_eq!(basic, Some("Basic bGFiLWNvbmZpZGVudGlhbDpsYWItc2VjcmV0"));
    assert!(!form(token).contains_key("client_secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_key_signs_for_the_issuer_and_never_twice_the_same() {
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        registration: client_with_key("lab-jwt", CLIENT_PRIVATE_KEY),
        then: vec![ActionKind::Refresh],
        ..options(lab.mcp_url())
    })
    .await;
    run.passes().await;
    let mut seen = Vec::new();
    for grant in [Grant::AuthorizationCode, Grant::RefreshToken] {
        let request = &run.token_requests(grant)[0];
        let fields = form(request);
        assert_eq!(
            fields["client_assertion_type"],
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        let assertion = jwt(&fields["client_assertion"]);
        assert_eq!(
            (assertion.text("iss"), assertion.text("sub")),
            (Some("lab-jwt"), Some("lab-jwt"))
        );
        assert_eq!(assertion.audience(), [lab.as_url()]);
        assert_eq!(assertion.header["alg"], "ES256");
        assert!(assertion.seconds("exp").is_some());
        seen.push(assertion.text("jti").expect("it is good once").to_owned());
        assert_eq!(request.request.header_value("authorization"), None);
    }
    assert_ne!(seen[0], seen[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rejection_another_way_to_register_can_be_chosen() {
    let lab = lab(Some(Misbehaviour::RegistrationRejected)).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    run.run().await;
    assert_eq!(run.stop().0, StopCode::RegistrationRejected);
    let ways = run.view().registrations.clone();
    assert!(ways.contains(&RegistrationWay::Preregistered), "{ways:?}");
    assert!(
        !ways.contains(&RegistrationWay::Cimd),
        "the server does not take documents"
    );
    let known = client("lab-public", None);
    run.session
        .choose_registration(known)
        .await
        .expect("it is one of the ways");
    run.rest().await;
    run.run().await;
    run.assert_done();
    assert_eq!(run.authorization_requests()[0]["client_id"], "lab-public");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_is_read_changed_and_deleted_with_its_own_token() {
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        registration: Registration::Dcr,
        ..options(lab.mcp_url())
    })
    .await;
    run.passes().await;
    assert_eq!(run.view().registrations_left, 1);
    let registered = run
        .sent(|purpose| *purpose == Purpose::Registration)
        .remove(0);
    let (uri, id) = (
        told(&registered, "registration_client_uri"),
        told(&registered, "client_id"),
    );
    let token = format!("Bearer {}", told(&registered, "registration_access_token"));
    for (kind, purpose, method, status) in [
        (
            ActionKind::ReadRegistration,
            Purpose::RegistrationRead,
            "GET",
            200,
        ),
        (
            ActionKind::UpdateRegistration,
            Purpose::RegistrationUpdate,
            "PUT",
            200,
        ),
        (
            ActionKind::DeleteRegistration,
            Purpose::RegistrationDeletion,
            "DELETE",
            204,
        ),
    ] {
        run.act(kind).await;
        let sent = run.sent(|sent| *sent == purpose).remove(0);
        assert_eq!(
            (sent.request.method.as_str(), &sent.request.url),
            (method, &uri)
        );
        assert_eq!(
            sent.request.header_value("authorization"),
            Some(token.as_str())
        );
        assert_eq!(sent.status(), Some(status), "{kind:?}");
        if kind == ActionKind::UpdateRegistration {
            let body = json_sent(&sent);
            assert_eq!(
                body["client_id"],
                id.as_str(),
                "RFC 7592 section 2.2 wants it"
            );
            for of_the_server in [
                "registration_access_token",
                "registration_client_uri",
                "client_id_issued_at",
            ] {
                assert!(body.get(of_the_server).is_none(), "{body}");
            }
        }
    }
    assert_eq!(run.view().registrations_left, 0);
    assert!(!run.view().actions.contains(&ActionKind::ReadRegistration));
    run.assert_silent();
}
