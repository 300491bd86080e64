//! Scopes that mean the same at every server.

use super::rows::Rows;
use crate::spec::source::core;

const SCOPES: Rows = &[
    (
        "openid",
        "Makes it an OpenID Connect login: an ID token comes with the access token.",
        core("3.1.2.1"),
    ),
    (
        "profile",
        "The user's name, nickname, picture, birth date, locale and the like.",
        core("5.4"),
    ),
    (
        "email",
        "The user's e-mail address, and whether it was checked.",
        core("5.4"),
    ),
    ("address", "The user's postal address.", core("5.4")),
    (
        "phone",
        "The user's telephone number, and whether it was checked.",
        core("5.4"),
    ),
    (
        "offline_access",
        "A refresh token, which is good while the user is not there.",
        core("11"),
    ),
];

/// What a scope allows, in one sentence; none for one that its server alone can explain.
pub(crate) fn scope_meaning(scope: &str) -> Option<&'static str> {
    let row = SCOPES.iter().find(|(known, ..)| *known == scope);
    row.map(|(_, meaning, _)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_of_openid_connect_are_known_and_all_others_are_not_guessed() {
        assert!(
            scope_meaning("offline_access")
                .unwrap()
                .contains("refresh token")
        );
        assert_eq!(scope_meaning("mcp:read"), None);
        assert!(SCOPES.iter().all(|(_, meaning, _)| meaning.ends_with('.')));
    }
}
