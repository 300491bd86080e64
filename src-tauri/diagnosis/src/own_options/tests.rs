use trace::{OwnOption, Phase, StopCode};

use super::*;
use crate::finding::Owner;
use crate::sample::{Answer, Run};

fn own(id: &str, flag: &str, value: Option<&str>) -> OwnOption {
    OwnOption {
        id: id.into(),
        title: id.into(),
        flag: Some(flag.into()),
        value: value.map(str::to_owned),
    }
}

/// The findings of a run that was started with these options.
fn found(run: &Run, options: &[OwnOption]) -> Vec<Finding> {
    let mut trace = run.trace();
    trace.own_options = options.to_vec();
    crate::diagnose(&trace)
}

#[test]
fn every_rule_of_the_table_has_the_variant() {
    for cause in CAUSES {
        for rule in cause.rules {
            let (code, variant) = rule.split_once('/').unwrap_or((rule, ""));
            let known = catalogue::RULES.iter().find(|one| one.code == code);
            let known = known.unwrap_or_else(|| panic!("{rule} is not a rule"));
            let has = |name: &str| known.variants.iter().any(|one| one.name == name);
            assert!(has(VARIANT), "{code} has no {VARIANT}");
            let slugs = || known.variants.iter().map(|one| one.slug());
            assert!(
                variant.is_empty() || slugs().any(|slug| slug == variant),
                "{rule}"
            );
            let finding = blame(known, cause, ["--option"; 2], known.found(known.spec[0]));
            assert_eq!(finding.owner, Owner::Client);
            crate::texts::collect(&[finding]);
        }
    }
    for rule in catalogue::RULES {
        let mut all = CAUSES.iter().flat_map(|cause| cause.rules);
        let used = all.any(|one| one.split('/').next() == Some(rule.code));
        let has = rule.variants.iter().any(|one| one.name == VARIANT);
        assert_eq!(has, used, "{}", rule.code);
    }
}

#[test]
fn a_refusal_comes_of_the_option_that_it_is_about() {
    let mut run = Run::healthy();
    run.token = Answer::json(401, serde_json::json!({"error": "invalid_client"}));
    run.stop(Phase::Token, StopCode::TokenRejected);
    let client = own("registration.client_id", "--client-id", None);
    let told = found(&run, std::slice::from_ref(&client));
    assert_eq!(
        (told[0].owner, told[0].code.as_str()),
        (Owner::Client, "T41")
    );
    assert!(told[0].fix.contains("--client-id"), "{}", told[0].fix);
    // What has nothing to do with it stays with the server.
    let scope = own("scope", "--scope", None);
    assert_eq!(found(&run, &[scope])[0].owner, Owner::AuthorizationServer);
    run.token = Answer::json(500, serde_json::json!({"error": "server_error"}));
    assert_ne!(found(&run, &[client])[0].owner, Owner::Client);
}

#[test]
fn a_healthy_run_with_options_has_nothing_to_own_up_to() {
    let all: Vec<OwnOption> = CAUSES
        .iter()
        .flat_map(|cause| cause.options)
        .map(|id| own(id, "--x", None))
        .collect();
    assert_eq!(found(&Run::healthy(), &all), []);
}

#[test]
fn an_old_revision_is_to_blame_only_where_the_server_offers_more() {
    let mut run = Run::healthy();
    for (_, _, answer) in &mut run.server_tries {
        *answer = Answer::bare(404);
    }
    run.stop(Phase::ServerMetadata, StopCode::NoServerMetadata);
    let owner =
        |run: &Run, chosen| found(run, &[own("revision", "--revision", Some(chosen))])[0].owner;
    assert_eq!(owner(&run, "2025-03-26"), Owner::Client);
    assert_ne!(owner(&run, "2025-11-25"), Owner::Client);
    run.challenge.drop_header("www-authenticate");
    assert_ne!(owner(&run, "2025-03-26"), Owner::Client);
}

#[test]
fn a_limit_is_to_blame_only_when_it_is_small() {
    let limit = "network.timeout_seconds";
    let cause = CAUSES
        .iter()
        .find(|one| one.options == [limit])
        .expect("a row");
    let trace = Run::healthy().trace();
    let blames = |seconds: &str| {
        let mut trace = trace.clone();
        trace.own_options = vec![own(limit, "--timeout", Some(seconds))];
        let snapshot = crate::snapshot::Snapshot::of(&trace);
        let reading = Reading::of(&snapshot);
        let rule = catalogue::RULES
            .iter()
            .find(|rule| rule.code == "N01")
            .expect("a rule");
        let timeout = rule
            .variants
            .iter()
            .find(|one| one.name == "TIMEOUT")
            .expect("a variant");
        cause.fits(&reading, &rule.found(rule.spec[0]).variant(timeout))
    };
    assert!(blames("1") && !blames("10"));
}
