//! What is known of providers fits the rules, and shows in findings.

use serde_json::json;
use trace::{Phase, StopCode};

use super::*;
use crate::catalogue;
use crate::finding::{Level, Owner};
use crate::sample::{Answer, Run, access_jwt, token_answer};

fn with_metadata(issuer: &str, members: serde_json::Value) -> Run {
    let mut run = Run::healthy();
    run.issuer = issuer.into();
    run.server_tries[0].2.edit(|metadata| {
        metadata["issuer"] = json!(issuer);
        for (name, value) in members.as_object().unwrap() {
            metadata[name] = value.clone();
        }
    });
    run
}

fn name(run: &Run) -> Option<&'static str> {
    provider_of(&run.trace()).map(|known| known.provider.name)
}

#[test]
fn hosts_of_their_own_are_known_and_lookalikes_are_not() {
    let name = |issuer| by_host(issuer).map(|provider| provider.name);
    for (issuer, expected) in [
        ("https://tenant.eu.auth0.com/", "Auth0"),
        (
            "https://login.microsoftonline.com/common/v2.0",
            "Microsoft Entra",
        ),
        (
            "https://cognito-idp.eu-west-1.amazonaws.com/pool",
            "Amazon Cognito",
        ),
        ("https://tall-tree-12.authkit.app", "WorkOS AuthKit"),
        ("https://auth.pingone.eu/env/as", "PingOne"),
    ] {
        assert_eq!(name(issuer), Some(expected));
    }
    for issuer in [
        "https://auth0.com.example/",
        "https://notauth0.com/",
        "https://cognito-idp.amazonaws.com.example/",
        "https://s3.amazonaws.com/",
        "no url",
    ] {
        assert_eq!(name(issuer), None, "{issuer}");
    }
}

#[test]
fn under_a_customer_s_host_traits_tell_and_one_that_others_have_does_not() {
    let host = "https://login.shop.example";
    let at = |path: &str| json!(format!("{host}{path}"));
    let auth0 = with_metadata(
        host,
        json!({"token_endpoint": at("/oauth/token"), "registration_endpoint": at("/oidc/register")}),
    );
    let known = provider_of(&auth0.trace()).unwrap();
    assert_eq!(
        (known.provider.name, known.certainty),
        ("Auth0", Certainty::Likely)
    );
    assert_eq!(known.evidence.len(), 2);
    let like_auth0 = with_metadata(host, json!({"token_endpoint": at("/oauth/token")}));
    assert_eq!(name(&like_auth0), None);
    let by_common_paths = json!({
        "authorization_endpoint": at("/oauth/authorize"), "token_endpoint": at("/oauth/token"),
        "registration_endpoint": at("/oauth2/register"), "jwks_uri": at("/.well-known/jwks.json"),
    });
    assert_eq!(name(&with_metadata(host, by_common_paths)), None);
    let entra = with_metadata(host, json!({"tenant_region_scope": "EU"}));
    assert_eq!(name(&entra), Some("Microsoft Entra"));
    let spring_like = json!({
        "authorization_endpoint": at("/oauth2/authorize"), "token_endpoint": at("/oauth2/token"),
        "jwks_uri": at("/oauth2/jwks"), "registration_endpoint": at("/oauth2/register"),
        "introspection_endpoint": at("/oauth2/introspection"),
    });
    assert_eq!(
        name(&with_metadata(host, spring_like)),
        Some("WorkOS AuthKit")
    );
    assert_eq!(name(&Run::healthy()), None);
}

#[test]
fn what_is_known_fits_the_rules() {
    let rule = |code: &str| catalogue::RULES.iter().find(|rule| rule.code == code);
    for provider in PROVIDERS {
        let named = provider.recipes.iter().map(|recipe| recipe.rule);
        for named in named.chain(provider.usual.iter().copied()) {
            let (code, variant) = named.split_once('/').unwrap_or((named, "default"));
            let rule = rule(code).unwrap_or_else(|| panic!("{}: {named}", provider.name));
            let mut variants = rule.variants.iter();
            assert!(
                variants.any(|one| one.name.eq_ignore_ascii_case(variant)),
                "{}: {named}",
                provider.name
            );
        }
        for recipe in provider.recipes {
            if let Some(slug) = recipe.becomes {
                let code = recipe.rule.split('/').next().unwrap_or_default();
                let mut variants = rule(code).unwrap().variants.iter();
                assert!(
                    variants.any(|one| one.name.eq_ignore_ascii_case(slug)),
                    "{slug}"
                );
            }
            assert!(
                recipe.fix.ends_with('.'),
                "{}: {}",
                provider.name,
                recipe.fix
            );
        }
        let recipe = |code: &str| provider.recipes.iter().find(|one| one.rule == code);
        assert!(recipe("S06").is_some(), "{}: registration", provider.name);
        let silent = provider.cannot.contains(&Cannot::AdvertisePkce);
        let told = recipe("A07").is_some_and(|recipe| recipe.becomes.is_some());
        assert_eq!(silent, told, "{}: PKCE", provider.name);
        assert!(!provider.hosts.is_empty() || !provider.traits.is_empty());
        for text in provider.texts {
            // "off" would be found in offline_access.
            let mut parts = text.says.iter().flat_map(|part| part.split('|'));
            assert!(parts.all(|part| part.len() > 4), "{}", provider.name);
            assert!(
                !text.says.is_empty() && text.fix.ends_with('.'),
                "{}",
                text.cause
            );
        }
    }
}

#[test]
fn entra_is_not_told_to_advertise_pkce_and_the_missing_client_is_told_in_the_same_run() {
    let issuer = "https://login.microsoftonline.com/tenant/v2.0";
    let missing = json!({"code_challenge_methods_supported": null, "registration_endpoint": null});
    let mut run = with_metadata(issuer, missing);
    run.registration = None;
    run.stop(Phase::ServerMetadata, StopCode::PkceUnsupported);
    let pkce = run.finding("A07");
    assert_eq!((pkce.level, pkce.owner), (Level::Warning, Owner::McpServer));
    assert!(pkce.fix.contains("OAuth proxy"), "{}", pkce.fix);
    assert!(pkce.message.contains("by its host"), "{}", pkce.message);
    assert!(run.finding("S06").fix.contains("app registration"));
}

#[test]
fn an_error_text_names_cause_owner_and_remedy() {
    let mut run = with_metadata("https://login.microsoftonline.com/tenant/v2.0", json!({}));
    let said = |number: &str| {
        let text = format!("AADSTS{number}: something. Trace ID: 1");
        Answer::json(
            400,
            json!({"error": "invalid_request", "error_description": text}),
        )
    };
    run.token = said("7000218");
    run.stop(Phase::Token, StopCode::TokenRejected);
    let secret = run.finding("T41");
    assert!(
        secret.fix.contains("Allow public client flows"),
        "{}",
        secret.fix
    );
    assert!(
        secret.title.starts_with("Microsoft Entra refuses"),
        "{}",
        secret.title
    );
    run.token = said("700016");
    assert_eq!(run.finding("T41").owner, Owner::Client);
    run.token = said("9999999");
    assert!(run.finding("T41").title.contains("token endpoint"));
}

#[test]
fn a_refused_token_that_names_the_server_gets_no_advice_about_its_audience() {
    let host = "https://login.shop.example/realms/shop";
    let path = "protocol/openid-connect/token";
    let mut run = with_metadata(host, json!({"token_endpoint": format!("{host}/{path}")}));
    let refused = Answer::bare(401).header("www-authenticate", "Bearer error=\"invalid_token\"");
    run.calls = vec![refused];
    let mut fix_for = |token: &str| {
        run.token = token_answer(token, "refresh-1");
        run.finding("T40").fix
    };
    assert!(fix_for("opaque").contains("mapper of type Audience"));
    let named = access_jwt(json!("https://mcp.example/mcp"));
    assert!(!fix_for(&named).contains("Audience"));
}
