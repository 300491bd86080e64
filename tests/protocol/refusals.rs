//! Where a client has to refuse.

use lab::Misbehaviour;
use session::{Browser, Options, Status};
use trace::{Decision, Grant, Outcome, Purpose, StopCode, query_pairs};

use test_support::sent::{client, json_sent};
use test_support::{Watched, lab, options};

#[tokio::test(flavor = "multi_thread")]
async fn without_pkce_support_nothing_is_asked_of_the_server() {
    let lab = lab(Some(Misbehaviour::PkceNotAdvertised)).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    run.run().await;
    let (code, message, can_go_on) = run.stop();
    assert_eq!((code, can_go_on), (StopCode::PkceUnsupported, true));
    assert!(
        message.contains("code_challenge_methods_supported"),
        "{message}"
    );
    let asked =
        run.sent(|purpose| matches!(purpose, Purpose::Registration | Purpose::Authorization));
    assert!(asked.is_empty(), "{:#?}", run.exchanges());

    run.session.go_on().await.expect("it may be passed");
    run.run().await;
    run.assert_done();
    let passed = Decision::WentOnAnyway {
        code: StopCode::PkceUnsupported,
    };
    assert!(run.decisions().contains(&passed));
    let request = &run.authorization_requests()[0];
    assert_eq!(
        request["code_challenge_method"], "S256",
        "it is sent all the same"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_with_another_state_or_none_is_not_taken() {
    for state in [Some("another"), None] {
        let (lab, mut run) = waiting_for_its_callback().await;
        let state = state
            .map(|state| format!("&state={state}"))
            .unwrap_or_default();
        comes_back(&mut run, &format!("code=x{state}&iss={}", lab.as_url())).await;
        let (code, _, can_go_on) = run.stop();
        assert_eq!((code, can_go_on), (StopCode::StateMismatch, true));
        assert!(run.token_requests(Grant::AuthorizationCode).is_empty());
        assert_eq!(run.codes(), ["A05"], "{:#?}", run.findings);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_with_a_slash_more_is_another_one() {
    let (lab, mut run) = waiting_for_its_callback().await;
    let state = run.authorization_requests()[0]["state"].clone();
    // Byte for byte: a slash more is another issuer (RFC 9207 section 2.4).
    comes_back(
        &mut run,
        &format!("code=x&state={state}&iss={}/", lab.as_url()),
    )
    .await;
    assert_eq!(run.stop().0, StopCode::IssMismatch);
    assert!(run.token_requests(Grant::AuthorizationCode).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_another_server_stays_here() {
    let lab = lab(Some(Misbehaviour::MixUp)).await;
    let other = lab.second_as_url().expect("the one it mixes up with");
    let registration = client("lab-public", None);
    let mut run = Watched::start(Options {
        registration,
        ..options(lab.mcp_url())
    })
    .await;
    run.run().await;
    let (code, message, _) = run.stop();
    assert_eq!(code, StopCode::IssMismatch, "{message}");
    let there = format!("{other}/authorize");
    assert!(
        run.urls().iter().any(|url| url.starts_with(&there)),
        "{:#?}",
        run.urls()
    );
    let callback = run.sent(|purpose| *purpose == Purpose::Callback);
    let code = query_pairs(&callback[0].request.url)
        .into_iter()
        .find(|pair| pair.name == "code");
    let code = code.expect("the other server granted it").value;
    assert!(run.token_requests(Grant::AuthorizationCode).is_empty());
    let after = run.session.trace();
    let leaked = after.exchanges().any(|(_, exchange)| {
        let sent = String::from_utf8_lossy(&exchange.request.body.bytes);
        exchange.purpose != Purpose::Callback
            && (sent.contains(&code) || exchange.request.url.contains(&code))
    });
    assert!(!leaked);
    assert!(run.codes().contains(&"R12"), "{:#?}", run.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_registration_is_told_as_it_was() {
    let lab = lab(Some(Misbehaviour::RegistrationRejected)).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    run.run().await;
    let (code, message, _) = run.stop();
    assert_eq!(code, StopCode::RegistrationRejected);
    assert!(message.contains("invalid_redirect_uri"), "{message}");
    assert!(
        message.contains("not one that clients may register here"),
        "{message}"
    );
    assert_eq!(run.codes(), ["G03"], "{:#?}", run.findings);
    assert!(run.authorization_requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_was_changed_by_hand_and_rejected_can_be_sent_again() {
    let lab = lab(None).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    while run
        .view()
        .next
        .as_ref()
        .is_some_and(|next| next.title != "Register this client")
    {
        run.next().await;
    }
    let right = run.view().next.clone().expect("the registration").request;
    let wrong =
        String::from_utf8_lossy(&right.body.bytes).replace("authorization_code", "nonsense");
    let edited = trace::Request {
        body: trace::Body::new(wrong.into_bytes()),
        ..right.clone()
    };
    run.session
        .edit(Some(edited))
        .await
        .expect("it can be sent");
    run.rest().await;
    run.next().await;
    let (code, message, _) = run.stop();
    assert_eq!(code, StopCode::RegistrationRejected);
    assert!(message.contains("invalid_client_metadata"), "{message}");
    let rejected = run.sent(|purpose| *purpose == Purpose::Registration);
    assert!(rejected[0].edited);
    assert_eq!(json_sent(&rejected[0])["grant_types"][0], "nonsense");

    let seq = run.seq_of("POST /register");
    run.session.rewind(seq).await.expect("it is of this branch");
    run.rest().await;
    run.run().await;
    run.assert_done();
}

/// The lab, and a session whose browser is somewhere else.
async fn waiting_for_its_callback() -> (lab::Lab, Watched) {
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        browser: Browser::Show,
        ..options(lab.mcp_url())
    })
    .await;
    run.session.run().await.expect("there is a step to do");
    run.until("the callback to be waited for", |view| {
        matches!(view.status, Status::AwaitingCallback { .. })
    })
    .await;
    (lab, run)
}

/// The browser comes to the redirect URI with this query, by hand.
async fn comes_back(run: &mut Watched, query: &str) {
    let redirect_uri = run.authorization_requests()[0]["redirect_uri"].clone();
    let url = format!("{redirect_uri}?{query}");
    run.session
        .paste_callback(url)
        .await
        .expect("it is of the redirect URI");
    run.rest().await;
    let trace = run.session.trace();
    let callbacks = trace
        .exchanges()
        .filter(|(_, exchange)| exchange.purpose == Purpose::Callback);
    for (_, exchange) in callbacks {
        assert!(
            matches!(exchange.outcome, Outcome::Response(_)),
            "{:?}",
            exchange.outcome
        );
    }
}
