//! Whole flows against the lab: every revision, stepping, rewinding, editing, stored tokens.

use app::Progress;
use lab::Misbehaviour;
use session::{Callback, CallbackHost, Registration, Status};
use test_support::{Watched, lab, options, within};
use trace::{Outcome, Phase, Request, Revision, StopCode, query_pairs};
use vault::Vault;

#[tokio::test(flavor = "multi_thread")]
async fn every_revision_reaches_the_tools_without_a_finding() {
    for revision in Revision::ALL.map(Some).into_iter().chain([None]) {
        let lab = lab(None).await;
        let mut run = Watched::start(session::Options {
            revision,
            ..options(lab.mcp_url())
        })
        .await;
        run.run().await;
        run.assert_done();
        assert_eq!(run.codes(), [""; 0], "{revision:?}: {:#?}", run.findings);
        let tools = &run
            .view()
            .server
            .as_ref()
            .expect("the server said its name")
            .tools;
        assert!(tools.iter().any(|tool| tool.name == "echo"), "{tools:?}");
        let modern = revision.is_none_or(Revision::is_modern);
        let initialized = run.trace_methods().contains(&"initialize".to_owned());
        assert_eq!(initialized, !modern, "{revision:?}");
        if let Some(revision) = revision {
            assert_eq!(run.view().revision, Some(revision));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_shows_its_request_before_it_is_sent_and_sends_just_that() {
    let lab = lab(None).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    assert!(
        run.rows.is_empty(),
        "nothing is sent before it is asked for"
    );
    let mut shown = Vec::new();
    while let Some(next) = run.view().next.clone() {
        shown.push(next.request.clone());
        let before = run.rows.len();
        run.next().await;
        assert!(run.rows.len() > before, "{} made no row", next.title);
        let trace = run.session.trace();
        let mut new = trace.entries[before..].iter();
        if !next.browser {
            let sent = new.find_map(|entry| entry.exchange()).expect("an exchange");
            assert_eq!(sent.request, next.request, "{}", next.title);
        }
    }
    run.assert_done();
    assert!(shown.len() >= 8, "{} steps", shown.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_rest_every_row_was_told_in_order_and_all_is_judged() {
    let misbehaviour = Misbehaviour::ALL
        .iter()
        .find(|misbehaviour| misbehaviour.slug() == "resource_metadata_parameter_wrong")
        .expect("it has that name");
    for misbehaviour in [None, Some(*misbehaviour)] {
        let lab = lab(misbehaviour).await;
        for stepping in [false, true] {
            let mut run = Watched::start(options(lab.mcp_url())).await;
            if !stepping {
                run.run().await;
            }
            loop {
                let trace = run.session.trace();
                let told: Vec<u32> = run.rows.iter().map(|row| row.seq).collect();
                let recorded: Vec<u32> = trace.entries.iter().map(|entry| entry.seq).collect();
                assert_eq!(told, recorded);
                assert_eq!(run.findings, diagnosis::diagnose(&trace));
                if run.view().next.is_none() {
                    break;
                }
                run.next().await;
            }
            assert_eq!(run.findings.is_empty(), misbehaviour.is_none());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_request_is_the_one_that_is_sent_and_is_marked() {
    let lab = lab(None).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    let request = run.view().next.clone().expect("a first step").request;
    let edited = Request {
        headers: request.headers.clone(),
        ..request
    }
    .header("x-probe", "1");
    run.session
        .edit(Some(edited.clone()))
        .await
        .expect("it can be sent");
    run.rest().await;
    assert!(run.view().next.as_ref().expect("still to be sent").edited);
    run.next().await;
    let trace = run.session.trace();
    let (_, exchange) = trace.exchanges().next().expect("one exchange");
    assert!(exchange.edited);
    assert_eq!(exchange.request.header_value("x-probe"), Some("1"));
    let error = run
        .session
        .edit(Some(Request::new("GET", "file:///etc/passwd")))
        .await
        .unwrap_err();
    assert!(error.message.contains("http"), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn rewinding_goes_another_way_and_keeps_the_abandoned_one() {
    let lab = lab(None).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    run.run().await;
    run.assert_done();
    let registration = run.seq_of("POST /register");
    let before = run.rows.len();
    run.session
        .rewind(registration)
        .await
        .expect("it is of this branch");
    run.rest().await;
    assert_eq!(
        run.view().next.as_ref().expect("the step before it").phase,
        Phase::Registration
    );
    run.run().await;
    run.assert_done();
    assert!(run.rows.len() > before + 3);
    let trace = run.session.trace();
    let states: Vec<String> = trace
        .entries
        .iter()
        .filter_map(|entry| match &entry.kind {
            trace::EntryKind::BrowserOpened(visit) => query_pairs(&visit.url)
                .into_iter()
                .find(|pair| pair.name == "state")
                .map(|pair| pair.value),
            _ => None,
        })
        .collect();
    assert_eq!(states.len(), 2);
    assert_ne!(
        states[0], states[1],
        "another authorization request has another state"
    );
    let error = run.session.rewind(registration).await.unwrap_err();
    assert!(
        error.message.contains("present branch"),
        "{}",
        error.message
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callback_host_is_the_one_chosen() {
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
            path: "/back/here".into(),
            ..Callback::default()
        };
        let mut run = Watched::start(session::Options {
            callback,
            ..options(lab.mcp_url())
        })
        .await;
        run.run().await;
        run.assert_done();
        let trace = run.session.trace();
        let redirect = trace.exchanges().find_map(|(_, exchange)| {
            let pairs = query_pairs(&exchange.request.url);
            pairs
                .into_iter()
                .find(|pair| pair.name == "redirect_uri")
                .map(|pair| pair.value)
        });
        let redirect = redirect.expect("an authorization request");
        assert!(
            redirect.starts_with(beginning) && redirect.ends_with("/back/here"),
            "{redirect}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_callback_url_serves_as_well() {
    let lab = lab(None).await;
    let browser = session::Browser::Show;
    let mut run = Watched::start(session::Options {
        browser,
        ..options(lab.mcp_url())
    })
    .await;
    run.session.run().await.expect("there is a step to do");
    let waiting = run.until("the callback to be waited for", |view| {
        matches!(view.status, Status::AwaitingCallback { .. })
    });
    let Status::AwaitingCallback {
        authorization_url, ..
    } = waiting.await.status
    else {
        unreachable!()
    };
    let wire = wire::Wire::new(&wire::Settings::default()).expect("the defaults are usable");
    let redirect_uri = query_pairs(&authorization_url)
        .into_iter()
        .find(|pair| pair.name == "redirect_uri")
        .expect("a redirect URI")
        .value;
    let mut approver = wire::Approver::new(wire, Vec::new());
    let mut ignore = |_| {};
    let callback = approver
        .approve(&authorization_url, &redirect_uri, &mut ignore)
        .await
        .expect("the lab's page");
    let wrong = run
        .session
        .paste_callback("https://elsewhere.example/callback?code=x".into())
        .await
        .unwrap_err();
    assert!(
        wrong.message.contains("elsewhere.example") || wrong.message.contains("redirect"),
        "{}",
        wrong.message
    );
    run.session
        .paste_callback(callback.url)
        .await
        .expect("it is of the redirect URI");
    run.until("the end", |view| matches!(view.status, Status::Done { .. }))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_token_is_used_again_and_an_expired_one_refreshed() {
    let vault = Vault::memory("a test");
    let lab = lab(None).await;
    let stored = || session::Options {
        use_stored_token: true,
        ..options(lab.mcp_url())
    };
    let mut first = Watched::with_vault(stored(), vault.clone()).await;
    first.run().await;
    first.assert_done();

    let mut second = Watched::with_vault(stored(), vault.clone()).await;
    second.run().await;
    second.assert_done();
    assert_eq!(second.codes(), [""; 0], "{:#?}", second.findings);
    assert!(
        second
            .exchanges()
            .iter()
            .all(|line| line.starts_with("POST /mcp 200")),
        "{:#?}",
        second.exchanges()
    );

    let mut sets = within("the vault", vault.list())
        .await
        .expect("memory can be read");
    for set in &mut sets {
        set.expires_at = Some(trace::Timestamp(1));
        vault.put(set.clone()).await.expect("memory can be written");
    }
    let mut third = Watched::with_vault(stored(), vault.clone()).await;
    third.run().await;
    third.assert_done();
    let lines = third.exchanges();
    assert!(lines.contains(&"POST /token 200".to_owned()), "{lines:#?}");
    assert!(
        !lines.iter().any(|line| line.contains("/authorize")),
        "no user was needed: {lines:#?}"
    );
    assert_eq!(third.codes(), [""; 0], "{:#?}", third.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_refresh_forgets_and_authorizes_afresh() {
    let lab = lab(Some(Misbehaviour::RefreshTokenRejected)).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    run.run().await;
    run.assert_done();
    let lines = run.exchanges();
    assert_eq!(
        lines
            .iter()
            .filter(|line| *line == "POST /token 200")
            .count(),
        2,
        "{lines:#?}"
    );
    assert_eq!(
        lines
            .iter()
            .filter(|line| *line == "POST /token 400")
            .count(),
        1,
        "{lines:#?}"
    );
    assert_eq!(run.codes(), ["S12"], "{:#?}", run.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_early_is_refreshed_without_the_user() {
    let lab = lab(Some(Misbehaviour::TokenExpiresEarly)).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    run.run().await;
    run.assert_done();
    assert_eq!(run.codes(), [""; 0], "{:#?}", run.findings);
    let refresh = run
        .view()
        .phases
        .iter()
        .find(|phase| phase.phase == Phase::Refresh)
        .expect("it happened");
    assert_eq!((refresh.progress, refresh.exchanges), (Progress::Passed, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_stops_and_going_on_anyway_continues() {
    let lab = lab(Some(Misbehaviour::PkceNotAdvertised)).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    run.run().await;
    let Status::Stopped {
        code, can_go_on, ..
    } = run.view().status.clone()
    else {
        panic!("{:?}", run.view().status);
    };
    assert_eq!((code, can_go_on), (StopCode::PkceUnsupported, true));
    run.session.go_on().await.expect("it may be passed");
    run.run().await;
    run.assert_done();
    assert!(run.codes().contains(&"A07"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pre_registered_client_needs_no_registration() {
    let lab = lab(None).await;
    for (client_id, client_secret) in [
        ("lab-public", None),
        ("lab-confidential", Some("lab-secret")),
    ] {
        let registration = Registration::Preregistered {
            client_id: client_id.into(),
            client_secret: client_secret.map(Into::into),
            private_key_file: None,
            alg: None,
        };
        let mut run = Watched::start(session::Options {
            registration,
            ..options(lab.mcp_url())
        })
        .await;
        run.run().await;
        run.assert_done();
        let phases = &run.view().phases;
        let registration = phases
            .iter()
            .find(|phase| phase.phase == Phase::Registration)
            .expect("a main phase");
        assert_eq!(registration.progress, Progress::Skipped);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_breaks_off_what_is_under_way_and_keeps_what_was_recorded() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let url = format!("http://{}/mcp", silent.local_addr().expect("it is bound"));
    let mut run = Watched::start(options(&url)).await;
    run.session.next().await.expect("there is a step to do");
    let (_held, _) = within("the request to arrive", silent.accept())
        .await
        .expect("a connection");
    run.session.stop().await.expect("it can be broken off");
    run.rest().await;
    let Status::Ended { message } = &run.view().status else {
        panic!("{:?}", run.view().status);
    };
    assert!(message.contains("was under way"), "{message}");
    let trace = run.session.trace();
    let (_, exchange) = trace.exchanges().next().expect("what was sent is recorded");
    assert!(
        matches!(&exchange.outcome, Outcome::Failure(failure) if failure.kind == trace::FailureKind::Cancelled)
    );
}
