//! Tokens that are bound to a key (RFC 9449) or to a certificate (RFC 8705).

use std::collections::HashSet;

use session::{ClientCertificate, Network, Options};
use trace::{ActionKind, Decision, Exchange, Grant, Jwt, Purpose};
use vault::Vault;

use test_support::sent::{json_answer, jwt, kept, lab_with, told};
use test_support::{Watched, lab, options};

fn proof(exchange: &Exchange) -> Jwt {
    let proof = exchange.request.header_value("dpop");
    jwt(proof.unwrap_or_else(|| panic!("no proof: {}", exchange.request.url)))
}

fn thumbprint(run: &Watched) -> String {
    let bound = run
        .decisions()
        .into_iter()
        .find_map(|decision| match decision {
            Decision::SenderConstrained { thumbprint, .. } => Some(thumbprint),
            _ => None,
        });
    bound.expect("it is decided")
}

/// Every call with a token, in order.
fn calls(run: &Watched) -> Vec<Exchange> {
    run.sent(|purpose| matches!(purpose, Purpose::Mcp { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_proves_the_key_that_the_token_is_bound_to() {
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        dpop: true,
        then: vec![ActionKind::Refresh],
        ..options(lab.mcp_url())
    })
    .await;
    run.passes().await;
    let issued = run.token_requests(Grant::AuthorizationCode).remove(0);
    let refreshed = run.token_requests(Grant::RefreshToken).remove(0);
    assert_eq!(json_answer(&issued)["token_type"], "DPoP");
    let mut proofs = HashSet::new();
    for exchange in [&issued, &refreshed] {
        let proof = proof(exchange);
        assert_eq!(
            (proof.header["typ"].as_str(), proof.text("htm")),
            (Some("dpop+jwt"), Some("POST"))
        );
        assert_eq!(proof.text("htu"), Some(exchange.request.url.as_str()));
        assert_eq!(
            proof.header["jwk"].get("d"),
            None,
            "the private half stays here"
        );
        proofs.insert(proof.text("jti").expect("it is good once").to_owned());
        let bound = jwt(&told(exchange, "access_token"));
        assert_eq!(bound.claims["cnf"]["jkt"], thumbprint(&run).as_str());
    }
    let calls = calls(&run);
    for call in &calls {
        let proof = proof(call);
        assert!(proof.text("ath").is_some());
        assert_eq!(proof.text("htu"), Some(lab.mcp_url()));
        proofs.insert(proof.text("jti").expect("it is good once").to_owned());
        let authorization = call.request.header_value("authorization").expect("a token");
        assert!(authorization.starts_with("DPoP "), "{authorization}");
    }
    assert_eq!(proofs.len(), calls.len() + 2, "no proof is sent twice");
    assert_eq!(
        jwt(&told(&issued, "access_token")).claims["cnf"],
        jwt(&told(&refreshed, "access_token")).claims["cnf"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_token_is_got_where_the_mcp_server_demands_it_and_only_there() {
    let demanding = lab_with(|lab| lab.dpop_required = true).await;
    let mut run = Watched::start(options(demanding.mcp_url())).await;
    run.passes().await;
    assert!(!thumbprint(&run).is_empty());
    let content = lab(None).await;
    let mut run = Watched::start(options(content.mcp_url())).await;
    run.passes().await;
    assert!(
        calls(&run)
            .iter()
            .all(|call| call.request.header_value("dpop").is_none())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nonces_are_sent_once_they_are_demanded_and_each_server_has_its_own() {
    let lab = lab_with(|lab| {
        lab.dpop_nonce = true;
        lab.dpop_required = true;
    })
    .await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    run.passes().await;
    let tokens = run.token_requests(Grant::AuthorizationCode);
    let [first, again] = &tokens[..] else {
        panic!("{:#?}", run.exchanges())
    };
    let calls = calls(&run);
    for (first, again, error) in [(first, again, Some(400)), (&calls[0], &calls[1], Some(401))] {
        assert_eq!((first.status(), again.status()), (error, Some(200)));
        let demanded = first
            .response()
            .and_then(|answer| answer.header_value("dpop-nonce"));
        assert_eq!(proof(first).text("nonce"), None, "none is guessed");
        assert_eq!(proof(again).text("nonce"), demanded);
        assert_ne!(proof(first).text("jti"), proof(again).text("jti"));
    }
    assert_ne!(proof(again).text("nonce"), proof(&calls[1]).text("nonce"));
    let refused = calls
        .iter()
        .filter(|call| call.status() == Some(401))
        .count();
    assert_eq!(
        refused,
        1,
        "the nonce is remembered: {:#?}",
        run.exchanges()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_token_is_used_with_the_key_that_was_stored_with_it() {
    let lab = lab(None).await;
    let vault = Vault::memory("a test");
    let bound = || Options {
        dpop: true,
        use_stored_token: true,
        ..options(lab.mcp_url())
    };
    let mut first = Watched::with_vault(bound(), vault.clone()).await;
    first.passes().await;
    let mut second = Watched::with_vault(bound(), vault).await;
    second.passes().await;
    assert!(second.authorization_requests().is_empty());
    let key = |run: &Watched| proof(&calls(run)[0]).header["jwk"].clone();
    assert_eq!(key(&first), key(&second));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_shown_and_the_token_is_bound_to_it() {
    let lab = lab_with(|lab| lab.mtls = true).await;
    let tls = lab.client_tls().expect("asked for");
    let network = |client_certificate| Network {
        ca_files: vec![kept("ca.pem", &tls.authority)],
        client_certificate,
        ..Network::default()
    };
    let certificate = ClientCertificate {
        certificate_file: kept("client.pem", &tls.certificate),
        key_file: kept("client-key.pem", &tls.private_key),
    };
    for (certificate, bound) in [(Some(certificate), true), (None, false)] {
        let mut run = Watched::start(Options {
            network: network(certificate),
            ..options(lab.mcp_url())
        })
        .await;
        run.passes().await;
        let issued = run.token_requests(Grant::AuthorizationCode).remove(0);
        let token = jwt(&told(&issued, "access_token"));
        let thumbprint = token
            .claims
            .get("cnf")
            .map(|cnf| cnf["x5t#S256"].is_string());
        assert_eq!(thumbprint.unwrap_or_default(), bound);
    }
}
