//! The servers, one for each socket, and the threads that take requests from them.

use std::fmt;
use std::io::Write as _;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::SockRef;
use tiny_http::{Method, Server, StatusCode};
use tokio::sync::oneshot;
use trace::Response;

use super::answer::{Callback, Expected, MOST_BODY, has_body};
use super::page::refusal;

/// For a connection to ourselves. A closed port does not answer at once everywhere.
const PATIENCE: Duration = Duration::from_millis(100);
/// Requests that are answered in one wait. After that many the sockets are closed.
const MOST_REQUESTS: usize = 1_000;
/// How many threads a server is made to keep ready, more than a browser opens connections to one
/// host, and how often. It lets idle ones go after five seconds. More often in the beginning, when
/// a fast browser is there already.
const READY: usize = 16;
const READY_FIRST: Duration = Duration::from_millis(50);
const READY_EVERY: Duration = Duration::from_secs(2);
/// How often a server is renewed at most, and how long that waits each time: together longer than a
/// silent connection keeps its descriptors.
const MOST_RENEWALS: usize = 200;
const RENEWAL: Duration = Duration::from_millis(100);

/// The servers with their threads, which are there before they are needed. Dropping it closes the
/// sockets: when the drop returns, whoever comes is refused.
pub(super) struct Serving {
    opened: Instant,
    shared: Arc<Shared>,
    doors: Vec<Door>,
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving").finish_non_exhaustive()
    }
}

/// The server of a socket. None when it has ended.
type Slot = Mutex<Option<Arc<Server>>>;

struct Door {
    socket: TcpListener,
    slot: Arc<Slot>,
    thread: JoinHandle<()>,
}

struct Shared {
    /// Nothing is answered before it is known.
    expected: OnceLock<Expected>,
    /// Whoever takes it has the one callback.
    sender: Mutex<Option<oneshot::Sender<Callback>>>,
    ended: AtomicBool,
    /// Requests that may still be answered.
    left: AtomicUsize,
}

impl Serving {
    pub(super) fn start(sockets: Vec<TcpListener>) -> Self {
        let shared = Arc::new(Shared {
            expected: OnceLock::new(),
            sender: Mutex::new(None),
            ended: AtomicBool::new(false),
            left: AtomicUsize::new(MOST_REQUESTS),
        });
        let open = |socket| {
            Door::open(socket, shared.clone())
                .inspect_err(|error| tracing::warn!(%error, "a callback socket cannot be used"))
                .ok()
        };
        let doors = sockets.into_iter().filter_map(open).collect();
        Self {
            opened: Instant::now(),
            shared,
            doors,
        }
    }

    /// Begins to answer. The callback is sent once its page is written.
    pub(super) fn expect(&self, expected: Expected) -> oneshot::Receiver<Callback> {
        let (sender, receiver) = oneshot::channel();
        *locked(&self.shared.sender) = Some(sender);
        // It is said once: the wait takes the listener.
        let _ = self.shared.expected.set(expected);
        let idle = self.opened.elapsed() >= READY_FIRST;
        for door in &self.doors {
            door.wake(idle);
        }
        receiver
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        locked(&self.shared.sender).take();
        for door in &self.doors {
            door.wake(true);
        }
        for door in self.doors.drain(..) {
            // Where that refuses whoever comes, as on Linux, the thread tidies up by itself.
            if SockRef::from(&door.socket)
                .shutdown(Shutdown::Both)
                .is_err()
                && door.thread.join().is_err()
            {
                tracing::warn!("a thread of the callback listener panicked");
            }
        }
    }
}

impl Door {
    fn open(
        socket: TcpListener,
        shared: Arc<Shared>,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let server = Server::from_listener(socket.try_clone()?, None)?;
        let slot = Arc::new(Mutex::new(Some(Arc::new(server))));
        let inside = slot.clone();
        let ours = socket.try_clone()?;
        let thread = thread::Builder::new()
            .name("callback".into())
            .spawn(move || attend(socket, &inside, &shared))?;
        Ok(Self {
            socket: ours,
            slot,
            thread,
        })
    }

    /// Makes its thread look at what has changed: at once, or with the next request.
    fn wake(&self, at_once: bool) {
        if at_once && let Some(server) = &*locked(&self.slot) {
            server.unblock();
        }
        self.thread.thread().unpark();
    }
}

/// Answers what comes in by a socket until the wait ends, and closes it.
fn attend(socket: TcpListener, slot: &Slot, shared: &Arc<Shared>) {
    let address = socket.local_addr().ok();
    let mut replaced: Vec<Arc<Server>> = Vec::new();
    let mut patience = READY_FIRST;
    while !shared.ended.load(Ordering::Acquire) {
        let Some(server) = locked(slot).clone() else {
            break;
        };
        let received = server.recv_timeout(patience);
        if shared.expected.get().is_none() {
            match received {
                Ok(None) => {
                    patience = (patience * 2).min(READY_EVERY);
                    continue;
                }
                // It waits until it is known what is expected, and so does a server that has to be
                // renewed.
                Ok(Some(_)) | Err(_) => shared.await_expected(),
            }
        }
        let goes_on = match received {
            Ok(Some(request)) => shared.answer(request),
            Ok(None) | Err(_) if shared.ended.load(Ordering::Acquire) => false,
            Ok(None) => {
                make_ready(address);
                patience = (patience * 2).min(READY_EVERY);
                replaced
                    .iter()
                    .all(|server| shared.answer_rest(server, Duration::ZERO))
            }
            Err(error) => match renewed(&socket) {
                Ok(server) if replaced.len() < MOST_RENEWALS => {
                    tracing::debug!(%error, "the callback listener goes on with a new server");
                    let last = locked(slot).replace(Arc::new(server));
                    replaced.extend(last);
                    let mut newest_first = replaced.iter().rev();
                    newest_first
                        .next()
                        .is_none_or(|server| shared.answer_rest(server, RENEWAL))
                        && newest_first.all(|server| shared.answer_rest(server, Duration::ZERO))
                }
                _ => {
                    tracing::warn!(%error, "the callback listener cannot go on");
                    false
                }
            },
        };
        if !goes_on {
            break;
        }
    }
    // Where the system refuses from here on, nothing has to be waited for below.
    let _ = SockRef::from(&socket).shutdown(Shutdown::Both);
    drop(socket);
    replaced.extend(locked(slot).take());
    for server in replaced {
        shared.answer_rest(&server, Duration::ZERO);
    }
    if let Some(address) = address {
        wait_for_refusal(address);
    }
}

/// A server for a socket whose last one stopped accepting, as it does at any error: a connection
/// that was given up before it was accepted, no descriptors for it, or the time limit, which on
/// Linux is one for `accept` too.
fn renewed(socket: &TcpListener) -> Result<Server, Box<dyn std::error::Error + Send + Sync>> {
    Server::from_listener(socket.try_clone()?, None)
}

/// Connects some times at once and hangs up. Of connections that come at once, as a browser opens
/// some ahead of need, the server may leave those without a thread for which none was idle, until
/// another one ends; and one of them may be the callback's. This makes it start threads, which see
/// to those that were left and are idle when more come.
fn make_ready(address: Option<SocketAddr>) {
    if let Some(address) = address {
        let connect = |_| TcpStream::connect_timeout(&address, PATIENCE).ok();
        drop((0..READY).map_while(connect).collect::<Vec<TcpStream>>());
    }
}

impl Shared {
    /// Blocks until it is known what a callback looks like, or the wait is over.
    fn await_expected(&self) {
        while self.expected.get().is_none() && !self.ended.load(Ordering::Acquire) {
            thread::park();
        }
    }

    /// False when it was the last to be answered.
    fn answer(self: &Arc<Self>, request: tiny_http::Request) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        if self
            .left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less)
            .is_err()
        {
            tracing::warn!("the callback listener was closed after {MOST_REQUESTS} requests");
            turn_away(request, &refusal(503, "Too much was asked here."));
            return false;
        }
        let Some(expected) = self.expected.get() else {
            turn_away(request, &refusal(503, "No answer is waited for."));
            return true;
        };
        match expected.judge(&request) {
            Ok(0) => self.finish(expected, request, Vec::new()),
            Ok(length) => {
                self.answer_form(request, length);
                true
            }
            Err(refusal) => {
                turn_away(request, &refusal);
                true
            }
        }
    }

    /// Reads a form on a thread of its own: what comes next need not wait for a body that may never
    /// come.
    fn answer_form(self: &Arc<Self>, mut request: tiny_http::Request, length: usize) {
        let shared = self.clone();
        let reading = thread::Builder::new()
            .name("callback form".into())
            .spawn(move || {
                let mut body = vec![0; length];
                let Some(expected) = shared.expected.get() else {
                    return;
                };
                match request.as_reader().read_exact(&mut body) {
                    Ok(()) => drop(shared.finish(expected, request, body)),
                    Err(error) => {
                        tracing::debug!(%error, "a form did not come whole");
                        respond(request, &refusal(408, "The form did not come whole."));
                    }
                }
            });
        if let Err(error) = reading {
            tracing::warn!(%error, "a form is left unanswered");
        }
    }

    /// Takes the first callback. Whoever ends the wait meanwhile waits for its page, so that nobody
    /// is told of an answer that does not count. False as for one request.
    fn finish(&self, expected: &Expected, request: tiny_http::Request, body: Vec<u8>) -> bool {
        let callback = match expected.callback(&request, body) {
            Ok(callback) => callback,
            Err(refusal) => {
                turn_away(request, &refusal);
                return true;
            }
        };
        let mut waiting = locked(&self.sender);
        let Some(sender) = waiting.take() else {
            drop(waiting);
            turn_away(request, &refusal(410, "No answer is waited for any more."));
            return true;
        };
        respond(request, &callback.response);
        // Nobody waits any more when it fails.
        let _ = sender.send(callback);
        false
    }

    /// Answers what a server has received, or receives within `patience`. False as for one request.
    fn answer_rest(self: &Arc<Self>, server: &Server, patience: Duration) -> bool {
        const MOST: usize = 100;
        for _ in 0..MOST {
            let Ok(Some(request)) = server.recv_timeout(patience) else {
                break;
            };
            if !self.answer(request) {
                return false;
            }
        }
        true
    }
}

/// Answers what is not the callback. Dropping a request reads what is left of its body.
fn turn_away(request: tiny_http::Request, response: &Response) {
    if !has_body(&request) {
        return respond(request, response);
    }
    if request
        .body_length()
        .is_some_and(|length| length > MOST_BODY)
    {
        // The server allocates as many bytes as were announced, and a program that cannot is
        // aborted. So the request is never dropped, at the price of a connection and a thread for
        // as long as the program runs.
        tracing::warn!("a request that announces too large a body is left unanswered");
        return std::mem::forget(request);
    }
    let response = response.clone();
    let reading = thread::Builder::new().spawn(move || respond(request, &response));
    if let Err(error) = reading {
        tracing::warn!(%error, "a request with a body is left unanswered");
    }
}

/// Writes the answer itself: the server's own way leaves out `connection`, and adds headers that
/// the record has not.
fn respond(request: tiny_http::Request, response: &Response) {
    let mut bytes = format!(
        "HTTP/1.1 {} {}\r\n",
        response.status,
        StatusCode(response.status).default_reason_phrase()
    );
    for header in &response.headers {
        bytes.push_str(&format!("{}: {}\r\n", header.name, header.value));
    }
    bytes.push_str("\r\n");
    let mut bytes = bytes.into_bytes();
    if *request.method() != Method::Head {
        bytes.extend_from_slice(&response.body.bytes);
    }
    let mut writer = request.into_writer();
    let written = writer.write_all(&bytes).and_then(|()| writer.flush());
    if let Err(error) = written {
        tracing::debug!(%error, "an answer of the callback listener was not taken");
    }
}

/// The server closes its socket on a thread of its own, some moments after it was told to.
fn wait_for_refusal(address: SocketAddr) {
    const ATTEMPTS: usize = 200;
    for _ in 0..ATTEMPTS {
        if TcpStream::connect_timeout(&address, PATIENCE).is_err() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    tracing::warn!(%address, "the callback socket is still open");
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
