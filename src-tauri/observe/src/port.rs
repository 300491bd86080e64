//! The port that is listened on.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::settings::{Port, StartError};

/// How many ports after the wanted one are tried.
const NEXT: u16 = 20;

/// Sockets of one port on this machine, for both versions of IP where there are both.
pub async fn bound(port: Port) -> Result<(Vec<TcpListener>, u16), StartError> {
    let (wanted, more) = match port {
        Port::Fixed(port) => (port, 0),
        Port::Preferred(port) => (port, NEXT),
    };
    for number in wanted..=wanted.saturating_add(more) {
        if let Ok(bound) = both(number).await {
            return Ok(bound);
        }
    }
    let last = if more == 0 { wanted } else { 0 };
    both(last).await.map_err(|error| StartError::Port {
        port: wanted,
        error,
    })
}

async fn both(port: u16) -> io::Result<(Vec<TcpListener>, u16)> {
    let four = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let port = four.local_addr()?.port();
    let six = TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await;
    let taken = |error: &io::Error| error.kind() == io::ErrorKind::AddrInUse;
    match six {
        // Somebody else would answer half of the requests to `localhost`.
        Err(error) if taken(&error) => Err(error),
        six => Ok(([four].into_iter().chain(six.ok()).collect(), port)),
    }
}
