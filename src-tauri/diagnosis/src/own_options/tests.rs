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
fn scopes_that_the_server_names_itself_are_no_choice_of_the_run() {
    let mut run = Run::healthy();
    let answer = serde_json::json!({"error": "invalid_scope"});
    run.token = Answer::json(400, answer);
    run.stop(Phase::Token, StopCode::TokenRejected);
    let owner = |run: &Run, scope: &str| {
        let scope = own("scope", "--scope", Some(scope));
        found(run, &[scope])[0].owner
    };
    let challenge = "Bearer resource_metadata=\"https://mcp.example/m\", scope=\"read write\"";
    run.challenge = Answer::bare(401).header("www-authenticate", challenge);
    assert_eq!(owner(&run, "admin"), Owner::Client);
    assert_eq!(owner(&run, "read"), Owner::Client);
    assert_ne!(owner(&run, "write read"), Owner::Client);
}

#[test]
fn scopes_that_a_step_up_asks_for_are_no_choice_of_the_run() {
    let mut trace = Run::healthy().trace();
    trace.own_options = vec![own("scope", "--scope", Some("read"))];
    let refused = |trace: &mut trace::Trace| {
        let mut run = Run::healthy();
        run.ask("scope", Some("read admin"));
        run.callback.retain(|(name, _)| *name != "code");
        run.callback.push(("error", "invalid_scope".into()));
        run.stop(Phase::Authorization, StopCode::AuthorizationError);
        for entry in &run.trace().entries {
            if matches!(entry.phase, Phase::Authorization) {
                trace.push(entry.at, 0, entry.phase, entry.kind.clone());
            }
        }
        let found = crate::diagnose(trace);
        let refused = found.into_iter().find(|finding| finding.code == "A30");
        refused.expect("it is refused").variant
    };
    assert_eq!(refused(&mut trace.clone()), "own_option");
    let step_up = trace::Decision::StepUp {
        scope: Some("read admin".into()),
        acr_values: None,
        max_age: None,
        attempt: 1,
    };
    crate::sample::decide(&mut trace, step_up);
    assert_ne!(refused(&mut trace), "own_option");
}

#[test]
fn clients_of_a_kind_are_refused_with_every_redirect_uri() {
    let variant = |words: &str| {
        let mut run = Run::healthy();
        let answer =
            serde_json::json!({"error": "invalid_redirect_uri", "error_description": words});
        if let Some((_, refusal)) = &mut run.registration {
            *refusal = Answer::json(400, answer);
        }
        run.stop(Phase::Registration, StopCode::RegistrationRejected);
        let host = own("callback.host", "--redirect-host", Some("localhost"));
        let found = found(&run, &[host]);
        let refused = found.into_iter().find(|finding| finding.code == "G03");
        refused.expect("it is refused").variant
    };
    assert_eq!(
        variant("redirect host localhost is not allowed"),
        "own_option"
    );
    assert_ne!(variant("redirect: web clients need https"), "own_option");
}

#[test]
fn the_identity_provider_is_told_apart_from_the_authorization_server() {
    let refused = |grant, error: &str, description: &str| {
        let mut run = Run::healthy();
        let answer = serde_json::json!({"error": error, "error_description": description});
        run.token = Answer::json(400, answer);
        run.stop(Phase::Token, StopCode::TokenRejected);
        let mut trace = run.trace();
        for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
            if let trace::EntryKind::Exchange(exchange) = &mut entry.kind
                && let Purpose::Token { grant: its } = &mut exchange.purpose
            {
                *its = grant;
            }
        }
        trace.own_options = vec![
            own("registration.client_id", "--client-id", None),
            own("grant.is", "--grant", Some("token-exchange")),
            own("grant.idp_id_token", "--idp-id-token", None),
            own("grant.idp_client_id", "--idp-client-id", None),
        ];
        let mut found = crate::diagnose(&trace);
        found.retain(|finding| finding.code == "T41");
        found.remove(0).title
    };
    let at_idp = |error, description| refused(Grant::TokenExchange, error, description);
    assert!(at_idp("invalid_client", "").ends_with("own --idp-client-id"));
    assert!(at_idp("unsupported_grant_type", "").ends_with("own --grant"));
    assert!(at_idp("invalid_request", "Invalid JWT").ends_with("own --idp-id-token"));
    assert!(!at_idp("server_error", "").contains("own"));
    let client = refused(Grant::AuthorizationCode, "invalid_client", "");
    assert!(client.ends_with("own --client-id"), "{client}");
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
fn a_token_for_this_server_excludes_the_resource_that_was_asked_for() {
    let owner = |audience: &str| {
        let mut run = Run::healthy();
        let token = crate::sample::access_jwt(audience.into());
        run.token = crate::sample::token_answer(&token, "refresh-1");
        let challenge = "Bearer error=\"invalid_token\"";
        run.calls = vec![Answer::bare(401).header("www-authenticate", challenge)];
        let revision = own("revision", "--revision", Some("2025-03-26"));
        let mut found = found(&run, &[revision]);
        found.retain(|one| one.code == "T40" || one.code == "T15");
        found[0].owner
    };
    assert_eq!(owner("https://elsewhere.example"), Owner::Client);
    assert_ne!(owner("https://mcp.example/mcp"), Owner::Client);
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
