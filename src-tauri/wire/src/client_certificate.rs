//! The certificate shown to servers that ask for one (RFC 8705).

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{Error, InconsistentKeys};
use sha2::{Digest, Sha256};

use crate::settings::{ClientCertificate, SettingsError};

/// A certificate with its key, ready to be shown.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) resolver: Arc<SingleCertAndKey>,
    /// The `x5t#S256` of the certificate: base64url of the SHA-256 of its DER, without padding.
    pub(crate) thumbprint: String,
}

impl Identity {
    /// No reason quotes the files: one of them has the key.
    pub(crate) fn read(
        setting: &ClientCertificate,
        provider: &CryptoProvider,
    ) -> Result<Self, SettingsError> {
        let wrong =
            |field: &'static str, path: &Path, reason: String| SettingsError::ClientCertificate {
                field,
                path: path.into(),
                reason,
            };
        let of_certificate = |reason| wrong("certificate_file", &setting.certificate_file, reason);
        let of_key = |reason| wrong("key_file", &setting.key_file, reason);
        let chain = chain(&setting.certificate_file).map_err(of_certificate)?;
        let key = key(&setting.key_file).map_err(of_key)?;
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(&chain[0]));
        let key = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => of_key(format!(
                "expected the key of the first certificate in {}, got another one",
                setting.certificate_file.display()
            )),
            Error::InvalidCertificate(reason) => {
                of_certificate(format!("its first certificate cannot be used: {reason}"))
            }
            _ => of_key(
                "expected an RSA, ECDSA or Ed25519 key of a usual size, got one that cannot be used".into(),
            ),
        })?;
        Ok(Self {
            resolver: Arc::new(SingleCertAndKey::from(key)),
            thumbprint,
        })
    }
}

/// At least one certificate, the client's own first.
fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let chain =
        chain.map_err(|_| "expected PEM, got something that begins like it and is broken")?;
    let Some(first) = chain.first() else {
        return Err("expected at least one PEM certificate, found none".into());
    };
    match x509_parser::parse_x509_certificate(first) {
        Ok(_) => Ok(chain),
        Err(_) => Err("its first certificate cannot be read".into()),
    }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    const ENCRYPTED: &[u8] = b"ENCRYPTED PRIVATE KEY";
    let pem = read(path)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| {
        let is_encrypted = pem
            .windows(ENCRYPTED.len())
            .any(|window| window == ENCRYPTED);
        match error {
            _ if is_encrypted => {
                "expected a PEM private key without a passphrase, got an encrypted one"
            }
            PemError::NoItemsFound => {
                "expected a PEM private key (PKCS #8, PKCS #1 or SEC 1), found none"
            }
            _ => "expected PEM, got something that begins like it and is broken",
        }
        .into()
    })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|cause| format!("cannot be read: {cause}"))
}
