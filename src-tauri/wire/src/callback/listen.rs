//! Opens the sockets.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use thiserror::Error;

use super::settings::CallbackHost;
use crate::place::is_plain_path;

/// Why the listener could not be opened. Names the setting, what was expected and what came.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ListenerError {
    #[error("redirect port: {address} is taken by another program; choose another port, or none")]
    PortTaken { address: String },
    #[error("redirect port: the system does not let this program listen on {address}")]
    NotAllowed { address: String },
    /// There is no IPv6 (or IPv4) on this machine.
    #[error("redirect host: this machine has no address {address}; choose 127.0.0.1 or localhost")]
    FamilyMissing { address: String },
    #[error(
        "redirect path: expected a path such as /callback without query or fragment, got {got:?}"
    )]
    Path { got: String },
    #[error("the callback listener could not be opened on {address}: {reason}")]
    Other { address: String, reason: String },
}

pub(super) fn checked_path(path: &str) -> Result<String, ListenerError> {
    if is_plain_path(path) {
        Ok(path.into())
    } else {
        Err(ListenerError::Path { got: path.into() })
    }
}

/// Sockets that listen already, and the address of the first one. All have the same port.
pub(super) fn sockets(
    host: CallbackHost,
    port: Option<u16>,
) -> Result<(Vec<TcpListener>, SocketAddr), ListenerError> {
    let port = port.unwrap_or(0);
    let one = |ip| bound(ip, port).map(|(socket, address)| (vec![socket], address));
    match host {
        CallbackHost::V4 => one(Ipv4Addr::LOCALHOST.into()),
        CallbackHost::V6 => one(Ipv6Addr::LOCALHOST.into()),
        CallbackHost::Localhost => both_families(port),
    }
}

/// A browser tries the addresses of `localhost` in an order of its own, so both have to be ours.
fn both_families(port: u16) -> Result<(Vec<TcpListener>, SocketAddr), ListenerError> {
    // A port the system chose for one family may be taken in the other.
    const ATTEMPTS: usize = 20;
    let mut attempt = 1;
    loop {
        let (v4, address) = bound(Ipv4Addr::LOCALHOST.into(), port)?;
        match bound(Ipv6Addr::LOCALHOST.into(), address.port()) {
            Ok((v6, _)) => return Ok((vec![v4, v6], address)),
            Err(ListenerError::FamilyMissing { .. }) => return Ok((vec![v4], address)),
            Err(ListenerError::PortTaken { .. }) if port == 0 && attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

fn bound(ip: IpAddr, port: u16) -> Result<(TcpListener, SocketAddr), ListenerError> {
    let wanted = SocketAddr::new(ip, port);
    let bind = || -> io::Result<(TcpListener, SocketAddr)> {
        let socket = TcpListener::bind(wanted)?;
        let address = socket.local_addr()?;
        Ok((socket, address))
    };
    bind().map_err(|error| {
        let address = wanted.to_string();
        match error.kind() {
            io::ErrorKind::AddrInUse => ListenerError::PortTaken { address },
            io::ErrorKind::PermissionDenied => ListenerError::NotAllowed { address },
            _ if lacks_family(&error) => ListenerError::FamilyMissing {
                address: ip.to_string(),
            },
            _ => ListenerError::Other {
                address,
                reason: error.to_string(),
            },
        }
    })
}

fn lacks_family(error: &io::Error) -> bool {
    // EAFNOSUPPORT of Linux, macOS and Windows, for which `io::ErrorKind` has no name.
    const NOT_SUPPORTED: [i32; 3] = [97, 47, 10047];
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error
            .raw_os_error()
            .is_some_and(|code| NOT_SUPPORTED.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_as_it_is_or_not_at_all() {
        for good in ["/", "/callback", "/oauth/callback", "/a-b_c.d~e", "/%20"] {
            assert_eq!(checked_path(good).as_deref(), Ok(good));
        }
        for bad in [
            "", "callback", "/a?b", "/a#b", "/a b", "/../a", "/\r\n", "//../x", "/ü",
        ] {
            assert_eq!(
                checked_path(bad),
                Err(ListenerError::Path { got: bad.into() })
            );
        }
    }

    #[test]
    fn a_taken_port_is_told_from_the_rest() {
        let (_first, address) = sockets(CallbackHost::V4, None).unwrap();
        let port = address.port();
        let error = sockets(CallbackHost::V4, Some(port)).unwrap_err();
        assert_eq!(
            error,
            ListenerError::PortTaken {
                address: format!("127.0.0.1:{port}")
            }
        );
        assert!(sockets(CallbackHost::Localhost, Some(port)).is_err());
    }
}
