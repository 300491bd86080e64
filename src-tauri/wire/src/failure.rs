//! Tells apart why there is no response. One sentence each, with the peer's `host:port`, without
//! query or secret.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, Error as TlsError};
use trace::{Failure, FailureKind, rfc3339};

use crate::probe::{Phase, Unresolved};

/// Where a request was going.
pub(crate) struct Peer {
    /// `host:port`.
    pub(crate) address: String,
    /// `host:port` of the proxy in between.
    pub(crate) proxy: Option<String>,
    pub(crate) https: bool,
}

pub(crate) fn invalid_request(reason: String) -> Failure {
    Failure {
        kind: FailureKind::InvalidRequest,
        message: reason,
    }
}

pub(crate) fn timed_out(peer: &Peer, phase: Phase, limit: Duration) -> Failure {
    let doing = match phase {
        Phase::Waiting => "waiting for its answer",
        Phase::Resolving => "looking up its name",
        Phase::Connecting => "connecting to it",
        Phase::Handshaking => "in the TLS handshake with it",
    };
    let via = peer
        .proxy
        .as_ref()
        .map(|proxy| format!(" through the proxy {proxy}"));
    Failure {
        kind: FailureKind::Timeout,
        message: format!(
            "{}{} did not answer: the time limit of {} was reached while {doing}",
            peer.address,
            via.unwrap_or_default(),
            in_seconds(limit)
        ),
    }
}

/// What the client's error says about the transport.
pub(crate) fn failed(error: &reqwest::Error, peer: &Peer, phase: Phase) -> Failure {
    let (kind, message) = if error.is_builder() {
        (
            FailureKind::InvalidRequest,
            "the URL cannot be sent as it stands".into(),
        )
    } else {
        told_apart(error, peer, phase)
    };
    Failure { kind, message }
}

/// Whether the connection was closed instead of an answer.
pub(crate) fn was_closed(error: &reqwest::Error) -> bool {
    use io::ErrorKind as Io;
    let closed = |error: &hyper::Error| {
        error.is_incomplete_message() || error.is_closed() || error.is_canceled()
    };
    find(error).is_some_and(closed)
        || find::<io::Error>(error).is_some_and(|error| {
            matches!(
                error.kind(),
                Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe | Io::UnexpectedEof
            )
        })
}

/// Why a body ended before its end.
pub(crate) fn cut_off(error: &(dyn Error + 'static)) -> String {
    if let Some(error) = find::<hyper::Error>(error)
        && error.is_incomplete_message()
    {
        return "the connection was closed before the end of the body".into();
    }
    if let Some(error) = find::<io::Error>(error) {
        return match error.kind() {
            // The words of rustls; its error has no type of its own.
            io::ErrorKind::UnexpectedEof if error.to_string().contains("close_notify") => {
                "TLS was cut off: the connection ended without its closing message, so more of \
                 the body may be missing"
                    .into()
            }
            io::ErrorKind::UnexpectedEof => {
                "the connection was closed before the end of the body".into()
            }
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => {
                "the connection was reset in the middle of the body".into()
            }
            // What hyper says of a chunk's size or end.
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                format!("the chunked encoding is broken ({error})")
            }
            _ => format!("the body is broken: {error}"),
        };
    }
    format!("the body is broken: {}", innermost(error))
}

/// `30 s`, `250 ms`.
pub(crate) fn in_seconds(limit: Duration) -> String {
    match limit.subsec_millis() {
        0 => format!("{} s", limit.as_secs()),
        _ => format!("{} ms", limit.as_millis()),
    }
}

fn told_apart(error: &reqwest::Error, peer: &Peer, phase: Phase) -> (FailureKind, String) {
    let address = &peer.address;
    if let Some(TlsError::InvalidCertificate(_)) = find::<TlsError>(error) {
        // Checked first: behind a proxy too it is the target's certificate that was refused, or the
        // proxy's own.
        return (FailureKind::Tls, tls_reason(find(error), address));
    }
    if error.is_connect()
        && let Some(proxy) = &peer.proxy
    {
        let reason = match find::<Unresolved>(error) {
            Some(unresolved) => format!("its name does not resolve ({})", unresolved.reason),
            None => innermost(error).to_string(),
        };
        return (
            FailureKind::Proxy,
            format!("the proxy {proxy} could not connect to {address}: {reason}"),
        );
    }
    if let Some(unresolved) = find::<Unresolved>(error) {
        return (
            FailureKind::Dns,
            format!(
                "the host name {} does not resolve: {}",
                unresolved.host, unresolved.reason
            ),
        );
    }
    if find::<TlsError>(error).is_some() {
        return (FailureKind::Tls, tls_reason(find(error), address));
    }
    // One error may wrap another that says more.
    let mut io = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>());
    if let Some(told) = io.find_map(|error| io_reason(error, peer, phase)) {
        return told;
    }
    if let Some(error) = find::<hyper::Error>(error) {
        return http_reason(error, peer);
    }
    let kind = if error.is_connect() {
        FailureKind::Unreachable
    } else {
        FailureKind::Protocol
    };
    (kind, format!("{address}: {}", innermost(error)))
}

fn io_reason(error: &io::Error, peer: &Peer, phase: Phase) -> Option<(FailureKind, String)> {
    use io::ErrorKind as Io;
    let address = &peer.address;
    Some(match error.kind() {
        Io::ConnectionRefused => (
            FailureKind::Refused,
            format!("{address} refused the connection: nothing listens there"),
        ),
        Io::HostUnreachable | Io::NetworkUnreachable | Io::AddrNotAvailable | Io::NetworkDown => (
            FailureKind::Unreachable,
            format!("{address} cannot be reached: {error}"),
        ),
        Io::PermissionDenied => (
            FailureKind::Unreachable,
            format!("{address} cannot be reached: the system does not allow it ({error})"),
        ),
        Io::TimedOut => (
            FailureKind::Timeout,
            format!("{address} did not answer: the system gave up connecting to it"),
        ),
        Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe | Io::UnexpectedEof => {
            if phase == Phase::Handshaking {
                let hint = "it may not speak TLS on this port";
                (
                    FailureKind::Tls,
                    format!("{address} closed the connection during the TLS handshake; {hint}"),
                )
            } else {
                (
                    FailureKind::Reset,
                    format!("{address} closed the connection before it had answered"),
                )
            }
        }
        _ => return None,
    })
}

fn http_reason(error: &hyper::Error, peer: &Peer) -> (FailureKind, String) {
    let address = &peer.address;
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return (
            FailureKind::Reset,
            format!("{address} closed the connection before it had answered"),
        );
    }
    if error.is_user() {
        return (
            FailureKind::InvalidRequest,
            format!("the request cannot be sent as it stands: {error}"),
        );
    }
    if error.is_parse_too_large() {
        return (
            FailureKind::Protocol,
            format!("{address} answered with more header lines, or longer ones, than are read"),
        );
    }
    // What a server of TLS answers here is an alert, which does not begin as HTTP does.
    let begins_otherwise = error.is_parse() && error.to_string().contains("version");
    let hint = if begins_otherwise && !peer.https {
        "; if it speaks TLS, the URL has to begin with https"
    } else {
        ""
    };
    (
        FailureKind::Protocol,
        format!(
            "{address} answered with something that is not HTTP ({}){hint}",
            innermost(error)
        ),
    )
}

fn tls_reason(error: Option<&TlsError>, address: &str) -> String {
    let Some(error) = error else {
        return format!("the TLS handshake with {address} failed");
    };
    match error {
        TlsError::InvalidCertificate(reason) => {
            format!(
                "the certificate of {address} is not accepted: {}",
                certificate_reason(reason)
            )
        }
        TlsError::AlertReceived(AlertDescription::ProtocolVersion) => {
            format!(
                "{address} speaks no version of TLS that is still safe (1.2 and 1.3 were offered)"
            )
        }
        TlsError::AlertReceived(AlertDescription::CertificateRequired) => {
            format!(
                "{address} demands a client certificate, and none was shown (setting client_certificate)"
            )
        }
        TlsError::AlertReceived(alert) => {
            format!("{address} refused the TLS handshake with the alert {alert:?}")
        }
        TlsError::PeerIncompatible(reason) => {
            format!("{address} and this client have no TLS version or cipher in common: {reason:?}")
        }
        TlsError::InvalidMessage(_) => {
            format!("{address} does not speak TLS on this port; it may be an http server")
        }
        TlsError::General(reason) => {
            format!("the certificate of {address} cannot be checked: {reason}")
        }
        other => format!("the TLS handshake with {address} failed: {other}"),
    }
}

fn certificate_reason(reason: &CertificateError) -> String {
    let date = |time: &rustls::pki_types::UnixTime| rfc3339(time.as_secs() as i64);
    match reason {
        CertificateError::UnknownIssuer => {
            "unknown issuer, neither the system nor the settings trust who signed it".into()
        }
        CertificateError::Expired => "it has expired".into(),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("it expired at {}", date(not_after))
        }
        CertificateError::NotValidYet => "it is not valid yet".into(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("it is not valid before {}", date(not_before))
        }
        CertificateError::NotValidForName => "it is for another name".into(),
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let presented = if presented.is_empty() {
                "no name".into()
            } else {
                presented.join(", ")
            };
            format!("it is for {presented}, not for {}", expected.to_str())
        }
        CertificateError::Revoked => "it has been revoked".into(),
        CertificateError::BadSignature => "its signature is wrong".into(),
        other => other.to_string(),
    }
}

/// The first cause of a type. An `io::Error` hides what it wraps from `source`, so that is looked
/// into as well.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref::<T>())
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    causes(error).last().unwrap_or(error)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
