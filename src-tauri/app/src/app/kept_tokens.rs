//! The tokens in the keychain.

use session::{AppError, ErrorCode, token_id};
use vault::TokenSet;

use super::{App, vault_error};
use crate::contract::RevealedToken;

impl App {
    /// # Errors
    /// When the token is not kept any more, or the keychain does not give it.
    pub async fn reveal_token(&self, id: &str) -> Result<RevealedToken, AppError> {
        let set = self.token(id).await?;
        self.revealed(&set).await;
        Ok(RevealedToken {
            access_token: set.access_token.expose().into(),
            refresh_token: set.refresh_token.map(|token| token.expose().into()),
        })
    }

    /// Refreshes the token of the current run.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] when the token is for another server.
    pub async fn refresh_token(&self, id: &str) -> Result<(), AppError> {
        let set = self.token(id).await?;
        let session = self.session()?;
        if self.document()?.trace().server_url != set.key.resource {
            return Err(AppError {
                code: ErrorCode::NotNow,
                message: "This token belongs to another server than the one being debugged.".into(),
                hint: Some(format!("Start a run against {} first.", set.key.resource)),
            });
        }
        let refresh = session::Action {
            kind: trace::ActionKind::Refresh,
            call: None,
        };
        session.act(refresh).await
    }

    /// # Errors
    /// When the keychain does not delete it.
    pub async fn delete_token(&self, id: &str) -> Result<(), AppError> {
        let set = self.token(id).await?;
        self.vault()
            .await
            .delete(&set.key)
            .await
            .map_err(vault_error)?;
        match self.session() {
            Ok(session) => session.tokens_changed().await,
            Err(_) => Ok(()),
        }
    }

    pub(super) async fn token(&self, id: &str) -> Result<TokenSet, AppError> {
        let sets = self.vault().await.list().await.map_err(vault_error)?;
        sets.into_iter()
            .find(|set| token_id(&set.key) == id)
            .ok_or_else(|| AppError {
                code: ErrorCode::Invalid,
                message: "token: it is not kept any more".into(),
                hint: None,
            })
    }
}
