//! Starts the system's browser.

use std::io;

use thiserror::Error;
use url::Url;

/// Why no browser was started. The URL can be shown to be copied instead, but for
/// [`OpenError::Refused`].
#[derive(Debug, Error)]
pub enum OpenError {
    /// Not the URL of a web page; it comes from a server, and other schemes start programs.
    #[error("the URL is not opened: {reason}")]
    Refused { reason: &'static str },
    #[error("no browser could be started: {0}")]
    NoBrowser(#[from] io::Error),
}

/// Opens an http or https URL in the system's browser, detached, and never through a shell. Waits a
/// fraction of a second to see whether the launcher fails: call it where blocking is allowed.
pub fn open_browser(url: &str) -> Result<(), OpenError> {
    let url = checked(url)?;
    open::that_detached(url.as_str())?;
    Ok(())
}

/// Whether a browser may be sent to this URL.
///
/// # Errors
/// [`OpenError::Refused`] says what is wrong with it.
pub fn may_be_opened(url: &str) -> Result<(), OpenError> {
    checked(url).map(drop)
}

/// The URL as the launcher gets it: parsed and written again, so that quotes, blanks and line
/// breaks are encoded.
fn checked(url: &str) -> Result<Url, OpenError> {
    let refused = |reason| Err(OpenError::Refused { reason });
    if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return refused("it has a blank or a control character");
    }
    let Ok(parsed) = Url::parse(url) else {
        return refused("it is not an absolute URL");
    };
    if !matches!(parsed.scheme(), "http" | "https") {
        return refused("only http and https are opened");
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return refused("it carries a user name or password");
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_pages_are_opened() {
        for good in [
            "https://as.example/authorize?client_id=a&scope=b%20c",
            "http://127.0.0.1:4000/authorize",
            "http://[::1]:9/",
        ] {
            assert_eq!(checked(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "-",
            "--help",
            "-https://as.example/",
            "/etc/passwd",
            "as.example",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "file:///etc/passwd",
            "smb://evil.example/share",
            "\\\\evil.example\\share",
            "search-ms:query=x&crumb=location:\\\\evil.example",
            "ms-msdt:/id",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:msgbox(1)",
            "mailto:a@example.com",
            "$(calc)",
            "`calc`",
            "https://as.example/\r\n--new-window",
            " https://as.example/",
            "https://as.example/a b",
            "https://as.example/\0",
            "https://me:hush@as.example/",
            "https://as.example@evil.example/",
            "https://",
        ] {
            let error = checked(bad).expect_err(bad).to_string();
            assert!(!error.contains("hush"));
        }
    }

    #[test]
    fn what_a_shell_would_read_stays_inside_one_quoteless_argument() {
        for tail in [
            "?a=\"&calc.exe\"",
            "?a='`id`'",
            "?a=<b>",
            "\"$(id)\"",
            "?x=|calc",
            "#\"",
            "?a=\u{202e}gpj",
        ] {
            let url = checked(&format!("https://as.example/{tail}")).unwrap();
            let text = url.as_str();
            assert!(text.starts_with("https://as.example/"));
            assert!(
                text.is_ascii() && !text.contains(['"', '<', '>', ' ']),
                "{text}"
            );
        }
    }
}
