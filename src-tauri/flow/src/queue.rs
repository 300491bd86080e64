//! What the user asks for besides the flow: each action is a few requests, one after another.

use serde::{Deserialize, Serialize};
use trace::{ActionKind, CrossOrigin, Secret, TokenKind};
use ts_rs::TS;

use crate::client::{Client, Management};
use crate::endpoint::Endpoint;
use crate::grant::RedeemedCode;
use crate::options::ToolCall;

/// What is still to be done of what the user asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActionQueue {
    /// The action under way.
    pub action: Option<ActionKind>,
    /// What is left of it.
    pub parts: Vec<ActionPart>,
    /// The actions after it.
    pub actions: Vec<Action>,
    /// The action that waits for the authorization server's metadata, which was not needed with a
    /// stored token.
    pub undiscovered: Option<Action>,
    /// How the flow itself ended.
    pub outcome: Option<String>,
}

/// What a user asks for once there is a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Action {
    pub kind: ActionKind,
    /// For [`ActionKind::CallTool`].
    #[serde(default)]
    pub call: Option<ToolCall>,
}

/// One part of an action. What its request needs is looked up when its turn comes.
#[derive(Debug, Clone, PartialEq)]
pub enum ActionPart {
    Call(ToolCall),
    Refresh,
    /// A refresh with a refresh token that was replaced.
    ReuseRefreshToken(Secret),
    /// Two refreshes with the same refresh token at the same time.
    RefreshTwice,
    /// A call to the MCP server, whatever it answers.
    Try,
    /// The same with a token that nobody issued.
    TryGarbled,
    Revoke(TokenKind),
    Introspect(TokenKind),
    Userinfo,
    /// The issuer's keys, to check the tokens with.
    Jwks,
    ReadRegistration,
    UpdateRegistration,
    /// What a browser asks before a page may send a request there.
    Preflight(CrossOrigin),
    /// The request that follows, as the page sends it.
    FromPage(CrossOrigin),
    /// The token request with the code that was already redeemed.
    ReplayCode,
    DeleteRegistration(Box<Client>),
}

/// A request of an action, with all it needs.
#[derive(Debug, Clone, PartialEq)]
pub enum ActionRequest {
    Call(ToolCall),
    Try(TokenTried),
    Refresh {
        endpoint: Endpoint,
        refresh_token: Secret,
        kind: RefreshKind,
    },
    Revoke(AboutToken),
    Introspect(AboutToken),
    Userinfo {
        endpoint: Endpoint,
    },
    Jwks {
        endpoint: Endpoint,
    },
    Preflight {
        of: CrossOrigin,
        endpoint: Endpoint,
    },
    FromPage {
        of: CrossOrigin,
        endpoint: Endpoint,
    },
    ReplayCode {
        endpoint: Endpoint,
        redeemed: Box<RedeemedCode>,
    },
    Registration {
        what: RegistrationRequest,
        client: Box<Client>,
        at: Management,
    },
}

/// A token that the MCP server is called with, to see what it makes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenTried {
    pub token: Secret,
    /// Nobody issued it: the server has to refuse it.
    pub garbled: bool,
}

impl TokenTried {
    /// A token that looks like this one and is not valid. Of a JWT the signature is garbled, of any
    /// other token everything, so that the real token cannot be recovered from it.
    pub fn garbled(token: &Secret) -> Self {
        let token = token.expose();
        let (kept, rest) = match token.rsplit_once('.') {
            Some((claims, signature)) if token.matches('.').count() == 2 => {
                (format!("{claims}."), signature)
            }
            _ => (String::new(), token),
        };
        let other = rest.chars().map(|c| if c == 'x' { 'y' } else { 'x' });
        let mut garbled: String = kept.chars().chain(other).collect();
        if rest.is_empty() {
            garbled.push('x');
        }
        Self {
            token: garbled.into(),
            garbled: true,
        }
    }
}

/// Which refresh of an action it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshKind {
    /// With the newest refresh token.
    Newest,
    /// With one that was replaced.
    Replaced,
    /// Sent twice at the same time.
    Twice,
}

/// A token to revoke or to introspect.
#[derive(Debug, Clone, PartialEq)]
pub struct AboutToken {
    pub endpoint: Endpoint,
    pub kind: TokenKind,
    pub token: Secret,
}

/// RFC 7592 section 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationRequest {
    Read,
    Update,
    Delete,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_garbled_token_looks_like_the_token_and_does_not_give_it_away() {
        for (token, expected) in [
            ("head.claims.sig-x", "head.claims.xxxxy"),
            ("head.claims.", "head.claims.x"),
            ("opaque", "xxxxxx"),
            ("secret.v1", "xxxxxxxxx"),
            ("xx", "yy"),
            ("", "x"),
        ] {
            let tried = TokenTried::garbled(&token.into());
            assert_eq!((tried.token.expose(), tried.garbled), (expected, true));
        }
    }
}
