//! What a page shows at which the run is stuck.

use trace::Response;
use url::Url;

use crate::reading::{ExchangeRef, Reading, value};
use crate::wording::{excerpt, is_html, text_of_page};

/// The page at which the run is stuck.
pub(super) struct Page<'a> {
    pub hop: ExchangeRef<'a>,
    pub response: &'a Response,
    /// It answers to the authorization request itself, and not to what was filled in.
    pub is_first: bool,
}

impl Page<'_> {
    /// Whether there is nothing that a browser could show.
    pub(super) fn is_no_page(&self) -> bool {
        (200..300).contains(&self.response.status)
            && (self.response.body.bytes.is_empty() || !is_html(self.response))
    }

    /// The redirect URI of the request, where this is another path at its host and port.
    pub(super) fn is_beside_the_redirect_uri<'r>(
        &self,
        reading: &'r Reading<'_>,
    ) -> Option<&'r str> {
        let (_, asked) = reading.authorization_before(self.hop.seq)?;
        let redirect_uri = value(asked, "redirect_uri")?;
        let here = Url::parse(self.hop.request().url()).ok()?;
        let there = Url::parse(redirect_uri).ok()?;
        let is_beside = here.origin() == there.origin() && here.path() != there.path();
        (is_beside && self.response.status >= 400).then_some(redirect_uri)
    }

    /// Whether it is a form that brings the answer to the redirect URI by POST, unasked.
    pub(super) fn posts_the_answer(&self, reading: &Reading<'_>) -> bool {
        let Some((_, asked)) = reading.authorization_before(self.hop.seq) else {
            return false;
        };
        let Some(redirect_uri) = value(asked, "redirect_uri") else {
            return false;
        };
        let unasked = value(asked, "response_mode").is_none_or(|mode| mode == "query");
        let page = self.response.body.text().unwrap_or_default();
        let lower = page.to_ascii_lowercase();
        let posts = lower.contains("method=\"post\"") || lower.contains("method='post'");
        let answers = ["name=\"code\"", "name='code'", "name=code"];
        unasked
            && posts
            && answers.iter().any(|name| lower.contains(name))
            && (page.contains(redirect_uri) || page.contains(&redirect_uri.replace('&', "&amp;")))
    }

    /// Of what a redirect leads to, unless that is a page.
    pub(super) fn scheme_off_the_web(&self) -> Option<String> {
        let is_redirect = (300..400).contains(&self.response.status);
        let location = self
            .response
            .header_value("location")
            .filter(|_| is_redirect)?;
        let to = Url::parse(self.hop.request().url())
            .ok()?
            .join(location)
            .ok()?;
        let is_page = matches!(to.scheme(), "http" | "https");
        (!is_page).then(|| excerpt(to.scheme()))
    }

    /// Whether it is an error page behind another page, from which a person would not get on
    /// either.
    pub(super) fn refuses_after_others(&self) -> bool {
        let of_a_login = [
            "password",
            "credential",
            "user name",
            "username",
            "e-mail",
            "email",
        ];
        !self.is_first
            && (400..500).contains(&self.response.status)
            && self.is_error_text()
            && !of_a_login.iter().any(|word| self.words().contains(word))
    }

    /// Whether it is an error in words, whatever its status: no form to fill in, and no page of an
    /// application.
    pub(super) fn is_error_text(&self) -> bool {
        let body = self.response.body.text().unwrap_or_default();
        let lower = body.to_ascii_lowercase();
        let says = [
            "error",
            "invalid",
            "unknown",
            "not found",
            "denied",
            "not allowed",
            "unrecognized",
            "not registered",
            "refused",
            "something went wrong",
        ];
        !lower.contains("<form") && says.iter().any(|word| self.words().contains(word))
    }

    /// Its text in small letters.
    pub(super) fn words(&self) -> String {
        let body = self.response.body.text().unwrap_or_default();
        let text = if is_html(self.response) {
            text_of_page(body)
        } else {
            body.to_owned()
        };
        text.to_ascii_lowercase()
    }

    /// Whether the server refuses its own form as one of another site.
    pub(super) fn speaks_of_forgery(&self) -> bool {
        const WORDS: [&str; 5] = [
            "csrf",
            "xsrf",
            "request forgery",
            "antiforgery",
            "authenticity token",
        ];
        let words = self.words();
        self.response.status >= 400 && WORDS.iter().any(|word| words.contains(word))
    }

    pub(super) fn speaks_of_unknown_client(&self) -> bool {
        let words = self.words();
        let of_client = ["client", "application", "app "]
            .iter()
            .any(|word| words.contains(word));
        let unknown = [
            "unknown",
            "not found",
            "unrecognized",
            "unrecognised",
            "not registered",
            "does not exist",
            "doesn't exist",
            "not recognized",
            "invalid client",
            "invalid_client",
            "client_id is invalid",
            "invalid application",
            "no client",
            "no application",
            "unauthorized_client",
        ];
        // 404 says "not found" of the page.
        let status_says = self.response.status == 404;
        let mut unknown = unknown
            .iter()
            .filter(|word| !(status_says && **word == "not found"));
        of_client && unknown.any(|word| words.contains(word))
    }
}
