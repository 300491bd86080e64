//! Which texts must not stay on the clipboard.

use vault::TokenSet;

use super::App;

impl App {
    /// Whether a text holds a secret of the current document, or a token of the keychain that was
    /// revealed.
    pub async fn holds_secret(&self, text: String) -> bool {
        let revealed = self.revealed.lock().await;
        if revealed.iter().any(|token| text.contains(token.expose())) {
            return true;
        }
        drop(revealed);
        let Ok(document) = self.document() else {
            return false;
        };
        let recorded = document.recorded_now();
        let looked = move || recorded.redactor().text(&text) != text;
        let looked = tokio::task::spawn_blocking(looked).await;
        // When it cannot be told, it may be one.
        looked.unwrap_or(true)
    }

    pub(super) async fn revealed(&self, set: &TokenSet) {
        let tokens = [Some(&set.access_token), set.refresh_token.as_ref()];
        let mut revealed = self.revealed.lock().await;
        for token in tokens.into_iter().flatten() {
            // An empty text is part of every text.
            if !token.expose().is_empty() && !revealed.contains(token) {
                revealed.push(token.clone());
            }
        }
    }
}
