//! A proxy in front of a real peer that changes one thing in real traffic.
//!
//! The peer believes that the proxy's address is its own, so nothing but the change differs from a
//! run without the proxy. Plain threads and sockets: a fault may be an answer that no HTTP library
//! would write.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::case::{Change, Cut, Fault, Framing};
use crate::change::{change_answer, change_request, swapped};

/// Longer than any peer thinks, so that a peer that hangs fails the test instead of hanging it.
const PEER: Duration = Duration::from_secs(60);

/// A listener on a port of its own; what it does is set for each run.
pub struct Proxy {
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    faults: Mutex<Vec<Armed>>,
    /// Tokens as they were changed and as they were issued, where the peer is to take the change;
    /// the proxies of a stage share them.
    swapped: Swapped,
    /// Set when a run is over: answers that are held back are let go.
    over: Mutex<bool>,
    released: Condvar,
}

pub type Swapped = Arc<Mutex<Vec<[String; 2]>>>;

/// A fault and how many requests have met it.
struct Armed {
    fault: Fault,
    met: u32,
}

impl Proxy {
    /// Serves `listener` for as long as the process lives, with the peer at `upstream` behind it.
    pub fn start(listener: TcpListener, upstream: SocketAddr, swapped: &Swapped) -> Self {
        let state = Arc::new(State {
            swapped: swapped.clone(),
            ..State::default()
        });
        let served = state.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = served.clone();
                std::thread::spawn(move || {
                    // A client that goes away in the middle is part of the test.
                    let _ = serve(client, upstream, &state);
                });
            }
        });
        Self { state }
    }

    /// From now on these faults happen.
    pub fn arm(&self, faults: &[Fault]) {
        *lock(&self.state.over) = false;
        lock(&self.state.swapped).clear();
        *lock(&self.state.faults) = faults
            .iter()
            .map(|fault| Armed {
                fault: fault.clone(),
                met: 0,
            })
            .collect();
    }

    /// Ends the faults and lets go of what they hold back. Gives the faults that no request met.
    pub fn disarm(&self) -> Vec<Fault> {
        *lock(&self.state.over) = true;
        self.state.released.notify_all();
        let faults = std::mem::take(&mut *lock(&self.state.faults));
        faults
            .into_iter()
            .filter(|armed| armed.met == 0)
            .map(|armed| armed.fault)
            .collect()
    }
}

/// A request or an answer as it goes over the wire.
#[derive(Clone)]
pub struct Message {
    /// The request line or the status line.
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Message {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn drop_header(&mut self, name: &str) {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    pub fn set_header(&mut self, name: &str, value: &str) {
        self.drop_header(name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn serve(client: TcpStream, upstream: SocketAddr, state: &State) -> std::io::Result<()> {
    client.set_read_timeout(Some(PEER))?;
    let mut request = receive(&client, true)?;
    let meant = meant(&request, state);
    for change in meant.iter().flat_map(|fault| &fault.change) {
        change_request(&mut request, change);
    }
    if let Some(answer) = meant.iter().find_map(Fault::answer) {
        return finish(&client, plain(answer), &meant, state);
    }
    show_what_was_issued(&mut request, state);
    let mut answer = forward(&request, upstream)?;
    for change in meant.iter().flat_map(|fault| &fault.change) {
        let before = answer.clone();
        change_answer(&mut answer, change);
        if let Change::Token(token) = change {
            lock(&state.swapped).extend(swapped(&before, &answer, token));
        }
    }
    finish(&client, answer, &meant, state)
}

/// Puts the token that was issued where the request has a changed one.
fn show_what_was_issued(request: &mut Message, state: &State) {
    for [changed, issued] in lock(&state.swapped).iter() {
        for (_, value) in &mut request.headers {
            *value = value.replace(changed, issued);
        }
        request.body = request.text().replace(changed, issued).into_bytes();
    }
}

/// The faults that this request meets now.
fn meant(request: &Message, state: &State) -> Vec<Fault> {
    let mut meant = Vec::new();
    let origin = format!("http://{}", request.header("Host").unwrap_or_default());
    for armed in lock(&state.faults).iter_mut() {
        if !armed.fault.at.fits(request) {
            continue;
        }
        armed.met += 1;
        if armed.fault.at.counts(armed.met) {
            meant.push(armed.fault.at_origin(&origin));
        }
    }
    meant
}

fn forward(request: &Message, upstream: SocketAddr) -> std::io::Result<Message> {
    let mut request = request.clone();
    request.set_header("Connection", "close");
    request.drop_header("Accept-Encoding");
    request.drop_header("Transfer-Encoding");
    if !request.body.is_empty() || request.line.starts_with('P') {
        let length = request.body.len().to_string();
        request.set_header("Content-Length", &length);
    }
    let server = TcpStream::connect(upstream)?;
    server.set_read_timeout(Some(PEER))?;
    write(&server, &request)?;
    let mut answer = receive(&server, false)?;
    answer.drop_header("Transfer-Encoding");
    answer.drop_header("Connection");
    answer.drop_header("Keep-Alive");
    Ok(answer)
}

/// Writes the answer the way the faults want it: whole, cut off, or not at all.
fn finish(
    client: &TcpStream,
    mut answer: Message,
    faults: &[Fault],
    state: &State,
) -> std::io::Result<()> {
    let cut = faults.iter().find_map(|fault| fault.cut());
    match cut {
        Some(Cut::BeforeAnswer) => return client.shutdown(Shutdown::Both),
        Some(Cut::Silence) => {
            wait_until_over(state);
            return client.shutdown(Shutdown::Both);
        }
        _ => {}
    }
    let length = answer.body.len();
    let announced = match cut {
        Some(Cut::Middle) => length + 1000,
        _ => length,
    };
    if answer.header("Content-Length").is_none() || cut == Some(Cut::Middle) {
        answer.set_header("Content-Length", &announced.to_string());
    }
    if cut == Some(Cut::HeldBack) {
        answer.drop_header("Content-Length");
        answer.set_header("Connection", "close");
        let body = std::mem::take(&mut answer.body);
        write(client, &answer)?;
        wait_until_over(state);
        let _ = (&*client).write_all(&body);
        return client.shutdown(Shutdown::Both);
    }
    answer.set_header("Connection", "close");
    match faults.iter().find_map(Fault::framing) {
        Some(Framing::Http10) => {
            answer.drop_header("Content-Length");
            answer.line = answer.line.replacen("HTTP/1.1", "HTTP/1.0", 1);
        }
        Some(Framing::Chunked) => {
            be_chunked(&mut answer);
            answer.set_header("Trailer", "X-Checksum");
            answer.body.extend(b"0\r\nX-Checksum: 1\r\n\r\n");
        }
        Some(Framing::OpenChunk) => be_chunked(&mut answer),
        Some(Framing::BrokenChunk) => {
            be_chunked(&mut answer);
            answer.body.truncate(in_chunks(b"7 bytes").len());
            answer.body.extend(b"size unknown\r\n");
        }
        Some(Framing::TwoLengths) => {
            let other = ("Content-Length".to_owned(), (length + 7).to_string());
            answer.headers.push(other);
        }
        Some(Framing::NoHead) => {
            let mut to = client;
            to.write_all(&answer.body)?;
            return client.shutdown(Shutdown::Write);
        }
        Some(Framing::Interim) => {
            let mut to = client;
            to.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")?;
        }
        None => {}
    }
    write(client, &answer)?;
    client.shutdown(Shutdown::Write)
}

fn be_chunked(answer: &mut Message) {
    answer.drop_header("Content-Length");
    answer.set_header("Transfer-Encoding", "chunked");
    answer.body = in_chunks(&answer.body);
}

/// The body in chunks of a few bytes, so that values are torn apart.
fn in_chunks(body: &[u8]) -> Vec<u8> {
    let mut chunked = Vec::new();
    for piece in body.chunks(7) {
        chunked.extend(format!("{:x};piece=1\r\n", piece.len()).into_bytes());
        chunked.extend(piece);
        chunked.extend(b"\r\n");
    }
    chunked
}

fn wait_until_over(state: &State) {
    let over = lock(&state.over);
    let waited = state.released.wait_timeout_while(over, PEER, |over| !*over);
    drop(waited.unwrap_or_else(PoisonError::into_inner));
}

fn write(mut to: &TcpStream, message: &Message) -> std::io::Result<()> {
    let mut bytes = format!("{}\r\n", message.line).into_bytes();
    for (name, value) in &message.headers {
        bytes.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(&message.body);
    to.write_all(&bytes)
}

/// Reads one message. An answer without a length goes on until the connection ends.
fn receive(from: &TcpStream, is_request: bool) -> std::io::Result<Message> {
    let mut reader = from;
    let mut read = Vec::new();
    let mut byte = [0; 1];
    while !read.ends_with(b"\r\n\r\n") {
        if reader.read(&mut byte)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        read.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&read).into_owned();
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let mut message = Message {
        line,
        headers,
        body: Vec::new(),
    };
    let chunked = message
        .header("Transfer-Encoding")
        .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    let length = message
        .header("Content-Length")
        .and_then(|length| length.parse::<usize>().ok());
    let without = [" 204 ", " 304 "]
        .iter()
        .any(|status| message.line.contains(status));
    if chunked {
        message.body = chunks(reader)?;
    } else if let Some(length) = length {
        message.body = vec![0; length];
        reader.read_exact(&mut message.body)?;
    } else if !is_request && !without {
        reader.read_to_end(&mut message.body)?;
    }
    Ok(message)
}

fn chunks(mut reader: &TcpStream) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        let mut byte = [0; 1];
        while !line.ends_with(b"\r\n") {
            reader.read_exact(&mut byte)?;
            line.push(byte[0]);
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        let size = line.trim().split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16).map_err(std::io::Error::other)?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk)?;
        if size == 0 {
            return Ok(body);
        }
        body.extend(&chunk[..size]);
    }
}

fn plain(answer: &Change) -> Message {
    let mut message = Message {
        line: "HTTP/1.1 200 OK".to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    if let Change::Answer {
        status,
        headers,
        body,
    } = answer
    {
        message.line = format!("HTTP/1.1 {status} Changed");
        message.headers.clone_from(headers);
        message.body = body.clone().into_bytes();
    }
    message
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
