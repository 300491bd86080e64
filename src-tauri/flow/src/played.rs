//! What a run does otherwise while it plays a known client.

use clients::{Leg, MetadataPlace, Play, ScopeRule};
use serde_json::{Value, json};
use trace::{Header, MetadataSource, Purpose, Request};

use crate::facts::Facts;
use crate::plan::Plan;
use crate::scope_values::{contains, scope_of};
use crate::setup::Setup;

/// What the client that is played sends.
pub(crate) fn play(setup: &Setup) -> Option<&'static Play> {
    setup.profile.map(|profile| &profile.play)
}

/// Gives a request the headers of the client that is played, as far as they are known. A browser
/// has its own.
pub(crate) fn dress(setup: &Setup, plan: &mut Plan) {
    let Some(play) = play(setup) else { return };
    if plan.purpose == Purpose::Authorization {
        return;
    }
    let request = &mut plan.request;
    if let Some(headers) = play.headers_of(&plan.purpose) {
        // In these headers a call says what it asks for, and in which revision.
        let is_call = matches!(Leg::of(&plan.purpose), Some(Leg::Call));
        let is_left_out = |name: &str| {
            !headers.contains_key(name)
                && (name == "accept" || (name == "mcp-protocol-version" && !is_call))
        };
        request
            .headers
            .retain(|header| !is_left_out(&header.name.to_ascii_lowercase()));
        for (name, value) in headers {
            set(request, name, value);
        }
    } else if let Some(agent) = play.user_agent_of(&plan.purpose) {
        set(request, "user-agent", agent);
    }
}

fn set(request: &mut Request, name: &str, value: &str) {
    request
        .headers
        .retain(|header| !header.name.eq_ignore_ascii_case(name));
    request.headers.push(Header::new(name, value));
}

/// Changes our registration into that of the client that is played.
pub(crate) fn registration(setup: &Setup, body: &mut Value) {
    let Some(play) = play(setup) else { return };
    let uris = body["redirect_uris"].as_array_mut();
    if let Some(uris) = uris.filter(|uris| !uris.is_empty()) {
        uris.extend(play.also_registers.iter().map(|uri| json!(uri)));
    }
    let Some(members) = body.as_object_mut() else {
        return;
    };
    members.remove("application_type");
    if let Some(kind) = &play.application_type {
        members.insert("application_type".into(), json!(kind));
    }
    if !play.registers_scope {
        members.remove("scope");
    }
    members.extend(play.registration.clone());
}

/// Where the client that is played looks for resource metadata: what it does not look at is left
/// out, and the rest is in its order.
pub(crate) fn in_its_order<T>(
    setup: &Setup,
    all: Vec<(MetadataSource, T)>,
) -> Vec<(MetadataSource, T)> {
    let Some(play) = play(setup) else { return all };
    let place = |source: MetadataSource| {
        let place = match source {
            MetadataSource::Header => MetadataPlace::Challenge,
            MetadataSource::PathInserted => MetadataPlace::PathInserted,
            MetadataSource::Root => MetadataPlace::Root,
        };
        play.resource_metadata.iter().position(|one| *one == place)
    };
    let mut placed: Vec<_> = all
        .into_iter()
        .filter_map(|(source, url)| Some((place(source)?, source, url)))
        .collect();
    placed.sort_by_key(|(at, _, _)| *at);
    placed
        .into_iter()
        .map(|(_, source, url)| (source, url))
        .collect()
}

/// The scope that the client that is played asks for.
pub(crate) fn scope(play: &Play, facts: &Facts) -> Option<String> {
    let challenged = facts.challenge.as_ref();
    let challenged = challenged.and_then(|challenge| challenge.scope.clone());
    let resource = facts.resource_metadata.as_ref();
    let resource = resource.and_then(|metadata| scopes(metadata.scopes_supported.as_ref()));
    let server = facts.server_metadata.as_ref();
    let server = server.and_then(|metadata| scopes(metadata.scopes_supported.as_ref()));
    let named = match play.scope {
        ScopeRule::None => None,
        ScopeRule::ChallengeThenResource => challenged.or(resource),
        ScopeRule::ChallengeThenResourceThenServer => challenged.or(resource).or(server),
        ScopeRule::ChallengeAndResourceThenServer => {
            let both = [challenged, resource];
            scope_of(both.iter().flatten().map(String::as_str)).or(server)
        }
    };
    let mut scope = named.or_else(|| play.fallback_scope.clone())?;
    let offered = facts.server_metadata.as_ref();
    let offered = offered.and_then(|metadata| metadata.scopes_supported.as_ref());
    let is_offered = offered.is_some_and(|all| all.iter().any(|one| one == "offline_access"));
    if play.offline_access && is_offered && !contains(&scope, "offline_access") {
        scope.push_str(" offline_access");
    }
    Some(scope)
}

fn scopes(listed: Option<&Vec<String>>) -> Option<String> {
    scope_of(listed?.iter().map(String::as_str))
}

/// Why the run ends before the login; `None` when it does not.
pub(crate) fn ends_before_login(setup: &Setup) -> Option<String> {
    let hosted = setup.profile.filter(|profile| profile.hosted);
    match hosted {
        Some(profile) => Some(format!(
            "{} would send the user to the login page now. The code would go to {}, so the run ends \
             here: all up to the login works.",
            profile.name, profile.play.redirect_uri
        )),
        None if setup.client.no_login => Some(
            "The user would be sent to the login page now. The run is to end here: all up to the \
             login works."
                .into(),
        ),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use trace::{ResourceMetadata, ServerMetadata};

    use super::*;
    use crate::testing::setup;

    fn as_client(id: &str) -> Setup {
        Setup {
            profile: clients::profile(id),
            ..setup()
        }
    }

    #[test]
    fn scopes_come_from_where_the_client_takes_them() {
        let mut facts = Facts::new(None);
        let wanted = |id: &str, facts: &Facts| scope(play(&as_client(id)).unwrap(), facts);
        assert_eq!(
            wanted("mcp-remote", &facts).as_deref(),
            Some("openid email profile")
        );
        assert_eq!(wanted("claude-code", &facts), None);
        let list = |scope: &str| Some(vec![scope.to_owned()]);
        facts.server_metadata = Some(ServerMetadata {
            scopes_supported: list("everything"),
            ..ServerMetadata::default()
        });
        assert_eq!(wanted("python-sdk", &facts).as_deref(), Some("everything"));
        assert_eq!(wanted("claude-code", &facts), None);
        facts.server_metadata = Some(ServerMetadata {
            scopes_supported: Some(vec!["read".into(), "offline_access".into()]),
            ..ServerMetadata::default()
        });
        facts.resource_metadata = Some(ResourceMetadata {
            scopes_supported: list("read"),
            ..ResourceMetadata::default()
        });
        assert_eq!(wanted("claude-code", &facts).as_deref(), Some("read"));
        assert_eq!(
            wanted("inspector", &facts).as_deref(),
            Some("read offline_access")
        );
        assert_eq!(wanted("gemini-cli", &facts), None);
    }

    #[test]
    fn metadata_is_looked_for_in_the_order_of_the_client() {
        let all = || {
            vec![
                (MetadataSource::Header, 1),
                (MetadataSource::PathInserted, 2),
                (MetadataSource::Root, 3),
            ]
        };
        let order = |id: &str| -> Vec<i32> {
            in_its_order(&as_client(id), all())
                .into_iter()
                .map(|(_, at)| at)
                .collect()
        };
        assert_eq!(order("claude-ai"), [2, 3, 1]);
        assert_eq!(order("chatgpt"), [1]);
        assert_eq!(in_its_order(&setup(), all()).len(), 3);
    }

    #[test]
    fn a_registration_is_that_of_the_client() {
        let mut body = json!({"redirect_uris": ["http://localhost:8787/callback"], "scope": "x",
                              "application_type": "native"});
        registration(&as_client("cursor"), &mut body);
        assert_eq!(body["redirect_uris"].as_array().unwrap().len(), 3);
        assert_eq!(body["application_type"], "web");
        registration(&as_client("claude-code"), &mut body);
        assert_eq!(body.get("application_type"), None);
        assert_eq!(body.get("scope"), None);
    }

    #[test]
    fn a_hosted_client_ends_before_the_login() {
        let said = ends_before_login(&as_client("chatgpt")).unwrap();
        assert!(said.contains("https://chatgpt.com/connector_platform_oauth_redirect"));
        assert_eq!(ends_before_login(&as_client("claude-code")), None);
    }
}
