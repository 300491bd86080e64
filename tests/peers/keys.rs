//! A certificate authority of the test, with a server at `localhost` and a client.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use test_support::installed::REPOSITORY;

/// The common name of the client.
const CLIENT: &str = "by-certificate";

/// Writes `ca.pem`, and `.pem` and `.key` of `server` and `client`, into a folder below `target`.
pub fn written() -> PathBuf {
    let folder = REPOSITORY.join("target/peers/keys");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let key = KeyPair::generate().expect("a key");
    let mut authority = named("Authority of a test", &[]);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&key).expect("a certificate");
    write(&folder.join("ca.pem"), &certificate.pem());
    let issuer = Issuer::new(authority, key);
    leaf(&folder, "server", named("server", &["localhost"]), &issuer);
    leaf(&folder, "client", named(CLIENT, &[]), &issuer);
    folder
}

fn leaf(folder: &Path, name: &str, params: CertificateParams, issuer: &Issuer<'_, KeyPair>) {
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    write(&folder.join(format!("{name}.pem")), &certificate.pem());
    write(&folder.join(format!("{name}.key")), &key.serialize_pem());
}

fn named(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).expect("names");
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("the target folder can be written");
}
