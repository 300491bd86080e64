//! Which scope to ask for.

use trace::{Grant, Revision, ScopeSource};

use crate::facts::Facts;
use crate::played;
use crate::scope_values::{contains, scope_of};
use crate::setup::Setup;

/// The scope to ask for and where it comes from (2025-11-25 basic/authorization, "Scope Selection
/// Strategy").
pub(crate) fn scope(facts: &Facts, setup: &Setup) -> (Option<String>, ScopeSource) {
    if let Some(more) = &facts.step_up.scope {
        return (Some(more.clone()), ScopeSource::StepUp);
    }
    if let Some(given) = &setup.scope {
        return (scope_of([given.as_str()]), ScopeSource::Given);
    }
    if let Some(play) = played::play(setup) {
        let source = match facts.challenge.as_ref().and_then(|one| one.scope.as_ref()) {
            Some(_) => ScopeSource::Challenge,
            None => ScopeSource::ScopesSupported,
        };
        let scope = played::scope(play, facts);
        let source = scope.as_ref().map_or(ScopeSource::Omitted, |_| source);
        return (scope, source);
    }
    let challenged = facts
        .challenge
        .as_ref()
        .and_then(|challenge| challenge.scope.as_deref());
    let supported = facts
        .resource_metadata
        .as_ref()
        .and_then(|metadata| metadata.scopes_supported.as_ref());
    let (scope, source) = match (challenged, supported) {
        (Some(challenged), _) => (scope_of([challenged]), ScopeSource::Challenge),
        (None, Some(supported)) => (
            scope_of(supported.iter().map(String::as_str)),
            ScopeSource::ScopesSupported,
        ),
        (None, None) => (None, ScopeSource::Omitted),
    };
    let Some(mut scope) = scope else {
        return (None, ScopeSource::Omitted);
    };
    // 2026-07-28 basic/authorization, "Refresh Tokens": a client may add it where the server lists
    // it.
    let offered = facts
        .server_metadata
        .as_ref()
        .and_then(|metadata| metadata.scopes_supported.as_ref());
    let lists_offline =
        offered.is_some_and(|scopes| scopes.iter().any(|scope| scope == "offline_access"));
    // Refresh tokens stand for a user; the other grants have none.
    let for_user = matches!(facts.grant, Grant::AuthorizationCode | Grant::DeviceCode);
    let asked = contains(&scope, "offline_access");
    if lists_offline && !asked && for_user && facts.revision.at_least(Revision::R20260728) {
        scope.push_str(" offline_access");
    }
    (Some(scope), source)
}

#[cfg(test)]
mod tests {
    use trace::{ResourceMetadata, ServerMetadata};

    use super::*;
    use crate::facts::ChallengeFacts;
    use crate::setup::Seed;

    fn facts(revision: Revision) -> Facts {
        let mut facts = Facts::new(Some(revision));
        facts.resource_metadata = Some(ResourceMetadata {
            scopes_supported: Some(vec!["read".into(), "write".into(), "read".into()]),
            ..ResourceMetadata::default()
        });
        facts.server_metadata = Some(ServerMetadata {
            scopes_supported: Some(vec!["offline_access".into()]),
            ..ServerMetadata::default_endpoints("https://as.example")
        });
        facts
    }

    #[test]
    fn what_is_nearer_counts_before_what_is_farther() {
        let mut setup = Setup::new("https://mcp.example/mcp", Seed([7; 32]));
        let mut facts = facts(Revision::R20251125);
        let asked = |facts: &Facts, setup: &Setup| {
            let (scope, source) = scope(facts, setup);
            (scope.unwrap_or_default(), source)
        };
        assert_eq!(
            asked(&facts, &setup),
            ("read write".into(), ScopeSource::ScopesSupported)
        );
        facts.challenge = Some(ChallengeFacts {
            scope: Some("read".into()),
            ..Default::default()
        });
        assert_eq!(
            asked(&facts, &setup),
            ("read".into(), ScopeSource::Challenge)
        );
        setup.scope = Some(" own  own ".into());
        assert_eq!(asked(&facts, &setup), ("own".into(), ScopeSource::Given));
        facts.step_up.scope = Some("more".into());
        assert_eq!(asked(&facts, &setup), ("more".into(), ScopeSource::StepUp));
    }

    #[test]
    fn offline_access_is_added_for_users_from_2026_07_28_on() {
        let setup = Setup::new("https://mcp.example/mcp", Seed([7; 32]));
        let asked = |facts: &Facts| scope(facts, &setup).0.unwrap();
        assert_eq!(asked(&facts(Revision::R20251125)), "read write");
        let mut latest = facts(Revision::R20260728);
        assert_eq!(asked(&latest), "read write offline_access");
        latest.grant = Grant::ClientCredentials;
        assert_eq!(asked(&latest), "read write");
    }
}
