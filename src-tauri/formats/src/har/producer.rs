//! What the programs that write HAR files leave out.

use serde_json::{Map, Value};
use trace::{Exchange, Outcome, Recorded};

/// Who wrote a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Producer {
    /// Chromium's DevTools (Chrome, Edge, Brave): unless it is told otherwise it takes the
    /// `Authorization` and cookie fields away, and nothing in the file says so.
    Chromium,
    /// Safari; it does the same with cookies, what it shows of a request may be provisional, and a
    /// body that it has no more is told as an empty one.
    Safari,
    /// Writes what was on the wire.
    Wire,
    /// Another program, of which nothing is known.
    Unknown,
}

/// By a part of `creator.name` in lower case. Playwright and Firefox leave the credentials in.
const KNOWN: [(&str, Producer); 13] = [
    ("webkit web inspector", Producer::Safari),
    ("webinspector", Producer::Chromium),
    ("playwright", Producer::Wire),
    ("firefox", Producer::Wire),
    ("mitmproxy", Producer::Wire),
    ("charles", Producer::Wire),
    ("fiddler", Producer::Wire),
    ("http toolkit", Producer::Wire),
    ("insomnia", Producer::Wire),
    ("postman", Producer::Wire),
    ("proxyman", Producer::Wire),
    ("mcpsnoop", Producer::Wire),
    ("authscope", Producer::Wire),
];

/// The fields that are taken away.
const CREDENTIALS: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

impl Producer {
    pub fn of(creator: &Map<String, Value>, browser: &Map<String, Value>) -> Self {
        let name = |object: &Map<String, Value>| {
            let name = object.get("name").and_then(Value::as_str);
            name.unwrap_or_default().to_ascii_lowercase()
        };
        let (creator, browser) = (name(creator), name(browser));
        let known = KNOWN.iter().find(|(part, _)| creator.contains(part));
        match known {
            Some((_, producer)) => *producer,
            None if browser.contains("safari") => Self::Safari,
            None => Self::Unknown,
        }
    }

    /// Says of each exchange what its recorder may have left out.
    pub fn judge(self, exchanges: &mut [Exchange]) {
        let shows_credentials = exchanges.iter().any(|exchange| {
            let mut headers = exchange.request.headers.iter();
            headers.any(|header| CREDENTIALS.contains(&header.name.to_ascii_lowercase().as_str()))
        });
        let taken_away = self != Self::Wire && !shows_credentials;
        for exchange in exchanges {
            // What a browser shows of a request that failed is what it meant to send.
            let failed = matches!(exchange.outcome, Outcome::Failure(_));
            let headers = &mut exchange.recorded.request_headers;
            if (taken_away || failed) && *headers == Recorded::Whole {
                *headers = Recorded::Incomplete;
            }
            if self == Self::Safari && !is_told_whole(exchange) {
                exchange.recorded.response_body = Recorded::NotRecorded;
            }
        }
    }
}

/// Whether the body is there, or nobody expects one.
fn is_told_whole(exchange: &Exchange) -> bool {
    exchange.response().is_none_or(|response| {
        !response.body.is_empty()
            || response.header_value("content-length") == Some("0")
            || matches!(response.status, 204 | 205 | 304)
            || exchange.request.method == "HEAD"
    })
}
