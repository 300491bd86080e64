//! Ports that stay what a test takes them for.

use std::mem;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::net::TcpSocket;

/// Below the ports that systems hand out by themselves (from 32768 on Linux, from 49152 elsewhere).
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A free port for a program that cannot be handed an open socket. The same one is never given
/// twice, and nobody who asks the system for any port gets it.
pub fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // Test programs that run side by side begin at different places.
    let start = u16::try_from(process::id() % u32::from(COUNT)).expect("COUNT is a u16");
    (0..COUNT)
        .map(|_| FIRST + (start + GIVEN.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("a free port")
}

/// An address where nothing listens. It stays bound while the process runs, so that nobody else
/// listens there.
pub fn closed_port() -> SocketAddr {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .bind((Ipv4Addr::LOCALHOST, 0).into())
        .expect("a free port");
    let address = socket.local_addr().expect("it is bound");
    mem::forget(socket);
    address
}
