//! Files that are written as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::faults;

/// A file that is written beside the one of its name, and takes its place when it is complete. An
/// interruption or a full disk leaves the old one as it was.
#[derive(Debug)]
pub struct Fresh {
    to: BufWriter<OnDisk>,
    /// Where it is now and where it is to be; `None` for what is not a file, such as a pipe.
    moving: Option<(PathBuf, PathBuf)>,
}

impl Fresh {
    /// Begins one. `private`: only its owner may read it, where the system knows such a thing.
    ///
    /// # Errors
    /// What the system answers.
    pub fn create(path: &Path, private: bool) -> io::Result<Self> {
        // Where it is a link, what it leads to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let there = fs::metadata(&path).ok();
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            let file = OpenOptions::new().write(true).open(&path)?;
            return Ok(Self {
                to: BufWriter::new(OnDisk(file)),
                moving: None,
            });
        }
        // A file that may not be written is not replaced either.
        if there.is_some() {
            OpenOptions::new().append(true).open(&path)?;
        }
        let (file, beside) = beside(&path, private)?;
        if let Some(there) = there.filter(|_| !private) {
            let _ = file.set_permissions(there.permissions());
        }
        Ok(Self {
            to: BufWriter::new(OnDisk(file)),
            moving: Some((beside, path)),
        })
    }

    /// Puts it in its place, once it is on the disk.
    ///
    /// # Errors
    /// What the system answers; then the old file is still there.
    pub fn finish(mut self) -> io::Result<()> {
        self.to.flush()?;
        let Some((beside, path)) = self.moving.take() else {
            return Ok(());
        };
        let synced = faults::call().and_then(|()| self.to.get_ref().0.sync_all());
        let moved = synced
            .and_then(|()| faults::call())
            .and_then(|()| fs::rename(&beside, &path));
        if moved.is_err() {
            let _ = fs::remove_file(&beside);
        }
        moved?;
        // The folder has to remember the name as well; not every system can be told.
        if let Some(folder) = path.parent()
            && let Ok(folder) = File::open(folder)
        {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Write for Fresh {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if let Some((beside, _)) = self.moving.take() {
            let _ = fs::remove_file(beside);
        }
    }
}

/// A file that is written to.
#[derive(Debug)]
pub(crate) struct OnDisk(pub File);

impl Write for OnDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = faults::call() {
            // As on a disk that is full in the middle of a line.
            self.0.write_all(&bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A new file in the same folder, under a name that nobody else has.
fn beside(path: &Path, private: bool) -> io::Result<(File, PathBuf)> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    faults::call()?;
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let beside = path.with_file_name(format!(".{name}.{}-{number}.new", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if private {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        #[cfg(not(unix))]
        let _ = private;
        match options.open(&beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return Ok((opened?, beside)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("fresh-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        entries
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn the_old_file_stays_until_the_new_one_is_complete() {
        let folder = folder("whole");
        let path = folder.join("run.har");
        fs::write(&path, "old").unwrap();
        let mut fresh = Fresh::create(&path, false).unwrap();
        fresh.write_all(b"half").unwrap();
        fresh.flush().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        drop(fresh);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(&folder), ["run.har"]);
        let mut fresh = Fresh::create(&path, false).unwrap();
        fresh.write_all(b"new").unwrap();
        fresh.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(&folder), ["run.har"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_with_secrets_is_its_owners_alone_from_the_beginning() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = folder("private");
        let path = folder.join("run.har");
        fs::write(&path, "old").unwrap();
        let fresh = Fresh::create(&path, true).unwrap();
        let (beside, _) = fresh.moving.clone().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&beside), 0o600);
        fresh.finish().unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one_and_a_device_is_written_to() {
        let folder = folder("link");
        let (path, link) = (folder.join("there"), folder.join("link"));
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut fresh = Fresh::create(&link, false).unwrap();
        fresh.write_all(b"new").unwrap();
        fresh.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        Fresh::create(Path::new("/dev/null"), false)
            .unwrap()
            .finish()
            .unwrap();
        assert!(Fresh::create(&folder.join("no/such"), false).is_err());
    }
}
