//! A file that was compressed as a whole, unpacked while it is read.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use async_compression::tokio::bufread::GzipDecoder;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

/// Reads what is under gzip.
pub struct Unzipped<R>(GzipDecoder<Ready<R>>);

impl<R: Read + Unpin> Unzipped<R> {
    pub fn new(file: R) -> Self {
        let mut decoder = GzipDecoder::new(Ready {
            file,
            part: vec![0; PART],
            from: 0,
            to: 0,
        });
        decoder.multiple_members(true);
        Self(decoder)
    }
}

impl<R: Read + Unpin> Read for Unzipped<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let mut context = Context::from_waker(Waker::noop());
        let mut to = ReadBuf::new(to);
        match Pin::new(&mut self.0).poll_read(&mut context, &mut to) {
            Poll::Ready(read) => read.map(|()| to.filled().len()),
            // What is read from never waits.
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// A file as what the decoder reads from.
struct Ready<R> {
    file: R,
    part: Vec<u8>,
    from: usize,
    to: usize,
}

impl<R: Read + Unpin> AsyncRead for Ready<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.get_mut().file.read(to.initialize_unfilled());
        Poll::Ready(read.map(|count| to.advance(count)))
    }
}

impl<R: Read + Unpin> AsyncBufRead for Ready<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.from == this.to {
            this.from = 0;
            this.to = match this.file.read(&mut this.part) {
                Ok(count) => count,
                Err(error) => return Poll::Ready(Err(error)),
            };
        }
        Poll::Ready(Ok(&this.part[this.from..this.to]))
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.get_mut().from += count;
    }
}

/// Bytes that are read at a time.
const PART: usize = 64 << 10;
