//! Servers that ask for a certificate of the client's own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{CertificateParams, KeyPair};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, SupportedProtocolVersion, version};
use trace::{FailureKind, Request};
use wire::{ClientCertificate, Settings, SettingsError, Wire};

use crate::server::{Reply, failure, response, talk, within};
use crate::tls::{Authority, BOTH, leaf};

/// Files that are gone with it.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("wire-client-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A client's certificate of an authority, and its thumbprint.
fn identity(files: &Files, name: &str, authority: &Authority) -> (ClientCertificate, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["client.example".into()]).unwrap();
    let certificate = certificate.signed_by(&key, &authority.issuer).unwrap();
    let chain = certificate.pem() + &std::fs::read_to_string(&authority.pem).unwrap();
    let files = ClientCertificate {
        certificate_file: files.write(&format!("{name}.pem"), &chain),
        key_file: files.write(&format!("{name}.key"), &key.serialize_pem()),
    };
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.der()));
    (files, thumbprint)
}

/// Asks for a certificate of the authority's, and demands it unless it is optional.
fn asking(
    authority: &Authority,
    is_optional: bool,
    versions: &[&'static SupportedProtocolVersion],
) -> TlsAcceptor {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(&authority.pem).unwrap())
        .unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = if is_optional {
        verifier.allow_unauthenticated().build()
    } else {
        verifier.build()
    };
    authority.acceptor_asking(verifier.unwrap(), leaf(), versions, "http/1.1")
}

/// A server that answers with the thumbprint of the certificate it was shown, or with `none`.
async fn serve(acceptor: TlsAcceptor) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}/",
        listener.local_addr().unwrap().port()
    );
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let shown = stream
                    .get_ref()
                    .1
                    .peer_certificates()
                    .and_then(|chain| chain.first());
                let body = match shown {
                    Some(der) => URL_SAFE_NO_PAD.encode(Sha256::digest(der)),
                    None => "none".into(),
                };
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                let (sender, _) = tokio::sync::mpsc::unbounded_channel();
                let handler = Arc::new(move |_: &str| Reply::Then(answer.clone().into()));
                talk(stream, handler, sender).await;
            });
        }
    });
    url
}

fn wire_with(authority: &Authority, certificate: Option<&ClientCertificate>) -> Wire {
    let settings = Settings {
        client_certificate: certificate.cloned(),
        ..authority.settings()
    };
    Wire::new(&settings).unwrap()
}

#[tokio::test]
async fn it_is_shown_to_a_server_that_asks_and_known_by_its_thumbprint() {
    let (authority, files) = (Authority::new("client-shown"), Files::new("shown"));
    let (certificate, thumbprint) = identity(&files, "client", &authority);
    let (with, without) = (
        wire_with(&authority, Some(&certificate)),
        wire_with(&authority, None),
    );
    assert_eq!(
        with.client_certificate_thumbprint(),
        Some(thumbprint.clone())
    );
    assert_eq!(thumbprint.len(), 43);
    assert_eq!(without.client_certificate_thumbprint(), None);
    for versions in [[&version::TLS12], [&version::TLS13]] {
        for is_optional in [true, false] {
            let url = serve(asking(&authority, is_optional, &versions)).await;
            let sent = within(with.send(Request::new("GET", &*url), &[])).await;
            assert_eq!(response(&sent).body.text(), Some(&*thumbprint));
            let sent = within(without.send(Request::new("GET", &*url), &[])).await;
            if is_optional {
                assert_eq!(response(&sent).body.text(), Some("none"));
                continue;
            }
            let told = failure(&sent);
            assert_eq!(told.kind, FailureKind::Tls);
            assert!(
                told.message.contains("demands a client certificate"),
                "{}",
                told.message
            );
        }
    }
    let silent = authority.acceptor_asking(
        WebPkiClientVerifier::no_client_auth(),
        leaf(),
        BOTH,
        "http/1.1",
    );
    let sent = within(with.send(Request::new("GET", serve(silent).await), &[])).await;
    assert_eq!(response(&sent).body.text(), Some("none"));
}

#[tokio::test]
async fn one_that_the_server_does_not_trust_is_shown_all_the_same() {
    let (authority, files) = (Authority::new("client-own"), Files::new("foreign"));
    let foreign = Authority::new("client-foreign");
    let (certificate, _) = identity(&files, "client", &foreign);
    let wire = wire_with(&authority, Some(&certificate));
    for versions in [[&version::TLS12], [&version::TLS13]] {
        let url = serve(asking(&authority, false, &versions)).await;
        let sent = within(wire.send(Request::new("GET", url), &[])).await;
        let told = failure(&sent);
        assert_eq!(told.kind, FailureKind::Tls, "{}", told.message);
        assert!(
            told.message.contains("alert") && !told.message.contains("demands"),
            "{}",
            told.message
        );
    }
}

#[test]
fn certificate_and_key_may_be_one_file() {
    let (authority, files) = (Authority::new("client-one"), Files::new("one"));
    let (certificate, thumbprint) = identity(&files, "client", &authority);
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let both = read(&certificate.key_file) + &read(&certificate.certificate_file);
    let both = files.write("both.pem", &both);
    let one = ClientCertificate {
        certificate_file: both.clone(),
        key_file: both,
    };
    let wire = wire_with(&authority, Some(&one));
    assert_eq!(wire.client_certificate_thumbprint(), Some(thumbprint));
}

#[test]
fn a_file_that_cannot_be_used_is_named_without_what_is_in_it() {
    let (authority, files) = (Authority::new("client-wrong"), Files::new("wrong"));
    let (good, _) = identity(&files, "client", &authority);
    let (other, _) = identity(&files, "other", &authority);
    let pem =
        |kind: &str, text: &str| format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n");
    let missing = files.0.join("missing");
    let empty = files.write("empty", "hush");
    let no_certificate = files.write("no-certificate", &pem("CERTIFICATE", "aHVzaA=="));
    let cut = files.write("cut", "-----BEGIN CERTIFICATE-----\nhush");
    let cut_key = files.write("cut-key", "-----BEGIN PRIVATE KEY-----\nhush");
    let broken_key = files.write("broken-key", "-----BEGIN PRIVATE KEY hush\n");
    let no_key = files.write("no-key", &pem("PRIVATE KEY", "aHVzaA=="));
    let encrypted = files.write("encrypted", &pem("ENCRYPTED PRIVATE KEY", "aHVzaA=="));
    for (certificate, key, field, reason) in [
        (
            &missing,
            &good.key_file,
            "certificate_file",
            "cannot be read",
        ),
        (&empty, &good.key_file, "certificate_file", "found none"),
        (
            &good.key_file,
            &good.key_file,
            "certificate_file",
            "found none",
        ),
        (
            &no_certificate,
            &good.key_file,
            "certificate_file",
            "cannot be read",
        ),
        (&cut, &good.key_file, "certificate_file", "broken"),
        (
            &good.certificate_file,
            &missing,
            "key_file",
            "cannot be read",
        ),
        (&good.certificate_file, &empty, "key_file", "found none"),
        (
            &good.certificate_file,
            &good.certificate_file,
            "key_file",
            "found none",
        ),
        (&good.certificate_file, &cut_key, "key_file", "broken"),
        (&good.certificate_file, &broken_key, "key_file", "broken"),
        (
            &good.certificate_file,
            &no_key,
            "key_file",
            "cannot be used",
        ),
        (
            &good.certificate_file,
            &encrypted,
            "key_file",
            "without a passphrase",
        ),
        (
            &good.certificate_file,
            &other.key_file,
            "key_file",
            "got another one",
        ),
    ] {
        let settings = Settings {
            client_certificate: Some(ClientCertificate {
                certificate_file: certificate.clone(),
                key_file: key.clone(),
            }),
            ..Settings::default()
        };
        let Err(error) = Wire::new(&settings) else {
            panic!("accepted {} and {}", certificate.display(), key.display());
        };
        assert!(matches!(&error, SettingsError::ClientCertificate { .. }));
        let path = if field == "key_file" {
            key
        } else {
            certificate
        };
        let text = error.to_string();
        let begin = format!("client_certificate.{field}: {}: ", path.display());
        assert!(text.starts_with(&begin) && text.contains(reason), "{text}");
        assert!(!text.contains("hush") && !text.contains("aHVzaA"), "{text}");
    }
}
