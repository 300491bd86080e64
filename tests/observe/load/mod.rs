//! A server that answers at once, and a client that asks without a pause.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

pub const CALLS: usize = 2_000;
const CONNECTIONS: usize = 32;
/// Bytes of the event stream.
pub const STREAMED: u64 = 100 << 20;
const LIMIT: Duration = Duration::from_secs(120);

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#;
const ANSWER: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#;

/// Serves as long as the process runs.
pub struct Server {
    pub port: u16,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || serve(&stream));
            }
        });
        Self { port }
    }
}

/// Answers each request of a connection until it ends.
fn serve(stream: &TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(head) = head(&mut reader) {
        let mut body = vec![0; length(&head)];
        reader.read_exact(&mut body).ok()?;
        if head.starts_with("GET ") {
            return write_stream(stream);
        }
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{ANSWER}",
            ANSWER.len()
        );
        writer.write_all(answer.as_bytes()).ok()?;
    }
    Some(())
}

fn write_stream(mut stream: &TcpStream) -> Option<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).ok()?;
    let event = format!("data: {}\n\n", "x".repeat((16 << 10) - 8));
    let mut left = STREAMED;
    while left > 0 {
        stream.write_all(event.as_bytes()).ok()?;
        left = left.saturating_sub(event.len() as u64);
    }
    Some(())
}

/// A port that nobody listens on now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

/// Sends all calls, over all connections at once; gives the median of how long one took.
pub fn call_all(port: u16) -> Duration {
    let times = Mutex::new(Vec::with_capacity(CALLS));
    thread::scope(|scope| {
        for at in 0..CONNECTIONS {
            let calls = CALLS / CONNECTIONS + usize::from(at < CALLS % CONNECTIONS);
            let times = &times;
            scope.spawn(move || {
                let own = call(port, calls);
                times.lock().expect("nobody panics with it").extend(own);
            });
        }
    });
    let mut times = times.into_inner().expect("nobody panics with it");
    assert_eq!(times.len(), CALLS, "every call is answered");
    times.sort();
    times[times.len() / 2]
}

/// So many calls over one connection.
fn call(port: u16, calls: usize) -> Vec<Duration> {
    let stream = connected(port);
    let mut reader = BufReader::new(&stream);
    let mut writer = &stream;
    let request = format!(
        "POST /mcp HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\ncontent-length: {}\r\n\r\n{CALL}",
        CALL.len()
    );
    let one = |_| {
        let begun = Instant::now();
        writer.write_all(request.as_bytes()).expect("it is taken");
        let head = head(&mut reader).expect("an answer");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let answer = if head
            .to_ascii_lowercase()
            .contains("transfer-encoding: chunked")
        {
            chunked(&mut reader)
        } else {
            let mut body = vec![0; length(&head)];
            reader.read_exact(&mut body).expect("the whole answer");
            body
        };
        assert_eq!(answer, ANSWER.as_bytes());
        begun.elapsed()
    };
    (0..calls).map(one).collect()
}

fn chunked(reader: &mut impl std::io::BufRead) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a size");
        let size = usize::from_str_radix(line.trim(), 16).expect("a size");
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).expect("the whole chunk");
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

/// Reads the event stream to its end: bytes of events, and how long it took.
pub fn stream(port: u16) -> (u64, Duration) {
    let begun = Instant::now();
    let stream = connected(port);
    let request = format!(
        "GET /mcp HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept: text/event-stream\r\n\
         connection: close\r\n\r\n"
    );
    (&stream)
        .write_all(request.as_bytes())
        .expect("it is taken");
    let mut reader = BufReader::new(&stream);
    let head = head(&mut reader).expect("an answer");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let mut read = vec![0; 64 << 10];
    let mut events = 0;
    loop {
        match reader.read(&mut read).expect("the whole stream") {
            0 => break,
            // What a chunked coding puts around them is not counted.
            length => events += read[..length].iter().filter(|byte| **byte == b'x').count() as u64,
        }
    }
    // Each event of 16 kB has eight bytes around its text.
    (events / ((16 << 10) - 8) * (16 << 10), begun.elapsed())
}

fn connected(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    stream.set_nodelay(true).expect("a socket");
    stream.set_read_timeout(Some(LIMIT)).expect("a socket");
    stream
}

/// The head of a message; none at the end of the connection.
fn head(reader: &mut impl std::io::BufRead) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

fn length(head: &str) -> usize {
    let head = head.to_ascii_lowercase();
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    length.unwrap_or_default()
}
