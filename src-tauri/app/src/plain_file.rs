//! Reads files that nobody has looked at before: of past runs, of settings, of other programs.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// Bytes read of one file at most. The largest of other programs keep a history besides.
pub(crate) const LARGEST: u64 = 32 << 20;

/// Opens a file. A pipe, which would be waited for, or a device, which has no end, is none.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        let reason = "it is not a plain file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    File::open(path)
}

/// The whole file, unless it is larger than any that is meant.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    open(path)?.take(LARGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LARGEST {
        let reason = format!("it is larger than {} MiB", LARGEST >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_and_what_has_no_end_is_refused() {
        let name = format!("authscope-plain-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, "text").unwrap();
        assert_eq!(read(&path).unwrap(), b"text");
        let large = File::options().write(true).open(&path).unwrap();
        large.set_len(LARGEST).unwrap();
        assert_eq!(read(&path).unwrap().len() as u64, LARGEST);
        large.set_len(LARGEST + 1).unwrap();
        let error = read(&path).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 32 MiB");
        assert!(open(&path).is_ok());
        fs::remove_file(&path).unwrap();
        assert_eq!(read(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        let folder = std::env::temp_dir();
        assert_eq!(
            open(&folder).unwrap_err().to_string(),
            "it is not a plain file"
        );
        #[cfg(unix)]
        assert!(read(Path::new("/dev/zero")).is_err());
    }
}
