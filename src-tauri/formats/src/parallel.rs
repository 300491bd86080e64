//! Making the parts of a document on several threads, and writing them in order.

use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;

/// How many threads a number of items is worth.
pub fn workers(items: usize) -> usize {
    if items < FEW {
        return 1;
    }
    thread::available_parallelism().map_or(1, |available| available.get().min(MOST))
}

/// Makes `parts` parts and writes them one after the other. `worker` makes for each thread what
/// makes its parts; part `n` is asked of thread `n % threads`, and none is further ahead than one
/// part, so that few are held in memory.
///
/// # Errors
/// What `to` answers to being written to.
pub fn write_parts<M>(
    to: &mut impl Write,
    parts: usize,
    threads: usize,
    worker: impl Fn() -> M + Sync,
) -> io::Result<()>
where
    M: FnMut(usize) -> Vec<u8>,
{
    if threads < 2 {
        let mut make = worker();
        return (0..parts).try_for_each(|part| to.write_all(&make(part)));
    }
    thread::scope(|scope| {
        let worker = &worker;
        let start = |first: usize| {
            let (made, queue) = mpsc::sync_channel(1);
            scope.spawn(move || {
                let mut make = worker();
                // An error: the writing failed, and nobody waits for more.
                let _ = (first..parts)
                    .step_by(threads)
                    .try_for_each(|part| made.send(make(part)));
            });
            queue
        };
        let queues: Vec<_> = (0..threads).map(start).collect();
        (0..parts).try_for_each(|part| {
            // A thread that panicked has no more parts; the scope hands its panic on.
            let made = queues[part % threads].recv().map_err(io::Error::other)?;
            to.write_all(&made)
        })
    })
}

const FEW: usize = 256;
const MOST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_in_order_from_any_number_of_threads() {
        for threads in 1..5 {
            let mut out = Vec::new();
            write_parts(&mut out, 26, threads, || {
                |part: usize| vec![b'a' + part as u8]
            })
            .unwrap();
            assert_eq!(out, b"abcdefghijklmnopqrstuvwxyz");
        }
    }

    #[test]
    fn a_writer_that_fails_ends_it() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = write_parts(&mut Full, 1000, 3, || |_: usize| vec![0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
