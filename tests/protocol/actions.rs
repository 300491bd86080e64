//! What can be asked for once there is a token: the life of a token, what the server knows of it,
//! its signature.

use lab::{Lab, Misbehaviour};
use session::Options;
use trace::{ActionKind, Decision, Exchange, Grant, Purpose, SignatureCheck, TokenKind};

use test_support::sent::{client, form, json_answer, told};
use test_support::{Watched, lab, options};

/// A run that has reached its end.
async fn done(lab: &Lab) -> Watched {
    let mut run = Watched::start(options(lab.mcp_url())).await;
    run.passes().await;
    run
}

/// What the last action came to, and what it sent.
async fn acted(run: &mut Watched, kind: ActionKind) -> (String, Vec<Exchange>) {
    let before = run.session.trace().entries.len();
    run.act(kind).await;
    run.assert_done();
    let trace = run.session.trace();
    let new = &trace.entries[before..];
    let mut decisions = new.iter().filter_map(|entry| entry.decision());
    let began = Decision::Action { action: kind };
    assert!(decisions.any(|decision| *decision == began), "{new:#?}");
    let ended = decisions.find_map(|decision| match decision {
        Decision::ActionDone { action, message } if *action == kind => Some(message.clone()),
        _ => None,
    });
    let sent = new.iter().filter_map(|entry| entry.exchange().cloned());
    (ended.expect("it says how it ended"), sent.collect())
}

fn lines(sent: &[Exchange]) -> Vec<String> {
    let line = |exchange: &Exchange| {
        let what = match &exchange.purpose {
            Purpose::Token { grant } => grant.grant_type().to_owned(),
            Purpose::Mcp { method } => method.clone(),
            other => format!("{other:?}"),
        };
        format!("{what} {}", exchange.status().unwrap_or_default())
    };
    sent.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_and_an_expired_token_bring_one_that_is_used() {
    let lab = lab(None).await;
    let mut run = done(&lab).await;
    for kind in [ActionKind::Refresh, ActionKind::PretendExpired] {
        let (_, sent) = acted(&mut run, kind).await;
        assert_eq!(
            lines(&sent),
            ["refresh_token 200", "tools/list 200"],
            "{kind:?}"
        );
        let used = sent[1]
            .request
            .header_value("authorization")
            .map(str::to_owned);
        assert_eq!(
            used,
            Some(format!("Bearer {}", told(&sent[0], "access_token")))
        );
    }
    run.assert_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_uses_each_refresh_token_once() {
    let lab = lab(None).await;
    let mut run = done(&lab).await;
    let (_, sent) = acted(&mut run, ActionKind::Rotate).await;
    assert_eq!(
        lines(&sent),
        ["refresh_token 200", "refresh_token 200", "tools/list 200"]
    );
    assert_eq!(
        form(&sent[1])["refresh_token"],
        told(&sent[0], "refresh_token")
    );
    run.assert_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_refresh_token_takes_all_of_its_family_along() {
    let lab = lab(None).await;
    let mut run = done(&lab).await;
    let (_, sent) = acted(&mut run, ActionKind::ReuseRotated).await;
    assert_eq!(
        lines(&sent),
        ["refresh_token 200", "refresh_token 400", "tools/list 401"]
    );
    assert_eq!(
        form(&sent[0])["refresh_token"],
        form(&sent[1])["refresh_token"]
    );
    assert_eq!(told(&sent[1], "error"), "invalid_grant");
    run.assert_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_refreshes_at_once_use_the_same_refresh_token() {
    let lab = lab(None).await;
    let mut run = done(&lab).await;
    let (_, sent) = acted(&mut run, ActionKind::RefreshTwice).await;
    let refreshes: Vec<_> = sent
        .iter()
        .filter(|exchange| exchange.purpose == of_a_refresh())
        .collect();
    assert_eq!(refreshes.len(), 2, "{:#?}", lines(&sent));
    assert_eq!(
        form(refreshes[0])["refresh_token"],
        form(refreshes[1])["refresh_token"]
    );
    let mut statuses: Vec<_> = refreshes.iter().map(|exchange| exchange.status()).collect();
    statuses.sort_unstable();
    assert_eq!(
        statuses,
        [Some(200), Some(400)],
        "a refresh token is good once"
    );
    assert_eq!(run.codes(), ["C04"], "{:#?}", run.findings);
}

fn of_a_refresh() -> Purpose {
    Purpose::Token {
        grant: Grant::RefreshToken,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_refused_and_revoking_all_forgets_them() {
    let lab = lab(None).await;
    let mut run = done(&lab).await;
    let (_, sent) = acted(&mut run, ActionKind::RevokeAndTry).await;
    let access = Purpose::Revocation {
        token: TokenKind::AccessToken,
    };
    assert_eq!((&sent[0].purpose, sent[0].status()), (&access, Some(200)));
    assert_eq!(form(&sent[0])["token_type_hint"], "access_token");
    assert_eq!(lines(&sent)[1], "tools/list 401");

    let mut run = done(&lab).await;
    let (_, sent) = acted(&mut run, ActionKind::Revoke).await;
    let kinds: Vec<_> = sent
        .iter()
        .map(|exchange| (form(exchange)["token_type_hint"].clone(), exchange.status()))
        .collect();
    let expected = ["refresh_token", "access_token"].map(|kind| (kind.to_owned(), Some(200)));
    assert_eq!(kinds, expected);
    assert!(
        run.view().tokens.iter().all(|token| !token.current),
        "{:#?}",
        run.view().tokens
    );
    assert!(!run.view().actions.contains(&ActionKind::Refresh));
    run.assert_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_asked_what_it_knows_of_the_tokens() {
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        registration: client("lab-confidential", Some("lab-secret")),
        ..options(lab.mcp_url())
    })
    .await;
    run.passes().await;
    let (_, sent) = acted(&mut run, ActionKind::Introspect).await;
    let [access, refresh] = &sent[..] else {
        panic!("{:#?}", lines(&sent))
    };
    for (exchange, kind) in [(access, "access_token"), (refresh, "refresh_token")] {
        assert_eq!(form(exchange)["token_type_hint"], kind);
        assert_eq!(json_answer(exchange)["active"], true);
    }
    run.assert_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_is_told_of_where_openid_was_asked_for() {
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        scope: Some("openid profile mcp:read".into()),
        ..options(lab.mcp_url())
    })
    .await;
    run.passes().await;
    let (message, sent) = acted(&mut run, ActionKind::Userinfo).await;
    assert_eq!(lines(&sent), ["Userinfo 200"]);
    assert_eq!(json_answer(&sent[0])["name"], "Alice Liddell");
    assert!(message.contains("alice"), "{message}");
    run.assert_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_are_checked_with_the_issuers_keys() {
    let openid = |url: &str| Options {
        scope: Some("openid mcp:read".into()),
        ..options(url)
    };
    let lab = lab(None).await;
    let mut run = Watched::start(openid(lab.mcp_url())).await;
    run.passes().await;
    let (_, sent) = acted(&mut run, ActionKind::CheckSignatures).await;
    assert_eq!(lines(&sent), ["Jwks 200"]);
    for kind in [TokenKind::AccessToken, TokenKind::IdToken] {
        assert_eq!(checked(&run, kind), SignatureCheck::Valid, "{kind:?}");
    }
    run.assert_silent();

    let lab = test_support::lab(Some(Misbehaviour::JwksKeyMissing)).await;
    let mut run = Watched::start(openid(lab.mcp_url())).await;
    run.run().await;
    acted(&mut run, ActionKind::CheckSignatures).await;
    let why = checked(&run, TokenKind::AccessToken);
    assert!(!matches!(why, SignatureCheck::Valid), "{why:?}");
}

/// The last check of this token's signature.
fn checked(run: &Watched, kind: TokenKind) -> SignatureCheck {
    let decisions = run.decisions().into_iter().rev();
    let mut checks = decisions.filter_map(|decision| match decision {
        Decision::TokenChecked {
            token, signature, ..
        } if token == kind => Some(signature),
        _ => None,
    });
    checks.next().expect("it was checked")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_browser_would_ask_first_is_asked_without_a_token() {
    let lab = lab(None).await;
    let mut run = done(&lab).await;
    let (_, sent) = acted(&mut run, ActionKind::CheckCors).await;
    assert!(sent.len() > 1, "{:#?}", lines(&sent));
    let preflights = sent
        .iter()
        .filter(|exchange| exchange.request.method == "OPTIONS");
    let mut asked = 0;
    for preflight in preflights {
        asked += 1;
        assert_eq!(preflight.status(), Some(204), "{}", preflight.request.url);
        for secret in ["authorization", "dpop", "cookie"] {
            assert_eq!(preflight.request.header_value(secret), None);
        }
    }
    assert!(asked > 0, "{:#?}", lines(&sent));
    // Then each request as a page sends it; errors are readable, too.
    let pages = sent
        .iter()
        .filter(|exchange| exchange.request.method != "OPTIONS");
    let mut statuses = Vec::new();
    for exchange in pages {
        assert!(exchange.request.header_value("origin").is_some());
        let response = exchange.response().expect("the lab answers");
        let readable = response.header_value("access-control-allow-origin");
        assert_eq!(readable, Some("*"), "{}", exchange.request.url);
        statuses.push(response.status);
    }
    assert_eq!(
        statuses,
        [200, 200, 400, 400, 401, 200],
        "{:#?}",
        lines(&sent)
    );
    run.assert_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_token_is_refused_and_the_run_goes_on_with_its_own() {
    for dpop in [false, true] {
        let lab = lab(None).await;
        let mut run = Watched::start(Options {
            dpop,
            ..options(lab.mcp_url())
        })
        .await;
        run.passes().await;
        let own = run.sent(|purpose| matches!(purpose, Purpose::Mcp { .. }));
        let own = own[0]
            .request
            .header_value("authorization")
            .map(str::to_owned);
        let (message, sent) = acted(&mut run, ActionKind::TryInvalidToken).await;
        assert_eq!(lines(&sent), ["tools/list 401"]);
        let garbled = sent[0].request.header_value("authorization");
        assert!(garbled.is_some() && garbled != own.as_deref());
        assert!(message.contains("says what clients need"), "{message}");
        run.assert_silent();

        let (_, sent) = acted(&mut run, ActionKind::Refresh).await;
        assert_eq!(lines(&sent), ["refresh_token 200", "tools/list 200"]);
        run.assert_silent();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_for_beforehand_is_done_in_order_at_the_end() {
    let lab = lab(None).await;
    let then = vec![
        ActionKind::CheckSignatures,
        ActionKind::Refresh,
        ActionKind::ReadRegistration,
        ActionKind::Revoke,
        ActionKind::DeleteRegistration,
    ];
    let mut run = Watched::start(Options {
        then: then.clone(),
        ..options(lab.mcp_url())
    })
    .await;
    run.passes().await;
    let decisions = run.decisions().into_iter();
    let begun: Vec<ActionKind> = decisions
        .filter_map(|decision| match decision {
            Decision::Action { action } => Some(action),
            _ => None,
        })
        .collect();
    assert_eq!(begun, then);
    assert_eq!(run.view().registrations_left, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_not_offered_and_says_why_when_it_is_asked_for() {
    let lab = lab(None).await;
    let mut run = Watched::start(Options {
        registration: client("lab-public", None),
        scope: Some("mcp:read".into()),
        ..options(lab.mcp_url())
    })
    .await;
    run.passes().await;
    assert!(
        !run.view().actions.contains(&ActionKind::DeleteRegistration),
        "{:?}",
        run.view().actions
    );
    assert!(run.view().actions.contains(&ActionKind::Introspect));
}
