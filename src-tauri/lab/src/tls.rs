//! TLS with certificates made at start, and the certificate of a client that shows one (RFC 8705).

use std::io;
use std::sync::Arc;

use axum::extract::connect_info::Connected;
use axum::http::HeaderMap;
use axum::serve::{IncomingStream, Listener};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

/// Carries the thumbprint from the connection to the check of a request. What a client sends under
/// this name is removed.
pub(crate) const THUMBPRINT: &str = "lab-client-certificate";

/// Handshakes that are done and wait to be served.
const WAITING: usize = 16;

/// What a client needs where the lab speaks TLS. Everything is PEM, made at start, and protects
/// nothing.
#[derive(Debug, Clone)]
pub struct ClientTls {
    /// The authority that both sides' certificates are of: to be trusted.
    pub authority: String,
    /// A certificate that the servers take for a client's.
    pub certificate: String,
    /// Its private key.
    pub private_key: String,
}

/// The lab's side of TLS.
#[derive(Clone)]
pub(crate) struct ServerTls(TlsAcceptor);

/// The `x5t#S256` of the certificate that the client of a connection showed (RFC 8705 section 3.1).
#[derive(Debug, Clone)]
pub(crate) struct Peer(pub(crate) Option<String>);

/// Accepts connections whose handshake is done; slow ones keep no other waiting.
pub(crate) struct TlsListener(mpsc::Receiver<(TlsStream<TcpStream>, Peer)>);

/// Certificates for both sides.
///
/// # Errors
/// When the system gives no randomness.
pub(crate) fn prepare() -> io::Result<(ServerTls, ClientTls)> {
    let (authority, issuer) = authority()?;
    let hosts = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let (server, server_key) = leaf(
        "Lab server",
        &hosts,
        ExtendedKeyUsagePurpose::ServerAuth,
        &issuer,
    )?;
    let (client, client_key) = leaf(
        "Lab client",
        &[],
        ExtendedKeyUsagePurpose::ClientAuth,
        &issuer,
    )?;
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(authority.der().clone())
        .map_err(io::Error::other)?;
    // A certificate is requested and not required: a client that shows none gets a token that is
    // not bound to one.
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()
        .map_err(io::Error::other)?;
    let key = PrivateKeyDer::try_from(server_key.serialize_der()).map_err(io::Error::other)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![server.der().clone()], key)
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let client = ClientTls {
        authority: authority.pem(),
        certificate: client.pem(),
        private_key: client_key.serialize_pem(),
    };
    Ok((ServerTls(TlsAcceptor::from(Arc::new(config))), client))
}

/// The thumbprint of the certificate that the client of this request showed.
pub(crate) fn shown(headers: &HeaderMap) -> Option<String> {
    headers.get(THUMBPRINT)?.to_str().ok().map(str::to_owned)
}

impl ServerTls {
    pub(crate) fn listen(&self, listener: TcpListener) -> TlsListener {
        let (done, waiting) = mpsc::channel(WAITING);
        let acceptor = self.0.clone();
        tokio::spawn(async move {
            loop {
                let stream = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = done.closed() => return,
                };
                let Ok((stream, _)) = stream else { continue };
                let (acceptor, done) = (acceptor.clone(), done.clone());
                tokio::spawn(async move {
                    match acceptor.accept(stream).await {
                        Ok(stream) => {
                            let peer = Peer(thumbprint_of(&stream));
                            // Nobody receives it while the lab is being stopped.
                            let _ = done.send((stream, peer)).await;
                        }
                        Err(error) => tracing::debug!(%error, "no TLS came about"),
                    }
                });
            }
        });
        TlsListener(waiting)
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = Peer;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.0.recv().await {
            Some(accepted) => accepted,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(Peer(None))
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        stream.remote_addr().clone()
    }
}

fn thumbprint_of(stream: &TlsStream<TcpStream>) -> Option<String> {
    let (_, connection) = stream.get_ref();
    let shown: &CertificateDer = connection.peer_certificates()?.first()?;
    Some(URL_SAFE_NO_PAD.encode(Sha256::digest(shown)))
}

fn authority() -> io::Result<(rcgen::Certificate, Issuer<'static, KeyPair>)> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let mut params = named("Lab authority", &[])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).map_err(io::Error::other)?;
    Ok((certificate, Issuer::new(params, key)))
}

fn leaf(
    name: &str,
    hosts: &[String],
    usage: ExtendedKeyUsagePurpose,
    issuer: &Issuer<'_, KeyPair>,
) -> io::Result<(rcgen::Certificate, KeyPair)> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let mut params = named(name, hosts)?;
    params.extended_key_usages = vec![usage];
    let certificate = params.signed_by(&key, issuer).map_err(io::Error::other)?;
    Ok((certificate, key))
}

fn named(name: &str, hosts: &[String]) -> io::Result<CertificateParams> {
    let mut params = CertificateParams::new(hosts.to_vec()).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2090, 1, 1);
    Ok(params)
}
