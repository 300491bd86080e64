//! Which access tokens expire early, where the lab hands out such: in each run the first, and no
//! other.
//!
//! A run cannot be seen from here, so it is taken to begin with a call that carries no token, once
//! the run before came through.

/// How far the current run is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum EarlyToken {
    /// No authorization yet.
    #[default]
    Due,
    /// Handed out, and not met with a refusal so far.
    Out,
    /// Refused as expired. The client is about to refresh or to authorize afresh, perhaps from the
    /// very beginning.
    Refused,
    /// The client has a token that lives.
    Over,
}

impl EarlyToken {
    /// Whether the authorization made now gets the early token.
    pub(super) fn authorized(&mut self) -> bool {
        let early = matches!(self, Self::Due | Self::Out);
        *self = if early { Self::Out } else { Self::Over };
        early
    }

    /// The MCP server refused the early token.
    pub(super) fn refused(&mut self) {
        *self = Self::Refused;
    }

    /// A refresh brought a token that lives.
    pub(super) fn refreshed(&mut self) {
        *self = Self::Over;
    }

    /// The MCP server was called without a token.
    pub(super) fn called_without_token(&mut self) {
        if *self == Self::Over {
            *self = Self::Due;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_a_run() {
        let mut token = EarlyToken::default();
        for _run in 0..2 {
            token.called_without_token();
            assert!(token.authorized());
            token.refused();
            // A client that forgets everything begins without a token, and is not to go round in
            // circles.
            token.called_without_token();
            assert!(!token.authorized());
            assert!(!token.authorized(), "a step-up of the same run");
        }
    }

    #[test]
    fn after_a_refresh_the_run_is_over_too() {
        let mut token = EarlyToken::default();
        assert!(token.authorized());
        token.refused();
        token.refreshed();
        token.called_without_token();
        assert!(token.authorized());
        assert!(token.authorized(), "the run before ended without a refusal");
    }
}
