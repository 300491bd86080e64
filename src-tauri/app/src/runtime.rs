//! Where the tasks of a front-end run.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// A connection whose other side never ends an answer may keep a thread busy for seconds. With one
/// thread for each processor, two of them would keep all of a small machine's, and no time limit
/// would be noticed meanwhile.
const WORKERS: usize = 8;

/// What blocks, such as judging a long trace or asking for the address of a host, waits for its
/// turn beyond this. Each thread has memory of its own, and a server can make many necessary.
const BLOCKING: usize = 64;

/// # Errors
/// When the system has no threads left.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING)
        .enable_all()
        .build()
}
