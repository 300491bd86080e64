//! The folder that a watched browser has for itself.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A folder that is removed when this is dropped. One that a crash left is removed by the next.
pub(crate) struct Profile {
    folder: PathBuf,
    /// Locked for as long as the folder is in use: the system gives the lock back with the process.
    _lock: File,
}

const PREFIX: &str = "authscope-browser-";
const LOCK: &str = "in-use";

impl Profile {
    /// # Errors
    /// When no folder can be made there.
    pub fn make(above: &Path) -> io::Result<Self> {
        sweep(above);
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let nanos = since.unwrap_or_default().as_nanos();
        let folder = above.join(format!("{PREFIX}{}-{nanos}", std::process::id()));
        private(&mut DirBuilder::new()).create(&folder)?;
        // Locked before it has the name that another run looks for.
        let made = folder.join("new");
        let lock = File::create(&made).and_then(|lock| {
            lock.lock()?;
            fs::rename(&made, folder.join(LOCK))?;
            Ok(lock)
        });
        match lock {
            Ok(lock) => Ok(Self {
                folder,
                _lock: lock,
            }),
            Err(error) => {
                let _ = fs::remove_dir_all(&folder);
                Err(error)
            }
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // A process that was ended may still have been writing when the folder was listed.
        let removed = (0..5).any(|_| fs::remove_dir_all(&self.folder).is_ok());
        if !removed && self.folder.exists() {
            tracing::warn!(folder = %self.folder.display(), "the browser's folder is left");
        }
    }
}

/// Removes what earlier runs left behind when they were killed.
fn sweep(above: &Path) {
    for entry in fs::read_dir(above).into_iter().flatten().flatten() {
        let folder = entry.path();
        let named = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let lock = named.then(|| File::open(folder.join(LOCK)));
        let Some(Ok(lock)) = lock else { continue };
        match lock.try_lock() {
            Ok(()) => drop(fs::remove_dir_all(&folder)),
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
}

#[cfg(unix)]
fn private(builder: &mut DirBuilder) -> &mut DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;
    builder.mode(0o700)
}

#[cfg(not(unix))]
fn private(builder: &mut DirBuilder) -> &mut DirBuilder {
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_profile_and_what_a_crash_left_with_the_next() {
        let above = std::env::temp_dir().join(format!("profiles-{}", std::process::id()));
        fs::create_dir_all(&above).unwrap();
        let left = above.join(format!("{PREFIX}1-1"));
        fs::create_dir_all(left.join("Default")).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        let foreign = above.join(format!("{PREFIX}without-a-lock"));
        fs::create_dir_all(&foreign).unwrap();

        let one = Profile::make(&above).unwrap();
        assert!(!left.exists());
        assert!(foreign.exists());
        let other = Profile::make(&above).unwrap();
        assert!(one.folder().exists(), "in use, and not another's to remove");
        let (first, second) = (one.folder().to_owned(), other.folder().to_owned());
        drop((one, other));
        assert!(!first.exists() && !second.exists());
        fs::remove_dir_all(&above).unwrap();
    }
}
