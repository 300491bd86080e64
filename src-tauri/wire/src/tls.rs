//! TLS: which certificates are trusted, and what the peer's say.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, NamedGroup, SignatureScheme};
use sha2::{Digest, Sha256};
use trace::{Certificate, Tls, rfc3339};
use x509_parser::extensions::GeneralName;

use crate::client_certificate::Identity;
use crate::probe::{Phase, Seen, note};
use crate::settings::{Settings, SettingsError};

/// The certificates of the peers met so far, by the peer's own: a connection that is used again
/// shows no more than that one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chains(Arc<Mutex<HashMap<Der, Vec<Der>>>>);

type Der = Vec<u8>;

/// Trusts the system's certificates alone. They are read once per process: reading them takes
/// longer than a request, and they rarely change while the program runs.
fn system_verifier(provider: &Arc<CryptoProvider>) -> Arc<dyn ServerCertVerifier> {
    static SYSTEM: OnceLock<Arc<dyn ServerCertVerifier>> = OnceLock::new();
    SYSTEM
        .get_or_init(|| verifier(Vec::new(), provider))
        .clone()
}

fn verifier(
    extra: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Arc<dyn ServerCertVerifier> {
    match rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider.clone()) {
        Ok(verifier) => Arc::new(verifier),
        // http works without, and so does the rest of the program.
        Err(reason) => Arc::new(NoRoots {
            reason: reason.to_string(),
            provider: provider.clone(),
        }),
    }
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Trusts what the system trusts and the certificates of the settings' files; shows the client's
/// certificate to those who ask, where there is one; offers HTTP/2 and HTTP/1.1.
pub(crate) fn client_config(
    settings: &Settings,
    identity: Option<&Identity>,
    chains: &Chains,
) -> Result<ClientConfig, SettingsError> {
    let provider = provider();
    let mut extra = Vec::new();
    for path in &settings.ca_files {
        extra.extend(certificates_in(path)?);
    }
    let inner = if extra.is_empty() {
        system_verifier(&provider)
    } else {
        verifier(extra, &provider)
    };
    let watching = Arc::new(Watching {
        inner,
        chains: chains.clone(),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| SettingsError::System {
            reason: error.to_string(),
        })?
        .dangerous()
        .with_custom_certificate_verifier(watching);
    let mut config = match identity {
        Some(identity) => config.with_client_cert_resolver(identity.resolver.clone()),
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.resumption = Resumption::store(Arc::new(NoSessions));
    Ok(config)
}

/// What is known of a connection's TLS, from its handshake or from what the client says of a
/// connection used again.
pub(crate) fn facts(
    seen: &Seen,
    info: Option<&reqwest::tls::TlsInfo>,
    chains: &Chains,
) -> Option<Tls> {
    let leaf = info.and_then(|info| info.peer_certificate());
    let chain = match leaf {
        Some(leaf) => chains.of(leaf).unwrap_or_else(|| vec![leaf.to_vec()]),
        None => seen.chain.clone(),
    };
    let version = info
        .and_then(|info| info.version())
        .and_then(version_name)
        .or(seen.tls_version);
    (!chain.is_empty()).then(|| Tls {
        version: version.map(Into::into),
        // The client does not tell which one was agreed on.
        cipher: None,
        certificates: chain.iter().map(|der| certificate(der)).collect(),
    })
}

impl Chains {
    fn keep(&self, chain: &[Der]) {
        // A server that shows another certificate each time must not fill the memory.
        const MANY: usize = 64;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leaf) = chain.first() {
            if known.len() >= MANY {
                known.clear();
            }
            known.insert(leaf.clone(), chain.to_vec());
        }
    }

    fn of(&self, leaf: &[u8]) -> Option<Vec<Der>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(leaf).cloned()
    }
}

fn certificates_in(path: &Path) -> Result<Vec<CertificateDer<'static>>, SettingsError> {
    let error = |reason: String| SettingsError::CaFile {
        path: path.into(),
        reason,
    };
    let pem = std::fs::read(path).map_err(|cause| error(format!("cannot be read: {cause}")))?;
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|cause| error(format!("expected PEM, got something else: {cause}")))?;
    if certificates.is_empty() {
        return Err(error(
            "expected at least one PEM certificate, found none".into(),
        ));
    }
    for certificate in &certificates {
        let mut probe = rustls::RootCertStore::empty();
        probe
            .add(certificate.clone())
            .map_err(|cause| error(format!("a certificate in it cannot be used: {cause}")))?;
    }
    Ok(certificates)
}

fn version_name(version: reqwest::tls::Version) -> Option<&'static str> {
    use reqwest::tls::Version;
    [
        (Version::TLS_1_0, "TLS 1.0"),
        (Version::TLS_1_1, "TLS 1.1"),
        (Version::TLS_1_2, "TLS 1.2"),
        (Version::TLS_1_3, "TLS 1.3"),
    ]
    .into_iter()
    .find_map(|(known, name)| (known == version).then_some(name))
}

fn certificate(der: &[u8]) -> Certificate {
    let sha256 = Sha256::digest(der)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect::<Vec<_>>()
        .join(":");
    match x509_parser::parse_x509_certificate(der) {
        Ok((_, parsed)) => Certificate {
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            not_before: rfc3339(parsed.validity().not_before.timestamp()),
            not_after: rfc3339(parsed.validity().not_after.timestamp()),
            names: match parsed.subject_alternative_name() {
                Ok(Some(names)) => names.value.general_names.iter().filter_map(name).collect(),
                _ => Vec::new(),
            },
            sha256,
        },
        Err(_) => Certificate {
            subject: "(not readable)".into(),
            issuer: String::new(),
            not_before: String::new(),
            not_after: String::new(),
            names: Vec::new(),
            sha256,
        },
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            Some((*text).into())
        }
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).ok().map(IpAddr::from);
            let v6 = <[u8; 16]>::try_from(*bytes).ok().map(IpAddr::from);
            v4.or(v6).map(|address| address.to_string())
        }
        _ => None,
    }
}

/// Leaves the verdict to `inner` and notes what it was about.
#[derive(Debug)]
struct Watching {
    inner: Arc<dyn ServerCertVerifier>,
    chains: Chains,
}

impl ServerCertVerifier for Watching {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain: Vec<Der> = std::iter::once(end_entity)
            .chain(intermediates)
            .map(|der| der.to_vec())
            .collect();
        let verdict = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        self.chains.keep(&chain);
        note(|seen| seen.chain = chain);
        Ok(verdict)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        note(|seen| seen.tls_version = Some("TLS 1.2"));
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        note(|seen| seen.tls_version = Some("TLS 1.3"));
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Refuses every peer, with the reason: the system has no certificates to trust.
#[derive(Debug)]
struct NoRoots {
    reason: String,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for NoRoots {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Err(Error::General(self.reason.clone()))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General(self.reason.clone()))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General(self.reason.clone()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Keeps no session, so that each handshake shows the certificates; being asked is how a
/// handshake's start is seen.
#[derive(Debug)]
struct NoSessions;

impl ClientSessionStore for NoSessions {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        note(|seen| seen.phase = Phase::Handshaking);
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {}

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_certificate_are_shown_as_such() {
        let shown = certificate(b"not DER");
        assert_eq!(shown.subject, "(not readable)");
        assert_eq!(shown.sha256.len(), 32 * 3 - 1);
    }
}
