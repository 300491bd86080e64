//! A host for one client metadata document: what an authorization server fetches when the
//! `client_id` is a URL (OAuth Client ID Metadata Document).
//!
//! It listens on 127.0.0.1. An authorization server elsewhere reaches it by a tunnel of the user's,
//! whose URL is then the document's. It stands for as long as a client may be used, and by a tunnel
//! everybody can ask it, so everything is bounded: connections at once, the size of heads and
//! bodies, how long each may take. A connection is for one request.

mod answer;
mod serve;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use url::Url;

use crate::outgoing::shortened;
use crate::place::is_plain_path;
use crate::settings::without_credentials;
use answer::Place;
pub use serve::Fetched;
use serve::{Limits, Serving};

/// Reports that may wait to be taken. When there are as many, no request is answered until one is
/// taken.
const MOST_REPORTS: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentHostSettings {
    /// None: one the system chooses.
    pub port: Option<u16>,
    /// Where the document is. Begins with `/`, without query.
    pub path: String,
    /// The URL by which a tunnel shows the document: its origin, or all of it where the tunnel
    /// changes the path. Any `Host` is answered then. None: no tunnel, and only the host of
    /// [`DocumentHost::document_url`] is answered.
    pub public_url: Option<String>,
}

impl Default for DocumentHostSettings {
    fn default() -> Self {
        Self {
            port: None,
            path: "/client.json".into(),
            public_url: None,
        }
    }
}

/// Why the host could not be opened. Names the setting, what was expected and what came.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentHostError {
    #[error(
        "document path: expected a path such as /client.json without query or fragment, got {got:?}"
    )]
    Path { got: String },
    #[error(
        "document public_url: expected an http or https URL without user name, query and fragment, got {got:?}"
    )]
    PublicUrl { got: String },
    #[error("document port: {address} is taken by another program; choose another port, or none")]
    PortTaken { address: String },
    #[error("document port: the system does not let this program listen on {address}")]
    NotAllowed { address: String },
    #[error("the document host could not be opened on {address}: {reason}")]
    Other { address: String, reason: String },
}

/// Serves the document from [`DocumentHost::set_document`] on until it is dropped, which closes the
/// socket at once.
#[derive(Debug)]
pub struct DocumentHost {
    serving: Arc<Serving>,
    accepting: AbortHandle,
    document_url: String,
}

impl DocumentHost {
    /// Listens. From here on the document's URL is known, which the document has to name; until it
    /// is set, nothing is found there. Every request that is answered is reported, before its
    /// answer is written; not those that are not HTTP or too large, which get an error, and those
    /// that come too slowly, which get none.
    ///
    /// Needs a tokio runtime around it, and is gone when that ends.
    pub fn open(
        settings: &DocumentHostSettings,
    ) -> Result<(Self, mpsc::Receiver<Fetched>), DocumentHostError> {
        Self::open_for(settings, Limits::default())
    }

    fn open_for(
        settings: &DocumentHostSettings,
        limits: Limits,
    ) -> Result<(Self, mpsc::Receiver<Fetched>), DocumentHostError> {
        if !is_plain_path(&settings.path) {
            let got = settings.path.clone();
            return Err(DocumentHostError::Path { got });
        }
        let public = settings
            .public_url
            .as_deref()
            .map(|url| shown_at(url, &settings.path));
        let public = public.transpose()?;
        let (socket, address) = listening(settings.port)?;
        let authority = address.to_string();
        let document_url = match &public {
            Some(url) => url.clone(),
            None => format!("http://{authority}{}", settings.path),
        };
        let place = Place {
            authority: public.is_none().then_some(authority),
            path: settings.path.clone(),
            document_url: document_url.clone(),
        };
        let (reports, fetched) = mpsc::channel(MOST_REPORTS);
        let serving = Arc::new(Serving::new(socket, place, limits, reports));
        let accepting = tokio::spawn(serving.clone().accept()).abort_handle();
        let host = Self {
            serving,
            accepting,
            document_url,
        };
        Ok((host, fetched))
    }

    /// The document's URL, which is the `client_id`.
    pub fn document_url(&self) -> &str {
        &self.document_url
    }

    /// Serves this document from the next request on.
    pub fn set_document(&self, document: &serde_json::Value) {
        self.serving.set_document(document.to_string());
    }
}

impl Drop for DocumentHost {
    fn drop(&mut self) {
        self.serving.close();
        self.accepting.abort();
    }
}

/// The document's URL by a tunnel, as text: it is compared byte for byte.
fn shown_at(public_url: &str, path: &str) -> Result<String, DocumentHostError> {
    let public_url = public_url.trim();
    let is_plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    match Url::parse(public_url) {
        Ok(url) if is_plain(&url) && url.path() == "/" => {
            Ok(format!("{}{path}", public_url.trim_end_matches('/')))
        }
        Ok(url) if is_plain(&url) => Ok(public_url.into()),
        _ => Err(DocumentHostError::PublicUrl {
            got: shortened(&without_credentials(public_url)),
        }),
    }
}

fn listening(
    port: Option<u16>,
) -> Result<(tokio::net::TcpListener, SocketAddr), DocumentHostError> {
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(0)));
    let address = wanted.to_string();
    if Handle::try_current().is_err() {
        let reason = "there is no tokio runtime here".into();
        return Err(DocumentHostError::Other { address, reason });
    }
    let open = || -> io::Result<(tokio::net::TcpListener, SocketAddr)> {
        let socket = TcpListener::bind(wanted)?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        Ok((tokio::net::TcpListener::from_std(socket)?, address))
    };
    open().map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => DocumentHostError::PortTaken { address },
        io::ErrorKind::PermissionDenied => DocumentHostError::NotAllowed { address },
        _ => DocumentHostError::Other {
            address,
            reason: error.to_string(),
        },
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn the_documents_url_by_a_tunnel_is_taken_as_it_is() {
        let shown = |url: &str| shown_at(url, "/client.json");
        for (url, expected) in [
            ("https://a.example", "https://a.example/client.json"),
            (" https://a.example/ ", "https://a.example/client.json"),
            ("https://A.example:443", "https://A.example:443/client.json"),
            (
                "https://a.example/u/app.json",
                "https://a.example/u/app.json",
            ),
            (
                "http://a.example/client.json",
                "http://a.example/client.json",
            ),
        ] {
            assert_eq!(shown(url).as_deref(), Ok(expected));
        }
        for bad in [
            "",
            "a.example",
            "ftp://a.example",
            "https://a.example/?b",
            "https://a.example/#c",
            "https://",
        ] {
            let got = bad.to_string();
            assert_eq!(shown(bad), Err(DocumentHostError::PublicUrl { got }));
        }
        let error = shown("https://me:hush@a.example/").unwrap_err().to_string();
        assert!(!error.contains("hush"), "{error}");
    }

    #[test]
    fn without_a_runtime_it_says_so() {
        let error = DocumentHost::open(&DocumentHostSettings::default()).unwrap_err();
        assert!(error.to_string().contains("no tokio runtime"), "{error}");
    }

    /// More of them than are let in at once, each silent or in the middle of something.
    #[tokio::test]
    async fn slow_connections_are_closed_and_the_next_one_is_answered() {
        let limits = Limits {
            connections: 2,
            patience: Duration::from_millis(100),
            ..Limits::default()
        };
        let (host, mut fetched) =
            DocumentHost::open_for(&DocumentHostSettings::default(), limits).unwrap();
        host.set_document(&serde_json::json!({ "client_id": host.document_url() }));
        let authority = host.document_url().split('/').nth(2).unwrap().to_string();
        let mut slow = Vec::new();
        for begun in [
            "",
            "GET /cl",
            "GET / HTTP/1.1\r\nHost: a",
            "",
            "GET / HTTP/1.1\r\nContent-Length: 9\r\n\r\n12",
        ] {
            let mut stream = TcpStream::connect(&authority).await.unwrap();
            stream.write_all(begun.as_bytes()).await.unwrap();
            slow.push(stream);
        }
        for mut stream in slow {
            let closed = tokio::time::timeout(LONG, stream.read_to_end(&mut Vec::new())).await;
            assert!(closed.is_ok(), "a slow connection is still open");
        }
        // The body that did not come was recorded as far as it did.
        let report = tokio::time::timeout(LONG, fetched.recv())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(report.request.body.text(), Some("12"));
        assert!(matches!(
            report.request.body.end,
            trace::BodyEnd::CutOff { .. }
        ));
        let mut stream = TcpStream::connect(&authority).await.unwrap();
        let request = format!("GET /client.json HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = tokio::time::timeout(LONG, stream.read_to_string(&mut answer)).await;
        read.expect("no answer").unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
}
