//! The calls to the file system that tests let fail, one after the other.

use std::io;

/// Asked before each of them. Outside of this crate's tests none fails here.
#[cfg(not(test))]
#[inline]
pub fn call() -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
pub use tests::call;

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs;
    use std::io::Write as _;
    use std::path::{Path, PathBuf};

    use trace::{Body, EntryKind, Phase, Timestamp, Trace};

    use super::*;
    use crate::fresh::Fresh;
    use crate::journal::{Journal, tests::exchange};

    thread_local! {
        /// How many calls are left until the one that fails; nothing fails at 0.
        static LEFT: Cell<usize> = const { Cell::new(0) };
    }

    pub fn call() -> io::Result<()> {
        let left = LEFT.get();
        LEFT.set(left.saturating_sub(1));
        if left == 1 {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        }
    }

    /// More than any of the tests makes.
    const MOST: usize = 200;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("faults-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn count(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn whichever_file_call_fails_the_old_file_stays_whole() {
        let folder = folder("fresh");
        let path = folder.join("run.har");
        let new = "new ".repeat(10_000);
        fs::write(&path, "old").unwrap();
        for nth in 1..MOST {
            LEFT.set(nth);
            let write = || -> io::Result<()> {
                let mut fresh = Fresh::create(&path, true)?;
                new.as_bytes()
                    .chunks(1_000)
                    .try_for_each(|piece| fresh.write_all(piece))?;
                fresh.finish()
            };
            let written = write();
            let has_failed = LEFT.replace(0) == 0;
            let there = fs::read_to_string(&path).unwrap();
            assert_eq!(count(&folder), 1, "{nth}: something is left beside it");
            assert_eq!(written.is_err(), has_failed, "{nth}: {written:?}");
            if !has_failed {
                assert_eq!(there, new);
                assert!(nth > 5, "there are more calls than {nth}");
                return;
            }
            assert_eq!(there, "old", "{nth}");
        }
        panic!("there is no end of it");
    }

    #[test]
    fn whichever_file_call_fails_the_journal_is_readable_and_catches_up() {
        let folder = folder("journal");
        let path = folder.join("journal");
        for nth in 1..MOST {
            let _ = fs::remove_file(&path);
            let mut trace = Trace::new("https://mcp.example/mcp", Timestamp(5));
            let mut journal = Journal::create(&path, &trace, &[]).unwrap();
            LEFT.set(nth);
            let mut failed = 0;
            for at in 0..6 {
                let mut kind = exchange(&format!("https://mcp.example/{at}"), "{}");
                if let EntryKind::Exchange(exchange) = &mut kind {
                    // Written before it is known to be a secret, so that the whole journal has to
                    // be rewritten.
                    exchange.label = "Zx81-9bQ7-uiop".into();
                    if at >= 3 {
                        let token = br#"{"access_token":"Zx81-9bQ7-uiop"}"#;
                        exchange.request.body = Body::new(token.to_vec());
                    }
                }
                trace.push(Timestamp(1), 0, Phase::Token, kind);
                let before = LEFT.get();
                let appended = journal.append(&trace, &[]);
                let fails_now = before > 0 && LEFT.get() == 0;
                assert_eq!(appended.is_err(), fails_now, "{nth} at {at}");
                failed += usize::from(fails_now);
                // Whoever finds it now, after a crash, has all that was whole.
                let text = fs::read(&path).unwrap();
                let read = Journal::read(&mut text.as_slice()).expect("it can be read");
                let whole = trace.entries.len() - usize::from(fails_now);
                assert!(read.trace.entries.len() >= whole, "{nth} at {at}");
                if at > 3 {
                    let text = String::from_utf8_lossy(&text);
                    assert!(!text.contains("Zx81"), "{nth} at {at}: {text}");
                }
            }
            LEFT.set(0);
            journal.append(&trace, &[]).unwrap();
            let text = fs::read(&path).unwrap();
            let read = Journal::read(&mut text.as_slice()).unwrap();
            assert_eq!(read.trace.entries.len(), 6, "{nth}");
            assert!(read.notes.is_empty(), "{nth}: {:?}", read.notes);
            drop(journal);
            assert_eq!(count(&folder), 1, "{nth}");
            if failed == 0 {
                assert!(nth > 10, "there are more calls than {nth}");
                return;
            }
        }
        panic!("there is no end of it");
    }
}
