//! Answers the requests that the [guard](super::guard) passes on, one after another, with
//! `tiny_http`.

use std::collections::HashSet;
use std::error::Error;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, io, thread};

use tiny_http::{Method, Request, Server};
use trace::Response;

use super::answer::{Callback, Expected};
use super::page::{head, refusal};

/// The server. Only the guard connects to it.
pub(super) struct Serving {
    server: Arc<Server>,
    address: SocketAddr,
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serving at {}", self.address)
    }
}

/// The server while it answers. Dropping it ends that.
pub(super) struct Answering {
    server: Arc<Server>,
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    expected: Expected,
    /// Takes requests without the right `state`, which are then not the callback, and how many more
    /// are taken.
    strays: Option<(Strays, AtomicUsize)>,
    /// The addresses of the guard's connections; others are turned away.
    admitted: Mutex<HashSet<SocketAddr>>,
    callback: Mutex<Wanted>,
}

pub(super) type Strays = Box<dyn Fn(Callback) + Send + Sync>;

/// Strays that are reported. A page may send many.
const MOST_STRAYS: usize = 20;

/// The one callback.
enum Wanted {
    Awaited,
    /// It came by this connection of the guard's.
    Came(SocketAddr, Box<Callback>),
    /// Nobody waits for it any more.
    Over,
}

impl Serving {
    pub(super) fn open(ip: IpAddr) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let server = Server::http((ip, 0))?;
        let address = server.server_addr().to_ip();
        let address = address.ok_or_else(|| io::Error::other("not an IP address"))?;
        Ok(Self {
            server: Arc::new(server),
            address,
        })
    }

    /// Begins to answer.
    pub(super) fn answer(
        self,
        expected: Expected,
        strays: Option<Strays>,
    ) -> io::Result<Answering> {
        let shared = Arc::new(Shared {
            expected,
            strays: strays.map(|strays| (strays, AtomicUsize::new(MOST_STRAYS))),
            admitted: Mutex::default(),
            callback: Mutex::new(Wanted::Awaited),
        });
        let (server, inside) = (self.server.clone(), shared.clone());
        thread::Builder::new()
            .name("callback".into())
            .spawn(move || {
                while let Ok(request) = server.recv() {
                    inside.answer(request);
                }
            })?;
        Ok(Answering {
            server: self.server,
            address: self.address,
            shared,
        })
    }
}

impl Answering {
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets requests in that come from this address.
    pub(super) fn admit(&self, from: SocketAddr) {
        locked(&self.shared.admitted).insert(from);
    }

    /// The callback, if it came from this address. Nothing more is let in from there.
    pub(super) fn callback_of(&self, from: SocketAddr) -> Option<Callback> {
        locked(&self.shared.admitted).remove(&from);
        let is_its = matches!(&*locked(&self.shared.callback), Wanted::Came(by, _) if *by == from);
        is_its.then(|| self.end()).flatten()
    }

    /// Stops waiting for a callback. One that has just come still counts: the browser already shows
    /// it as received.
    pub(super) fn end(&self) -> Option<Callback> {
        match std::mem::replace(&mut *locked(&self.shared.callback), Wanted::Over) {
            Wanted::Came(_, callback) => Some(*callback),
            Wanted::Awaited | Wanted::Over => None,
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

impl Shared {
    fn answer(&self, mut request: Request) {
        let from = request.remote_addr().copied();
        let from = from.filter(|from| locked(&self.admitted).contains(from));
        let Some(from) = from else {
            return respond(request, &refusal(403, "This is not the way in."));
        };
        let callback = match self.expected.judge(&request) {
            Err(refusal) => return respond(request, &refusal),
            Ok(length) => {
                let mut body = vec![0; length];
                // It has come whole before it was passed on.
                match request.as_reader().read_exact(&mut body) {
                    Ok(()) => self.expected.callback(&request, body),
                    Err(_) => Err(refusal(400, "The form did not come whole.")),
                }
            }
        };
        let callback = match callback {
            Err(refusal) => return respond(request, &refusal),
            Ok(callback) => callback,
        };
        let page = callback.response.clone();
        if let Some((strays, left)) = self.strays.as_ref().filter(|_| !callback.state_matches) {
            let one_less = |left: usize| left.checked_sub(1);
            let is_told = left.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less);
            if is_told.is_ok() {
                strays(callback);
            }
            return respond(request, &page);
        }
        {
            let mut wanted = locked(&self.callback);
            if !matches!(*wanted, Wanted::Awaited) {
                drop(wanted);
                let gone = refusal(410, "No answer is waited for any more.");
                return respond(request, &gone);
            }
            *wanted = Wanted::Came(from, Box::new(callback));
        }
        respond(request, &page);
    }
}

/// Writes the answer itself: the server's own way leaves out `connection`, and adds headers that
/// the record has not.
fn respond(request: Request, response: &Response) {
    let mut bytes = head(response).into_bytes();
    if *request.method() != Method::Head {
        bytes.extend_from_slice(&response.body.bytes);
    }
    let mut writer = request.into_writer();
    let written = writer.write_all(&bytes).and_then(|()| writer.flush());
    if let Err(error) = written {
        tracing::debug!(%error, "an answer of the callback listener was not taken");
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
