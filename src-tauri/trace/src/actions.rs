//! What a user can ask for besides the flow itself, and the words for it. Front-ends offer what
//! stands here; what an action does stands in `flow`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a user can ask for once there is a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    CallTool,
    /// A refresh, and a call with the new token.
    Refresh,
    /// As if the access token had expired: refresh, then call.
    PretendExpired,
    /// Refresh twice, each with the newest refresh token.
    Rotate,
    /// Refresh, then use the refresh token that was replaced.
    ReuseRotated,
    /// Two refreshes with the same refresh token at the same time.
    RefreshTwice,
    /// Revoke the access token and call with it.
    RevokeAndTry,
    /// Revoke the tokens.
    Revoke,
    Introspect,
    Userinfo,
    /// Fetch the issuer's keys and check the signatures.
    CheckSignatures,
    ReadRegistration,
    UpdateRegistration,
    DeleteRegistration,
    /// Send the authorization code that was redeemed once more.
    ReplayCode,
    /// Ask as a browser does whether a page of another origin could be this client.
    CheckCors,
    /// Call the MCP server with a token that nobody issued.
    TryInvalidToken,
}

/// An action as front-ends offer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub struct ActionInfo {
    pub kind: ActionKind,
    pub group: ActionGroup,
    pub title: &'static str,
    /// What it does, in a few words that follow the title.
    pub explanation: &'static str,
    /// On the command line, without the dashes; `None` when it needs more than a flag.
    pub flag: Option<&'static str>,
    /// In the help of the command.
    pub help: &'static str,
    /// After it, something that the run had at the server is gone: it is asked about first.
    pub loses: bool,
}

/// What an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ActionGroup {
    /// Asked for elsewhere in the window: it needs more than a click.
    Apart,
    Ask,
    Tokens,
    Registration,
}

/// A group of actions with its title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub struct ActionGroupInfo {
    pub group: ActionGroup,
    pub title: &'static str,
}

pub const ACTION_GROUPS: &[ActionGroupInfo] = &[
    ActionGroupInfo {
        group: ActionGroup::Tokens,
        title: "Tokens",
    },
    ActionGroupInfo {
        group: ActionGroup::Ask,
        title: "Ask and check",
    },
    ActionGroupInfo {
        group: ActionGroup::Registration,
        title: "Registration of this client",
    },
];

/// Every action, in the order in which each still finds what it needs: this is the order of several
/// that are asked for at once.
pub const ACTIONS: &[ActionInfo] = &[
    ActionInfo {
        kind: ActionKind::CallTool,
        group: ActionGroup::Apart,
        title: "Call a tool",
        explanation: "with arguments of your own",
        flag: None,
        help: "",
        loses: false,
    },
    ActionInfo {
        kind: ActionKind::CheckSignatures,
        group: ActionGroup::Ask,
        title: "Check the tokens' signatures",
        explanation: "with the issuer's keys",
        flag: Some("check-signatures"),
        help: "Fetch the issuer's keys and check the tokens' signatures",
        loses: false,
    },
    ActionInfo {
        kind: ActionKind::Userinfo,
        group: ActionGroup::Ask,
        title: "Ask who the user is",
        explanation: "at the userinfo endpoint",
        flag: Some("userinfo"),
        help: "Ask the authorization server who the user is (OpenID Connect)",
        loses: false,
    },
    ActionInfo {
        kind: ActionKind::Introspect,
        group: ActionGroup::Ask,
        title: "Introspect the tokens",
        explanation: "what the server knows of them",
        flag: Some("introspect"),
        help: "Ask the authorization server about the tokens (RFC 7662)",
        loses: false,
    },
    ActionInfo {
        kind: ActionKind::CheckCors,
        group: ActionGroup::Ask,
        title: "Check CORS",
        explanation: "could a web page be the client?",
        flag: Some("check-cors"),
        help: "Ask what a browser asks before a page of another origin may be the client (CORS)",
        loses: false,
    },
    ActionInfo {
        kind: ActionKind::TryInvalidToken,
        group: ActionGroup::Ask,
        title: "Call with an invalid token",
        explanation: "does its 401 say what clients need?",
        flag: Some("try-invalid-token"),
        help: "Call with a garbled token: is it refused with a 401 that says what clients need?",
        loses: false,
    },
    ActionInfo {
        kind: ActionKind::Refresh,
        group: ActionGroup::Tokens,
        title: "Refresh now",
        explanation: "and call with the new token",
        flag: Some("refresh"),
        help: "Refresh, and call with the new token",
        loses: false,
    },
    ActionInfo {
        kind: ActionKind::PretendExpired,
        group: ActionGroup::Tokens,
        title: "Pretend the token expired",
        explanation: "do what a client does then",
        flag: Some("pretend-expired"),
        help: "Do what a client does when the access token has expired: refresh, then call",
        loses: false,
    },
    ActionInfo {
        kind: ActionKind::Rotate,
        group: ActionGroup::Tokens,
        title: "Refresh twice in a row",
        explanation: "is the refresh token replaced?",
        flag: Some("rotate"),
        help: "Refresh twice in a row, each time with the newest refresh token",
        loses: false,
    },
    ActionInfo {
        kind: ActionKind::ReplayCode,
        group: ActionGroup::Tokens,
        title: "Reuse the authorization code",
        explanation: "the server has to refuse it",
        flag: Some("replay-code"),
        help: "Use the authorization code again (RFC 6749 section 4.1.2)",
        loses: false,
    },
    ActionInfo {
        kind: ActionKind::ReuseRotated,
        group: ActionGroup::Tokens,
        title: "Reuse a replaced refresh token",
        explanation: "the server has to refuse it",
        flag: Some("reuse-rotated"),
        help: "Refresh, then use the refresh token that was replaced",
        loses: false,
    },
    ActionInfo {
        kind: ActionKind::RefreshTwice,
        group: ActionGroup::Tokens,
        title: "Two refreshes at once",
        explanation: "as two windows would send",
        flag: Some("refresh-twice"),
        help: "Refresh twice at once with the same refresh token",
        loses: false,
    },
    ActionInfo {
        kind: ActionKind::RevokeAndTry,
        group: ActionGroup::Tokens,
        title: "Revoke and try",
        explanation: "call with the revoked token",
        flag: Some("revoke-and-try"),
        help: "Revoke the access token, then call with it",
        loses: true,
    },
    ActionInfo {
        kind: ActionKind::Revoke,
        group: ActionGroup::Tokens,
        title: "Revoke the tokens",
        explanation: "and forget them",
        flag: Some("revoke"),
        help: "Revoke the tokens (RFC 7009)",
        loses: true,
    },
    ActionInfo {
        kind: ActionKind::ReadRegistration,
        group: ActionGroup::Registration,
        title: "Read the registration",
        explanation: "what the server knows of the client",
        flag: Some("read-registration"),
        help: "Read what was registered (RFC 7592)",
        loses: false,
    },
    ActionInfo {
        kind: ActionKind::UpdateRegistration,
        group: ActionGroup::Registration,
        title: "Update the registration",
        explanation: "with another client name",
        flag: Some("update-registration"),
        help: "Update what was registered: another client name (RFC 7592)",
        loses: false,
    },
    ActionInfo {
        kind: ActionKind::DeleteRegistration,
        group: ActionGroup::Registration,
        title: "Delete the registration",
        explanation: "nothing is left at the server",
        flag: Some("delete-registration"),
        help: "Delete what was registered (RFC 7592)",
        loses: true,
    },
];

/// The words for an action.
///
/// # Panics
/// Where the table lacks it, which a test rules out.
pub fn action_info(kind: ActionKind) -> &'static ActionInfo {
    let found = ACTIONS.iter().find(|info| info.kind == kind);
    found.unwrap_or_else(|| panic!("{kind:?}: expected in the table of actions"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_one_entry() {
        // As the window's type names them: a new one is there as soon as it is defined.
        let kinds = ActionKind::inline(&Default::default());
        for kind in kinds.split(" | ") {
            let quoted = |info: &&ActionInfo| serde_json::to_string(&info.kind).unwrap() == kind;
            assert_eq!(ACTIONS.iter().filter(quoted).count(), 1, "{kind}");
        }
        assert_eq!(kinds.split(" | ").count(), ACTIONS.len());
    }

    #[test]
    fn every_action_is_offered_somewhere() {
        for info in ACTIONS {
            let apart = info.group == ActionGroup::Apart;
            assert_eq!(info.flag.is_none(), apart, "{:?}", info.kind);
            let shown = ACTION_GROUPS.iter().any(|group| group.group == info.group);
            assert_eq!(shown, !apart, "{:?}", info.kind);
        }
    }
}
