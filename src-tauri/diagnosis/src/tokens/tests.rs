use serde_json::{Value, json};
use trace::{Decision, Purpose, SignatureCheck, TokenKind, Trace};

use super::*;
use crate::sample::{
    Answer, Run, call, decide, id_token, jwt, post, push_to_server, refresh, token_answer, watched,
};

const SECOND: u64 = 1_700_000_000;

fn access(claims: Value) -> String {
    let mut all = json!({"iss": "https://as.example", "jti": claims.to_string()});
    for (name, value) in claims.as_object().unwrap() {
        all[name] = value.clone();
    }
    jwt(&all)
}

/// A run whose access token has these claims, and that is asked for `mcp files`.
fn run(claims: Value, change: impl FnOnce(&mut Value)) -> Trace {
    let mut run = Run::healthy();
    run.ask("scope", Some("mcp files"));
    run.token.edit(|answer| {
        answer["access_token"] = access(claims).into();
        change(answer);
    });
    run.trace()
}

fn of_kind(trace: &Trace, kind: TokenSeenKind) -> Vec<TokenSeen> {
    let mut all = tokens(trace);
    all.retain(|token| token.kind == kind);
    all
}

fn named<'t>(since: &'t TokenSince, name: &str) -> &'t TokenDifference {
    let mut all = since.differences.iter();
    all.find(|one| one.name == name)
        .unwrap_or_else(|| panic!("no {name} in {since:?}"))
}

#[test]
fn a_run_has_its_tokens_with_where_they_came_from_and_went() {
    let trace = run(json!({"aud": "x"}), |_| {});
    let all = tokens(&trace);
    let kinds: Vec<_> = all.iter().map(|token| token.kind).collect();
    assert_eq!(kinds, [TokenSeenKind::Access, TokenSeenKind::Refresh]);
    let [access, refresh] = all.as_slice() else {
        panic!("{all:?}");
    };
    assert!(
        access
            .came
            .starts_with("For an authorization code, in row ")
    );
    assert!(!access.used.is_empty() && refresh.used.is_empty());
    let claims = &access.parts[1];
    let aud = claims
        .fields
        .iter()
        .find(|field| field.name == "aud")
        .unwrap();
    assert!(aud.meaning.as_deref().unwrap().ends_with('.'));
    assert!(refresh.note.as_deref().unwrap().starts_with("Opaque"));
    assert_eq!(access.over, None);
}

#[test]
fn scopes_are_told_one_by_one_and_what_was_not_granted_is_named() {
    let said = |change: &dyn Fn(&mut Value)| {
        let trace = run(json!({}), change);
        of_kind(&trace, TokenSeenKind::Access)
            .remove(0)
            .scopes
            .unwrap()
    };
    let fewer = said(&|answer| answer["scope"] = "mcp".into());
    assert_eq!(fewer.says, "Asked for and not granted: files.");
    let granted: Vec<_> = fewer
        .all
        .iter()
        .map(|one| (one.name.as_str(), one.granted))
        .collect();
    assert_eq!(granted, [("mcp", true), ("files", false)]);
    let more = said(&|answer| answer["scope"] = "files mcp openid".into());
    assert_eq!(more.says, "Granted without being asked for: openid.");
    let openid = more.all.iter().find(|one| one.name == "openid").unwrap();
    assert!(openid.meaning.is_some() && openid.asked == Some(false));
    assert_eq!(
        said(&|answer| answer["scope"] = "files mcp".into()).says,
        "Granted as asked for."
    );
    assert!(said(&|_| {}).says.starts_with("The answer names no scope"));
}

#[test]
fn a_refresh_tells_what_differs_and_ends_the_token_before() {
    let old = json!({"aud": "a", "exp": SECOND, "scope": "mcp files", "iat": 1});
    let mut trace = run(old, |answer| answer["refresh_token"] = "secret-r1".into());
    let new = access(json!({"aud": "b", "exp": SECOND + 7_200, "scope": "mcp", "iat": 2}));
    refresh(&mut trace, "secret-r1", &token_answer(&new, "secret-r2"));
    let [new, old] = of_kind(&trace, TokenSeenKind::Access).try_into().unwrap();
    let since = new.since.as_ref().unwrap();
    assert_eq!(
        (since.by.as_str(), Some(since.entry)),
        ("refresh", old.issued)
    );
    assert_eq!(named(since, "aud").before.as_deref(), Some("a"));
    assert_eq!(
        named(since, "exp").says.as_deref(),
        Some("Later by 2 hours.")
    );
    assert_eq!(named(since, "scope").says.as_deref(), Some("Gone: files."));
    assert!(
        named(since, "refresh_token")
            .says
            .as_deref()
            .unwrap()
            .starts_with("Rotated")
    );
    assert!(
        since
            .differences
            .iter()
            .all(|one| one.name != "iat" && one.name != "jti")
    );
    assert_eq!(old.over.unwrap().why, "replaced");
    assert_eq!((old.since, new.over), (None, None));
    let refresh = of_kind(&trace, TokenSeenKind::Refresh);
    assert!(refresh[0].over.is_none() && refresh[1].over.is_some());
}

#[test]
fn a_refresh_token_that_stays_is_said_to_stay() {
    let mut trace = run(json!({}), |answer| {
        answer["refresh_token"] = "secret-r".into()
    });
    let same = token_answer(&access(json!({"n": 1})), "secret-r");
    refresh(&mut trace, "secret-r", &same);
    let mut none = token_answer(&access(json!({"n": 2})), "");
    none.edit(|answer| drop(answer.as_object_mut().unwrap().remove("refresh_token")));
    refresh(&mut trace, "secret-r", &none);
    let all = of_kind(&trace, TokenSeenKind::Access);
    let says = |at: usize| {
        named(all[at].since.as_ref().unwrap(), "refresh_token")
            .says
            .clone()
    };
    assert_eq!(
        says(1).unwrap(),
        "The same one came again: it is not rotated."
    );
    assert_eq!(says(0).unwrap(), "None came: the one before stays in use.");
    assert_eq!(of_kind(&trace, TokenSeenKind::Refresh).len(), 1);
}

#[test]
fn a_revoked_token_is_over() {
    let mut trace = run(json!({}), |_| {});
    let value = of_kind(&trace, TokenSeenKind::Access).remove(0).value;
    let purpose = Purpose::Revocation {
        token: TokenKind::AccessToken,
    };
    let refused = post("/revoke", &[("token", &value)]);
    push_to_server(
        &mut trace,
        purpose.clone(),
        refused.clone(),
        &Answer::bare(503),
    );
    assert_eq!(of_kind(&trace, TokenSeenKind::Access)[0].over, None);
    push_to_server(&mut trace, purpose, refused, &Answer::bare(200));
    let over = of_kind(&trace, TokenSeenKind::Access)[0]
        .over
        .clone()
        .unwrap();
    assert_eq!(
        (over.why.as_str(), over.entry),
        ("revoked", trace.entries.len() as u32)
    );
}

#[test]
fn signatures_are_right_wrong_or_not_checked_and_each_says_why() {
    let checked = |signature: Option<SignatureCheck>| {
        let mut trace = run(json!({}), |_| {});
        if let Some(signature) = signature {
            let decision = Decision::TokenChecked {
                token: TokenKind::AccessToken,
                alg: Some("ES256".into()),
                kid: Some("k1".into()),
                signature,
                problems: Vec::new(),
            };
            decide(&mut trace, decision);
            // What is said of a later token is nothing against this one.
            refresh(
                &mut trace,
                "secret-r1",
                &token_answer(&access(json!({"n": 2})), "secret-r2"),
            );
        }
        let token = of_kind(&trace, TokenSeenKind::Access).pop().unwrap();
        let signature = token.signature.unwrap();
        (signature.state, signature.says)
    };
    let right = checked(Some(SignatureCheck::Valid));
    assert_eq!(
        right,
        (
            SignatureState::Right,
            "ES256, by the issuer's key k1.".into()
        )
    );
    let why = || "it is that of another text".to_owned();
    let wrong = checked(Some(SignatureCheck::Invalid { why: why() }));
    assert_eq!(wrong.0, SignatureState::Wrong);
    assert!(wrong.1.contains("another text"));
    let open = checked(Some(SignatureCheck::NotChecked { why: why() }));
    assert_eq!(open.0, SignatureState::NotChecked);
    let never = checked(None);
    assert_eq!(never.0, SignatureState::NotChecked);
    assert!(never.1.contains("were not fetched"));
    let unsigned = crate::sample::jwt_with(&json!({"alg": "none"}), &json!({}));
    let trace = run(json!({}), |answer| answer["access_token"] = unsigned.into());
    let told = of_kind(&trace, TokenSeenKind::Access)[0]
        .signature
        .clone()
        .unwrap();
    assert!(told.says.contains("alg none"));
}

#[test]
fn expiry_goes_by_the_claim_or_the_answer_and_by_the_clock_of_the_trace() {
    let trace = run(json!({}), |answer| answer["expires_in"] = 180.into());
    let told = |trace: &Trace| of_kind(trace, TokenSeenKind::Access).pop().unwrap().expiry;
    let by_answer = told(&trace).unwrap();
    assert_eq!(
        by_answer.says,
        "Expires 3 minutes after it was issued, by the answer's expires_in."
    );
    assert!(!by_answer.expired_at_end);
    let mut later = trace.clone();
    crate::sample::end_after(&mut later, 300);
    let expired = told(&later).unwrap();
    assert!(
        expired.expired_at_end && expired.at_end.ends_with("before the end."),
        "{expired:?}"
    );
    let by_claim = told(&run(json!({"exp": 5}), |_| {})).unwrap();
    assert_eq!(
        by_claim.says,
        "It had expired when it was issued, by its claim exp."
    );
    let never = run(json!({}), |answer| {
        answer.as_object_mut().unwrap().remove("expires_in");
    });
    assert_eq!(told(&never), None);
    // Milliseconds, or worse, must not bring the reader down.
    told(&run(json!({"exp": u64::MAX}), |_| {}));
}

#[test]
fn a_recording_has_them_too_and_one_that_begins_late_says_so() {
    let trace = watched(&run(json!({}), |_| {}));
    assert_eq!(of_kind(&trace, TokenSeenKind::Access).len(), 1);
    let mut late = Trace::new("https://mcp.example/mcp", trace.started);
    late.origin = trace::Origin::Observed;
    call(&mut late, &Answer::json(200, json!({})), "opaque-token");
    let token = of_kind(&late, TokenSeenKind::Access).remove(0);
    assert_eq!(token.issued, None);
    assert!(
        token
            .came
            .starts_with("How it was got is not in the recording")
    );
}

#[test]
fn hashes_of_an_id_token_are_computed_and_assertions_are_told_after_tokens() {
    let token = access(json!({}));
    let half = computed::halves(&token).remove(0);
    let id = id_token(|claims| claims["at_hash"] = half.into());
    let mut trace = run(json!({}), |answer| {
        answer["access_token"] = token.into();
        answer["id_token"] = id.into();
    });
    let assertion = jwt(&json!({"iss": "c1", "sub": "c1"}));
    let purpose = Purpose::Introspection {
        token: TokenKind::AccessToken,
    };
    let asked = post("/introspect", &[("client_assertion", &assertion)]);
    push_to_server(&mut trace, purpose, asked, &Answer::bare(200));
    let all = tokens(&trace);
    assert_eq!(all.last().unwrap().title, "Client assertion");
    let id = of_kind(&trace, TokenSeenKind::Id).remove(0);
    assert!(
        id.computed.iter().any(|one| one.matches == Some(true)),
        "{id:?}"
    );
    assert!(!id.computed.iter().any(|one| one.matches == Some(false)));
}
