//! A callback URL pasted by hand, where the browser runs on another machine.

use thiserror::Error;
use trace::Request;
use url::Url;

use crate::outgoing::{shortened, without_query};
use crate::place::is_at;

/// Why a pasted text is not the callback. No message holds the query, which has the code.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PasteError {
    #[error(
        "callback URL: expected the address the browser ended at, beginning with {expected}, got nothing"
    )]
    Empty { expected: String },
    #[error(
        "callback URL: expected the address the browser ended at, beginning with {expected}, got {got:?}"
    )]
    NotUrl { expected: String, got: String },
    #[error("callback URL: expected {expected}, got {got}")]
    Elsewhere { expected: String, got: String },
    /// As `response_mode=fragment` has it, which a server never gets to see.
    #[error(
        "callback URL: expected the answer in the query after `?`, got it in the fragment after `#`"
    )]
    InFragment,
    #[error("callback URL: expected `?code=…` or `?error=…` after {expected}, got no query")]
    NoQuery { expected: String },
}

/// Turns the callback URL into the request the browser would have made of it. It has no headers,
/// since no browser was there to send any.
pub fn parse_pasted(url: &str, redirect_uri: &str) -> Result<Request, PasteError> {
    let expected = redirect_uri.to_string();
    let url = url.trim().trim_matches(['"', '\'', '<', '>']);
    if url.is_empty() {
        return Err(PasteError::Empty { expected });
    }
    let got = shortened(without_query(url));
    if Url::parse(url).is_err() || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(PasteError::NotUrl { expected, got });
    }
    if !is_at(url, redirect_uri) {
        return Err(PasteError::Elsewhere { expected, got });
    }
    let (request, fragment) = url.split_once('#').unwrap_or((url, ""));
    let has_query = request
        .split_once('?')
        .is_some_and(|(_, query)| !query.is_empty());
    if has_query {
        Ok(Request::new("GET", request))
    } else if fragment.contains("code=") || fragment.contains("error=") {
        Err(PasteError::InFragment)
    } else {
        Err(PasteError::NoQuery { expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REDIRECT: &str = "http://127.0.0.1:4000/callback";

    #[test]
    fn a_callback_url_becomes_the_request() {
        let pasted = "  http://127.0.0.1:4000/callback?code=a%2Fb&state=s&state=t#_=_\n";
        let request = parse_pasted(pasted, REDIRECT).unwrap();
        assert_eq!(request.method, "GET");
        assert_eq!(
            request.url,
            "http://127.0.0.1:4000/callback?code=a%2Fb&state=s&state=t"
        );
    }

    #[test]
    fn anything_else_is_told_apart_without_showing_the_code() {
        let error = |text: &str| parse_pasted(text, REDIRECT).unwrap_err();
        assert!(matches!(error(" "), PasteError::Empty { .. }));
        assert!(matches!(
            error("code=hush&state=s"),
            PasteError::NotUrl { .. }
        ));
        assert!(matches!(
            error("http://127.0.0.1:4000/callback?code=hush x"),
            PasteError::NotUrl { .. }
        ));
        for elsewhere in [
            "http://127.0.0.1:4001/callback?code=hush",
            "http://localhost:4000/callback?code=hush",
            "https://as.example/login?code=hush",
        ] {
            assert!(matches!(error(elsewhere), PasteError::Elsewhere { .. }));
            assert!(!error(elsewhere).to_string().contains("hush"));
        }
        assert_eq!(
            error("http://127.0.0.1:4000/callback#code=hush"),
            PasteError::InFragment
        );
        assert!(matches!(error(REDIRECT), PasteError::NoQuery { .. }));
    }
}
