//! A command line of cURL.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trace::{Header, Recorded};

use super::evidence::{Part, Seen, Target, field, is_cut};
use super::values::absolute;
use super::words::{Command, Word};

/// The options of curl that take a value, by their long names and their letters (curl's manual).
const WITH_VALUE: [&str; 74] = [
    "cacert",
    "capath",
    "cert",
    "cert-type",
    "ciphers",
    "config",
    "connect-timeout",
    "connect-to",
    "continue-at",
    "cookie-jar",
    "cookie",
    "data",
    "data-ascii",
    "data-binary",
    "data-raw",
    "data-urlencode",
    "dns-servers",
    "doh-url",
    "dump-header",
    "ech",
    "engine",
    "etag-compare",
    "etag-save",
    "expect100-timeout",
    "form",
    "form-string",
    "header",
    "hostpubmd5",
    "interface",
    "ipfs-gateway",
    "json",
    "keepalive-time",
    "key",
    "key-type",
    "limit-rate",
    "local-port",
    "max-filesize",
    "max-redirs",
    "max-time",
    "netrc-file",
    "noproxy",
    "oauth2-bearer",
    "output",
    "output-dir",
    "parallel-max",
    "pass",
    "pinnedpubkey",
    "preproxy",
    "proto",
    "proto-default",
    "proto-redir",
    "proxy",
    "proxy-header",
    "proxy-user",
    "range",
    "rate",
    "referer",
    "request",
    "request-target",
    "resolve",
    "retry",
    "retry-delay",
    "retry-max-time",
    "socks5",
    "socks5-hostname",
    "speed-limit",
    "speed-time",
    "stderr",
    "tls-max",
    "trace",
    "trace-ascii",
    "upload-file",
    "url",
    "url-query",
];

/// Further ones.
const WITH_VALUE_TOO: [&str; 5] = ["user", "user-agent", "write-out", "tlsuser", "unix-socket"];

const LETTERS_WITH_VALUE: &str = "AbcCdDeEFhHKmoPQrtTuUwxXyYz";

const LONG_NAME: [(char, &str); 16] = [
    ('A', "user-agent"),
    ('b', "cookie"),
    ('d', "data"),
    ('e', "referer"),
    ('F', "form"),
    ('G', "get"),
    ('H', "header"),
    ('I', "head"),
    ('T', "upload-file"),
    ('u', "user"),
    ('X', "request"),
    ('x', "proxy"),
    ('o', "output"),
    ('w', "write-out"),
    ('m', "max-time"),
    ('K', "config"),
];

/// What a command line of curl asks for, until the next `--next`.
#[derive(Default)]
struct Asked {
    urls: Vec<Word>,
    method: Option<String>,
    headers: Vec<Header>,
    data: Option<Vec<u8>>,
    query: Vec<String>,
    json: bool,
    as_query: bool,
    head: bool,
    /// A value was not in the text: of a variable, of a file.
    hidden_header: bool,
    hidden_data: bool,
}

/// The requests that a command line of curl sends.
pub fn curl(command: &Command) -> Vec<Seen> {
    let mut all = Vec::new();
    let mut asked = Asked::default();
    let mut words = command.words.iter().skip(1);
    let mut only_urls = false;
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        if only_urls || !text.starts_with('-') || text == "-" {
            asked.urls.push(word.clone());
        } else if text == "--" {
            only_urls = true;
        } else if let Some(long) = text.strip_prefix("--") {
            if matches!(long, "next") {
                all.extend(std::mem::take(&mut asked).seen(command));
                continue;
            }
            let (name, own) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            let takes = WITH_VALUE.contains(&name) || WITH_VALUE_TOO.contains(&name);
            let value = match own {
                Some(value) => Some(Word {
                    text: value.into(),
                    hidden: word.hidden,
                }),
                None if takes => words.next().cloned(),
                None => None,
            };
            asked.option(name, value, command);
        } else {
            for (at, letter) in text[1..].char_indices() {
                let long = LONG_NAME.iter().find(|(known, _)| *known == letter);
                let long = long.map_or("", |(_, long)| *long);
                if !LETTERS_WITH_VALUE.contains(letter) {
                    asked.option(long, None, command);
                    continue;
                }
                let rest = &text[1 + at + letter.len_utf8()..];
                let value = if rest.is_empty() {
                    words.next().cloned()
                } else {
                    Some(Word {
                        text: rest.into(),
                        hidden: word.hidden,
                    })
                };
                asked.option(long, value, command);
                break;
            }
        }
    }
    all.extend(asked.seen(command));
    all
}

impl Asked {
    fn option(&mut self, name: &str, value: Option<Word>, command: &Command) {
        let hidden = value.as_ref().is_some_and(|value| value.hidden);
        let text = value.map(|value| value.text).unwrap_or_default();
        match name {
            "request" => self.method = Some(text.to_ascii_uppercase()),
            "url" => self.urls.push(Word { text, hidden }),
            "header" => {
                self.hidden_header |= hidden || text.starts_with('@');
                if let Some((name, value)) = text.split_once(':') {
                    if !value.trim().is_empty() {
                        self.headers.push(Header::new(name.trim(), value.trim()));
                    }
                } else if let Some(name) = text.strip_suffix(';') {
                    self.headers.push(Header::new(name.trim(), ""));
                }
            }
            "user-agent" => self.header("User-Agent", text, hidden),
            "referer" => self.header("Referer", text, hidden),
            "cookie" => self.header("Cookie", text, hidden),
            "oauth2-bearer" => self.header("Authorization", format!("Bearer {text}"), hidden),
            "user" => {
                let value = format!("Basic {}", STANDARD.encode(&text));
                self.header("Authorization", value, hidden || !text.contains(':'));
            }
            "json" => {
                self.json = true;
                self.add_data(&text, hidden, "json", command);
            }
            "data" | "data-ascii" | "data-binary" | "data-raw" | "data-urlencode" => {
                self.add_data(&text, hidden, name, command);
            }
            "url-query" => self.query.push(text),
            "form" | "form-string" | "upload-file" => {
                self.hidden_data = true;
                self.data.get_or_insert_default();
            }
            "get" => self.as_query = true,
            "head" => self.head = true,
            "config" => self.hidden_header = true,
            _ => {}
        }
    }

    fn header(&mut self, name: &str, value: String, hidden: bool) {
        self.hidden_header |= hidden;
        self.headers.push(Header::new(name, value));
    }

    fn add_data(&mut self, text: &str, hidden: bool, option: &str, command: &Command) {
        self.hidden_data |= hidden || !command.closed;
        let mut value = text.to_owned();
        if let Some(file) = text.strip_prefix('@').filter(|_| option != "data-raw") {
            match &command.input {
                Some(input) if file == "-" => {
                    value = match option {
                        "data-binary" | "json" => input.clone(),
                        _ => input.replace('\n', ""),
                    };
                }
                _ => {
                    self.hidden_data = true;
                    value = String::new();
                }
            }
        } else if option == "data-urlencode" {
            value = url_encoded(text);
        }
        let data = self.data.get_or_insert_default();
        if !data.is_empty() && !value.is_empty() && option != "json" {
            data.push(b'&');
        }
        data.extend_from_slice(value.as_bytes());
    }

    /// The requests, one for each URL.
    fn seen(self, command: &Command) -> Vec<Seen> {
        let mut headers = self.headers;
        let mut data = self.data;
        let mut query = self.query;
        if self.as_query
            && let Some(sent) = data.take()
        {
            query.push(String::from_utf8_lossy(&sent).into_owned());
        }
        let method = match self.method {
            Some(method) => method,
            None if self.head => "HEAD".into(),
            None if data.is_some() => "POST".into(),
            None => "GET".into(),
        };
        let mut own = vec![("User-Agent", "curl"), ("Accept", "*/*")];
        if self.json {
            own = vec![
                ("Content-Type", "application/json"),
                ("Accept", "application/json"),
                ("User-Agent", "curl"),
            ];
        } else if data.is_some() && !self.hidden_data {
            own.push(("Content-Type", "application/x-www-form-urlencoded"));
        }
        for (name, value) in own {
            if field(&headers, name).is_none() {
                headers.push(Header::new(name, value));
            }
        }
        let cut = headers.iter().any(|header| is_cut(&header.value));
        let request_headers = if self.hidden_header || cut || !command.closed {
            Recorded::Incomplete
        } else {
            Recorded::Whole
        };
        let body = data.unwrap_or_default();
        let body_text = String::from_utf8_lossy(&body);
        let request_body = match (self.hidden_data, body.is_empty()) {
            (true, true) => Recorded::NotRecorded,
            (true, false) => Recorded::Incomplete,
            (false, _) => super::evidence::recorded(&body_text),
        };
        let body = repaired(&body);
        let one = |url: Word| {
            let mut url = absolute(&url.text)?;
            for more in &query {
                url.push(if url.contains('?') { '&' } else { '?' });
                url += more;
            }
            Some(Seen {
                target: Target::Url(url),
                method: Some(method.clone()),
                request_headers: Part::new(headers.clone(), request_headers),
                request_body: Part::new(body.clone(), request_body),
                ..Seen::default()
            })
        };
        self.urls.into_iter().filter_map(one).collect()
    }
}

/// JSON whose quotation marks are still escaped: PowerShell takes one level away when it calls
/// another program.
fn repaired(body: &[u8]) -> Vec<u8> {
    let is_json = |bytes: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
    if body.starts_with(b"{\\\"") && !is_json(body) {
        let plain = String::from_utf8_lossy(body).replace("\\\"", "\"");
        if is_json(plain.as_bytes()) {
            return plain.into_bytes();
        }
    }
    body.to_vec()
}

/// `name=content` with the content encoded, or `=content`, or all of it.
fn url_encoded(text: &str) -> String {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => trace::encode_pairs([(name, value)]),
        Some((_, value)) => trace::encode_pairs([("", value)])[1..].into(),
        None => trace::encode_pairs([("", text)])[1..].into(),
    }
}
