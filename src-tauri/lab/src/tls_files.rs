//! The client's side of TLS as files, for clients that read it from there.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io, process};

use crate::tls::ClientTls;

/// The paths of [`ClientTls`]'s parts, in a folder that is removed when this is dropped.
#[derive(Debug)]
pub struct ClientTlsFiles {
    folder: PathBuf,
    pub authority: PathBuf,
    pub certificate: PathBuf,
    pub private_key: PathBuf,
}

impl ClientTlsFiles {
    /// # Errors
    /// When the system's folder for temporary files cannot be written.
    pub(crate) fn write(tls: &ClientTls) -> io::Result<Self> {
        let folder = new_folder()?;
        let files = Self {
            authority: folder.join("ca.pem"),
            certificate: folder.join("client.pem"),
            private_key: folder.join("client-key.pem"),
            folder,
        };
        fs::write(&files.authority, &tls.authority)?;
        fs::write(&files.certificate, &tls.certificate)?;
        fs::write(&files.private_key, &tls.private_key)?;
        Ok(files)
    }

    /// Their folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for ClientTlsFiles {
    fn drop(&mut self) {
        // What is left protects nothing.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A folder that nobody else has: another program may have had this process's number.
fn new_folder() -> io::Result<PathBuf> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("authscope-lab-{}-{number}", process::id());
        let folder = env::temp_dir().join(name);
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| folder),
        }
    }
}
