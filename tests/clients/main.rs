//! Deliberately broken clients against the lab: each rule about a client fires on the client that
//! has its fault, and is silent on clients that do all they should or what they may.
//!
//! A client is data ([`Conduct`]): what it does otherwise than it should. Its requests are recorded
//! as a proxy would record them, and judged as a recording is.

use std::time::Duration;

use diagnosis::{Finding, Owner};
use reqwest::Method;
use test_support::{lab, within};

use crate::conduct::{Carry, Conduct, REDIRECT_URI};
use crate::recorder::Recorder;

mod conduct;
mod played;
mod recorder;

type Change = fn(&mut Conduct);

/// Each rule with the clients that have its fault.
const BROKEN: &[(&str, Change)] = &[
    ("K01", |it| it.metadata_at_root = true),
    ("K02", |it| it.ask.push(("resource", ""))),
    ("K02", |it| it.redeem.push(("resource", ""))),
    ("K02", |it| it.refresh = Some(vec![("resource", "")])),
    ("K03", |it| {
        it.ask.push(("resource", "https://other.example/mcp"))
    }),
    ("K03", |it| {
        it.redeem.push(("resource", "https://other.example/mcp"))
    }),
    ("K04", |it| it.ask.push(("scope", ""))),
    ("K04", |it| it.ask.push(("scope", "mcp:read unheard-of"))),
    ("K05", |it| it.ask.push(("code_challenge", ""))),
    ("K05", |it| it.ask.push(("code_challenge_method", "plain"))),
    ("K05", |it| it.redeem.push(("code_verifier", ""))),
    ("K06", |it| it.ask.push(("state", ""))),
    ("K06", |it| it.ask.push(("state", "1234"))),
    ("K07", |it| it.carry = Carry::Nothing),
    ("K07", |it| it.carry = Carry::None),
    ("K08", |it| it.carry = Carry::Query),
    ("K09", |it| it.openid_first = true),
    ("K09", |it| it.first_method = Method::GET),
    ("K10", |it| {
        it.registered_uris = vec!["http://127.0.0.1:43117/other"]
    }),
    ("K10", |it| {
        it.registered_uris = vec!["http://127.0.0.1/callback"]
    }),
    ("K11", |it| it.registrations = 2),
    ("K12", |it| it.bad_calls = 3),
    ("K13", |it| it.writes = 2),
    ("K14", |it| {
        it.callback.push(("iss", "https://other.example"))
    }),
    ("K14", |it| it.callback.push(("iss", ""))),
    ("K15", |it| it.redemptions = 2),
    ("K16", |it| it.callback.push(("state", "another-state"))),
    ("K17", |it| it.redeems = false),
];

/// Each rule with clients that look as if they had its fault, and do what they may.
const LAWFUL: &[(&str, Change)] = &[
    ("K01", |it| it.looks_first = true),
    ("K02", |it| it.pushes = true),
    ("K02", |it| it.refresh = None),
    ("K03", |it| it.pushes = true),
    ("K04", |it| it.ask.push(("scope", "mcp:read mcp:write"))),
    ("K04", |it| it.pushes = true),
    ("K05", |it| it.pushes = true),
    ("K05", |it| it.logins = 2),
    ("K06", |it| it.pushes = true),
    ("K06", |it| it.logins = 2),
    ("K07", |it| it.calls_after_refresh = false),
    ("K07", |it| {
        it.carry = Carry::None;
        it.refresh = None;
        it.watched = Duration::from_secs(30);
    }),
    ("K08", |it| it.carry = Carry::HeaderBesideQuery),
    ("K09", |it| {
        it.first_method = Method::GET;
        it.first_accepts = "text/html,*/*;q=0.8";
    }),
    ("K10", |it| {
        it.registered_uris = vec!["http://127.0.0.1:43117/other", REDIRECT_URI]
    }),
    ("K11", |it| it.logins = 2),
    ("K11", |it| {
        it.registrations = 2;
        it.registered_uris = vec!["http://127.0.0.1:43118/callback"];
        it.registers_again = Some(REDIRECT_URI);
    }),
    // Both were on their way already.
    ("K12", |it| {
        it.bad_calls = 2;
        it.refresh = None;
    }),
    ("K13", |it| it.writes = 1),
    ("K14", |it| {
        it.callback.push(("iss", "https://other.example"));
        it.redeems = false;
    }),
    ("K15", |it| it.logins = 2),
    ("K16", |it| {
        it.callback.push(("state", "another-state"));
        it.redeems = false;
    }),
    ("K17", |it| {
        it.redeems = false;
        it.watched = Duration::from_secs(30);
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_about_a_client_is_silent_on_what_clients_may_do() {
    let mut accused = Vec::new();
    for (at, (code, change)) in LAWFUL.iter().enumerate() {
        let mut conduct = Conduct::default();
        change(&mut conduct);
        let found = judged(&conduct).await;
        if let Some(finding) = found.iter().find(|finding| finding.code == *code) {
            accused.push(format!("{code}, number {at}: {finding:#?}"));
        }
    }
    assert!(accused.is_empty(), "{}", accused.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_about_a_client_fires_on_the_client_that_has_its_fault() {
    let mut missed = Vec::new();
    for (at, (code, change)) in BROKEN.iter().enumerate() {
        let mut conduct = Conduct::default();
        change(&mut conduct);
        let found = judged(&conduct).await;
        let finding = found.iter().find(|finding| finding.code == *code);
        // Either what its server can do, or why it can do nothing.
        let of_the_server = [
            "The server could work around it by",
            "The server cannot work around it:",
        ];
        let right = finding.is_some_and(|finding| {
            finding.owner == Owner::Client
                && finding.owner_name == "the client Broken Client"
                && of_the_server
                    .iter()
                    .any(|words| finding.message.contains(words))
        });
        if !right {
            missed.push(format!(
                "{code}, number {at}: {finding:#?} in {:?}",
                codes(&found)
            ));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_all_it_should_is_silent() {
    let found = judged(&Conduct::default()).await;
    assert_eq!(codes(&found), [""; 0], "{found:#?}");
}

#[test]
fn every_rule_about_a_client_has_a_broken_client_and_a_lawful_one() {
    for rule in diagnosis::catalogue() {
        let about_a_client = rule.code.starts_with('K');
        for all in [BROKEN, LAWFUL] {
            let is_listed = all.iter().any(|(code, _)| *code == rule.code);
            assert_eq!(about_a_client, is_listed, "{} {}", rule.code, rule.rule);
        }
    }
}

fn codes(found: &[Finding]) -> Vec<&str> {
    found.iter().map(|finding| finding.code.as_str()).collect()
}

async fn judged(conduct: &Conduct) -> Vec<Finding> {
    let lab = lab(None).await;
    let recording = within("the client's run", Recorder::new().walk(&lab, conduct)).await;
    diagnosis::diagnose(&replay::replay(recording))
}
