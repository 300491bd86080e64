//! Which requests of a browser belong to a login.

use std::collections::BTreeSet;

use crate::hop::Part;

/// What a browser asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Part(Part),
    /// An image, a style, a script and the like.
    Other,
}

impl Asked {
    pub fn part(self) -> Option<Part> {
        match self {
            Self::Part(part) => Some(part),
            Self::Other => None,
        }
    }
}

/// The pages of a login, and what happens within them.
pub(crate) struct Login {
    /// Requests to this URL are recorded by the listener there.
    redirect_uri: String,
    /// Where its pages are.
    origins: BTreeSet<String>,
    /// How many requests did not belong to it.
    pub left_out: u32,
}

/// Parameters with which a frame is sent on a way of its own to log in.
const ON_ITS_WAY: [&str; 4] = [
    "response_type",
    "redirect_uri",
    "SAMLRequest",
    "SAMLResponse",
];

impl Login {
    pub fn new(redirect_uri: &str) -> Self {
        Self {
            redirect_uri: redirect_uri.to_owned(),
            origins: BTreeSet::new(),
            left_out: 0,
        }
    }

    /// Whether this is recorded: each page; a frame of a server that has a page here, or that is
    /// sent to log in elsewhere; and what a script sends, not merely asks for, to such a server.
    pub fn takes(&mut self, asked: Asked, method: &str, url: &str) -> bool {
        let Some(origin) = trace::origin_of(url).filter(|_| url.starts_with("http")) else {
            return false;
        };
        if let Asked::Part(Part::Page | Part::Frame) = asked
            && is_at(url, &self.redirect_uri)
        {
            return false;
        }
        let takes = match asked {
            Asked::Part(Part::Page) => true,
            Asked::Part(Part::Frame) => self.origins.contains(&origin) || is_on_its_way(url),
            Asked::Part(Part::Script) => {
                !matches!(method, "GET" | "HEAD" | "OPTIONS") && self.origins.contains(&origin)
            }
            Asked::Other => false,
        };
        if !takes {
            self.left_out += 1;
        } else if !self.origins.contains(&origin) {
            self.origins.insert(origin);
        }
        takes
    }
}

fn is_on_its_way(url: &str) -> bool {
    let pairs = trace::query_pairs(url);
    pairs
        .iter()
        .any(|pair| ON_ITS_WAY.contains(&pair.name.as_str()))
}

/// Whether a URL is this one but for its query.
fn is_at(url: &str, place: &str) -> bool {
    let parts = |text: &str| {
        let url = url::Url::parse(text).ok()?;
        Some((trace::origin_of(text)?, url.path().to_owned()))
    };
    parts(url).is_some_and(|url| parts(place) == Some(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Asked = Asked::Part(Part::Page);
    const FRAME: Asked = Asked::Part(Part::Frame);
    const SCRIPT: Asked = Asked::Part(Part::Script);

    fn at_the_login() -> Login {
        let mut login = Login::new("http://127.0.0.1:9/callback");
        assert!(login.takes(PAGE, "GET", "https://as.example/authorize?client_id=x"));
        assert!(login.takes(PAGE, "GET", "https://idp.example/login"));
        login
    }

    #[test]
    fn what_a_page_of_the_login_does_within_itself_is_recorded() {
        let mut login = at_the_login();
        for (asked, method, url) in [
            (FRAME, "GET", "https://idp.example/widget"),
            (SCRIPT, "POST", "https://as.example/api/login"),
            (SCRIPT, "PUT", "https://idp.example/consent"),
            (
                FRAME,
                "GET",
                "https://other.example/start?response_type=code&client_id=y",
            ),
            // The frame that was sent there has a page there now.
            (FRAME, "POST", "https://other.example/login"),
            (SCRIPT, "POST", "https://other.example/login"),
        ] {
            assert!(login.takes(asked, method, url), "{method} {url}");
        }
        assert_eq!(login.left_out, 0);
    }

    #[test]
    fn what_is_none_of_its_business_is_counted() {
        let mut login = at_the_login();
        for (asked, method, url) in [
            (Asked::Other, "GET", "https://idp.example/logo.png"),
            (SCRIPT, "GET", "https://idp.example/texts.json"),
            (SCRIPT, "POST", "https://metrics.example/events"),
            (FRAME, "GET", "https://captcha.example/widget?k=1"),
        ] {
            assert!(!login.takes(asked, method, url), "{method} {url}");
        }
        assert_eq!(login.left_out, 4);
    }

    #[test]
    fn the_callback_and_what_is_no_request_are_not_even_counted() {
        let mut login = at_the_login();
        for url in [
            "http://127.0.0.1:9/callback?code=x",
            "about:blank",
            "data:text/html,x",
        ] {
            assert!(!login.takes(PAGE, "GET", url), "{url}");
        }
        assert_eq!(login.left_out, 0);
    }
}
