//! The words for each kind of failure.

use trace::FailureKind;

pub(super) struct Words {
    /// What most likely lies behind it.
    pub why: &'static str,
    /// What to look at, as an imperative sentence.
    pub check: &'static str,
}

pub(super) const GIVEN: Words = Words {
    why: "A server gave a value that the next request has to carry, and no HTTP client can send it.",
    check: "Let the server give a value that fits where it has to go: an http or https URL without \
            user name and password, a header without line breaks and control characters.",
};

pub(super) fn words(kind: FailureKind) -> Words {
    let (why, check) = match kind {
        FailureKind::Dns => (
            "The name may be misspelt, or known only within another network or VPN.",
            "Check the spelling of the host, and whether its name resolves on this machine.",
        ),
        FailureKind::Refused => (
            "Nothing listens at this address and port, or a firewall says no in its place.",
            "Check that the server runs and listens on this address and port.",
        ),
        FailureKind::Unreachable => (
            "There is no way to this address from here: a network that is down, a VPN, or an \
             address family that is not routed.",
            "Check the network and VPN of this machine, and the address the name resolves to.",
        ),
        FailureKind::Tls => (
            "The handshake failed or the certificate was not accepted, so nothing was sent.",
            "Check the certificate: its names, its dates, and that the chain is sent whole. For a \
             certificate authority of your own, trust it here with --ca FILE (or in the settings), \
             and in each client the way that client takes it.",
        ),
        FailureKind::Timeout => (
            "The server may be overloaded or asleep, or a firewall drops the packets without a \
             word.",
            "Try the URL with another tool, and check firewalls and the server's load.",
        ),
        FailureKind::Reset => (
            "The server may have crashed on the request, or a proxy or firewall cut the \
             connection.",
            "Look into the log of the server and of what is in front of it.",
        ),
        FailureKind::Protocol => (
            "What came back is not HTTP: most often an https port spoken to in http, or the other \
             way round, or another service.",
            "Check scheme and port of the URL.",
        ),
        FailureKind::Proxy => (
            "The proxy refused or failed to connect; the server itself was not asked.",
            "Check the proxy's address and credentials in the settings, and what it allows.",
        ),
        FailureKind::ForeignOrigin => (
            "The request carries a credential that was issued for another origin, so it was not sent. \
             Whoever gets a credential can use it.",
            "Let the redirect or the metadata that leads there name a URL on the origin the credential \
             was issued for.",
        ),
        FailureKind::InvalidRequest | FailureKind::Cancelled => (
            "The request as it stands cannot be sent.",
            "Correct the URL or the header that was edited.",
        ),
    };
    Words { why, check }
}

pub(super) fn outcome(kind: FailureKind) -> &'static str {
    if kind == FailureKind::ForeignOrigin {
        "Nothing was sent to"
    } else {
        "No answer came from"
    }
}

pub(super) fn expected(kind: FailureKind, origin: &str) -> String {
    if kind == FailureKind::ForeignOrigin {
        format!("no credential of another origin in a request to {origin}")
    } else {
        format!("an answer from {origin}")
    }
}
