//! An MCP server and an authorization server in one, which does everything right but at one leg;
//! and a foreign origin that listens to what comes there.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use trace::query_pairs;

use crate::case::{Case, Leg, Piece, Play, Then};

/// In each value that only its own server may see.
pub const MARK: &str = "S3NTINEL";

/// The servers of a case, until this is dropped.
pub struct Stage {
    pub origin: String,
    pub evil: String,
    /// What came to the foreign origin.
    heard: Arc<Mutex<Vec<String>>>,
    /// How often the attack was met.
    met: Arc<AtomicU32>,
    /// Dropped with the stage: what is held open or drips ends.
    _end: Sender<()>,
}

struct Shared {
    leg: Leg,
    play: Play,
    origin: String,
    evil: String,
    count: AtomicU32,
    met: Arc<AtomicU32>,
    ended: Mutex<std::sync::mpsc::Receiver<()>>,
}

pub struct Asked {
    pub method: String,
    pub target: String,
    /// Its lines, each behind a line break.
    pub head: String,
    pub body: String,
}

impl Stage {
    pub fn of(case: &Case) -> Self {
        let (own, other) = (listener(), listener());
        let (origin, evil) = (origin_of(&own), origin_of(&other));
        let (end, ended) = channel();
        let met: Arc<AtomicU32> = Arc::default();
        let shared = Arc::new(Shared {
            leg: case.leg,
            play: case.play.clone(),
            origin: origin.clone(),
            evil: evil.clone(),
            count: AtomicU32::new(0),
            met: met.clone(),
            ended: Mutex::new(ended),
        });
        thread::spawn(move || {
            for stream in own.incoming().flatten() {
                let shared = shared.clone();
                thread::spawn(move || shared.serve(stream));
            }
        });
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let hearing = heard.clone();
        thread::spawn(move || {
            for stream in other.incoming().flatten() {
                let heard = hearing.clone();
                thread::spawn(move || listen(stream, &heard));
            }
        });
        Self {
            origin,
            evil,
            heard,
            met,
            _end: end,
        }
    }

    /// How often the attack was met.
    pub fn times_met(&self) -> u32 {
        self.met.load(Ordering::Relaxed)
    }

    /// Requests to the foreign origin that carry what is not for it.
    pub fn leaked(&self) -> Vec<String> {
        let heard = self.heard.lock().expect("nobody panics with it");
        let carries = |asked: &&String| asked.contains(MARK);
        heard.iter().filter(carries).cloned().collect()
    }
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a free port")
}

fn origin_of(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().expect("it is bound"))
}

/// The foreign origin. As a proxy it stands for `http://as.example`, a server that does all right.
fn listen(stream: TcpStream, heard: &Mutex<Vec<String>>) -> Option<()> {
    let (mut stream, asked) = read(stream)?;
    let whole = format!(
        "{} {}\n{}\n{}",
        asked.method, asked.target, asked.head, asked.body
    );
    heard.lock().ok()?.push(whole + &basic(&asked.head));
    let behind = "http://as.example";
    let answer = match right(&asked, behind) {
        Some((_, answer)) => answer,
        None => json("200 OK", "{}"),
    };
    stream
        .write_all(&filled(answer.as_bytes(), &asked, (behind, behind), 0))
        .ok()
}

/// What HTTP Basic carries, in the clear.
fn basic(head: &str) -> String {
    use base64::Engine as _;
    let values = head.lines().filter_map(|line| line.split_once("Basic "));
    let decoded = values.filter_map(|(_, value)| {
        let decoded = base64::engine::general_purpose::STANDARD.decode(value.trim());
        String::from_utf8(decoded.ok()?).ok()
    });
    decoded.collect()
}

impl Shared {
    fn serve(&self, stream: TcpStream) -> Option<()> {
        // The next request on the same connection comes as one of its own: all answers close.
        let (mut stream, asked) = read(stream)?;
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        match right(&asked, &self.origin) {
            Some((leg, _)) if leg == Some(self.leg) => self.attack(stream, &asked, number),
            Some((_, answer)) => {
                let answer = self.filled(answer.as_bytes(), &asked, number);
                stream.write_all(&answer).ok()
            }
            None => None,
        }
    }

    fn attack(&self, mut stream: TcpStream, asked: &Asked, number: u32) -> Option<()> {
        self.met.fetch_add(1, Ordering::Relaxed);
        stream.set_nodelay(true).ok()?;
        let begin: Vec<u8> = self.play.pieces.iter().flat_map(Piece::bytes).collect();
        let begin = self.filled(&begin, asked, number);
        stream.write_all(&begin).ok()?;
        match &self.play.then {
            Then::Close => {}
            // Closing a socket before all was read from it resets the connection.
            Then::Reset => {
                let _ = stream.set_read_timeout(Some(Duration::from_millis(1)));
            }
            Then::Hold => {
                let _ = stream.read(&mut [0]);
            }
            Then::Flood(piece) => {
                let many = piece.repeat(1 + 16_384 / piece.len());
                while stream.write_all(&many).is_ok() {}
            }
            Then::Drip(piece) => {
                for byte in piece.iter().cycle() {
                    stream.write_all(&[*byte]).ok()?;
                    let ended = self
                        .ended
                        .lock()
                        .ok()?
                        .recv_timeout(Duration::from_millis(50));
                    if ended != Err(RecvTimeoutError::Timeout) {
                        return None;
                    }
                }
            }
        }
        Some(())
    }

    fn filled(&self, answer: &[u8], asked: &Asked, number: u32) -> Vec<u8> {
        filled(answer, asked, (&self.origin, &self.evil), number)
    }
}

/// An answer with its placeholders replaced. One that is not a text has none.
pub fn filled(answer: &[u8], asked: &Asked, (origin, evil): (&str, &str), number: u32) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(answer) else {
        return answer.to_vec();
    };
    if !text.contains('{') {
        return answer.to_vec();
    }
    let of_query = |name: &str| {
        let mut pairs = query_pairs(&asked.target).into_iter();
        let pair = pairs.find(|pair| pair.name == name);
        pair.map_or(String::new(), |pair| pair.value)
    };
    let body = serde_json::from_str(&asked.body).unwrap_or(Value::Null);
    let registered = body["redirect_uris"][0].as_str().map(str::to_owned);
    let host = |origin: &str| origin.trim_start_matches("http://").to_owned();
    let port = |origin: &str| origin.rsplit(':').next().unwrap_or_default().to_owned();
    let id = body["id"].to_string();
    let mut text = text.to_owned();
    for (name, spelled) in SPELLINGS {
        let name = format!("{{echo_{name}}}");
        if text.contains(&name) {
            text = text.replace(&name, &spelled(&credentials(asked)));
        }
    }
    for (name, value) in [
        ("{origin}", origin.to_owned()),
        ("{evil}", evil.to_owned()),
        ("{host}", host(origin)),
        ("{evil_host}", host(evil)),
        ("{state}", of_query("state")),
        (
            "{redirect_uri}",
            registered.unwrap_or_else(|| of_query("redirect_uri")),
        ),
        ("{port}", port(origin)),
        ("{evil_port}", port(evil)),
        ("{secret}", format!("{MARK}-managed")),
        ("{count}", number.to_string()),
        ("{id}", id),
    ] {
        if text.contains(name) {
            text = text.replace(name, &value);
        }
    }
    text.into_bytes()
}

/// What a request carries that is not to be told: the value of its header, else its body.
fn credentials(asked: &Asked) -> String {
    let value = asked
        .head
        .lines()
        .find_map(|line| line.strip_prefix("authorization: "));
    value.unwrap_or(&asked.body).trim().to_owned()
}

/// How a server may write what it was sent.
type Spelling = fn(&str) -> String;

pub const SPELLINGS: &[(&str, Spelling)] = &[
    ("plain", str::to_owned),
    ("hex", |text| each_byte(text, |byte| format!("{byte:02x}"))),
    ("upper_hex", |text| {
        each_byte(text, |byte| format!("{byte:02X}"))
    }),
    ("percent", |text| {
        each_byte(text, |byte| format!("%{byte:02X}"))
    }),
    ("escapes", |text| {
        each_byte(text, |byte| format!("\\u{byte:04x}"))
    }),
    ("entities", |text| {
        each_byte(text, |byte| format!("&#{byte};"))
    }),
    ("base64", base64),
    ("twice_base64", |text| base64(&base64(text))),
];

fn each_byte(text: &str, spelled: fn(u8) -> String) -> String {
    text.bytes().map(spelled).collect()
}

/// The forms of the mark in any of these spellings of a text that it is in.
pub fn marks() -> &'static [String] {
    static MARKS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let by_byte = SPELLINGS
            .iter()
            .filter(|(name, _)| !name.contains("base64"));
        let mut marks: Vec<String> = by_byte.map(|(_, spelled)| spelled(MARK)).collect();
        let once = base64_cores(MARK);
        marks.extend(once.iter().flat_map(|core| base64_cores(core)));
        marks.extend(once);
        marks
    });
    &MARKS
}

/// What base64 writes for a text wherever it begins: the characters that do not depend on what
/// stands before and behind it.
fn base64_cores(text: &str) -> [String; 3] {
    [0, 1, 2].map(|offset| {
        let padded = format!("{}{text}", "\0".repeat(offset));
        let (begin, end) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
        base64(&padded)[begin..end].to_owned()
    })
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(text)
}

fn head(status: &str, lines: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{lines}\r\n\r\n")
}

fn json(status: &str, body: &str) -> String {
    let lines = "content-type: application/json\r\ncache-control: no-store";
    format!("{}{body}", head(status, lines))
}

/// The right answer to a request, and at which leg that is.
pub fn right(asked: &Asked, origin: &str) -> Option<(Option<Leg>, String)> {
    let path = asked.target.strip_prefix(origin).unwrap_or(&asked.target);
    let path = path.split('?').next()?;
    let with_token = asked
        .head
        .to_ascii_lowercase()
        .contains("\nauthorization: bearer");
    let result = |result: &str| {
        json(
            "200 OK",
            &format!("{{\"jsonrpc\":\"2.0\",\"id\":{{id}},\"result\":{result}}}"),
        )
    };
    let page = |body: &str| format!("{}{body}", head("200 OK", "content-type: text/html"));
    Some(match path {
        "/mcp" if !with_token => (
            Some(Leg::Challenge),
            head(
                "401 Unauthorized",
                "www-authenticate: Bearer resource_metadata=\"{origin}/.well-known/oauth-protected-resource/mcp\"\r\n\
                 content-length: 0",
            ),
        ),
        "/mcp" if asked.body.contains("notifications/") => {
            (None, head("202 Accepted", "content-length: 0"))
        }
        "/mcp" if asked.body.contains("tools/list") => (Some(Leg::Tools), result("{\"tools\":[]}")),
        "/mcp" => (
            Some(Leg::Initialize),
            result(
                "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\
                 \"serverInfo\":{\"name\":\"s\",\"version\":\"1\"}}",
            ),
        ),
        path if path.starts_with("/.well-known/oauth-protected-resource") => (
            Some(Leg::ResourceMetadata),
            json(
                "200 OK",
                "{\"resource\":\"{origin}/mcp\",\"authorization_servers\":[\"{origin}\"]}",
            ),
        ),
        path if path.starts_with("/.well-known/") => (
            Some(Leg::ServerMetadata),
            json(
                "200 OK",
                "{\"issuer\":\"{origin}\",\"authorization_endpoint\":\"{origin}/authorize\",\
                 \"token_endpoint\":\"{origin}/token\",\"registration_endpoint\":\"{origin}/register\",\
                 \"device_authorization_endpoint\":\"{origin}/device\",\
                 \"response_types_supported\":[\"code\"],\"code_challenge_methods_supported\":[\"S256\"],\
                 \"grant_types_supported\":[\"authorization_code\",\"refresh_token\",\
                 \"urn:ietf:params:oauth:grant-type:device_code\"]}",
            ),
        ),
        "/register" => (
            Some(Leg::Registration),
            json(
                "201 Created",
                &format!(
                    "{{\"client_id\":\"c\",\"client_secret\":\"{MARK}-client\",\
                     \"client_secret_expires_at\":0,\
                     \"token_endpoint_auth_method\":\"client_secret_post\"}}"
                ),
            ),
        ),
        "/authorize" => (
            Some(Leg::Authorization),
            head(
                "303 See Other",
                &format!(
                    "location: {{redirect_uri}}?code={MARK}-code&state={{state}}&iss={{origin}}\r\n\
                     content-length: 0"
                ),
            ),
        ),
        "/token" if asked.body.contains("device_code") => (
            None,
            json("400 Bad Request", "{\"error\":\"authorization_pending\"}"),
        ),
        "/token" => (
            Some(Leg::Token),
            json(
                "200 OK",
                &format!(
                    "{{\"access_token\":\"{MARK}-access\",\"refresh_token\":\"{MARK}-refresh\",\
                     \"token_type\":\"Bearer\",\"expires_in\":3600}}"
                ),
            ),
        ),
        "/device" => (Some(Leg::Device), json("200 OK", "{}")),
        "/page" => (None, page("<p>Enter the code on another device.")),
        // Where attacks lead.
        "/loop" => (
            None,
            head(
                "307 Temporary Redirect",
                "location: {origin}/loop\r\ncontent-length: 0",
            ),
        ),
        "/pass" => (
            None,
            head(
                "307 Temporary Redirect",
                "location: {evil}/f\r\ncontent-length: 0",
            ),
        ),
        _ => (None, head("404 Not Found", "content-length: 0")),
    })
}

/// A whole request: head and body.
fn read(stream: TcpStream) -> Option<(TcpStream, Asked)> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut parts = first.split(' ');
    let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let mut head = String::from("\n");
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let asked = Asked {
        method,
        target,
        head,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    Some((reader.into_inner(), asked))
}
