use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{ServerConfig, SupportedProtocolVersion, crypto::ring, version};
use trace::{BodyEnd, FailureKind, Request};
use wire::{Settings, SettingsError, Wire};

use crate::server::{OK, Reply, failure, response, talk, wire, within};

/// A certificate authority of our own, and a file that trusts it.
pub struct Authority {
    pub issuer: Issuer<'static, KeyPair>,
    pub pem: std::path::PathBuf,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "Test authority");
        let pem = std::env::temp_dir().join(format!("wire-{}-{name}.pem", std::process::id()));
        std::fs::write(&pem, params.self_signed(&key).unwrap().pem()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    pub fn settings(&self) -> Settings {
        Settings {
            ca_files: vec![self.pem.clone()],
            ..Settings::default()
        }
    }

    fn wire(&self) -> Wire {
        Wire::new(&self.settings()).unwrap()
    }

    fn acceptor(
        &self,
        leaf: CertificateParams,
        versions: &[&'static SupportedProtocolVersion],
        alpn: &str,
    ) -> TlsAcceptor {
        self.acceptor_asking(WebPkiClientVerifier::no_client_auth(), leaf, versions, alpn)
    }

    /// Asks for a client certificate as the verifier says.
    pub fn acceptor_asking(
        &self,
        verifier: Arc<dyn ClientCertVerifier>,
        leaf: CertificateParams,
        versions: &[&'static SupportedProtocolVersion],
        alpn: &str,
    ) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf.signed_by(&key, &self.issuer).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        config.alpn_protocols = vec![alpn.into()];
        TlsAcceptor::from(Arc::new(config))
    }

    async fn serve(
        &self,
        leaf: CertificateParams,
        versions: &[&'static SupportedProtocolVersion],
    ) -> String {
        let acceptor = self.acceptor(leaf, versions, "http/1.1");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, _) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        talk(stream, Arc::new(|_| Reply::Then(OK.into())), sender).await;
                    }
                });
            }
        });
        format!("https://localhost:{port}/")
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.pem);
    }
}

pub const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS12, &version::TLS13];

pub fn leaf() -> CertificateParams {
    let mut params = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "Test server");
    params.not_before = date_time_ymd(2020, 1, 2);
    params.not_after = date_time_ymd(2090, 3, 4);
    params
}

#[tokio::test]
async fn a_certificate_of_an_authority_in_the_settings_is_accepted_and_shown() {
    let authority = Authority::new("accepted");
    let wire = authority.wire();
    for (versions, name) in [
        (&[&version::TLS12], "TLS 1.2"),
        (&[&version::TLS13], "TLS 1.3"),
    ] {
        let url = authority.serve(leaf(), versions).await;
        for reused in [false, true] {
            let sent = within(wire.send(Request::new("GET", &*url), &[])).await;
            assert_eq!(response(&sent).body.text(), Some("ok"));
            let connection = sent.connection.as_ref().unwrap();
            assert_eq!(connection.reused, reused);
            assert_eq!(sent.timings.connect.is_none(), reused);
            let tls = connection.tls.as_ref().unwrap();
            assert_eq!(tls.version.as_deref(), Some(name));
            let shown = &tls.certificates[0];
            assert!(
                shown.subject.contains("CN=Test server"),
                "{}",
                shown.subject
            );
            assert!(
                shown.issuer.contains("CN=Test authority"),
                "{}",
                shown.issuer
            );
            assert_eq!(shown.names, ["localhost", "127.0.0.1"]);
            assert_eq!(shown.not_before, "2020-01-02T00:00:00Z");
            assert_eq!(shown.not_after, "2090-03-04T00:00:00Z");
            assert_eq!(shown.sha256.split(':').count(), 32);
        }
    }
}

#[tokio::test]
async fn a_body_that_tls_cuts_off_is_told_from_one_that_is_over() {
    let authority = Authority::new("cut-off");
    for whole in [true, false] {
        let acceptor = authority.acceptor(leaf(), BOTH, "http/1.1");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(stream).await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let answer = b"HTTP/1.1 200 OK\r\n\r\nso far";
            stream.write_all(answer).await.unwrap();
            stream.flush().await.unwrap();
            if whole {
                stream.shutdown().await.unwrap();
            }
        });
        let url = format!("https://localhost:{port}/");
        let sent = within(authority.wire().send(Request::new("GET", url), &[])).await;
        let body = &response(&sent).body;
        assert_eq!(body.text(), Some("so far"));
        match &body.end {
            BodyEnd::Complete => assert!(whole),
            BodyEnd::CutOff { reason } => {
                assert!(!whole && reason.starts_with("TLS was cut off"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn http_2_is_spoken_where_the_server_offers_it_and_recorded_as_it_leaves() {
    let authority = Authority::new("http2");
    let acceptor = authority.acceptor(leaf(), BOTH, "h2");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = TokioIo::new(acceptor.accept(stream).await.unwrap());
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let _ = sender.send(request.into_parts().0);
            async { Ok::<_, std::convert::Infallible>(hyper::Response::new("ok".to_string())) }
        });
        let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(stream, service)
            .await;
    });
    let wire = authority.wire();
    let request = Request::new("POST", format!("https://localhost:{port}/mcp?a=%20b"))
        .header("Connection", "x-hop")
        .header("X-Hop", "1")
        .header("Transfer-Encoding", "chunked")
        .header("X-Twice", "one")
        .header("x-twice", "two")
        .body("{}");
    for reused in [false, true] {
        let sent = within(wire.send(request.clone(), &[])).await;
        assert_eq!(response(&sent).body.text(), Some("ok"));
        let connection = sent.connection.as_ref().unwrap();
        assert_eq!(
            (connection.http_version.as_str(), connection.reused),
            ("HTTP/2", reused)
        );
        assert_eq!(connection.tls.as_ref().unwrap().certificates.len(), 1);
        let arrived = within(received.recv()).await.unwrap();
        assert_eq!(arrived.uri.to_string(), sent.request.url);
        let headers: Vec<(&str, &str)> = arrived
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        let recorded: Vec<(&str, &str)> = sent
            .request
            .headers
            .iter()
            .map(|header| (header.name.as_str(), header.value.as_str()))
            .collect();
        assert_eq!(headers, recorded);
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_accepted_is_refused_with_the_reason() {
    let authority = Authority::new("refused");
    let mut expired = leaf();
    expired.not_after = date_time_ymd(2021, 5, 6);
    let mut early = leaf();
    early.not_before = date_time_ymd(2080, 7, 8);
    let foreign = CertificateParams::new(vec!["other.example".into()]).unwrap();
    for (params, wire, reason) in [
        (leaf(), wire(), "unknown issuer"),
        (
            expired,
            authority.wire(),
            "it expired at 2021-05-06T00:00:00Z",
        ),
        (
            early,
            authority.wire(),
            "it is not valid before 2080-07-08T00:00:00Z",
        ),
        (foreign, authority.wire(), "other.example"),
    ] {
        let url = authority.serve(params, BOTH).await;
        let sent = within(wire.send(Request::new("GET", format!("{url}?code=hush")), &[])).await;
        let told = failure(&sent);
        assert_eq!(told.kind, FailureKind::Tls);
        assert!(
            told.message.contains("localhost:")
                && told.message.contains(reason)
                && !told.message.contains("hush"),
            "{}",
            told.message
        );
    }
}

#[tokio::test]
async fn a_port_without_tls_is_told_from_a_bad_certificate() {
    // Speaks first, as SSH does, or answers the greeting with http, or hangs up on it.
    for reply in ["HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-x\r\n", ""] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut greeting = [0; 2048];
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut greeting).await;
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, reply.as_bytes()).await;
        });
        let sent = within(wire().send(Request::new("GET", url), &[])).await;
        assert_eq!(
            failure(&sent).kind,
            FailureKind::Tls,
            "{reply:?}: {}",
            failure(&sent).message
        );
        assert!(
            failure(&sent).message.contains("TLS on this port"),
            "{}",
            failure(&sent).message
        );
    }
}

#[test]
fn a_file_of_certificates_that_cannot_be_used_is_named() {
    let folder = std::env::temp_dir();
    let path = |name: &str| folder.join(format!("wire-{}-{name}.pem", std::process::id()));
    let missing = path("missing");
    let empty = path("empty");
    std::fs::write(&empty, "hello").unwrap();
    let broken = path("broken");
    std::fs::write(
        &broken,
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    for (path, reason) in [
        (&missing, "cannot be read"),
        (&empty, "found none"),
        (&broken, "cannot be used"),
    ] {
        let settings = Settings {
            ca_files: vec![path.clone()],
            ..Settings::default()
        };
        let Err(error) = Wire::new(&settings) else {
            panic!("accepted {}", path.display());
        };
        assert!(matches!(&error, SettingsError::CaFile { .. }));
        let text = error.to_string();
        assert!(
            text.starts_with("ca_files: ") && text.contains(reason),
            "{text}"
        );
        assert!(text.contains(&path.display().to_string()), "{text}");
    }
    for path in [empty, broken] {
        std::fs::remove_file(path).unwrap();
    }
}
